"""A record as people see it: its fields, what a program would answer, and what says which text it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from curation.core.records import keyed, source_of
from curation.methods import hold
from curation.methods.tasks import Question, Task
from curation.methods.text_version import version_of
from curation.review.flatten import COLUMNS as TURN_COLUMNS
from curation.review.flatten import Transcript, flatten
from curation.review.seam import Item, Suggestion

COLUMNS = ("kind", "persona", "language", "messages", "chosen", "rejected", "emotion", "risk", "meta")
"""What is read of a row."""

OF_THE_TEXT = "source"
"""The agent of a suggestion that is no opinion, but the text to be edited."""

_LEVELS = tuple("012345")

VOICES = {
    "assistant": "assistant: the answering side would be learned",
    "client": "client: the person who seeks help would be learned",
    "neutral": "neutral: the answering side would be learned",
}


def build(
    key: bytes,
    task: Task,
    row: Mapping[str, Any],
    *,
    priority: float = 0.0,
    order: str | None = None,
    blind: bool | None = None,
) -> Item:
    """The item of a record, `changed` not yet filled in; what is not given is drawn by lot."""
    order = order or drawn(key, task, row["id"])
    fields: dict[str, str] = {name: _field(name, row, order, task) for name in task.fields}
    blind = is_blind(key, task, row["id"]) if blind is None else blind
    suggestions = {}
    for question in task.questions:
        said = _suggestion(question, row, fields) if question.suggest else None
        if said is not None and (not blind or said.agent == OF_THE_TEXT):
            suggestions[question.name] = said
    metadata: dict[str, str | int | float] = {
        "source": source_of(row["id"]),
        "voice": row["persona"],
        "version": version_of(key, row),
        "order": order,
        "blind": "yes" if blind else "no",
        "turns": len(row["messages"] or ()),
        "priority": round(priority, 6),
    }
    if row.get("language"):
        metadata["language"] = row["language"]
    if level(row) is not None:
        metadata["risk_level"] = int(level(row) or 0)
    return Item(row["id"], fields, metadata, suggestions)


def stamped(item: Item, changed: str) -> Item:
    """An item that says since when this text is shown."""
    return dataclasses.replace(item, metadata={**item.metadata, "changed": changed})


def drawn(key: bytes, task: Task, record: str) -> str:
    """Which answer stands at A: `ab` the chosen one, `ba` the rejected one; by lot, always the same for a record."""
    return "ab" if int(keyed(key, "review-order", f"{task.task}|{record}")[:2], 16) % 2 else "ba"


def is_blind(key: bytes, task: Task, record: str) -> bool:
    """Is this record among the share that goes out without suggestions?"""
    return int(keyed(key, "review-blind", f"{task.task}|{record}")[:8], 16) < task.blind * 2**32


def level(row: Mapping[str, Any]) -> int | None:
    """What the screen and the source say of the risk of a row, the higher; None where neither says anything."""
    said = [
        int(item["value"]) for item in row.get("meta") or () if item["key"] == hold.KEY and item["value"] in _LEVELS
    ]
    found = (row.get("risk") or {}).get("level")
    return max([*said, *([found] if found is not None else [])], default=None)


def _field(name: str, row: Mapping[str, Any], order: str, task: Task) -> str:
    if name == "persona":
        return VOICES.get(row["persona"], row["persona"])
    if name == "transcript":
        return flatten(row, TURN_COLUMNS if row["kind"] != "chat" else ("messages",))
    if name == "prompt":
        return flatten(row, ("messages",))
    first, second = ("chosen", "rejected") if order == "ab" else ("rejected", "chosen")
    turns = list(row[first if name == "answer_a" else second] or ())
    return str(turns[0]["content"] or "") if len(turns) == 1 else flatten({"messages": turns})


def _suggestion(question: Question, row: Mapping[str, Any], fields: Mapping[str, str]) -> Suggestion | None:
    if question.suggest == "transcript":
        return Suggestion(fields["transcript"], OF_THE_TEXT)
    if question.suggest == "emotions":
        return _emotions(question, row)
    if question.suggest == "evidence":
        return _evidence(question, row, fields["transcript"])
    risk = row.get("risk") or {}
    if question.suggest == "risk_level":
        found = level(row)
        return Suggestion(found, "risk") if found in question.numbers else None
    flags = [flag for flag in risk.get("flags") or () if flag in question.offered]
    return Suggestion(flags, "risk") if flags else None


def _told(row: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """The tags of the turns of the person who seeks help, by turn."""
    tags = (row.get("emotion") or {}).get("turns") or ()
    said = row["messages"] or ()
    if len(tags) != len(said):
        return []
    return [(n, tag) for n, (turn, tag) in enumerate(zip(said, tags, strict=True)) if turn["role"] == "user"]


def _emotions(question: Question, row: Mapping[str, Any]) -> Suggestion | None:
    order = list(question.offered)
    best: dict[str, float] = {}
    for _, tag in _told(row):
        for label in tag["labels"] or ():
            if label in order:
                p = (tag["probabilities"] or [None] * len(order))[order.index(label)] if question.taxonomy else None
                best[label] = max(best.get(label, 0.0), min(max(p or 0.0, 0.0), 1.0))
    if len(best) > 1:
        best.pop("neutral", None)
    if not best:
        return None
    labels = sorted(best, key=lambda label: (-best[label], label))
    agent = str((row.get("emotion") or {}).get("model") or "emotion")
    return Suggestion(labels, agent[:200], [round(best[label], 4) for label in labels])


def _evidence(question: Question, row: Mapping[str, Any], transcript: str) -> Suggestion | None:
    found = Transcript.of(transcript)
    spans = []
    for turn, tag in _told(row):
        part = found.part("messages", turn)
        for span in tag["evidence"] or () if part else ():
            start, end = part.outside(span["start"]), part.outside(span["end"])  # type: ignore[union-attr]
            if span["label"] in question.offered and start < end <= len(transcript):
                spans.append({"start": start, "end": end, "label": span["label"]})
    agent = str((row.get("emotion") or {}).get("model") or "emotion")
    return Suggestion(spans, agent[:200]) if spans else None
