"""Content-addressed tables: Parquet parts and a manifest, named by the hash of everything that decided them.

    <root>/<source>/<step>/<key>.json                    the manifest: which parts make the table, and why
    <root>/<source>/<step>/parts/<part>.parquet          rows in id order
    <root>/<source>/<step>/parts/<part>.dropped.parquet  what the step refused of them, without text
    <root>/<source>/<step>/parts/<part>.json             written last: it seals the two and makes them count

A table holds `id` and the columns its step writes; what the step refused stands beside them. A `View` lays the
tables of one source over each other. Parts are cut by id prefix, so a new row changes one part only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core import files
from curation.core.errors import IntegrityError
from curation.core.records import (
    DROPPED_SCHEMA,
    RECORD_VERSION,
    column_digest,
    digests,
    migrate,
)

WHOLE = "all"

_UNFINISHED = re.compile(r"parts/[0-9a-f]{64}(\.dropped)?\.parquet")
"""A part without its seal: the run that wrote it was killed. It counts for nothing; `gc` deletes it."""


def prefix_digits(rows: int, part_rows: int) -> int:
    """How many hex digits of the id name a part, so that parts hold about `part_rows` rows or fewer."""
    digits = 0
    while rows > part_rows * 16**digits:
        digits += 1
    return digits


@dataclass(frozen=True)
class Part:
    """One immutable piece of a table. `columns` maps names to logical digests; `reasons` counts the dropped."""

    key: str
    rows: int
    sha256: str
    columns: Mapping[str, str]
    dropped: int = 0
    dropped_sha256: str | None = None
    dropped_digest: str | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredTable:
    """A published table of one step over one source."""

    folder: Path
    key: str
    manifest: Mapping[str, Any]
    parts: Mapping[str, Part]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the table holds, `id` first."""
        return tuple(self.manifest["columns"])

    @property
    def rows(self) -> int:
        """Rows kept."""
        return sum(part.rows for part in self.parts.values())

    def totals(self, what: str) -> dict[str, int]:
        """`reasons` or `notes`, summed over the parts."""
        total: dict[str, int] = {}
        for part in self.parts.values():
            for name, count in getattr(part, what).items():
                total[name] = total.get(name, 0) + count
        return dict(sorted(total.items()))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of one part, migrated to today's contract."""
        table = _read_parquet(self.folder / "parts" / f"{self.parts[name].key}.parquet", columns)
        return migrate(table, self.manifest["record_version"])

    def read_dropped(self, name: str) -> pa.Table:
        """The rows of `DROPPED_SCHEMA` that the step refused from one part."""
        part = self.parts[name]
        if not part.dropped:
            return DROPPED_SCHEMA.empty_table()
        return _read_parquet(self.folder / "parts" / f"{part.key}.dropped.parquet", None)


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pa.Table:
    try:
        # One file, not a data set: no partition guessing from folder names.
        return pq.ParquetFile(path, page_checksum_verification=True).read(
            columns=list(columns) if columns is not None else None
        )
    except FileNotFoundError:
        problem = "a part of a table is missing"
    except (pa.ArrowException, OSError):
        problem = "a part of a table cannot be read"
    raise IntegrityError(problem, where=str(path), fix="run: curate verify --repair")


class Store:
    """The tables below one folder (`data/tables`, or `data/raw/tables` for what is not scrubbed yet)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, source: str, step: str) -> Path:
        """Where the tables of a step over a source lie."""
        return self.root / source / step

    def find(self, source: str, step: str, key: str) -> StoredTable | None:
        """The published table of that key, or None."""
        path = self.folder(source, step) / f"{key}.json"
        return self._open(path) if path.exists() else None

    def _open(self, path: Path) -> StoredTable:
        manifest = files.read_sealed(path)
        parts = {}
        for name, key in manifest["parts"].items():
            part = self.find_part(path.parent, key)
            if part is None:
                raise IntegrityError(
                    "a part of a table is missing", where=f"{path.parent.name}/{key}", fix="run: curate verify --repair"
                )
            parts[name] = part
        return StoredTable(path.parent, path.stem, manifest, parts)

    def find_part(self, folder: Path, key: str) -> Part | None:
        """A part finished earlier, perhaps by a run that was cut off before it published its table."""
        path = folder / "parts" / f"{key}.json"
        return Part(**files.read_sealed(path)) if self.has_part(folder, key) else None

    def has_part(self, folder: Path, key: str) -> bool:
        """Is a part of that key finished?"""
        return all((folder / "parts" / f"{key}{suffix}").exists() for suffix in (".json", ".parquet"))

    def read_part(self, source: str, step: str, key: str, columns: Sequence[str]) -> pa.Table:
        """Columns of a finished part, whether or not a published table has it."""
        return _read_parquet(self.folder(source, step) / "parts" / f"{key}.parquet", columns)

    def write_part(
        self,
        source: str,
        step: str,
        key: str,
        table: pa.Table,
        dropped: pa.Table,
        notes: Mapping[str, int],
        columns: Mapping[str, str] | None = None,
    ) -> Part:
        """Write a finished part; its sealed description comes last and makes it count.

        `columns` are the digests of the table's columns, for a caller who has them already.
        """
        folder = self.folder(source, step) / "parts"
        sha256 = _write_parquet(folder / f"{key}.parquet", table)
        reasons = _count_reasons(dropped)
        part = Part(
            key=key,
            rows=len(table),
            sha256=sha256,
            columns=dict(columns) if columns is not None else digests(table),
            dropped=len(dropped),
            dropped_sha256=_write_parquet(folder / f"{key}.dropped.parquet", dropped) if len(dropped) else None,
            dropped_digest=column_digest(dropped.column("id")) if len(dropped) else None,
            reasons=reasons,
            notes=dict(sorted(notes.items())),
        )
        files.write_sealed(folder / f"{key}.json", vars(part) | {"reasons": reasons, "notes": dict(part.notes)})
        return part

    def publish(
        self,
        source: str,
        step: str,
        key: str,
        parts: Mapping[str, Part],
        *,
        columns: Sequence[str],
        ingredients: Any,
        rows_in: int,
        across: Mapping[str, Any] | None = None,
    ) -> StoredTable:
        """Make a table of finished parts visible, by one rename of its manifest.

        `across` says, for a step over all sources, which run of it and which sources the table belongs to.
        """
        folder = self.folder(source, step)
        manifest = {
            "columns": list(columns),
            "ingredients": ingredients,
            "parts": {name: part.key for name, part in sorted(parts.items())},
            "record_version": RECORD_VERSION,
            "rows_in": rows_in,
            "rows_kept": sum(p.rows for p in parts.values()),
            "rows_dropped": sum(p.dropped for p in parts.values()),
            "source": source,
            "step": step,
            **({"across": dict(across)} if across is not None else {}),
        }
        files.write_sealed(folder / f"{key}.json", manifest)
        return StoredTable(folder, key, manifest, dict(sorted(parts.items())))

    def tables(self) -> Iterator[StoredTable]:
        """Every published table, live or not."""
        for path in sorted(self.root.glob("*/*/*.json")):
            yield self._open(path)

    def verify(self) -> Iterator[str]:
        """Check every byte below the root; yields the relative path of each file that is wrong or unknown."""
        known: set[Path] = set()
        for sealed in sorted([*self.root.glob("*/*/*.json"), *self.root.glob("*/*/parts/*.json")]):
            known.add(sealed)
            try:
                document = files.read_sealed(sealed)
            except IntegrityError:
                yield str(sealed.relative_to(self.root))
                if sealed.parent.name == "parts":
                    known |= {sealed.with_suffix(".parquet"), sealed.with_suffix(".dropped.parquet")}
                continue
            if sealed.parent.name != "parts":
                missing = [
                    k for k in document["parts"].values() if not (sealed.parent / "parts" / f"{k}.json").exists()
                ]
                if missing:
                    yield str(sealed.relative_to(self.root))
                continue
            for suffix, sha256 in ((".parquet", document["sha256"]), (".dropped.parquet", document["dropped_sha256"])):
                path = sealed.with_suffix(suffix)
                known.add(path)
                if sha256 and (not path.exists() or files.sha256_file(path) != sha256):
                    yield str(path.relative_to(self.root))
        for path in (p for p in files.files_below(self.root) if p not in known):
            if not _UNFINISHED.fullmatch(f"{path.parent.name}/{path.name}"):
                yield str(path.relative_to(self.root))

    def sweep(self, live: set[tuple[str, str, str]], *, dry_run: bool = False) -> tuple[int, int]:
        """Delete what no live table needs. `live` holds (source, step, key); returns files and bytes freed."""
        keep: set[Path] = set()
        for source, step, key in live:
            table = self.find(source, step, key)
            if table is None:
                continue
            keep.add(table.folder / f"{key}.json")
            for part in table.parts.values():
                keep |= {table.folder / "parts" / f"{part.key}{s}" for s in (".parquet", ".dropped.parquet", ".json")}
        doomed = [p for p in files.files_below(self.root) if p not in keep]
        freed = sum(p.stat().st_size for p in doomed)
        if not dry_run:
            # Manifests go first: a table whose parts are half gone must not look published.
            for path in sorted(doomed, key=lambda p: (p.parent.name == "parts", str(p))):
                path.unlink(missing_ok=True)
            for folder in sorted((p for p in self.root.rglob("*") if p.is_dir()), reverse=True):
                if not any(folder.iterdir()):
                    folder.rmdir()
        return len(doomed), freed


def _write_parquet(path: Path, table: pa.Table) -> str:
    with files.replacing(path) as aside:
        pq.write_table(
            table, aside, compression="zstd", use_dictionary=False, write_statistics=False, write_page_checksum=True
        )
        sha256 = files.sha256_file(aside)
    return sha256


def _count_reasons(dropped: pa.Table) -> dict[str, int]:
    if not len(dropped):
        return {}
    labels = pc.binary_join_element_wise(dropped.column("stage"), dropped.column("reason"), "/")
    return {c["values"]: c["counts"] for c in sorted(pc.value_counts(labels.combine_chunks()).to_pylist(), key=str)}


@dataclass(frozen=True)
class View:
    """The tables of one source laid over each other, first to last.

    The first table gives the rows; each later one adds or replaces columns and may refuse rows. All are cut at
    the same prefixes and in id order, so laying them over each other is a matter of one part at a time.
    """

    tables: tuple[StoredTable, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(self.tables[0].parts)

    def only(self, part: str) -> View:
        """This view with one part and what is needed to read it: what a worker gets, however many parts there are."""
        needed = ("columns", "record_version")
        return View(
            tuple(
                StoredTable(t.folder, t.key, {name: t.manifest[name] for name in needed}, {part: t.parts[part]})
                for t in self.tables
            )
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that can be read, but for those that a stage keeps for itself: their names begin with `_`."""
        return tuple(dict.fromkeys(c for table in self.tables for c in table.columns if not c.startswith("_")))

    @property
    def rows(self) -> int:
        """Rows that no table refused."""
        return self.tables[0].rows - sum(p.dropped for t in self.tables[1:] for p in t.parts.values())

    def digest(self, part: str, columns: Sequence[str]) -> str:
        """A digest of some columns of one part and of which rows are left in it."""
        state: dict[str, Any] = {"rows": [self.tables[0].parts[part].columns["id"]]}
        state["rows"] += [t.parts[part].dropped_digest for t in self.tables[1:]]
        for column in columns:
            provider = self._provider(column)
            state[column] = provider.parts[part].columns.get(column) if provider else None
        return files.digest(state)

    def _provider(self, column: str) -> StoredTable | None:
        return next((t for t in reversed(self.tables) if column in t.columns), None)

    def read(self, part: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One part: `id` and the given columns (all by default) of the rows that are left, in id order."""
        wanted = [c for c in (columns if columns is not None else self.columns) if c != "id"]
        refused = [t.read_dropped(part).column("id") for t in self.tables[1:] if t.parts[part].dropped]
        gone = pa.chunked_array([c for r in refused for c in r.chunks], pa.string()) if refused else None
        by_table: dict[int, list[str]] = {0: []}
        for column in wanted:
            provider = self._provider(column)
            if provider is not None:
                by_table.setdefault(self.tables.index(provider), []).append(column)
        base: pa.Table | None = None
        found: dict[str, pa.ChunkedArray] = {}
        for index in sorted(by_table):
            table = self.tables[index].read(part, ["id", *by_table[index]])
            if gone is not None:
                table = table.filter(pc.invert(pc.is_in(table.column("id"), value_set=gone)))
            if base is None:
                base = table
            elif not table.column("id").equals(base.column("id")):
                table = table.take(pc.index_in(base.column("id"), value_set=table.column("id").combine_chunks()))
            found.update({c: table.column(c) for c in by_table[index]})
        assert base is not None
        return pa.table({"id": base.column("id"), **{c: found[c] for c in wanted if c in found}})

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The parts one after another."""
        for part in self.parts:
            yield self.read(part, columns)

    def over(self, table: StoredTable) -> View:
        """This view with one more table on top."""
        return View((*self.tables, table))
