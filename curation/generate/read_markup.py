"""Sections of a Markdown or HTML file as pages, and which of their parts are running text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from curation.generate.page import Page, TroubleError
from curation.generate.read_pdf import BACK_MATTER

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SKIPPED = frozenset(
    "script style noscript template svg math head nav aside footer header form button select iframe object audio video "
    "canvas figure figcaption dialog".split()
)
"""Elements whose text nobody reads as part of the work, or that hold pictures and controls."""
_NOT_PROSE = frozenset("table pre code".split())
_BLOCKS = frozenset(
    "p div section article main body li ul ol dl dt dd blockquote table tr td th pre hr address details summary".split()
)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HIDDEN = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d]))"
)
_LONG = 200_000
"""Characters after which a section goes on as another one. A span stays below a million, for the search for personal
data takes a row of seven digits for a telephone number."""
_ATTRIBUTES = re.compile(r"\{:[^{}\n]*\}")
"""Attribute lists of kramdown, which many books on the web are written for."""
_MOST_DEEP = 500
"""Elements inside each other; pages that people read stay far below."""


class _Sections:
    """Gathers blocks of text into sections, one a heading."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self._heading: str | None = None
        self._parts: list[str] = []
        self._prose: list[tuple[int, int]] = []
        self._size = 0

    def heading(self, text: str) -> None:
        self.close()
        self._heading = text or None

    def block(self, text: str, *, prose: bool) -> None:
        if not text:
            return
        if self._size > _LONG:
            heading = self._heading
            self.close()
            self._heading = heading
        back = self._heading is not None and BACK_MATTER.fullmatch(self._heading)
        if prose and not back:
            self._prose.append((self._size, self._size + len(text)))
        self._parts.append(text)
        self._size += len(text) + 2

    def close(self) -> None:
        if self._parts:
            number = len(self.pages) + 1
            self.pages.append(Page(number, "\n\n".join(self._parts), tuple(self._prose), self._heading))
        self._heading, self._parts, self._prose, self._size = None, [], [], 0


class _Html(HTMLParser):
    """What a reader sees of a page: the text of its blocks, scripts and hidden parts left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections = _Sections()
        self._open: list[tuple[str, bool]] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._text.append(" ")
        if tag in _VOID:
            return
        if tag in _BLOCKS or tag in _HEADINGS:
            self._flush()
        if len(self._open) == _MOST_DEEP:
            raise TroubleError("broken")
        self._open.append((tag, tag in _SKIPPED or _is_hidden(dict(attrs))))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS or tag in _HEADINGS:
            self._flush()
        # What was left open inside is closed with it; an end without a beginning closes nothing.
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if not any(hidden for _, hidden in self._open):
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._flush()
        self.sections.close()

    def _flush(self) -> None:
        text = " ".join("".join(self._text).split())
        self._text = []
        tags = {tag for tag, _ in self._open}
        if not text:
            return
        if tags & set(_HEADINGS):
            self.sections.heading(text)
        else:
            self.sections.block(text, prose=not tags & _NOT_PROSE)


def _is_hidden(attrs: dict[str, str | None]) -> bool:
    style = (attrs.get("style") or "").casefold()
    return "hidden" in attrs or attrs.get("aria-hidden") == "true" or _HIDDEN.search(style) is not None


def read_html(text: str) -> Iterator[Page]:
    """The sections of an HTML page: what is seen of it, block by block.

    Raises:
        TroubleError: elements stand in each other deeper than any page that people read.
    """
    parser = _Html()
    parser.feed(text)
    parser.close()
    yield from parser.sections.pages


def read_markdown(text: str) -> Iterator[Page]:
    """The sections of a Markdown file (CommonMark with tables); HTML inside it is left out."""
    from markdown_it import MarkdownIt

    sections = _Sections()
    within: list[str] = []
    if front := re.match(r"---\n.*?\n---\n", text, re.S):
        text = text[front.end() :]
    for token in MarkdownIt("commonmark", {"maxNesting": 50}).enable("table").parse(text):
        if token.nesting:
            within.append(token.type) if token.nesting > 0 else within.pop()
        elif token.type == "inline":
            said = " ".join(_inline(token).split())
            if "heading_open" in within:
                sections.heading(said)
            else:
                sections.block(said, prose="table_open" not in within)
        elif token.type in ("fence", "code_block"):
            sections.block(token.content.strip(), prose=False)
    sections.close()
    yield from sections.pages


def _inline(token: object) -> str:
    said: list[str] = []
    script = False
    for child in getattr(token, "children", None) or ():
        if child.type == "html_inline" and (tag := re.match(r"<(/?)(?:script|style)\b", child.content, re.I)):
            script = not tag[1]
        elif script:
            continue
        elif child.type in ("text", "code_inline"):
            said.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            said.append(" ")
    return _ATTRIBUTES.sub("", "".join(said))
