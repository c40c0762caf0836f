"""Who says what in the transcripts and records of a project, as passages to learn a voice from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from curation.core import files
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.sources import YoutubeSource
from curation.core.store import View
from curation.generate import spoken
from curation.generate.interviews import spoken_items
from curation.methods.style.voice import Passage

WRITTEN = "written"
PERSON = "the person"


def in_recordings(project: Project, name: str, source: YoutubeSource) -> Iterator[Passage]:
    """What is said in a source's recordings; what the person says has the author `PERSON`.

    In a recording with one voice that voice is the person's. Where several are to be heard, it is the `host`, or
    whoever asks less; where that is unclear, the recording is left out.
    """
    for item, kind, said in spoken_items(project, name):
        turns = spoken.folded(spoken.turns_of(said))
        people = {turn.who for turn in turns}
        person = spoken.person_among(turns, source.host) if len(people) > 1 else next(iter(people), None)
        if person is None:
            continue
        for turn in turns:
            known = turn.who if turn.named else f"{item} {turn.who}"
            author = PERSON if turn.who == person else f"{name}: {known}"
            yield Passage(author, f"{name} {item}", kind, turn.text)


def in_records(name: str, view: View) -> Iterator[Passage]:
    """What the answering side says in cleaned records: each record an author of its own, for nobody knows better."""
    for batch in view.batches(["id", "messages", "language"]):
        for row in batch.to_pylist():
            text = "\n".join(turn["content"] or "" for turn in row["messages"] if turn["role"] == "assistant")
            if text.strip() and row["language"] in ("en", None):
                yield Passage(f"{name}: {row['id']}", str(row["id"]), WRITTEN, text)


def in_file(path: Path) -> Iterator[Passage]:
    """JSON lines of what others say: text, author, and, where it matters, kind.

    Raises:
        ProjectError: a line is none.
    """
    with files.os_errors(path), path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("text", "author")):
                raise ProjectError(
                    "not a JSON object with text and author",
                    where=f"{path.name}:{number}",
                    fix='write {"text": "…", "author": "…"} on a line; kind may say manual, auto or written',
                )
            kind = row.get("kind")
            author = f"{path.name}: {row['author']}"
            yield Passage(author, author, kind if isinstance(kind, str) else WRITTEN, row["text"])
