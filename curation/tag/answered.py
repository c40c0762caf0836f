"""What a head learns from: turns with the answers that people gave, of the annotation table or of files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.annotations import Answer
from curation.core.errors import ProjectError
from curation.core.records import source_of
from curation.core.store import View
from curation.methods.eq import JUDGE
from curation.tag.heads import Kind


@dataclass(frozen=True)
class Example:
    """A turn with its answers.

    Attributes:
        text: of the turn.
        answers: by question.
        group: examples of one group are learned from or measured on together, never one of each.
    """

    text: str
    answers: Mapping[str, str]
    group: str


@dataclass
class Gathered:
    """Examples, and why answers became none.

    Attributes:
        examples: in a settled order.
        left_out: answers or rows, by reason.
    """

    examples: list[Example] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def question(kind: Kind, name: str) -> tuple[str, int | None] | None:
    """A question of the annotation table as (question of the head, turn); None where it is none of the head's.

    `explorations@3` is about turn 3 of `messages`, from 0; without a turn it is about the last one of the head's side.
    """
    asked, at, turn = name.partition("@")
    if asked not in kind.questions or (at and not turn.isdecimal()):
        return None
    return asked, int(turn) if at else None


def from_annotations(kind: Kind, said: Iterable[Answer], views: Mapping[str, View], *, judges: bool) -> Gathered:
    """What people answered about turns of records that are here.

    Where several answered, what most of them said counts; where no answer has most votes, none does.

    Args:
        kind: the head.
        said: the current answers.
        views: the cleaned rows of the sources.
        judges: whether answers of endpoints count, where no person answered.
    """
    votes: dict[tuple[str, int | None], dict[str, dict[bool, list[str]]]] = {}
    found = Gathered()
    for one in said:
        asked = question(kind, one.question)
        if asked is None or one.status != "submitted" or (one.dataset == JUDGE and not judges):
            continue
        value = _answer(kind, asked[0], one.value)
        if value is None:
            found.left_out["no answer that this head knows"] += 1
            continue
        by = votes.setdefault((one.record, asked[1]), {}).setdefault(asked[0], {})
        by.setdefault(one.dataset == JUDGE, []).append(value)
    texts = _turns(kind, list(votes), views)
    for (record, turn), by_question in sorted(votes.items(), key=lambda item: (item[0][0], item[0][1] or -1)):
        text = texts.get((record, turn))
        answers = {name: _most(by[False] if False in by else by[True]) for name, by in by_question.items()}
        settled = {name: value for name, value in answers.items() if value is not None}
        if text is None:
            found.left_out["the record or the turn is not here"] += len(answers)
            continue
        found.left_out["people disagree"] += len(answers) - len(settled)
        if settled:
            found.examples.append(Example(text, settled, record))
    found.left_out = +found.left_out
    return found


def _most(votes: Sequence[str]) -> str | None:
    ranked = Counter(votes).most_common(2)
    return None if len(ranked) > 1 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def _turns(
    kind: Kind, wanted: Iterable[tuple[str, int | None]], views: Mapping[str, View]
) -> dict[tuple[str, int | None], str]:
    """The texts of some turns of some records, as they are after cleaning."""
    asked: dict[str, list[int | None]] = {}
    for record, turn in wanted:
        asked.setdefault(record, []).append(turn)
    found: dict[tuple[str, int | None], str] = {}
    for name in sorted({source_of(record) for record in asked} & set(views)):
        ids = pa.array(sorted(record for record in asked if source_of(record) == name), pa.string())
        for table in views[name].batches(["messages"]):
            rows = table.filter(pc.is_in(table.column("id"), value_set=ids))
            for row in rows.to_pylist():
                for turn in asked[row["id"]]:
                    text = _text(kind, row["messages"], turn)
                    if text is not None:
                        found[row["id"], turn] = text
    return found


def _text(kind: Kind, messages: Sequence[Mapping[str, Any]], turn: int | None) -> str | None:
    """A turn that the head reads, or the last such one; None where it is another side's, or empty."""
    own = [i for i, message in enumerate(messages) if message.get("role") == kind.role]
    place = (own[-1] if own else None) if turn is None else turn
    if place is None or place not in own:
        return None
    content = messages[place].get("content")
    return content if isinstance(content, str) and content.strip() else None


def _answer(kind: Kind, asked: str, value: Any) -> str | None:
    """An answer as the head calls it; levels may be numbers."""
    if isinstance(value, bool):
        return None
    told = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return told if told in kind.questions[asked] else None


def from_files(kind: Kind, paths: Sequence[Path]) -> Gathered:
    """Rows of JSON lines: `text`, or `messages` with an optional `turn`; and `label`.

    `label` is the answer, or, for a head with several questions, an object of answers by question. `group` may name
    what the row belongs to (a conversation, a person); else each row stands for itself.

    Raises:
        ProjectError: a file or a row that is not so, with its line.
    """
    found = Gathered()
    for path in paths:
        for number, row in _rows(path):
            example = _example(kind, row, f"{path.name}:{number}")
            if example is None:
                found.left_out["no turn of the head's side"] += 1
            else:
                found.examples.append(example)
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with files.os_errors(path):
        data = path.read_bytes()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ProjectError("a line that is no JSON object", where=f"{path.name}:{number}", fix="give JSON lines")
        yield number, row


def _example(kind: Kind, row: Mapping[str, Any], where: str) -> Example | None:
    label = row.get("label")
    if not isinstance(label, Mapping):
        label = {next(iter(kind.questions)): label} if len(kind.questions) == 1 else {}
    if not label:
        names = ", ".join(kind.questions)
        raise ProjectError(f"no answers in 'label' to any of: {names}", where=where, fix="see docs/tagging.md")
    answers = {}
    for asked, value in label.items():
        told = _answer(kind, asked, value) if asked in kind.questions else None
        if told is None:
            known = ", ".join(kind.questions.get(asked, tuple(kind.questions)))
            raise ProjectError(f"'{asked}' in 'label' is none of the head's", where=where, fix=f"known here: {known}")
        answers[str(asked)] = told
    turn, messages = row.get("turn"), row.get("messages")
    if isinstance(row.get("text"), str):
        messages, turn = [{"role": kind.role, "content": row["text"]}], None
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise ProjectError("neither 'text' nor 'messages'", where=where, fix="see docs/tagging.md")
    if turn is not None and (isinstance(turn, bool) or not isinstance(turn, int)):
        raise ProjectError("'turn' must be a whole number, from 0", where=where)
    text = _text(kind, messages, turn)
    return None if text is None else Example(text, answers, str(row.get("group", where)))
