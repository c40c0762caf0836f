"""`curate gc`: delete what no current table needs."""

from __future__ import annotations

import click

from curation.commands.pipeline import tables
from curation.core import files
from curation.core.app import App, pass_app
from curation.core.project import Project
from curation.core.store import Store


def sweep(project: Project, *, dry_run: bool = False) -> tuple[int, int]:
    """Delete stale tables, parts and leftovers of killed runs; returns files and bytes.

    Exports and adapters stay: they are what people asked for.
    """
    live: set[tuple[str, str, str]] = set()
    for name in project.sources:
        for table in tables(project, name):
            live.add((name, str(table.manifest["step"]), table.key))
            if table.manifest["step"] == "raw":
                live.add((name, "origin", table.key))
    count = size = 0
    for root in (project.raw / "tables", project.data / "tables"):
        files_freed, bytes_freed = Store(root).sweep(live, dry_run=dry_run)
        count, size = count + files_freed, size + bytes_freed
    if not dry_run:
        files.remove_asides(project.data)
    return count, size


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@pass_app
def gc(app: App, dry_run: bool) -> None:
    """Delete tables that no current source, setting or version leads to."""
    with app.project.writing():
        count, size = sweep(app.project, dry_run=dry_run)
    app.ui.say(f"{'would delete' if dry_run else 'deleted'} {count} files, {size / 1e6:.1f} MB")
