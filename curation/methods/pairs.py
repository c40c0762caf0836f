"""The exact check of candidate pairs: which are near-duplicates, and how similar they are.

The similarity is the Jaccard index of the two texts' sets of n-grams. What is published has been counted, never
estimated: a hash collision between n-grams (64 bits) is all that could make it wrong. Of a truncated text it is the
share of its n-grams that the whole text has, too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.components import components
from curation.methods.minhash import for_pieces
from curation.methods.tokens import I64, U64, Texts, characters, grams, kernel, words

F32 = npt.NDArray[np.float32]
_CHUNK = 16_000_000
"""Words of the texts held at a time while pairs are checked: their n-grams take 128 MB, the texts about as much."""


SAME, NEAR, PART = range(3)
"""Kinds of pairs: of the same words; of similar n-grams; one is the beginning of the other, cut off."""


@dataclass(frozen=True)
class Pairs:
    """Near-duplicate pairs, sorted; `left` is always the smaller place.

    Attributes:
        left: place of one text.
        right: place of the other.
        similarity: their Jaccard index; of a part, the share of its n-grams that the whole has.
        kind: SAME, NEAR or PART. Texts of the same words make a star: each is paired with the first of them, and
            only that one with others.
        skipped: comparisons that the bound on a bucket's size left out; 0 means that none was.
    """

    left: I64
    right: I64
    similarity: F32
    kind: npt.NDArray[np.uint8]
    skipped: int = 0

    @classmethod
    def none(cls) -> Pairs:
        """No pair."""
        return cls.of(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), NEAR)

    @classmethod
    def of(cls, left: I64, right: I64, similarity: F32, kind: int, skipped: int = 0) -> Pairs:
        """Pairs of one kind, put in order."""
        return cls(left, right, similarity, np.full(len(left), kind, np.uint8), skipped).ordered()

    @classmethod
    def together(cls, found: Sequence[Pairs]) -> Pairs:
        """Several lists of pairs as one; what was skipped adds up."""
        left, right = np.concatenate([p.left for p in found]), np.concatenate([p.right for p in found])
        similarity, kind = np.concatenate([p.similarity for p in found]), np.concatenate([p.kind for p in found])
        return cls(left, right, similarity, kind, sum(p.skipped for p in found)).ordered()

    def ordered(self) -> Pairs:
        """The same pairs, by left, then right."""
        order = np.lexsort((self.right, self.left))
        return self.take(order)

    def take(self, which: npt.NDArray[Any]) -> Pairs:
        """Some of the pairs, by position or mask."""
        chosen = (self.left[which], self.right[which], self.similarity[which], self.kind[which])
        return Pairs(*chosen, self.skipped)


@dataclass(frozen=True)
class Sets:
    """The distinct n-grams of texts, one run after another: text i has `grams[starts[i]:starts[i] + sizes[i]]`."""

    grams: U64
    starts: I64
    sizes: I64


Take = Callable[[I64], pa.Array]
"""Gives the texts at some places (sorted), so that whoever holds them need not hold them in one piece."""


def sets(texts: pa.Array, n: int, threads: int = 1, counts: I64 | None = None) -> Sets:
    """The set of n-grams of each text, in order of first appearance.

    Args:
        texts: strings.
        n: words in an n-gram.
        threads: how many work on it; the result does not depend on it.
        counts: how many words each text has, where that is known.
    """
    given = Texts.of(texts)
    kinds, lower = characters()
    if counts is None:
        # A text of so many bytes has at most so many words; most have far fewer, so they are counted first.
        counts = np.zeros(len(given), np.int64)
        for_pieces(lambda p: _count(given.data, given.bounds, *p, kinds, lower, counts), given.bounds, threads)
    room = np.maximum(counts - n + 1, np.minimum(counts, 1))
    starts = np.concatenate([[0], np.cumsum(room)])
    made = Sets(np.empty(int(starts[-1]), np.uint64), starts[:-1], np.zeros(len(given), np.int64))
    for_pieces(
        lambda p: _fill(given.data, given.bounds, *p, n, kinds, lower, made.grams, made.starts, made.sizes),
        given.bounds,
        threads,
    )
    return made


@kernel
def _count(data: Any, bounds: Any, first: Any, last: Any, kinds: Any, lower: Any, counts: Any) -> None:
    longest = 0
    for i in range(first, last):
        longest = max(longest, bounds[i + 1] - bounds[i])
    hashes = np.empty(longest + 1, np.uint64)
    for i in range(first, last):
        counts[i] = words(data, bounds[i], bounds[i + 1], kinds, lower, hashes)


@kernel
def _fill(
    data: Any, bounds: Any, first: Any, last: Any, n: Any, kinds: Any, lower: Any, out: Any, starts: Any, sizes: Any
) -> None:
    longest = 0
    for i in range(first, last):
        longest = max(longest, bounds[i + 1] - bounds[i])
    hashes = np.empty(longest + 1, np.uint64)
    shingles = np.empty(longest + 1, np.uint64)
    table = np.zeros(16, np.uint64)
    for i in range(first, last):
        size = grams(hashes, words(data, bounds[i], bounds[i + 1], kinds, lower, hashes), n, shingles)
        while len(table) < 2 * size:
            table = np.zeros(2 * len(table), np.uint64)
        span = _span(size)
        table[:span] = 0
        kept = 0
        for j in range(size):
            if _add(table, span, shingles[j]):
                out[starts[i] + kept] = shingles[j]
                kept += 1
        sizes[i] = kept


@kernel
def _span(size: Any) -> Any:
    """A power of two, at least twice as many places as values."""
    span = 16
    while span < 2 * size:
        span *= 2
    return span


@kernel
def _add(table: Any, span: Any, value: Any) -> Any:
    """Put a value into a hash set of `span` places; false if it was there. Zero means free."""
    value = max(value, np.uint64(1))
    place = np.int64(value & np.uint64(span - 1))
    while table[place] != 0:
        if table[place] == value:
            return False
        place = (place + 1) & (span - 1)
    table[place] = value
    return True


@kernel
def _holds(table: Any, span: Any, value: Any) -> Any:
    value = max(value, np.uint64(1))
    place = np.int64(value & np.uint64(span - 1))
    while table[place] != 0:
        if table[place] == value:
            return True
        place = (place + 1) & (span - 1)
    return False


def check(
    left: I64,
    right: I64,
    take: Take,
    words: npt.NDArray[np.int32],
    n: int,
    threshold: float,
    *,
    part: bool = False,
    threads: int = 1,
) -> F32:
    """Count the exact similarity of candidate pairs.

    Texts are read component by component of the candidates, in bounded bites, so that few are read twice and memory
    stays bounded however many there are.

    Args:
        left: place of one text of each pair.
        right: place of the other.
        take: gives texts by place.
        words: how many words each text has, by place.
        n: words in an n-gram.
        threshold: above 0 and at most 1.
        part: count what the smaller set shares with the larger one, not the Jaccard index.
        threads: how many work on it; the result does not depend on it.

    Returns:
        For each pair its similarity, 0 where it is below the threshold.
    """
    similarity = np.zeros(len(left), np.float32)
    if not len(left):
        return similarity
    component = components(left, right, len(words))[left]
    order = np.lexsort((right, left, component))
    cuts = _bites(left[order], right[order], words, _CHUNK)
    for a, b in itertools.pairwise([*cuts.tolist(), len(order)]):
        pairs = order[a:b]
        held, local = np.unique(np.concatenate([left[pairs], right[pairs]]), return_inverse=True)
        found = sets(take(held), n, threads, words[held].astype(np.int64))
        similarity[pairs] = compare(local[: len(pairs)], local[len(pairs) :], found, threshold, part, threads)
    return similarity


@kernel
def _bites(left: Any, right: Any, words: Any, most: Any) -> Any:
    """Where to cut a list of pairs so that the texts between two cuts have about `most` words together."""
    seen = np.full(len(words), -1)
    cuts = np.zeros(len(left), np.int64)
    count = 1
    held = 0
    for k in range(len(left)):
        new = 0
        for place in (left[k], right[k]):
            if seen[place] != count:
                new += words[place]
                seen[place] = count
        if held and held + new > most:
            cuts[count] = k
            count += 1
            held = words[left[k]] + words[right[k]]
            seen[left[k]] = seen[right[k]] = count
        else:
            held += new
    return cuts[:count]


def compare(left: I64, right: I64, found: Sets, threshold: float, part: bool, threads: int) -> F32:
    """The similarity of each pair of sets, 0 where it is below the threshold; see `check`."""
    order = np.argsort(left, kind="stable")
    out = np.zeros(len(left), np.float32)

    def work(piece: npt.NDArray[np.int64]) -> None:
        out[piece] = _similar(left[piece], right[piece], found.grams, found.starts, found.sizes, threshold, part)

    pieces = np.array_split(order, 4 * threads) if threads > 1 and len(order) > 1000 else [order]
    if len(pieces) == 1:
        work(order)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, pieces))
    return out


@kernel
def _similar(left: Any, right: Any, all_grams: Any, starts: Any, sizes: Any, threshold: Any, part: Any) -> Any:
    """Similarity of each pair, 0 where it is below the threshold. Pairs with the same left text stand together."""
    out = np.zeros(len(left), np.float32)
    table = np.zeros(16, np.uint64)
    span = 16
    filled = np.int64(-1)
    for k in range(len(left)):
        u, v = left[k], right[k]
        size_u, size_v = sizes[u], sizes[v]
        smaller, larger = min(size_u, size_v), max(size_u, size_v)
        if smaller == 0 or (not part and smaller < threshold * larger):
            continue
        if u != filled:
            span = _span(size_u)
            if span > len(table):
                table = np.zeros(span, np.uint64)
            table[:span] = 0
            for j in range(starts[u], starts[u] + size_u):
                _add(table, span, all_grams[j])
            filled = u
        need = math.ceil(threshold * smaller - 1e-9)
        if not part:
            need = math.ceil(threshold / (1.0 + threshold) * (size_u + size_v) - 1e-9)
        # So many misses can be afforded before too few n-grams are left to be shared.
        spare = size_v - need
        both = 0
        for j in range(starts[v], starts[v] + size_v):
            if _holds(table, span, all_grams[j]):
                both += 1
            else:
                spare -= 1
                if spare < 0:
                    break
        if spare >= 0 and both >= need:
            out[k] = both / (smaller if part else size_u + size_v - both)
    return out
