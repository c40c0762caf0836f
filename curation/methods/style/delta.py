"""Burrows's Delta with a cosine: how much the small words of a text are those that somebody says often.

Each window of words becomes the frequencies of `VOCABULARY`, and each frequency how far it is from what is usual, in
standard deviations (J. Burrows, 2002). A person is the mean of their windows; the likeness of a text is the cosine to
it (P. Smith and W. Aldridge, 2011). Whatever is not in the vocabulary, so every word that tells of a topic, counts for
a window's length and for nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from curation.methods.style.words import VOCABULARY

Floats = npt.NDArray[np.float64]

_PLACE = {word: place for place, word in enumerate(VOCABULARY)}
_PAIRED = frozenset(word.partition(" ")[0] for word in VOCABULARY if " " in word)
_MOST = 3.0
"""Standard deviations beyond which a habit counts no more: one rare word must not decide about a short text."""


def frequencies(words: Sequence[str]) -> Floats:
    """How often each word of the vocabulary is said, per word; a square root draws rare and frequent ones together."""
    counts = np.zeros(len(VOCABULARY))
    before = ""
    for word in words:
        if (place := _PLACE.get(word)) is not None:
            counts[place] += 1
        if before in _PAIRED and (place := _PLACE.get(f"{before} {word}")) is not None:
            counts[place] += 1
        before = word
    return np.sqrt(counts / max(len(words), 1))


def cut(words: Sequence[str], length: int) -> list[Sequence[str]]:
    """Equal windows of at least `length` words, all words used; none of a shorter text."""
    count = len(words) // length
    bounds = [len(words) * i // count for i in range(count + 1)] if count else [0]
    return [words[start:end] for start, end in pairwise(bounds)]


@dataclass(frozen=True, eq=False)
class Delta:
    """What is usual, and how one person is different.

    Attributes:
        mean: frequency of each word of the vocabulary that is usual.
        spread: its standard deviation; 0 for a word that nobody says.
        centroid: of the person, of length 1.
    """

    mean: Floats
    spread: Floats
    centroid: Floats

    @classmethod
    def of(cls, own: Floats, own_weight: Floats, others: Floats, others_weight: Floats) -> Delta:
        """Learn from windows of the person and of others, each with weights that add up to 1."""
        every = np.concatenate([own, others])
        weight = np.concatenate([own_weight, others_weight]) / 2
        mean = weight @ every
        spread = np.sqrt(np.maximum(weight @ (every - mean) ** 2, 0))
        made = cls(mean, spread, np.zeros(len(mean)))
        centroid = own_weight @ made.scaled(own)
        return cls(mean, spread, centroid / (np.linalg.norm(centroid) or 1.0))

    def scaled(self, windows: Floats) -> Floats:
        """Windows in standard deviations from what is usual."""
        safe = np.where(self.spread > 0, self.spread, 1.0)
        return np.where(self.spread > 0, np.clip((windows - self.mean) / safe, -_MOST, _MOST), 0.0)

    def similarities(self, windows: Floats) -> Floats:
        """The cosine of each window to the person, from -1 to 1."""
        scaled = self.scaled(windows)
        return np.array([self._cosine(row) for row in scaled])

    def similarity(self, windows: Iterable[Sequence[str]]) -> float:
        """The mean over the windows of one text: it rounds the same wherever the text stands."""
        return math.fsum(found := [self._cosine(self.scaled(frequencies(w))) for w in windows]) / len(found)

    def _cosine(self, row: Floats) -> float:
        return float(row @ self.centroid) / (math.sqrt(float(row @ row)) or 1.0)
