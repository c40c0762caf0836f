"""`curate risk`: measure the screen for risk."""

from __future__ import annotations

from pathlib import Path

import click

from curation.commands.try_stage import run_stage
from curation.core.app import App, pass_app
from curation.core.ui import count
from curation.tag.risk import score as risk_score


@click.group()
def risk() -> None:
    """Measure the screen for risk.

    The screen runs with `curate tag run`; try it with `curate try risk`.
    """


@risk.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_app
def score(app: App, file: Path) -> None:
    """Measure the screen on rows of which people marked level and flags.

    FILE holds {"text" or "messages", "level", "flags"}, one a line. Prints
    counts and shares, never text: at each level and above, and by flag.
    """
    marked = risk_score.read(file)
    made = run_stage(app.settings_of, "risk", [{"messages": _messages(one)} for one in marked])
    found = risk_score.score(marked, [row["risk"] for row in made])
    if app.ui.json:
        app.ui.emit({"file": file.name, **found.document()})
        return
    rows = [(f"level {level} and above", *_cells(one)) for level, one in found.levels.items()]
    rows += [(flag, *_cells(one)) for flag, one in found.flags.items()]
    app.ui.table(("", "found", "missed", "false", "recall", "precision"), rows)
    app.ui.say(f"{count(found.rows, 'row')}, {found.exact:,} at the very level; from level 2 on a person has to see it")


def _messages(one: risk_score.Marked) -> object:
    return one.row.get("messages") or [{"role": "user", "content": one.row["text"]}]


def _cells(one: risk_score.Agreement) -> tuple[int | str, ...]:
    shares = ("-" if share is None else f"{share:.3f}" for share in (one.recall, one.precision))
    return (one.hits, one.missed, one.false, *shares)
