"""`curate review push` and `pull`: records to people, answers back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from curation.core.annotations import Annotations
from curation.core.app import App, pass_app
from curation.core.errors import MissingError, UsageError
from curation.core.ui import count
from curation.methods import tasks
from curation.methods.tasks import Quotas, Task
from curation.review.seam import Desk

WAYS = ("uncertainty", "disagreement", "risk", "diversity", "random")


@click.command()
@click.argument("names", nargs=-1, metavar="[TASK]…")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only records of this source; repeatable.")
@click.option("--rows", type=click.IntRange(1), help="Records that the data set has in the end [the task's].")
@click.option("--by", type=click.Choice(WAYS), help="Which come first [the task's].")
@click.option("--most-of-source", type=click.IntRange(1), help="At most so many of one source [the task's].")
@click.option("--most-of-persona", type=click.IntRange(1), help="At most so many of one persona [the task's].")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="A file of JSON lines, not a server.")
@click.option("--dry-run", is_flag=True, help="Only say what would be brought up to date first.")
@pass_app
def push(
    app: App,
    names: tuple[str, ...],
    sources: tuple[str, ...],
    rows: int | None,
    by: Any,
    most_of_source: int | None,
    most_of_persona: int | None,
    to: Path | None,
    dry_run: bool,
) -> None:
    """Show records to people: those of TASK, or of every task.

    Records that are shown already are brought up to date; answers stay as they
    are, and are pulled before a text changes. Tags first what is not tagged.
    """
    from curation.review import push as pushing

    wanted = [
        _as_asked(task, rows, by, Quotas(most_of_source or task.most.source, most_of_persona or task.most.persona))
        for task in chosen(app, names)
    ]
    if dry_run:
        app.dry_run("tagged", sources, {task.task: f"up to {count(task.rows, 'record')} shown" for task in wanted})
        return
    app.project.enabled(sources)
    desk = reach(app, to)
    views = app.bring("tagged", sources)
    found = {}
    for task in wanted:
        with app.project.writing(), app.ui.progress(f"push {task.task}"):
            guide = tasks.guideline(app.project.root, task)
            made = pushing.push(desk, app.project, task, guide, views, notes(app))
        found[task.task] = dataclasses.asdict(made)
        if not app.ui.json:
            app.ui.say(f"  {task.task:<12} {made.told()}")
    if app.ui.json:
        app.ui.emit(found)
        return
    app.ui.out(str(to) if to else getattr(desk, "url", ""))
    app.ui.say("people sign in there; then: curate review pull" if not to else "next: curate review pull --from FILE")


def _as_asked(task: Task, rows: int | None, by: Any, most: Quotas) -> Task:
    return dataclasses.replace(task, rows=rows or task.rows, by=by or task.by, most=most)


@click.command()
@click.argument("names", nargs=-1, metavar="[TASK]…")
@click.option(
    "--from", "source", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A file of JSON lines."
)
@pass_app
def pull(app: App, names: tuple[str, ...], source: Path | None) -> None:
    """Take over what people answered: to TASK, or to every task.

    Every answer is looked at each time; one that is known already is not
    written again. Nothing is ever deleted here, whatever happens there.
    """
    from curation.review import pull as pulling

    wanted = {task.task: task for task in chosen(app, names)}
    desk = reach(app, source)
    found = {}
    for name, task in pulling.sets_of(wanted, desk.names()).items():
        with app.project.writing(), app.ui.progress(f"pull {name}"):
            made = pulling.pull(desk, task, name, notes(app), app.project.key)
        found[name] = made.document()
        if not app.ui.json:
            for line in made.told(name):
                app.ui.say(f"  {line}")
    if app.ui.json:
        app.ui.emit(found)
        return
    if not found:
        raise MissingError("no data set of a task is there", fix="curate review push")
    app.ui.say("next: curate review agreement; curate export")


def chosen(app: App, names: tuple[str, ...]) -> list[Task]:
    """The tasks of these names, or all.

    Raises:
        UsageError: a name that is no task.
    """
    known = tasks.load(app.project.root)
    for name in names:
        if name not in known:
            raise UsageError(f"no task is called {ascii(name)[:60]}", fix=f"tasks: {', '.join(known)}")
    return [task for name, task in known.items() if not names or name in names]


def notes(app: App) -> Annotations:
    """What people said in this project."""
    return Annotations(app.project.root / "annotations")


def reach(app: App, file: Path | None) -> Desk:
    """A file of JSON lines, or the server."""
    if file is not None:
        from curation.review.lines import Lines

        return Lines(file)
    from curation.review.argilla import server_of

    return server_of(app.project.data)


def by_name(app: App) -> Mapping[str, Task]:
    """All tasks of the project."""
    return tasks.load(app.project.root)
