"""The bytes that ids are made of: every text in the identity columns, in one spelling for all file formats.

The spelling depends on the source's values alone, never on the adapter, the file format or the batch: the texts of a
value in order, the fields of a struct by name, a separator between each; what is null or no text inside nested values
(weights, flags) is left out, so a new all-null field upstream changes no id. Scalars at the top count as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.pull.values import plain_type, scalar_text, scalar_value

_COLUMN, _FIELD, _ITEM, _NAME = "\x1c", "\x1d", "\x1e", "\x1f"


def identity_bytes(columns: Sequence[pa.Array]) -> pa.BinaryArray:
    """One byte string a row over whole identity columns.

    Args:
        columns: arrays of one length, in the order of the lock's `identity`.
    """
    spelled = [pc.fill_null(_spell(plain_type(column), top=True), "") for column in columns]
    joined = spelled[0] if len(spelled) == 1 else pc.binary_join_element_wise(*spelled, _COLUMN)
    return joined.cast(pa.binary())


def identity_of_values(values: Sequence[Any]) -> bytes:
    """The same bytes for one row of Python values, where a column of them has no single Arrow type."""
    return _COLUMN.join(spell_value(v) or "" for v in values).encode("utf-8", "surrogatepass")


def _spell(array: pa.Array, *, top: bool) -> pa.Array:
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_struct(kind):
        pieces: list[Any] = []
        for i in sorted(range(kind.num_fields), key=lambda i: kind.field(i).name):
            values = _spell(plain_type(pc.struct_field(array, [i])), top=False)
            lead = pa.scalar(_FIELD + kind.field(i).name + _NAME)
            if not values.null_count:
                pieces += [lead, values]
            elif values.null_count < len(values):
                pieces.append(pc.binary_join_element_wise(lead, values, ""))
        # "skip" leaves out a row whose values are all null, so one of them must not be.
        pieces.append(pa.repeat(pa.scalar("", pa.string()), len(array)))
        joined = pc.binary_join_element_wise(*pieces, "", null_handling="skip")
        return joined if not array.null_count else pc.if_else(array.is_valid(), joined, None)
    if pa.types.is_list(kind):
        items = pc.fill_null(_spell(plain_type(array.flatten()), top=False), "")
        lengths = pc.fill_null(array.value_lengths(), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
        joined = pc.binary_join(pa.ListArray.from_arrays(offsets, items), _ITEM)
        return joined if not array.null_count else pc.if_else(array.is_valid(), joined, None)
    text = scalar_text(array) if top else None
    return text if text is not None else pa.nulls(len(array), pa.string())


def spell_value(value: Any, *, top: bool = True) -> str | None:
    """The spelling of one Python value; null where there is no text in it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        spelled = ((k, spell_value(v, top=False)) for k, v in sorted(value.items()))
        return "".join(f"{_FIELD}{k}{_NAME}{text}" for k, text in spelled if text is not None)
    if isinstance(value, (list, tuple)):
        return _ITEM.join(spell_value(v, top=False) or "" for v in value)
    if value is None or not top:
        return None
    return scalar_value(value)
