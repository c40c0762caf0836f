"""`curate review`: record, back up, restore and merge what people decided."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from curation.core.annotations import Annotations, Answer
from curation.core.app import App, pass_app
from curation.core.errors import ProjectError
from curation.core.records import source_of
from curation.core.ui import count

QUESTIONS = {"decision": ("approve", "reject"), "risk": ("release", "hold")}
"""What can be answered from the terminal, and how; export reads both."""


@click.group()
def review() -> None:
    """Record, back up and merge what people decided."""


def _annotations(app: App) -> Annotations:
    return Annotations(app.project.root / "annotations")


@review.command()
@click.argument("record", metavar="ID")
@click.argument("question", type=click.Choice(list(QUESTIONS)))
@click.argument("answer")
@click.option("--by", "annotator", default=getpass.getuser, help="A pseudonym [your user name].")
@pass_app
def answer(app: App, record: str, question: str, answer: str, annotator: str) -> None:
    """Answer QUESTION about a record: decision approve|reject, risk release|hold."""
    if answer not in QUESTIONS[question]:
        raise ProjectError(f"'{answer}' is no answer to '{question}'", fix=f"answers: {', '.join(QUESTIONS[question])}")
    app.project.enabled((source_of(record),))
    with app.project.writing():
        written = _annotations(app).add([Answer(record, question, answer, annotator)])
    app.ui.say("recorded" if written else "was recorded before")


@review.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_app
def backup(app: App, file: Path) -> None:
    """Write all answers to FILE."""
    app.ui.say(f"{count(_annotations(app).backup(file), 'answer')} in {file.name}")


@review.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@pass_app
def restore(app: App, file: Path) -> None:
    """Replace all answers by those of a backup."""
    with app.project.writing():
        app.ui.say(f"{count(_annotations(app).restore(file), 'answer')} restored")


@review.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@pass_app
def merge(app: App, file: Path) -> None:
    """Take over the answers of another person's copy; the later one counts."""
    with app.project.writing():
        app.ui.say(f"{count(_annotations(app).merge(file), 'answer')} taken over")
