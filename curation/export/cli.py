"""`curate export`."""

from __future__ import annotations

import click

from curation.core.app import App, pass_app


@click.command()
@click.argument("mixes", nargs=-1, metavar="[MIX]…")
@pass_app
def export(app: App, mixes: tuple[str, ...]) -> None:
    """Write mixes: Parquet, JSONL, manifest and data card, ready for a trainer.

    Without MIX every recipe in exports/mixes is written. What is not up to date
    is pulled, cleaned and tagged first.
    """
    from curation.core import files
    from curation.export.recipe import load

    folders = {name: app.bring_mix(name) for name in (mixes or tuple(load(app.project)))}
    found = {name: files.read_sealed(folder / "manifest.json") for name, folder in folders.items()}
    if app.ui.json:
        app.ui.emit({name: {"folder": str(folders[name]), "files": m["files"]} for name, m in found.items()})
        return
    app.ui.table(
        ("mix", "file", "rows"),
        [
            (name, file, info["rows"])
            for name, m in found.items()
            for file, info in m["files"].items()
            if file.endswith(".parquet")
        ],
    )
    for folder in folders.values():
        app.ui.say(f"in {folder.relative_to(app.project.root)}")
