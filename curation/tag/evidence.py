"""Why a turn has its labels: the words without which a label's probability falls most (occlusion).

M. Zeiler and R. Fergus 2014, on pieces of a text: clauses, or words where there is one clause only. A piece that is
still long is looked into once more. It costs about eight more scores for each turn that has an emotion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Score = Callable[[list[str]], Floats]
Span = tuple[int, int]

PIECES = 8
READ = 2000
"""Characters looked at: of a longer turn, the stretch of so many that speaks most for the label."""
SHORT = 60
"""A piece of more characters is looked into once more."""

_CLAUSE = re.compile(r"[^.!?;:,\n…—]*[.!?;:,\n…—]*\s*")
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Evidence:
    """A stretch of a turn that speaks for a label.

    Attributes:
        label: number of the label.
        start: first character, in code points.
        end: the character after the last.
        drop: by how much the label's probability falls when the stretch is left out.
    """

    label: int
    start: int
    end: int
    drop: float


@dataclass
class _Search:
    """One label of one text: the stretch that is read, and the best piece of it so far."""

    text: int
    label: int
    read: Span
    sure: float
    best: Span
    drop: float = 0.0


def find(texts: Sequence[str], probabilities: Floats, given: Flags, score: Score, most: int) -> list[list[Evidence]]:
    """For each text the spans that speak most for its labels, at most `most`, the strongest first.

    Args:
        texts: n distinct texts.
        probabilities: float32 (n, labels), their scores.
        given: bool (n, labels), the labels to explain.
        score: from texts to probabilities (texts, labels), NaN where nothing can be said.
        most: spans a text at most.
    """
    searches = [
        _Search(i, j, (0, len(texts[i])), float(probabilities[i, j]), (0, len(texts[i])))
        for i, j in np.argwhere(given).tolist()
    ]
    _choose_stretches(texts, searches, score)
    for _ in range(2):
        _occlude(texts, [s for s in searches if s.best[1] - s.best[0] > SHORT or s.best == s.read], score)
    found: list[list[Evidence]] = [[] for _ in texts]
    for search in searches:
        start, end = _trim(texts[search.text], search.best)
        if search.drop > 0 and end > start:
            found[search.text].append(Evidence(search.label, start, end, search.drop))
    return [sorted(spans, key=lambda s: (-s.drop, s.label))[:most] for spans in found]


def _choose_stretches(texts: Sequence[str], searches: list[_Search], score: Score) -> None:
    """Of long texts, read the stretch that by itself speaks most for the label."""
    stretches = {s.text: _cut(texts[s.text], s.read, _WORD, -(-len(texts[s.text]) // READ))
                 for s in searches if len(texts[s.text]) > READ}  # fmt: skip
    asked = [(i, span) for i, spans in stretches.items() for span in spans]
    scores = np.nan_to_num(score([texts[i][a:b] for i, (a, b) in asked])) if asked else np.zeros((0, 0))
    rows: dict[int, list[int]] = {}
    for row, (i, _) in enumerate(asked):
        rows.setdefault(i, []).append(row)
    for search in searches:
        if search.text in rows:
            best = max(rows[search.text], key=lambda row: (scores[row, search.label], -row))
            search.read = search.best = asked[best][1]
            search.sure = float(scores[best, search.label])


def _occlude(texts: Sequence[str], searches: list[_Search], score: Score) -> None:
    """Narrow each search to the piece of its best span that matters most."""
    asked: dict[tuple[int, Span, Span], int] = {}
    pieces: list[list[Span]] = []
    for search in searches:
        cut = _pieces(texts[search.text], search.best)
        pieces.append(cut if len(cut) > 1 else [search.best])
        for piece in pieces[-1]:
            asked.setdefault((search.text, search.read, piece), len(asked))
    if not asked:
        return
    # Labels of one turn share their variants. A text without its only word has no score: nothing speaks for the label.
    scores = np.nan_to_num(score([texts[i][a:p] + texts[i][q:b] for i, (a, b), (p, q) in asked]))
    for search, cut in zip(searches, pieces, strict=True):
        drops = [search.sure - float(scores[asked[search.text, search.read, piece], search.label]) for piece in cut]
        best = max(range(len(cut)), key=lambda place: (drops[place], -place))
        if drops[best] > 0:
            search.best, search.drop = cut[best], drops[best]


def _pieces(text: str, span: Span) -> list[Span]:
    clauses = _cut(text, span, _CLAUSE, PIECES)
    return clauses if len(clauses) > 1 else _cut(text, span, _WORD, PIECES)


def _cut(text: str, span: Span, unit: re.Pattern[str], most: int) -> list[Span]:
    """A span in at most so many pieces of whole units, about equally many units each."""
    units = [m.span() for m in unit.finditer(text, *span) if m.end() > m.start()]
    groups = np.array_split(np.arange(len(units)), min(most, len(units))) if units else []
    return [(units[group[0]][0], units[group[-1]][1]) for group in groups]


def _trim(text: str, span: Span) -> Span:
    inside = text[span[0] : span[1]]
    return span[0] + len(inside) - len(inside.lstrip()), span[0] + len(inside.rstrip())
