"""Conditions on any tag of a record, by column and the names inside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.errors import ProjectError
from curation.export.asked import Condition
from curation.methods.texts import one_array

Flags = npt.NDArray[np.bool_]
TEXTS = frozenset({"messages", "chosen", "rejected"})
"""Columns that are no tags: what people said is selected by no pattern."""


def columns_of(tags: Iterable[str]) -> set[str]:
    """The columns that tags stand in."""
    return {name.partition(".")[0] for name in tags}


def check(tags: Iterable[str], known: Mapping[str, pa.Schema], where: str) -> None:
    """Refuse a tag that no source has.

    Args:
        tags: names such as risk.level.
        known: the columns that can be read, by source.
        where: the recipe, for the error.

    Raises:
        ProjectError: no source has such a column, or nothing of that name in it.
    """
    for tag in tags:
        column = tag.partition(".")[0]
        if column in TEXTS or not any(_has(schema, tag) for schema in known.values()):
            names = sorted({n for schema in known.values() for n in schema.names} - TEXTS - {"id"})
            raise ProjectError(f"no source has the tag '{tag}'", where=where, fix=f"columns here: {', '.join(names)}")


def _has(schema: pa.Schema, tag: str) -> bool:
    column, *names = tag.split(".")
    if column not in schema.names:
        return False
    if column == "meta":
        return len(names) > 0
    kind = schema.field(column).type
    for name in names:
        while pa.types.is_list(kind):
            kind = kind.value_type
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return False
        kind = kind.field(name).type
    while pa.types.is_list(kind):
        kind = kind.value_type
    return not pa.types.is_struct(kind)


def holds(table: pa.Table, tag: str, condition: Condition) -> Flags:
    """Which rows of a table meet a condition. One value of several is enough; of `not_in` there may be none."""
    size = len(table)
    if not _has(table.schema, tag):
        rows, values = np.zeros(0, np.int64), pa.nulls(0, pa.string())
    else:
        rows, values = _values(table, tag)
    good = np.ones(len(rows), np.bool_)
    for bound, compare in ((condition.min, pc.greater_equal), (condition.max, pc.less_equal)):
        if bound is not None:
            good &= compare(_numbers(values), bound).fill_null(False).to_numpy(zero_copy_only=False)
    if condition.is_in is not None:
        good &= _among(values, condition.is_in)
    asked = condition.exists is True or any(x is not None for x in (condition.min, condition.max, condition.is_in))
    met = np.bincount(rows[good], minlength=size).astype(np.bool_) if asked else np.ones(size, np.bool_)
    if condition.exists is False:
        met &= ~np.bincount(rows, minlength=size).astype(np.bool_)
    if condition.not_in is not None:
        met &= ~np.bincount(rows[_among(values, condition.not_in)], minlength=size).astype(np.bool_)
    return met


def _values(table: pa.Table, tag: str) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Every value that is there, and the row of each."""
    column, *names = tag.split(".")
    array = one_array(table.column(column))
    rows = np.arange(len(array))
    if column == "meta":
        rows, array = _flat(rows, array)
        hit = pc.equal(array.field("key"), ".".join(names)).to_numpy(zero_copy_only=False)
        rows, array, names = rows[hit], array.field("value").filter(pa.array(hit)), []
    for name in names:
        rows, array = _flat(rows, array)
        array = pc.struct_field(array, name)
    rows, array = _flat(rows, array)
    there = array.is_valid()
    return rows[there.to_numpy(zero_copy_only=False)], array.filter(there)


def _flat(rows: npt.NDArray[np.int64], array: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array]:
    while pa.types.is_list(array.type):
        rows, array = rows[pc.list_parent_indices(array).to_numpy()], array.flatten()
    return rows, array


def _numbers(values: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return values.cast(pa.float64())
    # What an adapter keeps is text, numbers, too.
    number = pc.match_substring_regex(values, r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)\s*$")
    return pc.if_else(number, pc.utf8_trim_whitespace(values), None).cast(pa.float64())


def _among(values: pa.Array, wanted: tuple[object, ...]) -> Flags:
    texts = pa.array([_text(value) for value in wanted], pa.string())
    found = pc.is_in(values.cast(pa.string()), value_set=texts)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
