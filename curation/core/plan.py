"""Before any work: which tables are up to date, which would be made anew, and what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curation.core.engine import Engine
from curation.core.stage import Context, Step
from curation.core.store import StoredTable, View

State = Literal["fresh", "stale", "waiting"]

_LONG = 60
"""Characters above which a list of a spec is counted instead of shown."""


@dataclass(frozen=True)
class Node:
    """One step over one source.

    Attributes:
        state: fresh (nothing to do), stale (would run), waiting (a table before it is stale, so what it would
            cost is known only afterwards; parts that come out equal are not computed again).
        why: for a stale table, what changed since the last one, most important first.
        rows: rows that would be computed; for a waiting node the rows of its last table.
        table: the published table of a fresh node.
    """

    source: str
    step: Step
    state: State
    why: tuple[str, ...]
    rows: int
    table: StoredTable | None = None


def plan(engine: Engine, raw: StoredTable, steps: Sequence[Step], context: Context) -> list[Node]:
    """The steps of one source over its raw table, none of them run."""
    nodes: list[Node] = []
    view: View | None = View((raw,))
    for step in steps:
        last = latest(engine, context.source, step.name)
        if view is None:
            nodes.append(
                Node(
                    context.source,
                    step,
                    "waiting",
                    ("a step before it runs first",),
                    last.manifest["rows_in"] if last else raw.rows,
                )
            )
            continue
        table = engine.find(step, view, context)
        if table is not None:
            nodes.append(Node(context.source, step, "fresh", (), 0, table))
            view = extend(view, step, table)
            continue
        missing = engine.missing_parts(step, view, context)
        rows = sum(view.tables[0].parts[name].rows for name in missing)
        now = step.over(context.source, view.parts).ingredients()
        why = changes(last.manifest["ingredients"], now) if last else ["never run"]
        nodes.append(Node(context.source, step, "stale", tuple(why or ["its rows changed"]), rows))
        view = None
    return nodes


def extend(view: View, step: Step, table: StoredTable) -> View:
    """The view after a step. A step that starts the public side leaves the raw table behind."""
    return View((table,)) if view.tables[0].manifest["step"] == "raw" else view.over(table)


def latest(engine: Engine, source: str, step: str) -> StoredTable | None:
    """The table of a step that was published last, by file time: only used to say what changed since."""
    found = sorted(engine.store.folder(source, step).glob("*.json"), key=lambda p: (p.stat().st_mtime_ns, p.name))
    return engine.store.find(source, step, found[-1].stem) if found else None


def changes(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    """What differs between the ingredients of two runs of a step, in words."""
    before = {item["stage"]: item for item in old}
    said: list[str] = []
    for item in new:
        name = item["stage"]
        if name not in before:
            said.append(f"{name}: new stage")
            continue
        was = before[name]
        if was["version"] != item["version"]:
            said.append(f"{name}: version {was['version']} -> {item['version']}")
        for what in ("libraries", "models"):
            said += [
                f"{key} {was[what].get(key, 'absent')} -> {value}"
                for key, value in item[what].items()
                if was[what].get(key) != value
            ]
        said += [
            f"{name}.{key}: {_told(was['spec'].get(key))} -> {_told(value)}"
            for key, value in item["spec"].items()
            if was["spec"].get(key) != value
        ]
    said += [f"{name}: stage removed" for name in before if name not in {item["stage"] for item in new}]
    return said


def _told(value: Any) -> str:
    """A parameter in a word; of a long list how many it holds."""
    text = json.dumps(value)
    return f"{len(value)} of them" if isinstance(value, list) and len(text) > _LONG else text
