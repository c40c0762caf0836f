"""Which texts are near-duplicates: candidates by band, or by an exact prefix filter, and the exact check of each.

The similarity is the Jaccard index of the two texts' sets of n-grams. What is published has been counted, never
estimated: a hash collision between n-grams (64 bits) is all that could make it wrong.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.minhash import for_pieces
from curation.methods.tokens import I64, U64, Texts, characters, grams, kernel, words

F32 = npt.NDArray[np.float32]
_CHUNK = 8_000_000
"""N-grams held at a time while pairs are checked: 64 MB."""


@dataclass(frozen=True)
class Pairs:
    """Near-duplicate pairs, sorted; `left` is always the smaller place.

    Attributes:
        left: place of one text.
        right: place of the other.
        similarity: their Jaccard index.
        skipped: comparisons that the bound on a bucket's size left out; 0 means that none was.
    """

    left: I64
    right: I64
    similarity: F32
    skipped: int = 0


@dataclass(frozen=True)
class Sets:
    """The distinct n-grams of texts, one run after another: text i has `grams[starts[i]:starts[i] + sizes[i]]`."""

    grams: U64
    starts: I64
    sizes: I64


Take = Callable[[I64], pa.Array]
"""Gives the texts at some places (sorted), so that whoever holds them need not hold them in one piece."""


# ------------------------------------------------------------------------------------------------- candidates


def candidates(bands: U64, max_bucket: int, threads: int = 1) -> tuple[I64, I64, int]:
    """Pairs of rows that share a band.

    Args:
        bands: shape (rows, bands).
        max_bucket: in a bucket of more rows each is paired with so many of those before it only.
        threads: how many work on it; the result does not depend on it.

    Returns:
        The smaller and the larger row of each pair, every pair once, and how many pairings the bound left out.
    """

    def work(band: int, again: bool) -> tuple[U64, int]:
        keys = np.ascontiguousarray(bands[:, band])
        rows = _shared(keys)
        rows = rows[np.argsort(keys[rows])]
        pairs: tuple[U64, int] = _bucket_pairs(keys[rows], rows, bands, band, max_bucket, again)
        return pairs

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda band: work(band, False), range(bands.shape[1])))
        skipped = sum(left_out for _, left_out in found)
        if skipped:
            # A pair that an earlier band's bound left out may stand in a later band: now each band names all it has.
            found = list(pool.map(lambda band: work(band, True), range(bands.shape[1])))
    packed = np.unique(np.concatenate([pairs for pairs, _ in found]))
    return (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64), skipped


def _shared(keys: U64) -> I64:
    """The rows whose key another row may have, too: the others need no sorting."""
    bits = max(10, len(keys).bit_length() + 2)
    return np.flatnonzero(_repeats(keys, np.uint64(64 - bits), np.zeros(1 << bits, np.uint8)))


@kernel
def _repeats(keys: Any, shift: Any, seen: Any) -> Any:
    for i in range(len(keys)):
        spot = keys[i] >> shift
        if seen[spot] < 2:
            seen[spot] += 1
    out = np.empty(len(keys), np.bool_)
    for i in range(len(keys)):
        out[i] = seen[keys[i] >> shift] > 1
    return out


@kernel
def _bucket_pairs(keys: Any, rows: Any, bands: Any, band: Any, bound: Any, again: Any) -> Any:
    """The pairs within runs of equal keys; one found in an earlier band is not named again unless `again`."""
    out = np.empty(1024, np.uint64)
    count = 0
    skipped = 0
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        if end - start > bound + 1:
            rows[start:end] = np.sort(rows[start:end])
        for p in range(start + 1, end):
            first = max(start, p - bound)
            skipped += first - start
            for q in range(first, p):
                u, v = min(rows[p], rows[q]), max(rows[p], rows[q])
                earlier = False
                if not again:
                    for other in range(band):
                        if bands[u, other] == bands[v, other]:
                            earlier = True
                            break
                if earlier:
                    continue
                if count == len(out):
                    grown = np.empty(2 * count, np.uint64)
                    grown[:count] = out
                    out = grown
                out[count] = (np.uint64(u) << np.uint64(32)) | np.uint64(v)
                count += 1
        start = end
    return out[:count], skipped


# ------------------------------------------------------------------------------------------------- the exact check


def sets(texts: pa.Array, n: int, threads: int = 1) -> Sets:
    """The set of n-grams of each text, in order of first appearance."""
    given = Texts.of(texts)
    kinds, lower = characters()
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


def check(left: I64, right: I64, take: Take, n: int, threshold: float, threads: int = 1) -> Pairs:
    """Count the exact similarity of candidate pairs and keep those at or above the threshold.

    Texts are read component by component of the candidates, so that memory stays bounded however many there are.

    Args:
        left: place of one text of each pair.
        right: place of the other.
        take: gives texts by place.
        n: words in an n-gram.
        threshold: Jaccard index, above 0 and at most 1.
        threads: how many work on it; the result does not depend on it.
    """
    if not len(left):
        return Pairs(left, right, np.zeros(0, np.float32))
    places, codes = np.unique(np.concatenate([left, right]), return_inverse=True)
    u, v = codes[: len(left)], codes[len(left) :]
    component = components(u, v, len(places))
    similarity = np.zeros(len(left), np.float32)
    by_component = np.argsort(component[u], kind="stable")
    for pairs in _chunks(component[u][by_component], by_component, np.bincount(component[u], minlength=len(places))):
        held, local = np.unique(np.concatenate([u[pairs], v[pairs]]), return_inverse=True)
        found = sets(take(places[held]), n, threads)
        similarity[pairs] = compare(local[: len(pairs)], local[len(pairs) :], found, threshold, threads)
    good = similarity > 0
    return sorted_pairs(left[good], right[good], similarity[good])


def sorted_pairs(left: I64, right: I64, similarity: F32, skipped: int = 0) -> Pairs:
    """Pairs in order."""
    order = np.lexsort((right, left))
    return Pairs(left[order], right[order], similarity[order], skipped)


def _chunks(components_: I64, order: I64, sizes: I64) -> list[I64]:
    """Runs of whole components with a bounded number of pairs each."""
    most = _CHUNK // 400
    cuts = [0]
    ends = np.flatnonzero(np.diff(components_)) + 1
    for end in [*ends.tolist(), len(order)]:
        if end - cuts[-1] >= most or end == len(order):
            cuts.append(end)
    return [order[a:b] for a, b in itertools.pairwise(cuts)]


def compare(left: I64, right: I64, found: Sets, threshold: float, threads: int) -> F32:
    """The Jaccard index of each pair of sets, 0 where it is below the threshold."""
    order = np.argsort(left, kind="stable")
    out = np.zeros(len(left), np.float32)

    def work(piece: npt.NDArray[np.int64]) -> None:
        out[piece] = _jaccard(left[piece], right[piece], found.grams, found.starts, found.sizes, threshold)

    pieces = np.array_split(order, 4 * threads) if threads > 1 and len(order) > 1000 else [order]
    if len(pieces) == 1:
        work(order)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, pieces))
    return out


@kernel
def _jaccard(left: Any, right: Any, all_grams: Any, starts: Any, sizes: Any, threshold: Any) -> Any:
    """The index of each pair, 0 where it is below the threshold. Pairs with the same left text stand together."""
    out = np.zeros(len(left), np.float32)
    table = np.zeros(16, np.uint64)
    span = 16
    filled = np.int64(-1)
    for k in range(len(left)):
        u, v = left[k], right[k]
        size_u, size_v = sizes[u], sizes[v]
        if size_u == 0 or size_v == 0 or min(size_u, size_v) < threshold * max(size_u, size_v):
            continue
        if u != filled:
            span = _span(size_u)
            if span > len(table):
                table = np.zeros(span, np.uint64)
            table[:span] = 0
            for j in range(starts[u], starts[u] + size_u):
                _add(table, span, all_grams[j])
            filled = u
        # So many misses can be afforded before the union is too large for the threshold.
        need = math.ceil(threshold / (1.0 + threshold) * (size_u + size_v) - 1e-9)
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
            out[k] = both / (size_u + size_v - both)
    return out


# ------------------------------------------------------------------------------------------------- components


def components(left: I64, right: I64, size: int) -> I64:
    """The smallest member of the connected component of each of `size` nodes."""
    parent = np.arange(size)
    _join(parent, left, right)
    return parent


@kernel
def _join(parent: Any, left: Any, right: Any) -> None:
    for k in range(len(left)):
        u, v = _root(parent, left[k]), _root(parent, right[k])
        if u != v:
            parent[max(u, v)] = min(u, v)
    for i in range(len(parent)):
        parent[i] = _root(parent, i)


@kernel
def _root(parent: Any, node: Any) -> Any:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
