"""Rows of JSON as Arrow columns: whole chunks at once, row by row only where a chunk holds odd values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from curation.core.errors import ProjectError
from curation.pull.chunks import BATCH_ROWS, Broken, Chunk, need
from curation.pull.columns import Column
from curation.pull.identity import identity_bytes, identity_of_values, spell_value
from curation.pull.reading import PAIRS, plain_pairs, plain_turns, turn_type, turns_of_json
from curation.pull.values import scalar_value, step_into, text_value

_BLOCK = 8 << 20
_LARGEST_ARRAY = 512 << 20
_SCHEMA_ROWS = 1000

Item = tuple[int, Any, bytes]
"""A row: its place, its value, and its bytes where the value is none that JSON can hold."""


def read_json(path: Path, columns: Sequence[Column], identity: Sequence[str], max_rows: int | None) -> Iterator[Chunk]:
    """The rows of a .json, .jsonl or .ndjson file; see `readers.read`."""
    seen: set[str] = set()
    schema: dict[str, str] = {}
    rows = islice(items(path), max_rows)
    while batch := list(islice(rows, BATCH_ROWS // 4)):
        first = not seen
        objects = [value for _, value, _ in batch if isinstance(value, dict)]
        for value in objects:
            seen |= value.keys()
        paths = [c.name for c in columns if "." in c.name and c.name not in seen]
        seen |= {path for path in paths if any(step_into(value, path)[1] for value in objects)}
        if first and objects:
            schema = _schema(objects[:_SCHEMA_ROWS])
            need([c for c in columns if c.required and c.root not in seen], seen, path.name)
        yield _chunk(batch, columns, identity, schema)
    if seen:
        need(columns, seen, path.name)


def items(path: Path) -> Iterator[Item]:
    """The values of a .json, .jsonl or .ndjson file."""
    return _array(path) if path.suffix.lower() == ".json" and _is_array(path) else _lines(path)


def _is_array(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"{") and not _loads(start.partition(b"\n")[0] or b"{") and len(start) < 4096:
            stream.seek(0)
            if isinstance(_loads(stream.read().removeprefix(b"\xef\xbb\xbf")), dict):
                raise ProjectError(
                    "the file holds one JSON object, not an array of rows",
                    where=path.name,
                    fix="save the rows as a JSON array or as JSON lines",
                )
    return start.startswith(b"[")


def _loads(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _array(path: Path) -> Iterator[Item]:
    if path.stat().st_size > _LARGEST_ARRAY:
        raise ProjectError(
            f"a JSON array of more than {_LARGEST_ARRAY >> 20} MiB",
            where=path.name,
            fix="save the rows as JSON lines or Parquet; these are read piece by piece",
        )
    try:
        values = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ProjectError(f"not well-formed JSON at line {error.lineno}", where=path.name) from None
    for place, value in enumerate(values):
        yield place, value, b""


def _lines(path: Path) -> Iterator[Item]:
    place = 0
    left = b""
    with path.open("rb") as stream:
        block = stream.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")
        while block or left:
            # Only a line feed ends a line: the text of a row may hold other separators.
            *lines, left = (left + block).split(b"\n") if block else (left, b"")
            for line in lines:
                if line and not line.isspace():
                    try:
                        yield place, orjson.loads(line), b""
                    except orjson.JSONDecodeError:
                        yield place, None, line
                place += 1
            block = stream.read(_BLOCK)


def _schema(objects: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for value in objects:
        for key, item in value.items():
            kinds.setdefault(key, set()).add("null" if item is None else type(item).__name__)
    return {key: "|".join(sorted(kinds[key] - {"null"}) or ["null"]) for key in sorted(kinds)}


def _chunk(
    batch: Sequence[Item], columns: Sequence[Column], identity: Sequence[str], schema: Mapping[str, str]
) -> Chunk:
    broken = [
        Broken(place, "broken_json" if raw else "wrong_type", raw or _whole(value) or b"%d" % place)
        for place, value, raw in batch
        if not isinstance(value, dict)
    ]
    objects = [(place, value, _whole(value)) for place, value, _ in batch if isinstance(value, dict)]
    broken += [Broken(place, "too_deep", b"%d" % place) for place, _, whole in objects if whole is None]
    good = [(place, value) for place, value, whole in objects if whole is not None]
    bad: dict[int, str] = {}
    arrays: dict[str, pa.Array] = {}
    spelled: dict[str, pa.Array] = {}
    for column in columns:
        values = [step_into(value, column.name)[0] for _, value in good]
        if column.required:
            absent = [i for i, (_, row) in enumerate(good) if column.name not in row and column.root not in row]
            bad |= dict.fromkeys(absent, "missing_column")
        arrays[column.name], exact = _column(values, column, bad)
        if column.name in identity:
            spelled[column.name] = (
                arrays[column.name] if exact else pa.array([spell_value(v) for v in values], pa.string())
            )
    keep = np.ones(len(good), bool)
    for i, reason in bad.items():
        keep[i] = False
        place, value = good[i]
        broken.append(Broken(place, reason, identity_of_values([step_into(value, n)[0] for n in identity])))
    mask = pa.array(keep)
    table = pa.RecordBatch.from_arrays([arrays[c.name] for c in columns], names=[c.name for c in columns])
    whole = [row for _, _, row in objects if row is not None]
    return Chunk(
        np.array([place for place, _ in good], np.int64)[keep],
        table.filter(mask),
        identity_bytes([spelled[n] for n in identity]).filter(mask),
        pa.array(whole, pa.binary()).filter(mask),
        tuple(broken),
        schema,
    )


def _whole(value: Any) -> bytes | None:
    """A row as bytes; None where it is nested too deeply to be written."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None


def _column(values: list[Any], column: Column, bad: dict[int, str]) -> tuple[pa.Array, bool]:
    """A column, and whether ids may be made of the array as it stands."""
    if column.shape in ("turns", "pairs"):
        try:
            inferred = pa.array(values)
            # Of values of mixed depth pyarrow (26) can make an array whose children do not fit together.
            inferred.validate()
            if column.shape == "turns" and _is_plain(inferred.type, column):
                return inferred, True
        except (pa.ArrowException, OverflowError):
            pass
        kind, make = (turn_type(column), _turns_value) if column.shape == "turns" else (PAIRS, _pairs_value)
        return pa.array([_try(i, v, column, make, bad) for i, v in enumerate(values)], kind), False
    try:
        return pa.array(values, pa.string()), True
    except (pa.ArrowException, TypeError):
        spell = {"text": _text_value, "loose": _loose_value}.get(column.shape, _any_value)
        return pa.array([_try(i, v, column, spell, bad) for i, v in enumerate(values)], pa.string()), False


def _is_plain(kind: pa.DataType, column: Column) -> bool:
    """Did inference give turns of text? Numbers it may spell in another way than the rows beside them."""
    if pa.types.is_null(kind) or pa.types.is_string(kind):
        return True
    turn = kind.value_type if pa.types.is_list(kind) else kind if column.lone else None
    if turn is None or pa.types.is_null(turn):
        return turn is not None
    return pa.types.is_struct(turn) and all(
        _is_content(turn.field(i).type)
        for i in range(turn.num_fields)
        if any(turn.field(i).name == key.partition(".")[0] for key in column.keys)
    )


def _is_content(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind):
        kind = kind.value_type
        if pa.types.is_struct(kind):
            return all(
                pa.types.is_string(kind.field(i).type) or pa.types.is_null(kind.field(i).type)
                for i in range(kind.num_fields)
                if kind.field(i).name in ("text", "value")
            )
    return bool(pa.types.is_string(kind) or pa.types.is_null(kind))


def _try(place: int, value: Any, column: Column, make: Any, bad: dict[int, str]) -> Any:
    try:
        return None if value is None else make(value, column)
    except TypeError:
        bad.setdefault(place, "wrong_type")
        return None


def _turns_value(value: Any, column: Column) -> list[dict[str, str | None] | None]:
    if isinstance(value, str) and (opened := turns_of_json(value, column)) is not None:
        return opened
    if column.lone and isinstance(value, dict):
        value = [value]
    elif column.lone and not isinstance(value, list):
        value = [{column.role_keys[0]: column.lone, column.content_keys[0]: value}] if str(value).strip() else []
    elif isinstance(value, str) and not value.strip():
        value = []
    if not isinstance(value, list) or not all(turn is None or isinstance(turn, dict) for turn in value):
        raise TypeError
    return plain_turns(value, column)


def _pairs_value(value: Any, column: Column) -> list[list[str | None]]:
    pairs: list[list[str | None]] | bool = plain_pairs(value) if value != "" else []
    if isinstance(pairs, bool):
        raise TypeError
    return pairs


def _text_value(value: Any, column: Column | None = None) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError
    return value if isinstance(value, str) else scalar_value(value)


def _loose_value(value: Any, column: Column) -> str | None:
    return None if isinstance(value, (dict, list)) else _text_value(value)


def _any_value(value: Any, column: Column) -> str | None:
    return text_value(value)
