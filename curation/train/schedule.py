"""The curriculum: which rows a run has, in which order. A pure function of the documents, the recipe and its seed.

Without phases, every epoch has every row once, packed anew. With phases, rows are drawn so that at every moment each
group (a source in a voice) has had its share of the tokens: whoever is furthest behind is next. So the mix is as
planned to within a document, whatever the lengths, and no chance is involved that would have to be kept.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from curation.core.errors import ProjectError
from curation.train.encode import Document
from curation.train.pack import Bin, pack, stream
from curation.train.recipe import Phase, TrainRecipe

About = Mapping[str, tuple[str, str]]
"""By row its source and its phase in the mix."""

_WINDOW = 64
"""Bins that are filled together: enough for few gaps, few enough to keep the order."""


@dataclass(frozen=True)
class Schedule:
    """A run's bins, and which of them each phase begins with; without phases, one of no name.

    Attributes:
        bins: bins from a number on.
        total: how many there are.
        begins: by phase the number of its first bin.
    """

    bins: Callable[[int], Iterator[Bin]]
    total: int
    begins: Mapping[str, int]


def schedule(recipe: TrainRecipe, documents: Sequence[Document], about: About) -> Schedule:
    """The bins of a run.

    Raises:
        ProjectError: a phase asks for rows that the mix does not have.
    """
    if not recipe.phases:
        per_epoch = len(pack(documents, recipe.max_tokens, recipe.seed, 0))
        total = recipe.optim.epochs * per_epoch if recipe.optim.epochs else recipe.steps_asked * recipe.bins_per_step
        return Schedule(partial(stream, documents, recipe.max_tokens, recipe.seed), total, {"": 0})
    tokens = (recipe.optim.epochs or 1) * sum(map(len, documents))
    made: list[Bin] = []
    begins = {}
    for number, phase in enumerate(recipe.phases):
        begins[phase.name] = len(made)
        drawn = draw(recipe, phase, documents, about, phase.share * tokens)
        made += _packed(drawn, recipe.max_tokens, f"{recipe.seed}\n{number}")
    return Schedule(lambda start: iter(made[start:]), len(made), begins)


def targets(phase: Phase, groups: Mapping[tuple[str, str], int], progress: float) -> dict[tuple[str, str], float]:
    """The share of the tokens that each (voice, source) is to have at a moment of a phase, from 0 to 1.

    Within a voice, sources weigh as their tokens to the power of `temperature`.
    """
    voices: dict[str, float] = {}
    for (voice, _), size in groups.items():
        voices[voice] = voices.get(voice, 0.0) + size**phase.temperature
    ratio = dict(phase.personas or voices)
    if phase.personas_end:
        ratio = {v: (1 - progress) * ratio[v] + progress * phase.personas_end.get(v, 0.0) for v in ratio}
    whole = sum(ratio.values())
    return {
        (voice, source): ratio[voice] / whole * size**phase.temperature / voices[voice]
        for (voice, source), size in groups.items()
    }


def draw(
    recipe: TrainRecipe, phase: Phase, documents: Sequence[Document], about: About, tokens: float
) -> list[Document]:
    """The documents of a phase in their order, as many as its share of the tokens.

    Raises:
        ProjectError: the mix has no rows of this phase, or none in a voice that it asks for.
    """
    pools: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        source, belongs = about.get(document.row, ("", ""))
        if phase.takes is None or belongs in phase.takes:
            pools.setdefault((document.persona, source), []).append(document)
    wanted = set(phase.personas or ()) | set(phase.personas_end or ())
    pools = {group: held for group, held in pools.items() if not wanted or group[0] in wanted}
    if not pools or wanted - {voice for voice, _ in pools}:
        raise ProjectError(
            f"the mix has no rows for the phase '{phase.name}'"
            + (f" in the voice '{min(wanted - {v for v, _ in pools})}'" if pools else ""),
            where=f"training recipe {recipe.name}: phases",
            fix="see the phases and personas in the card of the mix",
        )
    sizes = {group: sum(map(len, held)) for group, held in pools.items()}
    order = partial(_ordered, recipe.seed, phase)
    queues = {group: order(held) for group, held in sorted(pools.items())}
    had, due = dict.fromkeys(queues, 0.0), dict.fromkeys(queues, 0.0)
    drawn: list[Document] = []
    spent = 0
    while spent < tokens:
        shares = targets(phase, sizes, min(1.0, spent / tokens))
        behind = max(queues, key=lambda group: (due[group] - had[group], shares[group], group))
        document = next(queues[behind])
        drawn.append(document)
        had[behind] += len(document)
        spent += len(document)
        for group, share in shares.items():
            due[group] += share * len(document)
    return drawn


def _ordered(seed: int, phase: Phase, held: Sequence[Document]) -> Iterator[Document]:
    epoch = 0
    while True:
        ranked = sorted(held, key=lambda d: _rank(f"{seed}\n{phase.name}\n{epoch}\n{d.row}\n{d.persona}\n{d.piece}"))
        yield from sorted(ranked, key=len) if phase.order == "short_first" else ranked
        epoch += 1


def _packed(drawn: Sequence[Document], max_tokens: int, salt: str) -> list[Bin]:
    """Bins of documents in their order: filled window by window, so that a late document never comes early."""
    bins: list[Bin] = []
    window: list[Document] = []
    inside: set[int] = set()
    room = _WINDOW * max_tokens
    for document in drawn:
        if window and (room < len(document) or id(document) in inside):
            bins += pack(window, max_tokens, int.from_bytes(_rank(salt)[:4]), len(bins))
            window, inside, room = [], set(), _WINDOW * max_tokens
        window.append(document)
        inside.add(id(document))
        room -= len(document)
    return bins + (pack(window, max_tokens, int.from_bytes(_rank(salt)[:4]), len(bins)) if window else [])


def _rank(what: str) -> bytes:
    return hashlib.blake2b(what.encode(), digest_size=8).digest()


def steps(recipe: TrainRecipe, total: int) -> int:
    """Optimiser steps over so many bins; only the very last may have fewer than the others.

    Raises:
        ProjectError: the warmup is as long as the run.
    """
    count = math.ceil(total / recipe.bins_per_step)
    if recipe.optim.warmup_steps >= count:
        raise ProjectError(
            f"the warmup of {recipe.optim.warmup_steps} steps is as long as the run of {count}",
            where="training recipe: optim.warmup_steps",
            fix="shorten the warmup or train longer",
        )
    return count
