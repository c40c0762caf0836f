"""Chunks that somebody cut already, one JSON object a line, such as a vector store gives them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from curation.generate.page import Page, TroubleError
from curation.generate.read_pdf import prose_of


def read(data: bytes) -> Iterator[Page]:
    """One page a chunk: `text` (or `page_content`), and `source` and `page`, there or in `metadata`.

    Raises:
        TroubleError: a line that is no such object.
    """
    for line in data.splitlines():
        if not line.strip():
            continue
        try:
            chunk = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise TroubleError("broken_chunk") from None
        text, about = _fields(chunk)
        source, page = about.get("source"), about.get("page")
        if not isinstance(text, str) or not isinstance(source, str) or isinstance(page, bool):
            raise TroubleError("broken_chunk")
        try:
            number = int(page) if page is not None else 0
        except (TypeError, ValueError):
            raise TroubleError("broken_chunk") from None
        # A path tells of somebody's machine; the work's name is what follows its last slash.
        name = source.replace("\\", "/").rstrip("/").rpartition("/")[2]
        yield Page(number, text, prose_of([text])[0], document=name)


def _fields(chunk: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(chunk, dict):
        return None, {}
    inner = chunk.get("metadata")
    about = {**(inner if isinstance(inner, dict) else {}), **chunk}
    return chunk.get("text", chunk.get("page_content")), about
