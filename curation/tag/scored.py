"""What a tagger says of texts, whichever model it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """Probabilities of texts.

    Attributes:
        probabilities: float32 (n, labels); NaN in a whole row where nothing can be said, in a column for a label that
            the model does not have.
        windows: int64 (n,), into how many windows the text was cut to be read; 0 where the model knows nothing of it.
        failed: bool (n,), where the model gave something that is no number.
        cut: bool (n,), where the end of the text was not read.
    """

    probabilities: Floats
    windows: npt.NDArray[np.int64]
    failed: npt.NDArray[np.bool_]
    cut: npt.NDArray[np.bool_]


class Tagger(Protocol):
    """A loaded model that gives texts the probabilities of the 28 labels of GoEmotions.

    Attributes:
        name: of the model with a digest of its content, never a path.
        quality: what its scores are worth, for people to read.
        languages: those it was made for; None where it does not say.
        labels: the 28 labels, in the order of `core` taxonomies.
        thresholds: float32 (28,), the probability from which a label counts as given.
        most_neutral: p(neutral) of the most neutral texts (99th percentile on dev).
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def quality(self) -> str: ...  # noqa: D102
    @property
    def languages(self) -> tuple[str, ...] | None: ...  # noqa: D102
    @property
    def labels(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def thresholds(self) -> Floats: ...  # noqa: D102
    @property
    def most_neutral(self) -> float: ...  # noqa: D102

    def score(self, texts: pa.StringArray) -> Scored:
        """Score texts, none of them null; a text's scores do not depend on the others."""
        ...


def over_windows(found: Floats, owner: npt.NDArray[np.int64], texts: int, labels: Sequence[str]) -> Scored:
    """Texts' probabilities from those of their windows: a long turn expresses what any of its windows does.

    So a label's is the largest over the windows, that of `neutral` the smallest.

    Args:
        found: float32 (windows, labels); NaN in a whole column for a label the model does not have.
        owner: int64 (windows,), the text of each window, ascending.
        texts: how many there are.
        labels: names of the columns.
    """
    known = np.ones(len(labels), bool) if not len(found) else ~np.isnan(found).all(axis=0)
    made = np.full((texts, len(labels)), np.nan, np.float32)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(starts):
        made[owner[starts]] = np.maximum.reduceat(found, starts, axis=0)
        neutral = labels.index("neutral") if "neutral" in labels else None
        if neutral is not None:
            made[owner[starts], neutral] = np.minimum.reduceat(found[:, neutral], starts)
    windows = np.bincount(owner, minlength=texts).astype(np.int64)
    failed = (windows > 0) & np.isnan(made[:, known]).any(axis=1)
    made[failed] = np.nan
    return Scored(made, windows, failed, np.zeros(texts, bool))
