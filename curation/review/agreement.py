"""How far people agree, question by question and person by person, and what suggestions do to their answers."""

from __future__ import annotations

import datetime
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from curation.core.annotations import Answer
from curation.methods import standing
from curation.methods.alpha import RESAMPLES, Agreement, alpha
from curation.methods.tasks import Question, Task

PAUSE = 15 * 60
"""Seconds between two answers of a person above which something else was done in between."""


@dataclass(frozen=True)
class OfQuestion:
    """The agreement on one question.

    Attributes:
        task, question: which.
        all: on all records.
        shown, blind: on records with a suggestion, and on those that went out without one; None where the question has
            no suggestions. Is `shown` much higher, people follow the program rather than each other.
        same: of answers beside a suggestion, the share that equals it.
        gate: the least alpha; None: no gate.
        passed: None where there is no gate, or too few records for one.
        people: by annotator, the agreement with each of the others.
    """

    task: str
    question: str
    all: Agreement
    shown: Agreement | None
    blind: Agreement | None
    same: float | None
    gate: float | None
    passed: bool | None
    people: Mapping[str, Agreement]

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return asdict(self)


@dataclass(frozen=True)
class Pace:
    """How long a person takes for a record of a task, in seconds; None where that cannot be told."""

    task: str
    annotator: str
    records: int
    seconds: float | None


def questions(tasks: Mapping[str, Task], answers: Sequence[Answer]) -> list[OfQuestion]:
    """The agreement on every question that has answers and can be measured."""
    found = []
    for task in tasks.values():
        for question in task.questions:
            if question.measure is not None and (given := standing.units(answers, task.task, question.name)):
                found.append(_of(task, question, answers, given))
    return found


def _of(
    task: Task, question: Question, answers: Sequence[Answer], given: Mapping[str, Mapping[str, Any]]
) -> OfQuestion:
    beside = [
        bool((a.about or {}).get("same"))
        for a in answers
        if a.dataset == task.task
        and a.question == question.name
        and (a.about or {}).get("shown")
        and a.status == "submitted"
    ]
    whole = standing.agreement(given, question, resamples=RESAMPLES)
    parts = {}
    for shown in (True, False):
        own = [a for a in answers if (a.about or {}).get("shown") is shown]
        part = standing.units(own, task.task, question.name)
        parts[shown] = standing.agreement(part, question, resamples=RESAMPLES) if part else None
    gate = question.gate
    measurable = gate is not None and whole.alpha is not None and whole.records >= gate.records
    return OfQuestion(
        task.task,
        question.name,
        whole,
        parts[True],
        parts[False],
        sum(beside) / len(beside) if beside else None,
        gate.alpha if gate else None,
        (whole.alpha or 0.0) >= gate.alpha if gate and measurable else None,
        _people(given, str(question.measure)),
    )


def _people(given: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Agreement]:
    everybody = sorted({who for values in given.values() for who in values})
    return {
        who: alpha(
            [[v[who], other] for v in given.values() if who in v for name, other in sorted(v.items()) if name != who],
            measure,
        )
        for who in everybody
    }


def paces(tasks: Mapping[str, Task], answers: Sequence[Answer]) -> list[Pace]:
    """The median time between one record and the next, by task and person; pauses do not count."""
    times: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for answer in answers:
        if answer.dataset in tasks and answer.status == "submitted":
            records = times[answer.dataset, answer.annotator]
            records[answer.record] = max(answer.at, records.get(answer.record, ""))
    found = []
    for (task, who), records in sorted(times.items()):
        moments = sorted(datetime.datetime.fromisoformat(at) for at in records.values())
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
        counted = [gap for gap in gaps if gap <= PAUSE]
        found.append(Pace(task, who, len(records), statistics.median(counted) if counted else None))
    return found
