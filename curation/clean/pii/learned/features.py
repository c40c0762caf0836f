"""What the model sees of a token: itself, its neighbours, its run of capitals, and what is known of all."""

from __future__ import annotations

import numba
import numpy as np

from curation.clean.pii.learned import vocabulary as v
from curation.clean.pii.learned.tokens import (
    CAPITALS,
    INITIAL,
    LOW,
    MARK,
    MIXED,
    NUMBER,
    TITLE,
    Codes,
    Ints,
    Tokens,
    hashed,
)
from curation.clean.pii.learned.vocabulary import Bits

BITS = 18
BY_HEART = 4
"""The first features are the word itself."""

MOST = 160
"""No token has more features."""

_MIX = np.uint64(0xFF51AFD7ED558CCD)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(33)
_KNOWN = 31
_TIER = v.COMMON | v.ENGLISH | v.RARE
_NAMES = v.FIRST | v.LAST
_NOUNS = v.PLACE | v.HOUSE | v.BODY | v.STREET
_CLASS = _TIER | _NAMES | v.PLAIN | v.DOUBLE | v.TOWN | v.WIDE | v.PUBLIC | v.TITLE | v.KIN | v.FIGURE
_COMMA, _HYPHEN, _SLASH, _AT, _HASH, _AMPERSAND = (np.uint64(hashed(sign)) for sign in ",-/@#&")
_I, _A = np.uint64(hashed("i")), np.uint64(hashed("a"))
_LINKING = tuple(np.uint64(hashed(word)) for word in "of the de la le du van der von al bin da dos y".split())
_CUE = v.KIN | v.TITLE | v.JOB | v.DOES | v.PLACING | v.HOUSE | v.BODY | v.STREET | v.ACCOUNT | v.CALLING
_TOLD = v.ACCOUNT | v.CALLING
_NEAR = 12
"""A word says of how many others what they are."""

_DOT, _UNDER, _PLUS, _OPEN, _CLOSE = (np.uint64(hashed(sign)) for sign in "._+()")


@numba.njit(cache=True, nogil=True, inline="always")
def _mix(template: int, a: np.uint64, b: np.uint64) -> np.int32:
    value = (a * _ODD) ^ (b + np.uint64(template) * _MIX)
    value ^= value >> _SHIFT
    value *= _MIX
    value ^= value >> _SHIFT
    return np.int32(value & np.uint64((1 << BITS) - 1))


@numba.njit(cache=True, nogil=True)
def _span(tokens: Tokens, known: Bits, at: int, low: int, high: int) -> tuple[int, int]:
    """The run of capitalised words around a token, linked by small words as names are; as [first, behind)."""
    first, behind = at, at + 1
    if not _capital(tokens, at):
        return first, behind
    while first > low and at - first < 6:
        if _capital(tokens, first - 1) or tokens.shape[first - 1] == NUMBER:
            first -= 1
        elif first - 1 > low and _links(tokens, first - 1) and _capital(tokens, first - 2):
            first -= 2
        else:
            break
    while behind < high and behind - at < 6:
        if _capital(tokens, behind):
            behind += 1
        elif behind + 1 < high and _links(tokens, behind) and _capital(tokens, behind + 1):
            behind += 2
        else:
            break
    return first, behind


@numba.njit(cache=True, nogil=True, inline="always")
def _capital(tokens: Tokens, at: int) -> bool:
    shape = tokens.shape[at]
    return shape in (TITLE, INITIAL, CAPITALS)


@numba.njit(cache=True, nogil=True)
def _links(tokens: Tokens, at: int) -> bool:
    if tokens.owns[at - 1]:
        return False
    size = tokens.end[at] - tokens.start[at]
    if tokens.shape[at] == MARK:
        return tokens.glued[at] or tokens.hash[at] == _AMPERSAND
    return tokens.shape[at] == LOW and size < 4 and tokens.hash[at] in _LINKING


@numba.njit(cache=True, nogil=True)
def _spoken_of(known: Bits, begin: int, close: int) -> int:
    told = 0
    for index in range(begin, close):
        told |= known[index] & _TOLD
    return told


@numba.njit(cache=True, nogil=True)
def _piece(tokens: Tokens, at: int, low: int, high: int) -> tuple[int, int]:
    """What stands in one piece around a token, without the signs at its ends, as [first, behind)."""
    begin, close = at, at + 1
    while begin > low and tokens.glued[begin] and not tokens.owns[begin - 1] and at - begin < 12:
        begin -= 1
    while close < high and tokens.glued[close] and not tokens.owns[close - 1] and close - at < 12:
        close += 1
    while begin < at and tokens.shape[begin] == MARK and tokens.hash[begin] not in (_AT, _UNDER, _HASH, _PLUS):
        begin += 1
    while close - 1 > at and tokens.shape[close - 1] == MARK and tokens.hash[close - 1] != _UNDER:
        close -= 1
    return begin, close


@numba.njit(cache=True, nogil=True)
def _kind(tokens: Tokens, known: Bits, begin: int, close: int) -> int:
    """Of what a piece is made: signs, digits, words that English has, others, capitals."""
    kind = 0
    for index in range(begin, close):
        shape, sign = tokens.shape[index], tokens.hash[index]
        if shape == MARK:
            if sign == _UNDER:
                kind |= 1
            elif sign == _DOT:
                kind |= 2
            elif sign == _HYPHEN:
                kind |= 4
            elif sign == _AT:
                kind |= 8
            elif sign in (_SLASH, _HASH):
                kind |= 16
            else:
                kind |= 32
        elif shape == NUMBER:
            kind |= 64
        elif shape == LOW:
            kind |= 128 if known[index] & _TIER else 256
        else:
            kind |= 512
    return kind


@numba.njit(cache=True, nogil=True)
def _digits(tokens: Tokens, at: int, low: int, high: int) -> tuple[int, int, int]:
    """The run of numbers around a token, with the signs that telephone numbers have inside; and its digits."""
    begin, close = at, at + 1
    while begin > low and at - begin < 16 and _in_number(tokens, begin - 1):
        begin -= 1
    while close < high and close - at < 16 and _in_number(tokens, close):
        close += 1
    while begin < at and tokens.shape[begin] == MARK and tokens.hash[begin] not in (_PLUS, _OPEN):
        begin += 1
    while close - 1 > at and tokens.shape[close - 1] == MARK:
        close -= 1
    digits = 0
    for index in range(begin, close):
        if tokens.shape[index] == NUMBER:
            digits += tokens.end[index] - tokens.start[index]
    return begin, close, digits


@numba.njit(cache=True, nogil=True, inline="always")
def _in_number(tokens: Tokens, at: int) -> bool:
    if tokens.shape[at] == NUMBER:
        return True
    return tokens.shape[at] == MARK and tokens.hash[at] in (_HYPHEN, _PLUS, _DOT, _OPEN, _CLOSE, _SLASH)


@numba.njit(cache=True, nogil=True)
def features(  # noqa: C901 - one table of templates
    text: Codes, folds: Codes, tokens: Tokens, known: Bits, low: int, high: int, at: int, out: Ints
) -> int:
    """Write the features of a token in the stretch [low, high); return how many."""
    n = 0
    zero = np.uint64(0)
    edge = np.uint64(1)
    w0 = tokens.hash[at]
    wl = tokens.hash[at - 1] if at > low else edge
    wll = tokens.hash[at - 2] if at - 1 > low else edge
    wr = tokens.hash[at + 1] if at + 1 < high else edge
    wrr = tokens.hash[at + 2] if at + 2 < high else edge
    s0 = np.uint64(tokens.shape[at] + 1)
    sl = np.uint64(tokens.shape[at - 1] + 1) if at > low else zero
    sr = np.uint64(tokens.shape[at + 1] + 1) if at + 1 < high else zero
    srr = np.uint64(tokens.shape[at + 2] + 1) if at + 2 < high else zero
    k0 = np.uint64(known[at])
    kl = np.uint64(known[at - 1]) if at > low else zero
    kr = np.uint64(known[at + 1]) if at + 1 < high else zero
    size = min(tokens.end[at] - tokens.start[at], 12)
    opens = np.uint64(_opens(tokens, at, low))
    tier = k0 & np.uint64(_TIER)
    names = k0 & np.uint64(_NAMES | v.TOWN | v.WIDE)
    form = (
        s0 + opens * np.uint64(8) + np.uint64(16 if tokens.glued[at] else 0) + np.uint64(32 if tokens.owns[at] else 0)
    )
    class0 = k0 & np.uint64(_CLASS)
    told = zero  # what is spoken of: accounts, calls
    if s0 == np.uint64(NUMBER + 1) or s0 == np.uint64(MIXED + 1) or not tier or tokens.glued[at]:
        told = np.uint64(_spoken_of(known, max(low, at - _NEAR), min(high, at + _NEAR)))
    # The word itself first: training leaves these out at times, so that not everything is learned by heart.
    out[0] = _mix(1, w0, zero)
    out[1] = _mix(2, w0, form)
    out[2] = _mix(3, wl, w0)
    out[3] = _mix(4, w0, wr)
    n = BY_HEART
    for index in range(_KNOWN):
        bit = np.uint64(1) << np.uint64(index)
        if k0 & bit:
            out[n] = _mix(5, bit, s0)
            n += 1
        if kl & bit:
            out[n] = _mix(6, bit, s0)
            n += 1
        if kr & bit:
            out[n] = _mix(7, bit, s0)
            n += 1
    out[n] = _mix(8, class0, form)
    out[n + 1] = _mix(9, form, tier)
    out[n + 2] = _mix(10, form, names)
    out[n + 3] = _mix(11, wl, form)
    out[n + 4] = _mix(12, wr, form)
    out[n + 5] = _mix(13, wl, s0 + tier * np.uint64(16) + names * np.uint64(1024))
    out[n + 6] = _mix(14, wr, s0 + tier * np.uint64(16) + names * np.uint64(1024))
    out[n + 7] = _mix(15, wll, s0 * np.uint64(97) + wl)
    out[n + 8] = _mix(16, wrr, s0 * np.uint64(97) + wr)
    out[n + 9] = _mix(17, wl, wr + s0)
    out[n + 10] = _mix(18, sl * np.uint64(64) + s0 * np.uint64(8) + sr, opens)
    out[n + 11] = _mix(19, kl & np.uint64(_CUE), class0 + s0)
    out[n + 12] = _mix(20, kr & np.uint64(_CUE), class0 + s0)
    out[n + 13] = _mix(21, kl & np.uint64(_CUE), (kr & np.uint64(_CUE)) + s0)
    out[n + 14] = _mix(22, np.uint64(size), form)
    out[n + 15] = _mix(23, sr * np.uint64(64) + s0 * np.uint64(8) + srr, tier)
    out[n + 16] = _mix(24, wll, s0)
    out[n + 17] = _mix(25, wrr, s0)
    n += 18
    shape = tokens.shape[at]
    out[n] = _mix(70, told, class0 + s0)
    n += 1
    begin, close = _piece(tokens, at, low, high)
    if close - begin > 1:
        kind = np.uint64(_kind(tokens, known, begin, close))
        before = tokens.hash[begin - 1] if begin > low else edge
        twice = tokens.hash[begin - 2] if begin - 1 > low else edge
        behind_it = tokens.hash[close] if close < high else edge
        out[n] = _mix(71, before, kind)
        out[n + 1] = _mix(72, behind_it, kind)
        out[n + 2] = _mix(73, kind, s0 + np.uint64(8 * (at == begin) + 16 * (at == close - 1)))
        out[n + 3] = _mix(74, kind, told)
        out[n + 4] = _mix(75, before, twice)
        n += 5
    elif shape == LOW and not tier:
        out[n] = _mix(76, wl, told)
        out[n + 1] = _mix(77, wr, told)
        n += 2
    if shape == NUMBER or (shape == MARK and (sl == np.uint64(NUMBER + 1) or sr == np.uint64(NUMBER + 1))):
        begin, close, digits = _digits(tokens, at, low, high)
        before = tokens.hash[begin - 1] if begin > low else edge
        twice = tokens.hash[begin - 2] if begin - 1 > low else edge
        many = np.uint64(min(digits, 20) + 32 * min(close - begin, 15))
        some_digits = np.uint64(min(digits, 20))
        out[n] = _mix(80, many, zero)
        out[n + 1] = _mix(81, before, some_digits)
        out[n + 2] = _mix(82, told, some_digits)
        out[n + 3] = _mix(83, tokens.hash[close] if close < high else edge, some_digits)
        out[n + 4] = _mix(84, before, twice)
        out[n + 5] = _mix(85, tokens.hash[begin], some_digits)
        n += 6
    if shape == NUMBER:
        length = tokens.end[at] - tokens.start[at]
        value = tokens.value[at]
        out[n] = _mix(26, np.uint64(length), sl * np.uint64(8) + sr)
        out[n + 1] = _mix(
            27, np.uint64(1 if 90 <= value <= 119 else 2 if 1900 <= value <= 2040 else 3), np.uint64(length)
        )
        out[n + 2] = _mix(28, wl, np.uint64(length))
        out[n + 3] = _mix(29, wr, np.uint64(length))
        return n + 4
    if shape == MARK:
        out[n] = _mix(30, w0, sl * np.uint64(8) + sr)
        out[n + 1] = _mix(31, w0, class0 + (np.uint64(known[at - 1] & _CLASS) if at > low else zero))
        return n + 2
    # Affixes.
    code = zero
    for index in range(min(4, size)):
        code = code * np.uint64(1099511628211) + np.uint64(_fold(text[tokens.start[at] + index], folds))
        if index:
            out[n] = _mix(32 + index, code, np.uint64(shape == LOW))
            n += 1
    code = zero
    for index in range(min(5, size)):
        code = code * np.uint64(1099511628211) + np.uint64(_fold(text[tokens.end[at] - 1 - index], folds))
        out[n] = _mix(40 + index, code, np.uint64(shape == LOW))
        n += 1
        if index == 2:
            out[n] = _mix(46, code, form + tier * np.uint64(128))
            n += 1
    if shape in (LOW, MIXED):
        return n
    # The run of capitals.
    first, behind = _span(tokens, known, at, low, high)
    left = tokens.hash[first - 1] if first > low else edge
    leftleft = tokens.hash[first - 2] if first - 1 > low else edge
    right = tokens.hash[behind] if behind < high else edge
    rightright = tokens.hash[behind + 1] if behind + 1 < high else edge
    where = np.uint64(min(at - first, 3) * 8 + min(behind - 1 - at, 3))
    last = behind - 1
    some, every = 0, 0xFFFFFFFF
    nouns = 0
    for index in range(first, behind):
        if tokens.shape[index] != MARK:
            some |= known[index] & _CLASS
            nouns |= known[index] & _NOUNS
            if _capital(tokens, index):
                every &= known[index]
    out[n] = _mix(50, left, where)
    out[n + 1] = _mix(51, right, where)
    out[n + 2] = _mix(52, tokens.hash[last], np.uint64(last != at))
    out[n + 3] = _mix(53, left, np.uint64(nouns))
    out[n + 4] = _mix(54, np.uint64(known[last] & _NOUNS), where + class0 * np.uint64(64))
    out[n + 5] = _mix(55, np.uint64(some), where)
    out[n + 6] = _mix(56, left, right)
    out[n + 7] = _mix(57, leftleft, left)
    out[n + 8] = _mix(58, right, rightright)
    out[n + 9] = _mix(59, np.uint64(known[first - 1] & _CUE if first > low else 0), np.uint64(nouns))
    out[n + 10] = _mix(60, np.uint64(known[behind] & _CUE if behind < high else 0), where)
    out[n + 11] = _mix(61, np.uint64(nouns), where)
    out[n + 12] = _mix(62, left, np.uint64(every & _TIER) + opens * np.uint64(64) + np.uint64(128))
    out[n + 13] = _mix(63, right, np.uint64(every & _TIER) + opens * np.uint64(64) + np.uint64(128))
    out[n + 14] = _mix(64, tokens.hash[first], np.uint64(first != at))
    out[n + 15] = _mix(65, np.uint64(every & _TIER), opens * np.uint64(64) + where)
    return n + 16


@numba.njit(cache=True, nogil=True, inline="always")
def _fold(code: int, folds: Codes) -> int:
    return int(folds[code]) if code < len(folds) else int(code)


@numba.njit(cache=True, nogil=True, inline="always")
def _opens(tokens: Tokens, at: int, low: int) -> bool:
    """Whether a sentence or a quotation begins here."""
    while at > low:
        if tokens.shape[at - 1] != MARK:
            return False
        sign = tokens.hash[at - 1]
        if sign in (_COMMA, _HYPHEN, _SLASH, _AMPERSAND, _AT, _HASH):
            return False
        at -= 1
    return True


_EVERYDAY = v.COMMON | v.HARD | v.PLAIN


@numba.njit(cache=True, nogil=True)
def worth(tokens: Tokens, known: Bits, low: int, high: int) -> bool:
    """Whether the stretch [low, high) holds a word that may be part of a finding: most hold none."""
    for at in range(low, high):
        shape = tokens.shape[at]
        if shape == MARK:
            continue
        if shape in (NUMBER, MIXED):
            return True
        known_as = known[at]
        if shape == LOW:
            if not known_as & (_TIER | v.PLAIN | v.HARD) and tokens.end[at] - tokens.start[at] > 2:
                return True
            if known_as & v.USUAL:
                return True
        elif shape == INITIAL:
            if at > low and tokens.hash[at] != _I and tokens.hash[at] != _A:
                return True
        elif not known_as & _EVERYDAY or (at > low and not _opens(tokens, at, low)) or known_as & (v.FIRST | v.DOUBLE):
            return True
    return False
