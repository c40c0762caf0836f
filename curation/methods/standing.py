"""What people's answers come to, record by record: who decides where several answered, and where they may decide.

An answer that somebody gave on purpose (at the terminal, in an adjudication, for a stratum) stands above the answers of
annotators. Of annotators more than half have to say the same; whoever is in danger is held back if one of them says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.core.annotations import Annotations, Answer
from curation.methods.alpha import Agreement, alpha
from curation.methods.tasks import ADJUDICATION, Question, Task

DECISION, EDITED, RISK, PREFERENCE, EMOTIONS = "decision", "edited", "risk", "preference", "emotions"
ACTED_ON = (DECISION, RISK, PREFERENCE, EMOTIONS)
"""The questions that decide what leaves and how."""

TERMINAL = "project"
STRATUM = "stratum:"
SPLIT = "split"


@dataclass(frozen=True)
class Verdict:
    """What the answers to a question about a record come to.

    Attributes:
        value: None where they come to nothing.
        how: deliberate, agreed, majority or split.
        votes: how many annotators answered.
    """

    value: Any
    how: str
    votes: int


def deliberate(dataset: str) -> bool:
    """Do answers of this data set stand above those of annotators?"""
    return dataset == TERMINAL or dataset.endswith(ADJUDICATION) or dataset.startswith(STRATUM)


def verdicts(answers: Iterable[Answer], question: str) -> dict[str, Verdict]:
    """What the answers to one question come to, by record.

    Args:
        answers: those that stand, in the order in which they were written.
        question: its name.
    """
    said: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.question == question and answer.status == "submitted" and answer.value is not None:
            said[answer.record].append(answer)
    return {record: _verdict(question, given) for record, given in said.items()}


def _verdict(question: str, given: Sequence[Answer]) -> Verdict:
    places = [place for place, answer in enumerate(given) if deliberate(answer.dataset)]
    votes = [answer.value for answer in given if not deliberate(answer.dataset)]
    if places:
        last = given[places[-1]]
        later = [answer.value for answer in given[places[-1] + 1 :]]
        # A danger that is seen later counts, whoever had let the row go before.
        held = question == RISK and "hold" in later
        return Verdict("hold" if held else last.value, "deliberate", len(votes))
    value = _DECIDE.get(question, _majority)(votes)
    how = SPLIT if value is None else "agreed" if all(vote == votes[0] for vote in votes) else "majority"
    return Verdict(value, how, len(votes))


def _majority(votes: Sequence[Any]) -> Any:
    counted = Counter(map(_hashable, votes))
    (most, count), first = counted.most_common(1)[0], {_hashable(v): v for v in votes}
    return first[most] if 2 * count > len(votes) else None


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else str(value) if isinstance(value, dict) else value


def _careful(votes: Sequence[Any]) -> Any:
    return "hold" if "hold" in votes else _majority(votes)


def _direction(votes: Sequence[Any]) -> Any:
    return _majority([str(vote).removesuffix("_much") for vote in votes])


def _labels(votes: Sequence[Any]) -> Any:
    counted = Counter(label for vote in votes for label in set(vote))
    return sorted(label for label, count in counted.items() if 2 * count > len(votes)) or None


_DECIDE: Mapping[str, Callable[[Sequence[Any]], Any]] = {RISK: _careful, PREFERENCE: _direction, EMOTIONS: _labels}


@dataclass(frozen=True)
class Edit:
    """The turns that people made of a record, the version of the text that they saw, and how many made them."""

    turns: tuple[Mapping[str, str], ...]
    version: str
    people: int = 1


def edits(answers: Sequence[Answer]) -> dict[str, Edit | None]:
    """For the records that are to leave edited only, their edit; None where there is none, or there are several."""
    wanted = {record for record, verdict in verdicts(answers, DECISION).items() if verdict.value == "edit"}
    editors = {
        (a.record, a.annotator, a.dataset)
        for a in answers
        if a.record in wanted and a.question == DECISION and a.status == "submitted" and a.value == "edit"
    }
    made: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        known = (answer.record, answer.annotator, answer.dataset) in editors and answer.status == "submitted"
        # What was edited on purpose and did not change, or cannot be read, is no edit.
        if known and answer.question == EDITED and answer.value and not (answer.about or {}).get("flag"):
            made[answer.record].append(answer)
    return {record: _edit(made[record]) for record in sorted(wanted)}


def _edit(made: Sequence[Answer]) -> Edit | None:
    above = [answer for answer in made if deliberate(answer.dataset)]
    offered = above[-1:] or list(made)
    texts = {str(answer.value) for answer in offered}
    if len(texts) != 1:
        return None
    version = str((offered[-1].about or {}).get("version", ""))
    return Edit(tuple(dict(turn) for turn in offered[-1].value), version, len({a.annotator for a in offered}))


_AHEAD: Mapping[str, float] = {"chosen_much": 1.0, "chosen": 0.5, "rejected": -0.5, "rejected_much": -1.0}


def margins(answers: Iterable[Answer]) -> dict[str, tuple[float, int]]:
    """How far ahead the better answer is where people found one, and how many said so or otherwise.

    By far counts 1, a little .5, neither of them 0, the other one as much against it; of annotators it is the mean. Who
    answered on purpose stands above them, here as in the verdict.
    """
    given: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.question == PREFERENCE and answer.status == "submitted" and answer.value is not None:
            given[answer.record].append(answer)
    found = {}
    for record, of in given.items():
        better = str(_verdict(PREFERENCE, of).value).removesuffix("_much")
        if better in ("chosen", "rejected"):
            counted = [a for a in of if deliberate(a.dataset)][-1:] or of
            ahead = sum(_AHEAD.get(str(a.value), 0.0) for a in counted) / len(counted)
            found[record] = (ahead if better == "chosen" else -ahead, len({a.annotator for a in counted}))
    return found


def units(answers: Iterable[Answer], dataset: str, question: str) -> dict[str, dict[str, Any]]:
    """What annotators answered to a question in a data set: by record, by annotator."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for answer in answers:
        own = answer.dataset == dataset and answer.question == question
        if own and answer.status == "submitted" and answer.value is not None:
            found[answer.record][answer.annotator] = answer.value
    return found


def agreement(given: Mapping[str, Mapping[str, Any]], question: Question, *, resamples: int = 0) -> Agreement:
    """The agreement on a question of a task."""
    assert question.measure is not None
    return alpha([list(values.values()) for values in given.values()], question.measure, resamples=resamples)


@dataclass(frozen=True)
class Below:
    """A gate that is not passed."""

    task: str
    question: str
    alpha: float
    wanted: float
    records: int


def below_gates(tasks: Mapping[str, Task], answers: Sequence[Answer]) -> list[Below]:
    """The gates that answers do not pass, of questions where annotators' answers alone would decide about a record."""
    found = []
    for task in tasks.values():
        for question in task.questions:
            if question.gate is None or question.name not in ACTED_ON:
                continue
            given = units(answers, task.task, question.name)
            measured = agreement(given, question)
            enough = measured.alpha is not None and measured.records >= question.gate.records
            if not enough or measured.alpha is None or measured.alpha >= question.gate.alpha:
                continue
            if any(verdict.how != "deliberate" for verdict in verdicts(answers, question.name).values()):
                found.append(Below(task.task, question.name, measured.alpha, question.gate.alpha, measured.records))
    return found


def disputes(answers: Sequence[Answer], task: Task) -> dict[str, list[str]]:
    """The records about which annotators differ and nobody decided yet: by record, the questions."""
    found: dict[str, list[str]] = defaultdict(list)
    for question in task.questions:
        if question.measure is None:
            continue
        settled = {
            a.record
            for a in answers
            if a.question == question.name and deliberate(a.dataset) and a.status == "submitted" and a.value is not None
        }
        for record, values in units(answers, task.task, question.name).items():
            if record not in settled and len({str(_hashable(v)) for v in values.values()}) > 1:
                found[record].append(question.name)
    return dict(found)


def disputed(notes: Annotations) -> dict[str, float]:
    """How much people's answers about a record differ from each other and from what a program said, from 0 to 1."""
    pairs: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    said: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for answer in notes.standing():
        if answer.status != "submitted" or answer.value is None or isinstance(answer.value, dict):
            continue
        said[answer.record, answer.dataset, answer.question].append(answer.value)
        if (answer.about or {}).get("shown"):
            pairs[answer.record] += 1
            apart[answer.record] += not (answer.about or {}).get("same")
    for (record, _, _), values in said.items():
        known = [str(_hashable(value)) for value in values]
        for place, value in enumerate(known):
            pairs[record] += len(known) - place - 1
            apart[record] += sum(value != other for other in known[place + 1 :])
    return {record: apart[record] / count for record, count in pairs.items() if count}
