"""From a model's scores to probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CURVE = ("knot", "at_knot", "below", "above")


@dataclass(frozen=True, eq=False)
class Calibration:
    """Platt's sigmoid (J. Platt, 1999) with a knot: the log-odds of a label are a bent line over its score.

    One straight line fits the mass of low scores and is far too sure of the high ones.

    Attributes:
        knot: float64 (28,), the score at which the line bends.
        at_knot: float64 (28,), the log-odds there.
        below: float64 (28,), the slope up to the knot, not negative.
        above: float64 (28,), the slope from the knot on, not negative.
    """

    knot: Floats
    at_knot: Floats
    below: Floats
    above: Floats

    def probability(self, score: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Map scores (n, 28) to probabilities (n, 28); NaN stays NaN."""
        beyond = score - self.knot
        odds = self.at_knot + self.below * np.minimum(beyond, 0) + self.above * np.maximum(beyond, 0)
        with np.errstate(invalid="ignore"):
            return np.exp(-np.logaddexp(0, -odds)).astype(np.float32)
