"""`curate run`: pull to export and report, everything that is not up to date."""

from __future__ import annotations

from collections.abc import Mapping

import click

from curation.commands.mixes import bring_mix
from curation.commands.pipeline import bring_each, gravest
from curation.commands.report import write_report
from curation.core.app import IF_CHANGED, App, engine_option, pass_app
from curation.core.errors import CurateError, ProjectError
from curation.core.store import View
from curation.core.ui import count


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@engine_option
@pass_app
def run(app: App, sources: tuple[str, ...], dry_run: bool) -> None:
    """Pull, clean, tag, export every mix, and write the report.

    With SOURCES, only these are brought up to date, and no mix is written.
    """
    if not dry_run:
        everything(app, sources)
        return
    from curation.export.recipe import load

    mixes = () if sources else load(app.project)
    app.dry_run("tagged", sources, {f"mix {mix}": IF_CHANGED for mix in mixes} | {"report": "written anew"})


def everything(app: App, sources: tuple[str, ...] = ()) -> None:
    """What `curate run` does; the demo does it, too."""
    if not app.project.enabled():
        raise ProjectError(
            "this project has no enabled source",
            where="sources.yaml",
            fix="add one (curate sources add), then: curate run",
        )
    views, errors = bring_each(app, "tagged", sources)
    rows = sum(view.rows for view in views.values())
    app.ui.say(f"{count(rows, 'record')} from {count(len(views), 'source')}, cleaned and tagged")
    if not sources:
        errors += _mixes(app, views)
    app.ui.say(f"report: {write_report(app)}")
    if errors:
        raise gravest(errors)


def _mixes(app: App, views: Mapping[str, View]) -> list[CurateError]:
    """Export every mix whose sources are all there; one that cannot be exported does not stop the others."""
    from curation.export.recipe import load

    errors: list[CurateError] = []
    for recipe in load(app.project).values():
        wanted = recipe.wanted if recipe.wanted is not None else tuple(app.project.enabled())
        waiting = [name for name in wanted if name in app.project.enabled() and name not in views]
        waiting = waiting if recipe.on_missing == "refuse" else []
        if waiting:
            app.ui.say(f"mix {recipe.mix}: not written, for it waits for {', '.join(waiting)}")
            continue
        try:
            bring_mix(app, recipe.mix)
        except CurateError as error:
            errors.append(error)
            app.ui.say(f"mix {recipe.mix}: {error.what}")
    return errors
