"""What must leave the raw side again, and whether what lies there is what was pulled."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.errors import CurateError
from curation.core.project import Project
from curation.core.records import ORIGIN_SCHEMA, RECORD_SCHEMA, as_dropped
from curation.pull.ingest import ingredients, raw_store, write_part
from curation.pull.pull import pinned


def without(project: Project, name: str, records: set[str]) -> list[str]:
    """Publish the raw table of a source anew without some records, as a pull after their tombstones would.

    Uses neither the network nor the source's files, which may be gone.

    Returns:
        `file, row` of the user's own files that still hold one of the records.
    """
    source, entry = project.sources.get(name), project.lock().sources.get(name)
    store = raw_store(project)
    old = store.find(name, "raw", entry.table) if entry else None
    origin = store.find(name, "origin", entry.table) if entry else None
    material = pinned(project, name, source, entry) if source and entry else None
    if source is None or entry is None or old is None or origin is None or material is None:
        return []
    gone = pa.array(sorted(records), pa.string())
    parts = {}
    own: list[str] = []
    for part in old.parts:
        table = old.read(part)
        back = pc.is_in(table["id"], value_set=gone)
        leaving = as_dropped(table["id"].filter(back).combine_chunks(), "pull", "forgotten")
        dropped = pa.concat_tables([old.read_dropped(part), leaving]).combine_chunks().sort_by("id")
        kept = table.filter(pc.invert(back)).combine_chunks()
        parts[part] = write_part(store, name, "raw", kept, dropped)
        places = origin.read(part)
        own += [
            f"{row['file']}, row {row['row']}"
            for row in places.filter(pc.is_in(places["id"], value_set=gone)).to_pylist()
            if row["uri"].startswith("file:")
        ]
    decided_by = ingredients(project, name, source, material)
    key = files.digest(decided_by)
    about = {"ingredients": {**decided_by, "schema": entry.schema}, "rows_in": old.manifest["rows_in"]}
    store.publish(name, "origin", key, origin.parts, columns=ORIGIN_SCHEMA.names, **about)
    made = store.publish(name, "raw", key, parts, columns=RECORD_SCHEMA.names, **about)
    pinned_anew = type(entry)(**{**vars(entry), "rows": made.rows, "table": key})
    project.lock().with_entry(name, pinned_anew).write(project.lock_path)
    return own


def verify_downloads(project: Project) -> Iterator[str]:
    """The path, relative to the project, of every downloaded file that is not what was pulled."""
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
