"""`curate clean`."""

from __future__ import annotations

import click

from curation.core.app import App, engine_option, pass_app


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@engine_option
@pass_app
def clean(app: App, sources: tuple[str, ...], dry_run: bool) -> None:
    """Tidy conversations, replace personal data, fold duplicates, find near-duplicates.

    Pulls first what is not pulled yet.
    """
    if dry_run:
        app.dry_run("records", sources)
        return
    views = app.bring("records", sources)
    rows = {name: (view.tables[0].manifest["rows_in"], view.rows) for name, view in views.items()}
    if app.ui.json:
        app.ui.emit({name: {"rows_in": before, "rows_kept": after} for name, (before, after) in rows.items()})
        return
    app.ui.table(("source", "in", "kept"), [(name, before, after) for name, (before, after) in rows.items()])
    app.ui.say("next: curate tag run")
