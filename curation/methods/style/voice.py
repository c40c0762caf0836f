"""A person's voice: learned from what they said beside what others said, and what its number is worth.

The number of a text is read against texts of the same length: windows of the person's and of others' that took no part
in learning. So "0.5" is what this person sounds like on an ordinary day, whatever the length.
"""

from __future__ import annotations

import bisect
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curation.methods.style import tokens
from curation.methods.style.delta import Delta, Floats, cut, frequencies
from curation.methods.style.separation import Separation, Side, measure

LENGTHS = (250, 100, 50)
"""Words of a window. A text is read against the longest that it fills; one that fills none is too short to tell."""

LEAST = 20
"""Windows of either side without which nothing is said about a length."""

_FOLDS = 5
_MOST = 3000
"""Windows of either side that are looked at: more tell nothing new and take their time."""


@dataclass(frozen=True)
class Passage:
    """Something that somebody said.

    Attributes:
        author: who; passages of one author may be read as one text.
        group: recording or conversation: what falls into one fold.
        kind: how it became text, such as manual or auto captions, or `written`.
        text: what was said.
    """

    author: str
    group: str
    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Voice:
    """A learned voice.

    Attributes:
        delta: what is usual and how the person differs, by length of window.
        separation: how far windows of the person and of others are told apart, likewise.
    """

    delta: Mapping[int, Delta]
    separation: Mapping[int, Separation]

    def read(self, text: str) -> Reading | None:
        """How much a text sounds like the person; None where it is too short."""
        words = tokens.plain(tokens.spoken(text))
        length = next((n for n in sorted(self.delta, reverse=True) if len(words) >= n), None)
        if length is None:
            return None
        similarity = self.delta[length].similarity(cut(words, length))
        found = self.separation[length]
        return Reading(len(words), length, similarity, found.own.below(similarity), found.others.below(similarity))


@dataclass(frozen=True)
class Reading:
    """What a voice says of a text.

    Attributes:
        words: of the text, as the measure counts them.
        length: of the windows it was read in.
        similarity: the cosine to the person, from -1 to 1.
        likeness: the share of the person's own windows that are less like them; about 0.5 for their own words.
        others: the share of others' windows that are less like the person.
    """

    words: int
    length: int
    similarity: float
    likeness: float
    others: float


def learn(own: Sequence[Passage], others: Sequence[Passage], lengths: Iterable[int] = LENGTHS) -> Voice:
    """Learn a voice, and measure what it is worth on windows that were held out.

    Neither a recording of the person's nor any of the others is measured by what it helped to learn. Every kind of
    transcript counts the same, so that the voice is not that of the captioner who wrote most; every other person
    counts the same, so that the usual is not one of them.

    Returns:
        The voice, with those lengths of which both sides have at least `LEAST` windows; it may have none.
    """
    deltas: dict[int, Delta] = {}
    found: dict[int, Separation] = {}
    texts = _stretches(own, by_group=True), _stretches(others, by_group=False)
    for length in sorted(lengths, reverse=True):
        mine, theirs = (_windows(each, length) for each in texts)
        if min(len(mine.kinds), len(theirs.kinds)) < LEAST:
            continue
        deltas[length] = _learned(mine, theirs)
        found[length] = _held_out(mine, theirs)
    return Voice(deltas, found)


@dataclass(frozen=True, eq=False)
class _Windows:
    rows: Floats
    units: Sequence[str]
    kinds: Sequence[str]
    fold: np.ndarray[Any, np.dtype[np.int64]]

    def only(self, wanted: np.ndarray[Any, np.dtype[np.bool_]]) -> _Windows:
        chosen = np.flatnonzero(wanted)
        return _Windows(
            self.rows[chosen],
            [self.units[int(i)] for i in chosen],
            [self.kinds[int(i)] for i in chosen],
            self.fold[chosen],
        )


@dataclass(frozen=True)
class _Stretch:
    """Words of one author in one way, with the place at which each unit begins."""

    words: list[str]
    kind: str
    fold: int
    begins: list[tuple[int, str]]

    def unit(self, at: int) -> str:
        """The unit in which a word stands."""
        return self.begins[bisect.bisect_right(self.begins, at, key=lambda begin: begin[0]) - 1][1]


def _stretches(passages: Sequence[Passage], *, by_group: bool) -> list[_Stretch]:
    """What is read as one text: of the person, the recordings of one fold; of others, all that one of them said."""
    units = {p.group if by_group else p.author for p in passages}
    ordered = sorted(units, key=lambda unit: hashlib.sha256(unit.encode()).digest())
    fold = {unit: i % _FOLDS for i, unit in enumerate(ordered)} if len(ordered) >= _FOLDS else {}
    found: dict[tuple[str, str], _Stretch] = {}
    for each in sorted(passages, key=lambda p: (p.author, p.group)):
        unit = each.group if by_group else each.author
        of = str(fold.get(unit, unit)) if by_group else unit
        stretch = found.setdefault((of, each.kind), _Stretch([], each.kind, fold.get(unit, -1), []))
        if not stretch.begins or stretch.begins[-1][1] != unit:
            stretch.begins.append((len(stretch.words), unit))
        stretch.words.extend(tokens.plain(tokens.spoken(each.text)))
    return [stretch for _, stretch in sorted(found.items())]


def _windows(stretches: Sequence[_Stretch], length: int) -> _Windows:
    rows, units, kinds, folds = [], [], [], []
    total = sum(len(s.words) // length for s in stretches)
    place = 0
    for stretch in stretches:
        start = 0
        for window in cut(stretch.words, length):
            # Of very many every so-manieth is taken, the same ones in each run.
            if total <= _MOST or place * _MOST // total != (place + 1) * _MOST // total:
                rows.append(frequencies(window))
                units.append(stretch.unit(start))
                kinds.append(stretch.kind)
                # Of too few recordings a stretch is held out, not a whole one: better than nothing, and it is said.
                folds.append(stretch.fold if stretch.fold >= 0 else place * _FOLDS // total)
            start += len(window)
            place += 1
    return _Windows(np.array(rows), units, kinds, np.array(folds, np.int64))


def _learned(mine: _Windows, theirs: _Windows) -> Delta:
    return Delta.of(mine.rows, _even(mine.kinds), theirs.rows, _even(theirs.units))


def _even(labels: Sequence[str]) -> Floats:
    """A weight for each window, so that every label weighs the same."""
    counts: dict[str, int] = defaultdict(int)
    for label in labels:
        counts[label] += 1
    return np.array([1.0 / counts[label] / len(counts) for label in labels])


def _held_out(mine: _Windows, theirs: _Windows) -> Separation:
    sides: tuple[list[Side], list[Side]] = ([], [])
    for fold in range(_FOLDS):
        kept = [side.only(side.fold != fold) for side in (mine, theirs)]
        if not all(len(side.kinds) for side in kept):
            continue
        delta = _learned(*kept)
        for into, side in zip(sides, (mine, theirs), strict=True):
            out = side.only(side.fold == fold)
            if out.kinds:
                into.append(Side(delta.similarities(out.rows), tuple(out.units), tuple(out.kinds)))
    return measure(*(Side.joined(side) for side in sides))
