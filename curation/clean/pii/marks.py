"""From what people marked in records to entries that a person may accept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from curation.clean.pii.entries import MOST_WORDS, Entry, digest, words
from curation.core.records import source_of


@dataclass(frozen=True)
class Mark:
    """A place in a record where somebody says the search was wrong.

    Attributes:
        record: its id.
        column: messages, chosen, rejected or meta.
        turn: which turn or pair of the column, from 0.
        start: offset of the first character.
        end: offset behind the last one.
        verdict: missed (personal data that stands there) or wrong (none, yet it was replaced).
        label: what was missed, or what it was taken for.
    """

    record: str
    column: str
    turn: int
    start: int
    end: int
    verdict: Literal["missed", "wrong"]
    label: str


def propose(marks: Sequence[Mark], values: Sequence[str | None], key: bytes) -> tuple[Entry, ...]:
    """The entries that would set right what was marked, keyed, each once, in an order of their own.

    A value missed in several conversations of a source is denied in the whole source, in several sources in the
    project. A value wrongly taken is allowed only where it was marked: elsewhere the same word may be a name. Where
    people disagree about a value of a conversation, it counts as missed.

    Args:
        marks: in any order.
        values: for each mark its words: of a missed one what the scrubbed text shows, of a wrong one what stood
            there before; None where that cannot be told any more. Such a mark, and one of more words than an entry
            may have, proposes nothing.
        key: the project key.
    """
    missed: dict[tuple[str, str], set[str]] = {}
    wrong: dict[tuple[str, str], set[str]] = {}
    for mark, value in zip(marks, values, strict=True):
        if value is not None and 1 <= len(words(value)) <= MOST_WORDS:
            found = missed if mark.verdict == "missed" else wrong
            found.setdefault((digest(key, value), mark.label), set()).add(mark.record)
    denied = [Entry("deny", label, keyed=value, scope=_scope(records)) for (value, label), records in missed.items()]
    disputed = {(value, record) for (value, _), records in missed.items() for record in records}
    allowed = [
        Entry("allow", label, keyed=value, scope=f"conversation:{record}")
        for (value, label), records in wrong.items()
        for record in records
        if (value, record) not in disputed
    ]
    return tuple(sorted([*denied, *allowed], key=lambda e: (e.kind, e.scope, e.label or "", e.keyed or "")))


def _scope(records: set[str]) -> str:
    sources = {source_of(record) for record in records}
    if len(sources) > 1:
        return "project"
    return f"source:{sources.pop()}" if len(records) > 1 else f"conversation:{next(iter(records))}"
