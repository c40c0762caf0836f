"""Pages of a PDF, by pypdf, and which of their lines are running text.

A PDF knows no paragraphs. What is running text is told by rules on lines: not what comes back at the top or foot of
page after page, not headings, tables of contents, tables, captions, or what follows the heading of the references.
"""

from __future__ import annotations

import io
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from curation.generate.page import Page, TroubleError

_EDGE = 2
"""Lines at the top and at the foot of a page in which furniture stands."""

_NUMBER = re.compile(r"\W*(?:page\s*)?(?:\d{1,5}|[ivxlc]{1,7})(?:\s*(?:of|/)\s*\d{1,5})?\W*", re.I)
_CONTENTS = re.compile(r".*(?:\.\s?){4,}\s*(?:\d+|[ivxlc]+)\s*|.*\S\s{3,}\d{1,4}\s*")
_CAPTION = re.compile(r"\s*(?:figure|fig\.|table|box|exhibit|plate)\s+\d", re.I)
_ITEM = re.compile(r"\s*(?:[•▪◦‣∙·*–—-]|\(?(?:\d{1,2}|[a-z])[.)])\s+")
_ENDED = re.compile(r"[.!?:;][\"'”’)\]]*\d{0,3}\s*$")
_REFERENCES = r"references|bibliography|works cited|literature(?: cited)?|(?:suggested |further )readings?|index"
_ASIDES = (
    r"notes|endnotes|contents|table of contents|acknowledge?ments?|about the authors?|credits|glossary|review questions"
    r"|critical thinking questions?|personal application questions?|exercises|learning objectives|key terms"
)
BACK_MATTER = re.compile(rf"\W*(?:\d+\W+)?(?:{_REFERENCES}|{_ASIDES})\W*", re.I)
"""Headings of what holds no claims."""
_TO_THE_END = re.compile(rf"\W*(?:\d+\W+)?(?:{_REFERENCES})\W*", re.I)
"""Those after which no heading counts but that of a new part: the lines of a list of references look like headings."""
_NEW_PART = re.compile(r"\s*(?:chapter|part|section|appendix|introduction|conclusions?|discussion)\b", re.I)


def read(data: bytes, max_pages: int) -> Iterator[Page]:
    """The pages of a PDF that have text.

    Raises:
        TroubleError: encrypted, no PDF, too many pages, or streams that unfold to more than a page can need.
    """
    import pypdf
    from pypdf.errors import LimitReachedError, PyPdfError

    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise TroubleError("encrypted")
        count = len(reader.pages)
        if count > max_pages:
            raise TroubleError("too_many_pages")
        texts = [_clean(reader.pages[number].extract_text()) for number in range(count)]
    except LimitReachedError:
        raise TroubleError("too_big") from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, OverflowError):
        # What pypdf raises on damaged files is not all its own.
        raise TroubleError("broken") from None
    for number, (text, prose) in enumerate(zip(texts, prose_of(texts), strict=True), start=1):
        if text.strip():
            yield Page(number, text, prose)


def _clean(text: str) -> str:
    # Half of a surrogate pair is no character, and a form feed no line.
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return re.sub(r"[\r\f\v\u2028\u2029]", "\n", text)


def prose_of(texts: Sequence[str]) -> list[tuple[tuple[int, int], ...]]:
    """The paragraphs of each of a document's pages."""
    usual = _furniture(texts)
    found, back = [], ""
    for text in texts:
        lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", text)]
        spans, back = _paragraphs(text, lines, usual, back)
        found.append(spans)
    return found


def _furniture(texts: Sequence[str]) -> frozenset[str]:
    """Lines that stand at the edge of page after page, their numbers left out."""
    seen: Counter[str] = Counter()
    for text in texts:
        lines = [line for line in text.split("\n") if line.strip()]
        seen.update({_unnumbered(line) for line in (*lines[:_EDGE], *lines[-_EDGE:])})
    least = max(3, len(texts) // 20)
    return frozenset(line for line, count in seen.items() if count >= least)


def _unnumbered(line: str) -> str:
    return " ".join(re.sub(r"\d+", "#", line).casefold().split())


def _paragraphs(
    text: str, lines: list[tuple[int, int]], usual: frozenset[str], back: str
) -> tuple[tuple[tuple[int, int], ...], str]:
    """The paragraphs of a page; `back` says until what the matter lasts that holds no claims, and goes on to the next."""
    width = statistics.median([b - a for a, b in lines if b - a > 20] or [60])
    contents = sum(bool(_CONTENTS.fullmatch(text[a:b])) for a, b in lines) >= 3
    spans: list[tuple[int, int]] = []
    start: int | None = None
    end = 0
    for place, (a, b) in enumerate(lines):
        line = text[a:b]
        edge = place < _EDGE or place >= len(lines) - _EDGE
        following = text[slice(*lines[place + 1])] if place + 1 < len(lines) else ""
        heading = _is_heading(line, following, width)
        if BACK_MATTER.fullmatch(line):
            back = "end" if _TO_THE_END.fullmatch(line) else "heading"
        elif (back and _NEW_PART.match(line) and len(line) < 60) or (back == "heading" and heading):
            back = ""
        blank = start is not None and "\n" in text[end:a].replace("\n", "", 1)
        item = _ITEM.match(line)
        if start is not None and (back or blank or item or heading or _apart(line, edge, usual, contents)):
            spans.append((start, end))
            start = None
        if back or heading or _apart(line, edge, usual, contents):
            continue
        start, end = (a + (item.end() if item else 0) if start is None else start), b
    if start is not None:
        spans.append((start, end))
    return tuple(spans), back


def _apart(line: str, edge: bool, usual: frozenset[str], contents: bool) -> bool:
    """Furniture, a page's number, a line of a table or of the contents, a caption."""
    if not line.strip() or _NUMBER.fullmatch(line) or _CAPTION.match(line):
        return True
    if (edge and _unnumbered(line) in usual) or (contents and _CONTENTS.fullmatch(line)):
        return True
    solid = [c for c in line if not c.isspace()]
    return sum(c.isalpha() for c in solid) < 0.6 * len(solid) or len(re.findall(r"\S\s{3,}\S", line)) >= 2


def _is_heading(line: str, following: str, width: float) -> bool:
    """A short line without an end, after which something new begins."""
    words = line.split()
    if not words or _ENDED.search(line) or len(line) > 0.8 * width or len(words) > 12:
        return False
    if line.isupper() or re.match(r"\s*(?:chapter\s+)?\d+(?:\.\d+)*[.:]?\s+[A-Z]", line, re.I):
        return True
    begins = following.lstrip()[:1]
    return line.lstrip()[:1].isupper() and (begins.isupper() or not following)
