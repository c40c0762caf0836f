"""Steps that see the rows of every source at once: what they get, whether they are up to date, where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curation.core import across
from curation.core.engine import Engine
from curation.core.plan import Node, changes, latest
from curation.core.stage import Step
from curation.core.store import StoredTable, View


def own(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that see one source at a time, in order: they never wait for another source."""
    return tuple(step for step in steps if step.shape != "project")


def place(step: Step, steps: Sequence[Step]) -> int:
    """How many steps of a source's own stand before a step over all sources: what it sees of each source."""
    return len(own(steps[: [s.name for s in steps].index(step.name)]))


def laid(view: View, table: StoredTable, position: int) -> View:
    """A view with a table over its first tables, under the others."""
    return View((*view.tables[:position], table, *view.tables[position:]))


def grounds(planned: Mapping[str, Sequence[Node]], position: int) -> dict[str, View]:
    """What a step over all sources sees: the sources whose own steps before it are up to date."""
    found = {}
    for name, nodes in planned.items():
        tables = [node.table for node in nodes[:position] if node.table is not None]
        if len(tables) == position:
            found[name] = View(tuple(tables))
    return found


def nodes(
    engine: Engine, step: Step, views: Mapping[str, View], planned: Mapping[str, Sequence[Node]]
) -> dict[str, Node]:
    """For each planned source the state of its table of a step over all sources; nothing is done."""
    found = across.find(engine, step, views) if views else {}
    made = {}
    for name, own_nodes in planned.items():
        last = latest(engine, name, step.name)
        if name not in views:
            rows = own_nodes[-1].rows if own_nodes else 0
            made[name] = Node(name, step, "waiting", ("a step before it runs first",), rows)
        elif found:
            made[name] = Node(name, step, "fresh", (), 0, found[name])
        else:
            why = changes(last.manifest["ingredients"], step.ingredients()) if last else ["never run"]
            rows = views[name].rows
            made[name] = Node(name, step, "stale", tuple(why or ["its rows, or another source's, changed"]), rows)
    return made
