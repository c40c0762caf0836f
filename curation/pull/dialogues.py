"""Single turns gathered into conversations, wherever in the files the rows of one lie, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import Rows, names, parts
from curation.core.store import prefix_digits
from curation.pull import conditions
from curation.pull.chunks import Broken, Chunk
from curation.pull.columns import Column, column_at
from curation.pull.joined import coalesced
from curation.pull.reading import read_turns
from curation.pull.refusals import Refusals
from curation.pull.spill import Spill
from curation.pull.turns import Ints, Mask, TurnLists
from curation.pull.values import as_text, numbers

PART_ROWS = 100_000

# Whole numbers up to here are what they are as 64-bit floats.
_EXACT = 2**53

_TURNS = "\x1dturns"
_REASON = "\x1dreason"
_JOIN = "\x1e"
_TURN = pa.struct([("role", pa.string()), ("content", pa.string())])
_PLACE: tuple[tuple[str, pa.DataType], ...] = (
    ("hash", pa.string()),
    ("dialogue", pa.string()),
    ("order", pa.string()),
    ("distinct", pa.string()),
    ("role", pa.string()),
    ("content", pa.string()),
    ("file", pa.int32()),
    ("row", pa.int64()),
    ("identity", pa.binary()),
    ("rest", pa.binary()),
)


def is_gathered(batch: pa.RecordBatch) -> bool:
    """Does a batch hold conversations, as `gather` and `gather_chunks` make them?"""
    return _TURNS in batch.schema.names


def turns(batch: pa.RecordBatch, adapter: Rows, refused: Refusals) -> TurnLists:
    """The turns of gathered conversations; those that could not be put in order are refused."""
    reasons = batch.column(_REASON)
    for reason in pc.unique(reasons.drop_null()).to_pylist():
        refused.add(pc.fill_null(pc.equal(reasons, reason), False).to_numpy(zero_copy_only=False), reason)
    return read_turns(batch.column(_TURNS), Column(_TURNS, "turns", ("role",), ("content",)), adapter.roles)


def gather(batch: pa.RecordBatch, adapter: Rows) -> pa.RecordBatch:
    """The conversations of a batch that holds them whole, without rows that `where` leaves out or that name none."""
    nothing = pa.repeat(pa.scalar(b""), len(batch))
    flat, _ = _flat(batch, adapter, 0, np.arange(len(batch)), nothing, nothing)
    (chunk,) = (c for _, c in _fold(pa.Table.from_batches([flat]), adapter)) if len(flat) else (None,)
    return chunk.columns if chunk else pa.RecordBatch.from_pylist([], _schema(adapter))


def gather_chunks(chunks: Iterable[tuple[int, Chunk]], adapter: Rows, parent: Path) -> Iterator[tuple[int, Chunk]]:
    """Chunks of single turns, each with the number of its file, as chunks of conversations.

    A conversation is placed at its row that comes first in the files; its identity is that of its rows, in order.
    What waits lies sorted below `parent`. Rows that could not be read, that `where` leaves out or that name no
    conversation stand among the broken ones.
    """
    with Spill(parent) as waiting:
        for file, chunk in chunks:
            flat, broken = _flat(chunk.columns, adapter, file, chunk.rows, chunk.identity, chunk.rest)
            waiting.add(flat)
            none = chunk.columns.slice(0, 0)
            empty = np.zeros(0, np.int64)
            nothing = pa.array([], pa.binary())
            if chunk.broken or broken:
                yield file, Chunk(empty, none, nothing, nothing, (*chunk.broken, *broken), chunk.schema)
        digits = prefix_digits(waiting.rows, PART_ROWS)
        for number in range(16**digits):
            part = waiting.part(f"{number:0{digits}x}" if digits else "")
            if part is not None:
                yield from _fold(part.combine_chunks(), adapter)


def _carried(adapter: Rows) -> tuple[str, ...]:
    """The columns that a conversation takes over from its rows."""
    system = (name for part in parts(adapter.system) for name in part)
    return tuple(dict.fromkeys([*system, *adapter.keep, *names(adapter.group)]))


def _schema(adapter: Rows) -> pa.Schema:
    fields = [(_TURNS, pa.list_(_TURN)), (_REASON, pa.string())]
    return pa.schema([*fields, *((name, pa.string()) for name in _carried(adapter))])


def _flat(
    batch: pa.RecordBatch, adapter: Rows, file: int, rows: Ints, identity: pa.BinaryArray, rest: pa.BinaryArray
) -> tuple[pa.RecordBatch, list[Broken]]:
    """The rows of a batch as text, ready to wait; and those that belong to no conversation."""
    keys = [coalesced(batch, (name,)) for name in names(adapter.group_by)]
    dialogue = pc.binary_join_element_wise(*keys, _JOIN)
    taken = conditions.fits(batch, adapter.where)
    homeless = dialogue.is_null().to_numpy(zero_copy_only=False)
    broken = [
        Broken(int(rows[i]), "no_dialogue" if taken[i] else "where", identity[int(i)].as_py())
        for i in np.flatnonzero(~taken | homeless)
    ]
    columns: list[pa.Array] = [
        pa.array([hashlib.blake2b((t or "").encode(), digest_size=8).hexdigest() for t in dialogue.to_pylist()]),
        dialogue,
        coalesced(batch, names(adapter.order_by)),
        _spelled([as_text(column_at(batch, name)) for name in adapter.distinct], len(batch)),
        coalesced(batch, names(adapter.role)),
        coalesced(batch, names(adapter.content)),
        pa.array(np.full(len(batch), file, np.int32)),
        pa.array(rows, pa.int64()),
        identity,
        rest,
        *(as_text(column_at(batch, name)) for name in _carried(adapter)),
    ]
    schema = pa.schema([*_PLACE, *((f"+{name}", pa.string()) for name in _carried(adapter))])
    flat = pa.RecordBatch.from_arrays(columns, schema=schema)
    return flat.filter(pa.array(taken & ~homeless)), broken


def _spelled(columns: Sequence[pa.StringArray], size: int) -> pa.StringArray:
    if not columns:
        return pa.nulls(size, pa.string())
    return pc.binary_join_element_wise(*(pc.fill_null(c, "") for c in columns), _JOIN)


def _fold(table: pa.Table, adapter: Rows) -> Iterator[tuple[int, Chunk]]:
    """The conversations of rows that hold them whole, a chunk for each file one begins in."""
    table, owner, reasons = _ordered(table, adapter)
    count = int(owner[-1]) + 1
    offsets = pa.array(np.searchsorted(owner, np.arange(count + 1)).astype(np.int32))
    turn = pa.StructArray.from_arrays([_one(table, "role"), _one(table, "content")], fields=list(_TURN))
    columns = [pa.ListArray.from_arrays(offsets, turn), reasons]
    for name in _carried(adapter):
        columns.append(_first_value(_one(table, f"+{name}"), owner, count))
    batch = pa.RecordBatch.from_arrays(columns, schema=_schema(adapter))
    identity, rest = (
        pc.binary_join(pa.ListArray.from_arrays(offsets, _one(table, name)), _JOIN.encode())
        for name in ("identity", "rest")
    )
    file, row = (_one(table, name).to_numpy() for name in ("file", "row"))
    order = np.lexsort((row, file, owner))
    first = order[np.searchsorted(owner[order], np.arange(count))]
    for number in np.unique(file[first]):
        mine = pa.array(np.flatnonzero(file[first] == number))
        places = row[first][mine.to_numpy()]
        yield int(number), Chunk(places, batch.take(mine), identity.take(mine), rest.take(mine), (), {})


def _ordered(table: pa.Table, adapter: Rows) -> tuple[pa.Table, Ints, pa.StringArray]:
    """Rows in the order of their conversations and turns, repeated ones left out.

    Returns the rows, the number of the conversation of each, and for each conversation the reason against it.
    """
    table = table.take(pc.sort_indices(table.column("dialogue")))
    dialogue = _one(table, "dialogue")
    owner = np.zeros(len(table), np.int64)
    owner[1:] = np.cumsum(
        pc.not_equal(dialogue.slice(1), dialogue.slice(0, len(table) - 1)).to_numpy(zero_copy_only=False)
    )
    count = int(owner[-1]) + 1
    no_order = repeated = np.zeros(count, bool)
    if adapter.order_by is None:
        table = table.append_column("owner", pa.array(owner))
        table = table.sort_by([("owner", "ascending"), ("file", "ascending"), ("row", "ascending")])
    else:
        texts = _one(table, "order")
        no_order = _any(owner, texts.is_null().to_numpy(zero_copy_only=False), count)
        value = numbers(texts)
        numeric = ~_any(owner, np.isnan(value), count)[owner]
        table = table.append_column("owner", pa.array(owner))
        table = table.append_column("number", pa.array(np.where(numeric, value, np.inf)))
        keys = ["owner", "number", "order", "distinct", "rest", "file", "row"]
        table = table.sort_by([(key, "ascending") for key in keys])
    owner = _one(table, "owner").to_numpy()
    if adapter.distinct:
        table, owner, repeated = _distinct(table, owner, count)
    if adapter.order_by is not None:
        # Of two turns in one place nobody can say which was first, and repeats would be said twice.
        repeated = repeated | _any(owner, _same_place(table, owner), count)
    reasons = np.where(no_order, "no_order", np.where(repeated, "repeated_turn", ""))
    return table, owner, pa.array([str(r) or None for r in reasons], pa.string())


def _same_place(table: pa.Table, owner: Ints) -> Mask:
    """Rows of sorted ones that stand where the one before stands."""
    order, number = _one(table, "order"), _one(table, "number").to_numpy()
    same = np.zeros(len(owner), bool)
    texts = pc.fill_null(pc.equal(order.slice(1), order.slice(0, len(order) - 1)), False)
    values = (number[1:] == number[:-1]) & (np.abs(number[1:]) < _EXACT)
    same[1:] = (owner[1:] == owner[:-1]) & (texts.to_numpy(zero_copy_only=False) | values)
    return same


def _distinct(table: pa.Table, owner: Ints, count: int) -> tuple[pa.Table, Ints, Mask]:
    """The first of the rows that agree in the distinct columns; and conversations where such rows say other things."""
    keys = pc.dictionary_encode(pc.binary_join_element_wise(_one(table, "dialogue"), _one(table, "distinct"), "\x1c"))
    codes = keys.indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    mine = first[codes]
    differ = np.zeros(len(codes), bool)
    for name in ("role", "content"):
        texts = pc.fill_null(_one(table, name), "")
        differ |= pc.not_equal(texts, texts.take(pa.array(mine))).to_numpy(zero_copy_only=False)
    kept = np.zeros(len(codes), bool)
    kept[first] = True
    return table.filter(pa.array(kept)), owner[kept], _any(owner, differ, count)


def _any(owner: Ints, rows: Mask, count: int) -> Mask:
    return np.bincount(owner[rows], minlength=count) > 0


def _first_value(values: pa.StringArray, owner: Ints, count: int) -> pa.StringArray:
    """The first value of each conversation that is not null."""
    there = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
    place = np.full(count, -1)
    held, at = np.unique(owner[there], return_index=True)
    place[held] = there[at]
    return values.take(pa.array(place, mask=place < 0))


def _one(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()
