"""What every page tells a reader to type exists, and what it links to is there."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from curation.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "labeling").rglob("*.md")])
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PAGES}
GENERATED = {"docs/cli.md"}
# The changelog tells of what was, in short forms such as `review push|pull`.
TYPED = {name: text for name, text in TEXTS.items() if name not in GENERATED | {"CHANGELOG.md"}}
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def commands(text: str) -> set[str]:
    """Lines of code blocks, and code in sentences, that call curate; without comments, parted at each `;`."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)
    lines = [line.partition("#")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    rest = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    pieces = [*lines, *(" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", rest))]
    calls = [call.strip() for piece in pieces for call in piece.split(";")]
    calls = [re.sub(r"^(?:[A-Z_]+=\S+ )+", "", call) for call in calls]
    return {call for call in calls if re.match(r"curate [a-z-]", call)}


def wrong(call: str) -> str | None:
    """What is wrong with a call: an unknown command or option. Arguments are anyone's."""
    command: click.Command = cli
    context = click.Context(cli)
    words = iter(re.sub(r"\"[^\"]*\"|'[^']*'", "X", call).split()[1:])
    known = {"--help"}
    for word in words:
        if isinstance(command, click.Group):
            known |= {opt for param in command.params for opt in param.opts if opt.startswith("-")}
        if word.startswith("-"):
            found = _option(command, word) or _option(cli, word)
            if found is None and word not in known:
                return f"{word} is no option of curate {context.info_name or ''}"
            if found is not None and not found.is_flag and "=" not in word:
                next(words, None)
        elif isinstance(command, click.Group):
            choices = word.split("|")
            below = [command.get_command(context, name) for name in choices]
            if any(one is None for one in below):
                return f"{word} is no command"
            command = below[0] or cli
            context = click.Context(command, info_name=word)
    return None


def _option(command: click.Command, word: str) -> click.Option | None:
    name = word.partition("=")[0].rstrip(",.")
    return next((p for p in command.params if isinstance(p, click.Option) and name in p.opts), None)


@pytest.mark.parametrize("page", sorted(TYPED))
def test_what_a_page_tells_to_type_exists(page: str) -> None:
    assert not {call: said for call in commands(TYPED[page]) if (said := wrong(call))}


def test_the_check_finds_what_is_wrong() -> None:
    assert sum(len(commands(text)) for text in TYPED.values()) > 80
    assert wrong("curate pull --uptade") and wrong("curate revue push") and wrong("curate review pusch")
    assert wrong("curate pull NAME --update") is None and wrong("curate review push|pull") is None
    assert commands("Run\n```\ncurate run   # all\ncurate gc; curate nosuch\n```\nand `curate\nstatus`, `x`") == {
        "curate run", "curate gc", "curate nosuch", "curate status",
    }  # fmt: skip


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_what_a_page_links_to_is_there(page: str) -> None:
    prose = re.sub(r"^```.*?^```", "", TEXTS[page], flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, target


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_extras_and_modules_that_a_page_names_exist(page: str) -> None:
    for names in re.findall(r"curation\[([^\]]+)\]", TEXTS[page]):
        assert set(re.findall(r"[a-z0-9]+", names)) <= EXTRAS, names
    for module in re.findall(r"python -m\s+(curation[\w.]*)", TEXTS[page]):
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_declarations_on_a_page_can_be_read(page: str) -> None:
    for language, block in re.findall(r"^```(yaml|toml)\n(.*?)^```", TEXTS[page], re.S | re.M):
        if language == "yaml":
            yaml.safe_load(block)
        else:
            tomllib.loads(block)


def test_pages_that_messages_send_people_to_exist() -> None:
    named = {
        page
        for path in (ROOT / "curation").rglob("*.py")
        for page in re.findall(r"docs/[\w-]+\.md", path.read_text("utf-8"))
    }
    assert named and not {page for page in named if not (ROOT / page).exists()}


def test_the_readme_leads_to_every_page() -> None:
    assert not [name for name in TEXTS if name.startswith("docs/") and f"]({name})" not in TEXTS["README.md"]]
