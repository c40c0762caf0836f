"""The pages of a document, read in a process of its own that is bound to limits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from curation.core.brought import KINDS
from curation.core.errors import ProjectError
from curation.core.sources import KnowledgeSource
from curation.generate.page import TROUBLES, Page
from curation.generate.reader import MOST_TEXT

_MEMORY_MB = 2048
"""Memory that reading may take; a page of a real book needs some tens of megabytes."""


def read(path: Path, shown: str, source: KnowledgeSource, aside: Path) -> list[Page]:
    """The pages of a document that have text, in order.

    Args:
        path: the file.
        shown: its name as errors call it.
        source: the declaration, for its limits.
        aside: folder for what the reading process says; below data/raw, for it is the document's text.

    Raises:
        ProjectError: the document is empty, encrypted, a scan, damaged, or breaks a limit.
    """
    if path.stat().st_size > source.max_mb << 20:
        raise trouble("too_large", shown)
    limits = [str(n) for n in (source.max_pages, source.max_seconds, _MEMORY_MB)]
    command = [sys.executable, "-I", "-m", "curation.generate.reader", KINDS[path.suffix.lower()], *limits]
    with path.open("rb") as stream, tempfile.TemporaryFile(dir=aside) as said:
        # Its environment is empty: the keys that may stand in ours are none of its business.
        reading = subprocess.Popen(command, stdin=stream, stdout=said, stderr=subprocess.DEVNULL, env={})
        try:
            code = reading.wait(timeout=source.max_seconds + 10)
        except subprocess.TimeoutExpired:
            raise trouble("too_slow", shown) from None
        finally:
            reading.kill()
            reading.wait()
        said.seek(0)
        return _pages(said.read(MOST_TEXT + 1), code, shown)


def _pages(output: bytes, code: int, shown: str) -> list[Page]:
    if len(output) > MOST_TEXT:
        raise trouble("too_big", shown)
    lines = output.splitlines()
    last = orjson.loads(lines[-1]) if output.endswith(b"\n") else {}
    if "trouble" in last:
        raise trouble(last["trouble"], shown)
    if "end" not in last:
        # Killed by the system, for its time (SIGXCPU, SIGKILL) or its memory.
        raise trouble("too_slow" if code in (-24, -9) else "too_big", shown)
    pages = [Page.of({**orjson.loads(line), "place": place}) for place, line in enumerate(lines[:-1])]
    # A scan may carry a stamp or a page number as text; a page of a work has more letters than that.
    count = pages[-1].number if pages and shown.lower().endswith(".pdf") else 1
    if sum(c.isalpha() for page in pages for c in page.text) < 20 * count:
        raise trouble("no_text", shown)
    return pages


def trouble(kind: str, shown: str) -> ProjectError:
    """What is said of a document that cannot be read."""
    what, fix = TROUBLES[kind]
    return ProjectError(what, where=shown, fix=fix)
