"""docs/sources.md names commands, options, keys and exit codes that exist."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click
import pytest

from curation.cli import cli
from curation.core import declare, errors
from curation.core.lock import Entry
from curation.core.sources import Accept
from curation.methods.licences import CLASSES

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
LINES = [line.partition("#")[0].strip() for line in re.findall(r"^curate .*$", PAGE, re.M)]
NAMED = sorted({*LINES, *re.findall(r"`(curate [^`]+)`", PAGE)})


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its head left out."""
    body = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line[:1] == "|"]
    return rows[2:]


@pytest.mark.parametrize("line", NAMED)
def test_a_named_command_exists(line: str) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    arguments = 0
    for word in line.split()[1:]:
        options = {opt for param in command.params if isinstance(param, click.Option) for opt in param.opts}
        if word.startswith("--"):
            assert word in options
        elif isinstance(command, click.Group):
            found = command.get_command(context, word)
            assert found is not None, word
            command = found
        else:
            arguments += word != "pixel"  # the value of --example
    places = [param for param in command.params if isinstance(param, click.Argument)]
    assert arguments <= len(places) or any(param.nargs == -1 for param in places)


def test_the_page_names_every_command_of_a_sources_life() -> None:
    group = cli.get_command(click.Context(cli), "sources")
    assert isinstance(group, click.Group)
    wanted = {f"curate sources {name}" for name in group.commands} | {"curate pull", "curate forget", "curate gc"}
    assert not {want for want in wanted if not any(line.startswith(want) for line in NAMED)}


def test_the_lock_is_told_in_full() -> None:
    assert {field.name for field in dataclasses.fields(Entry)} <= {row[0].strip("`") for row in table("Pin")}


def test_the_classes_are_told_in_full_and_in_order() -> None:
    assert [row[0] for row in table("Accept")] == list(CLASSES)


def test_the_acceptance_binds() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    found = declare.parse_yaml(block, "page")
    assert declare.bind(Accept, dataclasses.replace(found, value=found.value["accept"])).by == "R. Meyer"


def test_the_exit_codes_are_those_of_the_errors() -> None:
    told = {int(row[0]) for row in table("Exit codes")}
    known = {kind.exit_code for kind in errors.CurateError.__subclasses__()}
    assert told == known | {0, 130}
