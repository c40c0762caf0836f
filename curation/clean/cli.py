"""`curate clean`."""

from __future__ import annotations

import click

from curation.core.app import App, pass_app


@click.command()
@click.argument("sources", nargs=-1)
@pass_app
def clean(app: App, sources: tuple[str, ...]) -> None:
    """Tidy conversations, replace personal data, fold duplicates.

    Pulls first what is not pulled yet.
    """
    views = app.bring("records", sources)
    rows = {name: (view.tables[0].manifest["rows_in"], view.rows) for name, view in views.items()}
    if app.ui.json:
        app.ui.emit({name: {"rows_in": before, "rows_kept": after} for name, (before, after) in rows.items()})
        return
    app.ui.table(("source", "in", "kept"), [(name, before, after) for name, (before, after) in rows.items()])
    app.ui.say("next: curate tag run")
