"""From source files to the published raw table: convert, screen, name, sort, write; in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files, records
from curation.core.adapter import Rows
from curation.core.annotations import Annotations
from curation.core.declare import plain
from curation.core.project import Project
from curation.core.records import DROPPED_SCHEMA, ORIGIN_SCHEMA, RECORD_SCHEMA, RECORD_VERSION
from curation.core.sources import MadeSource, Source
from curation.core.store import WHOLE, Part, Store, StoredTable, prefix_digits
from curation.methods import screen
from curation.pull import adapters
from curation.pull.chunks import Chunk
from curation.pull.columns import columns_of, with_identity
from curation.pull.dialogues import gather_chunks
from curation.pull.readers import read
from curation.pull.schema import schema_digest
from curation.pull.spill import Spill
from curation.pull.tombstones import Withdrawn, withdrawn

Progress = Callable[[int, int], None]
"""Told the rows done so far and how many there will be, 0 where that is not known."""

_PLACE = [
    pa.field("hash", pa.string()),
    pa.field("tie", pa.binary()),
    pa.field("file", pa.int32()),
    pa.field("row", pa.int64()),
]
_KEPT = pa.schema([*_PLACE, *adapters.CONVERTED_SCHEMA])
_GONE = pa.schema([*_PLACE, pa.field("stage", pa.string()), pa.field("reason", pa.string())])


@dataclass(frozen=True)
class DataFile:
    """A file to read: its name within the source, where it lies, the SHA-256 of its bytes, where it came from."""

    name: str
    path: Path
    sha256: str
    uri: str


@dataclass(frozen=True)
class Material:
    """What a source is made of at one moment.

    Attributes:
        files: the data files, by name.
        revision: commit, or digest over the contents.
        licence: the licence it is used under.
        identity: the source columns that ids are made of.
    """

    files: tuple[DataFile, ...]
    revision: str
    licence: str | None
    identity: tuple[str, ...]


def ingredients(project: Project, name: str, source: Source, material: Material) -> dict[str, Any]:
    """Everything that decides the raw table, as plain values."""
    forgotten = sorted(i for i in Annotations(project.root / "annotations").forgotten() if records.source_of(i) == name)
    return {
        "files": {f.name: f.sha256 for f in material.files},
        "adapter": plain(source.adapter),
        "identity": list(material.identity),
        "persona": source.persona,
        "licence": material.licence,
        "max_rows": source.max_rows,
        "part_rows": project.settings.part_rows,
        "screen": screen.VERSION,
        "adapters": adapters.VERSION,
        "record": RECORD_VERSION,
        "key": records.keyed(project.key, "fingerprint", name),
        "forgotten": files.digest(forgotten),
        **({"synthetic": source.synthetic} if isinstance(source, MadeSource) else {}),
    }


def raw_store(project: Project) -> Store:
    """The store of the tables with text that is not scrubbed."""
    return Store(project.raw / "tables")


def ingest(
    project: Project,
    name: str,
    source: Source,
    material: Material,
    progress: Progress = lambda done, total: None,
    confirm: Callable[[str], None] = lambda schema: None,
) -> StoredTable:
    """Bring the raw table of a source up to date and return it; no work if it is published already.

    The table `raw` holds the records; its dropped rows are those that became none, with the stage `pull` or
    `screen`. The table `origin`, published under the same key, says where each of all these rows was read; its
    `revision` is the first at which the files had these bytes. Where a row holds one turn, a conversation counts as
    one row, which stands where its first turn does.

    Args:
        project: the project.
        name: the source's name.
        source: its declaration.
        material: its files and what they may be used under.
        progress: told how far it is.
        confirm: called with the digest of the files' columns before anything is published; raises to refuse them.

    Raises:
        ProjectError: a file cannot be read or lacks a column.
    """
    store = raw_store(project)
    decided_by = ingredients(project, name, source, material)
    key = files.digest(decided_by)
    if found := store.find(name, "raw", key):
        confirm(found.manifest["ingredients"]["schema"])
        return found
    with Spill(project.raw) as kept:
        gone: list[pa.RecordBatch] = []
        schemas: dict[str, Mapping[str, str]] = {}

        def chunks(identity: tuple[str, ...], schemas: dict[str, Mapping[str, str]]) -> Iterator[tuple[int, Chunk]]:
            found = _chunks(source, replace(material, identity=identity), schemas)
            return gather_chunks(found, source.adapter, project.raw) if isinstance(source.adapter, Rows) else found

        back = withdrawn(project, name, material.identity, lambda old: chunks(old, {}))
        done = 0
        for index, chunk in chunks(material.identity, schemas):
            _take(project, name, source, material, index, chunk, back, kept, gone)
            done += len(chunk.rows) + len(chunk.broken)
            progress(done, 0)
        schema = schema_digest(schemas.values())
        confirm(schema)
        refused = pa.Table.from_batches(gone, _GONE).combine_chunks()
        raw, origin = _write_parts(project, name, material, kept, refused.take(pc.sort_indices(refused["hash"])))
    shared: dict[str, Any] = {"ingredients": {**decided_by, "schema": schema}, "rows_in": done}
    store.publish(name, "origin", key, origin, columns=ORIGIN_SCHEMA.names, **shared)
    return store.publish(name, "raw", key, raw, columns=RECORD_SCHEMA.names, **shared)


def _chunks(source: Source, material: Material, schemas: dict[str, Mapping[str, str]]) -> Iterator[tuple[int, Chunk]]:
    """The rows of all files, each chunk with the number of its file; fills in the files' schemas."""
    columns = with_identity(columns_of(source.adapter), material.identity)
    for index, file in enumerate(material.files):
        for chunk in read(file.path, columns, material.identity, max_rows=source.max_rows):
            schemas.setdefault(file.name, chunk.schema)
            yield index, chunk


def _take(
    project: Project,
    name: str,
    source: Source,
    material: Material,
    file: int,
    chunk: Chunk,
    back: Withdrawn,
    kept: Spill,
    gone: list[pa.RecordBatch],
) -> None:
    """One chunk's rows, converted and screened, on their way to the kept or the refused ones."""
    converted = adapters.convert(
        chunk.columns,
        source.adapter,
        persona=source.persona,
        licence=material.licence,
        key=project.key,
        source=name,
        synthetic=source.synthetic if isinstance(source, MadeSource) else None,
    )
    hashes = records.identity(project.key, chunk.identity.to_pylist())
    place = pa.RecordBatch.from_arrays(
        [
            pa.array(hashes, pa.string()),
            pa.array(_ties(project.key, chunk.rest), pa.binary()),
            pa.array(np.full(len(hashes), file, np.int32)),
            pa.array(chunk.rows),
        ],
        schema=pa.schema(_PLACE),
    )
    fine = converted.rejects.is_null()
    flagged = pc.fill_null(screen.flag(converted.records), False)
    fine_place = place.filter(fine)
    if flagged.true_count:
        screened = fine_place.filter(flagged)
        gone.append(_gone(screened, "screen", ["unconditional"] * len(screened)))
        clean = pc.invert(flagged)
        fine_place, converted_records = fine_place.filter(clean), converted.records.filter(clean)
    else:
        converted_records = converted.records
    forgotten = back.among(file, fine_place)
    if forgotten.true_count:
        gone.append(_gone(fine_place.filter(forgotten), "pull", ["forgotten"] * forgotten.true_count))
        clean = pc.invert(forgotten)
        fine_place, converted_records = fine_place.filter(clean), converted_records.filter(clean)
    kept.add(pa.RecordBatch.from_arrays([*fine_place.columns, *converted_records.columns], schema=_KEPT))
    if converted.rejects.null_count < len(converted.rejects):
        gone.append(_gone(place.filter(pc.invert(fine)), "pull", converted.rejects.drop_null()))
    if chunk.broken:
        digits = records.identity(project.key, [b.identity for b in chunk.broken])
        unread = pa.RecordBatch.from_arrays(
            [
                pa.array(digits),
                pa.array([b"%d" % b.row for b in chunk.broken]),
                pa.array(np.full(len(digits), file, np.int32)),
                pa.array([b.row for b in chunk.broken], pa.int64()),
            ],
            schema=pa.schema(_PLACE),
        )
        gone.append(_gone(unread, "pull", [b.reason for b in chunk.broken]))


def _ties(key: bytes, rest: pa.BinaryArray) -> list[bytes]:
    if not pc.sum(pc.binary_length(rest)).as_py():
        return [b""] * len(rest)
    return [hashlib.blake2b(row, digest_size=8, key=key).digest() for row in rest.to_pylist()]


def _gone(place: pa.RecordBatch, stage: str, reasons: Sequence[str] | pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [*place.columns, pa.repeat(stage, len(place)), pa.array(reasons, pa.string())], schema=_GONE
    )


def _write_parts(
    project: Project, name: str, material: Material, kept: Spill, gone: pa.Table
) -> tuple[dict[str, Part], dict[str, Part]]:
    """Name, sort and write the rows, one id prefix at a time: the parts of `raw` and those of `origin`."""
    digits = prefix_digits(kept.rows + len(gone), project.settings.part_rows)
    raw: dict[str, Part] = {}
    origin: dict[str, Part] = {}
    prefixes = pc.utf8_slice_codeunits(gone["hash"], 0, digits) if digits else None
    for number in range(16**digits):
        prefix = f"{number:0{digits}x}" if digits else ""
        rows = kept.part(prefix)
        refused = gone if prefixes is None else gone.filter(pc.equal(prefixes, prefix))
        if rows is None:
            if not len(refused):
                continue
            rows = _KEPT.empty_table()
        both = pa.concat_tables([rows.select([f.name for f in _PLACE]), refused.select([f.name for f in _PLACE])])
        ties = both["tie"].to_pylist()
        ids = records.number_occurrences(name, both["hash"].to_pylist(), ties.__getitem__)
        table = pa.table(
            [pa.array(ids[: len(rows)], pa.string()), *(rows[f.name] for f in adapters.CONVERTED_SCHEMA)],
            schema=RECORD_SCHEMA,
        )
        nothing = pa.nulls(len(refused))
        dropped = pa.table(
            [
                pa.array(ids[len(rows) :], pa.string()),
                refused["stage"],
                refused["reason"],
                nothing.cast(pa.float64()),
                nothing.cast(pa.string()),
            ],
            schema=DROPPED_SCHEMA,
        )
        file = both["file"].combine_chunks()
        where = pa.table(
            [
                pa.array(ids, pa.string()),
                pa.array([f.uri for f in material.files], pa.string()).take(file),
                pa.repeat(material.revision, len(ids)),
                pa.array([f.name for f in material.files], pa.string()).take(file),
                both["row"],
            ],
            schema=ORIGIN_SCHEMA,
        )
        store = raw_store(project)
        raw[prefix or WHOLE] = write_part(store, name, "raw", _sorted(table), _sorted(dropped))
        origin[prefix or WHOLE] = write_part(store, name, "origin", _sorted(where), records.empty_dropped())
    return raw, origin


def _sorted(table: pa.Table) -> pa.Table:
    """In id order; most parts are already, since they come in the order of their hashes."""
    ids = table["id"].combine_chunks()
    rising = len(ids) < 2 or pc.all(pc.less_equal(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py()
    return table.combine_chunks() if rising else table.combine_chunks().take(pc.sort_indices(ids))


def write_part(store: Store, name: str, step: str, table: pa.Table, dropped: pa.Table) -> Part:
    """Write a part, or find it: it is named by its content, so rows that did not change change no part."""
    columns = records.digests(table)
    key = files.digest([step, RECORD_VERSION, columns, records.digests(dropped)])
    folder = store.folder(name, step)
    return store.find_part(folder, key) or store.write_part(name, step, key, table, dropped, {}, columns)
