"""Texts as Argilla's page needs them: it puts fields into the page as HTML, and counts spans as JavaScript does.

For the page as it comes a text is escaped, so that nothing in it is markup, nothing runs, and what people mark is the
text itself. The page of `curate review serve` shows text as text, and gets it as it is. In both, places are counted in
UTF-16 units there, in code points here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

TEXT, MARKUP = "text", "markup"
"""How a page takes fields."""

# A character beyond the basic plane counts as two there, but as one for the server, which then refuses spans at the end
# of a text: so a text gets as many blanks at its end, or has such characters as references, which are long enough. A
# parser of HTML would drop NUL and change CR.
_WIDE = re.compile(r"[\U00010000-\U0010ffff]")
_SPECIAL = re.compile(r"[&<>\x00\r\U00010000-\U0010ffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPED = re.compile(r"&(?:(amp|lt|gt)|#([0-9]{1,7}));")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}


def sent(text: str, form: str) -> str:
    """A text as a field of the server holds it."""
    return text + " " * len(_WIDE.findall(text)) if form == TEXT else escape(text)


def received(text: str, form: str) -> str:
    """The text that was sent."""
    if form != TEXT:
        return unescape(text)
    wide = len(_WIDE.findall(text))
    return text[: len(text) - wide] if wide and text.endswith(" " * wide) else text


def escape(text: str) -> str:
    """A text as HTML."""
    return _SPECIAL.sub(lambda m: _NAMED.get(m[0]) or f"&#{ord(m[0])};", text)


def unescape(text: str) -> str:
    """The text that was escaped."""
    return _ESCAPED.sub(lambda m: _CHARACTERS[m[1]] if m[1] else chr(min(int(m[2]), 0x10FFFF)), text)


class Places:
    """Places in a text, in both ways of counting."""

    def __init__(self, text: str) -> None:
        wide = not text.isascii() and max(text) > "\uffff"
        self._ends = list(accumulate(1 + (c > "\uffff") for c in text)) if wide else None
        self._size = len(text)

    def there(self, place: int) -> int:
        """A place in code points as the page counts it."""
        if self._ends is None:
            return place
        return self._ends[min(place, self._size) - 1] if place > 0 else 0

    def here(self, place: int) -> int:
        """A place as the page counts it, in code points; inside of a character it is that before it."""
        if self._ends is None:
            return min(place, self._size)
        return bisect_left(self._ends, place + 1) if place < self._ends[-1] else self._size
