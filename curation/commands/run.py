"""`curate run`: pull to export and report, everything that is not up to date."""

from __future__ import annotations

import click

from curation.commands.mixes import bring_mix
from curation.commands.report import write_report
from curation.core.app import IF_CHANGED, App, pass_app
from curation.core.errors import CurateError, ProjectError
from curation.core.ui import count


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
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
    views = app.bring("tagged", sources)
    rows = sum(view.rows for view in views.values())
    app.ui.say(f"{count(rows, 'record')} from {count(len(views), 'source')}, cleaned and tagged")
    errors: list[CurateError] = []
    if not sources:
        from curation.export.recipe import load

        for recipe in load(app.project).values():
            try:
                bring_mix(app, recipe.mix)
            except CurateError as error:
                errors.append(error)
                app.ui.say(f"  mix {recipe.mix}: {error.what}")
    app.ui.say(f"report: {write_report(app)}")
    if errors:
        raise errors[0]
