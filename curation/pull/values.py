"""Source values of whatever type as plain Arrow types and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

_SURELY_FLAT = 200


def plain_type(array: pa.Array) -> pa.Array:
    """An array without chunks, dictionaries and 64-bit offsets at the top: string, list or struct where it can be."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain_type(array.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    if pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        # Not by cast: pyarrow (26) breaks lists of lists of structs that way when a field of these is all null.
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), array.flatten(), mask=array.is_null())
    if pa.types.is_map(kind):
        return array.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))
    return array


def scalar_text(array: pa.Array) -> pa.Array | None:
    """A column of scalars as text; None for lists, structs and bytes that are not UTF-8."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_nested(kind):
        return None
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def scalar_value(value: Any) -> str:
    """A number or truth value of JSON as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def json_text(value: Any) -> str:
    """A nested value as JSON text: sorted keys, no spaces, keys without a value left out."""
    return orjson.dumps(_without_nulls(value), default=_foreign, option=orjson.OPT_SORT_KEYS).decode()


def _without_nulls(value: Any) -> Any:
    # Which absent keys of a struct show up as nulls depends on the file format.
    if isinstance(value, dict):
        return {str(k): _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, (list, tuple)) else value


def _foreign(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def text_value(value: Any) -> str | None:
    """One Python value as text: nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json_text(value) if isinstance(value, (dict, list, tuple)) else scalar_value(value)


def as_text(column: pa.Array) -> pa.StringArray:
    """Any column as text; nested values as JSON with sorted keys."""
    column = plain_type(column)
    text = scalar_text(column)
    if text is not None:
        return text
    return pa.array([None if v is None else json_text(v) for v in column.to_pylist()], pa.string())


def blank(texts: pa.StringArray) -> npt.NDArray[np.bool_]:
    """Texts that are null, empty or nothing but white space."""
    empty = pc.or_(pc.equal(pc.binary_length(texts), 0), pc.utf8_is_space(texts))
    return np.asarray(pc.fill_null(empty, True).to_numpy(zero_copy_only=False), bool)


def numbers(texts: pa.StringArray) -> npt.NDArray[np.float64]:
    """Texts as numbers, NaN where they are none."""
    spelled = pc.utf8_trim_whitespace(texts)
    is_number = pc.match_substring_regex(spelled, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$")
    plain = pc.replace_substring_regex(pc.if_else(is_number, spelled, None), r"^\+", "")
    return np.asarray(pc.fill_null(plain.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False), np.float64)


def step_into(row: Mapping[str, Any], path: str) -> tuple[Any, bool]:
    """What stands at a dotted path in a row of Python values, and whether there is such a place.

    A key that bears the whole path wins; JSON text on the way is opened.
    """
    return (row[path], True) if path in row else _walk(row, path.split("."))


def _walk(value: Any, keys: Sequence[str]) -> tuple[Any, bool]:
    for key in keys:
        if isinstance(value, str):
            value = parsed(value)
        if not isinstance(value, Mapping) or key not in value:
            return None, False
        value = value[key]
    return value, True


def parsed(text: str) -> Any:
    """JSON text as values; None where it is none, or nested so deeply that nobody meant it."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if text.count("[") + text.count("{") > _SURELY_FLAT and is_deep(value) else value


def is_deep(value: Any) -> bool:
    """Is a value nested deeper than JSON text of it can be written (254 levels)?"""
    try:
        orjson.dumps(value)
    except TypeError:
        return True
    return False


def at_path(column: pa.Array, path: str) -> pa.Array:
    """What stands at a dotted path below each value of a column of structs or of JSON text; null where nothing does."""
    column = plain_type(column)
    first, _, rest = path.partition(".")
    if pa.types.is_struct(column.type):
        if first not in column.type.names:
            return pa.nulls(len(column), pa.string())
        found = pc.struct_field(column, column.type.names.index(first))
        return at_path(found, rest) if rest else found
    if not pa.types.is_string(column.type):
        return pa.nulls(len(column), pa.string())
    keys = path.split(".")
    return pa.array([None if v is None else text_value(_walk(v, keys)[0]) for v in column.to_pylist()], pa.string())
