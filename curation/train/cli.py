"""`curate train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.declare import plain
from curation.core.errors import ProjectError, UsageError, require
from curation.core.ui import count

if TYPE_CHECKING:
    from curation.train.recipe import TrainRecipe


@click.group()
def train() -> None:
    """Train the LoRA adapter from a mix."""


@train.command()
@click.argument("recipe", required=False)
@click.option("--ranks", type=click.IntRange(1), default=1, help="Processes to train on: one for each GPU. [1]")
@pass_app
def run(app: App, recipe: str | None, ranks: int) -> None:
    """Train the adapter of RECIPE, a file of exports/training.

    With one recipe in the project its name can be left out. The mix is brought
    up to date first, and so is the adapter that the recipe starts from. What
    exists already is not trained again, and a run that was cut off goes on
    where it was.
    """
    require("train", "torch", "transformers", "safetensors")
    from curation.train.adapters import bring, mixes, recipes

    found = recipes(app.project)
    name = _chosen(found, recipe)
    exports = {mix: app.bring_mix(mix) for mix in mixes(found, name)}
    with app.project.writing(), app.ui.progress(f"train {name}") as progress:
        made = bring(
            app.project, found, name, exports.__getitem__, lambda step, steps, _: progress(step, steps), ranks=ranks
        )
    if app.ui.json:
        app.ui.emit({"adapter": str(made.folder), "steps": made.steps, "loss": made.loss, "trained": made.trained})
        return
    app.ui.out(str(made.folder.relative_to(app.project.root)))
    done = f"{count(made.steps, 'step')}, loss {made.loss:.3f}"
    app.ui.say(f"{'trained' if made.trained else 'was trained before'}: {done}")


@train.command("plan")
@click.argument("recipe", required=False)
@click.option("--memory", type=float, help="GB of the GPU that is meant. [those of the GPU that is here]")
@click.option("--teraflops", type=float, default=400.0, show_default=True, help="What that GPU does in a second.")
@pass_app
def plan_(app: App, recipe: str | None, memory: float | None, teraflops: float) -> None:
    """Tell what training RECIPE would take, without training.

    Tokens, repeats and voices by phase, steps, memory and time. What will not
    fit into the memory is refused, with the settings that would.
    """
    require("train", "torch", "transformers", "safetensors")
    from curation.train.adapters import local, recipes
    from curation.train.plan import plan

    found = recipes(app.project)
    name = _chosen(found, recipe)
    mine = replace(found[name], base=local(found[name].base, app.project.root))
    size = memory * 1e9 if memory else _gpu_memory()
    made = plan(mine, app.bring_mix(mine.mix), teraflops, size)
    if app.ui.json:
        app.ui.emit({**plain(made), "memory_bytes": made.need.memory})
        return
    app.ui.table(
        ("phase", "asked", "share", "rows", "tokens", "repeats", "voices"),
        [
            (s.name or "all", s.share, s.realised, s.rows, s.tokens, s.repeats, _voices(s.personas))
            for s in made.stretches
        ],
    )
    app.ui.say(f"{count(made.steps, 'step')}, {count(made.bins, 'bin')}, filled to {made.fill:.1%}")
    parts = {"base": made.need.base, "adapter": made.need.adapter, "activations": made.need.activations}
    parts |= {"logits": made.need.logits}
    said = ", ".join(f"{what} {size / 1e9:.1f}" for what, size in parts.items())
    app.ui.say(f"memory {made.need.memory / 1e9:.1f} GB ({said})")
    app.ui.say(f"time {made.hours:.1f} hours at {teraflops:g} teraflops a second")


def _voices(personas: Mapping[str, float]) -> str:
    return ", ".join(f"{voice} {share:.0%}" for voice, share in personas.items())


def _gpu_memory() -> float | None:
    import torch

    return float(torch.cuda.get_device_properties(0).total_memory) if torch.cuda.is_available() else None


@train.command("eval")
@click.argument("recipe", required=False)
@pass_app
def evaluate_(app: App, recipe: str | None) -> None:
    """Judge the adapter of RECIPE by held-out rows: the scorecard.

    Loss by source, persona and phase, the better answers of pairs, and what is
    lost where a voice speaks under the other one's prompt; each beside the base,
    and beside what earlier adapters of the recipe reached.
    """
    require("train", "torch", "transformers", "safetensors")
    from curation.train.adapters import bring, evaluate, mixes, recipes, scorecards

    found = recipes(app.project)
    name = _chosen(found, recipe)
    exports = {mix: app.bring_mix(mix) for mix in mixes(found, name)}
    with app.project.writing(), app.ui.progress(f"train {name}") as progress:
        made = bring(app.project, found, name, exports.__getitem__, lambda step, steps, _: progress(step, steps))
        card = evaluate(app.project, found, name, made.folder, exports.__getitem__)
    if app.ui.json:
        app.ui.emit(card)
        return
    earlier = {key: known for key, known in scorecards(app.project, name).items() if key != made.folder.name}
    old = {key: {measure: value for measure, _, value in known["lines"]} for key, known in earlier.items()}
    rows = [(name, *(known.get(name) for known in old.values()), base, own) for name, base, own in card["lines"]]
    app.ui.table(("held out", *(key[:8] for key in old), "base", "adapter"), rows)


def _chosen(found: Mapping[str, TrainRecipe], name: str | None) -> str:
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name is None or name not in found:
        what = f"no training recipe is called '{name}'" if name else "which training recipe?"
        raise ProjectError(what, where="exports/training", fix=f"recipes here: {', '.join(found) or 'none'}")
    return name


@train.command()
@click.argument("recipe")
@click.argument("folder", type=click.Path(path_type=Path))
@pass_app
def release(app: App, recipe: str, folder: Path) -> None:
    """Copy the adapter of RECIPE into FOLDER to be given away, if the gates let it.

    Refused (exit code 5) where it has learned the canaries among its rows by
    heart, or where none were planted. The ledger stays here.
    """
    require("train", "torch", "transformers", "safetensors")
    from curation.train.adapters import bring, mixes, recipes
    from curation.train.adapters import release as let_go

    found = recipes(app.project)
    name = _chosen(found, recipe)
    exports = {mix: app.bring_mix(mix) for mix in mixes(found, name)}
    with app.project.writing(), app.ui.progress(f"train {name}") as progress:
        made = bring(app.project, found, name, exports.__getitem__, lambda step, steps, _: progress(step, steps))
        let_go(found, name, made, folder, app.project.data / "adapters")
    app.ui.out(str(folder))


@train.command()
@click.argument("recipe")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--gpus", type=click.IntRange(1), default=8, show_default=True, help="How many there will be.")
@pass_app
def handoff(app: App, recipe: str, folder: Path, gpus: int) -> None:
    """Write the run of RECIPE into FOLDER for other trainers.

    Configs and data for accelerate (FSDP2) with TRL, axolotl, LLaMA-Factory,
    NeMo AutoModel and Ray Train. What they would learn otherwise than meant is
    left out and counted; the README there says what does not travel.
    """
    require("train", "torch", "transformers", "safetensors")
    from curation.train.adapters import local, recipes
    from curation.train.handoff import handoff as hand_over
    from curation.train.handoff import told

    found = recipes(app.project)
    name = _chosen(found, recipe)
    mine = replace(found[name], base=local(found[name].base, app.project.root))
    kept = hand_over(mine, app.bring_mix(mine.mix), folder, gpus)
    if app.ui.json:
        app.ui.emit(told(kept))
        return
    columns = ("side", "rows", "written", "control tokens", "unusable", "not for LLaMA-Factory")
    app.ui.table(columns, [(side, k.rows, k.written, k.control, k.unusable, k.partly) for side, k in kept.items()])
    app.ui.say(f"how to start them: {folder / 'README.md'}")


@train.command()
@click.argument("adapter", required=False, default="")
@click.option("--row", "rows", metavar="ID", multiple=True, help="A record; may be given more than once.")
@click.option(
    "--withdrawn",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with the ids of records, one on each line.",
)
@pass_app
def trace(app: App, adapter: str, rows: tuple[str, ...], withdrawn: Path | None) -> None:
    """Which adapters learned from a record, at which steps.

    ADAPTER is a recipe, or recipe/key as in data/adapters; by default all are
    looked through.
    """
    from curation.train.adapters import entries

    wanted = {*rows, *(_ids(withdrawn) if withdrawn else ())}
    if not wanted:
        raise UsageError("which records?", fix="give --row ID, or --withdrawn FILE with an id on each line")
    found = entries(app.project.data / "adapters", wanted, adapter)
    if app.ui.json:
        app.ui.emit([{"adapter": a, "row": r, "step": s, "tokens": t} for a, r, s, t in found])
        return
    app.ui.table(("adapter", "row", "step", "tokens"), found)
    learned, adapters = {row for _, row, _, _ in found}, {name for name, *_ in found}
    app.ui.say(f"{len(learned)} of {count(len(wanted), 'record')} learned by {count(len(adapters), 'adapter')}")


def _ids(path: Path) -> set[str]:
    with files.os_errors(path):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise UsageError("this is no text file", where=str(path), fix="an id on each line, in UTF-8") from None
    return {line.strip() for line in lines if line.strip()}
