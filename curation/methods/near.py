"""Near-duplicate pairs among texts, from sketches to checked pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods import exact_join
from curation.methods.minhash import Sketches, sketch
from curation.methods.pairs import Pairs, Take, candidates, check, sorted_pairs
from curation.methods.tokens import I64, LONG, SHORT, SHORT_WORDS, U64

MAX_BUCKET = 1000
"""With how many texts of its bucket a text is compared; a bucket of more is a pattern of its own, such as a form."""


@dataclass(frozen=True)
class Sketched:
    """What is kept of texts between runs, 224 bytes each.

    Attributes:
        long: sketches by 5-grams; rows of texts with fewer than 60 words are of no use.
        short: sketches by 3-grams, one row for each of `shorts`.
        shorts: places of the texts with so few words that a near-duplicate may have fewer than 60.
    """

    long: Sketches
    short: Sketches
    shorts: I64


def _border(threshold: float) -> int:
    """A text of more words than this has no near-duplicate of fewer than 60, if it repeats itself no more than they."""
    return int(SHORT_WORDS / threshold) + SHORT


def sketch_all(texts: pa.Array, threshold: float, threads: int = 1) -> Sketched:
    """Sketch texts by both lengths of n-grams, as far as they need it."""
    whole = sketch(texts, LONG, threads)
    shorts = np.flatnonzero(whole.words <= _border(threshold))
    return Sketched(whole, sketch(texts.take(pa.array(shorts)), SHORT, threads), shorts)


def near_duplicates(
    sketched: Sketched, take: Take, threshold: float, *, max_bucket: int = MAX_BUCKET, threads: int = 1
) -> Pairs:
    """The near-duplicate pairs of sketched texts.

    Texts of the same words form a star: each is paired with the first of them, and only that one with others.

    Args:
        sketched: what `sketch_all` made of them.
        take: gives the texts at some places.
        threshold: Jaccard index of the sets of n-grams: 5-grams, but 3-grams where one text of a pair has fewer than
            60 words.
        max_bucket: bounds the work on buckets of candidates; see `candidates`.
        threads: how many work on it; the result does not depend on it.
    """
    words = sketched.long.words
    first = _first(sketched.long.digest, words)
    places = np.arange(len(words))
    centre = (first == places) & (words > 0)
    stars = np.flatnonzero((first != places) & (words > 0))
    found = [Pairs(first[stars], stars, np.ones(len(stars), np.float32))]
    for n, bands, members in (
        (LONG, sketched.long.bands, np.flatnonzero(centre & (words >= SHORT_WORDS))),
        (SHORT, sketched.short.bands, sketched.shorts[centre[sketched.shorts]]),
    ):
        rows = members if n == LONG else np.searchsorted(sketched.shorts, members)
        left, right, skipped = candidates(bands[rows], max_bucket, threads)
        left, right = members[left], members[right]
        if n == SHORT:
            mixed = np.minimum(words[left], words[right]) < SHORT_WORDS
            left, right = left[mixed], right[mixed]
        pairs = check(left, right, take, n, threshold, threads)
        found.append(Pairs(pairs.left, pairs.right, pairs.similarity, skipped))
    return _together(found)


def exact_pairs(texts: pa.Array, threshold: float, threads: int = 1) -> Pairs:
    """The same by the exact join: every pair there is, at the price of holding all n-grams."""
    sketched = sketch_all(texts, threshold, threads)
    words = sketched.long.words
    first = _first(sketched.long.digest, words)
    places = np.arange(len(words))
    stars = np.flatnonzero((first != places) & (words > 0))
    found = [Pairs(first[stars], stars, np.ones(len(stars), np.float32))]
    for n, wanted in ((LONG, words >= SHORT_WORDS), (SHORT, words <= _border(threshold))):
        members = np.flatnonzero(wanted & (first == places) & (words > 0))
        pairs = exact_join.join(texts.take(pa.array(members)), n, threshold, threads)
        left, right = members[pairs.left], members[pairs.right]
        mixed = (np.minimum(words[left], words[right]) < SHORT_WORDS) | (n == LONG)
        found.append(Pairs(left[mixed], right[mixed], pairs.similarity[mixed]))
    return _together(found)


def _first(digest: U64, words: npt.NDArray[np.int32]) -> I64:
    """For each text the first one of the same words."""
    order = np.lexsort((digest[:, 1], digest[:, 0]))
    ordered = digest[order]
    heads = np.flatnonzero(np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])) if len(order) else order
    # lexsort is stable, so the head of a run is its first text.
    first = np.empty(len(words), np.int64)
    first[order] = np.repeat(order[heads], np.diff(np.append(heads, len(order))))
    return first


def _together(found: Sequence[Pairs]) -> Pairs:
    left = np.concatenate([p.left for p in found])
    right = np.concatenate([p.right for p in found])
    similarity = np.concatenate([p.similarity for p in found])
    return sorted_pairs(left, right, similarity, sum(p.skipped for p in found))
