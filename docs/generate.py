"""Write docs/cli.md from the commands' own help: `python docs/generate.py`. A test keeps the two equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from curation.cli import cli

PAGE = Path(__file__).with_name("cli.md")

HEAD = """\
# The command line

Generated from the commands themselves; do not edit.

Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a bug of ours, 2 usage,
3 project or configuration, 4 integrity, 5 a gate refused, 6 something is missing, 75 try again,
130 interrupted and resumable.
"""


def commands(
    group: click.Group, path: tuple[str, ...] = ("curate",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, with its words."""
    yield path, group
    with click.Context(group, info_name=path[-1]) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))
            else:
                yield (*path, name), command


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for path, command in commands(cli):
        with click.Context(command, info_name=" ".join(path), max_content_width=80, terminal_width=80) as context:
            parts.append(f"## {' '.join(path)}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
