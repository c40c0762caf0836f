"""Rows at risk leave only after a person has released them: one mechanism for what a source says and what is found.

A source may say a level itself, in `meta` (scenarios do); the stage `risk` finds one in the text. The higher counts.
A row that was not screened is not a row without risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.annotations import Annotations
from curation.core.project import RiskSettings
from curation.core.store import View
from curation.methods.standing import verdicts
from curation.methods.texts import one_array

HOLD_AT = 2
"""Rows of this level and above wait: thoughts of harm that are more than passing."""

KEY = "risk_level"
"""Key in `meta`: 0 to 5."""

COLUMNS = ("meta", "risk")
"""What is read of a row."""

QUESTION = "risk"
"""What people answer about a row: release or hold."""

STRATUM = "risk_stratum"
"""What people declare about the rows of a source at one level, once they have read a sample of them."""

UNREADABLE = 5
"""A level that is no number counts as the highest: what cannot be read is not let go."""

TURN = pa.struct([("level", pa.int8()), ("flags", pa.list_(pa.string()))])
SPAN = pa.struct(
    [
        ("column", pa.string()),
        ("turn", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("rule", pa.string()),
        ("flag", pa.string()),
        ("level", pa.int8()),
        ("lowered", pa.string()),
    ]
)
RISK = pa.struct(
    [
        ("level", pa.int8()),
        ("flags", pa.list_(pa.string())),
        ("why", pa.string()),
        ("by", pa.string()),
        ("turns", pa.list_(TURN)),
        ("spans", pa.list_(SPAN)),
    ]
)
"""The column `risk`: a level of 0 to 5, the labels of the taxonomy `risk`, the same for each turn of `messages`, and
each place with characters `start` up to `end` in the turn (from 0) of a text column, the rule that found it, what it
is worth there and what in the context lowered it (empty: nothing did). `by` says what holds the row: "patterns", the
"model" or "both". Where a row could not be screened, all are null and `why` says so."""

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """What is known of the risk of some rows.

    Attributes:
        level: of each row, 0 where nothing is said; the source's word and the stage's finding, whichever is higher.
        flagged: which have a flag that the project lists.
        unread: which were not screened, in a language without rules or because the stage did not run.
        held: which wait for a person as long as nobody has released them.
    """

    level: Ints
    flagged: Flags
    unread: Flags
    held: Flags


def look(table: pa.Table, settings: RiskSettings) -> Held:
    """Whether rows have to be seen by a person before they may leave.

    Args:
        table: rows with `meta` and `risk`, as far as they have them.
        settings: what the project holds besides the level.
    """
    found, flagged, unread = _found(table, settings.hold_flags)
    level = np.maximum(stated(table), found)
    held = (level >= HOLD_AT) | flagged
    return Held(level, flagged, unread, held | unread if settings.hold_unscreened else held)


def stated(table: pa.Table) -> Ints:
    """The level that the source of each row states itself, 0 where it states none."""
    levels = np.zeros(len(table), np.int64)
    if "meta" not in table.column_names or not len(table):
        return levels
    pairs = one_array(table.column("meta"))
    rows = pc.list_parent_indices(pairs)
    flat = pairs.flatten()
    hit = pc.equal(flat.field("key"), KEY)
    if not pc.any(hit).as_py():
        return levels
    said = flat.field("value").filter(hit).to_pylist()
    for row, text in zip(rows.filter(hit).to_pylist(), said, strict=True):
        level = int(text) if text in ("0", "1", "2", "3", "4", "5") else UNREADABLE
        levels[row] = max(levels[row], level)
    return levels


def states(rows: pa.Table | pa.RecordBatch) -> Flags:
    """Of which rows the source states a level itself, be it 0."""
    stating = np.zeros(rows.num_rows, np.bool_)
    if "meta" in rows.schema.names and rows.num_rows:
        pairs = one_array(rows.column("meta"))
        hit = pc.equal(pairs.flatten().field("key"), KEY)
        stating[pc.list_parent_indices(pairs).filter(hit).to_numpy()] = True
    return stating


def _found(table: pa.Table, flags: tuple[str, ...]) -> tuple[Ints, Flags, Flags]:
    """What the stage `risk` found: level, one of the flags, and whether it could not look."""
    if "risk" not in table.column_names:
        return np.zeros(len(table), np.int64), np.zeros(len(table), np.bool_), np.ones(len(table), np.bool_)
    column = one_array(table.column("risk"))
    level = pc.struct_field(column, "level")
    lists = pc.struct_field(column, "flags")
    hit = pc.is_in(lists.flatten(), value_set=pa.array(flags, pa.string()))
    flagged = np.zeros(len(table), np.bool_)
    flagged[pc.list_parent_indices(lists).filter(hit).to_numpy()] = True
    unread = level.is_null().to_numpy(zero_copy_only=False)
    return pc.fill_null(level, 0).to_numpy(zero_copy_only=False).astype(np.int64), flagged, unread


def waiting(table: pa.Table, settings: RiskSettings, released: frozenset[str]) -> Flags:
    """Which rows a person has to look at before they may leave."""
    high = look(table, settings).held
    if high.any() and released:
        high &= ~np.asarray(pc.is_in(table.column("id"), value_set=pa.array(sorted(released))).to_numpy(), np.bool_)
    return high


def released(said: Annotations) -> frozenset[str]:
    """The rows at risk that a person has let go, one by one or with their stratum."""
    found = verdicts(said.standing(), QUESTION)
    return frozenset(record for record, verdict in found.items() if verdict.value == "release")


def told(row: Mapping[str, Any]) -> str:
    """What was found in a row, as its column `risk` has it: level and flags, never text."""
    if row["why"] is not None:
        return f"not screened for risk ({row['why']})"
    return f"risk {row['level']}" + (f" {', '.join(row['flags'])}" if row["flags"] else "")


def rows_of(view: View) -> Iterator[pa.Table]:
    """A view part by part in id order, with `id` and what `look` reads."""
    wanted = [c for c in COLUMNS if c in view.columns]
    for part in sorted(view.parts):
        yield view.read(part, ["id", *wanted])


def count_waiting(views: Mapping[str, View], settings: RiskSettings, released: frozenset[str]) -> dict[str, int]:
    """How many rows of each source wait for a person; sources without any are left out."""
    counts = {n: sum(int(waiting(t, settings, released).sum()) for t in rows_of(v)) for n, v in views.items()}
    return {name: number for name, number in counts.items() if number}


def unscreened(view: View) -> bool:
    """Did the stage `risk` never run over these rows?"""
    return "risk" not in view.columns
