"""A page of a document as it is stored: its text, and which parts of it are running text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """A page of a PDF, a section of a Markdown or HTML file, or a chunk from a file of chunks.

    Attributes:
        number: of the page, from 1; sections are counted in their order.
        text: all of it, as the citations' spans count it.
        prose: spans of `text`, from the first character up to, not including, the last; paragraphs in order.
        heading: the heading that a section stands under; None where the format has none.
        document: name of the work, where a file of chunks holds several.
        place: counts the pages of a file that have text, from 0; chunks of several works may share a number.
    """

    number: int
    text: str
    prose: tuple[tuple[int, int], ...]
    heading: str | None = None
    document: str | None = None
    place: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {**vars(self), "prose": [list(span) for span in self.prose]}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Page:
        """What `plain` made, again."""
        return cls(**{**plain, "prose": tuple((int(a), int(b)) for a, b in plain["prose"])})


class TroubleError(Exception):
    """A document that cannot be read, by one of `TROUBLES`."""


TROUBLES: Mapping[str, tuple[str, str]] = {
    "encrypted": ("the PDF is encrypted", "if you have the right to, save a copy without a password and name that one"),
    "no_text": (
        "the document holds no text; if it is a scan, its pages are pictures",
        "recognise the text with a tool of your choice (OCR) and name the PDF that it makes, or leave the file out",
    ),
    "empty": ("the file is empty", "put the document there again, or leave the file out of the source"),
    "broken": ("this is no well-formed document of its kind", "open it in a viewer and save it anew, or leave it out"),
    "not_text": ("the file is not UTF-8 text", "save it as UTF-8"),
    "too_large": ("the document is larger than max_mb", "raise max_mb of the source if you trust the file"),
    "too_many_pages": (
        "the document has more than max_pages pages",
        "raise max_pages of the source, or split the file",
    ),
    "too_slow": (
        "reading the document took longer than max_seconds and was stopped",
        "raise max_seconds of the source if you trust the file, or leave it out",
    ),
    "too_big": (
        "reading the document needed more memory or gave more text than is allowed, and was stopped",
        "a hostile or damaged file does this; leave it out, or save it anew in a viewer",
    ),
    "broken_chunk": ("a line is no chunk", 'every line: {"text": "…", "source": "name of the work", "page": 1}'),
}
"""What can be wrong with a document: what is said of it, and the mend."""
