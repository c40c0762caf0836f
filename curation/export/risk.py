"""Rows at risk leave only after a person has released them, one by one.

Today the level stands in `meta`, where a source says it itself (scenarios do); a stage that finds it in the text gives
it a column of its own, and `level_of` is the one place that has to know.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.store import View

HOLD_AT = 2
"""Rows of this level and above wait: thoughts of harm that are more than passing."""

KEY = "risk_level"
"""Key in `meta`: 0 to 5."""

COLUMNS = ("meta",)
"""What `level_of` reads."""

UNREADABLE = 5
"""A level that is no number counts as the highest: what cannot be read is not let go."""


def level_of(table: pa.Table) -> npt.NDArray[np.int64]:
    """The risk level of each row, 0 where none is said."""
    levels = np.zeros(len(table), np.int64)
    if "meta" not in table.column_names or not len(table):
        return levels
    pairs = pa.concat_arrays(table.column("meta").chunks)
    rows = pc.list_parent_indices(pairs)
    flat = pairs.flatten()
    hit = pc.equal(flat.field("key"), KEY)
    if not pc.any(hit).as_py():
        return levels
    said = flat.field("value").filter(hit).to_pylist()
    for row, text in zip(rows.filter(hit).to_pylist(), said, strict=True):
        levels[row] = int(text) if text in ("0", "1", "2", "3", "4", "5") else UNREADABLE
    return levels


def waiting(table: pa.Table, released: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Which rows a person has to look at before they may leave."""
    high = level_of(table) >= HOLD_AT
    if high.any() and released:
        high &= ~np.asarray(pc.is_in(table.column("id"), value_set=pa.array(sorted(released))).to_numpy(), np.bool_)
    return high


def count_waiting(views: Mapping[str, View], released: frozenset[str]) -> dict[str, int]:
    """How many rows of each source wait for a person; sources without any are left out."""
    found: dict[str, int] = {}
    for name, view in views.items():
        wanted = [c for c in COLUMNS if c in view.columns]
        number = sum(int(waiting(view.read(part, ["id", *wanted]), released).sum()) for part in view.parts)
        if number:
            found[name] = number
    return found
