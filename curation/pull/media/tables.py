"""The tables of a source: media, transcripts and segments, written from what is kept of its items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.core import files, transcripts
from curation.pull.media import rttm
from curation.pull.media.kept import Kept
from curation.pull.media.ledger import FILE, Item, Ledger
from curation.pull.media.rttm import Stretch

_AT_ONCE = 50


def publish(folder: Path, ledger: Ledger, asked: str, speakers: Mapping[str, Sequence[Stretch]]) -> dict[str, Any]:
    """Write the tables anew, in the order of the items, and the note beside them; equal work gives equal bytes.

    Items are read a few at a time, so a thousand need no more memory than fifty.

    Args:
        folder: where they lie.
        ledger: what became of each item.
        asked: digest of what they were gathered from.
        speakers: who speaks when in files of the project, by their places.
    """
    kept = Kept(folder)
    known: dict[str, dict[str, Any]] = {}
    for which, schema in transcripts.TABLES.items():
        path = folder / f"{which}.parquet"
        with files.replacing(path) as aside, pq.ParquetWriter(aside, schema, compression="zstd") as writer:
            waiting: list[dict[str, Any]] = []
            count = 0
            for number, item in enumerate(ledger.items(), 1):
                rows = list(_rows(which, item, kept, ledger, speakers))
                waiting += rows
                count += len(rows)
                if number % _AT_ONCE == 0 and waiting:
                    writer.write_table(pa.Table.from_pylist(waiting, schema))
                    waiting = []
            writer.write_table(pa.Table.from_pylist(waiting, schema))
        known[path.name] = {"verified": files.sha256_file(path), "count": count}
    note = {
        "asked": asked,
        "transcripts": files.digest({n: known[f"{n}.parquet"]["verified"] for n in ("transcripts", "segments")}),
        "files": known,
    }
    files.write_sealed(folder.with_suffix(".json"), note)
    return note


def _rows(
    which: str, item: Item, kept: Kept, ledger: Ledger, speakers: Mapping[str, Sequence[Stretch]]
) -> Iterator[dict[str, Any]]:
    if which == "media":
        facts = kept.facts(item.key)
        yield {
            **facts, "item": item.key, "url": item.url, "extractor": item.extractor, "video": item.video,
            "listed": item.listed,
        }  # fmt: skip
        return
    if not any(line.stage == "transcript" and line.state == "done" for line in ledger.lines(item.key)):
        return
    transcript = kept.transcript(item.key)
    if transcript is None:
        return
    segments = transcript.pop("segments")
    if item.extractor == FILE and item.video in speakers:
        segments = rttm.marked(segments, speakers[item.video])
    if which == "transcripts":
        yield {**transcript, "item": item.key, "segments": len(segments)}
        return
    for place, segment in enumerate(segments):
        yield {**segment, "item": item.key, "place": place}
