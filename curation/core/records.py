"""THE contract: what a record is, how it is named, and how older ones become today's."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.errors import IntegrityError

RECORD_VERSION = 1

ROLES = ("system", "user", "assistant", "tool")
KINDS = ("chat", "preference", "unpaired")
PERSONAS = ("assistant", "client", "neutral")

TURN = pa.struct([("role", pa.string()), ("content", pa.string()), ("reasoning", pa.string())])
TURNS = pa.list_(pa.field("item", TURN))
META = pa.list_(pa.field("item", pa.struct([("key", pa.string()), ("value", pa.string())])))

RECORD_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("messages", TURNS, nullable=False),
        pa.field("chosen", TURNS),
        pa.field("rejected", TURNS),
        pa.field("label", pa.bool_()),
        pa.field("persona", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("group", pa.string()),
        pa.field("synthetic", pa.string()),
        pa.field("meta", META),
    ]
)
"""One row of the contract. For `preference` and `unpaired` records `messages` is the prompt; `unpaired` holds
its answer in `chosen` and what people thought of it in `label`. `synthetic` names the method that made a row,
null for what people wrote. `meta` holds only the columns an adapter keeps, as text, in key order."""

DESCRIPTIONS: Mapping[str, str] = {
    "id": "source name, 16 hex digits of an HMAC of the identity columns, and an occurrence number from the second on",
    "kind": "what the record holds",
    "messages": "the conversation; for preference and unpaired records, the prompt",
    "chosen": "the preferred answer, or the only answer of an unpaired record",
    "rejected": "the answer that lost",
    "label": "unpaired records: was the answer good?",
    "persona": "whose voice the record teaches",
    "language": "ISO 639-1 code found by the language stage, null where it could not tell",
    "licence": "the licence the source is used under",
    "group": "keyed hash; rows that share it fall on the same side of every split",
    "synthetic": "the method that made the row; null for what people wrote",
    "meta": "the source columns that the adapter keeps, as text",
}

TEXT_COLUMNS = ("messages", "chosen", "rejected", "meta")
"""The columns in which text of people can stand; every stage that guards text covers all of them."""

ORIGIN_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("revision", pa.string()),
        pa.field("file", pa.string()),
        pa.field("row", pa.int64()),
    ]
)
"""Where a record was read. It stands beside the record, so that a moved row is not a changed row."""

DROPPED_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("witness", pa.string()),
    ]
)
"""The rows a stage refused: never their text. `witness` is the id of the row that was kept in their place, or what
else shows that the reason holds: for a row that an export leaves out as contaminated, the test item."""

_ENUMS = {"kind": KINDS, "persona": PERSONAS, "role": ROLES}

MIGRATIONS: dict[int, Callable[[pa.Table], pa.Table]] = {}
"""From version n to n + 1. Bumping RECORD_VERSION means adding one here, with a stored example in the tests."""


def migrate(table: pa.Table, version: int) -> pa.Table:
    """Bring a table of records written under an older contract to today's.

    Raises:
        IntegrityError: the table was written by a newer curate than this one.
    """
    if version > RECORD_VERSION:
        raise IntegrityError(
            f"these records have version {version}; this curate knows up to {RECORD_VERSION}",
            fix="upgrade curate: pip install -U curation",
        )
    for step in range(version, RECORD_VERSION):
        table = MIGRATIONS[step](table)
    return table


def json_schema() -> dict[str, Any]:
    """The contract as a JSON Schema, generated from the Arrow schema; `schemas/record.schema.json` equals it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "record",
        "description": f"One row of curate's contract, version {RECORD_VERSION}.",
        "x-version": RECORD_VERSION,
        "type": "object",
        "properties": {f.name: {**_field_schema(f), "description": DESCRIPTIONS[f.name]} for f in RECORD_SCHEMA},
        "required": [f.name for f in RECORD_SCHEMA if not f.nullable],
        "additionalProperties": True,
    }


def _field_schema(field: pa.Field) -> dict[str, Any]:
    schema = _type_schema(field.type, field.name)
    if field.nullable and "enum" not in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def _type_schema(kind: pa.DataType, name: str) -> dict[str, Any]:
    if pa.types.is_list(kind):
        return {"type": "array", "items": _type_schema(kind.value_type, name)}
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return {
            "type": "object",
            "properties": {f.name: _field_schema(f) for f in fields},
            "additionalProperties": False,
        }
    if name in _ENUMS:
        return {"type": "string", "enum": list(_ENUMS[name])}
    return {"type": "boolean" if pa.types.is_boolean(kind) else "string"}


def identity(key: bytes, texts: Iterable[bytes | None]) -> list[str]:
    """Sixteen hex digits per row: HMAC-SHA256 (RFC 2104) of its identity columns under the project key, cut.

    Without the key the digits tell nothing about the text, so ids may leave the project.
    """
    return [hmac.digest(key, text or b"", "sha256").hex()[:16] for text in texts]


def keyed(key: bytes, purpose: str, value: str) -> str:
    """A keyed digest for one purpose (group, duplicate, …), unlinkable to the same value's digest for another.

    Keyed BLAKE2b (RFC 7693) of 16 bytes; the purpose, at most 16 bytes, is its personalisation.
    """
    data = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16, key=key, person=purpose.encode()).hexdigest()


def keyed_numbers(key: bytes, purpose: str, values: Iterable[str]) -> npt.NDArray[np.uint64]:
    """The digests that `keyed` gives, as two numbers each, shape (n, 2): half the time, where there are a million."""
    start = hashlib.blake2b(digest_size=16, key=key, person=purpose.encode())
    found = []
    for value in values:
        state = start.copy()
        state.update(value.encode("utf-8", "surrogatepass"))
        found.append(state.digest())
    return np.frombuffer(b"".join(found), ">u8").astype(np.uint64).reshape(-1, 2)


def number_occurrences(source: str, hashes: Sequence[str], tiebreak: Callable[[int], bytes]) -> list[str]:
    """Ids for rows whose identity hashes are given, in any order.

    Rows that share a hash are numbered in the order of `tiebreak(row)`, a keyed digest of the whole source
    row, never by their place in a file; so a reordered file gives the same ids.
    """
    ids = [f"{source}:{h}" for h in hashes]
    rows: dict[str, list[int]] = {}
    for row, digits in enumerate(hashes):
        rows.setdefault(digits, []).append(row)
    for same in rows.values():
        if len(same) > 1:
            for number, row in enumerate(sorted(same, key=tiebreak), start=1):
                if number > 1:
                    ids[row] = f"{ids[row]}-{number}"
    return ids


def source_of(record_id: str) -> str:
    """The source's name in a record id."""
    return record_id.partition(":")[0]


def prefix_of(record_id: str, digits: int) -> str:
    """The first hex digits of an id's hash: the name of the part that holds it."""
    return record_id.partition(":")[2][:digits]


def column_digest(array: pa.Array | pa.ChunkedArray) -> str:
    """A logical digest of a column: equal values give equal digests, whatever the buffers look like."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    state = hashlib.blake2b(str(array.type).encode(), digest_size=20)
    _feed(state, array)
    return state.hexdigest()


def _feed(state: Any, array: pa.Array) -> None:
    state.update(len(array).to_bytes(8, "little"))
    if array.null_count:
        state.update(b"n" + np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
    kind = array.type
    if pa.types.is_null(kind):
        return
    if pa.types.is_dictionary(kind):
        _feed(state, array.dictionary_decode())
    elif pa.types.is_struct(kind):
        for child in array.flatten():
            _feed(state, child)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        state.update(pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64()).to_numpy().tobytes())
        _feed(state, array.flatten())
    elif pa.types.is_fixed_size_list(kind):
        _feed(state, pc.drop_null(array).flatten())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        filled = pc.fill_null(array, b"" if pa.types.is_binary(kind) else "")
        lengths = pc.binary_length(filled).cast(pa.int64()).to_numpy()
        state.update(lengths.tobytes())
        wide = pa.types.is_large_string(kind)
        _, offsets, data = filled.buffers()
        width = np.dtype(np.int64 if wide else np.int32)
        bounds = np.frombuffer(offsets, width, count=len(filled) + 1, offset=filled.offset * width.itemsize)
        if data is not None and bounds[-1] > bounds[0]:
            state.update(memoryview(data)[int(bounds[0]) : int(bounds[-1])])
    elif pa.types.is_boolean(kind):
        state.update(pc.fill_null(array, False).to_numpy(zero_copy_only=False).tobytes())
    else:
        state.update(pc.fill_null(array, 0).to_numpy(zero_copy_only=False).tobytes())


def digests(table: pa.Table) -> dict[str, str]:
    """The digest of every column of a table."""
    return {name: column_digest(table.column(name)) for name in table.column_names}


def empty_dropped() -> pa.Table:
    """A table of dropped rows with no row."""
    return DROPPED_SCHEMA.empty_table()


def as_dropped(
    ids: pa.Array | Sequence[str],
    stage: str,
    reason: str | Sequence[str],
    *,
    score: Sequence[float | None] | None = None,
    witness: Sequence[str | None] | None = None,
) -> pa.Table:
    """Rows for the table of dropped ones; `reason` is one for all or one each."""
    ids = ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string())
    size = len(ids)
    reasons = [reason] * size if isinstance(reason, str) else list(reason)
    return pa.table(
        [
            ids,
            pa.array([stage] * size, pa.string()),
            pa.array(reasons, pa.string()),
            pa.array(score if score is not None else [None] * size, pa.float64()),
            pa.array(witness if witness is not None else [None] * size, pa.string()),
        ],
        schema=DROPPED_SCHEMA,
    )
