"""The residual risk of a project: what its scrubbed tables may still tell, in counts and ids, never in text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from curation.clean.pii.canaries import Planted, plant
from curation.clean.pii.judged import People, judge
from curation.clean.pii.quasi import Quasi
from curation.clean.pii.standing import again, spoken, strings
from curation.clean.pii.unresolved import Unresolved
from curation.clean.scrub import scrub
from curation.core.project import Project
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import Call
from curation.core.store import View

VERSION = 1
"""Version of the document; raise it when a field changes its meaning."""

MOST_IDS = 20
"""Of each list of ids the document shows so many; the counts are whole."""

_COLUMNS = (*(name for name in RECORD_SCHEMA.names if name != "id"), "pii")


@dataclass
class SourceRisk:
    """One source.

    Attributes:
        records: rows looked at.
        languages: their languages; `unknown` where it could not be told.
        refused: rows that scrub dropped, by reason; among them those in a language that no engine knows.
        left: ids of rows in which a second pass of scrub finds something.
        unresolved: capitalised words and digit runs.
        quasi: combinations of quasi-identifiers.
    """

    records: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    refused: Mapping[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    unresolved: Unresolved = field(default_factory=Unresolved)
    quasi: Quasi = field(default_factory=Quasi)

    def document(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "records": self.records,
            "languages": dict(self.languages.most_common()),
            "refused": dict(self.refused),
            "second_pass": {"records": len(self.left), "ids": self.left[:MOST_IDS]},
            **self.unresolved.document(MOST_IDS),
            "quasi_identifiers": self.quasi.document(MOST_IDS),
        }


@dataclass(frozen=True)
class Residual:
    """What is known of the residual risk.

    Attributes:
        canaries: by label, how many were planted and found.
        sources: by name.
        people: what people missed in records they looked at; None where nobody looked.
        shapes: (record, shape) of some of the unresolved words and numbers, where they were asked for.
    """

    canaries: Mapping[str, Planted]
    sources: Mapping[str, SourceRisk]
    people: People | None
    shapes: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "version": VERSION,
            "canaries": {name: vars(one) for name, one in self.canaries.items()},
            "sources": {name: one.document() for name, one in self.sources.items()},
            "people": self.people.document() if self.people else None,
            "samples": [{"id": record, "shape": shape} for record, shape in self.shapes],
        }


def collect(project: Project, views: Mapping[str, View], *, samples: int = 0) -> Residual:
    """Look at the scrubbed tables of a project once more.

    Args:
        project: its settings and entries decide how canaries and the second pass are scrubbed.
        views: the cleaned rows by source, the table that scrub wrote first.
        samples: how many shapes of unresolved words and numbers to draw, by the project key.

    Raises:
        MissingError: what scrub needs is not installed.
    """
    call = scrub.called(project)
    key = project.key if samples else None
    sources = {name: _source(project, name, view, call, key) for name, view in views.items()}
    shapes = [shape for risk in sources.values() for shape in risk.unresolved.shapes(samples)][:samples]
    return Residual(plant(call, project.key), sources, judge(project, views), tuple(shapes))


def _source(project: Project, name: str, view: View, call: Call, key: bytes | None) -> SourceRisk:
    prefix = f"{scrub.name}/"
    reasons = view.tables[0].totals("reasons").items()
    risk = SourceRisk(refused={r.removeprefix(prefix): n for r, n in reasons if r.startswith(prefix)})
    for part in view.parts:
        rows = view.read(part, _COLUMNS)
        risk.records += len(rows)
        risk.languages.update(pc.fill_null(rows.column("language"), "unknown").to_pylist())
        narrowed = Call(call.stage, call.stage.narrow(call.spec, name, (part,)))
        risk.left += again(rows, narrowed, project.key, name, project.settings.batch_rows)
        for record, text in strings(rows):
            risk.unresolved.add(record, text, key)
        for record, said in zip(rows.column("id").to_pylist(), spoken(rows), strict=True):
            risk.quasi.add(record, said)
    return risk
