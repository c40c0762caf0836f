"""A transcript as Markdown, for people to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core import transcripts
from curation.core.errors import ProjectError
from curation.core.project import Project

_PARAGRAPH_MS = 2000
_MOST_CHARS = 700
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def lines(project: Project, name: str, item: str) -> Iterator[str]:
    """The lines of the page of an item, named by its key, the site's id of it, or its file.

    Raises:
        ProjectError: there is no such item, or it is not transcribed.
    """
    about = _rows(project, name, "media", item, "item", "video")
    found = _rows(project, name, "transcripts", about[0]["item"], "item") if about else []
    if not found:
        raise ProjectError(
            "there is no transcript of this item" if about else "no item of this source is called so",
            where=f"{name}: {ascii(item)[:80]}",
            fix=f"curate pull {name} says what could not be had, and when it is tried again",
        )
    facts, how = about[0], found[0]
    yield f"# {_plain(facts['title'] or facts['video'])}"
    yield ""
    told = {
        "item": facts["item"],
        "channel": facts["channel"],
        "published": facts["published"],
        "licence": facts["licence"],
        "language": how["language"],
        "transcript": how["kind"],
    }
    yield from (f"- {what}: {_plain(str(value))}" for what, value in told.items() if value)
    open_: list[str] = []
    start, end = 0, 0
    who: str | None = None

    def paragraph() -> Iterator[str]:
        if open_:
            yield ""
            yield f"**{_clock(start)}** " + (f"**{_plain(who)}:** " if who else "") + " ".join(open_)

    for each in _rows(project, name, "segments", facts["item"], "item"):
        pauses = each["start_ms"] - end > _PARAGRAPH_MS or len(" ".join(open_)) > _MOST_CHARS
        if pauses or each["kind"] == "noise" or each["turn"] or each["speaker"] != who:
            yield from paragraph()
            open_ = []
        if each["kind"] == "noise":
            yield ""
            yield f"*{_plain(each['text'])}*"
            continue
        if not open_:
            start, who = each["start_ms"], each["speaker"]
        open_.append(_plain(each["text"]))
        end = each["end_ms"]
    yield from paragraph()


def _rows(project: Project, name: str, which: str, wanted: str, *columns: str) -> list[dict[str, Any]]:
    path = transcripts.table(project, name, which)
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = []
    shown = [field.name for field in transcripts.TABLES[which] if field.name != "words"]
    for batch in pq.ParquetFile(path).iter_batches(5000, columns=shown):
        part = pa.Table.from_batches([batch])
        hit = pc.equal(part[columns[0]], wanted)
        for column in columns[1:]:
            hit = pc.or_(hit, pc.equal(part[column], wanted))
        found += part.filter(hit).to_pylist()
    return found


def _plain(text: str) -> str:
    """Text in which nothing is markup: titles and words come from outside."""
    return _MARKUP.sub(r"\\\1", text)


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}"
