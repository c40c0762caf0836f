"""What `near_dup` publishes, and how the next run reads it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.across import Rows
from curation.core.stage import Output
from curation.methods.components import components
from curation.methods.duplicate import DUPLICATE, KINDS, NEAR, pairs_of
from curation.methods.known import Known
from curation.methods.minhash import BANDS
from curation.methods.near import Sketched
from curation.methods.pairs import SAME, Pairs
from curation.methods.tokens import U64

SKETCH = pa.binary()
"""Column `_sketch`, for the next run alone: the fields of `_ROW`."""

_ROW = np.dtype(
    [
        ("content", np.uint64, 2),
        ("digest", np.uint64, 2),
        ("words", np.int32),
        ("head", np.uint32),
        ("long", np.uint32, BANDS),
        ("short", np.uint32, BANDS),
    ]
)

_CHUNK = 1_000_000
"""Rows of an array of sketches: Arrow counts its bytes with 32 bits."""


@dataclass(frozen=True)
class Found:
    """What was found of all records, by place."""

    ids: pa.StringArray
    content: U64
    sketched: Sketched
    pairs: Pairs
    answers: pa.FloatArray


def outputs(found: Found, places: Mapping[str, tuple[int, int]], alike: float) -> dict[str, Output]:
    """The tables of all sources.

    Args:
        found: what was found.
        places: for each source its first place and the one after its last.
        alike: from which similarity on two answers of a preference record are counted as alike.
    """
    pairs = found.pairs
    root = components(pairs.left, pairs.right, len(found.ids))
    member = np.bincount(root, minlength=len(root))[root] > 1
    near = _near(found)
    made = {}
    for number, (name, (start, end)) in enumerate(places.items()):
        mine = slice(start, end)
        roots, alone = root[mine], ~member[mine]
        answers = found.answers.slice(start, end - start)
        columns = [
            pa.array(found.sketched.words[mine], pa.int32()),
            found.ids.take(pa.array(roots, mask=alone)),
            near.slice(start, end - start),
            answers,
        ]
        notes = {
            "in_clusters": int((~alone).sum()),
            "same_words": int(((pairs.kind == SAME) & (start <= pairs.right) & (pairs.right < end)).sum()),
            "answers_alike": pc.sum(pc.greater_equal(answers, alike)).as_py() or 0,
            # Of all sources together, told once.
            "not_compared": 0 if number else pairs.skipped,
        }
        table = {
            "id": found.ids.slice(start, end - start),
            "duplicate": pa.StructArray.from_arrays(columns, fields=list(DUPLICATE)),
            "_sketch": _packed(found, mine),
        }
        made[name] = Output(pa.table(table), notes={k: n for k, n in notes.items() if n})
    return made


def _near(found: Found) -> pa.ListArray:
    """For each place its near-duplicates, in order of their places."""
    pairs = found.pairs
    both = pairs.kind != SAME
    whose = np.concatenate([pairs.right, pairs.left[both]])
    other = np.concatenate([pairs.left, pairs.right[both]])
    order = np.lexsort((other, whose))
    which = np.concatenate([np.arange(len(pairs.left)), np.flatnonzero(both)])[order]
    names = pa.array(KINDS).take(pa.array(pairs.kind[which]))
    items = [found.ids.take(pa.array(other[order])), pa.array(pairs.similarity[which], pa.float32()), names]
    bounds = np.concatenate([[0], np.cumsum(np.bincount(whose, minlength=len(found.ids)))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(bounds), pa.StructArray.from_arrays(items, fields=list(NEAR)))


def _packed(found: Found, mine: slice) -> pa.ChunkedArray:
    chunks = [
        _chunk(found, slice(start, min(start + _CHUNK, mine.stop))) for start in range(mine.start, mine.stop, _CHUNK)
    ]
    return pa.chunked_array(chunks, SKETCH)


def _chunk(found: Found, mine: slice) -> pa.BinaryArray:
    rows = np.zeros(mine.stop - mine.start, _ROW)
    rows["content"] = found.content[mine]
    for name in ("digest", "words", "head", "long", "short"):
        rows[name] = getattr(found.sketched, name)[mine]
    bounds = np.arange(len(rows) + 1, dtype=np.int32) * _ROW.itemsize
    return pa.Array.from_buffers(SKETCH, len(rows), [None, pa.py_buffer(bounds), pa.py_buffer(rows)])


def known_of(previous: Mapping[str, Rows]) -> Known | None:
    """What the last run found, or None where there was none."""
    ids, near, sketches, skipped = [], [], [], 0
    for source in previous.values():
        skipped += source.view.tables[0].totals("notes").get("not_compared", 0)
        for batch in source.batches(("duplicate", "_sketch")):
            ids += batch.column("id").chunks
            near += pc.struct_field(batch.column("duplicate"), "near").chunks
            sketches += [_unpacked(chunk) for chunk in batch.column("_sketch").chunks]
    if not sum(map(len, ids)):
        return None
    rows = np.concatenate(sketches)
    fields = (np.ascontiguousarray(rows[name]) for name in ("words", "digest", "head", "long", "short"))
    pairs, _ = pairs_of(pa.concat_arrays(near), pa.concat_arrays(ids))
    # Most are told on both sides.
    once = pairs.take(pairs.right < pairs.left)
    return Known(np.ascontiguousarray(rows["content"]), Sketched(*fields), dataclasses.replace(once, skipped=skipped))


def _unpacked(column: pa.BinaryArray) -> npt.NDArray[np.void]:
    _, _, data = column.buffers()
    return np.frombuffer(data, _ROW, len(column), column.offset * _ROW.itemsize) if len(column) else np.zeros(0, _ROW)
