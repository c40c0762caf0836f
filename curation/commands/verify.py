"""`curate verify`: is what is stored what was written? And `--repair`: take away what is not and can be made anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from curation.core import files
from curation.core.annotations import Annotations
from curation.core.app import App, pass_app
from curation.core.errors import CurateError, IntegrityError
from curation.core.project import LOCK_FILE, Project
from curation.core.sources import HubSource
from curation.core.store import Store


def damaged(project: Project) -> Iterator[str]:
    """The path, relative to the project, of every file that is unknown or not what was written.

    Covers tables, downloads, exports, adapters, records of runs, annotations and what the lock says of the tables;
    not the report, which every run writes anew.

    Raises:
        ProjectError: a folder cannot be read, so nothing can be said of what is in it.
    """
    from curation.export.export import verify_exports
    from curation.pull.withdraw import verify_downloads
    from curation.train.adapters import verify_adapters

    files.files_below(project.data)
    for root in (project.raw / "tables", project.data / "tables"):
        for path in Store(root).verify():
            yield str((root / path).relative_to(project.root))
    yield from verify_downloads(project)
    yield from verify_exports(project)
    yield from verify_adapters(project)
    yield from (str(p.relative_to(project.root)) for p in _unsealed((project.data / "runs").glob("*.json")))
    yield from _people(project)
    yield from _lock(project)


def _unsealed(paths: Iterator[Path]) -> Iterator[Path]:
    for path in sorted(paths):
        try:
            files.read_sealed(path)
        except IntegrityError:
            yield path


def _people(project: Project) -> Iterator[str]:
    folder = project.root / "annotations"
    try:
        list(Annotations(folder).history())
    except IntegrityError:
        yield "annotations/answers.jsonl"
    yield from (str(p.relative_to(project.root)) for p in _unsealed(folder.glob("*.json")))


def _lock(project: Project) -> Iterator[str]:
    """Does the lock say of a raw table what the table says of itself?"""
    for name, entry in project.lock().sources.items():
        try:
            raw = Store(project.raw / "tables").find(name, "raw", entry.table)
        except IntegrityError:
            continue  # named already
        if raw is not None and raw.rows != entry.rows:
            yield LOCK_FILE


@click.command()
@click.option("--repair", is_flag=True, help="Take away what is damaged and can be made anew.")
@pass_app
def verify(app: App, repair: bool) -> None:
    """Check tables, downloads, exports, adapters and answers, byte by byte."""
    project = app.project
    with project.writing():
        # Under the lock nobody is writing: what lies beside its target was left by a killed run.
        files.remove_asides(project.data)
        wrong = list(dict.fromkeys(damaged(project)))
        if app.ui.json:
            app.ui.emit({"damaged": wrong})
        for path in () if app.ui.json else wrong:
            app.ui.out(path)
        if repair and wrong:
            wrong = _repair(project, wrong)
            app.ui.say("what was damaged and can be made anew was taken away; next: curate run")
    if wrong:
        raise IntegrityError(
            f"{len(wrong)} damaged or unknown file(s)",
            where=wrong[0],
            fix="derived files: curate verify --repair; annotations: curate review restore FILE; unknown ones: look",
        )
    app.ui.say("what is stored is what was written")


def _repair(project: Project, wrong: list[str]) -> list[str]:
    """Take away what can be made anew, until nothing more is found; returns what is left for people."""
    tried: set[str] = set()
    while todo := [path for path in wrong if path not in tried]:
        tried.update(todo)
        for path in todo:
            _take_away(project, project.root / path)
        wrong = list(dict.fromkeys(damaged(project)))
    return wrong


def _take_away(project: Project, path: Path) -> None:
    """Remove one damaged file with what leans on it. What is unknown, or the only copy, stays."""
    if not path.is_relative_to(project.data):
        return
    match path.relative_to(project.data).parts:
        case ("tables", _, _, _, *_):
            _drop_piece(path)
        case ("raw", "tables", source, _, _, *_) if _can_be_read_again(project, source):
            _drop_piece(path)
        case (
            ("raw", "downloads", *_)
            | ("raw", "hashes.json")
            | ("runs", _)
            | ("scorecards", _, _)
            | ("exports", _, "latest.json")
        ):
            path.unlink(missing_ok=True)
        case ("exports", _, _, _) if _is_of_export(path):
            shutil.rmtree(path.parent)
        case ("adapters", name, key, *_):
            # Days of work may be in it: it is put aside, where nothing takes it for whole.
            aside = files.make_dir(project.data / "damaged") / f"{name}-{key}"
            if not aside.exists():
                (project.data / "adapters" / name / key).replace(aside)


def _drop_piece(path: Path) -> None:
    if path.parent.name == "parts":
        # Without its seal a part counts for nothing, and a table without all its parts is found next.
        path.unlink(missing_ok=True)
        path.with_name(path.name.partition(".")[0] + ".json").unlink(missing_ok=True)
    elif path.suffix == ".json":
        path.unlink(missing_ok=True)


def _can_be_read_again(project: Project, name: str) -> bool:
    from curation.pull.pull import pinned

    source, entry = project.sources.get(name), project.lock().sources.get(name)
    if source is None or entry is None:
        return False
    if isinstance(source, HubSource):
        return True
    try:
        material = pinned(project, name, source, entry)
    except CurateError:
        return False
    return material is not None and all(
        file.path.is_file() and entry.files.get(file.name) == file.sha256 for file in material.files
    )


def _is_of_export(path: Path) -> bool:
    try:
        known = files.read_sealed(path.with_name("manifest.json"))["files"]
    except CurateError:
        return True
    return path.name in {"manifest.json", "SHA256SUMS", *known}
