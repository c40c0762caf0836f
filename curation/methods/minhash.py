"""MinHash sketches: 25 bands of five minima, so that a pair at Jaccard .8 shares a band with probability .9999.

After Broder 1997, "On the resemblance and containment of documents"; 1 - (1 - .8^5)^25 = .99995.
"""

from __future__ import annotations

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.tokens import I64, U64, Texts, characters, grams, kernel, mix, words

BANDS, ROWS = 25, 5
HEAD = 32
"""So many words at the beginning of a text say of which longer one it may be the beginning."""
_LANES = 128  # BANDS * ROWS, rounded up to whole vector registers
_SEED = 20_011

U32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Sketches:
    """One row a text.

    Attributes:
        bands: shape (texts, 25); two texts that share a value in a column are candidates (unrelated ones do with
            a chance of 2^-32). A text without words has no candidates: its row is of no use.
        digest: shape (texts, 2), 128 bits over the whole sequence of words: equal where the words are the same.
        words: how many words.
        head: a hash of the first 32 words, never 0; 0 where there are no more.
    """

    bands: U32
    digest: U64
    words: npt.NDArray[np.int32]
    head: U32


@functools.cache
def permutations() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Multipliers (odd) and summands of the hash family, the same for ever."""
    random = np.random.Generator(np.random.PCG64(_SEED))
    a = random.integers(0, 2**32, _LANES, dtype=np.uint32) | np.uint32(1)
    return a, random.integers(0, 2**32, _LANES, dtype=np.uint32)


def sketch(texts: pa.Array, n: int, threads: int = 1) -> Sketches:
    """Sketch texts by their sets of n-grams.

    Args:
        texts: strings.
        n: words in an n-gram.
        threads: how many work on it; the result does not depend on it.
    """
    given = Texts.of(texts)
    size = len(given)
    made = Sketches(
        np.zeros((size, BANDS), np.uint32),
        np.zeros((size, 2), np.uint64),
        np.zeros(size, np.int32),
        np.zeros(size, np.uint32),
    )
    out = (made.bands, made.digest, made.words, made.head)
    kinds, lower = characters()
    a, b = permutations()

    def work(piece: tuple[int, int]) -> None:
        _sketch(given.data, given.bounds, *piece, n, kinds, lower, a, b, *out)

    for_pieces(work, given.bounds, threads)
    return made


def for_pieces(work: Any, bounds: I64, threads: int) -> None:
    """Call `work((first, last))` for stretches of texts of about equal bytes, on so many threads."""
    size = len(bounds) - 1
    if threads == 1 or size < 64 * threads:
        work((0, size))
        return
    cuts = np.searchsorted(bounds, np.linspace(bounds[0], bounds[-1], 8 * threads + 1)[1:-1])
    edges = [0, *cuts.tolist(), size]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [(s, e) for s, e in itertools.pairwise(edges) if s < e]))


@kernel
def _sketch(
    data: Any,
    bounds: Any,
    first: Any,
    last: Any,
    n: Any,
    kinds: Any,
    lower: Any,
    a: Any,
    b: Any,
    bands: Any,
    digest: Any,
    counts: Any,
    heads: Any,
) -> None:
    longest = 0
    for i in range(first, last):
        longest = max(longest, bounds[i + 1] - bounds[i])
    hashes = np.empty(longest + 1, np.uint64)
    shingles = np.empty(longest + 1, np.uint64)
    lowest = np.empty(128, np.uint32)
    for i in range(first, last):
        count = words(data, bounds[i], bounds[i + 1], kinds, lower, hashes)
        counts[i] = count
        left, right = np.uint64(0x8EBC6AF09C88C6E3), np.uint64(0x2545F4914F6CDD1D)
        for j in range(count):
            if j == HEAD:
                heads[i] = max(np.uint32(mix(left) >> np.uint64(32)), np.uint32(1))
            left = (left ^ hashes[j]) * np.uint64(0x9FB21C651E98DF25)
            left ^= left >> np.uint64(32)
            right = (right + hashes[j]) * np.uint64(0xC2B2AE3D27D4EB4F)
            right ^= right >> np.uint64(29)
        digest[i, 0], digest[i, 1] = mix(left ^ np.uint64(count)), mix(right)
        size = grams(hashes, count, n, shingles)
        minima(shingles, size, a, b, lowest)
        for band in range(25):
            key = np.uint64(band)
            for row in range(5):
                key = mix(key ^ np.uint64(lowest[5 * band + row]) * np.uint64(0x9E3779B97F4A7C15))
            bands[i, band] = np.uint32(key >> np.uint64(32))


@kernel
def minima(shingles: Any, size: Any, a: Any, b: Any, lowest: Any) -> None:
    """For each of the 128 hash functions its smallest value over the n-grams.

    Everything is 32 bits wide by explicit casts: numba would promote to 64, and signatures would collide.
    """
    for lane in range(128):
        lowest[lane] = np.uint32(0xFFFFFFFF)
    for i in range(size):
        x = np.uint32(shingles[i] >> np.uint64(32))
        for lane in range(128):
            v = np.uint32(np.uint32(a[lane] * x) + b[lane])
            v = np.uint32(v ^ np.uint32(v >> np.uint32(15)))
            v = np.uint32(v * np.uint32(0x2C1B3C6D))
            lowest[lane] = min(lowest[lane], v)
