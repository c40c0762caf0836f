"""Two exports side by side: which rows came, which went, which changed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.core import files
from curation.core.errors import IntegrityError, ProjectError
from curation.core.project import Project
from curation.core.records import column_digest, source_of
from curation.export.asked import NAME
from curation.export.export import latest
from curation.export.split import SIDES
from curation.export.write import LEFT_OUT

SAID = ("messages", "prompt", "chosen", "rejected")
PLACE = ("portion", "phase")


@dataclass(frozen=True)
class Difference:
    """What differs from one export to another.

    Attributes:
        came: ids that only the second has, with why the first did not have them.
        went: ids that only the first has, with why the second does not have them.
        changed: ids that both have, with what is different: text, side, place or repeats.
        causes: what of recipes, sources and the rest differs, as (what, before, after).
    """

    came: Mapping[str, str]
    went: Mapping[str, str]
    changed: Mapping[str, str]
    causes: tuple[tuple[str, Any, Any], ...]

    def counts(self) -> list[tuple[str, str, str, int]]:
        """How many rows of each source came, went and changed, by reason."""
        found: Counter[tuple[str, str, str]] = Counter()
        for how, rows in (("in", self.came), ("out", self.went), ("changed", self.changed)):
            found.update((how, source_of(record), why) for record, why in rows.items())
        return [(*key, count) for key, count in sorted(found.items())]


def resolve(project: Project, name: str) -> Path:
    """The folder of an export: a mix's last one by its name, another by MIX/KEY or as a path.

    Raises:
        ProjectError: there is no such export.
    """
    root = project.data / "exports"
    if "/" not in name and (found := latest(project, name)) is not None:
        return found
    for folder in (project.root / name, Path(name)):
        if (folder / "manifest.json").is_file():
            return folder
    mix, _, key = name.partition("/")
    named = NAME.fullmatch(mix) and key.isalnum()
    there = sorted(p.parent for p in root.glob(f"{mix}/{key}*/manifest.json")) if named else []
    there = there or [p.parent for p in sorted(root.glob("*/*/manifest.json")) if p.parent.name == name]
    if len(there) != 1:
        known = sorted(str(p.parent.relative_to(root)) for p in root.glob("*/*/manifest.json"))
        raise ProjectError(f"no export is called '{name}'", fix=f"exports here: {', '.join(known) or 'none yet'}")
    return there[0]


def compare(first: Path, second: Path) -> Difference:
    """What differs from the first export to the second.

    Raises:
        IntegrityError: a file of one of them cannot be read.
    """
    before, after = _rows(first), _rows(second)
    gone, missing = _left_out(second), _left_out(first)
    both = before.keys() & after.keys()
    changed = {record: what for record in both if (what := _what(before[record], after[record]))}
    old, new = (files.read_sealed(folder / "manifest.json") for folder in (first, second))
    return Difference(
        {r: missing.get(r, "new: it was not there") for r in after.keys() - before.keys()},
        {r: gone.get(r, "gone: it is not there any more") for r in before.keys() - after.keys()},
        changed,
        tuple(_causes(old, new)),
    )


def _rows(folder: Path) -> dict[str, dict[str, Any]]:
    """By id: a digest of what it says, its side, its places, and how often it is there."""
    found: dict[str, dict[str, Any]] = {}
    for side in SIDES:
        table = _read(folder / f"{side}.parquet")
        if table is None:
            continue
        place = [name for name in PLACE if name in table.column_names]
        said = table.select([name for name in SAID if name in table.column_names])
        columns = (table.column(name).to_pylist() for name in ("id", *place))
        for number, (record, *where) in enumerate(zip(*columns, strict=True)):
            row = found.get(record)
            if row is None:
                digest = [column_digest(said.column(c).slice(number, 1).combine_chunks()) for c in said.column_names]
                row = found[record] = {"text": digest, "side": side, "place": [], "repeats": 0}
            row["place"].append(tuple(where))
            row["repeats"] += 1
    return found


def _what(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    names = [name for name in ("text", "side", "place", "repeats") if old[name] != new[name]]
    if "repeats" in names and "place" in names and set(old["place"]) == set(new["place"]):
        names.remove("place")
    return ", ".join(names)


def _left_out(folder: Path) -> dict[str, str]:
    table = _read(folder / LEFT_OUT)
    if table is None:
        return {}
    return dict(zip(table.column("id").to_pylist(), table.column("reason").to_pylist(), strict=True))


def _read(path: Path) -> pa.Table | None:
    if not path.exists():
        return None
    try:
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError):
        where = f"{path.parent.name}/{path.name}"
        raise IntegrityError("a file of an export cannot be read", where=where, fix="run: curate verify") from None


_DECIDE = ("recipe", "sources", "tokenizer", "benchmarks", "risk", "annotations", "curation", "version", "screen")


def _causes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What decides a mix and differs, by its dotted name."""
    found: list[tuple[str, Any, Any]] = []
    for name in (
        "recipe",
        "sources",
        "tokenizer",
        "benchmarks",
        "risk",
        "annotations",
        "curation",
        "version",
        "screen",
    ):
        _walk(name, old.get(name), new.get(name), found)
    # What follows from the rows is no cause.
    return [c for c in found if c[0].startswith("recipe.") or not {*c[0].split(".")} & _RESULTS]


_RESULTS = frozenset(
    {"seen", "selected", "repeats", "left_out", "asked", "share", "personal_data", "given", "released"}
)


def _walk(name: str, old: Any, new: Any, found: list[tuple[str, Any, Any]]) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            _walk(f"{name}.{key}", old.get(key), new.get(key), found)
    elif old != new:
        found.append((name, old, new))
