"""Transcripts of a source of recordings: where they lie, what decides them, and the tables that they are.

`pull` writes them, `generate` makes dialogues of them. They lie beside downloads, so that `verify`, `gc` and `forget`
treat them as such: the tables in `data/raw/downloads/SOURCE/media`, with a sealed note beside that folder.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.core import files
from curation.core.adapter import names
from curation.core.declare import plain
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.sources import YoutubeSource

VERSION = 1
"""Raise it whenever the same recordings can become other transcripts, apart from the model that hears them."""

FOLDER = "media"

MEDIA = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        ("url", pa.string()),
        ("extractor", pa.string()),
        ("video", pa.string()),
        ("title", pa.string()),
        ("channel", pa.string()),
        ("channel_id", pa.string()),
        ("licence", pa.string()),
        ("availability", pa.string()),
        ("language", pa.string()),
        ("published", pa.string()),
        ("duration_ms", pa.int64()),
        ("listed", pa.bool_()),
    ]
)
"""What is known of each item; `listed` is false for one that is gone from its playlist."""

TRANSCRIPTS = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        ("kind", pa.string()),
        ("language", pa.string()),
        ("language_probability", pa.float64()),
        ("model", pa.string()),
        ("sha256", pa.string()),
        ("duration_ms", pa.int64()),
        ("speech_ms", pa.int64()),
        ("segments", pa.int64()),
        ("decoded_again", pa.int64()),
    ]
)
"""How each item became text. `kind`: manual or auto captions, captions of a file, or a model's transcription, of which
`model` is the fingerprint; `sha256` is that of the captions or the recording; `speech_ms`: so long somebody speaks."""

SEGMENTS = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("place", pa.int32(), nullable=False),
        pa.field("start_ms", pa.int32(), nullable=False),
        pa.field("end_ms", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        ("speaker", pa.string()),
        pa.field("turn", pa.bool_(), nullable=False),
        ("confidence", pa.float64()),
        ("no_speech", pa.float64()),
        pa.field(
            "words",
            pa.list_(
                pa.struct(
                    [
                        ("start_ms", pa.int32()),
                        ("end_ms", pa.int32()),
                        ("text", pa.string()),
                        ("confidence", pa.float64()),
                    ]
                )
            ),
        ),
    ]
)
"""What is said, in order. `kind`: speech or noise; `turn`: the captions say that somebody else speaks from here."""

TABLES: Mapping[str, pa.Schema] = {"media": MEDIA, "transcripts": TRANSCRIPTS, "segments": SEGMENTS}

_CAPTIONS = (".vtt", ".srt", ".ass", ".ssa", ".json3")
_SPEAKERS = ".rttm"
_NOT_GATHERED = ("sleep_s", "max_kb_s", "keep_audio", "host", "permission", "licence",
                 "persona", "priority", "enabled", "accept", "note")  # fmt: skip


def folder(project: Project, name: str) -> Path:
    """Where the recordings, captions and tables of a source lie."""
    return files.safe_join(project.raw / "downloads", name) / FOLDER


def note(project: Project, name: str) -> dict[str, Any] | None:
    """What is known of the tables, or None where there are none."""
    path = folder(project, name).with_suffix(".json")
    return files.read_sealed(path) if path.exists() else None


def table(project: Project, name: str, which: str) -> Path:
    """The file of a table."""
    return folder(project, name) / f"{which}.parquet"


def local(project: Project, name: str, source: YoutubeSource) -> dict[str, Path]:
    """The files that a source names itself, by their place below the project.

    Raises:
        ProjectError: a pattern matches nothing, or leads out of the project.
    """
    found: dict[str, Path] = {}
    for pattern in names(source.path):
        matches = sorted(glob.glob(pattern, root_dir=project.root, recursive=True))
        matches = [match for match in matches if (project.root / match).is_file()]
        if not matches:
            raise ProjectError(
                f"no file matches '{pattern}'",
                where=f"source '{name}'",
                fix="paths are relative to the folder of sources.yaml",
            )
        for match in matches:
            if Path(match).suffix.lower() != _SPEAKERS:
                found[Path(match).as_posix()] = files.safe_join(project.root, Path(match).as_posix())
    return dict(sorted(found.items()))


def speakers(project: Project, name: str, source: YoutubeSource) -> dict[str, Path]:
    """The files beside those of `local` that say who speaks when, by the place of what they stand beside."""
    beside = {shown: path.with_suffix(_SPEAKERS) for shown, path in local(project, name, source).items()}
    return {shown: path for shown, path in beside.items() if path.is_file()}


def is_captions(path: str | Path) -> bool:
    """Is a file captions, by its name?"""
    return Path(path).suffix.lower() in _CAPTIONS


def asked(project: Project, name: str, source: YoutubeSource) -> str:
    """Digest of what a source is to be gathered from, and how.

    Of a local recording its name and length count, for reading gigabytes to say "nothing to do" would take minutes.
    """
    declared = {key: value for key, value in plain(source).items() if key not in _NOT_GATHERED}
    here = {
        shown: files.sha256_file(path) if is_captions(path) else path.stat().st_size
        for shown, path in local(project, name, source).items()
    }
    told = {shown: files.sha256_file(path) for shown, path in speakers(project, name, source).items()}
    # Named only where there are some: without, nothing that was gathered before is gathered anew.
    more = {"speakers": told} if told else {}
    return files.digest({"version": VERSION, "declaration": declared, "files": here, **more})


def revision(project: Project, name: str, source: YoutubeSource, made_by: int) -> str:
    """What decides the dialogues: 32 hex digits of the declaration, 32 of the transcripts.

    Where the transcripts were cleared away because rows of them were withdrawn, those of the last pull count.

    Raises:
        ProjectError: nothing was gathered yet.
    """
    declared = files.digest([made_by, asked(project, name, source), source.host, source.revoked])[:32]
    if source.revoked:
        return declared + "0" * 32
    known = note(project, name)
    if known is not None:
        return declared + str(known["transcripts"])[:32]
    entry = project.lock().sources.get(name)
    if entry is None or len(entry.revision) != 64:
        raise ProjectError(
            f"the recordings of '{name}' are not transcribed yet", where=f"source '{name}'", fix=f"curate pull {name}"
        )
    return declared + entry.revision[32:]


def json_schema() -> dict[str, Any]:
    """The tables as a JSON Schema, generated from their Arrow schemas; `schemas/transcripts.schema.json` equals it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "transcripts",
        "description": f"The tables of a source of recordings, version {VERSION}; times are milliseconds.",
        "x-version": VERSION,
        "type": "object",
        "properties": {name: {"type": "array", "items": _row_schema(list(schema))} for name, schema in TABLES.items()},
        "required": list(TABLES),
        "additionalProperties": False,
    }


def _row_schema(fields: list[pa.Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _type_schema(field.type, field.nullable) for field in fields},
        "required": [field.name for field in fields if not field.nullable],
        "additionalProperties": False,
    }


def _type_schema(kind: pa.DataType, nullable: bool) -> dict[str, Any]:
    if pa.types.is_list(kind):
        items = _row_schema([kind.value_type.field(i) for i in range(kind.value_type.num_fields)])
        return {"type": ["array", "null"] if nullable else "array", "items": items}
    tests = ((pa.types.is_boolean, "boolean"), (pa.types.is_integer, "integer"), (pa.types.is_floating, "number"))
    name = next((name for test, name in tests if test(kind)), "string")
    return {"type": [name, "null"] if nullable else name}
