"""`curate forget`: remove a record, or a whole source, everywhere and for good."""

from __future__ import annotations

import shutil

import click

from curation.commands.gc import sweep
from curation.commands.pipeline import missing, stored, tables
from curation.core.annotations import Annotations
from curation.core.app import App, pass_app
from curation.core.project import Project
from curation.core.records import source_of


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="ID|SOURCE…")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def forget(app: App, targets: tuple[str, ...], yes: bool) -> None:
    """Remove records, or whole sources, from every table, download, annotation
    and known backup; a tombstone keeps them from coming back.

    Exports and adapters that had them are listed: they have left your hands.
    """  # noqa: D205 - the first sentence is what help shows
    project = app.project
    records = {r for t in targets for r in ([t] if ":" in t else _records_of(project, t))}
    for record in records:
        if stored(project, record) is None:
            raise missing("is called", record)
    if not yes:
        click.confirm(f"Remove {len(records)} record(s) for good?", abort=True, err=True)
    forget_records(app, records)


def forget_records(app: App, records: set[str]) -> None:
    """Remove records everywhere below the project and say where they went before."""
    from curation.export.export import exports_with
    from curation.pull.withdraw import without
    from curation.train.adapters import adapters_with

    project = app.project
    sources = tuple(sorted({source_of(record) for record in records}))
    left = sorted({path for record in records for path in exports_with(project, record)})
    learned = sorted({path for record in records for path in adapters_with(project.data / "adapters", record)})
    with project.writing():
        # The tombstones come first: if the power fails now, the next run still leaves the rows out.
        answers = Annotations(project.root / "annotations").forget(records)
        for name in sources:
            for line in without(project, name, records):
                app.ui.say(f"  your own file still holds it: {line}")
            shutil.rmtree(project.raw / "downloads" / name, ignore_errors=True)
    try:
        # Made anew first, so that the sweep deletes what held the rows and nothing else.
        app.bring("tagged", tuple(name for name in sources if name in project.sources))
    finally:
        with project.writing():
            deleted, _ = sweep(project)
    app.ui.say(f"forgot {len(records)} record(s): {deleted} files and {answers} answers deleted")
    for path in left:
        app.ui.say(f"  this export had it: {path}")
    for path in learned:
        app.ui.say(f"  this adapter learned from it: {path}")


def _records_of(project: Project, source: str) -> list[str]:
    project.enabled((source,))
    raw = tables(project, source)[:1]
    return [i for t in raw for part in t.parts for i in t.read(part, ["id"]).column("id").to_pylist()]
