"""Which columns of a source file are needed, and what may stand in each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from curation.core.sources import Adapter, Preference, Qa, Turns, names

Shape = Literal["turns", "text", "value"]


@dataclass(frozen=True)
class Column:
    """A source column that has to be read.

    Attributes:
        name: its name in the file.
        shape: `turns`: a list of turns; `text`: text or a scalar; `value`: anything, nested values as JSON text.
        role_keys: for turns, the keys of a turn's role; the first that is not null counts.
        content_keys: the same for its text.
        reasoning_key: the key of its reasoning.
        lone: the role of a bare text that stands where turns could stand; null where that is a wrong type.
        required: a row without this key cannot become a record.
    """

    name: str
    shape: Shape
    role_keys: tuple[str, ...] = ()
    content_keys: tuple[str, ...] = ()
    reasoning_key: str | None = None
    lone: str | None = None
    required: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key of a turn that is looked at."""
        return (*self.role_keys, *self.content_keys, *((self.reasoning_key,) if self.reasoning_key else ()))


def columns_of(adapter: Adapter) -> tuple[Column, ...]:
    """The columns an adapter reads, text first, each once."""
    found: list[Column]
    if isinstance(adapter, Turns):
        found = [
            Column(
                adapter.field,
                "turns",
                names(adapter.role_key),
                names(adapter.content_key),
                adapter.reasoning_key,
                required=True,
            )
        ]
    elif isinstance(adapter, Qa):
        found = [Column(n, "text") for n in names(adapter.system)]
        for side in (names(adapter.user), names(adapter.assistant)):
            # Of columns that are joined, one may be absent; a single one may not.
            found += [Column(n, "text", required=len(side) == 1) for n in side]
        found += [Column(n, "text") for n in names(adapter.reasoning)]
    else:
        found = [turns_column(adapter, n, "user") for n in names(adapter.prompt)]
        found += [
            replace(turns_column(adapter, n, "assistant"), required=True) for n in (adapter.chosen, adapter.rejected)
        ]
    found += [Column(n, "value") for n in (*adapter.keep, *names(adapter.group))]
    return _once(found)


def turns_column(adapter: Preference, name: str, lone: str) -> Column:
    """A column of a preference pair, where a bare text is a turn of the role `lone`."""
    return Column(name, "turns", names(adapter.role_key), names(adapter.content_key), lone=lone)


def with_identity(columns: Iterable[Column], identity: Iterable[str]) -> tuple[Column, ...]:
    """The columns to read when ids are made of `identity`, which may hold columns the adapter no longer reads."""
    return _once([*columns, *(Column(n, "value") for n in identity)])


def _once(columns: Iterable[Column]) -> tuple[Column, ...]:
    first: dict[str, Column] = {}
    for column in columns:
        first.setdefault(column.name, column)
    return tuple(first.values())
