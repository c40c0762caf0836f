"""Run a step over a view: part by part, on a pool of workers, never twice."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.errors import CurateError, ProjectError
from curation.core.pool import Pool, Processes
from curation.core.records import DROPPED_SCHEMA, RECORD_SCHEMA, digests, empty_dropped
from curation.core.redact import describe
from curation.core.stage import REGISTRY, Call, Context, Output, Step, require_step
from curation.core.store import Part, Store, StoredTable, View

Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Engine:
    """How stages are run. Nothing here may change a result.

    Attributes:
        store: where tables are published.
        workers: processes; 1 runs in this one.
        batch_rows: rows that a row stage sees at a time.
        pool_rows: below this many rows to do, starting workers costs more than it brings: done in this process.
        pool: the workers; processes of this machine by default.
    """

    store: Store
    workers: int = 1
    batch_rows: int = 1000
    pool_rows: int = 20_000
    pool: Pool | None = None

    def key(self, step: Step, view: View, context: Context) -> str:
        """The key of the table that `run` would publish; costs no work on rows."""
        return files.digest({"step": step.name, "parts": self._part_keys(step, view, context)})

    def find(self, step: Step, view: View, context: Context) -> StoredTable | None:
        """The table, if it is already published."""
        return self.store.find(context.source, step.name, self.key(step, view, context))

    def missing_parts(self, step: Step, view: View, context: Context) -> list[str]:
        """The parts that `run` would have to compute."""
        folder = self.store.folder(context.source, step.name)
        keys = self._part_keys(step, view, context)
        return [name for name, key in keys.items() if step.shape == "corpus" or not self.store.has_part(folder, key)]

    def run(self, step: Step, view: View, context: Context, progress: Progress | None = None) -> StoredTable:
        """Bring the table of a step up to date and return it. Parts that exist are not computed again.

        Raises:
            MissingError: an extra the step needs is not installed; found before any work.
            CurateError: a stage failed; nothing was published, finished parts are kept for the next run.
        """
        if found := self.find(step, view, context):
            return found
        require_step((step,))
        if step.shape == "corpus":
            parts = self._run_corpus(step, view, context)
        else:
            parts = self._run_rows(step, view, context, progress or (lambda done, total: None))
        return self.store.publish(
            context.source,
            step.name,
            self.key(step, view, context),
            parts,
            columns=("id", *step.writes),
            ingredients=step.over(context.source, view.parts).ingredients(),
            rows_in=view.rows,
        )

    def _part_keys(self, step: Step, view: View, context: Context) -> dict[str, str]:
        known: list[tuple[Step, str]] = []  # parts mostly share what decides them
        keys = {}
        for part in view.parts:
            narrowed = step.over(context.source, (part,))
            decided_by = next((digest for same, digest in known if same == narrowed), None)
            if decided_by is None:
                decided_by = files.digest([narrowed.ingredients(), context.source])
                known.append((narrowed, decided_by))
            keys[part] = _part_key(decided_by, view, part, step)
        return keys

    def _run_rows(self, step: Step, view: View, context: Context, progress: Progress) -> dict[str, Part]:
        keys = self._part_keys(step, view, context)
        folder = self.store.folder(context.source, step.name)
        parts = {name: self.store.find_part(folder, key) for name, key in keys.items()}
        missing = [name for name, part in parts.items() if part is None]
        jobs = [
            _Job(
                self.store,
                _portable(step.over(context.source, (name,))),
                view.only(name),
                context,
                name,
                keys[name],
                self.batch_rows,
            )
            for name in missing
        ]
        few = sum(view.tables[0].parts[name].rows for name in missing) < self.pool_rows
        pool = Processes(1) if few else self.pool or Processes(self.workers)
        done = len(keys) - len(jobs)
        for place, part in pool.each(_do, jobs):
            parts[missing[place]] = part
            done += 1
            progress(done, len(keys))
        return {name: part for name, part in parts.items() if part is not None}

    def _run_corpus(self, step: Step, view: View, context: Context) -> dict[str, Part]:
        step = step.over(context.source, view.parts)
        (call,) = step.calls
        output = guarded(call, lambda: call.stage.run(lambda: view.batches(step.reads), call.spec, context))
        return self.cut(step, view, context.source, output)

    def cut(self, step: Step, view: View, source: str, output: Output) -> dict[str, Part]:
        """Cut what a stage made of a whole source into the parts of its view; equal parts are not written again."""
        (call,) = step.calls
        kept = output.kept if isinstance(output.kept, pa.Table) else pa.Table.from_batches([output.kept])
        parts = {}
        start = start_dropped = 0
        # Both tables are in id order, as the parts are: each part's rows are one run of them.
        dropped = output.dropped.sort_by("id")
        first = True
        for name in view.parts:
            rows = len(view.read(name, []))
            gone = _run_length(dropped, start_dropped, name)
            piece = kept.slice(start, rows - gone).combine_chunks()
            piece_dropped = dropped.slice(start_dropped, gone).combine_chunks()
            start, start_dropped = start + rows - gone, start_dropped + gone
            columns = digests(piece)
            notes = output.notes if first else {}
            key = files.digest(
                [step.ingredients(), view.digest(name, step.reads), columns, digests(piece_dropped), dict(notes)]
            )
            parts[name] = self.store.find_part(self.store.folder(source, step.name), key) or self.store.write_part(
                source, step.name, key, piece, piece_dropped, notes, columns
            )
            first = False
        if start != len(kept) or start_dropped != len(dropped):
            raise broken(call, "lost or added rows")
        return parts


def _part_key(decided_by: str, view: View, part: str, step: Step) -> str:
    return files.digest([decided_by, view.digest(part, step.reads)])


def _run_length(dropped: pa.Table, start: int, part: str) -> int:
    if part == "all":
        return len(dropped) - start
    ids = dropped.column("id")
    count = 0
    while start + count < len(ids) and ids[start + count].as_py().partition(":")[2].startswith(part):
        count += 1
    return count


@dataclass(frozen=True)
class _Portable:
    """A step as names: a stage holds functions, which another process finds by importing their module."""

    name: str
    calls: tuple[tuple[str, str, object], ...]
    carry: tuple[str, ...]


@dataclass(frozen=True)
class _Job:
    """One part to compute; small enough to send to another process."""

    store: Store
    step: _Portable
    view: View
    context: Context
    part: str
    key: str
    batch_rows: int


def _portable(step: Step) -> _Portable:
    return _Portable(step.name, tuple((c.stage.name, c.stage.run.__module__, c.spec) for c in step.calls), step.carry)


def _revive(step: _Portable) -> Step:
    for name, module, _ in step.calls:
        if name not in REGISTRY:
            importlib.import_module(module)
    return Step(step.name, tuple(Call(REGISTRY[name], spec) for name, _, spec in step.calls), step.carry)


def _do(job: _Job) -> Part:
    step, source = _revive(job.step), job.context.source
    if job.key != _part_key(files.digest([step.ingredients(), source]), job.view, job.part, step):
        # On another machine the result would carry the name of what this machine's libraries and models make.
        raise ProjectError(
            f"a worker has other libraries or models for '{step.name}' than the machine that sends it work",
            fix="install the same versions everywhere: pip install -c constraints.txt",
        )
    # A worker that died may have finished it: a part counts from its seal on, whether or not the worker could say so.
    if found := job.store.find_part(job.store.folder(source, step.name), job.key):
        return found
    table, dropped, notes = run_batches(step, job.view.read(job.part, step.reads), job.context, job.batch_rows)
    return job.store.write_part(source, step.name, job.key, table, dropped, notes)


def run_batches(
    step: Step, table: pa.Table, context: Context, batch_rows: int
) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    """Run a pass of row stages over a table in memory.

    Args:
        step: row stages, in order.
        table: `id` and the columns the pass reads.
        context: project key and source.
        batch_rows: rows at a time; the result does not depend on it.

    Returns:
        The kept rows (`id` and written columns), the dropped ones, and the summed notes.
    """
    outputs = [_run_chain(step, batch, context) for batch in table.to_batches(max_chunksize=batch_rows)]
    notes: dict[str, int] = {}
    for _, _, more in outputs:
        for name, count in more.items():
            notes[name] = notes.get(name, 0) + count
    schema = pa.schema([pa.field("id", pa.string()), *(pa.field(c, column_type(step, c)) for c in step.writes)])
    kept = pa.concat_tables([schema.empty_table(), *(k for k, _, _ in outputs)]).combine_chunks()
    dropped = pa.concat_tables([empty_dropped(), *(d for _, d, _ in outputs)]).combine_chunks()
    return kept, dropped.sort_by("id"), notes


def column_type(step: Step, column: str) -> pa.DataType:
    """The Arrow type of a column that a step writes: its stage's own, or the record contract's."""
    for call in reversed(step.calls):
        if column in call.stage.types:
            return call.stage.types[column]
    return RECORD_SCHEMA.field(column).type


def _run_chain(step: Step, batch: pa.RecordBatch, context: Context) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    rows = pa.Table.from_batches([batch])
    dropped: list[pa.Table] = []
    notes: dict[str, int] = {}
    for call in step.calls:
        chunk = rows.combine_chunks().to_batches()
        if not chunk:
            break
        output = guarded(call, functools.partial(call.stage.run, chunk[0], call.spec, context))
        if output.kept.num_rows + output.dropped.num_rows != len(rows):
            raise broken(call, "lost or added rows")
        kept = output.kept if isinstance(output.kept, pa.Table) else pa.Table.from_batches([output.kept])
        rows = _merge(rows, kept)
        dropped.append(output.dropped)
        for name, count in output.notes.items():
            if count:
                notes[f"{call.stage.name}.{name}"] = count
    have = [c for c in ("id", *step.writes) if c in rows.column_names]
    table = rows.select(have)
    for column in step.writes:
        if column not in have:
            table = table.append_column(column, pa.nulls(len(rows), column_type(step, column)))
    table = table.select(["id", *step.writes]).cast(
        pa.schema([pa.field("id", pa.string()), *(pa.field(c, column_type(step, c)) for c in step.writes)])
    )
    return table, pa.concat_tables([empty_dropped(), *dropped]).cast(DROPPED_SCHEMA), notes


def _merge(rows: pa.Table, kept: pa.Table) -> pa.Table:
    """The rows that are left, with the columns a stage wrote laid over them."""
    if len(kept) != len(rows):
        rows = rows.filter(pc.is_in(rows.column("id"), value_set=kept.column("id").combine_chunks()))
    for name in kept.column_names:
        if name == "id":
            continue
        index = rows.schema.get_field_index(name)
        column = kept.column(name)
        rows = rows.append_column(name, column) if index < 0 else rows.set_column(index, name, column)
    return rows


def guarded(call: Call, run: Callable[[], T]) -> T:
    """What a stage gives back; an error of its own bugs says where, and never what the rows said."""
    try:
        return run()
    except (CurateError, MemoryError):
        raise
    except Exception as error:
        # The message of a foreign error may quote a row; its type and place may not.
        place = describe(error)
        raise CurateError(
            f"the stage '{call.stage.name}' failed: {type(error).__name__}",
            where=place[-1] if place else None,
            fix="this is a bug of curate, or of a recogniser you added; nothing was published",
        ) from None


def broken(call: Call, how: str) -> CurateError:
    """The error of a stage that broke its contract."""
    return CurateError(
        f"the stage '{call.stage.name}' {how}; nothing was published",
        fix="rows in must equal rows kept plus rows dropped: this is a bug of the stage",
    )
