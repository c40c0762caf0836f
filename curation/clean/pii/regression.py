"""Every entry is a case: what is denied stands nowhere in its scope, what is allowed still stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from curation.clean.pii.canonical import STANDING
from curation.clean.pii.entries import Entry, Matcher, sealed, within
from curation.clean.pii.standing import strings
from curation.core.records import TEXT_COLUMNS, source_of
from curation.core.store import View

State = Literal["holds", "broken", "unseen"]


@dataclass
class Case:
    """What the scrubbed tables say of an entry.

    Attributes:
        number: of the entry in the file, from 1.
        entry: as it stands there.
        places: how often its value stands in the scrubbed texts of its scope.
        records: the ids that hold it, in their order.
        seen: are there rows in its scope?
    """

    number: int
    entry: Entry
    places: int = 0
    records: list[str] = field(default_factory=list)
    seen: bool = False

    @property
    def state(self) -> State:
        """Broken: a denied value stands, or an allowed one is gone from the conversation it was marked in.

        Unseen: there is no such conversation, or nothing to see of an allowed value in a wider scope.
        """
        if not self.seen:
            return "unseen"
        if self.entry.kind == "deny":
            return "broken" if self.places else "holds"
        if self.places:
            return "holds"
        return "broken" if self.entry.scope.startswith("conversation:") else "unseen"


def check(entries: Sequence[Entry], views: Mapping[str, View], key: bytes) -> list[Case]:
    """Look for the values of entries in scrubbed tables.

    A place that a narrower entry frees counts for that entry and not against the wider one.

    Args:
        entries: as they stand in the file.
        views: the cleaned rows by source; only parts that an entry speaks of are read.
        key: the project key.

    Returns:
        A case for each entry, in their order.
    """
    cases = [Case(number, entry) for number, entry in enumerate(entries, start=1)]
    by_entry: dict[Entry, list[Case]] = {}
    for case in cases:
        by_entry.setdefault(sealed([case.entry], key)[0], []).append(case)
    for name, view in views.items():
        for part in view.parts:
            spoken = within(by_entry, name, (part,))
            if spoken:
                _look(view.read(part, TEXT_COLUMNS), {entry: by_entry[entry] for entry in spoken}, key)
    return cases


def _look(rows: pa.Table, cases: Mapping[Entry, Iterable[Case]], key: bytes) -> None:
    matcher = Matcher(cases, key)
    ids = set(rows.column("id").to_pylist())
    sources = {source_of(record) for record in ids}
    for entry, found in cases.items():
        for case in found:
            case.seen = case.seen or (bool(ids) and (entry.where in ids or entry.where in sources or not entry.where))
    for record, text in strings(rows):
        for _, _, entry in matcher.stands(STANDING.sub("\n", text), record):
            for case in cases[entry]:
                case.places += 1
                if not case.records or case.records[-1] != record:
                    case.records.append(record)
