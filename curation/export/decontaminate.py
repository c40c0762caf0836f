"""Leave the rows out of a mix that give away what a benchmark asks.

The rule is that of `curation.methods.overlap`. What it reads of a record is what its user says, in whichever voice the
record is learned: as it leaves, and as it came, for a placeholder in a question parts the eight-grams around it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.store import StoredTable, View
from curation.export.benchmarks import Benchmark
from curation.export.index import Index
from curation.methods.overlap import overlaps
from curation.methods.texts import Turns

REASON = "contaminated"
TOO_MUCH = 0.02
"""Above this share of its items in the training material, Tülu 3 calls a benchmark contaminated."""


def mark(
    index: Index, views: Mapping[str, View], raw: Mapping[str, StoredTable], benchmarks: Sequence[Benchmark]
) -> dict[str, dict[str, int]]:
    """Leave out of the index every row that gives a test item away, and name that item as its witness.

    Looked at are the rows that could still be taken.

    Args:
        index: the rows.
        views: their tables, by source.
        raw: the tables that these were cleaned from, where they are at hand.
        benchmarks: the test items.

    Returns:
        For each benchmark `given`, how many of its items such rows gave away, and `rows`, how many rows were left
        out for one of them. A row that gives away several items is named after the one of which it holds most.
    """
    if not benchmarks:
        return {}
    given = {b.name: np.zeros(len(b.numbers), np.bool_) for b in benchmarks}
    rows = dict.fromkeys(given, 0)
    start = 0
    for name in index.names:
        view = views[name]
        for part in sorted(view.parts):
            table = view.read(part, ["messages"])
            open_ = np.flatnonzero(index.selected[start : start + len(table)])
            left = table.take(pa.array(open_))
            forms = [_asked(each) for each in (left.column("messages"), *_came(raw.get(name), part, left.column("id")))]
            best = np.zeros(len(open_), np.float32)
            witness: dict[int, tuple[str, str]] = {}
            for benchmark, texts in itertools.product(benchmarks, forms):
                found = overlaps(texts, benchmark.items)
                given[benchmark.name] |= found.given
                for row in np.flatnonzero(found.share > best).tolist():
                    number = int(found.item[row])
                    said = f"{benchmark.name}#{benchmark.numbers[number]} ({benchmark.hashes[number]})"
                    witness[row] = benchmark.name, said
                best = np.maximum(best, found.share)
            places = {start + int(open_[row]): named for row, named in witness.items()}
            index.leave_out(np.array(list(places), np.int64), REASON)
            for place, (benchmark_name, said) in places.items():
                rows[benchmark_name] += 1
                index.witness[place] = said
            start += len(table)
    return {name: {"given": int(marks.sum()), "rows": rows[name]} for name, marks in given.items()}


def _came(raw: StoredTable | None, part: str, ids: pa.ChunkedArray) -> list[pa.ChunkedArray]:
    """The messages of some records as they were pulled; none where that table is not at hand."""
    if raw is None or part not in raw.parts:
        return []
    table = raw.read(part, ["id", "messages"])
    return [table.column("messages").take(pc.index_in(ids, value_set=table.column("id").combine_chunks()))]


def _asked(messages: pa.ChunkedArray) -> pa.Array:
    """What the user of each conversation says, as one text."""
    turns = Turns.of(messages)
    asked = pc.fill_null(pc.equal(turns.role, "user"), False)
    sizes = np.bincount(turns.rows[asked.to_numpy(zero_copy_only=False)], minlength=len(turns.lengths))
    bounds = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    said = pc.fill_null(turns.content.filter(asked), "")
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), said), "\n")
