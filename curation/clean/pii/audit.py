"""The audit: for every place that scrub replaced, where it was and is, and why; never what stood there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

AUDIT = pa.list_(
    pa.field(
        "item",
        pa.struct(
            [
                ("column", pa.string()),
                ("turn", pa.int32()),
                ("start", pa.int32()),
                ("end", pa.int32()),
                ("new_start", pa.int32()),
                ("new_end", pa.int32()),
                ("label", pa.string()),
                ("role", pa.string()),
                ("recogniser", pa.string()),
                ("score", pa.float32()),
                ("engine", pa.string()),
                ("action", pa.string()),
                ("replacement", pa.string()),
                ("value_hmac", pa.string()),
            ]
        ),
    )
)
"""Column `pii`. `column` is messages, chosen, rejected or meta, with `.reasoning` for what came before an answer;
`turn` counts from 0 in its column; offsets are in characters, of the text that came to scrub and of the text that
left it."""


class Replaced(NamedTuple):
    """One place, in the fields of `AUDIT`."""

    column: str
    turn: int
    start: int
    end: int
    new_start: int
    new_end: int
    label: str
    role: str | None
    recogniser: str
    score: float
    engine: str
    action: str
    replacement: str
    value_hmac: str


def column(entries: Mapping[int, Sequence[Replaced]], size: int) -> pa.ListArray:
    """The audit of a batch.

    Args:
        entries: by row, in reading order; rows without any may be left out.
        size: rows of the batch.
    """
    lengths = [len(entries.get(row, ())) for row in range(size)]
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    fields = list(AUDIT.value_type)
    flat = [one for row in sorted(entries) for one in entries[row]]
    values = [pa.array([one[place] for one in flat], field.type) for place, field in enumerate(fields)]
    return pa.ListArray.from_arrays(pa.array(bounds), pa.StructArray.from_arrays(values, fields=fields), type=AUDIT)


def counts(audit: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """How many places were replaced, by label."""
    labels = pc.struct_field(pc.list_flatten(audit), "label")
    return {
        row["values"]: row["counts"] for row in sorted(pc.value_counts(labels).to_pylist(), key=lambda r: r["values"])
    }
