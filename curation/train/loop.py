"""One training run, from a recipe and an exported mix to a published adapter."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from curation.core.errors import CurateError, ProjectError, require
from curation.core.models import fingerprint, load_causal_lm, load_tokenizer, resolve
from curation.train.encode import TEMPLATES, Counts, Document, Encoder
from curation.train.export import Export, open_export, read_rows
from curation.train.ledger import LedgerWriter
from curation.train.pack import collate, pack, stream
from curation.train.publish import CARD, METRICS, card, published, seal
from curation.train.recipe import TrainRecipe

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import MistralForCausalLM

Progress = Callable[[int, int, dict[str, float]], None]

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "pyarrow")


@dataclass(frozen=True)
class TrainResult:
    """What a run did.

    Attributes:
        out_dir: the published adapter.
        digest: its manifest's digest, the same for equal runs.
        steps: optimiser steps.
        counts: what became of the rows.
        first_loss: mean loss per trained token in the first step, in nats.
        last_loss: the same in the last step.
        before: held-out loss of the base by persona, and under `all`; empty without held-out rows.
        after: the same with the adapter.
    """

    out_dir: Path
    digest: str
    steps: int
    counts: Counts
    first_loss: float
    last_loss: float
    before: dict[str, float]
    after: dict[str, float]


def train(recipe: TrainRecipe, export_dir: Path, out_dir: Path, progress: Progress) -> TrainResult:
    """Train a LoRA adapter on an exported SFT mix and publish it with its ledger, manifest and card.

    Runs on a CUDA device if there is one. On a CPU, equal inputs give equal bytes for the same libraries and number
    of threads.

    Args:
        recipe: everything that decides the run.
        export_dir: holds `manifest.json`, `train.parquet` and perhaps `validation.parquet`.
        out_dir: the adapter's folder; it appears whole, or not at all.
        progress: called after every step with the step (from 1), the number of steps, and `loss` (nats per trained
            token), `lr`, `tokens_per_second`.

    Raises:
        ProjectError: nothing to train on, or a recipe, template and base that do not belong together.
        IntegrityError: the export or the base is not what it says it is.
        MissingError: the base, the export or the `train` extra is not here.
        UsageError: `out_dir` is already there.
        CurateError: the loss is no longer a number.
    """
    require("train", "torch", "transformers", "tokenizers", "safetensors")
    export = open_export(export_dir)
    base = resolve(recipe.base.path, recipe.base.revision)
    template = TEMPLATES[recipe.base.template]
    encoder = Encoder(load_tokenizer(base), template)
    documents, counts = _documents(encoder, recipe, export, "train.parquet")
    held_out_documents: list[Document] = []
    held_out_counts = Counts()
    if export.validated:
        held_out_documents, held_out_counts = _documents(encoder, recipe, export, "validation.parquet")
    bins, steps = length(recipe, documents)
    with published(out_dir) as folder:
        import torch

        from curation.train import lora
        from curation.train.losses import held_out

        device = "cuda" if torch.cuda.is_available() else "cpu"
        with _seeded(recipe.seed, device):
            model = load_causal_lm(base, recipe.dtype).to(device)
            highest = max(max(document.ids) for document in (*documents, *held_out_documents))
            if highest >= model.config.vocab_size:
                raise ProjectError(
                    f"the tokenizer has more tokens than the base: {highest + 1} and {model.config.vocab_size}",
                    where=base.name,
                    fix="use the tokenizer.json that belongs to these weights",
                )
            layers = lora.inject(model, recipe.lora, recipe.seed)
            held_out_bins = pack(held_out_documents, recipe.max_tokens, recipe.seed, 0)
            before = held_out(model, held_out_bins, device)
            weights = [weight for layer in layers.values() for weight in (layer.lora_A, layer.lora_B)]
            first, last = _learn(model, weights, recipe, documents, (bins, steps), folder, device, progress)
            after = held_out(model, held_out_bins, device)
        lora.save(folder, layers, recipe.lora, recipe.base, base.name)
        facts = {
            "recipe": asdict(replace(recipe, base=replace(recipe.base, path=base.name))),
            "export": export.digest,
            "base": {"name": base.name, "revision": base.revision, "fingerprint": fingerprint(base)},
            "template": template.digest(),
            "libraries": {name: version(name) for name in _LIBRARIES},
            "device": device,
            "counts": asdict(counts),
            "held_out_counts": asdict(held_out_counts),
            "bins": bins,
            "steps": steps,
            "losses": {"first_step": first, "last_step": last, "before": before, "after": after},
        }
        (folder / CARD).write_text(card(facts), encoding="utf-8")
        digest = seal(folder, facts)
    return TrainResult(out_dir, digest, steps, counts, first, last, before, after)


def _documents(encoder: Encoder, recipe: TrainRecipe, export: Export, name: str) -> tuple[list[Document], Counts]:
    documents, counts = encoder.encode(read_rows(export, name), recipe.max_tokens, recipe.overlong)
    if not documents:
        raise ProjectError(
            f"no row can be used: of {counts.rows}, {counts.rows_untrained} have no turn to learn and "
            f"{counts.rows_overlong} are longer than {recipe.max_tokens} tokens",
            where=f"{export.folder.name}/{name}",
            fix="mark turns to be learned in the mix, raise max_tokens, or set overlong: split",
        )
    return documents, counts


def length(recipe: TrainRecipe, documents: list[Document]) -> tuple[int, int]:
    """How many bins and how many optimiser steps a run over these documents takes.

    Steps run across the borders of epochs; only the very last may have fewer bins than the others.

    Raises:
        ProjectError: the warmup is as long as the run.
    """
    if recipe.optim.epochs is not None:
        bins = recipe.optim.epochs * len(pack(documents, recipe.max_tokens, recipe.seed, 0))
    else:
        bins = (recipe.optim.steps or 0) * recipe.bins_per_step
    steps = math.ceil(bins / recipe.bins_per_step)
    if recipe.optim.warmup_steps >= steps:
        raise ProjectError(
            f"the warmup of {recipe.optim.warmup_steps} steps is as long as the run of {steps}",
            where="training recipe: optim.warmup_steps",
            fix="shorten the warmup or train longer",
        )
    return bins, steps


def learning_rate(recipe: TrainRecipe, step: int, steps: int) -> float:
    """The rate of a step (from 1): up in a line to the peak at the last warmup step, then down a half cosine.

    No step has the rate 0, so no row stands in the ledger without having been learned from.
    """
    warmup = recipe.optim.warmup_steps
    if step <= warmup:
        return recipe.optim.lr * step / warmup
    return recipe.optim.lr * 0.5 * (1 + math.cos(math.pi * (step - 1 - warmup) / (steps - warmup)))


def _learn(
    model: MistralForCausalLM,
    weights: list[Tensor],
    recipe: TrainRecipe,
    documents: list[Document],
    size: tuple[int, int],
    folder: Path,
    device: str,
    progress: Progress,
) -> tuple[float, float]:
    import torch

    from curation.train.losses import document_losses

    bins, steps = size
    optimizer = torch.optim.AdamW(weights, lr=recipe.optim.lr, weight_decay=recipe.optim.weight_decay)
    numbered = enumerate(islice(stream(documents, recipe.max_tokens, recipe.seed), bins))
    first = last = math.nan
    model.train()
    with LedgerWriter(folder) as ledger, (folder / METRICS).open("w", encoding="utf-8") as metrics:
        for step in range(1, steps + 1):
            began = time.perf_counter()
            chosen = list(islice(numbered, recipe.bins_per_step))
            tokens = sum(len(document) for _, held in chosen for document in held)
            trained = sum(sum(document.trained) for _, held in chosen for document in held)
            rate = learning_rate(recipe, step, steps)
            optimizer.param_groups[0]["lr"] = rate
            last = 0.0
            for number, held in chosen:
                losses = document_losses(model, collate(held, device))
                # Every trained token of a step weighs the same, however the bins are filled.
                (losses.sum() / trained).backward()
                summed = losses.tolist()
                ledger.add(step, number, held, summed)
                last += sum(summed) / trained
            norm = float(torch.nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None]))
            if not (math.isfinite(last) and math.isfinite(norm)):
                raise CurateError(
                    f"the loss or its gradient is no longer a number in step {step} of {steps}",
                    where=f"training run {recipe.name}",
                    fix="lower optim.lr or raise optim.warmup_steps; nothing was published",
                )
            optimizer.step()
            optimizer.zero_grad()
            first = last if step == 1 else first
            line = {
                "step": step,
                "loss": last,
                "lr": rate,
                "grad_norm": norm,
                "tokens": tokens,
                "trained_tokens": trained,
            }
            metrics.write(json.dumps(line) + "\n")
            speed = tokens / (time.perf_counter() - began)
            progress(step, steps, {"loss": last, "lr": rate, "tokens_per_second": speed})
    return first, last


@contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    import torch

    strict = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        # On CUDA this would refuse the cumulative sums and scatters that the model itself needs.
        torch.use_deterministic_algorithms(device == "cpu" or strict)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict)
