"""How far a head agrees with labels it has not learned from, and whether its probabilities mean what they say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curation.train.labels import Answers, Asked

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_BINS = 10
_RESAMPLES = 500
_SURE = 0.95


class Marks(NamedTuple):
    """Macro-F1 over the labels that occur, calibration error (ECE over ten bins), and rows with a label."""

    f1: float
    ece: float
    rows: int


def marks(asked: Asked, probabilities: Floats, answers: Answers) -> Marks:
    """The marks of a head.

    Args:
        asked: what it is asked.
        probabilities: [rows, outputs]: of each yes, of each name, or of each step up.
        answers: what is right.
    """
    rows = int((~np.isnan(answers)).any(axis=1).sum())
    f1 = float(_f1(asked, probabilities, answers, np.ones((1, len(answers))))[0])
    return Marks(f1, _ece(asked, probabilities, answers), rows)


def wins(asked: Asked, challenger: Floats, champion: Floats, answers: Answers, seed: int) -> bool:
    """Whether one head's macro-F1 is above another's in at least 95 of 100 resamples of the rows: not by chance."""
    draw = np.random.default_rng(seed)
    known = len(answers)
    weights = draw.multinomial(known, np.full(known, 1 / known), _RESAMPLES).astype(np.float64)
    gained = _f1(asked, challenger, answers, weights) > _f1(asked, champion, answers, weights)
    return bool(gained.mean() >= _SURE)


def _f1(asked: Asked, probabilities: Floats, answers: Answers, weights: Floats) -> Floats:
    """Macro-F1 under each of several weightings of the rows, [weightings]."""
    said, right, known = _classes(asked, probabilities, answers)
    hit, false, missed = (weights @ (flags & known) for flags in (said & right, said & ~right, ~said & right))
    whole = 2 * hit + false + missed
    occurs = (right & known).any(axis=0)
    each = np.divide(2 * hit, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.asarray(each[:, occurs].mean(axis=1) if occurs.any() else np.zeros(len(weights)))


def _classes(asked: Asked, probabilities: Floats, answers: Answers) -> tuple[Flags, Flags, Flags]:
    """What a head says, what is right, and where that is known: [rows, classes]."""
    if asked.kind == "several":
        return probabilities >= 0.5, answers >= 0.5, ~np.isnan(answers)
    if asked.kind == "one":
        names = np.arange(len(asked.names))
        known = np.broadcast_to(~np.isnan(answers), probabilities.shape)
        return probabilities.argmax(axis=1)[:, None] == names, answers == names, known
    parts = []
    start = 0
    for question, highest in enumerate(asked.levels):
        level = (probabilities[:, start : start + highest] >= 0.5).sum(axis=1)[:, None]
        answer, names = answers[:, question : question + 1], np.arange(highest + 1)
        parts.append((level == names, answer == names, np.broadcast_to(~np.isnan(answer), (len(answer), highest + 1))))
        start += highest
    said, right, known = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
    return said, right, known


def _ece(asked: Asked, probabilities: Floats, answers: Answers) -> float:
    if asked.kind == "one":
        known = ~np.isnan(answers[:, 0])
        sure = probabilities[known].max(axis=1)
        true = (probabilities[known].argmax(axis=1) == answers[known, 0]).astype(np.float64)
    else:
        wanted = steps(asked, answers)
        known = ~np.isnan(wanted)
        sure, true = probabilities[known], wanted[known]
    if not len(sure):
        return float("nan")
    place = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)
    off = np.abs(np.bincount(place, sure, _BINS) - np.bincount(place, true, _BINS))
    return float(off.sum() / len(sure))


def steps(asked: Asked, answers: Answers) -> Floats:
    """The answers as yes or no for each output; of levels: is it above this step? [rows, outputs], NaN as there."""
    if asked.kind != "ordinal":
        return answers.astype(np.float64)
    parts = [
        np.where(np.isnan(answer), np.nan, answer > np.arange(highest))
        for answer, highest in zip(np.split(answers, len(asked.levels), axis=1), asked.levels, strict=True)
    ]
    return np.concatenate(parts, axis=1).astype(np.float64)
