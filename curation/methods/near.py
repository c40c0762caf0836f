"""Near-duplicate pairs among texts, from sketches to checked pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods import exact_join
from curation.methods.candidates import candidates
from curation.methods.minhash import BANDS, U32, sketch
from curation.methods.pairs import F32, NEAR, PART, SAME, Pairs, Take, check
from curation.methods.tokens import I64, LONG, SHORT, SHORT_WORDS, U64

Find = Callable[[U32, int, int], tuple[I64, I64, int]]
"""`candidates`, or what gives the same in another way."""

MAX_BUCKET = 1000
"""With how many texts of its bucket a text is compared; a bucket of more is a pattern of its own, such as a form."""

Settled = Callable[[I64, I64, int], F32]
"""(left, right, kind of pair) -> what is known of pairs of texts: their similarity, 0 for no pair, else NaN."""


@dataclass(frozen=True)
class Rules:
    """What makes two texts near-duplicates.

    Attributes:
        threshold: Jaccard index of the sets of n-grams, above 0 and at most 1.
        long, short: words in an n-gram; the short ones count where one text of a pair has fewer than `short_words`.
        short_words: see `long`.
        containment: a text of at least `short_words` that begins as a longer one does is its part if the longer one has
            this share of its n-grams; 0 looks for no parts.
        max_bucket: bounds the work on buckets of candidates; see `candidates`.
    """

    threshold: float = 0.8
    long: int = LONG
    short: int = SHORT
    short_words: int = SHORT_WORDS
    containment: float = 0.0
    max_bucket: int = MAX_BUCKET

    @property
    def border(self) -> int:
        """A text of more words has no near-duplicate of fewer than `short_words`, if it repeats itself no more."""
        return int(self.short_words / self.threshold) + self.short


@dataclass(frozen=True)
class Sketched:
    """What is kept of texts between runs, 240 bytes each, one row a text.

    Attributes:
        words: how many words.
        digest: 128 bits over the words.
        head: a hash of the first words where the text may be a part or have one, else 0.
        long: bands by long n-grams; of use for texts of `short_words` and more.
        short: bands by short n-grams; of use for texts with so few words that a near-duplicate may be short.
    """

    words: npt.NDArray[np.int32]
    digest: U64
    head: U32
    long: U32
    short: U32

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def empty(cls, size: int) -> Sketched:
        """Room for so many texts."""
        bands = ((size, BANDS), (size, BANDS))
        return cls(
            np.zeros(size, np.int32),
            np.zeros((size, 2), np.uint64),
            np.zeros(size, np.uint32),
            *(np.zeros(shape, np.uint32) for shape in bands),
        )

    @classmethod
    def together(cls, found: list[Sketched]) -> Sketched:
        """Several as one."""
        found = found or [cls.empty(0)]
        return cls(*(np.concatenate([getattr(s, f) for s in found]) for f in cls.__dataclass_fields__))

    def take(self, places: I64) -> Sketched:
        """Some rows."""
        return Sketched(*(np.take(getattr(self, name), places, axis=0) for name in self.__dataclass_fields__))

    def put(self, places: I64, other: Sketched) -> None:
        """Write the rows of another one to some places of this one."""
        for name in self.__dataclass_fields__:
            getattr(self, name)[places] = getattr(other, name)


def sketch_all(
    texts: pa.Array,
    rules: Rules,
    threads: int = 1,
    *,
    kinds: I64 | None = None,
    whole: npt.NDArray[np.bool_] | None = None,
) -> Sketched:
    """Sketch texts by both lengths of n-grams, as far as they need it.

    Args:
        texts: strings.
        rules: what makes two texts near-duplicates.
        threads: how many work on it; the result does not depend on it.
        kinds: for each text a number; sketches of different kinds do not agree. One kind by default.
        whole: texts that are no part and have none; by default there are none such.
    """
    made = sketch(texts, rules.long, threads)
    bands = np.zeros_like(made.bands)
    shorts = np.flatnonzero(made.words <= rules.border)
    bands[shorts] = sketch(texts.take(pa.array(shorts)), rules.short, threads).bands
    cut = made.words < rules.short_words if whole is None else whole | (made.words < rules.short_words)
    made.head[cut] = 0
    sketched = Sketched(made.words, made.digest, made.head, made.bands, bands)
    if kinds is not None and kinds.any():
        salt = salts(kinds)
        narrow = (salt >> np.uint64(32)).astype(np.uint32)
        sketched.digest[:] ^= salt[:, None]
        for column in (sketched.long, sketched.short):
            column ^= narrow[:, None]
        # 0 stays 0.
        sketched.head[:] = np.where(sketched.head == 0, sketched.head, np.maximum(sketched.head ^ narrow, np.uint32(1)))
    return sketched


def salts(codes: I64) -> U64:
    """A constant of 64 bits for each small number, 0 for 0."""
    return codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def near_duplicates(
    sketched: Sketched,
    take: Take,
    rules: Rules,
    *,
    settled: Settled | None = None,
    threads: int = 1,
    find: Find = candidates,
) -> Pairs:
    """The near-duplicate pairs of sketched texts.

    Args:
        sketched: what `sketch_all` made of them.
        take: gives the texts at some places.
        rules: what makes a pair.
        settled: what an earlier run found by the same rules; it saves work and changes no result.
        threads: how many work on it; the result does not depend on it.
        find: finds the candidates.
    """
    words = sketched.words
    centre, stars = _stars(sketched)
    checks = _Checks(sketched, take, settled, threads)
    found = [stars]
    for n in (rules.long, rules.short):
        long = n == rules.long
        members = np.flatnonzero(centre & (words >= rules.short_words if long else words <= rules.border))
        left, right, skipped = find((sketched.long if long else sketched.short)[members], rules.max_bucket, threads)
        left, right = members[left], members[right]
        if not long:
            mixed = np.minimum(words[left], words[right]) < rules.short_words
            left, right = left[mixed], right[mixed]
        found.append(checks.pairs(left, right, n, rules.threshold, NEAR, skipped))
    found += _parts(checks, centre, found[1], rules)
    return Pairs.together(found)


def exact_pairs(sketched: Sketched, texts: pa.Array, rules: Rules, threads: int = 1) -> Pairs:
    """The same by the exact join: every pair there is, at the price of holding all texts and n-grams.

    Parts are looked for as `near_duplicates` does: among texts that begin alike.
    """
    words = sketched.words
    centre, stars = _stars(sketched)
    found = [stars]
    for n in (rules.long, rules.short):
        long = n == rules.long
        members = np.flatnonzero(centre & (words >= rules.short_words if long else words <= rules.border))
        left, right, similarity = exact_join.join(texts.take(pa.array(members)), n, rules.threshold, threads)
        left, right = members[left], members[right]
        mixed = (np.minimum(words[left], words[right]) < rules.short_words) | long
        found.append(Pairs.of(left[mixed], right[mixed], similarity[mixed], NEAR))
    checks = _Checks(sketched, lambda places: texts.take(pa.array(places)), None, threads)
    found += _parts(checks, centre, found[1], rules)
    return Pairs.together(found)


def _parts(checks: _Checks, centre: npt.NDArray[np.bool_], near: Pairs, rules: Rules) -> list[Pairs]:
    """Of texts that begin alike and are no near-duplicates, those that are a part of another."""
    if not rules.containment:
        return []
    head = checks.sketched.head
    members = np.flatnonzero(centre & (head > 0))
    left, right, skipped = candidates(head[members][:, None], rules.max_bucket, checks.threads)
    left, right = members[left], members[right]
    new = ~np.isin((left << 32) | right, (near.left << 32) | near.right)
    return [checks.pairs(left[new], right[new], rules.long, rules.containment, PART, skipped)]


@dataclass(frozen=True)
class _Checks:
    """What is needed to tell pairs from candidates."""

    sketched: Sketched
    take: Take
    settled: Settled | None
    threads: int

    def pairs(self, left: I64, right: I64, n: int, threshold: float, kind: int, skipped: int) -> Pairs:
        """The candidates that are pairs, by what an earlier run found, else by the exact check."""
        similarity = np.full(len(left), np.nan, np.float32)
        if self.settled is not None:
            similarity = self.settled(left, right, kind)
        open_ = np.flatnonzero(np.isnan(similarity))
        words, part = self.sketched.words, kind == PART
        similarity[open_] = check(
            left[open_], right[open_], self.take, words, n, threshold, part=part, threads=self.threads
        )
        good = similarity > 0
        return Pairs.of(left[good], right[good], similarity[good], kind, skipped)


def _stars(sketched: Sketched) -> tuple[npt.NDArray[np.bool_], Pairs]:
    """Which texts stand for all of the same words, the first of each; and the pairs that link the others to it."""
    first = first_of(sketched.digest)
    places = np.arange(len(first))
    spoken = sketched.words > 0
    stars = np.flatnonzero((first != places) & spoken)
    return (first == places) & spoken, Pairs.of(first[stars], stars, np.ones(len(stars), np.float32), SAME)


def first_of(digest: U64) -> I64:
    """For each text the first one of the same words."""
    first = np.arange(len(digest))
    if not len(digest):
        return first
    order = np.argsort(digest[:, 0])
    halves, others = digest[order, 0], digest[order, 1]
    same = halves[1:] == halves[:-1]
    if (others[1:][same] != others[:-1][same]).any():
        # 64 bits agree by chance: all 128 are sorted.
        order = np.lexsort((digest[:, 1], digest[:, 0]))
        halves, others = digest[order, 0], digest[order, 1]
        same = (halves[1:] == halves[:-1]) & (others[1:] == others[:-1])
    heads = np.flatnonzero(np.concatenate([[True], ~same]))
    first[order] = np.repeat(np.minimum.reduceat(order, heads), np.diff(np.append(heads, len(order))))
    return first
