"""`curate export`."""

from __future__ import annotations

from pathlib import Path

import click

from curation.core.app import IF_CHANGED, App, pass_app
from curation.core.errors import ProjectError


@click.command()
@click.argument("mixes", nargs=-1, metavar="[MIX]…")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@pass_app
def export(app: App, mixes: tuple[str, ...], dry_run: bool) -> None:
    """Write mixes: Parquet, JSONL, manifest and data card, ready for a trainer.

    Without MIX every recipe in exports/mixes is written. What is not up to date
    is pulled, cleaned and tagged first.
    """
    from curation.core import files
    from curation.export.recipe import load

    if dry_run:
        recipes = load(app.project)
        for name in mixes:
            if name not in recipes:
                fix = f"mixes here: {', '.join(recipes) or 'none'}"
                raise ProjectError(f"no mix is called '{name}'", where="exports/mixes", fix=fix)
        chosen = [recipe for name, recipe in recipes.items() if name in mixes or not mixes]
        here = app.project.enabled()
        named = [r.enabled(here) if r.on_missing == "short" else r.wanted for r in chosen]
        sources = () if None in named else tuple(dict.fromkeys(s for names in named for s in names or ()))
        app.dry_run("tagged", sources, {f"mix {recipe.mix}": IF_CHANGED for recipe in chosen})
        return
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


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--field", required=True, help="Column of the questions: a text, texts, or turns.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Hash file to write.")
@pass_app
def benchmark(app: App, file: Path, field: str, out: Path | None) -> None:
    """Make a hash file of the test questions in FILE (JSON lines).

    A mix that names it under `decontaminate` leaves out rows that hold one of
    them. The hash file is enough for that: the questions need not be at hand.
    By default it is exports/benchmarks/NAME.parquet of the project.
    """
    from curation.export import benchmarks

    items = benchmarks.items_of(file, field)
    if not items:
        raise ProjectError("there is no test question in this file", where=file.name, fix="give JSON lines")
    target = out or app.project.root / benchmarks.FOLDER / f"{file.stem}.parquet"
    written = benchmarks.write(target, items)
    if app.ui.json:
        app.ui.emit({"file": str(target), "items": written, "without_words": len(items) - written})
        return
    app.ui.say(f"{written:,} test items in {target}")
    app.ui.say(f"next, in a recipe: decontaminate: [{benchmarks.FOLDER}/{target.name}]")
