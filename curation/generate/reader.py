"""The process that reads one document: `python -m curation.generate.reader KIND MAX_PAGES MAX_SECONDS MAX_MB`.

Documents come from anywhere, and a damaged or hostile one can make a parser run for ever or eat all memory. So each is
read in a process of its own that binds itself to limits first, takes the bytes from stdin, and can do nothing but
write pages to stdout, one JSON object a line; the last line says that it is the last.
"""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Iterator

import orjson

from curation.generate.page import Page, TroubleError

MOST_TEXT = 256 << 20
"""Bytes of text, as JSON, that a document may give: some hundred times a long book."""


def pages(kind: str, data: bytes, max_pages: int) -> Iterator[Page]:
    """The pages of a document.

    Args:
        kind: pdf, markdown, html or chunks.
        data: its bytes.
        max_pages: more than so many pages of a PDF are refused.

    Raises:
        TroubleError: what is wrong with it.
    """
    if not data.strip():
        raise TroubleError("empty")
    if kind == "pdf":
        from curation.generate.read_pdf import read

        yield from read(data, max_pages)
    elif kind == "chunks":
        from curation.generate import read_chunks

        yield from read_chunks.read(data)
    else:
        from curation.generate.read_markup import read_html, read_markdown

        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise TroubleError("not_text") from None
        text = text.replace("\r\n", "\n").replace("\x00", "")
        yield from (read_html if kind == "html" else read_markdown)(text)


def bind(max_seconds: int, max_mb: int) -> None:
    """Bind this process to so much processor time and memory, and so many bytes of output."""
    resource.setrlimit(resource.RLIMIT_CPU, (max_seconds, max_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (max_mb << 20, max_mb << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_TEXT, MOST_TEXT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Read the document on stdin and write its pages to stdout."""
    kind, max_pages, max_seconds, max_mb = sys.argv[1], *map(int, sys.argv[2:5])
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(2_000)
    bind(max_seconds, max_mb)
    write = sys.stdout.buffer.write
    try:
        for page in pages(kind, sys.stdin.buffer.read(), max_pages):
            write(orjson.dumps(page.plain()) + b"\n")
        write(b'{"end":true}\n')
    except TroubleError as trouble:
        write(orjson.dumps({"trouble": str(trouble)}) + b"\n")
    except (MemoryError, RecursionError):
        write(b'{"trouble":"too_big"}\n')


if __name__ == "__main__":
    main()
