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
from curation.train.pairs import PairRow

_FIELDS = {"messages": {"role", "content", "reasoning", "train"}}
_SAID = {"role", "content"}
_PAIR = ("prompt", "chosen", "rejected")


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
    """The rows of one of the tables of an SFT export, a batch in memory at a time.

    Raises:
        IntegrityError: a column is missing or of another type, or a value is null.
    """
    for item, where in _items(export, name, ("messages",), "an SFT"):
        turns = _turns(item, "messages", where)
        yield Row(item["id"], item["persona"] or "", turns)


def read_pairs(export: Export, name: str) -> Iterator[PairRow]:
    """The rows of one of the tables of a DPO export, a batch in memory at a time.

    Raises:
        IntegrityError: a column is missing or of another type, a value is null, or an answer is no single turn.
    """
    for item, where in _items(export, name, _PAIR, "a DPO"):
        prompt, chosen, rejected = (_turns(item, column, where) for column in _PAIR)
        if any(len(answer) != 1 or answer[0].role != "assistant" for answer in (chosen, rejected)):
            raise IntegrityError("an answer is not one turn of the assistant", where=f"{where}: {item['id']}")
        yield PairRow(item["id"], item["persona"] or "", prompt, chosen[0].content, rejected[0].content)


def about(export: Export, name: str) -> dict[str, tuple[str, str]]:
    """By row its source and phase; empty where an export does not say."""
    with pq.ParquetFile(export.folder / name) as table:
        columns = [column for column in ("id", "source", "phase") if column in table.schema_arrow.names]
        rows = table.read(columns=columns).to_pylist()
    return {row["id"]: (row.get("source") or "", row.get("phase") or "") for row in rows}


def _items(export: Export, name: str, texts: tuple[str, ...], kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    where = f"{export.folder.name}/{name}"
    columns = ("id", "persona", *texts)
    with pq.ParquetFile(export.folder / name) as table:
        known = table.schema_arrow
        if not set(columns) <= set(known.names) or not all(_is_turns(known, text) for text in texts):
            raise IntegrityError(
                f"the table has not the columns {', '.join(columns[:-1])} and {columns[-1]} of {kind} export",
                where=where,
                fix=f"choose {kind} mix (a recipe with 'dpo' learns from pairs), or export again with this version",
            )
        for batch in table.iter_batches(batch_size=1024, columns=list(columns)):
            for item in batch.to_pylist():
                yield item, where


def _is_turns(schema: pa.Schema, column: str) -> bool:
    kind = schema.field(column).type
    item = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else pa.null()
    fields = {f.name for f in item} if pa.types.is_struct(item) else set()
    return fields >= _FIELDS.get(column, _SAID)


def _turns(item: dict[str, Any], column: str, where: str) -> tuple[Turn, ...]:
    said = item[column] or []
    whole = all(m and None not in (m["role"], m["content"], m.get("train", False)) for m in said)
    if item["id"] is None or not said or not whole:
        raise IntegrityError(
            "a row has a null id, message, role, content or train flag", where=f"{where}: {item['id']}"
        )
    return tuple(Turn(m["role"], m["content"], m.get("train", False), bool(m.get("reasoning"))) for m in said)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
