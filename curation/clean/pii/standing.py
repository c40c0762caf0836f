"""What stands in scrubbed rows: their strings, and whether scrub would find anything in them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.policy import MADE_UP
from curation.core.engine import run_batches
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
    """The ids of the rows in which scrub would find something again that is none of the values it made up."""
    step = Step("again", (call,))
    kept, dropped, _ = run_batches(step, rows.drop_columns(["pii"]), Context(key, source), batch_rows)
    made = dict(zip(rows.column("id").to_pylist(), rows.column("pii").to_pylist(), strict=True))
    second = zip(kept.column("id").to_pylist(), kept.column("pii").to_pylist(), strict=True)
    left = {record for record, found in second if not all(_made_up(one, made[record]) for one in found)}
    return sorted(left | set(dropped.column("id").to_pylist()))


def _made_up(found: Mapping[str, Any], audit: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a place touches one where scrub put a made-up value."""
    return any(
        one["action"] in MADE_UP
        and (one["column"], one["turn"]) == (found["column"], found["turn"])
        and one["new_start"] < found["end"]
        and found["start"] < one["new_end"]
        for one in audit
    )
