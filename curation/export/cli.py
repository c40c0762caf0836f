"""`curate export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--rows", "most", type=click.IntRange(min=0), default=0, help="Name so many rows of each kind, too.")
@pass_app
def diff(app: App, first: str, second: str, most: int) -> None:
    """Tell what differs from export A to export B: rows in, out and changed, and
    why. An export is a mix (its last one), MIX/KEY, or a folder."""  # noqa: D205, D209
    from curation.export.compare import compare, resolve

    one, two = (resolve(app.project, name) for name in (first, second))
    found = compare(one, two)
    if app.ui.json:
        app.ui.emit(
            {
                "a": one.name,
                "b": two.name,
                "in": dict(sorted(found.came.items())),
                "out": dict(sorted(found.went.items())),
                "changed": dict(sorted(found.changed.items())),
                "causes": [{"what": what, "a": old, "b": new} for what, old, new in found.causes],
            }
        )
        return
    for what, old, new in found.causes:
        app.ui.out(f"{what}: {_short(old)} -> {_short(new)}")
    if counts := found.counts():
        app.ui.table(("rows", "source", "why", "count"), counts)
    else:
        app.ui.out("both have the same rows")
    for how, rows in (("in", found.came), ("out", found.went), ("changed", found.changed)):
        for record, why in sorted(rows.items())[:most]:
            app.ui.out(f"{how:<8} {record}  {why}")
    app.ui.say(f"{one.parent.name}/{one.name} -> {two.parent.name}/{two.name}")


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
