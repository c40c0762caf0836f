"""Fit the model that works beside the rules: `python -m curation.clean.pii.learned.train --out FILE GOLD…`.

GOLD: marked texts, as `curate scrub score` reads them. The model is the mean of some that see the texts in another
order each; every text is also learned with some of what is marked in it taken out, as the search sees it the second
time. Half a minute on one core; the same seed gives the same bytes. `--check` learns, for each file, from the others
alone, and prints recall and precision of the rules and the model together on it: what to expect of texts that nothing
learned from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curation.clean.pii.canonical import MASK, Edited
from curation.clean.pii.driver import Driver
from curation.clean.pii.entities import SURE
from curation.clean.pii.finder import Finder
from curation.clean.pii.finding import LABELS
from curation.clean.pii.learned.crf import Floats, allowed, train_epoch
from curation.clean.pii.learned.features import BITS, BY_HEART, MOST, features
from curation.clean.pii.learned.tagger import TAGS, Weights, found_with, packed
from curation.clean.pii.learned.tokens import Ints, codes, tables, tokenise
from curation.clean.pii.learned.vocabulary import look_up, vocabulary
from curation.clean.pii.patterns import recognisers
from curation.clean.pii.rules import RULES
from curation.clean.pii.score import Rate, Sample, Spans, read, score
from curation.clean.pii.settle import settle

MODELS, EPOCHS, RATE, DECAY, DROPPED = 4, 7, 0.1, 1e-5, 40
SELDOM = 2
"""A feature of fewer tokens is not learned."""


class Material(NamedTuple):
    """Stretches of text one behind the other.

    Attributes:
        bounds: where each stretch begins, in tokens; the last is the end.
        points: where the features of each token begin.
        ids: features.
        gold: the right tag of each token.
    """

    bounds: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    ids: Ints
    gold: Ints


def material(samples: Sequence[Sample]) -> Material:
    """Texts as the model sees them."""
    kinds, folds = tables()
    ids, golds, counts, bounds = [], [], [], [0]
    buffer = np.empty(MOST, np.int32)
    for sample in samples:
        points = codes(sample.text)
        tokens = tokenise(points, kinds, folds)
        known = look_up(vocabulary(), tokens.hash)
        gold = np.zeros(len(tokens.start), np.int32)
        for start, end, label in sample.spans:
            inside = np.flatnonzero((tokens.start < end) & (tokens.end > start))
            gold[inside] = 2 + 2 * LABELS.index(label)
            gold[inside[:1]] -= 1
        low = 0
        for high in [*(np.flatnonzero(np.diff(tokens.line)) + 1).tolist(), len(tokens.start)]:
            for at in range(low, high):
                count = features(points, folds, tokens, known, low, high, at, buffer)
                ids.append(buffer[:count].copy())
                counts.append(count)
            if high > low:
                if gold[low] and gold[low] % 2 == 0:
                    gold[low] -= 1
                bounds.append(bounds[-1] + high - low)
            low = high
        golds.append(gold)
    return Material(
        np.array(bounds), np.concatenate([[0], np.cumsum(counts)]), np.concatenate(ids), np.concatenate(golds)
    )


def with_gaps(samples: Sequence[Sample], seed: int) -> Iterator[Sample]:
    """The texts in which something is marked, with some of that taken out."""
    draw = np.random.default_rng(seed)
    for sample in samples:
        out = [bool(draw.random() < 0.5) for _ in sample.spans]
        if any(out):
            edits = [(s, e, MASK) for gone, (s, e, _) in zip(out, sample.spans, strict=True) if gone]
            yield Sample(Edited(sample.text, edits).text, list(_moved(sample.spans, out)))


def _moved(spans: Spans, out: Sequence[bool]) -> Iterator[tuple[int, int, str]]:
    shift = 0
    for gone, (start, end, label) in zip(out, spans, strict=True):
        if gone:
            shift += len(MASK) - (end - start)
        else:
            yield start + shift, end + shift, label


def fit(samples: Sequence[Sample], seed: int = 7) -> Weights:
    """Learn from marked texts."""
    learned = material([*samples, *with_gaps(samples, seed)])
    seen = np.bincount(learned.ids, minlength=1 << BITS)
    values, steps = np.zeros((1 << BITS, TAGS)), np.zeros((TAGS + 1, TAGS))
    for number in range(MODELS):
        more, moves = _fit_one(learned, seed + 100 * number)
        values += more / MODELS
        steps += moves / MODELS
    values[seen < SELDOM] = 0
    unit = np.maximum(np.abs(values).max(axis=0), 1e-9) / 127
    return Weights(
        np.rint(values / unit).astype(np.int8), unit.astype(np.float32), steps.astype(np.float32) + allowed(TAGS)
    )


def _fit_one(learned: Material, seed: int) -> tuple[Floats, Floats]:
    values, steps = np.zeros((1 << BITS, TAGS), np.float32), np.zeros((TAGS + 1, TAGS), np.float32)
    squares, step_squares = np.zeros_like(values), np.zeros_like(steps)
    mask = allowed(TAGS)
    draw = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        train_epoch(
            draw.permutation(len(learned.bounds) - 1), *learned, values, squares, steps, step_squares, mask,
            np.float32(RATE), np.float32(DECAY), DROPPED, seed + epoch, BY_HEART,
        )  # fmt: skip
    return values, steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, and write the weights or the figures."""
    parser = argparse.ArgumentParser(prog="python -m curation.clean.pii.learned.train", description=__doc__)
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="where the weights go")
    parser.add_argument("--check", action="store_true", help="learn without each file in turn, and score it")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    files = {path: read(path) for path in given.gold}
    if given.out:
        given.out.write_bytes(packed(fit([sample for there in files.values() for sample in there], given.seed)))
    for path in given.gold if given.check else ():
        learned = fit([sample for other, there in files.items() if other != path for sample in there], given.seed)
        _told(path.stem, files[path], learned)
    return 0


def _told(name: str, samples: Sequence[Sample], learned: Weights) -> None:
    texts = [sample.text for sample in samples]
    made = Finder("check", Driver(recognisers()), RULES, None, None, lambda seen: found_with(seen, learned))
    found = [settle(text, there) for text, there in zip(texts, made.search(texts, SURE), strict=True)]
    figures = score(samples, [[(one.start, one.end, one.label) for one in there] for there in found])
    for label, one in [*sorted(figures.labels.items()), ("all", figures.total)]:
        print(f"{name:<12} {label:<10} recall {_share(one.recall)}  precision {_share(one.precision)}")  # noqa: T201 - a script


def _share(rate: Rate) -> str:
    return f"{rate.hits:4d} of {rate.of:4d} {rate.share or 0:6.3f}"


if __name__ == "__main__":
    sys.exit(main())
