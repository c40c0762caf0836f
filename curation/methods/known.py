"""What an earlier run found, so that a run over more texts need not find it again.

Texts are told by content, a 128-bit hash of their bytes. So it does not matter which rows came, went or moved; and
what is reused is what would have been counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.minhash import for_pieces
from curation.methods.near import Rules, Settled, Sketched, sketch_all
from curation.methods.pairs import F32, SAME, Pairs
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
    def _first(self) -> I64:
        """For each text the first one of the same words: what was compared in its place."""
        first = np.arange(len(self.content))
        same = self.pairs.kind == SAME
        first[self.pairs.right[same]] = self.pairs.left[same]
        return first

    def places(self, content: U64) -> I64:
        """For each text the place of an equal one in the earlier run, or -1."""
        # Two that differ share the first half with a chance of 2^-64: then one of them counts as new.
        found = pc.index_in(pa.array(content[:, 0]), value_set=pa.array(self.content[:, 0]))
        out: I64 = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        hits = np.flatnonzero(out >= 0)
        other = self.content[out[hits], 1] != content[hits, 1]
        out[hits[other]] = -1
        return out

    def settled(self, places: I64) -> Settled:
        """What this run tells another one.

        Args:
            places: for each text of the other run the place of an equal one in this, or -1.
        """
        return lambda left, right, kind: self._similarity(places[left], places[right], kind)

    def _similarity(self, left: I64, right: I64, kind: int) -> F32:
        both = np.flatnonzero((left >= 0) & (right >= 0))
        out = np.full(len(left), np.nan, np.float32)
        # Where a bound left comparisons out, a pair that was not found may be one.
        out[both] = 0 if self.pairs.skipped == 0 else np.nan
        mine = self.pairs.take(self.pairs.kind == kind)
        if len(mine.left):
            # Of texts of the same words the first one was compared.
            keys = _keys(self._first[mine.left], self._first[mine.right])
            order = np.argsort(keys)
            keys = keys[order]
            wanted = _keys(self._first[left[both]], self._first[right[both]])
            spots = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            hit = keys[spots] == wanted
            out[both[hit]] = mine.similarity[order[spots[hit]]]
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
) -> tuple[Sketched, I64]:
    """What `sketch_all` makes of texts; those of the earlier run are not sketched again.

    Args:
        texts: strings.
        content: what `contents` said of them; texts that differ in `kinds` or `whole` must differ in it.
        rules: those of the earlier run.
        known: the earlier run, if there is one.
        threads: how many work on it; the result does not depend on it.
        kinds: see `sketch_all`.
        whole: see `sketch_all`.

    Returns:
        The sketches, and for each text the place of an equal one in the earlier run, or -1.
    """
    if known is None:
        return sketch_all(texts, rules, threads, kinds=kinds, whole=whole), np.full(len(texts), -1)
    places = known.places(content)
    new = np.flatnonzero(places < 0)
    made = known.sketched.take(np.maximum(places, 0)) if len(known.content) else Sketched.empty(len(texts))
    kinds, whole = kinds if kinds is None else kinds[new], whole if whole is None else whole[new]
    fresh = sketch_all(texts.take(pa.array(new)), rules, threads, kinds=kinds, whole=whole)
    made.put(new, fresh)
    return made, places


def _keys(left: I64, right: I64) -> I64:
    return (np.minimum(left, right) << 32) | np.maximum(left, right)
