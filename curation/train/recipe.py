"""The recipe of a training run, as plain frozen dataclasses: one file in `exports/training/` binds to one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_COLUMN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Base:
    """The frozen model under the adapter.

    Attributes:
        path: a local folder, or a hub id that is in the local cache.
        template: the chat template that this base was made with.
        revision: the commit of a hub id; None for a folder.
    """

    path: str
    template: Literal["mistral-v7-tekken", "chatml"]
    revision: str | None = None


@dataclass(frozen=True)
class Lora:
    """The adapter: rank, scale alpha / r, dropout on its input, and the projections it sits on."""

    r: int
    alpha: float
    dropout: float = 0.0
    targets: tuple[str, ...] = PROJECTIONS

    def __post_init__(self) -> None:
        _check(self.r >= 1, "r", "at least 1")
        _check(self.alpha > 0, "alpha", "above 0")
        _check(0 <= self.dropout < 1, "dropout", "from 0 up to, not including, 1")
        _check(
            bool(self.targets) and set(self.targets) <= set(PROJECTIONS),
            "targets",
            "some of " + ", ".join(PROJECTIONS),
        )


@dataclass(frozen=True)
class Optim:
    """AdamW under a linear warmup and a cosine decay to zero.

    Attributes:
        lr: the peak learning rate.
        epochs: passes over the data; exactly one of `epochs` and `steps` is set.
        steps: optimiser steps, over as many passes as it takes.
        warmup_steps: steps until the peak is reached.
        weight_decay: decoupled decay of the adapter's weights.
        max_grad_norm: longer gradients are cut to this norm.
    """

    lr: float
    epochs: int | None = None
    steps: int | None = None
    warmup_steps: int = 0
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        _check(self.lr > 0, "lr", "above 0")
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("exactly one of 'epochs' and 'steps' must be given")
        _check(self.epochs is None or self.epochs >= 1, "epochs", "at least 1")
        _check(self.steps is None or self.steps >= 1, "steps", "at least 1")
        _check(self.warmup_steps >= 0, "warmup_steps", "at least 0")
        _check(self.weight_decay >= 0, "weight_decay", "at least 0")
        _check(self.max_grad_norm > 0, "max_grad_norm", "above 0")


@dataclass(frozen=True)
class Dpo:
    """Direct preference optimisation: the mix holds pairs, and the better answer of each is to gain on the worse one.

    Attributes:
        beta: how dearly every step away from the reference is paid for.
    """

    beta: float = 0.1

    def __post_init__(self) -> None:
        _check(self.beta > 0, "beta", "above 0")


@dataclass(frozen=True)
class Canaries:
    """Made-up secrets planted among the rows, to tell whether the run learns rows by heart.

    Attributes:
        count: how many.
        repeats: how often each comes in an epoch; more than once stands for duplicates that were missed.
        limit: the mean exposure, in bits, above which the adapter is not let go. By chance it is about 1.4.
    """

    count: int = 8
    repeats: int = 1
    limit: float = 4.0

    def __post_init__(self) -> None:
        _check(self.count >= 1, "count", "at least 1")
        _check(self.repeats >= 1, "repeats", "at least 1")
        _check(0 < self.limit < 8, "limit", "above 0 and below 8")


@dataclass(frozen=True)
class Head:
    """A head beside the model that learns the label of a row; a row without the label gives no loss.

    Attributes:
        weight: how much its loss counts beside that of the text, which counts 1.
        mode: probe leaves the adapter as it would be without the head; joint lets the head shape the adapter, too.
        phases: the weight in phases of the recipe, where it is another one.
        lr: the head's own peak learning rate.
    """

    weight: float = 0.1
    mode: Literal["probe", "joint"] = "probe"
    phases: Mapping[str, float] = field(default_factory=dict)
    lr: float = 0.001

    def __post_init__(self) -> None:
        _check(min((self.weight, *self.phases.values())) >= 0, "weight", "at least 0")
        _check(max((self.weight, *self.phases.values())) > 0, "weight", "above 0 somewhere")
        _check(self.lr > 0, "lr", "above 0")


@dataclass(frozen=True)
class Phase:
    """A stretch of the run with a mix of its own.

    Attributes:
        name: what it is called.
        share: its share of the run's tokens; the shares of all phases add up to 1.
        takes: rows of these phases of the mix; by default all.
        personas: the ratio of the voices, by tokens; by default as the rows are.
        personas_end: the ratio at the end of the phase, reached in a line.
        temperature: sources weigh as their tokens to this power: 1 as they are, 0 all alike.
        order: short_first gives the shortest rows first, for they are the easiest.
    """

    name: str
    share: float
    takes: tuple[str, ...] | None = None
    personas: Mapping[str, float] | None = None
    personas_end: Mapping[str, float] | None = None
    temperature: float = 1.0
    order: Literal["shuffled", "short_first"] = "shuffled"

    def __post_init__(self) -> None:
        _check(0 < self.share <= 1, "share", "above 0 and at most 1")
        _check(self.temperature >= 0, "temperature", "at least 0")
        for name in ("personas", "personas_end"):
            ratio = getattr(self, name)
            _check(
                ratio is None or (min(ratio.values(), default=-1) >= 0 < sum(ratio.values())), name, "weights above 0"
            )
        _check(not self.personas_end or self.personas is not None, "personas", "given where 'personas_end' is")
        same = set(self.personas or ()) == set(self.personas_end or ())
        _check(not self.personas_end or same, "personas_end", "of the same voices as 'personas'")


@dataclass(frozen=True)
class TrainRecipe:
    """One training run, whole: with the export and the base it decides every byte of the adapter.

    Attributes:
        name: the adapter's name; also its folder.
        mix: the mix it learns from.
        max_tokens: length of a bin, and so of the longest document.
        bins_per_step: bins whose gradients make one step.
        dtype: number format of the frozen base; the adapter itself is always float32. nf4 keeps the base's layers in
            four bits, for GPUs of 24 and 48 GB, and computes in bfloat16; it needs the extra `nf4`.
        overlong: what happens to rows above max_tokens: dropped and counted, or split between turns.
        seed: decides the adapter's first weights, dropout and the order of the rows.
        dpo: for a mix of preference pairs; without it, the mix holds conversations.
        canaries: secrets to be planted; an adapter without them is not let go by `train release`.
        phases: the curriculum; by default every epoch has every row once. Needs optim.epochs.
        recompute: keep less of the forward pass and compute it again: a third slower, with a tenth of the memory.
        start: the recipe whose adapter this one goes on from; it is also the reference of `dpo`. By default the base.
        heads: by column of the export the head that learns its labels.
    """

    name: str
    mix: str
    base: Base
    lora: Lora
    optim: Optim
    max_tokens: int
    bins_per_step: int = 1
    dtype: Literal["float32", "bfloat16", "nf4"] = "bfloat16"
    overlong: Literal["drop", "split"] = "drop"
    seed: int = 0
    dpo: Dpo | None = None
    start: str | None = None
    canaries: Canaries | None = None
    phases: tuple[Phase, ...] = ()
    recompute: bool = False
    heads: Mapping[str, Head] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(bool(_NAME.fullmatch(self.name)), "name", "made of lower-case letters, digits, - and _")
        _check(self.max_tokens >= 8, "max_tokens", "at least 8")
        _check(self.bins_per_step >= 1, "bins_per_step", "at least 1")
        _check(not (self.dpo and self.canaries), "canaries", "planted in the recipe that 'dpo' starts from")
        _check(not (self.phases and self.canaries), "canaries", "left out where there are 'phases'")
        shares = sum(phase.share for phase in self.phases)
        _check(not self.phases or abs(shares - 1) < 1e-6, "phases", f"shares that add up to 1, not {shares:g}")
        _check(not self.phases or self.optim.epochs is not None, "phases", "used with 'epochs', not with 'steps'")
        _check(len({phase.name for phase in self.phases}) == len(self.phases), "phases", "of different names")
        _check(self.start != self.name, "start", "another recipe than this one")
        _check(not (self.dpo and self.heads), "heads", "in the recipe that 'dpo' starts from")
        _check(all(map(_COLUMN.fullmatch, self.heads)), "heads", "called as columns of the export")
        known = {phase.name for phase in self.phases}
        strange = {phase for head in self.heads.values() for phase in head.phases} - known
        _check(not strange, "heads", f"weighted by phases of this recipe, and '{min(strange, default='')}' is none")
        # Under dropout a pair would be compared with a reference that saw other numbers.
        _check(not (self.dpo and self.lora.dropout), "dropout", "0 where 'dpo' is given")

    @property
    def computed_in(self) -> Literal["float32", "bfloat16"]:
        """The number format of activations, and of what is not packed."""
        return "bfloat16" if self.dtype == "nf4" else self.dtype

    @property
    def steps_asked(self) -> int:
        """The steps that the recipe asks for; 0 where it counts in epochs."""
        return self.optim.steps or 0


def _check(holds: bool, name: str, must: str) -> None:
    if not holds:
        raise ValueError(f"'{name}' must be {must}")
