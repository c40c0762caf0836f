"""What people missed: recall and precision of scrub, sampled by those who looked at scrubbed records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.score import Rate
from curation.core.annotations import Annotations
from curation.core.project import Project
from curation.core.records import source_of
from curation.core.store import View

MISSED, WRONG = "pii_missed", "pii_wrong"
"""Questions about a scrubbed record. The answer is a list of places, `{column, turn, start, end, label}`; an empty
one says that somebody looked and there is nothing."""


@dataclass
class People:
    """Of the records that somebody looked at.

    Attributes:
        records: how many these are.
        recall: of what is personal data there, how much was replaced; `all` and by label.
        precision: of what was replaced, how much is personal data; `all` and by label.
        unread: answers of another shape, or about records that are not there.
    """

    records: int = 0
    recall: dict[str, Rate] = field(default_factory=dict)
    precision: dict[str, Rate] = field(default_factory=dict)
    unread: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "records": self.records,
            "recall": {name: rate.document() for name, rate in sorted(self.recall.items())},
            "precision": {name: rate.document() for name, rate in sorted(self.precision.items())},
            "unread": self.unread,
        }


def judge(project: Project, views: Mapping[str, View]) -> People | None:
    """What the answers of people say of the sources in `views`; None where nobody looked.

    Recall counts in records with an answer to `pii_missed`, precision in those with one to `pii_wrong`.
    """
    answers = Annotations(project.root / "annotations")
    given = {
        question: {r: value for r, value in answers.values(question).items() if source_of(r) in views}
        for question in (MISSED, WRONG)
    }
    if not any(given.values()):
        return None
    result = People()
    replaced = _replaced(views, {record for found in given.values() for record in found})
    looked: set[str] = set()
    for record in sorted({record for found in given.values() for record in found}):
        marks = {question: _labels(found.get(record)) for question, found in given.items() if record in found}
        if record not in replaced or None in marks.values():
            result.unread += 1
            continue
        looked.add(record)
        wrong = marks.get(WRONG) or Counter()
        right = Counter({label: max(0, n - wrong[label]) for label, n in replaced[record].items()})
        if (missed := marks.get(MISSED)) is not None:
            _count(result.recall, right, right + missed)
        if WRONG in marks:
            _count(result.precision, right, replaced[record])
    result.records = len(looked)
    return result


def _count(rates: dict[str, Rate], hits: Mapping[str, int], of: Mapping[str, int]) -> None:
    for label, number in of.items():
        for name in (label, "all"):
            rate = rates.setdefault(name, Rate())
            rate.hits += hits.get(label, 0)
            rate.of += number


def _labels(value: Any) -> Counter[str] | None:
    """The labels of the places in an answer; None where it is no list of places."""
    if not isinstance(value, list) or not all(isinstance(m, dict) and isinstance(m.get("label"), str) for m in value):
        return None
    return Counter(mark["label"] for mark in value)


def _replaced(views: Mapping[str, View], records: set[str]) -> dict[str, Counter[str]]:
    """For each of the records that is there, the labels of what was replaced in it."""
    wanted = pa.array(sorted(records), pa.string())
    found: dict[str, Counter[str]] = {}
    for view in views.values():
        for rows in view.batches(["pii"]):
            rows = rows.filter(pc.is_in(rows.column("id"), value_set=wanted))
            for row in rows.to_pylist():
                found[row["id"]] = Counter(one["label"] for one in row["pii"] or ())
    return found
