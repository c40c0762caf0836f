"""`curate train plan`: what a run would be, told before a GPU is touched; what will not fit is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from curation.core.errors import ProjectError
from curation.core.models import text_config
from curation.train import labels
from curation.train.encode import Counts, Document
from curation.train.estimate import Need, fitting, need
from curation.train.material import encode
from curation.train.recipe import TrainRecipe
from curation.train.schedule import schedule, steps


@dataclass(frozen=True)
class Stretch:
    """A phase as it will be.

    Attributes:
        name: the phase; empty where the recipe has none.
        share: of the run's tokens, as asked for.
        realised: of the run's tokens, as it comes out.
        rows: different rows.
        tokens: all tokens.
        repeats: how often a row comes, on average.
        personas: the share of each voice, by tokens.
    """

    name: str
    share: float
    realised: float
    rows: int
    tokens: int
    repeats: float
    personas: dict[str, float]


@dataclass(frozen=True)
class Plan:
    """A run as it will be. `fill` is the share of the bins that is no gap; hours are at the rate that was assumed."""

    counts: Counts
    stretches: tuple[Stretch, ...]
    bins: int
    steps: int
    tokens: int
    trained_tokens: int
    fill: float
    need: Need
    hours: float


def plan(recipe: TrainRecipe, export: Path, teraflops: float, memory: float | None) -> Plan:
    """Plan a run.

    Args:
        recipe: the run, with its base where it lies.
        export: the mix.
        teraflops: what the GPU is taken to do in a second.
        memory: bytes of the GPU; None refuses nothing.

    Raises:
        ProjectError: the run will not fit; the mend names the settings that do.
        CurateError: whatever is wrong with the export, the base or the recipe.
    """
    material = encode(recipe, export)
    labels.ask(material.export, recipe.heads, recipe.name)
    planned = schedule(recipe, material.documents, material.about)
    count = steps(recipe, planned.total)
    held = [(number, d) for number, b in zip(range(planned.total), planned.bins(0), strict=False) for d in b]
    tokens = sum(len(document) for _, document in held)
    trained = sum(sum(document.trained) for _, document in held)
    asked = {phase.name: phase.share for phase in recipe.phases} or {"": 1.0}
    edges = [*planned.begins.values(), planned.total]
    stretches = tuple(
        _stretch(name, asked[name], [d for number, d in held if start <= number < end], tokens)
        for name, (start, end) in zip(planned.begins, pairwise(edges), strict=True)
    )
    config = text_config(material.base)
    wanted = need(recipe, config, trained / tokens)
    if memory is not None and wanted.memory > memory:
        raise ProjectError(
            f"the run needs {wanted.memory / 1e9:.0f} GB, and the GPU has {memory / 1e9:.0f}",
            where=f"training recipe {recipe.name}",
            fix=fitting(recipe, config, trained / tokens, memory),
        )
    return Plan(
        counts=material.counts,
        stretches=stretches,
        bins=planned.total,
        steps=count,
        tokens=tokens,
        trained_tokens=trained,
        fill=tokens / (planned.total * recipe.max_tokens),
        need=wanted,
        hours=tokens * wanted.flops / (teraflops * 1e12) / 3600,
    )


def _stretch(name: str, share: float, held: Sequence[Document], whole: int) -> Stretch:
    tokens = sum(map(len, held))
    different = {(document.row, document.persona, document.piece) for document in held}
    voices: dict[str, int] = {}
    for document in held:
        voices[document.persona] = voices.get(document.persona, 0) + len(document)
    return Stretch(
        name=name,
        share=share,
        realised=tokens / whole,
        rows=len({document.row for document in held}),
        tokens=tokens,
        repeats=len(held) / len(different),
        personas={voice: count / tokens for voice, count in sorted(voices.items())},
    )
