"""What people are asked about records: the tasks of `labeling/tasks`, bound and checked.

A project may hold tasks of its own in the same folders; one of the same name replaces ours. Both who shows tasks to
people and who acts on their answers read them here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from curation.core import declare, files, taxonomies
from curation.core.declare import Document, declarations, doc
from curation.core.errors import ProjectError
from curation.core.records import PERSONAS

TASKS = "labeling/tasks"
GUIDELINES = "labeling/guidelines"
ADJUDICATION = "-adjudication"
"""What the name of a data set of disagreements ends with."""

MOST_GUIDELINE = 10_000
"""Characters that the server takes."""

Measure = Literal["nominal", "interval", "masi"]
Kind = Literal["label", "labels", "rating", "text", "spans"]
MEASURES: Mapping[str, Measure] = {"label": "nominal", "labels": "masi", "rating": "interval"}
"""How the agreement on a question of each kind is measured; on the other kinds it is not."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TASK = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Gate:
    """How well people have to agree before their answers decide what leaves."""

    alpha: float = doc("least Krippendorff's alpha")
    records: int = doc(
        "answered by two or more, below which agreement cannot be told and nothing is refused", default=20
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not -1 < self.alpha <= 1 or self.records < 2:
            raise ValueError("'alpha' must be above -1 and at most 1, and 'records' at least 2")


@dataclass(frozen=True)
class Question:
    """One question of a task."""

    name: str = doc("what stands in the annotation table")
    kind: Kind = doc("label: one of several; labels: several; rating: a number; text; spans: marked in the transcript")
    title: str = doc("what people read")
    about: str | None = doc("more of it, shown on request", default=None)
    required: bool = doc("can the record be submitted without it?", default=True)
    options: Mapping[str, str] = doc("of a label or span: what is stored, and what people read", default_factory=dict)
    taxonomy: str | None = doc("a set of schemas/taxonomies whose labels are offered, before `options`", default=None)
    leave_out: tuple[str, ...] = doc("labels of the taxonomy that are not offered", default=())
    low: int = doc("of a rating: the lowest number", default=1)
    high: int = doc("of a rating: the highest number", default=5)
    anchors: Mapping[str, str] = doc("of a rating: what a number stands for, by the number", default_factory=dict)
    visible: int | None = doc("labels shown before people ask for more", default=None)
    suggest: Literal["emotions", "evidence", "risk_level", "risk_flags", "transcript"] | None = doc(
        "what is filled in beforehand; `transcript` is the text to edit, which blind records have as well", default=None
    )
    gate: Gate | None = doc("agreement below which answers are not acted on", default=None)

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not _NAME.fullmatch(self.name):
            raise ValueError("'name' must be made of lower-case letters, digits and '_', and begin with a letter")
        if self.gate and self.kind not in MEASURES:
            raise ValueError(f"'gate' is for {', '.join(MEASURES)}: on {self.kind} agreement is not measured")
        if self.kind in ("label", "labels", "spans") and len(self.offered) < (1 if self.kind == "spans" else 2):
            raise ValueError(
                f"'options' (or a taxonomy) must offer what a question of the kind {self.kind} chooses from"
            )
        if self.kind == "rating":
            if not 0 <= self.low < self.high <= 10:
                raise ValueError("'low' and 'high' must lie between 0 and 10, low below high")
            for number in self.anchors:
                if number not in map(str, self.numbers):
                    raise ValueError(f"'anchors' has {number}, which the rating does not have")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of a rating."""
        return tuple(range(self.low, self.high + 1))

    @property
    def offered(self) -> dict[str, str]:
        """What can be chosen: stored value and what people read, in order."""
        found = {}
        if self.taxonomy:
            known = taxonomies.load(self.taxonomy)
            found = {label.id: label.label for label in known.labels if label.id not in self.leave_out}
        return found | dict(self.options)

    @property
    def measure(self) -> Measure | None:
        """How agreement on it is measured."""
        return MEASURES.get(self.kind)


FieldName = Literal["persona", "transcript", "prompt", "answer_a", "answer_b", "votes"]


@dataclass(frozen=True)
class Quotas:
    """At most so many records; what is not given has no limit."""

    source: int | None = doc("of one source", default=None)
    persona: int | None = doc("of one persona", default=None)


@dataclass(frozen=True)
class Task:
    """What people are asked about records of some kind."""

    task: str = doc("its name, also that of its file and of the data set on the server")
    title: str = doc("what it is for, in one line")
    guideline: str = doc("a file of labeling/guidelines, shown beside every record")
    fields: tuple[FieldName, ...] = doc("what people see of a record, in order")
    questions: tuple[Question, ...] = doc("what they are asked, in order")
    kinds: tuple[Literal["chat", "preference", "unpaired"], ...] = doc("records asked about", default=("chat",))
    personas: tuple[str, ...] = doc("voices asked about", default=PERSONAS)
    only: Literal["all", "free", "held"] = doc(
        "free: rows that no risk holds back, so that nobody meets them unprepared; held: those that wait for a person",
        default="free",
    )
    people: int = doc("answers that a record needs", default=2)
    rows: int = doc("records that the data set has in the end", default=200)
    by: Literal["uncertainty", "disagreement", "risk", "diversity", "random"] = doc(
        "which records come first", default="random"
    )
    most: Quotas = field(default_factory=Quotas, metadata={"doc": "quotas"})
    blind: float = doc("share that goes out without suggestions, to see what they do to answers", default=0.1)

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not _TASK.fullmatch(self.task) or self.task.endswith(ADJUDICATION):
            raise ValueError(
                "'task' must be made of lower-case letters, digits and '-', and not end with -adjudication"
            )
        if self.people < 1 or self.rows < 1 or not 0 <= self.blind <= 1:
            raise ValueError("'people' and 'rows' must be at least 1, 'blind' from 0 to 1")
        names = [question.name for question in self.questions]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"'questions' has two that are called {name}")
        if not any(question.required for question in self.questions):
            raise ValueError("'questions' must have at least one that is required")
        spans = [q for q in self.questions if q.kind == "spans"]
        if len(spans) > 1 or (spans and "transcript" not in self.fields):
            raise ValueError("'questions' may mark spans once, in the field transcript")
        for name in self.personas:
            if name not in PERSONAS:
                raise ValueError(f"'personas' has {name}, which is none of {', '.join(PERSONAS)}")

    def __getitem__(self, name: str) -> Question:
        return next(question for question in self.questions if question.name == name)

    def asks(self, name: str) -> bool:
        """Is there a question of this name?"""
        return any(question.name == name for question in self.questions)


def load(root: Path) -> dict[str, Task]:
    """The tasks of a project by name: those that come with the package, under those of the project.

    Raises:
        ProjectError: a task that is wrong, with file and line.
    """
    found: dict[str, Task] = {}
    for folder in dict.fromkeys((declarations() / TASKS, root / TASKS)):
        for path in files.yaml_in(folder):
            document = declare.load(path)
            task = declare.bind(Task, document)
            if task.task != path.stem:
                raise document.error(("task",), f"the task '{task.task}' must be in a file of that name", "rename one")
            _check_labels(task, document)
            found[task.task] = task
    return found


def one(root: Path, name: str) -> Task:
    """One task.

    Raises:
        ProjectError: there is no such task.
    """
    known = load(root)
    if name not in known:
        raise ProjectError(f"no task is called '{name}'", where=TASKS, fix=taxonomies.nearest(name, known))
    return known[name]


def guideline(root: Path, task: Task) -> str:
    """What annotators read beside every record: the project's file, else the package's.

    Raises:
        ProjectError: there is no such file, or it is longer than the server takes.
    """
    for folder in (root / GUIDELINES, declarations() / GUIDELINES):
        path = files.safe_join(folder, task.guideline)
        if path.is_file():
            with files.os_errors(path):
                text = path.read_text("utf-8")
            if len(text) > MOST_GUIDELINE:
                raise ProjectError(
                    f"the guideline has {len(text):,} characters; the server takes {MOST_GUIDELINE:,}",
                    where=f"{GUIDELINES}/{task.guideline}",
                    fix="shorten it, or link to a longer one",
                )
            return text
    raise ProjectError(
        f"the task '{task.task}' has no guideline", where=f"{GUIDELINES}/{task.guideline}", fix="write it"
    )


def _check_labels(task: Task, document: Document) -> None:
    for number, question in enumerate(task.questions):
        known = taxonomies.load(question.taxonomy).ids if question.taxonomy else ()
        for place, label in enumerate(question.leave_out):
            if label not in known:
                path = ("questions", number, "leave_out", place)
                raise document.error(
                    path, f"'{question.taxonomy}' has no label '{label}'", taxonomies.nearest(label, known)
                )
