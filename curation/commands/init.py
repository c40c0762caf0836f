"""`curate init`: an empty project, or a copy of the worked example."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.declare import declarations
from curation.core.errors import ProjectError
from curation.core.project import KEY_FILE, SETTINGS_FILE, SOURCES_FILE, is_unused, make_key

_SOURCES = """\
# yaml-language-server: $schema=schemas/sources.schema.json
# Where rows come from, under which rights, and how they become records.
# A source, for example:
#
#   my-questions:
#     kind: files
#     path: questions.csv
#     licence: cc-by-4.0
#     persona: assistant
#     adapter: {kind: qa, user: [title, question], assistant: answer}
#
# Then: curate run
sources: {}
"""

_SETTINGS = """\
# Settings of this project; `curate config show` lists them all and says where each comes from.
# workers = 0
#
# [stages.normalise]
# max_chars = 200000
"""

EXAMPLES = ("pixel",)

_GITIGNORE = "data/\nkeys/\nannotations/\ndocuments/\n"


def create(root: Path, *, example: str | None = None, sources: str = _SOURCES) -> None:
    """Make a project of a folder. What is there already stays as it is.

    Raises:
        ProjectError: the folder holds a project already, or there is no such example.
    """
    with files.os_errors(root):
        there = (root / SOURCES_FILE).exists()
    if there:
        raise ProjectError(
            "this folder holds a project already",
            where=SOURCES_FILE,
            fix="edit its sources.yaml, or choose another folder",
        )
    if example not in (None, *EXAMPLES):
        raise ProjectError(f"no example is called '{example}'", fix="curate init --example pixel")
    files.make_dir(root)
    found = declarations()
    for folder in ("schemas", "exports", "labeling", "scenarios"):
        with files.os_errors(root / folder):
            shutil.copytree(found / folder, root / folder, ignore=_only_for(example), dirs_exist_ok=True)
    if example == "pixel":
        sources = (found / SOURCES_FILE).read_text("utf-8")
    _write(root / SETTINGS_FILE, _SETTINGS)
    _write(root / ".gitignore", _GITIGNORE)
    make_key(root)
    # Last, for it is what makes the folder a project.
    _write(root / SOURCES_FILE, sources)


def _only_for(example: str | None) -> Callable[[str, list[str]], set[str]]:
    """Leave out what belongs to an example that was not asked for: recipes that name its sources."""
    return shutil.ignore_patterns(*(f"{name}-*.yaml" for name in EXAMPLES if name != example))


def complete(root: Path) -> bool:
    """Give a project that lacks it its key, as long as nothing was made with another one; False where all is there.

    Raises:
        ProjectError: what is there was made with a key that is lost, and ids would not be the same again.
    """
    with files.os_errors(root):
        if not (root / SOURCES_FILE).exists() or (root / KEY_FILE).exists():
            return False
        if not is_unused(root):
            raise ProjectError(
                "the key of this project is missing; what is here was made with it",
                where=KEY_FILE,
                fix="put your backup of it back there",
            )
        # The key must not be committed: what hides it comes first.
        _write(root / ".gitignore", _GITIGNORE)
        make_key(root)
    return True


def _write(path: Path, text: str) -> None:
    if not path.exists():
        files.write_bytes(path, text.encode(), mode=0o644)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--example", metavar="NAME", help="Start from a worked example: pixel.")
@pass_app
def init(app: App, folder: Path, example: str | None) -> None:
    """Start a project in FOLDER (by default here)."""
    if complete(folder):
        app.ui.say(f"made the key of the project in {folder}: {KEY_FILE}; back it up, never share it")
        return
    create(folder, example=example)
    app.ui.say(f"A project in {folder}:")
    app.ui.say("  sources.yaml       where rows come from: edit this first")
    app.ui.say("  curate.toml        settings")
    app.ui.say("  exports/           mix and training recipes")
    app.ui.say("  scenarios/         difficult clients, to make dialogues with: add your own")
    app.ui.say("  keys/project.key   makes and keeps record ids: back it up, never share it")
    app.ui.say("next: edit sources.yaml, then: curate run")
