"""The files of an export: canonical Parquet, JSON lines for trainers, and what was left out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core import files
from curation.core.records import RECORD_SCHEMA, TEXT_COLUMNS, TURN, as_dropped
from curation.core.store import View
from curation.export.amounts import phase_names
from curation.export.gates import Right
from curation.export.index import ALL_REASONS, Flags, Index
from curation.export.pairs import as_pairs
from curation.export.people import People, corrected
from curation.export.recipe import MixRecipe
from curation.export.take import Taken
from curation.export.trainers import Shape
from curation.export.views import COLUMNS, MESSAGE, SAID, render

Ints = npt.NDArray[np.int64]

GROUP_ROWS = 10_000
"""Rows of a Parquet row group: fixed, so that the bytes do not depend on how the tables are cut into parts."""

LEFT_OUT = "left_out.parquet"

_ENDS = [("persona", pa.string()), ("source", pa.string()), ("licence", pa.string()), ("language", pa.string())]

_PLACE = [
    ("portion", pa.string()), ("phase", pa.string()), ("epoch", pa.int32()), ("at", pa.float64()),
    ("n_turns", pa.int32()), ("n_tokens", pa.int32()), ("n_trained", pa.int32()),
]  # fmt: skip
"""Which portion and phase took the row, for the how-manieth time, where in the phase it belongs, from 0 to 1; its
turns, its tokens, and of these the ones that are learned."""


def schema(recipe: MixRecipe, tagged: bool) -> pa.Schema:
    """The columns of an export; `emotion` is there where a source of the mix is tagged."""
    fields: list[tuple[str, pa.DataType]] = [("id", pa.string())]
    if recipe.task == "sft":
        fields += [("messages", pa.list_(MESSAGE)), *_ENDS]
    else:
        fields += [(name, pa.list_(SAID)) for name in ("prompt", "chosen", "rejected")] + _ENDS
    fields += _PLACE + ([("rule", pa.string())] if recipe.pairs else [])
    return pa.schema(fields + ([("emotion", pa.list_(pa.string()))] if tagged else []))


@dataclass(frozen=True)
class Leaving:
    """The rows of one part that leave.

    Attributes:
        index: for each row its place in the index; a row that comes again is there again.
        taken: for each row its place among those taken.
        source: their source.
        rows: as they are written.
        replaced: what stands in their `pii` column, counted by label; None where the source has none.
    """

    index: Ints
    taken: Ints
    source: str
    rows: pa.Table
    replaced: Mapping[str, int] | None


def rows(
    index: Index,
    taken: Taken,
    recipe: MixRecipe,
    views: Mapping[str, View],
    rights: Mapping[str, Right],
    flag: Callable[[pa.Table], pa.BooleanArray],
    whole: pa.Schema,
    people: People,
) -> Iterator[Leaving]:
    """Second pass: the selected rows as they will leave, part by part, in the order of the index.

    Rows that the unconditional screen flags, as records or as views, are left out in the index and not given.
    """
    start = 0
    phases = pa.array(phase_names(recipe), pa.string())
    portions = pa.array(list(recipe.resolved), pa.string())
    for name in index.names:
        view = views[name]
        wanted = [c for c in (*COLUMNS, "meta", "pii") if c in view.columns]
        for part in sorted(view.parts):
            size = view.tables[0].parts[part].rows - sum(t.parts[part].dropped for t in view.tables[1:])
            low, high = np.searchsorted(taken.row, (start, start + size))
            first, start = start, start + size
            if low == high:
                continue
            chosen, again = np.unique(taken.row[low:high], return_inverse=True)
            records, _ = corrected(view.read(part, wanted).take(pa.array(chosen - first)), people)
            if recipe.pairs:
                records, _ = as_pairs(records, {})
            shown = render(records, recipe)
            bad = _true(flag(records)) | _true(flag(_as_records(records, shown)))
            index.leave_out(chosen[bad], "screen")
            kept = np.flatnonzero(~bad[again])
            again, places = pa.array(again[kept]), np.arange(low, high)[kept]
            records, shown = records.take(again), shown.take(again)
            at = taken.row[places]
            fixed = {
                "id": records.column("id"),
                "source": name,
                "licence": rights[name].licence,
                "portion": portions.take(pa.array(index.portion[at])),
                "phase": phases.take(pa.array(taken.phase[places])),
                "epoch": pa.array(taken.epoch[places], pa.int32()),
                "at": pa.array(taken.at[places]),
                **({"rule": records.column("rule")} if recipe.pairs else {}),
                "n_tokens": pa.array(index.total[at], pa.int32()),
                "n_trained": pa.array(index.trained[at], pa.int32()),
            }
            leaving = pa.table([_column(f, shown, fixed) for f in whole], schema=whole)
            yield Leaving(at, places, name, leaving, _replaced(records))


def _column(field: pa.Field, shown: pa.Table, fixed: Mapping[str, Any]) -> Any:
    if field.name in fixed:
        value = fixed[field.name]
        return pa.repeat(pa.scalar(value, field.type), len(shown)) if isinstance(value, str) else value
    return shown.column(field.name) if field.name in shown.column_names else pa.nulls(len(shown), field.type)


def _replaced(records: pa.Table) -> dict[str, int] | None:
    if "pii" not in records.column_names:
        return None
    counted = pc.value_counts(pc.struct_field(pc.list_flatten(records.column("pii")), "label")).to_pylist()
    return {row["values"]: row["counts"] for row in sorted(counted, key=lambda row: row["values"])}


def _true(flags: pa.BooleanArray | pa.ChunkedArray) -> Flags:
    return np.asarray(flags.fill_null(True).to_numpy(zero_copy_only=False), np.bool_)


def _as_records(records: pa.Table, shown: pa.Table) -> pa.Table:
    """The views in the columns of the record contract, as the screen reads them."""
    columns: dict[str, Any] = {"id": records.column("id")}
    columns |= {name: pa.nulls(len(records), RECORD_SCHEMA.field(name).type) for name in TEXT_COLUMNS}
    for name, column in (
        ("messages", "messages"),
        ("messages", "prompt"),
        ("chosen", "chosen"),
        ("rejected", "rejected"),
    ):
        if column in shown.column_names:
            lists = pa.concat_arrays(shown.column(column).chunks)
            turns = lists.flatten()
            have = {f.name for f in turns.type}
            fields = [turns.field(f.name) if f.name in have else pa.nulls(len(turns), f.type) for f in TURN]
            turns = pa.StructArray.from_arrays(fields, fields=list(TURN))
            columns[name] = pa.ListArray.from_arrays(lists.offsets, turns)
    return pa.table(columns)


class Sink:
    """One side of the split, written as Parquet and as JSON lines at once, in groups of a fixed size.

    Attributes:
        count: rows so far.
        files: the names of the files.
    """

    def __init__(self, folder: Path, side: str, whole: pa.Schema, lines: Mapping[str, Shape]) -> None:
        self.count = 0
        names = {name.format(side=side): shape for name, shape in lines.items()}
        self.files = (f"{side}.parquet", *names)
        self._whole = whole
        self._waiting: list[pa.Table] = []
        self._open = contextlib.ExitStack()
        # Whatever compresses best is decided here once: these bytes are what the manifest vouches for.
        self._table = self._open.enter_context(
            pq.ParquetWriter(folder / f"{side}.parquet", whole, compression="zstd", use_dictionary=False)
        )
        self._lines = [(self._open.enter_context((folder / name).open("wb")), shape) for name, shape in names.items()]

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush(1)
        self._open.close()

    def add(self, table: pa.Table) -> None:
        """Take rows; they are written when a group is full."""
        self.count += len(table)
        self._waiting.append(table)
        self._flush(GROUP_ROWS)

    def _flush(self, least: int) -> None:
        if sum(map(len, self._waiting)) < least:
            return
        table = pa.concat_tables(self._waiting)
        while len(table) >= least:
            group, table = table.slice(0, GROUP_ROWS).combine_chunks(), table.slice(GROUP_ROWS)
            self._table.write_table(group, row_group_size=GROUP_ROWS)
            for stream, shape in self._lines:
                _write_lines(shape(group), stream)
        self._waiting = [table]


def _write_lines(columns: Mapping[str, Any], stream: Any) -> None:
    import polars as pl

    frame = pl.from_arrow(pa.table(dict(columns)))
    assert isinstance(frame, pl.DataFrame)
    frame.write_ndjson(stream)


def write_left_out(folder: Path, index: Index) -> int:
    """The rows left out, as rows of `DROPPED_SCHEMA`: ids and reasons, never text. Returns how many."""
    gone = np.flatnonzero(~index.selected)
    ids = index.id.take(pa.array(gone))
    reasons = [ALL_REASONS[code] for code in index.reason[gone].tolist()]
    witness = [index.witness.get(row) for row in gone.tolist()]
    similarity = [index.similarity.get(row) for row in gone.tolist()]
    table = as_dropped(ids, "export", reasons, score=similarity, witness=witness)
    pq.write_table(table, folder / LEFT_OUT, compression="zstd", use_dictionary=["reason", "stage"])
    return len(table)


def describe(
    folder: Path, counts: Mapping[str, int], only: Iterable[str] | None = None
) -> dict[str, dict[str, int | str]]:
    """Digest, size and rows of each file of a folder, or of some; files without rows are given without."""
    found: dict[str, dict[str, int | str]] = {}
    paths = folder.iterdir() if only is None else (folder / name for name in only)
    for path in sorted(p for p in paths if p.is_file()):
        found[path.name] = {"sha256": files.sha256_file(path), "bytes": path.stat().st_size}
        if path.name in counts:
            found[path.name]["rows"] = counts[path.name]
    return found


def checksums(described: Mapping[str, Mapping[str, Any]]) -> bytes:
    """`SHA256SUMS` as `sha256sum --check` reads it."""
    return "".join(f"{entry['sha256']}  {name}\n" for name, entry in sorted(described.items())).encode()
