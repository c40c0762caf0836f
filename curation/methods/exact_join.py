"""Every near-duplicate pair there is: the exact set-similarity join by prefix filtering.

Two sets at Jaccard t share one of their first `|A| - ceil(t |A|) + 1` members, in any order that is the same for both;
with the rarest first, few sets share one. After Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for
similarity joins", and Bayardo, Ma and Srikant 2007. It holds the n-grams of all texts: about 2 KB for one of 250 words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from curation.methods.pairs import F32, Sets, compare, sets
from curation.methods.tokens import I64, U64, kernel


def join(texts: pa.Array, n: int, threshold: float, threads: int = 1) -> tuple[I64, I64, F32]:
    """All pairs of texts at or above the threshold; recall is 1 by construction.

    Args:
        texts: strings; equal ones make as many pairs as there are, so give each once.
        n: words in an n-gram.
        threshold: Jaccard index, above 0 and at most 1.
        threads: how many work on it; the result does not depend on it.

    Returns:
        The smaller and the larger place of each pair, and its similarity.
    """
    found = sets(texts, n, threads)
    keys, owners = _postings(found, threshold)
    order = np.lexsort((owners, keys))
    packed = _pairs(keys[order], owners[order], found.sizes, threshold)
    packed = np.unique(packed)
    left, right = (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    similarity = compare(left, right, found, threshold, False, threads)
    good = similarity > 0
    return left[good], right[good], similarity[good]


def _postings(found: Sets, threshold: float) -> tuple[U64, I64]:
    """The prefix of every set: n-grams that another set has, too, the rarest first."""
    bits = min(28, max(16, len(found.grams).bit_length() + 1))
    counts = _frequencies(found.grams, found.starts, found.sizes, np.uint64(64 - bits), np.zeros(1 << bits, np.uint8))
    keys, owners = _prefixes(found.grams, found.starts, found.sizes, np.uint64(64 - bits), counts, threshold)
    return keys, owners


@kernel
def _frequencies(all_grams: Any, starts: Any, sizes: Any, shift: Any, counts: Any) -> Any:
    """In how many sets an n-gram stands, up to 255. Those that share a place count as one, which loses no pair."""
    for i in range(len(starts)):
        for j in range(starts[i], starts[i] + sizes[i]):
            place = all_grams[j] >> shift
            if counts[place] < 255:
                counts[place] += 1
    return counts


@kernel
def _prefixes(all_grams: Any, starts: Any, sizes: Any, shift: Any, counts: Any, threshold: Any) -> Any:
    total = 0
    longest = 0
    for i in range(len(sizes)):
        total += sizes[i] - math.ceil(threshold * sizes[i] - 1e-9) + 1 if sizes[i] else 0
        longest = max(longest, sizes[i])
    keys = np.empty(total, np.uint64)
    owners = np.empty(total, np.int64)
    ranked = np.empty(longest, np.uint64)
    used = 0
    for i in range(len(starts)):
        size = sizes[i]
        for j in range(size):
            gram = all_grams[starts[i] + j]
            # The frequency leads; 56 bits of the n-gram tell it from others.
            ranked[j] = (np.uint64(counts[gram >> shift]) << np.uint64(56)) | (gram >> np.uint64(8))
        ranked[:size] = np.sort(ranked[:size])
        prefix = size - math.ceil(threshold * size - 1e-9) + 1 if size else 0
        for j in range(prefix):
            if ranked[j] >> np.uint64(56) > np.uint64(1):
                keys[used] = ranked[j]
                owners[used] = i
                used += 1
    return keys[:used], owners[:used]


@kernel
def _pairs(keys: Any, owners: Any, sizes: Any, threshold: Any) -> Any:
    """Pairs of owners of the same key whose sizes allow the threshold; a pair may be named more than once."""
    out = np.empty(1024, np.uint64)
    count = 0
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        for p in range(start + 1, end):
            v = owners[p]
            for q in range(start, p):
                u = owners[q]
                if u == v or min(sizes[u], sizes[v]) < threshold * max(sizes[u], sizes[v]):
                    continue
                if count == len(out):
                    grown = np.empty(2 * count, np.uint64)
                    grown[:count] = out
                    out = grown
                out[count] = (np.uint64(u) << np.uint64(32)) | np.uint64(v)
                count += 1
        start = end
    return out[:count]
