"""`curate train`."""

from __future__ import annotations

import click

from curation.core.app import App, pass_app
from curation.core.errors import ProjectError, require
from curation.core.ui import count


@click.group()
def train() -> None:
    """Train the LoRA adapter from a mix."""


@train.command()
@click.argument("recipe", required=False)
@pass_app
def run(app: App, recipe: str | None) -> None:
    """Train the adapter of RECIPE, a file of exports/training.

    With one recipe in the project its name can be left out. The mix is brought
    up to date first. An adapter that exists already is not trained again.
    """
    require("train", "torch", "transformers", "safetensors")
    from curation.train.adapters import bring, recipes

    found = recipes(app.project)
    if recipe is None and len(found) == 1:
        recipe = next(iter(found))
    if recipe not in found:
        what = f"no training recipe is called '{recipe}'" if recipe else "which training recipe?"
        raise ProjectError(what, where="exports/training", fix=f"recipes here: {', '.join(found) or 'none'}")
    chosen = found[recipe]
    export = app.bring_mix(chosen.mix)
    with app.project.writing(), app.ui.progress(f"train {recipe}") as progress:
        made = bring(app.project, chosen, export, lambda step, steps, _: progress(step, steps))
    if app.ui.json:
        app.ui.emit({"adapter": str(made.folder), "steps": made.steps, "loss": made.loss, "trained": made.trained})
        return
    app.ui.out(str(made.folder.relative_to(app.project.root)))
    done = f"{count(made.steps, 'step')}, loss {made.loss:.3f}"
    app.ui.say(f"{'trained' if made.trained else 'was trained before'}: {done}")


@train.command()
@click.argument("record", metavar="ID")
@pass_app
def trace(app: App, record: str) -> None:
    """Which adapters learned from a record, at which steps."""
    from curation.train.adapters import steps_of

    rows = steps_of(app.project.data / "adapters", record)
    if app.ui.json:
        app.ui.emit([{"adapter": a, "step": s, "tokens": t} for a, s, t in rows])
    else:
        app.ui.table(("adapter", "step", "tokens"), rows)
