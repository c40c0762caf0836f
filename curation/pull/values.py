"""Source values of whatever type as plain Arrow types and as text."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa


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
        return array.cast(pa.list_(kind.value_type))
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
