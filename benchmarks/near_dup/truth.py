# /// script
# requires-python = ">=3.11"
# dependencies = ["numba==0.68.1", "numpy==2.4.6", "pyarrow==26.0.1"]
# ///
"""The truth: every pair of a corpus whose Jaccard similarity is at least 4/5, found exactly.

    python benchmarks/near_dup/truth.py CORPUS.parquet OUT.npz
    python benchmarks/near_dup/truth.py --check        (against every pair of 2,000 chats, compared one by one)

What is compared is the sets of two texts' shingles: word 5-grams, or 3-grams where one of the two has fewer than 60
words; fewer words than that are one shingle. Words are the maximal runs of \\w in the lower-cased text. Shingles of
different lengths are never equal, and a text without a word is like nothing. No engine shares code with this file.

The join is the textbook one by prefixes: in an order of all shingles, rare ones first, two sets of similarity t share
one of their first |set| - ceil(t |set|) + 1. Whoever shares one is compared in full. Shingles are 64-bit hashes; that
any two of 10^8 different ones are the same has a chance of 1 in 4,000.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numba import njit

WORD = re.compile(r"\w+")
SHORT = 60
CHECKED = 2_000
BUCKETS = 1 << 26


def words(text: str) -> list[str]:
    """The words of a text."""
    return WORD.findall(text.lower())


def hashed_sets(texts: list[str], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Sets of shingle hashes end to end, each sorted, and where each begins (one more than there are texts)."""
    numbers: dict[str, int] = {}
    sets, sizes = [], []
    for text in texts:
        given = np.array([numbers.setdefault(w, len(numbers)) for w in words(text)], np.uint64)
        size = min(length, len(given))
        mixed = np.full(len(given) - size + 1 if size else 0, size, np.uint64)
        for place in range(size):
            mixed = mix(mixed ^ given[place : place + len(mixed)])
        sets.append(np.unique(mixed))
        sizes.append(len(sets[-1]))
    return np.concatenate(sets), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def mix(x: np.ndarray) -> np.ndarray:
    """A bijection of 64-bit numbers that spreads every bit: products with odd numbers, upper half folded down."""
    for odd in (0xD6E8FEB86659FD93, 0xA24BAED4963EE407):
        x = (x + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(odd)
        x ^= x >> np.uint64(32)
    return x


@njit(cache=True)
def prefixes(sets, starts, order, seen_in, hashes, owners):
    """First shingles of every set in the order (frequency, hash) that another set may have, too; how many there are."""
    count = 0
    for rank in range(len(order)):
        own = sets[starts[order[rank]] : starts[order[rank] + 1]]
        frequency = np.empty(len(own), np.int64)
        for i in range(len(own)):
            frequency[i] = seen_in[own[i] & np.uint64(BUCKETS - 1)]
        rare_first = np.argsort(frequency, kind="mergesort")  # stable: equally frequent ones stay in order of the hash
        for i in rare_first[: len(own) - (4 * len(own) + 4) // 5 + 1]:
            if frequency[i] > 1:
                hashes[count], owners[count] = own[i], rank
                count += 1
    return count


@njit(cache=True)
def count_buckets(sets):
    """How many shingles fall into each bucket: an order by that is one of all shingles, exact counts or not."""
    seen_in = np.zeros(BUCKETS, np.int64)
    for x in sets:
        seen_in[x & np.uint64(BUCKETS - 1)] += 1
    return seen_in


@njit(cache=True)
def shared(a, b):
    """Size of the intersection of two sorted sets."""
    i = j = count = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            count += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return count


@njit(cache=True)
def verified(sets, starts, order, hashes, owners):
    """Pairs of texts, and their similarity, of all that meet in a shingle; postings come sorted by (hash, owner)."""
    pairs, jaccard, found = np.empty((1024, 2), np.int32), np.empty(1024), 0
    begins = np.empty(len(hashes), np.int64)  # of the run of postings of one shingle
    for i in range(len(hashes)):
        begins[i] = begins[i - 1] if i and hashes[i] == hashes[i - 1] else i
    by_owner = np.argsort(owners, kind="mergesort")
    met = np.full(len(order), -1, np.int64)
    for place in by_owner:
        rank = owners[place]
        b = sets[starts[order[rank]] : starts[order[rank] + 1]]
        for other in range(place - 1, begins[place] - 1, -1):  # sets come by size: from here they only get smaller
            a = sets[starts[order[owners[other]]] : starts[order[owners[other]] + 1]]
            if 5 * len(a) < 4 * len(b):
                break
            if met[owners[other]] == rank:
                continue
            met[owners[other]] = rank
            both = shared(a, b)
            if 9 * both >= 4 * (len(a) + len(b)):
                if found == len(jaccard):
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                    jaccard = np.concatenate((jaccard, np.empty_like(jaccard)))
                first, second = order[owners[other]], order[rank]
                pairs[found, 0], pairs[found, 1] = min(first, second), max(first, second)
                jaccard[found] = both / (len(a) + len(b) - both)
                found += 1
    return pairs[:found], jaccard[:found]


def similar_pairs(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (earlier row, later row) of similarity 4/5 and more, in order, and the similarities."""
    spoken = [words(text) for text in texts]
    counts = np.array([len(w) for w in spoken])
    # Fewer than 60 words have at most 57 3-grams, and are similar to 71 at most, which have 73 different words at most.
    few = np.array([len(set(w)) <= 73 for w in spoken])
    del spoken
    found = []
    for length, rows in ((5, np.flatnonzero(counts >= SHORT)), (3, np.flatnonzero(few))):
        pairs, jaccard = join([texts[row] for row in rows], length)
        pairs = rows[pairs]
        short = counts[pairs].min(axis=1) < SHORT
        found.append((pairs[short == (length == 3)], jaccard[short == (length == 3)]))
    pairs, jaccard = (np.concatenate(side) for side in zip(*found, strict=True))
    by_row = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[by_row], jaccard[by_row]


def join(texts: list[str], length: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of texts whose sets of shingles of one length are similar."""
    sets, starts = hashed_sets(texts, length)
    order = np.argsort(np.diff(starts), kind="stable")
    hashes, owners = np.empty(len(sets), np.uint64), np.empty(len(sets), np.int32)
    count = prefixes(sets, starts, order, count_buckets(sets), hashes, owners)
    by_hash = np.argsort(hashes[:count], kind="stable")
    return verified(sets, starts, order, hashes[by_hash], owners[by_hash])


def check() -> None:
    """Compare with every pair of a small corpus, its shingles kept as words, no hash and no filter between."""
    from corpus import write

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "corpus.parquet", CHECKED)
        texts = pq.read_table(Path(folder) / "corpus.parquet")["text"].to_pylist()
    texts += ["", "—!", "So be it", "so, be IT!", "Yes.", "yes", "yes no", "No yes"]
    texts += [" ".join(f"w{i}" for i in range(count)) for count in (58, 59, 60, 61)]
    spoken = [words(text) for text in texts]
    by_length = {
        length: [{tuple(w[i : i + length]) for i in range(max(len(w) - length, 0) + 1)} if w else set() for w in spoken]
        for length in (3, 5)
    }
    wanted = {}
    for i, j in itertools.combinations(range(len(texts)), 2):
        a, b = (by_length[5 if min(len(spoken[i]), len(spoken[j])) >= SHORT else 3][k] for k in (i, j))
        both = len(a & b)
        union = len(a) + len(b) - both
        if union and 5 * both >= 4 * union:
            wanted[i, j] = both / union
    pairs, jaccard = similar_pairs(texts)
    found = dict(zip(map(tuple, pairs.tolist()), jaccard.tolist(), strict=True))
    if found != wanted or len(pairs) != len(found):
        sys.exit(f"the join found {len(pairs)} pairs, comparing all {len(texts)} texts {len(wanted)}: they differ")
    sys.stdout.write(f"{len(found)} pairs of {len(texts)} texts: the same as by comparing all\n")


def main() -> None:
    """Join one corpus, or check the join."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if given.check:
        check()
    elif given.corpus and given.out:
        pairs, jaccard = similar_pairs(pq.read_table(given.corpus)["text"].to_pylist())
        np.savez(given.out, pairs=pairs, jaccard=jaccard)
        sys.stdout.write(f"{len(pairs)} pairs\n")
    else:
        parser.error("name a corpus and where the pairs go, or --check")


if __name__ == "__main__":
    main()
