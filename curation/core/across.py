"""Run a step that sees the rows of every source at once, and publish what it says of each as a table of that source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.engine import Engine, broken, guarded
from curation.core.pool import Pool
from curation.core.stage import Output, Step, require_step
from curation.core.store import WHOLE, StoredTable, View


@dataclass(frozen=True)
class Rows:
    """What a project stage sees of one source."""

    view: View

    def batches(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """All rows, part by part in id order: `id` and the columns."""
        return self.view.batches(columns)

    def take(self, ids: pa.Array, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows of some ids, part by part in id order; parts that hold none of them are not read.

        Args:
            ids: sorted record ids of this source.
            columns: what is read besides `id`.
        """
        digits = pc.list_element(pc.split_pattern(ids, ":"), 1)
        for part in self.view.parts:
            wanted = ids if part == WHOLE else ids.filter(pc.starts_with(digits, part))
            if len(wanted):
                rows = self.view.read(part, columns)
                yield rows.filter(pc.is_in(rows.column("id"), value_set=wanted))


Run = Callable[[Mapping[str, Rows], Mapping[str, Rows], object, int, Pool | None], Mapping[str, Output]]
"""(sources, what the last run of the same step with the same spec published, spec, workers, pool) -> for each source
its Output. How many workers there are here, and whether there is a pool of others, may change no result."""


def key(step: Step, views: Mapping[str, View]) -> str:
    """What decides the tables that `run` would publish; costs no work on rows."""
    rows = {name: {part: view.digest(part, step.reads) for part in view.parts} for name, view in views.items()}
    return files.digest({"step": step.name, "ingredients": step.ingredients(), "sources": rows})


def find(engine: Engine, step: Step, views: Mapping[str, View]) -> dict[str, StoredTable] | None:
    """The tables, by source, if they are published already."""
    whole = key(step, views)
    found = {name: engine.store.find(name, step.name, files.digest([whole, name])) for name in views}
    tables = {name: table for name, table in found.items() if table is not None}
    return tables if len(tables) == len(views) else None


def run(engine: Engine, step: Step, views: Mapping[str, View]) -> dict[str, StoredTable]:
    """Bring the tables of a step over all sources up to date and return them.

    The stage gets what its last run published, to save work; its result may not depend on that.

    Raises:
        MissingError: an extra the step needs is not installed; found before any work.
        CurateError: the stage failed; no table was published.
    """
    if found := find(engine, step, views):
        return found
    require_step((step,))
    (call,) = step.calls
    sources = {name: Rows(view) for name, view in sorted(views.items())}
    before = {name: Rows(View((table,))) for name, table in _previous(engine, step, views).items()}
    stage = cast(Run, call.stage.run)
    few = sum(view.rows for view in views.values()) < engine.pool_rows
    pool = None if few else engine.pool
    outputs = guarded(call, lambda: stage(sources, before, call.spec, engine.workers, pool))
    if set(outputs) != set(views):
        raise broken(call, "lost or added a source")
    whole = key(step, views)
    parts = {name: engine.cut(step, views[name], name, output) for name, output in sorted(outputs.items())}
    return {
        name: engine.store.publish(
            name,
            step.name,
            files.digest([whole, name]),
            parts[name],
            columns=("id", *step.writes),
            ingredients=step.ingredients(),
            rows_in=views[name].rows,
            across={"key": whole, "sources": sorted(views)},
        )
        for name in sorted(views)
    }


def _previous(engine: Engine, step: Step, views: Mapping[str, View]) -> dict[str, StoredTable]:
    """The tables of the last whole run with the same ingredients, of whatever sources; none if there is no such run."""
    wanted = step.ingredients()
    for path in _newest(engine, step, views):
        document = files.read_sealed(path)
        if document["ingredients"] != wanted or "across" not in document:
            continue
        whole, names = document["across"]["key"], document["across"]["sources"]
        found = {name: engine.store.find(name, step.name, files.digest([whole, name])) for name in names}
        tables = {name: table for name, table in found.items() if table is not None}
        if len(tables) == len(names):
            return tables
    return {}


def _newest(engine: Engine, step: Step, views: Mapping[str, View]) -> list[Path]:
    found = [path for name in views for path in engine.store.folder(name, step.name).glob("*.json")]
    return sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p.name))
