"""Which columns of a source file are needed, and what may stand in each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from curation.core.adapter import (
    Adapter,
    Document,
    Names,
    Parts,
    Preference,
    Qa,
    Rows,
    Text,
    Turns,
    Unpaired,
    names,
    parts,
)
from curation.pull.values import at_path

Shape = Literal["turns", "pairs", "text", "loose", "value"]


@dataclass(frozen=True)
class Column:
    """A source column that has to be read.

    Attributes:
        name: its name in the file, or a dotted path that begins with one.
        shape: `turns`: a list of turns; `pairs`: a list of [question, answer]; `text`: text or a scalar; `loose`: the
            same, anything else is null; `value`: anything, nested values as JSON text.
        role_keys: for turns, the keys of a turn's role; the first that is not null counts.
        content_keys: the same for its text.
        reasoning_keys: the same for its reasoning.
        lone: the role of a bare text that stands where turns could stand; null where that is a wrong type.
        required: a row without this key cannot become a record.
        instead: columns that may be there in its place.
    """

    name: str
    shape: Shape
    role_keys: tuple[str, ...] = ()
    content_keys: tuple[str, ...] = ()
    reasoning_keys: tuple[str, ...] = ()
    lone: str | None = None
    required: bool = False
    instead: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key of a turn that is looked at."""
        return (*self.role_keys, *self.content_keys, *self.reasoning_keys)

    @property
    def root(self) -> str:
        """The first step of a dotted path."""
        return self.name.partition(".")[0]


def columns_of(adapter: Adapter) -> tuple[Column, ...]:
    """The columns an adapter reads, text first, each once."""
    found = [*_joined(adapter.system)]
    if isinstance(adapter, Turns):
        found += turns_columns(adapter.field, adapter)
    elif isinstance(adapter, Qa):
        found += _either(adapter.history, "pairs")
        for side in (adapter.user, adapter.assistant):
            # Of columns that are joined, one may be absent; a single one may not.
            found += _joined(side, required=len(parts(side)) == 1)
    elif isinstance(adapter, Text):
        found += _either(adapter.field, "text", required=True)
    elif isinstance(adapter, Document):
        found += [*_joined(adapter.user), *_either(adapter.field, "text", required=True)]
    elif isinstance(adapter, Rows):
        found += [*_either(adapter.role, "loose"), *_either(adapter.content, "loose")]
        found += [Column(n, "value", required=True) for n in names(adapter.group_by)]
        found += [Column(n, "value") for n in (*names(adapter.order_by), *adapter.distinct)]
    elif isinstance(adapter, Preference):
        found += turns_columns(adapter.prompt, adapter, "user")
        found += turns_columns(adapter.chosen, adapter, "assistant")
        found += turns_columns(adapter.rejected, adapter, "assistant")
        found += [*_either(adapter.score_chosen, "value"), *_either(adapter.score_rejected, "value")]
    else:
        found += turns_columns(adapter.prompt, adapter, "user")
        found += [*turns_columns(adapter.answer, adapter, "assistant"), *_either(adapter.label, "value")]
    if not isinstance(adapter, (Preference, Rows)):
        found += _either(adapter.reasoning, "text")
    found += [Column(n, "value") for n in (*adapter.keep, *adapter.where)]
    return _once([*found, *_either(adapter.group, "value")])


def turns_columns(
    columns: Names | None, adapter: Turns | Preference | Unpaired, lone: str | None = None
) -> list[Column]:
    """Columns of turns, where a bare text is a turn of the role `lone`."""
    known = names(columns)
    return [
        Column(
            name,
            "turns",
            names(adapter.role_key),
            names(adapter.content_key),
            names(adapter.reasoning_key) if isinstance(adapter, Turns) else (),
            lone,
            required=len(known) == 1 and lone != "user",
            instead=tuple(n for n in known if n != name),
        )
        for name in known
    ]


def _either(columns: Names | None, shape: Shape, *, required: bool = False) -> list[Column]:
    known = names(columns)
    required = required and len(known) == 1
    return [Column(n, shape, required=required, instead=tuple(o for o in known if o != n)) for n in known]


def _joined(columns: Parts | None, *, required: bool = False) -> list[Column]:
    return [column for part in parts(columns) for column in _either(part, "text", required=required)]


def with_identity(columns: Iterable[Column], identity: Iterable[str]) -> tuple[Column, ...]:
    """The columns to read when ids are made of `identity`, which may hold columns the adapter no longer reads."""
    return _once([*columns, *(Column(n, "value") for n in identity)])


def _once(columns: Iterable[Column]) -> tuple[Column, ...]:
    first: dict[str, Column] = {}
    for column in columns:
        first.setdefault(column.name, column)
    return tuple(first.values())


def column_at(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column of a batch by its name or dotted path; nulls where there is none."""
    have = batch.schema.names
    if name in have:
        return batch.column(have.index(name))
    root, _, rest = name.partition(".")
    if rest and root in have:
        return at_path(batch.column(have.index(root)), rest)
    return pa.nulls(len(batch), pa.string())
