"""The trained model at work: many texts at once, only those stretches of them that may hold something."""

from __future__ import annotations

import functools
import io
import lzma
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from curation.clean.pii import shipped
from curation.clean.pii.finding import LABELS, Finding
from curation.clean.pii.helplines import is_helpline
from curation.clean.pii.learned import vocabulary as v
from curation.clean.pii.learned.crf import Floats, best_path
from curation.clean.pii.learned.features import BITS, MOST, features, worth
from curation.clean.pii.learned.tokens import Codes, Ints, Tokens, codes, tables, tokenise
from curation.clean.pii.learned.vocabulary import Bits, look_up, vocabulary

TAGS = 1 + 2 * len(LABELS)
SCORE = 0.6
"""What a finding of the model scores: below whatever the rules are sure of."""


class Weights(NamedTuple):
    """What was learned.

    Attributes:
        values: for each hash of a feature and each tag.
        unit: what one of `values` is worth, by tag.
        steps: what a step from tag to tag is worth; the last row is the beginning.
    """

    values: npt.NDArray[np.int8]
    unit: Floats
    steps: Floats


def packed(weights: Weights) -> bytes:
    """Weights as a file: only the features that are worth anything."""
    rows = np.flatnonzero(weights.values.any(axis=1))
    made = io.BytesIO()
    for array in (rows.astype(np.int32), weights.values[rows], weights.unit, weights.steps):
        np.save(made, np.ascontiguousarray(array), allow_pickle=False)
    return lzma.compress(made.getvalue(), preset=9)


def unpacked(data: bytes) -> Weights:
    """The weights of a file."""
    stream = io.BytesIO(lzma.decompress(data))
    rows, values, unit, steps = (np.load(stream, allow_pickle=False) for _ in range(4))
    whole = np.zeros((1 << BITS, TAGS), np.int8)
    whole[rows] = values
    return Weights(whole, unit, steps)


@functools.cache
def weights() -> Weights:
    """The weights that come with the package."""
    return unpacked(shipped.read(shipped.WEIGHTS))


def search(texts: Sequence[str]) -> list[list[Finding]]:
    """What the model finds in each text; the result for a text depends on nothing else.

    Args:
        texts: any strings.
    """
    return found_with(texts, weights())


def found_with(texts: Sequence[str], learned: Weights, bias: float = 0.0) -> list[list[Finding]]:
    """What a model finds in each text.

    Args:
        texts: any strings.
        learned: the model.
        bias: what it takes off whatever speaks for a finding; below 0 it finds more.
    """
    found: list[list[Finding]] = [[] for _ in texts]
    if not any(texts):
        return found
    # A line break ends what the model looks at, so that texts in a row do not see each other.
    whole = "\n".join(texts)
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    points = codes(whole)
    kinds, folds = tables()
    tokens = tokenise(points, kinds, folds)
    known = look_up(vocabulary(), tokens.hash)
    tags = tagged(points, folds, tokens, known, learned, np.float32(bias))
    for first, last, label in _runs(tags):
        start, end = int(tokens.start[first]), int(tokens.end[last])
        one = Finding(start, end, label, SCORE, "learned")
        if _may_be(whole[start:end], label, known[first : last + 1], tokens.value[first : last + 1]):
            place = int(np.searchsorted(starts, start, side="right")) - 1
            found[place].append(one._replace(start=start - int(starts[place]), end=end - int(starts[place])))
    return found


@numba.njit(cache=True, nogil=True)
def tagged(text: Codes, folds: Codes, tokens: Tokens, known: Bits, learned: Weights, bias: np.float32) -> Ints:
    """The tag of every token."""
    size = len(tokens.start)
    count = learned.values.shape[1]
    tags = np.zeros(size, np.int32)
    ids = np.empty(MOST, np.int32)
    low = 0
    while low < size:
        high = low + 1
        while high < size and tokens.line[high] == tokens.line[low]:
            high += 1
        if worth(tokens, known, low, high):
            scores = np.empty((high - low, count), np.float32)
            for at in range(low, high):
                sums = np.zeros(count, np.int32)
                for index in range(features(text, folds, tokens, known, low, high, at, ids)):
                    row = learned.values[ids[index]]
                    for tag in range(count):
                        sums[tag] += row[tag]
                for tag in range(count):
                    scores[at - low, tag] = np.float32(sums[tag]) * learned.unit[tag]
                scores[at - low, 0] += bias
            best_path(scores, learned.steps, tags[low:high])
        low = high
    return tags


def _runs(tags: Ints) -> Iterator[tuple[int, int, str]]:
    """First and last token and label of what was found."""
    marked = np.flatnonzero(tags).tolist()
    for index, first in enumerate(marked):
        if tags[first] % 2 == 0:
            continue
        last = first
        for at in marked[index + 1 :]:
            if at != last + 1 or tags[at] % 2:
                break
            last = at
        yield first, last, LABELS[(int(tags[first]) - 1) // 2]


_OVER = ("ninet", "hundred", "cent", "naint")
_NOBODY = v.PUBLIC | v.FIGURE | v.APP | v.WIDE | v.MIND | v.MONTH
_NAMED = ("PERSON", "LOCATION", "FACILITY", "ORG")
_MARKUP = frozenset('<>"')
_FILE = re.compile(r"(?i)(?!www\.)[\w/-]+\.(?:pdf|md|html?|docx?|txt|csv|jsonl?)")
"""A file of somebody's is no address."""
_TWO = re.compile(r"\d{4} (?:or|and) \(?\+?\d{3}")
"""Two telephone numbers: the rules find each by itself."""


def _may_be(said: str, label: str, known: Bits, values: Ints) -> bool:
    """Whether it can be what it is said to be: no age below 90, no helpline, nothing that all know."""
    if label == "AGE":
        return any(90 <= value <= 125 for value in values.tolist()) or any(part in said.lower() for part in _OVER)
    if label == "HANDLE":
        return "&" not in said and sum(map(str.isalpha, said)) > 2 and len(said) > (6 if said.isalpha() else 4)
    if label == "URL":
        return not _MARKUP & set(said) and not _FILE.fullmatch(said)
    if label == "PHONE" and _TWO.search(said):
        return False
    if label == "PHONE" and not any(map(str.isalpha, said)):
        digits = [c for c in said if c.isdecimal()]
        return len(digits) > 3 and len(digits) != 5 and len(set(digits)) > 3 and not is_helpline(said)
    if label in ("PHONE", "ID", "FINANCIAL"):
        return sum(c.isalnum() for c in said) > 3 and not is_helpline(said)
    if label in _NAMED:
        return not all(int(bits) & _NOBODY for bits in known) and any(c.isalpha() for c in said)
    return True
