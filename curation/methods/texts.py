"""Every string of a record, laid flat and put back: stages work on arrays, never row by row."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import META, TEXT_COLUMNS, TURN, TURNS

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Turns:
    """A column of turns, flat.

    Attributes:
        lengths: turns of each row; 0 where the row is null.
        null: which rows are null rather than empty.
        role: one value a turn, null where the source gave none.
        content: one value a turn.
        reasoning: one value a turn.
    """

    lengths: Ints
    null: npt.NDArray[np.bool_]
    role: pa.StringArray
    content: pa.StringArray
    reasoning: pa.StringArray

    @classmethod
    def of(cls, column: pa.Array | pa.ChunkedArray) -> Turns:
        """Flatten a column of the record contract's turn lists."""
        column = one_array(column)
        turns = column.flatten()
        role, content, reasoning = (pc.struct_field(turns, name) for name in ("role", "content", "reasoning"))
        return cls(_lengths(column), _nulls(column), role, content, reasoning)

    @property
    def rows(self) -> Ints:
        """For every turn, the row it belongs to."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def column(self) -> pa.ListArray:
        """The column again."""
        turns = pa.StructArray.from_arrays([self.role, self.content, self.reasoning], fields=list(TURN))
        return _lists(turns, self.lengths, self.null, TURNS)


@dataclass(frozen=True)
class Texts:
    """All strings that a batch's text columns hold, in one array.

    Within a row they are in reading order: by column as listed, then by turn, the reasoning before the answer it
    leads to; of `meta`, the values.

    Attributes:
        values: the strings, some of them null.
        rows: for every string, its row in the batch.
        places: for every string, a number that grows with reading order within a row.
    """

    values: pa.StringArray
    rows: Ints
    places: Ints
    _columns: dict[str, Turns | _Meta]

    @classmethod
    def of(cls, batch: pa.RecordBatch | pa.Table, columns: Sequence[str] = TEXT_COLUMNS) -> Texts:
        """Lay the strings of a batch flat.

        Args:
            batch: holds at least `columns`.
            columns: text columns of the record contract, in reading order.
        """
        parts: dict[str, Turns | _Meta] = {}
        for name in columns:
            parts[name] = _Meta.of(batch.column(name)) if name == "meta" else Turns.of(batch.column(name))
        values: list[pa.Array] = [pa.array([], pa.string())]
        rows: list[Ints] = [np.zeros(0, np.int64)]
        places: list[Ints] = [np.zeros(0, np.int64)]
        start = 0
        for part in parts.values():
            for offset, array in enumerate(_strings(part)):
                values.append(array)
                rows.append(part.rows)
                places.append(start + 2 * np.arange(len(array)) + offset)
            start += 2 * len(part.rows)
        return cls(pa.concat_arrays(values), np.concatenate(rows), np.concatenate(places), parts)

    def put(self, values: pa.StringArray) -> dict[str, pa.ListArray]:
        """The columns again, with other strings in the places of the old ones.

        Args:
            values: as many as there were; null where the old one was.
        """
        columns: dict[str, pa.ListArray] = {}
        start = 0
        for name, part in self._columns.items():
            size = len(part.rows)
            if isinstance(part, _Meta):
                changed: Turns | _Meta = _Meta(part.lengths, part.null, part.key, values.slice(start, size))
                start += size
            else:
                changed = Turns(
                    part.lengths, part.null, part.role, values.slice(start + size, size), values.slice(start, size)
                )
                start += 2 * size
            columns[name] = changed.column()
        return columns

    def without_meta(self, keys: Sequence[str]) -> Texts:
        """The same strings, but null where the value of one of these keys of `meta` stands."""
        meta = self._columns.get("meta")
        if not keys or not isinstance(meta, _Meta):
            return self
        size = len(meta.rows)
        named = pc.fill_null(pc.is_in(meta.key, value_set=pa.array(keys, pa.string())), False)
        start = 2 * sum(
            len(part.rows) for part in itertools.takewhile(lambda part: part is not meta, self._columns.values())
        )
        mask = np.zeros(len(self.values), np.bool_)
        mask[start : start + size] = named.to_numpy(zero_copy_only=False)
        return replace(self, values=pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), self.values))

    def where(self, spots: Ints) -> list[tuple[str, int]]:
        """For some of the strings, their column (`messages`, `messages.reasoning`, …) and turn, from 0."""
        found: list[tuple[str, int]] = [("", 0)] * len(spots)
        start = 0
        for name, part in self._columns.items():
            first = np.cumsum(part.lengths) - part.lengths
            turns = np.arange(len(part.rows)) - first[part.rows]
            for suffix in ("",) if isinstance(part, _Meta) else (".reasoning", ""):
                for index in np.flatnonzero((spots >= start) & (spots < start + len(turns))).tolist():
                    found[index] = name + suffix, int(turns[spots[index] - start])
                start += len(turns)
        return found

    def any(self, marks: pa.BooleanArray | npt.NDArray[np.bool_], rows: int) -> npt.NDArray[np.bool_]:
        """For each of the batch's rows, whether one of its strings is marked (null counts as not)."""
        if isinstance(marks, pa.Array):
            marks = pc.fill_null(marks, False).to_numpy(zero_copy_only=False)
        return np.bincount(self.rows[marks], minlength=rows) > 0


@dataclass(frozen=True)
class _Meta:
    lengths: Ints
    null: npt.NDArray[np.bool_]
    key: pa.StringArray
    value: pa.StringArray

    @classmethod
    def of(cls, column: pa.Array | pa.ChunkedArray) -> _Meta:
        column = one_array(column)
        pairs = column.flatten()
        return cls(_lengths(column), _nulls(column), pc.struct_field(pairs, "key"), pc.struct_field(pairs, "value"))

    @property
    def rows(self) -> Ints:
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def column(self) -> pa.ListArray:
        pairs = pa.StructArray.from_arrays([self.key, self.value], fields=list(META.value_type))
        return _lists(pairs, self.lengths, self.null, META)


def _strings(part: Turns | _Meta) -> tuple[pa.StringArray, ...]:
    return (part.value,) if isinstance(part, _Meta) else (part.reasoning, part.content)


def _lengths(column: pa.Array) -> Ints:
    lengths: Ints = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def _nulls(column: pa.Array) -> npt.NDArray[np.bool_]:
    nulls: npt.NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return nulls


def _lists(values: pa.Array, lengths: Ints, null: npt.NDArray[np.bool_], kind: pa.DataType) -> pa.ListArray:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=kind, mask=pa.array(null))


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array, whether it came from a batch or a table."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])


def valid_utf8(texts: pa.Array) -> pa.Array:
    """Texts as they are, but for bytes that are no UTF-8 (half surrogates, too): these become U+FFFD."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raw = texts.cast(pa.binary()).to_pylist()
        return pa.array([None if b is None else b.decode("utf-8", "replace") for b in raw], pa.string())
    return texts
