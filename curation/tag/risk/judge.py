"""What is left of a screen's findings once the model has read the same words, and what it adds to them.

Patterns foresee phrasings and say why; the model knows none and only says how much a text is like those that somebody
had to see. So what either finds counts, but for findings that are no certain ones in words which the model takes for
harmless. Long texts are read in pieces, for it learned from texts of a few sentences.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.hold import HOLD_AT
from curation.tag import evidence
from curation.tag.risk import context
from curation.tag.risk import model as risk_model
from curation.tag.risk.find import Finding
from curation.tag.risk.model import HEADS, Floats, RiskModel
from curation.tag.risk.rules import FLAGS, rules

Threshold = Literal["recall-first", "balanced", "patterns"]

MODEL = "model"
"""The rule of a finding that only the model made, and what lowered one that it took back."""

PIECE = 300
"""Characters that are read at once; a piece ends with a sentence."""
MANY = (2, 4, 8)
"""Who says so many pieces in one record says what matters more than once, and more of it can sound like danger: from
each of these numbers on, more is asked of a piece."""


@dataclass(frozen=True)
class Bars:
    """What is asked of a piece, as the share of dangerous texts that reach it out of fold; for one, and from `MANY` on.

    Attributes:
        held: a piece with so high a score is.
        doubt: in one with a lower score, findings that are not certain do not count.
    """

    held: tuple[str, str, str, str]
    doubt: tuple[str, str, str, str]


BARS = {
    "recall-first": Bars(("0.97", "0.90", "0.80", "0.75"), ("0.99", "0.97", "0.95", "0.80")),
    "balanced": Bars(("0.85", "0.75", "0.50", "0.30"), ("0.98", "0.95", "0.80", "0.50")),
}


@dataclass
class _Piece:
    """A stretch of a text: which, where, what stands there, and how much is asked of it."""

    text: int
    start: int
    end: int
    words: str
    found: list[Finding]
    many: int


def judge(
    texts: pa.StringArray,
    found: Sequence[Sequence[Finding]],
    asked: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.int64],
    threshold: Threshold,
    stated: npt.NDArray[np.bool_],
) -> list[list[Finding]]:
    """The findings of the patterns and the model together, by place.

    Args:
        texts: as they were written.
        found: what the patterns found in each.
        asked: which of them the model reads: what was said by those who answer discloses nothing.
        rows: the record of each.
        threshold: how sure the model has to be.
        stated: of which of them the source states the risk: whoever judged them knew more than a model that was made
            for texts of which half are dangerous, so of these it has to be as sure as for "balanced".
    """
    if threshold == "patterns" or not asked.any():
        return [list(one) for one in found]
    model = risk_model.shipped()
    pieces = list(_pieces(texts, found, asked, rows))
    words = pa.array([piece.words for piece in pieces], pa.string())
    signal = risk_model.signals([piece.found for piece in pieces])
    first = model.score(words, signal, 1)[:, 0]
    many = np.array([piece.many for piece in pieces], np.int64)
    sure = stated[[piece.text for piece in pieces]].astype(np.int64)
    bars = (BARS[threshold], BARS["balanced"])
    doubted = first < np.array([[model.bars[share] for share in one.doubt] for one in bars])[sure, many]
    raised = np.flatnonzero(first >= np.array([[model.bars[share] for share in one.held] for one in bars])[sure, many])
    scores = model.score(words.take(pa.array(raised)), signal[raised])
    made: list[list[Finding]] = [[] if x else list(one) for x, one in zip(asked, found, strict=True)]
    for piece, doubt in zip(pieces, doubted.tolist(), strict=True):
        made[piece.text] += [_doubted(one) for one in piece.found] if doubt else piece.found
    grown = [
        (pieces[number], score, level)
        for number, score in zip(raised.tolist(), scores, strict=True)
        if (level := _level(model, score)) > max((one.level for one in pieces[number].found), default=0)
    ]
    for (piece, score, level), (start, end) in zip(grown, _words(model, [x for x, _, _ in grown]), strict=True):
        made[piece.text] += [Finding(start, end, MODEL, flag, level, "") for flag in _flags(model, score)]
    return [sorted(one, key=lambda x: (x.start, x.end, x.rule, x.flag)) for one in made]


def _pieces(
    texts: pa.StringArray, found: Sequence[Sequence[Finding]], asked: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]
) -> Iterator[_Piece]:
    made: list[_Piece] = []
    said: dict[int, int] = {}
    for number in np.flatnonzero(asked).tolist():
        text = texts[number].as_py()
        if not text or not text.strip():
            continue
        left = list(found[number])
        cuts = _cuts(text)
        for end, start in zip(cuts[1:], cuts, strict=False):
            # A finding may run over the end of a piece: it belongs to the one it starts in.
            inside = [one for one in left if start <= one.start < end]
            made.append(_Piece(number, start, end, text[start:end], inside, 0))
        said[int(rows[number])] = said.get(int(rows[number]), 0) + len(cuts) - 1
    for piece in made:
        piece.many = sum(said[int(rows[piece.text])] >= number for number in MANY)
        yield piece


def _cuts(text: str) -> list[int]:
    """Where the pieces of a text start, and its end."""
    cuts = [0]
    if len(text) > PIECE:
        for start, end in context.sentences(text):
            while end - cuts[-1] > PIECE:
                # A sentence that is too long for what the piece still takes opens one; one too long for any is cut.
                cuts.append(start if start > cuts[-1] else cuts[-1] + PIECE)
    return [*cuts, len(text)]


@functools.cache
def _firm() -> frozenset[str]:
    return frozenset(rule.id for rule in rules() if rule.firm)


def _doubted(one: Finding) -> Finding:
    return replace(one, level=1, lowered=MODEL) if one.level >= HOLD_AT and one.rule not in _firm() else one


def _level(model: RiskModel, score: Floats) -> int:
    """2, or as high as the model is sure step by step."""
    level = HOLD_AT
    while level < 5 and score[HEADS.index(str(level + 1))] >= model.given[HEADS.index(str(level + 1))]:
        level += 1
    return level


def _flags(model: RiskModel, score: Floats) -> list[str]:
    """What it is about: the flags the model gives, or the likeliest of those that name a danger."""
    first = HEADS.index(FLAGS[0])
    over = dict(zip(FLAGS, (score - model.given)[first:].tolist(), strict=True))
    given = [flag for flag in FLAGS if over[flag] >= 0]
    dangers = [flag for flag in FLAGS if flag != "minor"]
    return given if set(given) - {"minor"} else [max(dangers, key=lambda flag: over[flag]), *given]


def _words(model: RiskModel, pieces: Sequence[_Piece]) -> list[tuple[int, int]]:
    """For each piece the words without which its score falls most, else all of it."""

    def score(texts: list[str]) -> npt.NDArray[np.float32]:
        nothing = np.zeros((len(texts), len(risk_model.SIGNALS)))
        return model.score(pa.array(texts, pa.string()), nothing, 1, ("words", "classes")).astype(np.float32)

    words = [piece.words for piece in pieces]
    spans = evidence.find(words, score(words), np.ones((len(pieces), 1), np.bool_), score, 1)
    return [
        (p.start + one[0].start, p.start + one[0].end) if one else (p.start, p.end)
        for p, one in zip(pieces, spans, strict=True)
    ]
