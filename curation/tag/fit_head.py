"""Fit a head: multinomial logistic regression over hashed n-grams, measured on what it did not learn from.

Rows of one group stay together in five folds. What is reported is how the answers of each fold, given by a head that
saw the other four, agree with people, beside what always giving the most frequent answer would reach.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import ProjectError, require
from curation.methods.tokens import kernel
from curation.tag.answered import Example
from curation.tag.features import BITS, blocks, weigh
from curation.tag.heads import VERSION, Floats, Kind, softmax

Ints = npt.NDArray[np.int64]

FOLDS = 5
LEAST = 20
"""Examples of a question, and of them `FOLDS` of another answer than the most frequent one."""

_IDF_UNIT = 8  # as in the embedded tagger: the term frequency stays below 127
_PENALTY = 0.3
_STEPS, _MEMORY = 60, 10
_ENOUGH = 1e-5
_TILTS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Measured:
    """How a question is answered in held-out folds.

    Attributes:
        examples: how many there are, by answer.
        macro_f1: mean F1 over the answers that occur.
        majority_f1: the same of always giving the most frequent answer.
        accuracy: the share that is right.
        majority_accuracy: the share that the most frequent answer has.
    """

    examples: Mapping[str, int]
    macro_f1: float
    majority_f1: float
    accuracy: float
    majority_accuracy: float

    def document(self) -> dict[str, Any]:
        """As JSON-ready values, rounded so that two machines say the same."""
        return {n: round(v, 4) if isinstance(v, float) else dict(v) for n, v in vars(self).items()}


@dataclass(frozen=True)
class _Rows:
    """Texts as rows of l2-normalised features: of row i, `bounds[i]` to `bounds[i + 1]`."""

    bounds: Ints
    columns: Ints
    values: Floats
    width: int


@dataclass(frozen=True)
class _Fitted:
    """The model of one question over compact columns; probabilities are softmax(features @ weights + bias)."""

    weights: Floats
    bias: Floats


def fit(kind: Kind, examples: Sequence[Example]) -> tuple[bytes, dict[str, Measured]]:
    """Fit a head and measure it; the same examples in the same order give the same bytes.

    Returns:
        The file, and for each question how it does.

    Raises:
        ProjectError: a question has too few answers, or hardly two different ones.
        MissingError: safetensors is not installed.
    """
    require("tag", "safetensors")
    from safetensors.numpy import save

    texts = pa.array([one.text for one in examples], pa.string())
    rows, idf, kept = _features(texts)
    weights = np.zeros((1 << BITS, kind.columns))
    bias, prior = np.zeros(kind.columns), np.ones(kind.columns)
    measured = {}
    for name, columns in kind.slices().items():
        answers = kind.questions[name]
        chosen = np.array([i for i, one in enumerate(examples) if name in one.answers], np.int64)
        truth = np.array([answers.index(examples[i].answers[name]) for i in chosen], np.int64)
        _check(kind, name, truth)
        fold = np.array([_fold(examples[i].group) for i in chosen], np.int64)
        measured[name], tilt = _measure(rows, chosen, truth, fold, answers)
        fitted = _fit(rows, chosen, truth, len(answers))
        weights[kept, columns], bias[columns] = fitted.weights, fitted.bias
        prior[columns] = _shares(truth, len(answers)) ** tilt
    unit = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
    about = {
        "version": VERSION,
        "questions": {name: list(answers) for name, answers in kind.questions.items()},
        "quality": quality(measured),
        "measured": {name: one.document() for name, one in measured.items()},
    }
    tensors = {"weights": np.rint(weights / unit).astype(np.int8), "idf": idf, "unit": unit, "bias": bias,
               "prior": prior}  # fmt: skip
    return save(tensors, {"head": json.dumps(about, sort_keys=True)}), measured


def quality(measured: Mapping[str, Measured]) -> str:
    """What a head is worth, in one line that every row it tags carries."""
    count = min(sum(one.examples.values()) for one in measured.values())
    mean, majority = (float(np.mean([getattr(m, n) for m in measured.values()])) for n in ("macro_f1", "majority_f1"))
    return f"fitted on {count} answers: macro-F1 {mean:.2f} held out, majority {majority:.2f}"


def _check(kind: Kind, name: str, truth: Ints) -> None:
    counts = np.bincount(truth) if len(truth) else np.zeros(1, np.int64)
    if len(truth) < LEAST or len(truth) - counts.max() < FOLDS:
        raise ProjectError(
            f"'{name}' has {len(truth)} answers, {len(truth) - int(counts.max())} of them other than the most frequent",
            where=f"head {kind.name}",
            fix=f"it takes {LEAST} answers, {FOLDS} of them different: have more turns rated, or name --file",
        )


def _fold(group: str) -> int:
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8]) % FOLDS


def _features(texts: pa.StringArray) -> tuple[_Rows, npt.NDArray[np.uint8], Ints]:
    """The features of all texts over the buckets that two texts have, the idf of each bucket, and those buckets."""
    counted = list(blocks(texts))
    seen = np.bincount(np.concatenate([block.buckets for block in counted]), minlength=1 << BITS)
    idf = np.minimum(np.rint(_IDF_UNIT * (1 + np.log((1 + len(texts)) / (1 + seen)))), 255).astype(np.uint8)
    idf[seen < 2] = 0
    kept = np.flatnonzero(idf)
    compact = np.full(1 << BITS, -1, np.int64)
    compact[kept] = np.arange(len(kept))
    values, columns, lengths = [], [], []
    for block in counted:
        whole, squares = weigh(block, idf)
        known = compact[block.buckets] >= 0
        values.append((whole / np.sqrt(np.maximum(squares, 1))[block.rows])[known])
        columns.append(compact[block.buckets[known]])
        lengths.append(np.bincount(block.rows[known], minlength=block.size))
    bounds = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return _Rows(bounds, np.concatenate(columns), np.concatenate(values), len(kept)), idf, kept


def _measure(rows: _Rows, chosen: Ints, truth: Ints, fold: Ints, answers: Sequence[str]) -> tuple[Measured, float]:
    """Answers of held-out folds against people's, and how far the whole head leans towards rare answers."""
    probability = np.full((len(truth), len(answers)), 1 / len(answers))
    for k in range(FOLDS):
        inside = fold != k
        if inside.all() or not inside.any():
            continue
        fitted = _fit(rows, chosen[inside], truth[inside], len(answers))
        probability[~inside] = _probability(rows, chosen[~inside], fitted)
    given = np.zeros(len(truth), np.int64)
    for k in range(FOLDS):
        # How far to lean is chosen on the other folds, so that no answer is measured on what chose it.
        inside = fold != k
        tilt = _tilt(probability[inside], truth[inside])
        given[~inside] = (probability[~inside] / _shares(truth[inside], len(answers)) ** tilt).argmax(axis=1)
    most = int(np.bincount(truth).argmax())
    counts = Counter(answers[i] for i in truth)
    same = np.full(len(truth), most)
    return Measured(
        {name: counts[name] for name in answers},
        macro_f1(given, truth),
        macro_f1(same, truth),
        float((given == truth).mean()),
        float((same == truth).mean()),
    ), _tilt(probability, truth)


def _tilt(probability: Floats, truth: Ints) -> float:
    """The power of the shares by which probabilities are divided, of best macro-F1; the least among equals."""
    shares = _shares(truth, probability.shape[1])
    return max(_TILTS, key=lambda t: (macro_f1((probability / shares**t).argmax(axis=1), truth), -t))


def _shares(truth: Ints, count: int) -> Floats:
    """How frequent each answer is, never 0."""
    return (np.bincount(truth, minlength=count) + 1) / (len(truth) + count)


def macro_f1(given: Ints, truth: Ints) -> float:
    """The mean F1 over the answers that occur in `truth`."""
    f1 = []
    for answer in np.unique(truth):
        both = int(((given == answer) & (truth == answer)).sum())
        f1.append(2 * both / int((given == answer).sum() + (truth == answer).sum()))
    return float(np.mean(f1))


def _probability(rows: _Rows, chosen: Ints, fitted: _Fitted) -> Floats:
    score = np.empty((len(chosen), len(fitted.bias)))
    _multiply(rows.bounds, rows.columns, rows.values, chosen, fitted.weights, score)
    return softmax(score + fitted.bias)


def _fit(rows: _Rows, chosen: Ints, truth: Ints, count: int) -> _Fitted:
    """The weights of least loss and penalty; a strictly convex sum, so it has one least place."""
    target = np.zeros((len(chosen), count))
    target[np.arange(len(chosen)), truth] = 1
    penalty = _PENALTY / len(chosen)
    score, pulled = np.empty((len(chosen), count)), np.empty((rows.width, count))

    def loss(weights: Floats) -> tuple[float, Floats]:
        _multiply(rows.bounds, rows.columns, rows.values, chosen, weights[:-1], score)
        probability = softmax(score + weights[-1])
        pulled[:] = 0
        _pull(rows.bounds, rows.columns, rows.values, chosen, (probability - target) / len(chosen), pulled)
        likely = np.log(np.maximum((probability * target).sum(axis=1), 1e-300)).mean()
        whole = -likely + penalty / 2 * float((weights[:-1] ** 2).sum())
        of_bias = (probability - target).mean(axis=0)[None]
        return float(whole), np.concatenate([pulled + penalty * weights[:-1], of_bias])

    found = _descend(loss, np.zeros((rows.width + 1, count)))
    return _Fitted(found[:-1], found[-1])


def _descend(loss: Callable[[Floats], tuple[float, Floats]], at: Floats) -> Floats:
    """L-BFGS with backtracking (D. Liu and J. Nocedal 1989)."""
    value, slope = loss(at)
    moves: deque[tuple[Floats, Floats, float]] = deque(maxlen=_MEMORY)
    for _ in range(_STEPS):
        if np.abs(slope).max() < _ENOUGH:
            break
        way = _direction(slope, moves)
        down = float((way * slope).sum())
        size = 1.0 if moves else 1 / float(np.sqrt((slope**2).sum()))
        while True:
            new = at + size * way
            new_value, new_slope = loss(new)
            if new_value <= value + 1e-4 * size * down or size < 1e-10:
                break
            size /= 2
        move, bend = new - at, new_slope - slope
        along = float((move * bend).sum())
        if along > 1e-14:
            moves.append((move, bend, along))
        at, value, slope = new, new_value, new_slope
    return at


def _direction(slope: Floats, moves: Sequence[tuple[Floats, Floats, float]]) -> Floats:
    """Downhill, bent by what the last moves told of the curvature."""
    way, shares = -slope, []
    for move, bend, along in reversed(moves):
        shares.append(float((move * way).sum()) / along)
        way = way - shares[-1] * bend
    if moves:
        _, bend, along = moves[-1]
        way = way * (along / float((bend**2).sum()))
    for (move, bend, along), share in zip(moves, reversed(shares), strict=True):
        way = way + (share - float((bend * way).sum()) / along) * move
    return way


@kernel
def _multiply(bounds, columns, values, chosen, weights, out):  # type: ignore[no-untyped-def]
    """out[i] = features of chosen[i] @ weights."""
    for i in range(len(chosen)):
        out[i] = 0.0
        for at in range(bounds[chosen[i]], bounds[chosen[i] + 1]):
            for j in range(out.shape[1]):
                out[i, j] += values[at] * weights[columns[at], j]


@kernel
def _pull(bounds, columns, values, chosen, error, out):  # type: ignore[no-untyped-def]
    """Out += features of the chosen rows, transposed, @ error."""
    for i in range(len(chosen)):
        for at in range(bounds[chosen[i]], bounds[chosen[i] + 1]):
            for j in range(out.shape[1]):
                out[columns[at], j] += values[at] * error[i, j]
