"""What must leave the raw side again, and whether what lies there is what was pulled."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.annotations import HASH_DIGITS
from curation.core.errors import CurateError, IntegrityError
from curation.core.project import Project
from curation.core.records import ORIGIN_SCHEMA, RECORD_SCHEMA, as_dropped
from curation.pull.ingest import ingredients, raw_store, write_part
from curation.pull.pull import pinned, raw_table
from curation.pull.tombstones import FILE, lost, tombstones


def without(project: Project, name: str) -> None:
    """Publish the raw table of a source anew without its withdrawn rows, as a pull after their tombstones would.

    Uses neither the network nor the source's files, which may be gone. Does nothing where the files or the adapter
    have changed since the last pull: the next one reads them again.
    """
    source, entry = project.sources.get(name), project.lock().sources.get(name)
    store = raw_store(project)
    old = store.find(name, "raw", entry.table) if entry else None
    origin = store.find(name, "origin", entry.table) if entry else None
    material = pinned(project, name, source, entry) if source and entry else None
    if source is None or entry is None or old is None or origin is None or material is None:
        return
    decided_by = ingredients(project, name, source, material)
    if _but_for_tombstones(decided_by) != _but_for_tombstones(old.manifest["ingredients"]):
        return
    gone = pa.array(sorted(tombstones(project).hashes), pa.string())
    parts = {}
    for part in old.parts:
        table = old.read(part)
        back = pc.is_in(_hashes(name, table["id"]), value_set=gone)
        leaving = as_dropped(table["id"].filter(back).combine_chunks(), "pull", "forgotten")
        dropped = pa.concat_tables([old.read_dropped(part), leaving]).combine_chunks().sort_by("id")
        kept = table.filter(pc.invert(back)).combine_chunks()
        parts[part] = write_part(store, name, "raw", kept, dropped)
    key = files.digest(decided_by)
    about = {"ingredients": {**decided_by, "schema": entry.schema}, "rows_in": old.manifest["rows_in"]}
    store.publish(name, "origin", key, origin.parts, columns=ORIGIN_SCHEMA.names, **about)
    made = store.publish(name, "raw", key, parts, columns=RECORD_SCHEMA.names, **about)
    pinned_anew = dataclasses.replace(entry, rows=made.rows, table=key)
    project.lock().with_entry(name, pinned_anew).write(project.lock_path)


def _but_for_tombstones(decided_by: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in decided_by.items() if k not in ("forgotten", "schema")}


def _hashes(name: str, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    start = len(name) + 1
    return pc.utf8_slice_codeunits(ids, start, start + HASH_DIGITS)


def still_held(project: Project, name: str, hashes: set[str]) -> list[tuple[str, str, int]]:
    """(id, file, row) of the user's own files that hold rows with these hashes, as the last pull read them."""
    source = project.sources.get(name)
    raw = raw_table(project, name, source) if source else None
    origin = raw_store(project).find(name, "origin", raw.key) if raw else None
    gone = pa.array(sorted(hashes), pa.string())
    held: list[tuple[str, str, int]] = []
    if origin is None:
        return held
    for part in origin.parts:
        places = origin.read(part)
        rows = places.filter(pc.is_in(_hashes(name, places["id"]), value_set=gone)).to_pylist()
        held += [(row["id"], row["file"], row["row"]) for row in rows if row["uri"].startswith("file:")]
    return held


def verify_downloads(project: Project) -> Iterator[str]:
    """The path, relative to the project, of every downloaded file that is not what was pulled.

    And of the list of withdrawn rows, where it is damaged or shorter than the lock says.
    """
    try:
        if lost(project):
            yield FILE
    except IntegrityError:
        yield FILE
    folder = project.raw / "downloads"
    for note in sorted([*folder.glob("*/*.json"), *project.raw.glob("hashes.json")]):
        try:
            document = files.read_sealed(note)
        except CurateError:
            yield str(note.relative_to(project.root))
            continue
        for name, known in document["files"].items() if note.parent != project.raw else ():
            path = note.with_suffix("") / name
            if known.get("verified") and path.exists() and files.sha256_file(path) != known["verified"]:
                yield str(path.relative_to(project.root))
    for name, entry in project.lock().sources.items():
        for file, sha256 in entry.files.items():
            path = folder / name / file
            if path.is_file() and files.sha256_file(path) != sha256:
                yield str(path.relative_to(project.root))
