"""What goes to people and comes back, whatever shows it to them. A server or a file of JSON lines: both speak this."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from curation.methods.tasks import Task

HIDDEN = ("version", "changed", "order", "blind")
"""Metadata that annotators do not see: which text it is and since when, how A and B were drawn, and that a record is
blind."""


@dataclass(frozen=True)
class Suggestion:
    """What a program would answer.

    Attributes:
        value: as the question takes it.
        agent: who says so.
        score: how sure it is; of several labels, one score each.
    """

    value: Any
    agent: str
    score: float | list[float] | None = None


@dataclass(frozen=True)
class Item:
    """A record as people see it.

    Attributes:
        id: of the record.
        fields: text by field name; spans count code points of `transcript`.
        metadata: plain values by name.
        suggestions: by question.
    """

    id: str
    fields: Mapping[str, str]
    metadata: Mapping[str, str | int | float]
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """What one person answered about one record.

    Attributes:
        key: names the response for good, whoever is deleted.
        user: sign-in name; None once the user is deleted.
        status: submitted, draft or discarded.
        values: by question, as the question gives it.
        at: when it was last changed, UTC in ISO 8601.
    """

    key: str
    user: str | None
    status: str
    values: Mapping[str, Any]
    at: str


@dataclass(frozen=True)
class Shown:
    """An item where it is shown, with what people answered."""

    item: Item
    responses: tuple[Response, ...] = ()


class Desk(Protocol):
    """Where records are shown to people."""

    def open(self, task: Task, name: str, guideline: str) -> None:
        """Make the data set `name` for a task, or check that the one there asks the same.

        Raises:
            ProjectError: the data set there asks something else.
        """

    def names(self) -> list[str]:
        """The data sets there are."""

    def items(self, name: str) -> Iterator[Shown]:
        """Everything in a data set; nothing where there is no such one."""

    def put(self, name: str, items: Sequence[Item]) -> None:
        """Add items, or change those of the same id. Answers stay; suggestions that an item lacks go."""

    def remove(self, name: str, records: Iterable[str]) -> int:
        """Delete items with all answers to them; returns how many there were."""

    def now(self) -> str:
        """The time by the clock that stamps responses, UTC in ISO 8601."""
