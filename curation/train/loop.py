"""One training run, from a recipe and an exported mix to a published adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.core import files
from curation.core.errors import CurateError, ProjectError, require
from curation.core.model_files import fingerprint
from curation.core.models import load_causal_lm, text_config
from curation.train import canary, labels, ledger
from curation.train.encode import TEMPLATES, Counts
from curation.train.material import Material, encode
from curation.train.pack import pack
from curation.train.publish import CARD, METRICS, card, published, seal
from curation.train.ranks import Ranks
from curation.train.recipe import TrainRecipe
from curation.train.schedule import schedule
from curation.train.schedule import steps as steps_of
from curation.train.start import Start, open_start
from curation.train.state import Keeping, Progress, Snapshots

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

    from curation.train.heads import Heads
    from curation.train.learn import Progress
    from curation.train.lora import LoraLinear
    from curation.train.objectives import Objective
    from curation.train.pack import Bin

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "pyarrow")


@dataclass(frozen=True)
class TrainResult:
    """What a run did.

    Attributes:
        out_dir: the published adapter.
        digest: its manifest's digest, the same for equal runs; empty on other ranks than the first.
        steps: optimiser steps.
        counts: what became of the rows.
        first_loss: mean loss of the first step: nats per trained token, or DPO's loss per pair.
        last_loss: the same of the last step.
        before: held-out loss before the first step by persona, and under `all`; empty without held-out rows.
        after: the same after the last step.
    """

    out_dir: Path
    digest: str
    steps: int
    counts: Counts
    first_loss: float
    last_loss: float
    before: dict[str, float]
    after: dict[str, float]


def train(
    recipe: TrainRecipe,
    export_dir: Path,
    out_dir: Path,
    progress: Progress,
    *,
    start_dir: Path | None = None,
    keeping: Keeping | None = None,
    ranks: Ranks | None = None,
) -> TrainResult:
    """Train a LoRA adapter on an exported mix and publish it with its ledger, manifest and card.

    Runs on a CUDA device if there is one. On a CPU, equal inputs give equal bytes for the same libraries and number
    of threads, whether or not the run was interrupted on the way.

    Args:
        recipe: everything that decides the run.
        export_dir: holds `manifest.json`, `train.parquet` and perhaps `validation.parquet`.
        out_dir: the adapter's folder; it appears whole, or not at all.
        progress: called after every step with the step (from 1), the number of steps, and `loss`, `lr`,
            `tokens_per_second`.
        start_dir: the adapter of the recipe that `recipe.start` names.
        keeping: by default nothing is kept on the way.
        ranks: this process among those of the run; only the first one publishes.

    Raises:
        ProjectError: nothing to train on, or a recipe, template and base that do not belong together.
        IntegrityError: the export or the base is not what it says it is.
        MissingError: the base, the export or the `train` extra is not here.
        UsageError: `out_dir` is already there.
        CurateError: the loss is no longer a number, or the memory does not suffice.
        KeyboardInterrupt: the process was asked to stop.
    """
    require("train", "torch", "transformers", "tokenizers", "safetensors")
    if recipe.dtype == "nf4":
        require("nf4", "bitsandbytes")
    ranks, keeping = ranks or Ranks(), keeping or Keeping()
    material = encode(recipe, export_dir)
    asked = labels.ask(material.export, recipe.heads, recipe.name)
    start = open_start(recipe, start_dir, material.base)
    planned = schedule(recipe, material.documents, material.about)
    steps = steps_of(recipe, planned.total)
    libraries = (*_LIBRARIES, "bitsandbytes") if recipe.dtype == "nf4" else _LIBRARIES
    facts = {
        "recipe": asdict(replace(recipe, base=replace(recipe.base, path=material.base.name))),
        "export": material.export.digest,
        "base": {
            "name": material.base.name,
            "revision": material.base.revision,
            "fingerprint": fingerprint(material.base),
        },
        "start": {"name": start.name, "digest": start.digest} if start else None,
        "template": TEMPLATES[recipe.base.template].digest(),
        "libraries": {name: version(name) for name in libraries},
        "bins": planned.total,
        "phases": dict(planned.begins),
        "steps": steps,
    }
    snapshots = Snapshots(keeping.folder, files.digest(facts))
    with published(out_dir) if ranks.first else nullcontext() as folder:
        import torch

        from curation.train import lora
        from curation.train.evaluate import held_out
        from curation.train.heads import save as save_heads
        from curation.train.learn import Run, learn, metrics_lines

        device = f"cuda:{ranks.local}" if torch.cuda.is_available() else "cpu"
        with _seeded(recipe.seed, device), _enough_memory(recipe):
            model, layers = adapted(recipe, material, start, device)
            heads = _heads(recipe, material, asked, planned.begins, model, device)
            objective = objective_of(recipe, model, material, heads, device)
            held_out_bins = pack(material.held_out, recipe.max_tokens, recipe.seed, 0)
            measure = partial(held_out, model, objective, held_out_bins, device)
            run = Run(
                recipe,
                planned.bins,
                planned.total,
                objective,
                device,
                ranks,
                snapshots,
                keeping.seconds,
                progress,
                heads,
            )
            weights = [weight for layer in layers.values() for weight in (layer.lora_A, layer.lora_B)]
            learned = learn(run, model, weights, measure)
            after = measure()
            canaries = _canaries(recipe, model, material, device)
            settled = _settled(recipe, material, asked, heads, model, held_out_bins, device)
        first, last = learned.metrics[0]["loss"], learned.metrics[-1]["loss"]
        digest = ""
        if folder is not None:
            lora.save(folder, layers, recipe.lora, recipe.base, material.base)
            if heads:
                save_heads(folder, heads, settled)
            ledger.write(folder, snapshots.entries())
            (folder / METRICS).write_text(metrics_lines(learned.metrics), encoding="utf-8")
            facts |= {
                "device": device.partition(":")[0],
                "counts": asdict(material.counts),
                "held_out_counts": asdict(material.held_out_counts),
                "canaries": canaries,
                "heads": settled,
                "losses": {"first_step": first, "last_step": last, "before": learned.before, "after": after},
            }
            (folder / CARD).write_text(card(facts), encoding="utf-8")
            digest = seal(folder, facts)
    if ranks.first:
        snapshots.remove()
    return TrainResult(out_dir, digest, steps, material.counts, first, last, learned.before, after)


def adapted(
    recipe: TrainRecipe, material: Material, start: Start | None, device: str
) -> tuple[MistralForCausalLM, dict[str, LoraLinear]]:
    """The base with its adapter as it is before the first step.

    Raises:
        ProjectError: the base cannot learn these documents.
        IntegrityError: the base or the adapter to go on from lacks a tensor.
    """
    from curation.train import attention, lora
    from curation.train.estimate import recompute

    base = material.base
    _check_memory(recipe, material, device)
    model = load_causal_lm(base, recipe.computed_in)
    if recipe.dtype == "nf4":
        require("nf4", "bitsandbytes")
        from curation.train.nf4 import shrink

        # Before the rest moves: the GPU never holds the whole base in 16 bits.
        shrink(model, device)
    model = model.to(device)
    if material.highest >= model.config.vocab_size:
        raise ProjectError(
            f"the tokenizer has more tokens than the base: {material.highest + 1} and {model.config.vocab_size}",
            where=base.name,
            fix="use the tokenizer.json that belongs to these weights",
        )
    reach = min(model.config.max_position_embeddings, model.config.sliding_window or recipe.max_tokens)
    longest = max(map(len, material.documents))
    if longest > reach:
        raise ProjectError(
            f"the longest row has {longest} tokens, but the base sees no more than {reach} at once",
            where=base.name,
            fix=f"set max_tokens: {reach}",
        )
    attention.use(model)
    if recipe.recompute:
        recompute(model)
    layers = lora.inject(model, recipe.lora, recipe.seed)
    if start:
        lora.load(start.folder, layers)
    return model, layers


def _check_memory(recipe: TrainRecipe, material: Material, device: str) -> None:
    import torch

    from curation.train.estimate import fitting, need

    if not device.startswith("cuda"):
        return
    memory = float(torch.cuda.get_device_properties(device).total_memory)
    config = text_config(material.base)
    trained = material.counts.trained_tokens / material.counts.tokens
    wanted = need(recipe, config, trained).memory
    if wanted > memory:
        raise ProjectError(
            f"the run needs {wanted / 1e9:.0f} GB, and the GPU has {memory / 1e9:.0f}",
            where=f"training recipe {recipe.name}",
            fix=fitting(recipe, config, trained, memory),
        )


def objective_of(
    recipe: TrainRecipe, model: MistralForCausalLM, material: Material, heads: Heads | None, device: str
) -> Objective:
    """What a recipe minimises; for DPO, the model as it is now becomes the reference."""
    from curation.train.objectives import Conversations, PreferencePairs
    from curation.train.preference import reference_logps

    if recipe.dpo is None:
        return Conversations(heads)
    bins = pack([*material.documents, *material.held_out], recipe.max_tokens, recipe.seed, 0)
    return PreferencePairs(reference_logps(model, bins, device), recipe.dpo.beta)


def _heads(
    recipe: TrainRecipe,
    material: Material,
    asked: Mapping[str, labels.Asked],
    begins: Mapping[str, int],
    model: MistralForCausalLM,
    device: str,
) -> Heads | None:
    if not recipe.heads:
        return None
    from curation.train import heads

    known = labels.read(material.export, "train.parquet", asked, recipe.name)
    return heads.make(recipe.heads, asked, known, begins, model.config.hidden_size, recipe.seed, device)


def _settled(
    recipe: TrainRecipe,
    material: Material,
    asked: Mapping[str, labels.Asked],
    heads: Heads | None,
    model: MistralForCausalLM,
    bins: Sequence[Bin],
    device: str,
) -> dict[str, Any]:
    if heads is None:
        return {}
    from curation.train.heads import settle

    held = labels.read(material.export, "validation.parquet", asked, recipe.name) if material.export.validated else None
    return settle(heads, model, bins, held, recipe.seed, device)


def _canaries(recipe: TrainRecipe, model: MistralForCausalLM, material: Material, device: str) -> dict[str, Any] | None:
    if recipe.canaries is None:
        return None
    return canary.measure(recipe.canaries, model, material.encoder, recipe.seed, recipe.max_tokens, device)


@contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    import torch

    strict = torch.are_deterministic_algorithms_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        # On CUDA this would refuse the cumulative sums and scatters that the model itself needs.
        torch.use_deterministic_algorithms(device == "cpu" or strict)
        # It would write every new tensor twice, to betray who reads one before it is written; nobody here does.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict)
            torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]


@contextmanager
def _enough_memory(recipe: TrainRecipe) -> Iterator[None]:
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        # On a CPU, torch says so in a plain RuntimeError.
        if type(error) is RuntimeError and "can't allocate memory" not in str(error):
            raise
        raise CurateError(
            f"the memory does not suffice for bins of {recipe.max_tokens} tokens",
            where=f"training run {recipe.name}",
            fix="set recompute: true"
            if not recipe.recompute
            else f"set max_tokens: {recipe.max_tokens // 2} and bins_per_step: {recipe.bins_per_step * 2}",
        ) from None
