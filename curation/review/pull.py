"""Answers from where they were given into the annotation table: all of them, as often as one likes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.core.annotations import Annotations, Answer
from curation.methods.tasks import ADJUDICATION, Task
from curation.review import answers
from curation.review.seam import Desk, Shown


@dataclass
class Pulled:
    """What one data set gave.

    Attributes:
        records, responses: items, and what people said about them.
        written: answers that are new, or not as they were.
        by_status: responses.
        flags: edits that changed nothing, and the like, by annotator.
        same: by annotator, answers that had a suggestion, and those that equal it.
        earlier: responses about a text that was replaced since.
        unknown: questions there that the task does not ask: the data set was changed by hand.
        nobody: responses of users who are deleted.
    """

    records: int = 0
    responses: int = 0
    written: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    flags: Counter[tuple[str, str]] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    earlier: int = 0
    unknown: set[str] = field(default_factory=set)
    nobody: int = 0

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "records": self.records,
            "responses": self.responses,
            "written": self.written,
            "by_status": dict(self.by_status),
            "flags": [{"annotator": who, "flag": flag, "answers": n} for (who, flag), n in sorted(self.flags.items())],
            "as_suggested": {who: {"shown": n, "same": self.same[who]} for who, n in sorted(self.shown.items())},
            "earlier": self.earlier,
            "unknown_questions": sorted(self.unknown),
            "of_deleted_users": self.nobody,
        }

    def told(self, name: str) -> list[str]:
        """What a person reads of it."""
        states = ", ".join(f"{n} {status}" for status, n in sorted(self.by_status.items())) or "no answers yet"
        said = [f"{name:<12} {self.records} records, {states}; {self.written} answers new or changed"]
        said += [f"{'':<12} {who}: {n} {_FLAGS[flag]}" for (who, flag), n in sorted(self.flags.items())]
        said += [
            f"{'':<12} {who}: {self.same[who]} of {n} answers are what was suggested"
            for who, n in sorted(self.shown.items())
            if n
        ]
        if self.earlier:
            said.append(f"{'':<12} {self.earlier} about a text that has changed since: kept, marked so")
        if self.unknown:
            said.append(f"{'':<12} not in the task, so not taken over: {', '.join(sorted(self.unknown))}")
        if self.nobody:
            said.append(
                f"{'':<12} {self.nobody} of users who are deleted: kept under their pseudonym where it is known"
            )
        return said


_FLAGS = {
    answers.UNCHANGED: "decided to edit, and edited nothing",
    answers.CHANGED: "edited, and did not decide so",
    answers.UNREADABLE: "edits whose turns cannot be told apart",
}


def pull(desk: Desk, task: Task, name: str, notes: Annotations, key: bytes) -> Pulled:
    """Take over every answer of a data set. Call it under the project's lock.

    Args:
        desk: where they were given.
        task: what was asked.
        name: of the data set.
        notes: where answers are kept.
        key: the project's.
    """
    return take(desk.items(name), task, name, notes, key)


def take(items: Iterable[Shown], task: Task, name: str, notes: Annotations, key: bytes) -> Pulled:
    """The same for items at hand."""
    found = Pulled()
    stood: dict[tuple[str, str], dict[str, Answer]] = defaultdict(dict)
    people: dict[str, str] = {}
    for answer in notes.current():
        if answer.dataset == name:
            stood[answer.record, answer.annotator][answer.question] = answer
            people[(answer.about or {}).get("response", "")] = answer.annotator
    gone = notes.tombstones()
    new: list[Answer] = []
    asked = {question.name for question in task.questions}
    for shown in items:
        found.records += 1
        if shown.item.id in gone:
            continue
        for response in shown.responses:
            found.responses += 1
            found.by_status[response.status] += 1
            found.unknown |= set(response.values) - asked
            found.nobody += response.user is None
            mark = answers.key_of(key, response)
            who = people.get(mark, f"p-gone-{mark[:8]}")
            if response.user is not None:
                who = answers.pseudonym(key, response.user)
            given = list(answers.read(task, name, shown, response, who, key))
            new += _as_kept(given, stood[shown.item.id, who])
            _count(found, given, who)
    found.written = notes.add(new)
    return found


def _as_kept(given: list[Answer], stood: Mapping[str, Answer]) -> list[Answer]:
    """What has to be written of a response; what it no longer answers is taken back."""
    kept = []
    for answer in given:
        old = stood.get(answer.question)
        # What was said about an earlier text is kept as it was read while that text was still there.
        if _is_earlier(answer) and old is not None and _of(old) == _of(answer) and old.at >= answer.at:
            continue
        kept.append(answer)
    if given:
        names = {answer.question for answer in given}
        last = given[0]
        kept += [
            Answer(old.record, question, None, old.annotator, old.dataset, last.status, last.at, last.about)
            for question, old in stood.items()
            if question not in names and old.value is not None
        ]
    return kept


def _is_earlier(answer: Answer) -> bool:
    return (answer.about or {}).get("version") == answers.EARLIER


def _of(answer: Answer) -> Any:
    return (answer.about or {}).get("response"), answer.status


def _count(found: Pulled, given: list[Answer], who: str) -> None:
    found.earlier += any(map(_is_earlier, given))
    for answer in given:
        about = answer.about or {}
        if answer.status == "submitted":
            found.shown[who] += bool(about.get("shown"))
            found.same[who] += bool(about.get("same"))
            if "flag" in about:
                found.flags[who, about["flag"]] += 1


def sets_of(known: Mapping[str, Task], names: Iterable[str]) -> dict[str, Task]:
    """The data sets among `names` that ask one of the tasks, adjudications included."""
    found = {}
    for name in names:
        task = known.get(name.removesuffix(ADJUDICATION))
        if task is not None:
            found[name] = task
    return found
