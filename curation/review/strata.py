"""Rows at risk that go together: a sample is read by people, and where nothing harmful is in it, the rest may go.

What is not read can be harmful all the same. With n read and none held, at most 1 - 0.05^(1/n) of the stratum is, at
95 % confidence (the exact binomial bound for none found; Clopper and Pearson 1934); that number goes on the data card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from curation.core import files
from curation.core.annotations import Annotations, Answer
from curation.core.errors import GateError
from curation.core.project import Project, RiskFlag
from curation.core.records import keyed
from curation.core.store import View
from curation.methods import hold
from curation.methods.standing import STRATUM, verdicts

FLAGS = get_args(RiskFlag)
MOST = 3
"""Above it somebody may be in immediate danger or tell how: each row is read."""


@dataclass(frozen=True)
class Stratum:
    """Held rows of a source at one level.

    Attributes:
        source, level, flag: which.
        members: ids of all of them.
        sample: ids of those to be read, drawn by a keyed hash, so the same for everybody.
        unread: those of the sample that nobody has answered.
        harmful: those of the sample that somebody holds.
        open: ids that nobody has answered yet, the sample left out.
    """

    source: str
    level: int
    flag: str | None
    members: tuple[str, ...]
    sample: tuple[str, ...]
    unread: tuple[str, ...]
    harmful: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def at_most(self) -> float:
        """The share of the stratum that may be harmful though the sample is not, at 95 % confidence."""
        return 0.0 if len(self.sample) >= len(self.members) else 1 - 0.05 ** (1 / len(self.sample))

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "source": self.source,
            "level": self.level,
            "flag": self.flag,
            "rows": len(self.members),
            "sample": list(self.sample),
            "unread": list(self.unread),
            "harmful": list(self.harmful),
            "open": len(self.open),
            "at_most": self.at_most,
        }

    def told(self) -> str:
        """What is to be done next."""
        if not self.members:
            return f"no row of '{self.source}' is held at this level"
        state = f"{len(self.members):,} rows; of a sample of {len(self.sample)}, {len(self.unread)} are to be read"
        held = f", {len(self.harmful)} held: none of the stratum goes together" if self.harmful else ""
        return state + held + ": curate show ID, then: curate review answer ID risk release|hold"


def draw(project: Project, view: View, notes: Annotations, source: str, level: int, flag: str | None) -> Stratum:
    """The stratum as it stands, with its sample."""
    members: list[str] = []
    for table in hold.rows_of(view):
        found = hold.look(table, project.settings.risk)
        wanted = pa.array(found.held & (found.level == level) & _has(table, flag))
        members += table.column("id").filter(wanted).to_pylist()
    name = f"{source}|{level}|{flag or ''}"
    ranked = sorted(members, key=lambda record: keyed(project.key, "risk-sample", f"{name}|{record}"))
    sample = tuple(ranked[: project.settings.risk.sample])
    answers = [a for a in notes.standing() if a.question == hold.QUESTION]
    standing = {record: verdict.value for record, verdict in verdicts(answers, hold.QUESTION).items()}
    people = {a.record for a in answers if not a.dataset.startswith(STRATUM)}
    return Stratum(
        source,
        level,
        flag,
        tuple(sorted(members)),
        sample,
        tuple(r for r in sample if r not in people or r not in standing),
        tuple(r for r in sample if r in people and standing.get(r) == "hold"),
        tuple(sorted(set(members) - set(sample) - set(standing))),
    )


def _has(table: Any, flag: str | None) -> Any:
    if flag is None:
        return np.ones(len(table), np.bool_)
    return np.array([row is not None and flag in (row["flags"] or ()) for row in table.column("risk").to_pylist()])


def release(found: Stratum, notes: Annotations, by: str, reason: str) -> int:
    """Release what nobody has answered; returns how many rows that were.

    Raises:
        GateError: a row of the sample is held, or not yet read; nothing is released.
    """
    if found.harmful:
        raise GateError(
            f"{len(found.harmful)} of the {len(found.sample)} rows read are held, so none of the rest goes unread",
            where=f"{found.source}, level {found.level}",
            fix="release row by row: curate review answer ID risk release",
        )
    if found.unread or not found.sample:
        raise GateError(
            f"{len(found.unread)} rows of the sample are not read yet"
            if found.sample
            else "there is nothing to release",
            where=f"{found.source}, level {found.level}",
            fix=f"list them: curate review stratum {found.source} --level {found.level}",
        )
    value = {
        "level": found.level,
        "flag": found.flag,
        "rows": len(found.open),
        "members": len(found.members),
        "sample": len(found.sample),
        "harmful": 0,
        "at_most": round(found.at_most, 4),
        "by": by,
        "reason": reason,
    }
    name = files.digest([found.level, found.flag, list(found.members), list(found.sample)])[:16]
    stratum = f"{found.source}:stratum-{name}"
    answers = [Answer(record, hold.QUESTION, "release", by, dataset=f"{STRATUM}{name}") for record in found.open]
    # The declaration first: a killed run must not leave rows released that nobody answers for.
    return notes.add([Answer(stratum, hold.STRATUM, value, by), *answers]) - 1
