"""Data files as batches of the columns that are needed: Parquet, JSON lines, JSON arrays, CSV and TSV.

Every row of a file comes out once, in a batch or among its broken rows. Only a file that cannot be read at all, or
that lacks a column, is an error.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from curation.core.errors import ProjectError
from curation.core.files import os_errors
from curation.pull.chunks import BATCH_BYTES, BATCH_ROWS, Broken, Chunk, need
from curation.pull.columns import Column, column_at
from curation.pull.identity import identity_bytes
from curation.pull.json_rows import read_json

SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")

_LONGEST_CELL = 64 << 20

# Text shrinks to a tenth, rarely to a hundredth; what unpacks to more than this many times its size is a bomb.
_PARQUET_RATIO = 1000


def read(
    path: Path, columns: Sequence[Column], identity: Sequence[str], *, max_rows: int | None = None
) -> Iterator[Chunk]:
    """The rows of a data file, batch after batch, in bounded memory (a JSON array is loaded whole).

    Args:
        path: the file; its suffix names the format.
        columns: what to read; holds the identity columns.
        identity: names of the columns that ids are made of.
        max_rows: stop after so many rows.

    Raises:
        ProjectError: no such file, a format that is not known, a column that is not there, or bytes that are no
            file of this format.
    """
    suffix = path.suffix.lower()
    with os_errors(path):
        if suffix == ".parquet":
            yield from _parquet(path, columns, identity, max_rows)
            return
        if suffix not in SUFFIXES:
            raise ProjectError(
                f"'{suffix}' is not a format that can be read", where=path.name, fix=f"formats: {', '.join(SUFFIXES)}"
            )
        check_encoding(path)
        if suffix in (".csv", ".tsv"):
            yield from _csv(path, "\t" if suffix == ".tsv" else ",", columns, identity, max_rows)
        else:
            yield from read_json(path, columns, identity, max_rows)


def check_encoding(path: Path) -> None:
    """Refuse UTF-16 and files whose bytes belie their suffix.

    Raises:
        ProjectError: with the mend.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ProjectError("the file is UTF-16, not UTF-8", where=path.name, fix="save it as UTF-8")
    if start == b"PAR1" or start[:2] in (b"PK", b"\x1f\x8b"):
        raise ProjectError(
            "the content of the file does not fit its suffix",
            where=path.name,
            fix=f"unpack or rename it; formats: {', '.join(SUFFIXES)}",
        )


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file, unless it says of itself that it unpacks to a multiple that no text does.

    Raises:
        ProjectError: no Parquet file, or a bomb.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise ProjectError("this is no Parquet file, or a damaged one", where=path.name) from None
    size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    if size > max(BATCH_BYTES, _PARQUET_RATIO * path.stat().st_size):
        raise ProjectError(
            f"the Parquet file unpacks to more than {_PARQUET_RATIO:,} times its size",
            where=path.name,
            fix="if it is meant to be so, write it anew without compression",
        )
    return file


def _parquet(path: Path, columns: Sequence[Column], identity: Sequence[str], max_rows: int | None) -> Iterator[Chunk]:
    file = open_parquet(path)
    schema = {field.name: str(field.type) for field in file.schema_arrow}
    # A path that leads through structs to nothing is missing; what JSON text holds is seen row by row.
    have = {c.name: place for c in columns if (place := _place(file.schema_arrow, c)) is not None}
    need(columns, [*have, *schema], path.name)
    others = [c.name for c in columns if c.name not in identity]
    size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    rows = min(BATCH_ROWS, max(64, BATCH_BYTES * file.metadata.num_rows // max(size, 1)))
    done = 0
    try:
        for batch in file.iter_batches(batch_size=rows, columns=[*set(have.values())], use_threads=False):
            batch = batch if max_rows is None else batch.slice(0, max_rows - done)
            places = np.arange(done, done + len(batch))
            done += len(batch)
            fine = _valid_rows(batch)
            broken = tuple(Broken(int(row), "broken_text", b"%d" % row) for row in places[~fine])
            if broken:
                batch, places = batch.filter(pa.array(fine)), places[fine]
            arrays = [column_at(batch, c.name) for c in columns]
            batch = pa.RecordBatch.from_arrays(arrays, names=[c.name for c in columns])
            own = identity_bytes([batch.column(n) for n in identity])
            rest = identity_bytes([batch.column(n) for n in others]) if others else pa.repeat(b"", len(batch))
            yield Chunk(places, batch, own, rest, broken, schema)
            if max_rows is not None and done >= max_rows:
                return
    except MemoryError:  # Arrow's own is one, too; the file may be sound
        raise
    except (pa.ArrowException, OSError):
        raise ProjectError(
            f"the Parquet file is damaged after row {done}", where=path.name, fix="fetch it again"
        ) from None


def _place(schema: pa.Schema, column: Column) -> str | None:
    """What to read of a file for a column: its name, the path of a field in a struct, or the text it stands in."""
    if column.name in schema.names:
        return column.name
    keys = column.name.split(".")
    if len(keys) < 2 or keys[0] not in schema.names:
        return None
    kind = schema.field(schema.names.index(keys[0])).type
    for key in keys[1:]:
        if not pa.types.is_struct(kind):
            return keys[0]
        if key not in kind.names:
            return None
        kind = kind.field(kind.names.index(key)).type
    return column.name


def _valid_rows(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    """Rows whose text is UTF-8 and whose nesting is sound."""
    fine = np.ones(len(batch), bool)
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        for row in range(len(batch)):
            try:
                batch.take(pa.array([row])).validate(full=True)
            except pa.ArrowInvalid:
                fine[row] = False
    return fine


def _csv(
    path: Path, delimiter: str, columns: Sequence[Column], identity: Sequence[str], max_rows: int | None
) -> Iterator[Chunk]:
    # Python's limit on a cell, 131,072 characters, is below what real answers need.
    csv.field_size_limit(_LONGEST_CELL)
    # A byte that is no UTF-8 must cost its row only: it comes through as a surrogate and is found below.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        lines = csv.reader(stream, delimiter=delimiter)
        try:
            header = next(lines, None)
            if header is None:
                raise ProjectError("the file is empty: there is not even a header", where=path.name)
            need([c for c in columns if c.name in header or c.root not in header], header, path.name)
            rows = islice((line for line in lines if line), max_rows)
            start = 0
            while batch := _csv_rows(rows):
                yield _csv_chunk(batch, start, header, columns, identity)
                start += len(batch)
        except csv.Error:
            raise ProjectError(
                f"not well-formed {path.suffix[1:].upper()} near line {lines.line_num}",
                where=path.name,
                fix="look for a quotation mark that is not closed",
            ) from None


def _csv_rows(rows: Iterator[list[str]]) -> list[list[str]]:
    batch, size = [], 0
    for row in rows:
        batch.append(row)
        size += sum(map(len, row))
        if len(batch) == BATCH_ROWS or size > BATCH_BYTES:
            break
    return batch


def _csv_chunk(
    batch: list[list[str]], start: int, header: list[str], columns: Sequence[Column], identity: Sequence[str]
) -> Chunk:
    good, places, whole, broken = [], [], [], []
    for place, row in enumerate(batch, start):
        raw = "\x1f".join(row).encode("utf-8", "surrogateescape")
        try:
            if len(row) != len(header):
                broken.append(Broken(place, "wrong_columns", raw))
                continue
            raw.decode()
        except UnicodeDecodeError:
            broken.append(Broken(place, "broken_text", raw))
            continue
        good.append(row)
        places.append(place)
        whole.append(raw)
    wanted = dict.fromkeys(c.name if c.name in header else c.root for c in columns)
    cells = {n: pa.array([row[header.index(n)] for row in good], pa.string()) for n in wanted if n in header}
    found = pa.RecordBatch.from_pydict(cells) if cells else pa.RecordBatch.from_pylist([{}] * len(good))
    table = pa.RecordBatch.from_arrays([column_at(found, c.name) for c in columns], names=[c.name for c in columns])
    return Chunk(
        np.array(places, np.int64),
        table,
        identity_bytes([table.column(n) for n in identity]),
        pa.array(whole, pa.binary()),
        tuple(broken),
        dict.fromkeys(header, "string"),
    )
