"""What people's answers teach the programs: marks of personal data, and texts with what people feel in them.

Collected here, used by whoever stands on top: nothing is learned from people but by command.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from curation.core.annotations import Answer
from curation.methods import standing
from curation.methods.tasks import Task
from curation.methods.text_version import version_of
from curation.review.answers import MISSED, WRONG


@dataclass(frozen=True)
class Mark:
    """A place that people marked.

    Attributes:
        record, column, turn, start, end: where.
        label: what it is, or was taken for.
        text: what stands there.
        by: how many people marked it.
    """

    record: str
    column: str
    turn: int
    start: int
    end: int
    label: str
    text: str
    by: int


@dataclass(frozen=True)
class Lesson:
    """A turn and the emotions that people see in it."""

    record: str
    turn: int
    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Rated:
    """A conversation and the mean ratings of its answering side."""

    record: str
    messages: Sequence[Mapping[str, Any]]
    ratings: Mapping[str, float]
    people: int


def marks(
    answers: Iterable[Answer], rows: Mapping[str, Mapping[str, Any]], question: str, key: bytes
) -> tuple[list[Mark], int]:
    """What people marked in texts as they are now, and how many marks are about texts that are no more.

    Args:
        answers: those that stand.
        rows: rows by id.
        question: `pii_missed` or `pii_wrong`.
        key: the project's.
    """
    assert question in (MISSED, WRONG)
    seen: dict[tuple[str, str, int, int, int, str], set[str]] = defaultdict(set)
    stale = 0
    versions: dict[str, str] = {}
    for answer in answers:
        if answer.question != question or answer.status != "submitted" or not isinstance(answer.value, list):
            continue
        row = rows.get(answer.record)
        if row is None or not answer.value:
            continue
        now = versions.setdefault(answer.record, version_of(key, row))
        if (answer.about or {}).get("version") != now:
            stale += len(answer.value)
            continue
        for span in answer.value:
            place = (answer.record, span["column"], span["turn"], span["start"], span["end"], span["label"])
            seen[place].add(answer.annotator)
    found = []
    for (record, column, turn, start, end, label), who in sorted(seen.items()):
        text = (rows[record][column][turn]["content"] or "")[start:end]
        found.append(Mark(record, column, turn, start, end, label, text, len(who)))
    return found, stale


def emotions(answers: Sequence[Answer], rows: Mapping[str, Mapping[str, Any]], task: Task, key: bytes) -> list[Lesson]:
    """Turns of those who seek help, with the emotions that people agree on for their conversation.

    Where a conversation has one such turn, they are its; else a turn has those that somebody showed in its words, and
    a turn in which nothing was shown teaches nothing.
    """
    agreed = standing.verdicts(answers, "emotions")
    found = []
    for record, verdict in sorted(agreed.items()):
        row = rows.get(record)
        if row is None or not isinstance(verdict.value, list):
            continue
        own = [
            n for n, turn in enumerate(row["messages"]) if turn["role"] == "user" and (turn["content"] or "").strip()
        ]
        shown = {own[0]: set(verdict.value)} if len(own) == 1 else _shown(answers, record, version_of(key, row))
        for turn in own:
            labels = tuple(sorted(shown.get(turn, set()) & set(verdict.value)))
            if labels:
                found.append(Lesson(record, turn, row["messages"][turn]["content"], labels))
    return found


def _shown(answers: Iterable[Answer], record: str, version: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for answer in answers:
        fits = answer.record == record and answer.question == "spans" and answer.status == "submitted"
        if fits and answer.value and (answer.about or {}).get("version") == version:
            for span in answer.value:
                if span["column"] == "messages":
                    found[span["turn"]].add(span["label"])
    return found


def ratings(answers: Iterable[Answer], rows: Mapping[str, Mapping[str, Any]], task: Task) -> list[Rated]:
    """Conversations with the means of their ratings."""
    asked = {question.name for question in task.questions if question.kind == "rating"}
    given: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for answer in answers:
        own = answer.dataset.startswith(task.task) and answer.question in asked and answer.status == "submitted"
        if own and answer.value is not None:
            given[answer.record][answer.question][answer.annotator] = float(answer.value)
    found = []
    for record, values in sorted(given.items()):
        if record in rows:
            people = {who for by_person in values.values() for who in by_person}
            means = {name: round(fmean(by_person.values()), 4) for name, by_person in sorted(values.items())}
            found.append(Rated(record, rows[record]["messages"], means, len(people)))
    return found
