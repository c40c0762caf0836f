"""How well the screen for risk agrees with what people marked: level by level and flag by flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from curation.core import files
from curation.core.errors import ProjectError
from curation.methods.hold import HOLD_AT
from curation.tag.risk.rules import FLAGS

_OTHER_NAMES = {"abuse": "abuse_disclosure"}
"""What marked files call flags otherwise."""


@dataclass(frozen=True)
class Marked:
    """A row with what people say of it: a text or messages, a level of 0 to 5, flags."""

    row: Mapping[str, Any]
    level: int
    flags: frozenset[str]


@dataclass(frozen=True)
class Agreement:
    """Counts for one question: rows that are it and found, that are it and missed, and found though they are not it."""

    hits: int
    missed: int
    false: int

    @property
    def recall(self) -> float | None:
        """Share of what is there that was found; None where nothing is there."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else None

    @property
    def precision(self) -> float | None:
        """Share of what was found that is there; None where nothing was found."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else None

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {**vars(self), "recall": self.recall, "precision": self.precision}


@dataclass(frozen=True)
class Score:
    """Agreement on what a person must see, at each level, and on each flag.

    Attributes:
        rows: marked rows.
        exact: rows whose level is the very same.
        held: agreement on level 2 and above, which is what waits for a person.
        levels: for each level from 1, agreement on that level and above.
        flags: by flag.
    """

    rows: int
    exact: int
    held: Agreement
    levels: Mapping[int, Agreement]
    flags: Mapping[str, Agreement]

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "rows": self.rows,
            "exact": self.exact,
            "held": self.held.document(),
            "levels": {str(level): one.document() for level, one in self.levels.items()},
            "flags": {flag: one.document() for flag, one in self.flags.items()},
        }


def read(path: Path) -> list[Marked]:
    """Marked rows of a file, one JSON object a line.

    Raises:
        ProjectError: a line is no such row, with its number.
    """
    with files.os_errors(path):
        lines = path.read_bytes().splitlines()
    return [_marked(line, f"{path.name}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def _marked(line: bytes, where: str) -> Marked:
    try:
        row = orjson.loads(line)
        flags = frozenset(_OTHER_NAMES.get(flag, flag) for flag in row["flags"])
        if row["level"] not in range(6) or not flags <= set(FLAGS) or not ("text" in row or "messages" in row):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ProjectError(
            "no row with 'text' or 'messages', a 'level' from 0 to 5 and known 'flags'",
            where=where,
            fix=f"flags: {', '.join(FLAGS)}",
        ) from None
    return Marked(row, row["level"], flags)


def score(marked: Sequence[Marked], made: Sequence[Mapping[str, Any]]) -> Score:
    """Compare marks with what the stage wrote for the same rows; a row that it could not screen counts as level 0."""
    levels = [(one.level, row["level"] or 0) for one, row in zip(marked, made, strict=True)]
    flags = [(one.flags, frozenset(row["flags"] or ())) for one, row in zip(marked, made, strict=True)]
    by_level = {n: _agree([(a >= n, b >= n) for a, b in levels]) for n in range(1, 6)}
    by_flag = {flag: _agree([(flag in a, flag in b) for a, b in flags]) for flag in FLAGS}
    return Score(len(levels), sum(a == b for a, b in levels), by_level[HOLD_AT], by_level, by_flag)


def _agree(pairs: Sequence[tuple[bool, bool]]) -> Agreement:
    hits = sum(a and b for a, b in pairs)
    return Agreement(hits, sum(a for a, _ in pairs) - hits, sum(b for _, b in pairs) - hits)
