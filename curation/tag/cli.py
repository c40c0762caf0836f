"""`curate tag`."""

from __future__ import annotations

import click

from curation.core.app import App, engine_option, pass_app
from curation.core.ui import count


@click.group()
def tag() -> None:
    """Tag emotions and risk."""


@tag.command()
@click.argument("sources", nargs=-1)
@engine_option
@pass_app
def run(app: App, sources: tuple[str, ...]) -> None:
    """Tag every turn with the emotions it expresses, and screen it for risk.

    Pulls and cleans first what is not up to date.
    """
    views = app.bring("tagged", sources)
    if app.ui.json:
        app.ui.emit({name: {"rows": view.rows} for name, view in views.items()})
        return
    app.ui.table(("source", "tagged"), [(name, view.rows) for name, view in views.items()])
    app.ui.say(f"{count(len(views), 'source')} tagged; next: curate export")
