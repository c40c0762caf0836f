"""Which pairs of texts are worth an exact check: those that share a band of their sketches."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.minhash import U32
from curation.methods.tokens import I64, U64, kernel

I32 = npt.NDArray[np.int32]

Shuffle = Callable[[Iterable[pa.Table], str, Callable[[pa.Table], Any]], Iterable[Any]]
"""(tables, key, work) -> what the work gives for each heap of rows; rows of one key are in one heap."""

_SENT = 4_000_000
"""Rows of a table that is sent to be shuffled: 48 MB."""

_MOST = 1 << 21
"""Pairs that one bucket may give, whatever its size."""


def candidates(bands: U32, max_bucket: int, threads: int = 1) -> tuple[I64, I64, int]:
    """Pairs of rows that share a band.

    Args:
        bands: shape (rows, bands).
        max_bucket: in a bucket of more rows each is paired with so many of those before it only; with fewer where
            the bucket is so large that it would give more than 2 million pairs.
        threads: how many work on it; the result does not depend on it.

    Returns:
        The smaller and the larger row of each pair, every pair once, in order, and how many pairings the bound left
        out.
    """
    columns = range(bands.shape[1])
    with ThreadPoolExecutor(threads) as pool:
        buckets = list(pool.map(lambda band: _buckets(np.ascontiguousarray(bands[:, band])), columns))
        skipped = 0
        low = place = np.zeros((0, 0), np.int32)
        if any(_longest(keys) > min(max_bucket + 1, math.isqrt(_MOST)) for keys, _ in buckets):
            # A pair that an earlier band's bound left out may stand in a later band: who is paired with whom is kept.
            low, place = np.full(bands.shape, -1, np.int32), np.full(bands.shape, -1, np.int32)
            skipped = sum(_windows(*buckets[band], band, max_bucket, _MOST, low, place) for band in columns)
        found = list(pool.map(lambda band: _pairs(*buckets[band], bands, band, low, place), columns))
    packed = np.sort(np.concatenate([np.zeros(0, np.uint64), *found]))
    return (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64), skipped


def spread_candidates(bands: U32, max_bucket: int, threads: int = 1, *, shuffle: Shuffle) -> tuple[I64, I64, int]:
    """The same, bucket by bucket, by workers elsewhere: `shuffle` brings the rows of a bucket together.

    Nothing but keys and the numbers of rows goes there, and only of keys that occur more than once.
    """

    def entries() -> Iterator[pa.Table]:
        for band in range(bands.shape[1]):
            keys, rows = _buckets(np.ascontiguousarray(bands[:, band]))
            for start in range(0, len(keys), _SENT):
                piece = slice(start, start + _SENT)
                yield pa.table({"key": keys[piece].astype(np.uint64) | np.uint64(band << 32), "row": rows[piece]})

    found = list(shuffle(entries(), "key", functools.partial(_heap, max_bucket)))
    packed = np.unique(np.concatenate([np.zeros(0, np.uint64), *(pairs for pairs, _ in found)]))
    skipped = sum(left_out for _, left_out in found)
    return (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64), skipped


def _heap(max_bucket: int, table: pa.Table) -> tuple[U64, int]:
    """The pairs of whole buckets, packed, and how many pairings the bound left out."""
    keys, rows = (table.column(name).to_numpy() for name in ("key", "row"))
    order = np.lexsort((rows, keys))
    pairs, skipped = _bucket_pairs(keys[order], rows[order], max_bucket, _MOST)
    return np.unique(pairs), int(skipped)


@kernel
def _bucket_pairs(keys: Any, rows: Any, bound: Any, most: Any) -> Any:
    out = np.empty(1024, np.uint64)
    count = 0
    skipped = 0
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        allowed = min(bound, max(1, most // (end - start)))
        for p in range(start, end):
            first = max(start, p - allowed)
            skipped += first - start
            if count + p - first > len(out):
                grown = np.empty(2 * (count + p - first), np.uint64)
                grown[:count] = out[:count]
                out = grown
            for q in range(first, p):
                out[count] = (np.uint64(rows[q]) << np.uint64(32)) | np.uint64(rows[p])
                count += 1
        start = end
    return out[:count], skipped


def _buckets(keys: U32) -> tuple[U32, I32]:
    """The rows whose key another row may have, too, by key, then row; and their keys."""
    bits = max(10, min(28, len(keys).bit_length() + 2))
    packed = np.sort(_repeats(keys, np.uint32(32 - bits), np.zeros(1 << bits, np.uint8)))
    return (packed >> np.uint64(32)).astype(np.uint32), (packed & np.uint64(0xFFFFFFFF)).astype(np.int32)


@kernel
def _repeats(keys: Any, shift: Any, seen: Any) -> Any:
    """Key and row, packed, of the rows whose key may occur again."""
    for i in range(len(keys)):
        spot = keys[i] >> shift
        if seen[spot] < 2:
            seen[spot] += 1
    out = np.empty(len(keys), np.uint64)
    count = 0
    for i in range(len(keys)):
        if seen[keys[i] >> shift] > 1:
            out[count] = (np.uint64(keys[i]) << np.uint64(32)) | np.uint64(i)
            count += 1
    return out[:count].copy()


@kernel
def _longest(keys: Any) -> Any:
    longest = 0
    start = 0
    for p in range(len(keys)):
        if keys[p] != keys[start]:
            start = p
        longest = max(longest, p - start + 1)
    return longest


@kernel
def _windows(keys: Any, rows: Any, band: Any, bound: Any, most: Any, low: Any, place: Any) -> Any:
    """Each row's place in the order of a band, and the first place it is paired with; returns what is left out."""
    skipped = 0
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        allowed = min(bound, max(1, most // (end - start)))
        for p in range(start, end):
            place[rows[p], band] = p
            low[rows[p], band] = max(start, p - allowed)
            skipped += max(start, p - allowed) - start
        start = end
    return skipped


@kernel
def _pairs(keys: Any, rows: Any, bands: Any, band: Any, low: Any, place: Any) -> Any:
    """The pairs within runs of equal keys that no earlier band has named."""
    out = np.empty(1024, np.uint64)
    count = 0
    start = 0
    bounded = len(low) > 0
    for p in range(len(keys)):
        if keys[p] != keys[start]:
            start = p
        v = rows[p]
        for q in range(low[v, band] if bounded else start, p):
            u = rows[q]
            earlier = False
            for other in range(band):
                if bands[u, other] == bands[v, other] and (not bounded or place[u, other] >= low[v, other]):
                    earlier = True
                    break
            if earlier:
                continue
            if count == len(out):
                grown = np.empty(2 * count, np.uint64)
                grown[:count] = out
                out = grown
            # Rows of one key stand in order.
            out[count] = (np.uint64(u) << np.uint64(32)) | np.uint64(v)
            count += 1
    return out[:count]
