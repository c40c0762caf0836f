"""Reading an exported mix: only what its manifest vouches for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.core.errors import IntegrityError, MissingError
from curation.train.encode import Row, Turn

_COLUMNS = ("id", "persona", "messages")
_FIELDS = {"role", "content", "reasoning", "train"}


@dataclass(frozen=True)
class Export:
    """A checked export: its folder, the sha256 of its manifest, and whether it has held-out rows."""

    folder: Path
    digest: str
    validated: bool


def open_export(folder: Path) -> Export:
    """Check an export's files against its manifest.

    Raises:
        MissingError: no manifest.
        IntegrityError: a broken manifest, or a file that is not the one that was exported.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise MissingError("there is no exported mix here", where=folder.name, fix="curate export")
    text = path.read_bytes()
    try:
        files: dict[str, dict[str, Any]] = dict(json.loads(text)["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("the manifest of the export is broken", where=folder.name, fix="curate export") from error
    present = {name for name in ("train.parquet", "validation.parquet") if (folder / name).exists()}
    for name in sorted({"train.parquet", *present, *(files.keys() & {"validation.parquet"})}):
        if name not in present or _sha256(folder / name) != files.get(name, {}).get("sha256"):
            raise IntegrityError(
                f"{name} is not the file that was exported", where=folder.name, fix="curate export, then train again"
            )
    return Export(folder, hashlib.sha256(text).hexdigest(), "validation.parquet" in present)


def read_rows(export: Export, name: str) -> Iterator[Row]:
    """The rows of one of the export's tables, a batch in memory at a time.

    Raises:
        IntegrityError: a column is missing or of another type, or a value is null.
    """
    where = f"{export.folder.name}/{name}"
    with pq.ParquetFile(export.folder / name) as table:
        _check(table.schema_arrow, where)
        for batch in table.iter_batches(batch_size=1024, columns=list(_COLUMNS)):
            for item in batch.to_pylist():
                yield _row(item, where)


def _check(schema: pa.Schema, where: str) -> None:
    kind = schema.field("messages").type if "messages" in schema.names else pa.null()
    item = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else pa.null()
    fields = {f.name for f in item} if pa.types.is_struct(item) else set()
    if not set(_COLUMNS) <= set(schema.names) or not fields >= _FIELDS:
        raise IntegrityError(
            "the table has not the columns id, persona and messages of an SFT export",
            where=where,
            fix="choose an SFT mix, or export again with this version",
        )


def _row(item: dict[str, Any], where: str) -> Row:
    messages = item["messages"] or []
    whole = all(m and None not in (m["role"], m["content"], m["train"]) for m in messages)
    if item["id"] is None or not messages or not whole:
        raise IntegrityError(
            "a row has a null id, message, role, content or train flag", where=f"{where}: {item['id']}"
        )
    turns = tuple(Turn(m["role"], m["content"], m["train"], bool(m["reasoning"])) for m in messages)
    return Row(item["id"], item["persona"] or "", turns)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
