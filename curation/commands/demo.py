"""`curate demo`: the whole way on material of our own, with the same code as a real project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curation.core.app import App, pass_app
from curation.core.errors import MissingError, ProjectError
from curation.core.project import SETTINGS_FILE, SOURCES_FILE

if TYPE_CHECKING:
    from curation.train.adapters import Adapter
    from curation.train.recipe import TrainRecipe

_NEEDS = {
    "hf": ("huggingface_hub",),
    "pii": ("presidio_analyzer",),
    "tag": ("safetensors",),
    "train": ("torch", "transformers"),
}

_SETTINGS = """\
# The demo's people are made up, and so are their worries: by the default, "recall-first", four of five rows would
# wait for a person. Take this out to see that, or write "balanced": docs/risk.md.
[stages.risk]
threshold = "patterns"

# Its conversations are short: three turns of the client have to do for an arc.
[stages.arc]
min_turns = 3
"""

_SFT = """\
# The same recipe as for the 24B model, with a base that a laptop trains in seconds.
name: demo
mix: sft
base: {path: models/tiny-mistral, template: mistral-v7-tekken}
lora: {r: 8, alpha: 16}
optim: {lr: 0.005, steps: 12, warmup_steps: 2}
max_tokens: 1024
bins_per_step: 2
dtype: float32
"""
_DPO = """\
# Preferences, from where the conversations have led.
name: demo-dpo
mix: dpo
start: demo
dpo: {beta: 0.1}
base: {path: models/tiny-mistral, template: mistral-v7-tekken}
lora: {r: 8, alpha: 16}
optim: {lr: 0.002, steps: 8, warmup_steps: 1}
max_tokens: 1024
bins_per_step: 2
dtype: float32
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="curate-demo")
@pass_app
def demo(app: App, folder: Path) -> None:
    """Make a project in FOLDER, serve it our own data sets on loopback, and go
    the whole way: pull, clean, tag, export, train, evaluate, report.

    Nothing leaves this machine. A second run finds everything done.
    """  # noqa: D205
    missing = [extra for extra, modules in _NEEDS.items() if any(find_spec(name) is None for name in modules)]
    if missing:
        raise MissingError(
            f"the demo goes the whole way and needs more extras: {', '.join(missing)}",
            fix=f"pip install 'curation[{','.join(missing)}]'",
        )
    from curation.demo.hub import LoopbackHub

    _prepare(folder)
    with LoopbackHub(folder / "data" / "demo" / "hub") as hub:
        # The hub client reads these when it is first imported, which is later.
        os.environ["HF_ENDPOINT"] = hub.endpoint
        os.environ.pop("HF_HUB_OFFLINE", None)
        _go(App(app.ui, folder, app.flags, bring_tables=app.bring_tables, bring_export=app.bring_export), folder)


def _prepare(folder: Path) -> None:
    from curation.commands.init import create
    from curation.core import files
    from curation.demo.material import write_material
    from curation.demo.tiny_base import build_tiny_base

    material = folder / "data" / "demo"
    if (folder / SOURCES_FILE).exists():
        if not material.exists():
            raise ProjectError(
                "this folder holds a project that is not the demo's",
                where=str(folder),
                fix="choose another folder: curate demo FOLDER",
            )
        return
    made = write_material(files.make_dir(material))
    for path in sorted(made.files.iterdir()):
        files.write_bytes(folder / "files" / path.name, path.read_bytes())
    build_tiny_base(folder / "models" / "tiny-mistral")
    for name, recipe in (("demo", _SFT), ("demo-dpo", _DPO)):
        files.write_bytes(folder / "exports" / "training" / f"{name}.yaml", recipe.encode(), mode=0o644)
    files.write_bytes(folder / SETTINGS_FILE, _SETTINGS.encode(), mode=0o644)
    # Last, for sources.yaml makes the folder a project: a demo that was cut off before starts anew.
    create(folder, sources=made.sources_yaml())


def _go(app: App, folder: Path) -> None:
    import torch

    from curation.commands.report import write_report
    from curation.commands.run import everything
    from curation.export.export import latest
    from curation.train.adapters import evaluate, mixes, recipes

    app.ui.say("1  pull, clean, tag, export")
    everything(app)
    app.ui.say("2  train a LoRA adapter on a tiny random-weight Mistral: both voices, then preferences")
    # On a model this small, two threads wait for each other longer than they work.
    torch.set_num_threads(1)
    found = recipes(app.project)
    exports = {mix: app.bring_mix(mix) for mix in mixes(found, "demo-dpo")}
    made = [_train(app, found, name, exports) for name in ("demo", "demo-dpo")][-1]
    app.ui.say("3  evaluate it on rows that it has not seen")
    card = evaluate(app.project, found, "demo-dpo", made.folder, exports.__getitem__)
    for measure, base, own in card["lines"]:
        if "source" not in measure and "phase" not in measure:
            app.ui.say(f"   {measure}: " + (f"{base:.3f} -> " if base is not None else "") + f"{own:.3f}")
    report = write_report(app)
    app.ui.say("4  done. Look at:")
    app.ui.out(f"report   {report}")
    app.ui.out(f"adapter  {made.folder}")
    for mix in ("sft", "dpo"):
        app.ui.out(f"mix {mix}  {latest(app.project, mix)}")
    app.ui.say(f"next: cd {folder}; curate status; curate show sessions; curate why ID")


def _train(app: App, found: Mapping[str, TrainRecipe], name: str, exports: Mapping[str, Path]) -> Adapter:
    from curation.train.adapters import bring

    with app.ui.progress(f"train {name}") as progress:
        made = bring(app.project, found, name, exports.__getitem__, lambda step, steps, _: progress(step, steps))
    app.ui.say(f"   {name}: {made.steps} steps, loss {made.first_loss:.3f} -> {made.loss:.3f}")
    return made
