"""The stage `arc`: how each side's valence moves through a conversation.

Descriptive, never a gate: on conversations that people rated, a client's change of valence told good help from bad no
better than chance, so nothing may be kept or dropped by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Turns, one_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIDE = pa.struct(
    [
        ("turns", pa.int32()),
        ("first", pa.float32()),
        ("last", pa.float32()),
        ("delta", pa.float32()),
        ("slope", pa.float32()),
        ("spread", pa.float32()),
        ("lowest", pa.int32()),
        ("recovery", pa.int32()),
    ]
)
ARC = pa.struct([("client", SIDE), ("assistant", SIDE), ("missing", pa.string())])
"""The column `arc`: of each side what its turns with a valence show, null where there are too few of them.

`turns` is how many such turns there are; `first` and `last` the mean valence of their first and last third, `delta` the
second less the first; `slope` the change from one turn to the next of the line that fits best; `spread` the standard
deviation; `lowest` the turn of `messages` (from 0) with the least valence, and `recovery` how many of the side's turns
it takes from there until the valence is again at least `first`, null where that does not come. `missing` says why
`client` is null: not_tagged (no turn of the client has a valence) or few_turns.
"""

SIDES = {"client": "user", "assistant": "assistant"}
"""Who seeks help speaks as `user`, also in sources that teach the client's voice."""


@dataclass(frozen=True)
class ArcSpec:
    """Which conversations are long enough."""

    min_turns: int = doc("a side with fewer turns that have a valence has no arc", default=6)

    def __post_init__(self) -> None:
        """Check the range."""
        if self.min_turns < 3:
            raise ValueError("'min_turns' must be at least 3: an arc has three thirds")


def _trial(text: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in made["arc"].items() if value is not None}


@stage(
    "arc",
    version=1,
    spec=ArcSpec,
    reads=("messages", "emotion"),
    writes=("arc",),
    types={"arc": ARC},
    trial=_trial,
)
def arc(batch: pa.RecordBatch, spec: ArcSpec, context: Context) -> Output:
    """Describe each conversation; every row is kept."""
    role = Turns.of(batch.column("messages")).role
    valence, rows, place = valences(batch)
    sides = []
    counts = {}
    for name, said_by in SIDES.items():
        own = pc.fill_null(pc.equal(role, said_by), False).to_numpy(zero_copy_only=False) & ~np.isnan(valence)
        counts[name] = np.bincount(rows[own], minlength=len(batch))
        sides.append(_side(valence[own], rows[own], place[own], len(batch), spec.min_turns))
    told = counts["client"]
    missing = np.select([told == 0, told < spec.min_turns], ["not_tagged", "few_turns"], "")
    column = pa.StructArray.from_arrays([*sides, _or_null(missing)], fields=list(ARC))
    notes = {name: int((missing == name).sum()) for name in ("few_turns", "not_tagged")}
    notes["described"] = int((missing == "").sum())
    return Output(pa.table({"id": batch.column("id"), "arc": column}), notes=notes)


def valences(batch: pa.RecordBatch) -> tuple[Floats, Ints, Ints]:
    """For every turn of `messages` its valence (NaN where there is none), its row and its place in it."""
    lengths = Turns.of(batch.column("messages")).lengths
    tags = pc.struct_field(one_array(batch.column("emotion")), "turns")
    found = np.full(int(lengths.sum()), np.nan)
    # A row that is not tagged has no list; one that is tagged has an entry for every turn.
    tagged = pc.fill_null(pc.list_value_length(tags), 0).to_numpy(zero_copy_only=False) == lengths
    flat = pc.struct_field(tags.filter(pa.array(tagged)).flatten(), "valence")
    found[np.repeat(tagged, lengths)] = flat.to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return found, rows, np.arange(len(rows)) - (np.cumsum(lengths) - lengths)[rows]


def _side(valence: Floats, rows: Ints, place: Ints, size: int, least: int) -> pa.StructArray:
    """The arcs of one side, from its turns in order.

    Sums are taken with `bincount`, which adds a row's turns one after the other: numpy's other sums round by where in
    the batch a row stands.
    """

    def total(values: Floats, of: npt.NDArray[np.bool_] | slice = slice(None)) -> Floats:
        return np.bincount(rows[of], values[of], size).astype(np.float64)

    count = np.bincount(rows, minlength=size)
    at = np.arange(len(rows)) - (np.cumsum(count) - count)[rows]
    third = count // 3
    safe, thirds = np.maximum(count, 1), np.maximum(third, 1)
    first = total(valence, at < third[rows]) / thirds
    last = total(valence, at >= (count - third)[rows]) / thirds
    away = valence - (total(valence) / safe)[rows]
    step = at - ((safe - 1) / 2)[rows]
    slope = total(step * away) / np.maximum(total(step * step), 1)
    spread = np.sqrt(total(away * away) / safe)
    least_of = np.full(size, np.inf)
    np.minimum.at(least_of, rows, valence)
    lowest = _first(rows, valence == least_of[rows], size)
    # Nothing has to recover from a lowest turn that is itself not below the beginning.
    back = _first(rows, (np.arange(len(rows)) >= lowest[rows]) & (valence >= first[rows]), size)
    mask = pa.array(count < least)
    columns = [
        pa.array(count, pa.int32()),
        *(pa.array(values.astype(np.float32)) for values in (first, last, last - first, slope, spread)),
        pa.array(place[lowest] if len(rows) else np.zeros(size, np.int64), pa.int32()),
        pa.array(np.maximum(back - lowest, 0), pa.int32(), mask=back < 0),
    ]
    return pa.StructArray.from_arrays(columns, fields=list(SIDE), mask=mask)


def _first(rows: Ints, wanted: npt.NDArray[np.bool_], size: int) -> Ints:
    """For each row the first of its turns that is wanted, as a place among all turns; -1 where there is none."""
    found = np.full(size, -1)
    spots = np.flatnonzero(wanted)[::-1]
    found[rows[spots]] = spots
    return found


def _or_null(words: npt.NDArray[np.str_]) -> pa.StringArray:
    made = pa.array(words, pa.string())
    return pc.if_else(pc.equal(made, ""), pa.scalar(None, pa.string()), made)
