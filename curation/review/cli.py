"""`curate review`: the annotation server, and what people decided: record, back up, restore, merge."""

from __future__ import annotations

import contextlib
import getpass
import importlib
import os
from pathlib import Path

import click

from curation.core.annotations import Annotations, Answer
from curation.core.app import App, pass_app
from curation.core.errors import IntegrityError, ProjectError, UsageError
from curation.core.project import Project
from curation.core.ui import count
from curation.methods.hold import HOLD_AT
from curation.review import strata
from curation.review.answers import pseudonym

QUESTIONS = {"decision": ("approve", "reject"), "risk": ("release", "hold")}
"""What can be answered from the terminal, and how; export reads both."""


ELSEWHERE = {
    "push": "curation.review.desk_cli:push",
    "pull": "curation.review.desk_cli:pull",
    "agreement": "curation.review.agreement_cli:agreement",
    "adjudicate": "curation.review.agreement_cli:adjudicate",
    "learn": "curation.commands.learn:learn",
    "serve": "curation.review.serve_cli:serve",
    "users": "curation.review.users_cli:users",
}
"""Commands that lie in files of their own, imported when they are asked for."""


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE and cmd_name not in self.commands:
            module, _, name = ELSEWHERE[cmd_name].partition(":")
            self.add_command(getattr(importlib.import_module(module), name), cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group)
def review() -> None:
    """Have people annotate; record, back up and merge what they decided."""


def _annotations(app: App) -> Annotations:
    return Annotations(app.project.root / "annotations")


def _pseudonym(project: Project) -> str:
    """A name that is always the same for a user of this machine, and tells nobody who it is without the key."""
    user = str(os.getuid())
    with contextlib.suppress(OSError, KeyError, ImportError):  # a user without an entry in the system's list
        user = getpass.getuser()
    return pseudonym(project.key, user)


def _check_backup(file: Path, command: str) -> int:
    """How many answers a backup holds.

    Raises:
        IntegrityError: it is no backup, or a damaged one.
    """
    backup = Annotations(file.parent)
    backup.path = file
    try:
        answers = sum(1 for _ in backup.history())
    except IntegrityError as error:
        answers, where = 0, error.where
    else:
        where = file.name
    if not answers:
        raise IntegrityError(
            "this file is no backup of answers, or a damaged one",
            where=where,
            fix=f"curate review {command} takes a file that 'curate review backup' wrote; nothing was changed",
        )
    return answers


@review.command()
@click.argument("record", metavar="ID")
@click.argument("question", type=click.Choice(list(QUESTIONS)))
@click.argument("answer")
@click.option("--by", "annotator", help="A pseudonym [one made of your user name and the project key].")
@pass_app
def answer(app: App, record: str, question: str, answer: str, annotator: str | None) -> None:
    """Answer QUESTION about a record: decision approve|reject, risk release|hold."""
    if answer not in QUESTIONS[question]:
        raise ProjectError(f"'{answer}' is no answer to '{question}'", fix=f"answers: {', '.join(QUESTIONS[question])}")
    app.check_known(record)
    by = annotator or _pseudonym(app.project)
    with app.project.writing():
        written = _annotations(app).add([Answer(record, question, answer, by)])
    app.ui.say(f"{'recorded' if written else 'was recorded before'}, by {by}")


@review.command()
@click.argument("source")
@click.option("--level", type=click.IntRange(HOLD_AT, strata.MOST), default=HOLD_AT, show_default=True, help="Level.")
@click.option("--flag", type=click.Choice(strata.FLAGS), help="Only rows with this flag.")
@click.option("--release", is_flag=True, help="Release the rest of the stratum.")
@click.option("--reason", help="Why it may go; printed on data cards.")
@click.option("--by", "annotator", help="A pseudonym [one made of your user name and the project key].")
@pass_app
def stratum(
    app: App, source: str, level: int, flag: str | None, release: bool, reason: str | None, annotator: str | None
) -> None:
    """Release rows of one risk level of SOURCE after a sample was read.

    Without --release, list the rows to read. Each is read (curate show ID) and
    answered (curate review answer ID risk release, or hold). Once all are
    answered release, --release lets the rest go. One hold, and none goes.
    Levels 4 and 5 are released row by row only.
    """
    if release and not (reason or "").strip():
        raise UsageError("a stratum is released with a reason, which data cards print", fix="--reason '…'")
    view = app.bring("tagged", (source,))[source]
    notes = _annotations(app)
    found = strata.draw(app.project, view, notes, source, level, flag)
    if not release:
        if app.ui.json:
            app.ui.emit(found.document())
            return
        for record in found.unread:
            app.ui.out(record)
        app.ui.say(found.told())
        return
    with app.project.writing():
        rows = strata.release(found, notes, annotator or _pseudonym(app.project), (reason or "").strip())
    app.ui.say(f"{count(rows, 'row')} released; {len(found.sample)} of the stratum were read, none was held")


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
    _check_backup(file, "restore")
    with app.project.writing():
        app.ui.say(f"{count(_annotations(app).restore(file), 'answer')} restored")


@review.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@pass_app
def merge(app: App, file: Path) -> None:
    """Take over the answers of another person's copy; the later one counts."""
    _check_backup(file, "merge")
    with app.project.writing():
        app.ui.say(f"{count(_annotations(app).merge(file), 'answer')} taken over")
