"""The copy of a text that is searched: what stands for removed data is blank, and nothing hides or poses.

Whatever replaced a value (`[PERSON_1]`, `[EMAIL:9f2c…]`, `90+`) is the same two line feeds in the copy. So a text
whose findings are replaced has the very copy in which nothing more was found: scrubbing it again changes nothing.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator, Sequence

from curation.clean.pii.finding import LABELS, PLACEHOLDER

MASK = "\n\n"
"""What stands in the copy where data was removed: no rule reaches over it."""

OVER_89 = "90+"
"""What ages above 89 become."""

YEAR = r"\[(?:1[89]|20)\d\d\]"
"""What is left of a date: its year, in brackets, so that it cannot join the words beside it into another date."""

HASH = rf"\[(?:{'|'.join(LABELS)}):(?=[0-9]*[a-f])[0-9a-f]{{16}}\]"
"""What a keyed hash looks like. It holds a letter, so that no number of a person can pose as one."""

Edit = tuple[int, int, str]
"""Start and end in the old text, and what stands there in the new one."""

STANDING = re.compile(rf"{PLACEHOLDER.pattern}|{HASH}|{YEAR}|(?<![\w.,+]){re.escape(OVER_89)}(?![\w+])")
"""Everything that stands for removed data."""

# What draws nothing, control characters among it. Joiners and variation selectors matter to scripts and emoji, not
# to a search.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_EDITED = re.compile(rf"{STANDING.pattern}|(?P<invisible>[{_INVISIBLE}]+)")

# Most texts need no copy: what they hold is neither blank, nor hidden, nor compatible with another character.
_SIMPLE = r"[ -Z\\-~\t\nÀ-ÿ\u2013\u2014\u2018\u2019\u201c\u201d\u2026€]*+"
_PLAIN = re.compile(rf"{_SIMPLE}(?:\[(?![A-Z]{{2,12}}[_:]|[12]\d\d\d\]){_SIMPLE})*+")
_BREAKS = {ord(c): "\n" for c in "\r\x0b\x0c\x85\u2028\u2029"}

# Letters of other scripts that are drawn like Latin ones, inside words that are otherwise Latin.
_POSING = dict(
    zip(
        "аеорсухіјѕԁԛԝһӏАВЕКМНОРСТУХІЈЅονικρυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdqwhlABEKMHOPCTYXIJSovikpuxABEZHIKMNOPTYX",
        strict=True,
    )
)
_POSES = re.compile(f"[{''.join(_POSING)}]")
_LATIN_WORD = re.compile(f"[A-Za-z0-9_{''.join(_POSING)}]*")
_ASCII_LETTER = re.compile("[A-Za-z]")
_WORD = re.compile(r"\w+")


class Edited:
    """A text with some places replaced, and the way back from its offsets to those of the text before.

    Attributes:
        text: the new text.
    """

    __slots__ = ("_edits", "_starts", "text")

    def __init__(self, before: str, edits: Sequence[Edit]) -> None:
        """Replace places that are in order and do not overlap."""
        self._edits = edits
        if not edits:  # most texts: nothing made that the garbage collector would have to visit
            self._starts: Sequence[int] = ()
            self.text = before
            return
        starts: list[int] = []
        parts, last, length = [], 0, 0
        for start, end, new in edits:
            starts.append(length + start - last)
            parts += [before[last:start], new]
            length, last = starts[-1] + len(new), end
        self._starts = starts
        self.text = "".join([*parts, before[last:]])

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The place in the old text that became this one; what is cut through counts whole."""
        return self._start(start), self._end(end)

    def spans(self) -> list[tuple[int, int]]:
        """Where the replacements stand, in the order of the edits."""
        return [(at, at + len(new)) for at, (_, _, new) in zip(self._starts, self._edits, strict=True)]

    def outside(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The pieces of a place that are no `MASK`."""
        index = max(0, bisect.bisect_right(self._starts, start) - 1)
        while index < len(self._starts) and self._starts[index] < end:
            at, new = self._starts[index], self._edits[index][2]
            if new == MASK:
                if start < at:
                    yield start, at
                start = max(start, at + len(new))
            index += 1
        if start < end:
            yield start, end

    def _start(self, offset: int) -> int:
        index = bisect.bisect_right(self._starts, offset) - 1
        if index < 0:
            return offset
        start, end, new = self._edits[index]
        beyond = offset - self._starts[index] - len(new)
        return end + beyond if beyond >= 0 else start

    def _end(self, offset: int) -> int:
        index = bisect.bisect_left(self._starts, offset) - 1
        if index < 0:
            return offset
        _, end, new = self._edits[index]
        return end + max(0, offset - self._starts[index] - len(new))


def copy(text: str) -> Edited:
    """The searched copy of a text: data that was removed masked, invisible characters gone, look-alikes Latin."""
    usual = text.replace("\u00a0", " ")
    if _PLAIN.fullmatch(usual) and OVER_89 not in text:
        made = Edited(text, ())
        made.text = usual
        return made
    edits = [(m.start(), m.end(), "" if m["invisible"] else MASK) for m in _EDITED.finditer(text)]
    made = Edited(text, edits)
    made.text = _folded(made.text)
    return made


def plain(value: str) -> str:
    """A value as the search saw it."""
    return value if value.isascii() and value.isprintable() else copy(value).text


class _Fold(dict[int, str]):
    """Character by character what Unicode calls compatible (NFKC, UAX 15), where that is one character, too."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code)) if code > 127 else chr(code)
        self[code] = folded if len(folded) == 1 else chr(code)
        return self[code]


_FOLD = _Fold(_BREAKS)


def _folded(text: str) -> str:
    """As long as the text, so that offsets stay."""
    text = text.translate(_FOLD)
    if _POSES.search(text) and _ASCII_LETTER.search(text):
        text = _WORD.sub(_unmasked, text)
    return text


def _unmasked(word: re.Match[str]) -> str:
    if _LATIN_WORD.fullmatch(word[0]) and _ASCII_LETTER.search(word[0]):
        return "".join(_POSING.get(c, c) for c in word[0])
    return word[0]
