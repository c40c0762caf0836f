"""Make the rows of a source of recordings: transcripts → dialogues, each with the span in which it was spoken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from curation.core import made, transcripts
from curation.core.project import Project
from curation.core.sources import YoutubeSource
from curation.core.ui import count
from curation.generate.spoken import Dialogue, Said, dialogues

Say = Callable[[str], None]

ROWS = "dialogues"


def make(project: Project, name: str, source: YoutubeSource, say: Say) -> None:
    """Make the dialogues of a source and publish them for `pull` to read. Hold `project.writing()` around it.

    Of a source whose permission was taken back there are none.
    """
    decided = made.revision(project, name, source)
    found: list[bytes] = []
    methods: Counter[str] = Counter()
    items = without = 0
    for item, kind, said in [] if source.revoked else spoken_items(project, name):
        here = dialogues(said, source.host)
        items += 1
        without += not here
        methods.update(each.method for each in here)
        found += [row(item, kind, each) for each in here]
    about = {"items": items, "without": without, "dialogues": len(found), "methods": dict(sorted(methods.items()))}
    made.publish(project, name, decided, {ROWS: b"".join(found)}, about)
    say(
        f"{name}: {count(len(found), 'dialogue')} of {count(items, 'transcript')}"
        + (f"; no rule finds one in {without} of them" if without else "")
    )


def spoken_items(project: Project, name: str) -> Iterator[tuple[str, str, list[Said]]]:
    """Each item with the kind of its transcript and its speech, in order; one item's segments in memory at a time."""
    table = pq.read_table(transcripts.table(project, name, "transcripts"), columns=["item", "kind"])
    kinds = dict(zip(table["item"].to_pylist(), table["kind"].to_pylist(), strict=True))
    columns = ["item", "start_ms", "end_ms", "text", "kind", "speaker", "turn"]
    open_: str | None = None
    said: list[Said] = []
    for batch in pq.ParquetFile(transcripts.table(project, name, "segments")).iter_batches(5000, columns=columns):
        for segment in pa.Table.from_batches([batch]).to_pylist():
            if segment["item"] != open_:
                if open_ is not None:
                    yield open_, kinds[open_], said
                open_, said = segment["item"], []
            if segment["kind"] == "speech":
                said.append(Said(*(segment[each] for each in ("start_ms", "end_ms", "text", "speaker", "turn"))))
    if open_ is not None:
        yield open_, kinds[open_], said


def row(item: str, kind: str, dialogue: Dialogue) -> bytes:
    """One made row as a JSON line."""
    document = {
        "messages": [{"role": role, "content": text} for role, text in dialogue.turns],
        "video": item,
        "start_ms": dialogue.start_ms,
        "end_ms": dialogue.end_ms,
        "method": dialogue.method,
        "transcript": kind,
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
