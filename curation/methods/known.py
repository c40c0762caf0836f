"""What an earlier run found, so that a run over more texts need not find it again.

Everything here is told by content: a text by the 128-bit hash of its bytes, a pair by the digests of its words. So it
does not matter which rows came, went or moved; and what is reused is what would have been counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.minhash import for_pieces
from curation.methods.near import Rules, Sketched, sketch_all
from curation.methods.pairs import F32, Pairs
from curation.methods.tokens import I64, U64, Texts, kernel, mix


def contents(texts: pa.Array, threads: int = 1) -> U64:
    """128-bit hashes of the bytes of texts, shape (texts, 2); equal texts have equal ones."""
    given = Texts.of(texts)
    out = np.zeros((len(given), 2), np.uint64)
    for_pieces(lambda piece: _contents(given.data, given.bounds, *piece, out), given.bounds, threads)
    return out


@kernel
def _contents(data: Any, bounds: Any, first: Any, last: Any, out: Any) -> None:
    """Four multiplicative lanes of eight bytes each, so that none waits for another, joined and finalised by `mix`."""
    p, q = np.uint64(0x9FB21C651E98DF25), np.uint64(0xD6E8FEB86659FD93)
    for i in range(first, last):
        start, end = bounds[i], bounds[i + 1]
        a, b = np.uint64(end - start), np.uint64(0x9E3779B97F4A7C15)
        c, d = np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x2545F4914F6CDD1D)
        j = start
        while j + 32 <= end:
            a = (a ^ _eight(data, j)) * p
            b = (b ^ _eight(data, j + 8)) * q
            c = (c ^ _eight(data, j + 16)) * p
            d = (d ^ _eight(data, j + 24)) * q
            a ^= a >> np.uint64(29)
            b ^= b >> np.uint64(32)
            c ^= c >> np.uint64(31)
            d ^= d >> np.uint64(30)
            j += 32
        while j < end:
            word = np.uint64(0)
            for k in range(min(8, end - j)):
                word |= np.uint64(data[j + k]) << np.uint64(8 * k)
            a = mix((a ^ word) * p)
            b = mix((b + word) * q)
            j += 8
        left, right = mix(a + q * mix(b)), mix(c + p * mix(d))
        out[i, 0], out[i, 1] = mix(left ^ right * q), mix(right ^ mix(left) * p)


@kernel
def _eight(data: Any, j: Any) -> Any:
    """Eight bytes as a number, the first one lowest: the compiler makes one load of it."""
    at = np.uint64(j)  # an index without sign needs no look whether it counts from the end
    word = np.uint64(data[at])
    for k in range(1, 8):
        word |= np.uint64(data[at + np.uint64(k)]) << np.uint64(8 * k)
    return word


@dataclass(frozen=True)
class Known:
    """An earlier run, by the same rules.

    Attributes:
        content: what `contents` said of its texts.
        sketched: what `sketch_all` made of them.
        pairs: what `near_duplicates` found among them.
    """

    content: U64
    sketched: Sketched
    pairs: Pairs

    @cached_property
    def _by_content(self) -> tuple[I64, U64]:
        return _sorted(self.content)

    @cached_property
    def _by_digest(self) -> tuple[I64, U64]:
        return _sorted(self.sketched.digest)

    def places(self, content: U64) -> I64:
        """For each text the place of an equal one in the earlier run, or -1."""
        return _find(content, *self._by_content)

    def similarity(self, left: U64, right: U64, kind: int) -> F32:
        """Of pairs of texts that are candidates again: their similarity, 0 if they are no pair, NaN if unknown.

        Args:
            left: digest of the words of one text of each pair, shape (pairs, 2).
            right: that of the other.
            kind: of what kind the pairs would be.
        """
        order, _ = self._by_digest
        found = [_find(side, *self._by_digest) for side in (left, right)]
        both = (found[0] >= 0) & (found[1] >= 0)
        # Where a bound left comparisons out, a pair that was not found may be one.
        out = np.where(both & (self.pairs.skipped == 0), np.float32(0), np.float32(np.nan)).astype(np.float32)
        mine = self.pairs.take(self.pairs.kind == kind)
        rank = np.empty(len(order), np.int64)
        # One rank for all texts of the same words.
        digests = self.sketched.digest[order]
        rank[order] = np.cumsum(np.concatenate([[False], (digests[1:] != digests[:-1]).any(axis=1)])) if len(order) else 0
        keys = _pair_keys(rank[mine.left], rank[mine.right])
        by_key = np.argsort(keys, kind="stable")
        wanted = _pair_keys(rank[found[0][both]], rank[found[1][both]])
        spots = np.searchsorted(keys[by_key], wanted)
        hit = np.zeros(len(wanted), np.bool_)
        inside = spots < len(keys)
        hit[inside] = keys[by_key][spots[inside]] == wanted[inside]
        out[np.flatnonzero(both)[hit]] = mine.similarity[by_key][spots[hit]]
        return out


def sketch_known(
    texts: pa.Array,
    content: U64,
    rules: Rules,
    known: Known | None,
    threads: int = 1,
    *,
    kinds: I64 | None = None,
    whole: npt.NDArray[np.bool_] | None = None,
) -> Sketched:
    """What `sketch_all` makes of texts; those of the earlier run are not sketched again.

    Args:
        texts: strings.
        content: what `contents` said of them; texts that differ in `kinds` or `whole` must differ in it.
        rules: those of the earlier run.
        known: the earlier run, if there is one.
        threads: how many work on it; the result does not depend on it.
        kinds: see `sketch_all`.
        whole: see `sketch_all`.
    """
    if known is None:
        return sketch_all(texts, rules, threads, kinds=kinds, whole=whole)
    places = known.places(content)
    new, old = np.flatnonzero(places < 0), np.flatnonzero(places >= 0)
    made = Sketched.empty(len(texts))
    made.put(old, known.sketched, places[old])
    more = {"kinds": None if kinds is None else kinds[new], "whole": None if whole is None else whole[new]}
    made.put(new, sketch_all(texts.take(pa.array(new)), rules, threads, **more), np.arange(len(new)))
    return made


def _sorted(values: U64) -> tuple[I64, U64]:
    # The first half tells them apart; see `_find`.
    order = np.argsort(values[:, 0])
    return order, values[order]


def _find(wanted: U64, order: I64, ordered: U64) -> I64:
    """For each 128-bit value the place of an equal one, or -1."""
    out = np.full(len(wanted), -1, np.int64)
    if len(order):
        # Two values that differ share the first half with a chance of 2^-64: then one of them counts as new.
        spots = np.minimum(np.searchsorted(ordered[:, 0], wanted[:, 0]), len(order) - 1)
        same = (ordered[spots] == wanted).all(axis=1)
        out[same] = order[spots[same]]
    return out


def _pair_keys(left: I64, right: I64) -> npt.NDArray[np.int64]:
    return (np.minimum(left, right) << 32) | np.maximum(left, right)
