"""From what somebody entered to the annotation table: spans at their turns, edits as turns, A and B turned back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from curation.core.annotations import Answer
from curation.methods.tasks import Question, Task
from curation.review.flatten import Transcript, read_edited, same_turns
from curation.review.items import OF_THE_TEXT
from curation.review.seam import Item, Response, Shown

EARLIER = "earlier"
"""The version of an answer about a text that has been replaced since."""

PREFERENCES = ("chosen_much", "chosen", "tie", "rejected", "rejected_much", "both_bad")
"""What is stored of a preference: which answer is better, whatever stood at A."""

MISSED, WRONG = "pii_missed", "pii_wrong"
HARMLESS = "HARMLESS"
"""The label of what was replaced and is no personal data; kept as answers to `pii_wrong`."""

EDITED, DECISION, PREFERENCE = "edited", "decision", "preference"
UNCHANGED, CHANGED, UNREADABLE = "unchanged", "changed", "unreadable"
"""Flags: decided to edit and edited nothing; decided otherwise and edited all the same; an edit without turns."""


def pseudonym(key: bytes, user: str) -> str:
    """A name that is always the same for a user, and tells nobody who it is without the key."""
    digest = hmac.new(key, b"annotator\x00" + user.encode(errors="replace"), hashlib.sha256)
    return "p-" + digest.hexdigest()[:8]


def key_of(key: bytes, response: Response) -> str:
    """What a response is recognised by, in the table."""
    return hmac.new(key, b"response\x00" + response.key.encode(errors="replace"), hashlib.sha256).hexdigest()[:16]


def read(task: Task, name: str, shown: Shown, response: Response, annotator: str, key: bytes) -> Iterator[Answer]:
    """The answers in a response, one for each question of the task that has one.

    Args:
        task: what was asked.
        name: of the data set.
        shown: the item as it is shown now.
        response: what somebody answered about it.
        annotator: pseudonym of that person.
        key: the project's.
    """
    item = shown.item
    earlier = response.at < str(item.metadata.get("changed", ""))
    about: dict[str, Any] = {
        "version": EARLIER if earlier else str(item.metadata.get("version", "")),
        "response": key_of(key, response),
    }
    given = {q.name: response.values[q.name] for q in task.questions if response.values.get(q.name) is not None}
    for question in task.questions:
        if question.name not in given:
            continue
        value = given[question.name]
        suggested = item.suggestions.get(question.name)
        own = dict(about)
        if suggested is not None and suggested.agent != OF_THE_TEXT:
            own |= {"shown": True, "same": _plain(question, value) == _plain(question, suggested.value)}
        elif question.suggest and question.suggest != "transcript":
            own["shown"] = False
        value, flag = _value(question, value, item, given, earlier=earlier)
        if flag:
            own["flag"] = flag
        if question.name == MISSED:
            # Two questions to whoever acts on them, one to those who mark: a field takes spans of one question only.
            wrong = [span for span in value if span["label"] == HARMLESS]
            value = [span for span in value if span["label"] != HARMLESS]
            yield Answer(item.id, WRONG, wrong, annotator, name, response.status, response.at, dict(own))
        yield Answer(item.id, question.name, value, annotator, name, response.status, response.at, own)
    if not given:
        yield Answer(item.id, task.questions[0].name, None, annotator, name, response.status, response.at, about)


def _plain(question: Question, value: Any) -> Any:
    """A value as it is compared: order says nothing in a list."""
    if question.kind == "spans":
        return sorted((span["start"], span["end"], span["label"]) for span in value)
    return sorted(value) if isinstance(value, list) else value


def _value(
    question: Question, value: Any, item: Item, given: Mapping[str, Any], *, earlier: bool
) -> tuple[Any, str | None]:
    fields = item.fields
    if question.kind == "spans":
        if earlier:  # the text that they lie in is gone
            return [{"label": span["label"]} for span in value], None
        return Transcript.of(fields.get("transcript", "")).mark(value), None
    if question.name == PREFERENCE:
        return turned_back(value, str(item.metadata.get("order", "ab"))), None
    if question.kind == "labels":
        return sorted(value), None
    if question.suggest == "transcript":
        return _edit(value, fields, given)
    return value, None


def _edit(text: str, fields: Mapping[str, str], given: Mapping[str, Any]) -> tuple[Any, str | None]:
    turns = read_edited(text)
    original = [{"role": p.role, "content": p.content} for p in Transcript.of(fields.get("transcript", "")).parts]
    editing = given.get(DECISION) == "edit"
    if turns is None:
        return {"text": text}, UNREADABLE
    if same_turns(turns, original):
        return turns, UNCHANGED if editing else None
    return turns, None if editing else CHANGED


def turned_back(value: str, order: str) -> str:
    """What an answer about A and B says of the chosen and the rejected one."""
    first, second = ("chosen", "rejected") if order == "ab" else ("rejected", "chosen")
    sides = {"a_much": f"{first}_much", "a": first, "b": second, "b_much": f"{second}_much"}
    return sides.get(value, value)
