"""Krippendorff's alpha: how far people agree beyond what chance gives, with an interval.

K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011: 1 - observed / expected disagreement over values
that can be paired. Sets of labels are compared with MASI (R. Passonneau, LREC 2006): 1 - Jaccard x monotonicity.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000
SEED = 20_11

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How far people agree.

    Attributes:
        alpha: 1 all the way, 0 as by chance, below 0 worse; None where no two answered the same record.
        low, high: 95 % of the alphas of as many records drawn with replacement lie between.
        records: answered by two or more.
        answers: to those.
    """

    alpha: float | None
    low: float | None
    high: float | None
    records: int
    answers: int


def nominal(a: Any, b: Any) -> float:
    """Distance of two categories."""
    return float(a != b)


def interval(a: float, b: float) -> float:
    """Distance of two numbers."""
    return float((a - b) ** 2)


def masi(a: frozenset[Any], b: frozenset[Any]) -> float:
    """Distance of two sets."""
    if a == b:
        return 0.0
    both = a & b
    monotone = 2 / 3 if a <= b or b <= a else 1 / 3
    return 1.0 - (len(both) / len(a | b)) * monotone if both else 1.0


DISTANCES: Mapping[str, Callable[[Any, Any], float]] = {"nominal": nominal, "interval": interval, "masi": masi}


def alpha(units: Sequence[Sequence[Any]], measure: str, *, resamples: int = 0) -> Agreement:
    """The agreement on records.

    Args:
        units: for each record the values that people gave; those with fewer than two count for nothing.
        measure: nominal, interval or masi; for masi values are lists of labels.
        resamples: of the bootstrap over records; 0: no interval.
    """
    prepared = [[frozenset(v) if measure == "masi" else v for v in unit] for unit in units if len(unit) > 1]
    if not prepared:
        return Agreement(None, None, None, 0, 0)
    counts, distances = _counts(prepared, DISTANCES[measure])
    sizes = counts.sum(axis=1)
    # Each ordered pair of a record's values, weighed by one less than their number.
    observed = np.einsum("ui,ij,uj->u", counts, distances, counts) / (sizes - 1)
    weights = np.ones((1, len(prepared)))
    found = float(_alpha(weights, counts, sizes, observed, distances)[0])
    low = high = None
    if resamples:
        drawn = np.random.default_rng(SEED).multinomial(
            len(prepared), np.full(len(prepared), 1 / len(prepared)), resamples
        )
        spread = _alpha(drawn.astype(np.float64), counts, sizes, observed, distances)
        low, high = (float(q) for q in np.quantile(spread, (0.025, 0.975)))
    return Agreement(found, low, high, len(prepared), int(sizes.sum()))


def _counts(units: Sequence[Sequence[Hashable]], distance: Callable[[Any, Any], float]) -> tuple[Floats, Floats]:
    """How often each record has each value (units, values), and the distances of values (values, values)."""
    places: dict[Hashable, int] = {}
    for unit in units:
        for value in unit:
            places.setdefault(value, len(places))
    counts = np.zeros((len(units), len(places)))
    for row, unit in enumerate(units):
        for value in unit:
            counts[row, places[value]] += 1
    known = list(places)
    return counts, np.array([[distance(a, b) for b in known] for a in known], np.float64)


def _alpha(weights: Floats, counts: Floats, sizes: Floats, observed: Floats, distances: Floats) -> Floats:
    """Alpha for each row of weights, how often each record is drawn; 1 where all values are the same."""
    pooled, n = weights @ counts, weights @ sizes
    do = (weights @ observed) / n
    de = np.einsum("bi,ij,bj->b", pooled, distances, pooled) / (n * (n - 1))
    return np.where(de > 0, 1 - do / np.where(de > 0, de, 1), 1.0)
