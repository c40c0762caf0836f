"""What is kept of an item, in a folder of its own: its facts, its captions, its recording, its transcript."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from curation.core import files
from curation.pull.media.marks import tidy
from curation.pull.media.segments import Segment, Word

_TRANSCRIPT, _FACTS = "transcript.json", "facts.json"
_MOST_TEXT = 300


@dataclass(frozen=True)
class Transcript:
    """How an item became text, and the text; the fields are those of the table `transcripts`."""

    kind: str
    language: str | None
    sha256: str
    segments: tuple[Segment, ...]
    language_probability: float | None = None
    model: str | None = None
    duration_ms: int | None = None
    speech_ms: int | None = None
    decoded_again: int = 0


class Kept:
    """The folders of a source's items."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, item: str) -> Path:
        """The folder of an item, by its key; nothing that a site says is part of the name."""
        return files.safe_join(self.folder, f"items/{item[:2]}/{item}")

    def write_facts(self, item: str, facts: Mapping[str, Any]) -> None:
        """Keep what is known of an item."""
        files.write_bytes(self.place(item) / _FACTS, orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))

    def facts(self, item: str) -> dict[str, Any]:
        """What is known of an item; nothing before it was looked at."""
        path = self.place(item) / _FACTS
        return dict(orjson.loads(path.read_bytes())) if path.exists() else {}

    def write_transcript(self, item: str, transcript: Transcript) -> str:
        """Keep a transcript; returns the digest of what was written."""
        rows = [_row(segment) for segment in transcript.segments]
        about = {k: getattr(transcript, k) for k in Transcript.__dataclass_fields__ if k != "segments"}
        data = orjson.dumps({**about, "segments": rows}, option=orjson.OPT_SORT_KEYS)
        path = self.place(item) / _TRANSCRIPT
        files.write_bytes(path, data)
        return files.sha256_file(path)

    def transcript(self, item: str) -> dict[str, Any] | None:
        """A kept transcript, as plain values."""
        path = self.place(item) / _TRANSCRIPT
        return dict(orjson.loads(path.read_bytes())) if path.exists() else None

    def drop_text(self, item: str) -> None:
        """Remove everything that holds what was said."""
        shutil.rmtree(self.place(item), ignore_errors=True)

    def drop_audio(self, item: str) -> None:
        """Remove the recording, and what there is of it."""
        for path in self.place(item).glob("audio*"):
            path.unlink(missing_ok=True)


def _row(segment: Segment) -> dict[str, Any]:
    return {
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": segment.text,
        "kind": segment.kind,
        "speaker": segment.speaker,
        "turn": segment.turn,
        "confidence": segment.confidence,
        "no_speech": segment.no_speech,
        "words": [_word(word) for word in segment.words] or None,
    }


def _word(word: Word) -> dict[str, Any]:
    return {"start_ms": word.start_ms, "end_ms": word.end_ms, "text": word.text, "confidence": word.confidence}


def facts_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """What is worth keeping of what yt-dlp knows of a video: who, where, under which rights; each value tidied."""
    duration = info.get("duration")
    return {
        "title": _text(info.get("title")),
        "channel": _text(info.get("channel") or info.get("uploader")),
        "channel_id": _text(info.get("channel_id") or info.get("uploader_id")),
        "licence": _text(info.get("license")),
        "availability": _text(info.get("availability")),
        "language": _text(info.get("language")),
        "published": _text(info.get("upload_date")),
        "duration_ms": round(duration * 1000) if isinstance(duration, int | float) and 0 <= duration < 1e6 else None,
    }


def _text(value: object) -> str | None:
    return tidy(value)[:_MOST_TEXT] or None if isinstance(value, str) else None


def spoken(segments: Iterable[Segment]) -> list[Segment]:
    """The segments in which somebody speaks."""
    return [segment for segment in segments if segment.kind == "speech"]
