"""A text as words, numbers and signs in parallel arrays: one pass over its code points, compiled."""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

SIGN, SPACE, LOWER, UPPER, DIGIT, BREAK, FOREIGN = range(7)
"""What a character is. BREAK ends a line; FOREIGN is a letter of a script that knows no capitals."""

LOW, TITLE, INITIAL, CAPITALS, MIXED, NUMBER, MARK = range(7)
"""How a token is written; a sign is a MARK."""

_TABLED = 0x3000
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a, in the public domain


class Tokens(NamedTuple):
    """The tokens of a text.

    Attributes:
        start: offset of the first character.
        end: offset behind the last, a final 's left out.
        shape: how it is written.
        hash: of the folded word; of a number its digits as 0.
        line: the stretch it stands in: a sentence of a line.
        glued: whether nothing parts it from the token before.
        owns: whether it ended in 's.
        value: of a number up to six digits; else -1.
    """

    start: Ints
    end: Ints
    shape: Ints
    hash: Hashes
    line: Ints
    glued: npt.NDArray[np.bool_]
    owns: npt.NDArray[np.bool_]
    value: Ints


@functools.cache
def tables() -> tuple[npt.NDArray[np.uint8], Codes]:
    """For each code point below U+3000: what it is, and its folded form: lower case, without accents."""
    kinds = np.full(_TABLED, SIGN, np.uint8)
    folds = np.arange(_TABLED, dtype=np.uint32)
    for code in range(_TABLED):
        char = chr(code)
        if char in "\n\r\u2028\u2029":
            kinds[code] = BREAK
        elif char.isspace() or code < 0x20:
            kinds[code] = SPACE
        elif char.isalpha() or unicodedata.category(char) == "Mn":
            kinds[code] = UPPER if char.isupper() else LOWER
            folds[code] = ord(unicodedata.normalize("NFD", char.lower())[0])
        elif char.isdigit() and char.isascii():
            kinds[code] = DIGIT
    for char, plain in zip("łıøđßæœ’", "liodsao'", strict=True):
        folds[ord(char)] = folds[ord(char.upper()[0])] = ord(plain)
    return kinds, folds


def codes(text: str) -> Codes:
    """The code points of a text, half surrogates and all."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def hashed(word: str) -> int:
    """The hash of a folded word, as `tokenise` has it."""
    value = int(_OFFSET)
    for char in word:
        value = ((value ^ ord(char)) * int(_PRIME)) & 0xFFFFFFFFFFFFFFFF
    return value


@numba.njit(cache=True, nogil=True)
def kind_of(code: int, kinds: npt.NDArray[np.uint8]) -> int:
    """What a character is."""
    if code < _TABLED:
        return int(kinds[code])
    if code >= 0x1F000 or 0xE000 <= code < 0xF900 or 0xFE00 <= code < 0xFE10 or code < 0x3040:
        return SIGN
    return FOREIGN


@numba.njit(cache=True, nogil=True)
def tokenise(text: Codes, kinds: npt.NDArray[np.uint8], folds: Codes) -> Tokens:  # noqa: C901 - one pass
    """Cut a text into tokens."""
    size = len(text)
    start, end = np.empty(size, np.int32), np.empty(size, np.int32)
    shape, line = np.empty(size, np.int32), np.empty(size, np.int32)
    told = np.empty(size, np.uint64)
    glued, owns = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    value = np.full(size, -1, np.int32)
    count, place, lines, last, letters = 0, 0, 0, -1, 0
    while place < size:
        kind = kind_of(text[place], kinds)
        if kind == BREAK:
            lines += 1
            letters = 0
        if kind in (SPACE, BREAK):
            if last == place and count and kind == SPACE and letters > 2:
                mark = text[place - 1]
                if mark == 46 or mark == 33 or mark == 63:  # a sentence ends behind a word of three letters
                    lines += 1
            place += 1
            continue
        begin = place
        code = _OFFSET
        start[count] = begin
        line[count] = lines
        glued[count] = last == begin and count > 0
        if kind == DIGIT:
            number = 0
            while place < size and kind_of(text[place], kinds) == DIGIT:
                if place - begin < 6:
                    number = number * 10 + int(text[place]) - 48
                code = (code ^ np.uint64(48)) * _PRIME
                place += 1
            shape[count] = NUMBER
            value[count] = number if place - begin <= 6 else -1
            letters = 0
        elif kind == SIGN:
            code = (code ^ np.uint64(text[place])) * _PRIME
            place += 1
            shape[count] = MARK
            if not (text[begin] == 46 or text[begin] == 33 or text[begin] == 63):
                letters = 0
        else:
            capitals, lows = 0, 0
            first = kind
            while place < size:
                kind = kind_of(text[place], kinds)
                if kind == UPPER:
                    capitals += 1
                elif kind in (LOWER, FOREIGN):
                    lows += 1
                elif (text[place] == 39 or text[place] == 0x2019) and place + 1 < size and place > begin:
                    after = kind_of(text[place + 1], kinds)
                    if after != LOWER and after != UPPER:
                        break
                    closes = place + 2 >= size or kind_of(text[place + 2], kinds) not in (LOWER, UPPER)
                    if closes and (text[place + 1] == 115 or text[place + 1] == 83):
                        owns[count] = True
                        break
                else:
                    break
                point = text[place]
                code = (code ^ np.uint64(folds[point] if point < _TABLED else point)) * _PRIME
                place += 1
            letters = capitals + lows
            if first == UPPER:
                if letters == 1:
                    shape[count] = INITIAL
                elif lows == 0:
                    shape[count] = CAPITALS
                else:
                    shape[count] = TITLE
            else:
                shape[count] = LOW if capitals == 0 else MIXED
        end[count] = place
        if owns[count]:
            place += 2
        told[count] = code
        last = place
        count += 1
    return Tokens(
        start[:count],
        end[:count],
        shape[:count],
        told[:count],
        line[:count],
        glued[:count],
        owns[:count],
        value[:count],
    )
