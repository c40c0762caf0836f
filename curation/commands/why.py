"""`curate why ID`: what happened to a record, and why, from its file to the adapters that learned from it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import pyarrow.compute as pc

from curation.commands.pipeline import drop_of, missing, part_of, row_of, tables
from curation.core.annotations import Annotations, Answer
from curation.core.app import App, pass_app
from curation.core.project import Project
from curation.core.records import source_of
from curation.core.store import Store, StoredTable, View
from curation.methods import hold, standing
from curation.methods.text_version import version_of

_MOST = 5
"""So many near-duplicates are named."""


@click.command()
@click.argument("record", metavar="ID")
@pass_app
def why(app: App, record: str) -> None:
    """Tell the story of one record: where it was read, what each stage did with
    it, what people said, and which exports and adapters had it."""  # noqa: D205, D209
    story = tell(app.project, record)
    if app.ui.json:
        app.ui.emit({"id": record, "story": [{"step": step, "what": what} for step, what in story]})
        return
    for step, what in story:
        app.ui.out(f"{step:<10} {what}")


def tell(project: Project, record: str) -> list[tuple[str, str]]:
    """The story as (step, what happened) lines.

    Raises:
        ProjectError: there is no such record.
    """
    annotations = Annotations(project.root / "annotations")
    found = tables(project, source_of(record))
    known = found and (row_of(found[0], record) or drop_of(found[0], record))
    withdrawn = record in annotations.tombstones()
    if not known and not withdrawn:
        raise missing("is called", record)
    story = [("read", _origin(project, found[0], record))] if known else []
    alive = not withdrawn
    for table in found if known else ():
        dropped = drop_of(table, record)
        step = str(table.manifest["step"])
        if dropped:
            witness = f"; kept in its place: {dropped['witness']}" if dropped["witness"] else ""
            story.append((step, f"dropped by {dropped['stage']}: {reason(dropped)}{witness}"))
            alive = False
            break
        story.append((step, _kept(table, record)))
    if withdrawn:
        story.append(("forgotten", "removed for good by curate forget; it cannot come back"))
    if alive:
        story += [
            ("folded in", f"{twin} was the same text and is folded into this one") for twin in _folded(found, record)
        ]
    story += _people(project, record, annotations.standing(), found)
    if alive and found and _waits(project, found, record, annotations):
        story.append(("risk", f"in no mix until a person lets it go: curate review answer {record} risk release"))
    story += _after(project, record, alive)
    return story


def _people(project: Project, record: str, answers: list[Answer], found: list[StoredTable]) -> list[tuple[str, str]]:
    """What people said of a record, by pseudonym, and what it comes to where several did."""
    own = [a for a in answers if a.record == record]
    now = _version(project, found, record)
    story = [("people", _said(a, now)) for a in sorted(own, key=lambda a: a.key) if a.value is not None]
    for question in standing.ACTED_ON:
        verdict = standing.verdicts(own, question).get(record)
        if verdict is not None and verdict.votes > 1:
            value = "nothing: nobody has decided yet" if verdict.value is None else verdict.value
            story.append(("people", f"{question} of {verdict.votes} comes to {value} ({verdict.how})"))
    return story


def _version(project: Project, found: list[StoredTable], record: str) -> str | None:
    for table in reversed(found[1:]):
        row = row_of(table, record)
        if row is not None and "messages" in row:
            return version_of(project.key, row)
    return None


def _said(answer: Answer, now: str | None) -> str:
    about = answer.about or {}
    value = answer.value
    if isinstance(value, list) and value and isinstance(value[0], dict):
        kind = "turns" if "content" in value[0] else "spans"
        value = f"{len(value)} {kind}"
    elif isinstance(value, dict) and "text" in value:
        value = "a text that has no turns"
    notes = [answer.annotator, answer.status]
    if answer.dataset != standing.TERMINAL:
        notes.append(f"in {answer.dataset}")
    if about.get("same"):
        notes.append("as suggested")
    if "flag" in about:
        notes.append(
            {"unchanged": "edited nothing", "changed": "edited all the same"}.get(about["flag"], about["flag"])
        )
    if about.get("version") and now is not None and about["version"] != now:
        notes.append("about an earlier text")
    return f"{answer.question}: {value} ({', '.join(notes)})"


def _waits(project: Project, found: list[StoredTable], record: str, annotations: Annotations) -> bool:
    part = part_of(found[-1], record)
    if len(found) < 2 or part is None:
        return False
    view = View(tuple(found[1:]))
    rows = view.read(part, ["id", *(c for c in hold.COLUMNS if c in view.columns)])
    rows = rows.filter(pc.equal(rows.column("id"), record))
    return bool(hold.waiting(rows, project.settings.risk, hold.released(annotations)).any())


def _origin(project: Project, raw: StoredTable, record: str) -> str:
    origin = Store(project.raw / "tables").find(source_of(record), "origin", raw.key)
    row = row_of(origin, record) if origin else None
    if row is None:
        return "origin unknown"
    revision = f" at {row['revision'][:12]}" if row["revision"] else ""
    # Stored from 0; people count from 1.
    return f"{row['uri']}{revision}, file {row['file']}, row {row['row'] + 1}" + _made(raw, record)


def _made(raw: StoredTable, record: str) -> str:
    """How a row that nobody wrote was made: variation and seed, and the model where one spoke."""
    row = row_of(raw, record) or {}
    if not row.get("synthetic"):
        return ""
    said = {item["key"]: item["value"] for item in row["meta"] or ()}
    about = [f"{name} {said[name]}" for name in ("variation", "seed", "model", "prompt") if name in said]
    return "; ".join((f" (made by {row['synthetic']}", *about)) + ")"


def _kept(table: StoredTable, record: str) -> str:
    row = row_of(table, record) or {}
    said = []
    if row.get("language"):
        said.append(f"language {row['language']}")
    if row.get("pii"):
        said.append("replaced " + ", ".join(f"{n} {label}" for label, n in replaced(row["pii"])))
    if row.get("emotion"):
        labels = sorted({label for turn in row["emotion"]["turns"] for label in turn["labels"] or []})
        said.append(("emotions " + ", ".join(labels)) if labels else "no emotion above its threshold")
    if row.get("risk"):
        said.append(hold.told(row["risk"]))
    if row.get("duplicate") and row["duplicate"]["cluster"]:
        said.append(f"{near_duplicates(row['duplicate'])}; their cluster begins with {row['duplicate']['cluster']}")
    return "kept" + (f" ({'; '.join(said)})" if said else "")


def near_duplicates(duplicate: dict[str, Any]) -> str:
    """The near-duplicates of a record, the most similar first."""
    near = sorted(duplicate["near"], key=lambda one: (-one["similarity"], one["id"]))
    said = [f"{one['id']} ({one['kind']}, {one['similarity']:.3f})" for one in near[:_MOST]]
    more = f" and {len(near) - _MOST} more" if len(near) > _MOST else ""
    return f"near-duplicates: {', '.join(said) or 'others of the same words'}{more}"


def reason(dropped: dict[str, Any]) -> str:
    """Why a stage dropped a record, with what it measured, if it did."""
    measured = "" if dropped["score"] is None else f" (measured {dropped['score']:.6g})"
    return f"{dropped['reason']}{measured}"


def replaced(audit: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """How many places of a record were replaced, by label."""
    return sorted(Counter(one["label"] for one in audit).items())


def _folded(found: list[StoredTable], record: str) -> list[str]:
    twins: list[str] = []
    for table in found:
        for part, info in table.parts.items():
            if info.dropped:
                dropped = table.read_dropped(part)
                twins += dropped.filter(pc.equal(dropped.column("witness"), record)).column("id").to_pylist()
    return twins


def _after(project: Project, record: str, alive: bool) -> list[tuple[str, str]]:
    from curation.export.export import exports_with, left_out
    from curation.train.adapters import adapters_with

    story = [("export", f"in {path}") for path in exports_with(project, record)]
    if alive:
        story += [("export", f"left out of {mix}: {reason}") for mix, reason in left_out(project, record)]
    story += [("train", f"learned by {path}") for path in adapters_with(project.data / "adapters", record)]
    return story
