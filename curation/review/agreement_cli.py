"""`curate review agreement` and `adjudicate`: do people agree, and who decides where they do not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from curation.core.app import App, pass_app
from curation.core.errors import GateError
from curation.core.ui import count
from curation.methods import tasks
from curation.methods.alpha import Agreement
from curation.review.desk_cli import chosen, notes, reach


@click.command()
@click.argument("names", nargs=-1, metavar="[TASK]…")
@click.option("--check", is_flag=True, help="Fail where a gate is not passed.")
@pass_app
def agreement(app: App, names: tuple[str, ...], check: bool) -> None:
    """Show how far people agree, question by question.

    Krippendorff's alpha: 1 all the way, 0 as by chance. Below it the interval
    of 95 % over records. Where a question has suggestions, apart for records
    that went out without: is it lower there, people follow the program.
    """
    from curation.review import agreement as measuring

    wanted = {task.task: task for task in chosen(app, names)}
    answers = notes(app).standing()
    found = measuring.questions(wanted, answers)
    paces = measuring.paces(wanted, answers)
    if app.ui.json:
        app.ui.emit({"questions": [q.document() for q in found], "pace": [dataclasses.asdict(p) for p in paces]})
    else:
        _show(app, found, paces)
    below = [q for q in found if q.passed is False]
    if check and below:
        first = below[0]
        raise GateError(
            f"people agree too little on {', '.join(f'{q.task}/{q.question}' for q in below)}",
            where=f"alpha {first.all.alpha:.2f} of {first.all.records} records; the gate is at {first.gate:.2f}",
            fix="sharpen the guideline and ask again, or decide: curate review adjudicate",
        )


def _show(app: App, found: list, paces: list) -> None:  # type: ignore[type-arg]
    if not found:
        app.ui.say("nobody has answered yet; curate review push, then pull")
        return
    rows = []
    for q in found:
        gate = "" if q.gate is None else f"{q.gate:.2f} " + {True: "ok", False: "NOT MET", None: "too few"}[q.passed]
        same = "" if q.same is None else f"{q.same:.0%}"
        rows.append(
            (
                q.task,
                q.question,
                q.all.records,
                _alpha(q.all),
                _range(q.all),
                _alpha(q.shown),
                _alpha(q.blind),
                same,
                gate,
            )
        )
    app.ui.table(("task", "question", "n", "alpha", "95 %", "shown", "blind", "same", "gate"), rows)
    app.ui.out("")
    app.ui.table(
        ("task", "question", "annotator", "with the others", "n"),
        [(q.task, q.question, who, _alpha(one), one.records) for q in found for who, one in q.people.items()],
    )
    app.ui.out("")
    app.ui.table(
        ("task", "annotator", "records", "seconds a record"),
        [(p.task, p.annotator, p.records, "" if p.seconds is None else f"{p.seconds:.0f}") for p in paces],
    )
    app.ui.say("n: records that two or more answered; same: answers that are what was suggested")


def _alpha(found: Agreement | None) -> str:
    return "" if found is None or found.alpha is None else f"{found.alpha:.3f}"


def _range(found: Agreement) -> str:
    return "" if found.low is None or found.high is None else f"{found.low:.2f} to {found.high:.2f}"


@click.command()
@click.argument("names", nargs=-1, metavar="[TASK]…")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="A file of JSON lines, not a server.")
@pass_app
def adjudicate(app: App, names: tuple[str, ...], file: Path | None) -> None:
    """Show records that annotators differ about to whoever decides.

    Each goes into the data set TASK-adjudication with what annotators said.
    One answer there is enough, and stands above theirs. The same command, and
    pull, take it over.
    """
    from curation.review import adjudicate as adjudicating

    desk = reach(app, file)
    found = {}
    for task in chosen(app, names):
        with app.project.writing():
            guide = tasks.guideline(app.project.root, task)
            found[task.task] = adjudicating.adjudicate(desk, app.project, task, guide, notes(app))
    if app.ui.json:
        app.ui.emit({name: dataclasses.asdict(one) for name, one in found.items()})
        return
    for name, one in found.items():
        gone = f", {one.gone} shown nowhere any more" if one.gone else ""
        app.ui.say(
            f"  {name:<12} {count(one.disputed, 'record')} disputed, {one.added} new to decide, "
            f"{one.settled} decided{gone}"
        )
