"""`curate review learn`: what people's answers become for scrub and for the taggers. Joins review with clean."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii import entries_file
from curation.clean.pii.entries import Entry
from curation.clean.pii.finding import LABELS
from curation.commands.pipeline import call, context, row_of, tables
from curation.core import files, taxonomies
from curation.core.annotations import Annotations
from curation.core.app import App, pass_app
from curation.core.engine import run_batches
from curation.core.project import Project
from curation.core.records import RECORD_SCHEMA, keyed, source_of
from curation.core.stage import Step
from curation.core.store import View
from curation.core.ui import count
from curation.methods import tasks
from curation.review import learn as learning
from curation.review.answers import MISSED, WRONG
from curation.review.learn import Mark

FOLDER = "review/training"
EMOTIONS = "goemotions28"
HELD_OUT = 0.2
"""Share of conversations that go to dev: all turns of one on the same side."""


@click.command()
@click.option("--apply", is_flag=True, help="Add the proposed entries to scrub.yaml.")
@pass_app
def learn(app: App, apply: bool) -> None:
    """Make of people's answers what scrub and the taggers can learn.

    Personal data that was missed becomes a deny entry for the project, what
    was replaced and is none an allow entry for its record: proposed, and added
    with --apply, as keyed digests. Emotions and ratings become training sets
    in data/review/training. Nothing else learns from people.
    """
    project = app.project
    answers = Annotations(project.root / "annotations").standing()
    sources = tuple(sorted({source_of(a.record) for a in answers} & set(project.sources)))
    views = app.bring("tagged", sources) if sources else {}
    rows = _rows(views, {a.record for a in answers})
    missed, stale = learning.marks(answers, rows, MISSED, project.key)
    wrong, more = learning.marks(answers, rows, WRONG, project.key)
    proposed, unclear = _entries(project, missed, wrong, rows)
    with project.writing():
        new = entries_file.add(project, proposed) if apply and proposed else 0
        sets = _write_sets(project, answers, rows)
    labels = Counter(f"{entry.kind} {entry.label or 'any'}" for entry in proposed)
    if app.ui.json:
        app.ui.emit(
            {"proposed": dict(labels), "added": new, "stale": stale + more, "unclear": unclear, "training": sets}
        )
        return
    for name, number in sorted(labels.items()):
        app.ui.out(f"{name:<20} {number}")
    if stale + more:
        app.ui.say(f"{count(stale + more, 'mark')} about texts that have changed since: left out")
    if unclear:
        app.ui.say(f"{count(unclear, 'mark')} that cannot become an entry (too long, no word, no place): left out")
    for name, number in sets.items():
        app.ui.say(f"data/{FOLDER}/{name}: {count(number, 'example')}")
    if apply:
        app.ui.say(f"{new} entries added to {entries_file.FILE}; next: curate run; curate scrub check; curate gc")
    elif proposed:
        app.ui.say(f"proposed entries: {len(proposed)}; to add them: curate review learn --apply")


def _rows(views: Mapping[str, View], wanted: set[str]) -> dict[str, dict[str, Any]]:
    ids = pa.array(sorted(wanted), pa.string())
    found: dict[str, dict[str, Any]] = {}
    for view in views.values():
        columns = [c for c in ("messages", "chosen", "rejected", "pii") if c in view.columns]
        for table in view.batches(columns):
            found.update(
                (row["id"], row) for row in table.filter(pc.is_in(table.column("id"), value_set=ids)).to_pylist()
            )
    return found


def _entries(
    project: Project, missed: Sequence[Mark], wrong: Sequence[Mark], rows: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Entry], int]:
    """Entries, keyed, each once; and how many marks cannot become one."""
    found: dict[Entry, None] = {}
    unclear = 0
    for mark in missed:
        entry = _entry(project, "deny", mark.label if mark.label in LABELS else None, mark.text, "project")
        unclear += entry is None
        if entry:
            found[entry] = None
    for mark in wrong:
        before = _replaced(project, mark, rows[mark.record])
        unclear += not before
        for label, value in before:
            # What is harmless here can be somebody's name elsewhere.
            entry = _entry(project, "allow", label, value, f"conversation:{mark.record}")
            if entry:
                found[entry] = None
    return list(found), unclear


def _entry(project: Project, kind: Any, label: str | None, value: str, scope: str) -> Entry | None:
    try:
        return Entry(kind, label=label, value=value.strip(), scope=scope).hidden(project.key)
    except ValueError:
        return None


def _replaced(project: Project, mark: Mark, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The label and the value of what was replaced at a mark, from the text that came to scrub."""
    places = [
        one
        for one in row.get("pii") or ()
        if one["column"] == mark.column
        and one["turn"] == mark.turn
        and one["new_start"] < mark.end
        and mark.start < one["new_end"]
    ]
    texts = _before_scrub(project, mark.record) if places else None
    if texts is None or mark.column not in texts:
        return []
    turn = texts[mark.column][mark.turn]["content"]
    return [(one["label"], turn[one["start"] : one["end"]]) for one in places]


def _before_scrub(project: Project, record: str) -> dict[str, Any] | None:
    """The texts of a record as scrub gets them: tidied, nothing replaced."""
    source = source_of(record)
    found = tables(project, source)
    raw = row_of(found[0], record) if found else None
    if raw is None:
        return None
    table = pa.Table.from_pylist([{name: raw.get(name) for name in RECORD_SCHEMA.names}], schema=RECORD_SCHEMA)
    kept, _, _ = run_batches(Step("tidied", (call(project, "normalise"),)), table, context(project, source), 1)
    return {**raw, **kept.to_pylist()[0]} if len(kept) else None


def _write_sets(project: Project, answers: Sequence[Any], rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Training sets: emotions in the form of GoEmotions, as the fitting of taggers reads it; ratings as JSON lines."""
    known = tasks.load(project.root)
    folder = project.data / FOLDER
    written: dict[str, int] = {}
    if "emotion" in known and (lessons := learning.emotions(answers, rows, known["emotion"], project.key)):
        labels = taxonomies.load(EMOTIONS).ids
        files.write_bytes(folder / "emotion" / "emotions.txt", "".join(f"{label}\n" for label in labels).encode())
        for side in ("train", "dev"):
            lines = [
                f"{_one_line(lesson.text)}\t{','.join(str(labels.index(name)) for name in lesson.labels)}\t"
                f"{lesson.record}#{lesson.turn}\n"
                for lesson in lessons
                if (_share(project, lesson.record) < HELD_OUT) == (side == "dev")
            ]
            files.write_bytes(folder / "emotion" / f"{side}.tsv", "".join(lines).encode())
            written[f"emotion/{side}.tsv"] = len(lines)
    if "eq" in known and (rated := learning.ratings(answers, rows, known["eq"])):
        lines = [
            json.dumps(
                {"id": r.record, "messages": [{k: t[k] for k in ("role", "content")} for t in r.messages],
                 "ratings": dict(r.ratings), "people": r.people},
                ensure_ascii=False,
            )
            for r in rated
        ]  # fmt: skip
        files.write_bytes(folder / "empathy.jsonl", "".join(line + "\n" for line in lines).encode())
        written["empathy.jsonl"] = len(rated)
    return written


def _share(project: Project, record: str) -> float:
    return int(keyed(project.key, "review-dev", record)[:8], 16) / 2**32


def _one_line(text: str) -> str:
    return " ".join(text.split())
