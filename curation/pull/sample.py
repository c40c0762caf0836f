"""The first rows of a data file and what each of their columns looks like, for telling what the file is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from curation.core.errors import ProjectError
from curation.core.files import os_errors
from curation.pull.json_rows import items
from curation.pull.readers import SUFFIXES, check_encoding, open_parquet
from curation.pull.vocabulary import CONTENT_KEYS, ROLE_KEYS, known_role

SAMPLE_ROWS = 200
_DEPTH = 3
_LONGEST_CELL = 64 << 20
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Profile:
    """A column, or a field inside one, over the sampled rows.

    Attributes:
        name: the column's name, dotted for a field inside it.
        values: one value a row; None where there is none, or nothing but white space or an empty list. JSON text
            is unfolded.
        json_text: did the values stand as JSON text?
    """

    name: str
    values: tuple[Any, ...]
    json_text: bool = False

    @cached_property
    def there(self) -> list[Any]:
        """The values that are not None."""
        return [v for v in self.values if v is not None]

    @property
    def filled(self) -> float:
        """Share of the rows with a value."""
        return len(self.there) / max(1, len(self.values))

    @cached_property
    def kind(self) -> str:
        """What nine of ten values are.

        `text`, `number`, `bool`, `turns` (a list of turns), `turn`, `texts`, `pairs` (a list of pairs of texts),
        `object`, `list`, or `mixed`; `empty` where there are no values.
        """
        kinds = Counter(_kind(v) for v in self.there)
        if not kinds:
            return "empty"
        kind, most = kinds.most_common(1)[0]
        if most < 0.9 * len(self.there):
            return "mixed"
        if kind == "text" and all(_NUMBER.fullmatch(v.strip()) for v in self.there if isinstance(v, str)):
            return "number"
        return kind

    @cached_property
    def spelled(self) -> list[str]:
        """The values as texts."""
        return [v if isinstance(v, str) else orjson.dumps(v, default=str).decode() for v in self.there]

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(set(self.spelled))

    @property
    def constant(self) -> bool:
        """Does every row say the same?"""
        return self.distinct == 1 and self.filled == 1.0

    @cached_property
    def length(self) -> float:
        """Mean number of characters."""
        return sum(map(len, self.spelled)) / max(1, len(self.spelled))

    def share(self, pattern: re.Pattern[str]) -> float:
        """Share of the values that hold a match."""
        return sum(bool(pattern.search(v)) for v in self.spelled) / max(1, len(self.spelled))


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes:
        file: its name.
        rows: how many rows could be read.
        broken: how many could not.
        columns: every column and, by dotted names, the fields inside of objects.
        top: names of the columns themselves.
        doubled: column names that occur twice.
    """

    file: str
    rows: int
    broken: int
    columns: Mapping[str, Profile]
    top: tuple[str, ...]
    doubled: tuple[str, ...] = ()

    def row(self, place: int) -> list[Any]:
        """The top columns of a row."""
        return [self.columns[name].values[place] for name in self.top]


def sample(path: Path, name: str | None = None) -> Sample:
    """Look at the first rows of a data file.

    Raises:
        ProjectError: the file cannot be read as what its suffix says.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ProjectError(
            f"'{suffix}' is not a format that can be read", where=path.name, fix=f"formats: {', '.join(SUFFIXES)}"
        )
    header: Sequence[str] = ()
    with os_errors(path):
        if suffix == ".parquet":
            header, values = _parquet(path)
        else:
            check_encoding(path)
            if suffix in (".csv", ".tsv"):
                header, values = _csv(path, "\t" if suffix == ".tsv" else ",")
            else:
                values = [value for _, value, _ in islice(items(path), SAMPLE_ROWS)]
    rows = [v for v in values if isinstance(v, dict)]
    top = tuple(dict.fromkeys([*header, *(key for row in rows for key in row)]))
    found: dict[str, Profile] = {}
    for key in top:
        _profile(key, [row.get(key) for row in rows], found, _DEPTH)
    doubled = tuple(n for n, count in Counter(header).items() if count > 1)
    return Sample(name or path.name, len(rows), len(values) - len(rows), found, top, doubled)


def _parquet(path: Path) -> tuple[list[str], list[Any]]:
    file = open_parquet(path)
    try:
        batches: list[pa.RecordBatch] = list(islice(file.iter_batches(batch_size=SAMPLE_ROWS, use_threads=False), 1))
    except MemoryError:
        raise
    except (pa.ArrowException, OSError):
        raise ProjectError("this is no Parquet file, or a damaged one", where=path.name) from None
    values: list[Any] = []
    for batch in batches:
        for place in range(len(batch)):
            try:
                values += batch.slice(place, 1).to_pylist()
            except (UnicodeDecodeError, pa.ArrowException):
                values.append(None)
    return file.schema_arrow.names, values


def _csv(path: Path, delimiter: str) -> tuple[list[str], list[Any]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = csv.reader(stream, delimiter=delimiter)
        try:
            header = next(lines, [])
            rows = list(islice((line for line in lines if line), SAMPLE_ROWS))
        except csv.Error:
            raise ProjectError(
                f"not well-formed {path.suffix[1:].upper()} near line {lines.line_num}",
                where=path.name,
                fix="look for a quotation mark that is not closed",
            ) from None
    # Of two columns of one name the first is read.
    return header, [dict(zip(header[::-1], r[::-1], strict=True)) if len(r) == len(header) else None for r in rows]


def _profile(name: str, values: Iterable[Any], found: dict[str, Profile], depth: int) -> None:
    unfolded = [_unfold(v) for v in values]
    folded = any(was for _, was in unfolded)
    profile = Profile(name, tuple(None if _nothing(v) else v for v, _ in unfolded), folded)
    found[name] = profile
    if depth and profile.kind == "object":
        for key in dict.fromkeys(k for v in profile.there if isinstance(v, dict) for k in v):
            inside = f"{name}.{key}"
            if inside not in found and len(found) < 2000:
                fields = [v.get(key) if isinstance(v, dict) else None for v in profile.values]
                _profile(inside, fields, found, depth - 1)


def _unfold(value: Any) -> tuple[Any, bool]:
    """A value, unfolded where it is JSON text of an object or a list."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value, False
        return (inner, True) if isinstance(inner, (dict, list)) else (value, False)
    return value, False


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "turn" if looks_like_turn(value) else "object"
    if isinstance(value, list):
        if all(isinstance(v, dict) for v in value):
            return "turns" if all(map(looks_like_turn, value)) else "list"
        if all(isinstance(v, str) for v in value):
            return "texts"
        if all(isinstance(v, list) and len(v) == 2 and all(isinstance(x, str) for x in v) for v in value):
            return "pairs"
    return "list" if isinstance(value, list) else "other"


def looks_like_turn(value: Mapping[str, Any]) -> bool:
    """Does an object say who spoke, and hold what was said?"""
    spoke = any(isinstance(value.get(key), str) for key in ROLE_KEYS)
    said = any(key in value and (value[key] is None or isinstance(value[key], (str, list))) for key in CONTENT_KEYS)
    if not spoke or not said:
        return False
    # `from` and `value` may be anything; a role that is known settles it, an unknown one stays possible.
    return any(known_role(value[key]) for key in ROLE_KEYS if isinstance(value.get(key), str)) or len(value) <= 6
