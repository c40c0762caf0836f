"""The loop: bins forward and backward, one optimiser step, an entry in the ledger for every row."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from curation.core.errors import CurateError
from curation.train.ledger import Ledger
from curation.train.objectives import Objective
from curation.train.pack import Bin, collate
from curation.train.ranks import Ranks
from curation.train.recipe import TrainRecipe
from curation.train.state import Progress, Snapshots

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import MistralForCausalLM

    from curation.train.heads import Heads

_GROUP = 1 << 16


@dataclass
class Learned:
    """What a run found out: one line of numbers for each step, and the held-out losses from before the first."""

    metrics: list[dict[str, float]] = field(default_factory=list)
    before: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Everything about a run but its numbers.

    Attributes:
        recipe: what decides it.
        bins: bins from a number on, the same on every rank.
        total: how many bins the run takes.
        objective: what is minimised.
        device: where.
        ranks: this process among those of the run.
        snapshots: where it is kept on the way.
        seconds: how often.
        progress: called on the first rank after every step.
        heads: what learns beside the text.
    """

    recipe: TrainRecipe
    bins: Callable[[int], Iterator[Bin]]
    total: int
    objective: Objective
    device: str
    ranks: Ranks
    snapshots: Snapshots
    seconds: float
    progress: Progress
    heads: Heads | None = None

    @property
    def steps(self) -> int:
        """Optimiser steps; only the very last may have fewer bins than the others."""
        return math.ceil(self.total / self.recipe.bins_per_step)


def learning_rate(recipe: TrainRecipe, step: int, steps: int) -> float:
    """The rate of a step (from 1): up in a line to the peak at the last warmup step, then down a half cosine.

    No step has the rate 0, so no row stands in the ledger without having been learned from.
    """
    warmup = recipe.optim.warmup_steps
    if step <= warmup:
        return recipe.optim.lr * step / warmup
    return recipe.optim.lr * 0.5 * (1 + math.cos(math.pi * (step - 1 - warmup) / (steps - warmup)))


def learn(
    run: Run, model: MistralForCausalLM, weights: Sequence[Tensor], before: Callable[[], dict[str, float]]
) -> Learned:
    """Make the steps that are still to be made.

    Args:
        run: the run.
        model: the base with its adapter.
        weights: the adapter's weights, in an order that is the same in every process.
        before: measures the held-out losses; called only where no snapshot has them.

    Raises:
        CurateError: the loss is no longer a number.
        KeyboardInterrupt: the process was asked to stop; a snapshot was kept first.
    """
    import torch

    optim = run.recipe.optim
    # The adapter first; then each head at a rate of its own, and clipped by itself: a probe changes nothing else.
    groups = [(optim.lr, list(weights)), *(run.heads.groups if run.heads else ())]
    optimizer = torch.optim.AdamW(
        [{"params": held, "lr": rate, "peak": rate} for rate, held in groups], weight_decay=optim.weight_decay
    )
    weights = [weight for _, held in groups for weight in held]
    done, learned = _begin(run, weights, optimizer, before)
    numbered = enumerate(run.bins(done * run.recipe.bins_per_step), start=done * run.recipe.bins_per_step)
    ledger, kept = Ledger(), time.monotonic()
    model.train()
    with _stopping() as stop:
        for step in range(done + 1, run.steps + 1):
            began = time.perf_counter()
            left = run.total - (step - 1) * run.recipe.bins_per_step
            chosen = list(islice(numbered, min(run.recipe.bins_per_step, left)))
            line, stopped = _step(run, model, optimizer, step, chosen, ledger, stop)
            learned.metrics.append(line)
            last = stopped or step == run.steps
            if run.ranks.first and (last or len(ledger) >= _GROUP or time.monotonic() - kept >= run.seconds):
                facts = {"metrics": learned.metrics, "before": learned.before}
                run.snapshots.save(step, weights, optimizer, ledger.taken(), facts)
                kept = time.monotonic()
            if run.ranks.first:
                speed = line["tokens"] / (time.perf_counter() - began)
                run.progress(step, run.steps, {"loss": line["loss"], "lr": line["lr"], "tokens_per_second": speed})
            if stopped and step < run.steps:
                raise KeyboardInterrupt
    return learned


def _begin(
    run: Run, weights: Sequence[Tensor], optimizer: Any, before: Callable[[], dict[str, float]]
) -> tuple[int, Learned]:
    # The first rank tidies up; the others take what it found.
    found = run.ranks.gather(run.snapshots.latest() if run.ranks.first else None)[0]
    if found is None:
        return 0, Learned(before=before())
    done, facts = run.snapshots.restore(found, weights, optimizer)
    return done, Learned(facts["metrics"], facts["before"])


def _step(
    run: Run,
    model: MistralForCausalLM,
    optimizer: Any,
    step: int,
    chosen: Sequence[tuple[int, Bin]],
    ledger: Ledger,
    stop: threading.Event,
) -> tuple[dict[str, float], bool]:
    import torch

    counts = [run.objective.counts(held) for _, held in chosen]
    whole = sum(map(sum, counts))
    labelled = _labelled(run.heads, [held for _, held in chosen])
    rate = learning_rate(run.recipe, step, run.steps)
    for group in optimizer.param_groups:
        group["lr"] = rate * (group["peak"] / run.recipe.optim.lr)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    share = []
    for number, held in run.ranks.mine(chosen):
        # Dropout is a function of the bin, so that neither a restart nor the number of ranks changes it.
        torch.manual_seed(_seed(run.recipe.seed, number))
        losses, beside = run.objective.learned(model, held, collate(held, run.device))
        total = losses.sum() / whole
        for name, summed in beside.items():
            if run.heads and labelled[name]:
                total = total + summed * (run.heads.weight(name, number) / labelled[name])
        total.backward()
        share.append((losses.tolist(), {name: float(summed.detach()) for name, summed in beside.items()}))
    gradients = [weight.grad if weight.grad is not None else torch.zeros_like(weight) for weight in weights]
    run.ranks.add(gradients)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    told = run.ranks.gather((share, stop.is_set()))
    found = run.ranks.in_order([mine for mine, _ in told])
    loss = sum(sum(losses) for losses, _ in found) / whole
    most = run.recipe.optim.max_grad_norm
    norm, *others = (float(torch.nn.utils.clip_grad_norm_(group["params"], most)) for group in optimizer.param_groups)
    if not all(map(math.isfinite, (loss, norm, *others))):
        raise CurateError(
            f"the loss or its gradient is no longer a number in step {step} of {run.steps}",
            where=f"training run {run.recipe.name}",
            fix="lower optim.lr or raise optim.warmup_steps; nothing was published",
        )
    optimizer.step()
    optimizer.zero_grad()
    for (number, held), (losses, _), weighed in zip(chosen, found, counts, strict=True):
        ledger.add(step, number, held, [loss / count for loss, count in zip(losses, weighed, strict=True)])
    return {
        "step": step,
        "loss": loss,
        "lr": rate,
        "grad_norm": norm,
        "tokens": sum(len(document) for _, held in chosen for document in held),
        "trained_tokens": sum(sum(document.trained) for _, held in chosen for document in held),
        **{f"head {name}": sum(beside[name] for _, beside in found) / rows for name, rows in labelled.items() if rows},
    }, any(asked for _, asked in told)


def _labelled(heads: Heads | None, bins: Sequence[Bin]) -> dict[str, int]:
    """By head the documents of a step that have its label; each of them weighs the same."""
    if heads is None:
        return {}
    return {name: sum(heads.labelled(name, held) for held in bins) for name in heads.pairs}


def _seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"dropout\n{seed}\n{number}".encode(), digest_size=7).digest())


def metrics_lines(metrics: Sequence[dict[str, float]]) -> str:
    """`metrics.jsonl`."""
    return "".join(json.dumps(line, sort_keys=True) + "\n" for line in metrics)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set, so that the step in hand is finished first; a second time, they end it."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    old: dict[int, Any] = {}

    def ask(number: int, _: object) -> None:
        asked.set()
        signal.signal(number, old[number])

    for wanted in (signal.SIGTERM, signal.SIGINT):
        old[wanted] = signal.getsignal(wanted)
        signal.signal(wanted, ask)
    try:
        yield asked
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
