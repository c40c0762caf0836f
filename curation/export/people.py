"""What people decided, as a mix acts on it: what leaves, what leaves edited, which answer is better, what is felt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.annotations import Annotations, Answer
from curation.core.errors import GateError
from curation.core.project import Project, RiskSettings
from curation.core.records import source_of
from curation.methods import standing, tasks
from curation.methods.standing import DECISION, EMOTIONS, PREFERENCE, RISK, Edit, Verdict
from curation.methods.text_version import version_of
from curation.methods.texts import one_array

Flags = npt.NDArray[np.bool_]

MISSED, HARMLESS = "pii_missed", "HARMLESS"
"""The question about personal data that was missed, and the label of what is none."""

UNFIT = ("tie", "both_bad")
"""Preferences of which nothing can be learned."""


@dataclass(frozen=True)
class People:
    """What people said about records.

    Attributes:
        decisions: approve, edit or reject, by record id.
        forgotten: ids that may not come back.
        held: ids that somebody holds back because of a risk, until it is released.
        released: ids at risk that somebody has let go.
        settings: what the project holds back.
        disputed: ids about which people differ and nobody decided.
        edits: by record id, what is to leave in its place; None where there is no edit that can be used.
        preferences: by record id, which answer is better: chosen, rejected, tie or both_bad.
        emotions: by record id, the labels that people gave.
        margins: by record id, how far ahead the better answer is, and how many people compared them.
        marked: ids in which somebody marked personal data that was missed.
        key: the project's, by which it is told whether an edit is about the text at hand.
    """

    decisions: Mapping[str, str]
    forgotten: frozenset[str]
    held: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()
    settings: RiskSettings = field(default_factory=RiskSettings)
    disputed: frozenset[str] = frozenset()
    edits: Mapping[str, Edit | None] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)
    emotions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    key: bytes = b""
    margins: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    marked: frozenset[str] = frozenset()

    def facts(self) -> str:
        """A digest of all of it, for the key of a mix."""
        edits = {
            r: None if e is None else [list(map(dict, e.turns)), e.version, e.people] for r, e in self.edits.items()
        }
        ids = (self.forgotten, self.held, self.released, self.disputed, self.marked)
        lists = [{r: list(v) for r, v in said.items()} for said in (self.emotions, self.margins)]
        said = [dict(self.decisions), edits, dict(self.preferences), *lists]
        return files.digest([*map(sorted, ids), *said])

    def with_preference(self, *values: str) -> tuple[str, ...]:
        """The records of which people said one of these."""
        return tuple(record for record, value in self.preferences.items() if value in values)


def read(project: Project, sources: Iterable[str]) -> People:
    """What people said about the records of some sources."""
    used = set(sources)
    said = Annotations(project.root / "annotations")
    answers = [a for a in said.standing() if source_of(a.record) in used]

    def values(question: str, allowed: Callable[[Any], bool]) -> dict[str, Any]:
        return {r: v.value for r, v in verdicts(question).items() if allowed(v.value)}

    def verdicts(question: str) -> dict[str, Verdict]:
        return standing.verdicts(answers, question)

    risk = values(RISK, lambda value: value in ("hold", "release"))
    held, released = (frozenset(r for r, v in risk.items() if v == wanted) for wanted in ("hold", "release"))
    split = [r for q in (DECISION, PREFERENCE) for r, v in verdicts(q).items() if v.how == standing.SPLIT]
    return People(
        values(DECISION, lambda value: value in ("approve", "edit", "reject")),
        frozenset(r for r in said.forgotten() if source_of(r) in used),
        held,
        released,
        project.settings.risk,
        frozenset(split),
        standing.edits(answers),
        values(PREFERENCE, lambda value: isinstance(value, str)),
        values(EMOTIONS, lambda value: isinstance(value, list)),
        project.key,
        standing.margins(answers),
        frozenset(a.record for a in answers if a.question == MISSED and _marks(a)),
    )


def _marks(answer: Answer) -> bool:
    """Does somebody say here that personal data was missed?"""
    spans = answer.value if answer.status == "submitted" and isinstance(answer.value, list) else []
    return any(not isinstance(span, dict) or span.get("label") != HARMLESS for span in spans)


def check_agreement(project: Project, sources: Iterable[str], mix: str, *, preferences: bool) -> None:
    """Refuse to act on answers that agree too little.

    Raises:
        GateError: names the question, what was measured and what was wanted.
    """
    used = set(sources)
    answers: list[Answer] = [
        a for a in Annotations(project.root / "annotations").standing() if source_of(a.record) in used
    ]
    if not any(not standing.deliberate(a.dataset) for a in answers):
        return
    below = standing.below_gates(tasks.load(project.root), answers)
    below = [one for one in below if preferences or one.question != PREFERENCE]
    if below:
        worst = min(below, key=lambda one: one.alpha - one.wanted)
        others = f" (and {len(below) - 1} more)" if len(below) > 1 else ""
        raise GateError(
            f"people agree too little on '{worst.question}' for the mix '{mix}' to act on it: alpha {worst.alpha:.2f} "
            f"of {worst.records} records, the gate is at {worst.wanted:.2f}{others}",
            where=f"{tasks.TASKS}/{worst.task}.yaml",
            fix="sharpen the guideline and ask again, or let somebody decide: curate review adjudicate "
            f"{worst.task}; see curate review agreement",
        )


def corrected(table: pa.Table, people: People) -> tuple[pa.Table, Flags]:
    """Rows as people made them, and which of them have an edit that is missing or about an earlier text.

    Args:
        table: rows with `id` and the columns of a view that a mix reads.
        people: what they said.
    """
    ids = table.column("id").to_pylist() if people.edits or people.preferences or people.emotions else []
    unfit = np.zeros(len(table), np.bool_)
    edited: dict[int, Any] = {}
    for place, record in enumerate(ids):
        if record in people.edits:
            turns = _turns(table, place, people.edits[record], people.key)
            unfit[place] = turns is None
            if turns is not None:
                edited[place] = turns
    table = put(table, "messages", edited)
    turned = [p for p, r in enumerate(ids) if people.preferences.get(r) == "rejected"]
    if turned and {"chosen", "rejected"} <= set(table.column_names):
        sides = {s: {p: table.column(s)[p].as_py() for p in turned} for s in ("chosen", "rejected")}
        table = put(put(table, "chosen", sides["rejected"]), "rejected", sides["chosen"])
    if "emotion" in table.column_names:
        felt = {p: _felt(table, p, people.emotions[r]) for p, r in enumerate(ids) if r in people.emotions}
        table = put(table, "emotion", {p: tag for p, tag in felt.items() if tag is not None})
    return table, unfit


def _turns(table: pa.Table, place: int, edit: Edit | None, key: bytes) -> list[dict[str, Any]] | None:
    """The edited turns of a row; what was thought before a turn stays where the turn is as it was."""
    if edit is None:
        return None
    present = [c for c in ("messages", "chosen", "rejected") if c in table.column_names]
    row = {column: table.column(column)[place].as_py() for column in present}
    if version_of(key, row) != edit.version:
        return None
    old = row["messages"] or ()
    thoughts = {(n, t["role"], t["content"]): t["reasoning"] for n, t in enumerate(old)}
    return [
        {**turn, "reasoning": thoughts.get((n, turn["role"], turn["content"]))} for n, turn in enumerate(edit.turns)
    ]


def _felt(table: pa.Table, place: int, labels: Sequence[str]) -> dict[str, Any] | None:
    """The tag of a row with the labels that people gave, all at the first turn of the person who seeks help."""
    tag, said = (table.column(column)[place].as_py() for column in ("emotion", "messages"))
    if tag is None or said is None or len(tag["turns"] or ()) != len(said):
        return None
    own = [n for n, turn in enumerate(said) if turn["role"] == "user"]
    if not own:
        return None
    turns = [{**turn, "labels": list(labels) if n == own[0] else []} for n, turn in enumerate(tag["turns"])]
    return {**tag, "model": "people", "turns": turns}


def put(table: pa.Table, column: str, values: Mapping[int, Any]) -> pa.Table:
    """A table with other values in some places of a column."""
    if not values:
        return table
    number = table.column_names.index(column)
    old = one_array(table.column(column))
    places = np.arange(len(table))
    places[list(values)] = len(table) + np.arange(len(values))
    fresh = pa.concat_arrays([old, pa.array(list(values.values()), old.type)]).take(pa.array(places))
    return table.set_column(number, table.schema.field(number), fresh)


def known_to(people: People, ids: pa.Array, taken: Flags) -> dict[str, int]:
    """How many of the rows that are taken people had a part in, and which."""

    def count(records: Iterable[str]) -> int:
        among = pc.is_in(ids, value_set=pa.array(sorted(records), pa.string())).to_numpy(zero_copy_only=False)
        return int((among & taken).sum())

    return {
        "approved": count(r for r, v in people.decisions.items() if v == "approve"),
        "edited": count(r for r, edit in people.edits.items() if edit is not None),
        "preferences": count(people.preferences),
        "preferences_turned": count(people.with_preference("rejected")),
        "emotions": count(people.emotions),
        "released": count(people.released),
    }
