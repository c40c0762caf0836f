"""Hashed n-gram features of short texts, counted over the Arrow utf8 buffer without a loop over texts.

A text becomes counts of word 1- to 3-grams and of byte 2- to 5-grams that do not span a space, hashed into
`2**BITS` buckets. Every value is an integer, so that sums are exact and a text's features and scores are the
same bytes whatever other texts share its batch. Training and inference both start here: a change to this file
calls for new weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BITS = 17
WORD_GRAMS = 3
BYTE_GRAMS = 5
TEXT_BYTES = 1 << 16
"""A longer text is judged by its first 65,536 bytes (about 11,000 words), to bound the memory it takes."""

_BLOCK_BYTES = 1 << 16
_BLOCK_ROWS = 1 << (32 - BITS)  # row and bucket of a feature share one uint32
_MAX_VALUE = 127
_LETTER, _FOREIGN, _SIGN, _SPACE = np.arange(4, dtype=np.uint8)


def _byte_tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """For each byte: its lower-case form, white space and control bytes as a space, and its kind."""
    fold, kind = np.arange(256, dtype=np.uint8), np.full(256, _SIGN)
    for code in range(256):
        char = chr(code)
        if code >= 0x80:
            kind[code] = _FOREIGN
        elif char.isspace() or not char.isprintable():
            fold[code], kind[code] = ord(" "), _SPACE
        elif char.isalnum() or char == "'":
            fold[code], kind[code] = ord(char.lower()), _LETTER
    return fold, kind


_FOLD, _KIND = _byte_tables()
_FIRST_OF_FOUR = 0xF0  # from here on, a byte leads a four-byte character; in practice an emoji

# The two multipliers of the 64-bit finaliser of MurmurHash3 (A. Appleby, public domain).
_MUL_A, _MUL_B = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_PLACES = 64
_PLACE_KEYS = _MUL_A ** np.arange(1, _PLACES + 1, dtype=np.uint64)  # odd, modulo 2**64


@dataclass(frozen=True, slots=True)
class Block:
    """The features of a run of texts, ordered by text, then bucket.

    Attributes:
        first: position of the first text of the block in the input.
        size: number of texts, those without a feature included.
        rows: int64 (nnz,), the text of each feature, counted from `first`.
        buckets: int64 (nnz,), in [0, 2**BITS).
        counts: int64 (nnz,), how often the bucket occurs in the text, at least 1.
    """

    first: int
    size: int
    rows: npt.NDArray[np.int64]
    buckets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


Kind = Literal["bytes", "words", "classes"]


@dataclass(frozen=True, slots=True)
class Classes:
    """Words that count as one: the grams of kind "classes" are those of words, with classes in the place of words.

    Only grams that hold a class are counted, for the others are grams of words.

    Attributes:
        words: uint64, the keys of words, sorted.
        stands: uint64, the key of the class that each stands for.
    """

    words: npt.NDArray[np.uint64]
    stands: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, classes: Mapping[str, Sequence[str]]) -> Classes:
        """The classes of words; a word that two of them name belongs to the first."""
        first = {word: name for name in reversed(list(classes)) for word in classes[name]}
        # A class is written in upper case, which no folded word is: it has a key of its own.
        keys = {_word_key(word): _word_key(name.upper()) for word, name in first.items()}
        words = np.array(sorted(keys), np.uint64)
        return cls(words, np.array([keys[word] for word in words.tolist()], np.uint64))

    def of_tokens(self, token: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """Tokens with each known word replaced by its class."""
        place = np.minimum(np.searchsorted(self.words, token), len(self.words) - 1)
        return np.where(self.words.take(place) == token, self.stands.take(place), token)


def blocks(texts: pa.StringArray | pa.LargeStringArray) -> Iterator[Block]:
    """Count the features of texts, a bounded number of bytes at a time.

    Args:
        texts: any length, slices too. A null, an empty text and one of white space alone have no features.

    Yields:
        Blocks that together cover all texts in order.
    """
    for first, raw in _runs_of_texts(texts):
        yield _count(first, raw)


def occurrences(
    texts: pa.StringArray | pa.LargeStringArray, kind: Kind, classes: Classes
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """The grams of one kind as they occur, in no order: cheaper than `blocks`, which sorts to count.

    Args:
        texts: as for `blocks`.
        kind: which grams.
        classes: of words, for the kind "classes".

    Yields:
        Of a run of texts, for each gram its text, counted from the first of all, and its bucket.
    """
    for first, raw in _runs_of_texts(texts):
        text, kinds, row = _lay_out(raw)
        if kind == "bytes":
            grams = _byte_grams(text, kinds == _SPACE, row)
        else:
            grams = _word_grams(text, kinds, row, classes if kind == "classes" else None)
        keys = np.concatenate([np.zeros(0, np.uint32), *grams])
        wide = keys.astype(np.int64)
        yield (wide >> BITS) + first, wide & ((1 << BITS) - 1)


def _runs_of_texts(texts: pa.StringArray | pa.LargeStringArray) -> Iterator[tuple[int, pa.LargeBinaryArray]]:
    """Texts, a bounded number of bytes at a time, each run with the place of its first."""
    raw = pc.fill_null(texts.cast(pa.large_string()), "").cast(pa.large_binary())
    if len(raw) == 0:
        return
    bounds = _offsets(raw)
    first = 0
    while first < len(raw):
        full = int(np.searchsorted(bounds, bounds[first] + _BLOCK_BYTES, side="right")) - 1
        stop = min(max(full, first + 1), first + _BLOCK_ROWS, len(raw))
        yield first, _tidy(pc.binary_slice(raw.slice(first, stop - first), 0, TEXT_BYTES))
        first = stop


def _tidy(raw: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """Write names and apostrophes as GoEmotions mostly does: our scrub's [PERSON_1] is its [NAME]."""
    return pc.replace_substring(pc.replace_substring_regex(raw, rb"\[PERSON(_\d+)?\]", b"[NAME]"), "’".encode(), b"'")


def weigh(block: Block, idf: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int64]]:
    """Turn counts into tf-idf values in whole numbers.

    The value is `idf * (1 + ln count)`, cut at 127. With weights of at most 127 in size the sum over all
    `2**17` buckets then stays below 2**31, so a score can never overflow an int32.

    Returns:
        values: int16 (nnz,).
        squares: int64 (block.size,), the squared l2 norm of each text; 0 where nothing is known of a text.
    """
    tf = _TF.take(np.minimum(block.counts, len(_TF) - 1))
    values = np.minimum((tf * idf.take(block.buckets)) >> 4, _MAX_VALUE)
    sums = np.concatenate(([0], np.cumsum(values * values)))
    ends = np.searchsorted(block.rows, np.arange(block.size + 1))
    return values.astype(np.int16), np.diff(sums.take(ends))


_TF = np.rint(16 * (1 + np.log(np.arange(1, 257)))).astype(np.int64)
_TF = np.concatenate(([0], _TF))


def _offsets(raw: pa.LargeBinaryArray) -> npt.NDArray[np.int64]:
    """The int64 offsets of an array that may be a slice, shape (len + 1,)."""
    return np.frombuffer(raw.buffers()[1], np.int64)[raw.offset : raw.offset + len(raw) + 1]


def _count(first: int, raw: pa.LargeBinaryArray) -> Block:
    text, kind, row = _lay_out(raw)
    keys = np.sort(np.concatenate([*_byte_grams(text, kind == _SPACE, row), *_word_grams(text, kind, row)]))
    found, counts = _runs(keys)
    return Block(first, len(raw), found >> BITS, found & ((1 << BITS) - 1), counts)


def _lay_out(
    raw: pa.LargeBinaryArray,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
    """All texts one after the other, folded, with the kind of each byte and its text."""
    bounds, size = _offsets(raw), len(raw)
    ends = np.concatenate(([0], np.cumsum(np.diff(bounds) + 1)))
    # One space before, between and after the texts: grams then see the edges of a text as edges of a word.
    gaps = np.zeros(ends[-1] + 1, bool)
    gaps[ends] = True
    text = np.full(len(gaps), ord(" "), np.uint8)
    kind = np.full(len(gaps), _SPACE)
    data = raw.buffers()[2]
    if data is not None:
        taken = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
        text[~gaps], kind[~gaps] = _FOLD.take(taken), _KIND.take(taken)
    row = np.concatenate(([0], np.repeat(np.arange(size, dtype=np.uint32), np.diff(ends)))).astype(np.uint32)
    return text, kind, row


def _runs(keys: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The distinct values of a sorted array and how often each occurs."""
    new = np.flatnonzero(np.diff(keys.astype(np.int64), prepend=-1))
    return keys.take(new).astype(np.int64), np.diff(new, append=len(keys))


def _byte_grams(
    text: npt.NDArray[np.uint8], space: npt.NDArray[np.bool_], row: npt.NDArray[np.uint32]
) -> Iterator[npt.NDArray[np.uint32]]:
    """Keys of the grams of 2 to 5 bytes with no space strictly inside; a gram is its bytes in one integer."""
    gram = text.astype(np.uint64)
    good = np.ones(len(text), bool)
    for length in range(2, BYTE_GRAMS + 1):
        gram = (gram[:-1] << np.uint64(8)) | text[length - 1 :]
        good = good[:-1]
        if length > 2:
            good = good & ~space[length - 2 : -1]
        at = np.flatnonzero(good & ~(space[:-1] & space[1:])[: len(good)])
        # A gram that starts with the space between two texts belongs to the later one.
        yield _keys(gram.take(at), row.take(at + space.take(at)))


def _word_key(word: str) -> np.uint64:
    """The key of a token, as `_word_grams` makes it."""
    data = np.frombuffer(word.encode(), np.uint8)
    return np.uint64((data * _PLACE_KEYS.take(np.arange(len(data)) % _PLACES)).sum(dtype=np.uint64))


def _word_grams(
    text: npt.NDArray[np.uint8],
    kind: npt.NDArray[np.uint8],
    row: npt.NDArray[np.uint32],
    classes: Classes | None = None,
) -> Iterator[npt.NDArray[np.uint32]]:
    """Keys of the grams of 1 to 3 tokens: runs of letters, runs of other scripts, single signs and emoji."""
    begins = (kind[1:] != kind[:-1]) | (kind[1:] == _SIGN) | (text[1:] >= _FIRST_OF_FOUR)
    starts = np.flatnonzero(begins) + 1  # of tokens and of spaces, which end the token before them
    if len(starts) == 0:
        return
    place = np.arange(starts[0], len(text)) - np.repeat(starts, np.diff(starts, append=len(text)))
    spread = text[starts[0] :] * _PLACE_KEYS.take(place % _PLACES)
    token = np.add.reduceat(spread, starts - starts[0])
    word = kind.take(starts) != _SPACE
    token, owner = token[word], row.take(starts[word])
    if classes is None:
        yield from _token_grams(token, owner, np.ones(len(token), bool))
    else:
        stands = classes.of_tokens(token)
        yield from _token_grams(stands, owner, stands != token)


def _token_grams(
    token: npt.NDArray[np.uint64], owner: npt.NDArray[np.uint32], wanted: npt.NDArray[np.bool_]
) -> Iterator[npt.NDArray[np.uint32]]:
    """Keys of the grams within a text that hold a wanted token."""
    gram, has = token, wanted
    for length in range(1, WORD_GRAMS + 1):
        if length > 1:
            gram = (gram[:-1] ^ (gram[:-1] >> np.uint64(31))) * _MUL_B + token[length - 1 :]
            has = has[:-1] | wanted[length - 1 :]
        same = has & (owner[: len(gram)] == owner[length - 1 :])
        yield _keys(gram[same] + np.uint64(length << 48), owner[: len(gram)][same])


def _keys(gram: npt.NDArray[np.uint64], row: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Hash grams into buckets and join each with its row: `row << BITS | bucket`."""
    mixed = gram * _MUL_A
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MUL_B
    return (row << np.uint32(BITS)) | (mixed >> np.uint64(64 - BITS)).astype(np.uint32)
