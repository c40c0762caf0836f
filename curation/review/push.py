"""Records to people: new ones as chosen, those that are shown already as they are now. Answers are never touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.core.annotations import Annotations
from curation.core.errors import GateError
from curation.core.project import Project
from curation.core.records import source_of
from curation.core.store import View
from curation.methods import hold, screen
from curation.methods.standing import disputed
from curation.methods.tasks import Task
from curation.review import choosing, items, pull
from curation.review.seam import Desk, Item, Shown


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        added: records that are new there.
        changed: records whose text is another than the one shown before.
        refreshed: records whose suggestions or facts are others.
        same: records that are as they were.
        gone: records shown that no table has any more; they stay, with their answers.
        removed: records taken away, for they were withdrawn, or their text may be nowhere.
        pulled: answers taken over before texts were changed.
        blind: of the new ones, those without suggestions.
        short: how many are missing to what the task wants.
    """

    added: int
    changed: int
    refreshed: int
    same: int
    gone: int
    removed: int
    pulled: int
    blind: int
    short: int

    def told(self) -> str:
        """What a person reads of it."""
        said = [f"{self.added} new ({self.blind} blind)" if self.blind else f"{self.added} new"]
        said += [
            f"{number} {what}"
            for number, what in (
                (self.changed, "with another text"),
                (self.refreshed, "brought up to date"),
                (self.same, "as they were"),
                (self.gone, "in no table any more, kept there"),
                (self.removed, "taken away"),
                (self.pulled, "answers pulled first"),
                (self.short, "fewer than wanted: no more fit"),
            )
            if number
        ]
        return ", ".join(said)


def push(
    desk: Desk, project: Project, task: Task, guideline: str, views: Mapping[str, View], notes: Annotations
) -> Pushed:
    """Show the records of a task. Call it under the project's lock.

    Raises:
        GateError: rows of a source are not scrubbed; nothing was shown.
        ProjectError: the data set there asks something else than the task.
    """
    _check_scrubbed(views)
    there = {shown.item.id: shown for shown in desk.items(task.task)}
    # Before anything changes there: what people said about the texts that they saw.
    pulled = pull.take(there.values(), task, task.task, notes, project.key)
    gone = notes.tombstones()
    known = choosing.Known(
        project.key,
        project.settings.risk,
        hold.released(notes),
        frozenset(there),
        disputed(notes),
        lambda record: record in gone,
    )
    chosen = {one.id: one.score for one in choosing.choose(views, task, known)}
    rows, forbidden = _rows(views, {*there, *chosen})
    if not rows and not there:
        # Nothing to ask about: an empty data set would only puzzle people.
        return Pushed(0, 0, 0, 0, 0, 0, 0, 0, task.rows)
    desk.open(task, task.task, guideline)
    now = desk.now()
    work = [
        _renewed(there.get(record), _built(project.key, task, row, there.get(record), chosen.get(record, 0.0)), now)
        for record, row in rows.items()
    ]
    desk.put(task.task, [item for kind, item in work if kind != "same"])
    removed = desk.remove(task.task, [record for record in there if record in gone or record in forbidden])
    kinds = [kind for kind, _ in work]
    return Pushed(
        kinds.count("added"),
        kinds.count("changed"),
        kinds.count("refreshed"),
        kinds.count("same"),
        sum(r not in rows and r not in gone and r not in forbidden and source_of(r) in views for r in there),
        removed,
        pulled.written,
        sum(item.metadata["blind"] == "yes" for kind, item in work if kind == "added"),
        max(task.rows - len(there) - kinds.count("added"), 0),
    )


def _check_scrubbed(views: Mapping[str, View]) -> None:
    for name, view in views.items():
        if "pii" not in view.columns:
            raise GateError(
                f"the rows of '{name}' are not scrubbed, so nobody may read them", fix=f"curate clean {name}"
            )


def _rows(views: Mapping[str, View], wanted: set[str]) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """The rows of these ids, in id order; and the ids among them of rows that may exist nowhere."""
    ids = pa.array(sorted(wanted), pa.string())
    found: dict[str, dict[str, Any]] = {}
    forbidden: set[str] = set()
    for name in sorted({source_of(record) for record in wanted} & set(views)):
        view = views[name]
        columns = [c for c in items.COLUMNS if c in view.columns]
        for part in sorted(view.parts):
            table = view.read(part, columns)
            table = table.filter(pc.is_in(table.column("id"), value_set=ids))
            flags = screen.flag(table)
            forbidden.update(table.column("id").filter(flags).to_pylist())
            found.update((row["id"], row) for row in table.filter(pc.invert(flags)).to_pylist())
    return found, forbidden


def _built(key: bytes, task: Task, row: Mapping[str, Any], shown: Shown | None, score: float) -> Item:
    """The item of a row. How A and B were drawn and whether it is blind stays as people saw it."""
    old = shown.item.metadata if shown else {}
    return items.build(
        key,
        task,
        row,
        priority=float(old.get("priority", score)),
        order=str(old["order"]) if "order" in old else None,
        blind=old["blind"] == "yes" if "blind" in old else None,
    )


def _renewed(shown: Shown | None, item: Item, now: str) -> tuple[str, Item]:
    """What becomes of an item: it is new, its text changed, what is said of it changed, or nothing did."""
    if shown is None:
        return "added", items.stamped(item, now)
    old = shown.item
    if old.metadata.get("version") != item.metadata["version"]:
        return "changed", items.stamped(item, now)
    fresh = items.stamped(item, str(old.metadata.get("changed", now)))
    said, before = (
        (dict(i.fields), dict(i.metadata), {name: (s.value, s.agent) for name, s in i.suggestions.items()})
        for i in (fresh, old)
    )
    return "same" if said == before else "refreshed", fresh
