"""How far two sets of similarities are apart: the area under the curve, with an interval that is honest about clusters.

Windows of one recording, or of one other person, are no independent witnesses. So the interval comes from drawing
recordings and people again, not windows (the bootstrap of clusters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POINTS = 101
BINS = 20
_DRAWS = 2000
_FEW = 5


@dataclass(frozen=True, eq=False)
class Side:
    """Similarities of one side's windows, the unit each comes from, and how it became text."""

    scores: Floats
    units: tuple[str, ...]
    kinds: tuple[str, ...]

    @classmethod
    def joined(cls, parts: Sequence[Side]) -> Side:
        """Several as one."""
        return cls(
            np.concatenate([part.scores for part in parts]),
            tuple(unit for part in parts for unit in part.units),
            tuple(kind for part in parts for kind in part.kinds),
        )


@dataclass(frozen=True)
class Spread:
    """The similarities of one side: how many, of how many units, and their hundred and one percentiles."""

    windows: int
    units: int
    percentiles: tuple[float, ...]

    @classmethod
    def of(cls, side: Side) -> Spread:
        """Of a side."""
        found = np.percentile(side.scores, np.linspace(0, 100, POINTS))
        return cls(len(side.scores), len(set(side.units)), tuple(round(float(x), 6) for x in found))

    def below(self, score: float) -> float:
        """The share of the windows that score less; a tie counts half."""
        grid = np.array(self.percentiles)
        low, high = np.searchsorted(grid, score, "left"), np.searchsorted(grid, score, "right")
        if low < high:
            return float(low + high - 1) / 2 / (POINTS - 1)
        if low in (0, POINTS):
            return 0.0 if low == 0 else 1.0
        left, right = grid[low - 1], grid[low]
        return float(low - 1 + (score - left) / (right - left)) / (POINTS - 1)

    def histogram(self, low: float, high: float) -> tuple[float, ...]:
        """The share of the windows in each of `BINS` equal pieces of a range."""
        edges = [self.below(low + (high - low) * i / BINS) for i in range(1, BINS)]
        every = [0.0, *edges, 1.0]
        return tuple(b - a for a, b in pairwise(every))


@dataclass(frozen=True)
class Separation:
    """How far the person's windows and others' are apart.

    Attributes:
        auc: the chance that a window of the person's is more like them than one of somebody else's.
        low: lower end of the interval of 95 %.
        high: upper end of it.
        same_kind: the same chance among windows that became text in the same way; None where there are none.
        own: the person's windows.
        others: others' windows.
    """

    auc: float
    low: float
    high: float
    same_kind: float | None
    own: Spread
    others: Spread

    def limits(self) -> tuple[str, ...]:
        """What this number cannot show."""
        found = []
        if self.own.units < _FEW:
            found.append("few_recordings")
        if self.others.units < _FEW:
            found.append("few_others")
        if self.same_kind is None:
            found.append("no_others_of_the_same_kind")
        return tuple(found)


LIMITS = {
    "few_recordings": "the person was heard in fewer than five recordings: the number may tell a day, not a person",
    "few_others": "fewer than five other people: the number tells the person from these, not from anybody",
    "no_others_of_the_same_kind": "nobody else's words became text in the same way: the number may tell speech from "
    "writing, or one captioner from another",
}


def measure(own: Side, others: Side) -> Separation:
    """The area under the curve and its interval; the same windows give the same numbers."""
    wins, mine, theirs = _wins(own, others)
    count = np.outer(mine, theirs)
    auc = wins.sum() / count.sum()
    deal = np.random.default_rng(20)
    drawn_mine = deal.multinomial(len(mine), np.full(len(mine), 1 / len(mine)), _DRAWS).astype(float)
    drawn_theirs = deal.multinomial(len(theirs), np.full(len(theirs), 1 / len(theirs)), _DRAWS).astype(float)
    above = np.einsum("di,ij,dj->d", drawn_mine, wins, drawn_theirs, optimize=True)
    whole = np.einsum("di,ij,dj->d", drawn_mine, count, drawn_theirs, optimize=True)
    low, high = np.percentile(above / whole, [2.5, 97.5])
    return Separation(
        round(float(auc), 6), round(float(low), 6), round(float(high), 6), _same_kind(own, others),
        Spread.of(own), Spread.of(others),
    )  # fmt: skip


def auc(own: Floats, others: Floats) -> float:
    """The chance that one of `own` is greater than one of `others`; a tie counts half."""
    return float(_ranks(own, others).mean())


def _ranks(own: Floats, others: Floats) -> Floats:
    ordered = np.sort(others)
    found = np.searchsorted(ordered, own, "left") + np.searchsorted(ordered, own, "right")
    return np.asarray(found / 2 / len(others), np.float64)


def _wins(own: Side, others: Side) -> tuple[Floats, Floats, Floats]:
    """For each pair of units how many pairs of windows the person wins, and how many windows each unit has."""
    names = sorted(set(others.units))
    mine, place = np.unique(np.array(own.units), return_inverse=True)
    unit = np.array(others.units)
    columns = []
    for name in names:
        theirs = others.scores[unit == name]
        columns.append(np.bincount(place, _ranks(own.scores, theirs) * len(theirs), len(mine)))
    sizes = np.array([np.sum(unit == name) for name in names], np.float64)
    return np.stack(columns, axis=1), np.bincount(place, minlength=len(mine)).astype(np.float64), sizes


def _same_kind(own: Side, others: Side) -> float | None:
    mine, theirs = np.array(own.kinds), np.array(others.kinds)
    shared = [
        kind for kind in sorted(set(own.kinds)) if (mine == kind).sum() >= _FEW and (theirs == kind).sum() >= _FEW
    ]
    if not shared:
        return None
    found = [auc(own.scores[mine == kind], others.scores[theirs == kind]) for kind in shared]
    return round(float(np.mean(found)), 6)
