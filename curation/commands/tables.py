"""Tables as polars frames, for `curation.open(...)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from curation.commands.pipeline import context, every_table, taken, with_needs
from curation.core import declare
from curation.core.engine import run_batches
from curation.core.errors import CurateError, ProjectError
from curation.core.project import Project
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import REGISTRY, Call, Step, require_step
from curation.core.store import Store, StoredTable, View

KINDS = ("raw", "origin", "dropped", "records", "tagged")


def read(project: Project, table: str, source: str | None) -> pl.DataFrame:
    """The rows of a table; see `curation.OpenProject.read`."""
    if table not in KINDS:
        raise ProjectError(f"no table is called '{table}'", fix=f"tables: {', '.join(KINDS)}")
    pieces: list[pa.Table] = []
    every = every_table(project)
    for name in project.enabled((source,) if source else ()):
        found = every[name]
        if isinstance(found, CurateError):
            raise found
        wanted = taken(project, name, table) if table in ("records", "tagged") else ()
        steps = [str(t.manifest["step"]) for t in found]
        ready = bool(found) and set(wanted) <= set(steps)
        if source and not ready:
            raise ProjectError(f"'{name}' is not up to date as far as '{table}'", fix=f"curate run {name}")
        if ready:
            pieces += _pieces(project, name, table, found, wanted)
    frames = [frame for piece in pieces if isinstance(frame := pl.from_arrow(piece), pl.DataFrame)]
    return pl.concat(frames) if frames else pl.DataFrame()


def _pieces(
    project: Project, name: str, table: str, found: list[StoredTable], wanted: tuple[str, ...]
) -> Iterator[pa.Table]:
    if table == "dropped":
        yield from (t.read_dropped(part) for t in found for part in t.parts)
    elif table == "origin":
        origin = Store(project.raw / "tables").find(name, "origin", found[0].key)
        yield from (origin.read(part) for part in origin.parts) if origin else ()
    else:
        of_steps = ("raw",) if table == "raw" else wanted
        view = View(tuple(t for t in found if t.manifest["step"] in of_steps))
        yield from view.batches()


def run_stage(project: Project, stage: str, frame: pl.DataFrame, parameters: Mapping[str, Any]) -> pl.DataFrame:
    """One row stage on a frame; see `curation.OpenProject.run_stage`."""
    if stage not in REGISTRY or REGISTRY[stage].shape != "row":
        known = ", ".join(sorted(name for name, s in REGISTRY.items() if s.shape == "row"))
        raise ProjectError(f"no row stage is called '{stage}'", fix=f"stages: {known}")
    *before, chosen = with_needs(project, stage, (*RECORD_SCHEMA.names, *frame.columns))
    if parameters:
        given = {**declare.plain(chosen.spec), **declare.plain(parameters)}
        chosen = Call(chosen.stage, declare.bind(chosen.stage.spec, declare.Document(given, name=stage)))
    step = Step("notebook", (*before, chosen))
    require_step((step,))
    kept, _, _ = run_batches(step, _as_records(frame), context(project, "notebook"), project.settings.batch_rows)
    made = pl.from_arrow(kept)
    assert isinstance(made, pl.DataFrame)
    rest = frame.select([c for c in frame.columns if c == "id" or c not in made.columns])
    return rest.join(made, on="id", how="inner", maintain_order="left")


def _as_records(frame: pl.DataFrame) -> pa.Table:
    """A frame in the contract's types; columns that a record has and the frame lacks are null.

    Raises:
        ProjectError: `id` or `messages` is missing, or a column has another type than a record's.
    """
    for name in ("id", "messages"):
        if name not in frame.columns:
            raise ProjectError(
                f"the frame has no column '{name}'", fix="take a frame of records, as project.read() gives it"
            )
    table = frame.to_arrow()
    columns = {}
    for f in RECORD_SCHEMA:
        try:
            there = f.name in table.column_names
            columns[f.name] = table.column(f.name).cast(f.type) if there else pa.nulls(len(table), f.type)
        except (pa.ArrowException, TypeError):
            raise ProjectError(
                f"the column '{f.name}' of the frame is not of the type that a record has",
                where=f"{table.schema.field(f.name).type}"[:200],
                fix=f"make it {f.type}",
            ) from None
    extra = {name: table.column(name) for name in table.column_names if name not in columns}
    return pa.table({**columns, **extra})
