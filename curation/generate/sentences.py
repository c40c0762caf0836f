"""Whole sentences of a page with their spans, and the text of a span as it reads without line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s|\d{1,3}\s|$)")
"""The end of a sentence: a mark with what closes after it. The digits are a note's number, which is no part of it."""
_NOTE = re.compile(r"\d{1,3}(?=\s)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:[A-Z]|Dr|Mr|Mrs|Ms|Prof|St|Sr|Jr|vs|cf|e\.g|i\.e|eds?|al|approx|ca|ch|chap|pp?|vols?|no|nos|figs?|sec"
    r"|Inc|Ltd|Co|dept|ibid|viz|resp|U\.S|U\.K|Ph\.D|M\.D|B\.A|M\.A)\.$",
    re.I,
)
_REST = re.compile(r"\s*\S")
_BEGIN = re.compile(r"\s*([\"'“‘(\[]{0,3}[A-Z0-9À-Þ])")
_HYPHEN = re.compile(r"\b(\w+)[-\u2010][^\S\n]*\n[^\S\n]*(\w+)")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010’'][^\W\d_]+)*")
_KEEP_HYPHEN = frozenset("self well cross long short high low non ill post pre all half ex anti semi co".split())


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The spans of the whole sentences of a paragraph.

    What does not begin like a sentence or has no end is left out: the other half of it stands on another page.

    Args:
        text: the page.
        start: first character of the paragraph.
        end: character after its last.
    """
    begin = start
    for mark in _END.finditer(text, start, end):
        stop = mark.end()
        note = _NOTE.match(text, stop, end)
        if note and text[stop - 1] in ".!?" and text[stop - 2 : stop - 1].isdigit():
            continue  # 3.14 is a number
        after = note.end() if note else stop
        # No slice of what is left: a hostile page may hold a million marks that end nothing.
        if _REST.match(text, after, end) and (
            _ABBREVIATION.search(text, max(0, begin - 1, stop - 13), stop) or not _BEGIN.match(text, after, end)
        ):
            continue
        if first := _BEGIN.match(text, begin, stop):
            yield first.start(1), stop
        begin = after


def mend(quote: str, known: frozenset[str] = frozenset()) -> str:
    """The words of a quote on one line: hyphens at line ends mended, soft hyphens and ligatures resolved.

    Args:
        quote: the text of a span.
        known: words of the document in small letters, to tell a hyphen of the line from one of the word.
    """

    def joined(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        together, hyphened = (first + second).casefold(), f"{first}-{second}".casefold()
        keep = first.casefold() in _KEEP_HYPHEN or not second[:1].islower() or first[-1:].isdigit()
        keep = together not in known if keep else hyphened in known and together not in known
        return f"{first}-{second}" if keep else first + second

    quote = quote.translate(_LIGATURES).replace("\u00ad\n", "").replace("\u00ad", "")
    return " ".join(_HYPHEN.sub(joined, quote).split())


def words(text: str) -> frozenset[str]:
    """The words of a text in small letters, hyphened ones whole; words broken at a line's end are none."""
    return frozenset(word.casefold().replace("\u2010", "-") for word in _WORD.findall(_HYPHEN.sub(" ", text)))


def squash(text: str) -> str:
    """The letters and signs of a text that a mended quote and its source have in common."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text.translate(_LIGATURES))
