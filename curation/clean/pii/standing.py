"""What stands in scrubbed rows: their strings, and whether scrub would find anything in them again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.engine import run_batches
from curation.core.records import TEXT_COLUMNS
from curation.core.stage import Call, Context, Step
from curation.methods.texts import Texts, Turns


def strings(rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Every string of scrubbed rows, with the id of its record."""
    texts = Texts.of(rows)
    ids = rows.column("id").to_pylist()
    for row, text in zip(texts.rows.tolist(), texts.values.to_pylist(), strict=True):
        if text:
            yield ids[row], text


def spoken(rows: pa.Table) -> list[list[str]]:
    """For each row, what its users say."""
    turns = Turns.of(rows.column("messages"))
    said = pc.fill_null(pc.equal(turns.role, "user"), False).to_numpy(zero_copy_only=False)
    found: list[list[str]] = [[] for _ in range(len(rows))]
    for row, text in zip(turns.rows[said].tolist(), turns.content.filter(pa.array(said)).to_pylist(), strict=True):
        if text:
            found[row].append(text)
    return found


def again(rows: pa.Table, call: Call, key: bytes, source: str, batch_rows: int) -> list[str]:
    """The ids of the rows that scrub would change or drop if it saw them again."""
    step = Step("again", (call,))
    kept, dropped, _ = run_batches(step, rows.drop_columns(["pii"]), Context(key, source), batch_rows)
    left = set(dropped.column("id").to_pylist())
    if left:
        rows = rows.filter(pc.is_in(rows.column("id"), value_set=kept.column("id").combine_chunks()))
    before, after = Texts.of(rows, TEXT_COLUMNS), Texts.of(kept, TEXT_COLUMNS)
    same = pc.fill_null(pc.equal(before.values, after.values), True).to_numpy(zero_copy_only=False)
    ids = rows.column("id").to_pylist()
    return sorted(left | {ids[row] for row in np.unique(before.rows[~same]).tolist()})
