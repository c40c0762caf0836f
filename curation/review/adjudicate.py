"""Records about which annotators differ, shown once more with what each of them said, to one who decides."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.core.annotations import Annotations, Answer
from curation.core.project import Project
from curation.methods import standing
from curation.methods.tasks import ADJUDICATION, Question, Task
from curation.review import items, pull
from curation.review.flatten import flatten
from curation.review.seam import Desk, Item, Shown, Suggestion

MAJORITY = "majority"
"""The agent of what most annotators said."""


@dataclass(frozen=True)
class Adjudicated:
    """What became of the disagreements of a task.

    Attributes:
        disputed: records that nobody has decided yet.
        added: of those, how many are new in the data set.
        settled: records in the data set that are decided.
        pulled: decisions taken over.
        gone: disputed records that are shown nowhere any more.
    """

    disputed: int
    added: int
    settled: int
    pulled: int
    gone: int


def adjudicate(desk: Desk, project: Project, task: Task, guideline: str, notes: Annotations) -> Adjudicated:
    """Take over what was decided, and show what is left. Call it under the project's lock."""
    name = task.task + ADJUDICATION
    shape = dataclasses.replace(
        task,
        fields=(*task.fields, "votes"),
        people=1,
        blind=0.0,  # type: ignore[arg-type]
    )
    there = {shown.item.id: shown for shown in desk.items(name)}
    pulled = pull.take(there.values(), task, name, notes, project.key)
    answers = notes.standing()
    open_ = standing.disputes(answers, task)
    shown = {one.item.id: one for one in desk.items(task.task)} if open_ else {}
    if open_ and set(open_) & set(shown):
        desk.open(shape, name, guideline)
        now = desk.now()
        work = [
            _item(shown[record], there.get(record), task, answers, now) for record in sorted(open_) if record in shown
        ]
        desk.put(name, work)
    return Adjudicated(
        len(open_),
        len((set(open_) & set(shown)) - set(there)),
        sum(any(r.status == "submitted" for r in one.responses) for one in there.values()),
        pulled.written,
        len(set(open_) - set(shown)),
    )


def _item(shown: Shown, old: Shown | None, task: Task, answers: Sequence[Answer], now: str) -> Item:
    """The item of a record that annotators differ about, with their votes and what most of them said."""
    record = shown.item.id
    own = [a for a in answers if a.record == record and a.dataset == task.task and a.status == "submitted"]
    order = str(shown.item.metadata.get("order", "ab"))
    fields = dict(shown.item.fields)
    fields["votes"] = _votes(task, own, order)
    suggestions: dict[str, Suggestion] = {}
    for question in task.questions:
        found = standing.verdicts(own, question.name).get(record) if question.measure else None
        if found is not None and found.value is not None and question.name != standing.PREFERENCE:
            suggestions[question.name] = Suggestion(found.value, MAJORITY)
        elif question.suggest == "transcript" and question.name in shown.item.suggestions:
            suggestions[question.name] = Suggestion(_edited(own, shown), items.OF_THE_TEXT)
    metadata = {**shown.item.metadata, "blind": "no", "changed": now}
    if old is not None and old.item.metadata.get("version") == metadata.get("version"):
        metadata["changed"] = str(old.item.metadata.get("changed", now))
    return Item(record, fields, metadata, suggestions)


def _edited(own: Sequence[Answer], shown: Shown) -> str:
    """The one edit that there is, so that it need not be made again; else the text as it was."""
    made = {
        json.dumps(a.value): a.value
        for a in own
        if a.question == standing.EDITED and isinstance(a.value, list) and not (a.about or {}).get("flag")
    }
    if len(made) == 1:
        return flatten({"messages": next(iter(made.values()))})
    return str(shown.item.fields.get("transcript", ""))


def _votes(task: Task, own: Sequence[Answer], order: str) -> str:
    """What was answered, question by question, by pseudonym; A and B as the adjudicator sees them."""
    lines = []
    for question in task.questions:
        given = [a for a in own if a.question == question.name and a.value is not None]
        if not given or question.suggest == "transcript":
            continue
        differ = len({json.dumps(a.value, sort_keys=True) for a in given}) > 1
        lines.append(f"{'≠' if differ and question.measure else '='} {question.title}")
        lines += [
            f"    {a.annotator}: {_told(question, a.value, order)}" for a in sorted(given, key=lambda a: a.annotator)
        ]
    return "\n".join(lines)


def _told(question: Question, value: Any, order: str) -> str:
    if question.name == standing.PREFERENCE:
        first, second = ("chosen", "rejected") if order == "ab" else ("rejected", "chosen")
        bare, much = str(value).removesuffix("_much"), str(value).endswith("_much")
        side = {first: "a", second: "b"}.get(bare, bare)
        value = f"{side}_much" if much else side
    if question.kind == "spans":
        counted = Counter(span["label"] for span in value)
        return ", ".join(f"{label} {n}" for label, n in sorted(counted.items())) or "nothing marked"
    offered = question.offered
    if isinstance(value, list):
        return ", ".join(offered.get(v, str(v)) for v in value)
    return offered.get(value, str(value)) if isinstance(value, str) else str(value)
