"""`curate gc`: delete what no current table needs."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from curation.commands.pipeline import every_table
from curation.core import files
from curation.core.app import App, pass_app
from curation.core.errors import CurateError
from curation.core.made import REPLIES
from curation.core.project import Project
from curation.core.store import Store, StoredTable
from curation.core.transcripts import FOLDER


def sweep(project: Project, *, dry_run: bool = False) -> tuple[int, int]:
    """Delete stale tables and parts, leftovers of killed runs, and downloads; returns files and bytes.

    Downloads go that no source in sources.yaml is pinned to, and all of a source with withdrawn rows: they hold these.

    Exports and adapters stay: they are what people asked for.
    """
    live: set[tuple[str, str, str]] = set()
    every = {}
    for name, found in every_table(project).items():
        if isinstance(found, CurateError):
            raise found
        every[name] = found
        for table in found:
            live.add((name, str(table.manifest["step"]), table.key))
            if table.manifest["step"] == "raw":
                live.add((name, "origin", table.key))
    count = size = 0
    for root in (project.raw / "tables", project.data / "tables"):
        files_freed, bytes_freed = Store(root).sweep(live, dry_run=dry_run)
        count, size = count + files_freed, size + bytes_freed
    for path in _stale_downloads(project, every):
        inside = [p for p in (path, *path.rglob("*")) if p.is_file()]
        count, size = count + len(inside), size + sum(p.stat().st_size for p in inside)
        if not dry_run:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not dry_run:
        files.remove_asides(project.data)
    return count, size


def _stale_downloads(project: Project, every: Mapping[str, list[StoredTable]]) -> Iterator[Path]:
    from curation.pull.tombstones import has_withdrawn

    lock = project.lock()
    for folder in sorted(p for p in (project.raw / "downloads").glob("*") if p.is_dir()):
        entry = lock.sources.get(folder.name)
        raw = next(iter(every.get(folder.name, ())), None)
        if entry is None or folder.name not in project.sources or has_withdrawn(project, folder.name, raw):
            yield folder
            continue
        # Of a hub, a folder for each commit and its description; of addresses, a folder for each.
        known = {
            entry.revision,
            f"{entry.revision}.json",
            REPLIES,
            FOLDER,
            f"{FOLDER}.json",
            *(name.partition("/")[0] for name in entry.files),
        }
        yield from sorted(p for p in folder.iterdir() if p.name not in known)


def unpin(project: Project, *, dry_run: bool = False) -> list[str]:
    """Drop what sources.lock.yaml says of sources that are gone from sources.yaml; returns their names."""
    lock = project.lock()
    gone = sorted(set(lock.sources) - set(project.sources))
    if gone and not dry_run:
        kept = {n: e for n, e in lock.sources.items() if n in project.sources}
        dataclasses.replace(lock, sources=kept).write(project.lock_path)
    return gone


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@pass_app
def gc(app: App, dry_run: bool) -> None:
    """Delete tables and downloads that no current source, setting or version
    leads to, and the pins of sources that are gone from sources.yaml."""  # noqa: D205, D209
    with app.project.writing():
        count, size = sweep(app.project, dry_run=dry_run)
        gone = unpin(app.project, dry_run=dry_run)
    for name in gone:
        app.ui.say(f"  {'would drop' if dry_run else 'dropped'} the pin of '{name}', which is not in sources.yaml")
    app.ui.say(f"{'would delete' if dry_run else 'deleted'} {count} files, {size / 1e6:.1f} MB")
