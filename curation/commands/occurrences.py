"""Where withdrawn rows stand: in every table of every step, live or not, in answers, exports and adapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core import files
from curation.core.annotations import HASH_DIGITS, Annotations
from curation.core.errors import CurateError
from curation.core.project import Project
from curation.core.records import prefix_of, source_of


@dataclass
class Occurrences:
    """Rows and where they stand.

    Attributes:
        hashes: the hashes of the rows.
        ids: every id that bears one of them.
        elsewhere: ids of other rows, in other sources, whose text is the same.
    """

    hashes: set[str]
    ids: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)


def find(project: Project, hashes: Iterable[str]) -> Occurrences:
    """Every occurrence of rows, and of the rows of their sources that have the same text (`exact_dup` folds them).

    Tables are read as files, whatever manifests say: what is stale, unfinished or damaged in part still holds rows.
    """
    found = Occurrences(set(hashes))
    texts: dict[str, set[str]] = {}
    size = -1
    # A twin has occurrences and twins of its own.
    while size < (size := len(found.hashes) + sum(map(len, texts.values()))):
        found.elsewhere = set()
        wanted = pa.array(sorted(found.hashes), pa.string())
        everywhere = pa.array(sorted(set().union(*texts.values())), pa.string())
        for source, table in _tables(project):
            digits = _hashes(source, table)
            hit = pc.is_in(digits, value_set=wanted)
            if "text_digest" in table.column_names:
                same = pc.is_in(table["text_digest"], value_set=everywhere)
                found.elsewhere |= set(table["id"].filter(same).to_pylist())
                own = pa.array(sorted(texts.get(source, ())), pa.string())
                hit = pc.or_(hit, pc.is_in(table["text_digest"], value_set=own))
                texts.setdefault(source, set()).update(table["text_digest"].filter(hit).drop_null().to_pylist())
            found.ids |= set(table["id"].filter(hit).to_pylist())
            found.hashes |= set(digits.filter(hit).to_pylist())
    found.elsewhere -= found.ids
    return found


def _hashes(source: str, table: pa.Table) -> pa.ChunkedArray:
    return pc.utf8_slice_codeunits(table["id"], len(source) + 1, len(source) + 1 + HASH_DIGITS)


def of_source(project: Project, name: str) -> set[str]:
    """The hashes of all rows that a source ever had here, as far as anything still tells."""
    found = {r for r in answered(project) if source_of(r) == name}
    found |= {r for r in Annotations(project.root / "annotations").forgotten() if source_of(r) == name}
    hashes = {prefix_of(r, HASH_DIGITS) for r in found}
    for source, table in _tables(project):
        if source == name:
            hashes |= set(pc.unique(_hashes(source, table)).to_pylist())
    return hashes


def answered(project: Project) -> set[str]:
    """The records that somebody answered a question about; none where the answers are damaged."""
    try:
        return {a.record for a in Annotations(project.root / "annotations").history()}
    except CurateError:
        return set()


def _tables(project: Project) -> Iterator[tuple[str, pa.Table]]:
    """The source of each part of any table that can be read, with its `id` and, where it has one, `text_digest`."""
    for root in (project.raw / "tables", project.data / "tables"):
        for path in sorted(root.glob("*/*/parts/*.parquet")):
            table = _columns(path, "id", "text_digest")
            if table is not None and "id" in table.column_names:
                yield path.parts[-4], table


def _columns(path: Path, *names: str) -> pa.Table | None:
    try:
        file = pq.ParquetFile(path)
        return file.read(columns=[n for n in names if n in file.schema_arrow.names])
    except (pa.ArrowException, OSError):
        return None


def identities(project: Project, sources: set[str]) -> dict[str, set[tuple[str, ...]]]:
    """For each source the lists of columns that ids were made of, as the lock and the raw tables tell."""
    found = {n: {e.identity} for n, e in project.lock().sources.items() if n in sources}
    for name in sources:
        for path in (project.raw / "tables" / name / "raw").glob("*.json"):
            try:
                columns = files.read_sealed(path)["ingredients"]["identity"]
            except CurateError:
                continue
            found.setdefault(name, set()).add(tuple(columns))
    return found


def left_in(project: Project, hashes: set[str]) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """How many of the rows each export has and each adapter learned from; and files of these that cannot be read."""
    from curation.export.export import SIDES, exports
    from curation.train.ledger import FILE as LEDGER

    had: dict[str, int] = {}
    learned: dict[str, int] = {}
    unread: list[str] = []
    places = [(had, folder, folder / f"{side}.parquet", "id") for folder in exports(project) for side in SIDES]
    root = project.data / "adapters"
    places += [(learned, path.parent, path, "row") for path in sorted(root.glob(f"*/*/{LEDGER}"))]
    for counts, folder, path, column in places:
        if not path.exists():
            continue
        table = _columns(path, column)
        if table is None or column not in table.column_names:
            unread.append(str(path.relative_to(project.root)))
            continue
        rows = sum(prefix_of(r, HASH_DIGITS) in hashes for r in pc.unique(table[column]).to_pylist())
        if rows:
            name = str(folder.relative_to(project.root if counts is had else root))
            counts[name] = counts.get(name, 0) + rows
    return had, learned, unread
