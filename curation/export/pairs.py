"""Preference pairs made of conversations by a declared rule, which every such row names. Nothing else becomes a pair.

`persona`: the same context, the right voice chosen, the other voice rejected. In a conversation that goes on, what the
trained voice says is the better answer, and what the other side says next is the worse one: fitting in its words, wrong
in who speaks. Of each conversation the last place where that can be shown is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import ROLES, TURNS
from curation.methods.texts import one_array

Ints = npt.NDArray[np.int64]

PERSONA = "persona"
COLUMNS = ("messages", "chosen", "rejected")
_USER, _ASSISTANT = ROLES.index("user"), ROLES.index("assistant")


def as_pairs(table: pa.Table, counts: Mapping[str, Ints]) -> tuple[pa.Table, dict[str, Ints]]:
    """Conversations as preferences by the rule `persona`; rows that cannot be, and all others, stay as they are.

    Args:
        table: records with `kind`, `persona` and the columns of `COLUMNS`, as far as they exist.
        counts: a number for every turn, by column, one after another; they follow the turns.

    Returns:
        The table with the column `rule`, null where the pair is the record's own, and the counts.
    """
    size = len(table)
    lists = {n: one_array(table.column(n)) if n in table.column_names else pa.nulls(size, TURNS) for n in COLUMNS}
    lengths = {n: _lengths(lists[n]) for n in COLUMNS}
    turns = pa.concat_arrays([lists[n].flatten() for n in COLUMNS])
    numbers = np.concatenate([counts.get(n, np.zeros(int(lengths[n].sum()), np.int64)) for n in COLUMNS])
    place = _place(turns.field("role"), lengths["messages"], table)
    made = place >= 0
    starts = {n: np.cumsum(lengths[n]) - lengths[n] for n in COLUMNS}
    base = np.cumsum([0, *(int(lengths[n].sum()) for n in COLUMNS)])[:-1]
    first = starts["messages"]
    at = {
        "messages": (first, np.where(made, place, lengths["messages"])),
        "chosen": (np.where(made, first + place, base[1] + starts["chosen"]), np.where(made, 1, lengths["chosen"])),
        "rejected": (
            np.where(made, first + place + 1, base[2] + starts["rejected"]),
            np.where(made, 1, lengths["rejected"]),
        ),
    }
    found: dict[str, Ints] = {}
    for name, (start, length) in at.items():
        index = _ranges(start, length)
        values = turns.take(pa.array(index))
        if name == "rejected":
            values = _said_as(
                values, np.repeat(made, length), turns.field("role").take(pa.array(at["chosen"][0][made]))
            )
        null = ~made & lists[name].is_null().to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate(([0], np.cumsum(length))).astype(np.int32))
        table = _set(table, name, pa.ListArray.from_arrays(offsets, values, mask=pa.array(null)).cast(TURNS))
        found[name] = numbers[index]
    kinds = pc.if_else(pa.array(made), "preference", one_array(table.column("kind")))
    rule = pc.if_else(pa.array(made), PERSONA, pa.scalar(None, pa.string()))
    return _set(_set(table, "kind", kinds), "rule", rule), found


def _place(role: pa.Array, lengths: Ints, table: pa.Table) -> Ints:
    """Of each conversation the last turn of its voice that stands between two of the other side, -1 where none does."""
    total = int(lengths.sum())
    code = pc.fill_null(pc.index_in(role.slice(0, total), value_set=pa.array(ROLES)), -1).to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(lengths)), lengths)
    chat = pc.equal(table.column("kind"), "chat").to_numpy()
    client = pc.equal(table.column("persona"), "client").to_numpy()
    mine = np.where(client, _USER, _ASSISTANT)[row]
    good = np.zeros(total, np.bool_)
    if total > 2:
        inner = slice(1, -1)
        same = (row[:-2] == row[inner]) & (row[2:] == row[inner])
        other = _USER + _ASSISTANT - mine[inner]
        good[inner] = same & (code[inner] == mine[inner]) & (code[:-2] == other) & (code[2:] == other)
    good &= chat[row]
    found = np.full(len(lengths), -1)
    np.maximum.at(found, row[good], (np.arange(total) - (np.cumsum(lengths) - lengths)[row])[good])
    return found


def _said_as(turns: pa.Array, made: npt.NDArray[np.bool_], role: pa.Array) -> pa.Array:
    """The rejected turns, said by whom the chosen one is said by; what was thought before them is not theirs."""
    mask = pa.array(made)
    own = np.cumsum(made) - 1
    roles = role.take(pa.array(np.where(made, own, 0))) if len(role) else pa.nulls(len(turns), pa.string())
    fields = [
        pc.if_else(mask, roles, turns.field("role")),
        turns.field("content"),
        pc.if_else(mask, pa.scalar(None, pa.string()), turns.field("reasoning")),
    ]
    return pa.StructArray.from_arrays(fields, fields=list(turns.type))


def _ranges(start: Ints, length: Ints) -> Ints:
    """The places from each start on, so many as its length."""
    begin = np.cumsum(length) - length
    return np.repeat(start - begin, length) + np.arange(int(length.sum()))


def _lengths(lists: pa.ListArray) -> Ints:
    return np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False), np.int64)


def _set(table: pa.Table, name: str, values: Any) -> pa.Table:
    if name not in table.column_names:
        return table.append_column(name, values)
    return table.set_column(table.column_names.index(name), name, values)
