"""A proposed adapter tried on the first rows of the files: what becomes a record, what not and why, three examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import Adapter
from curation.core.declare import Document, bind
from curation.core.errors import ProjectError
from curation.core.sources import Sources
from curation.methods import screen
from curation.pull import adapters
from curation.pull.columns import columns_of, with_identity
from curation.pull.look import Declared
from curation.pull.readers import read
from curation.pull.sample import SAMPLE_ROWS

EXAMPLES = 3


@dataclass(frozen=True)
class Trial:
    """What came of the sampled rows.

    Attributes:
        records: how many records they made.
        rejects: how many rows (for one utterance a row: conversations) made none, by reason.
        examples: the first records that may be shown, as plain values.
    """

    records: int
    rejects: Mapping[str, int]
    examples: tuple[dict[str, Any], ...]

    @property
    def share(self) -> float:
        """Share that became records; 0 where there was nothing."""
        return self.records / max(1, self.records + sum(self.rejects.values()))


def adapter_of(declared: Declared) -> Adapter:
    """The adapter that a declaration means."""
    source = {"kind": "files", "path": "sample", "adapter": declared}
    return bind(Sources, Document({"sources": {"sample": source}}, {}, "proposal")).sources["sample"].adapter


def attempt(paths: Sequence[Path], declared: Declared) -> Trial | None:
    """Convert the first rows of each file; None where a file lacks a column of the adapter.

    What the unconditional screen flags is counted and never shown.
    """
    adapter = adapter_of(declared)
    identity = tuple(dict.fromkeys(adapter.text_columns()))
    columns = with_identity(columns_of(adapter), identity)
    made: list[pa.RecordBatch] = []
    rejects: Counter[str] = Counter()
    try:
        for path in paths:
            for chunk in read(path, columns, identity, max_rows=SAMPLE_ROWS):
                # The key decides groups and ids, and neither is shown.
                converted = adapters.convert(
                    chunk.columns, adapter, persona="neutral", licence=None, key=bytes(32), source="sample"
                )
                flagged = pc.fill_null(screen.flag(converted.records), False)
                rejects.update(b.reason for b in chunk.broken)
                rejects.update(converted.rejects.drop_null().to_pylist())
                rejects["unconditional"] += flagged.true_count
                made.append(converted.records.filter(pc.invert(flagged)))
    except ProjectError:
        return None
    examples = [_example(row) for batch in made for row in batch.slice(0, EXAMPLES).to_pylist()][:EXAMPLES]
    return Trial(sum(map(len, made)), dict(sorted((+rejects).items())), tuple(examples))


def _example(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what is the same for all and without what needs the project key."""
    told = {key: row[key] for key in ("kind", "messages", "chosen", "rejected", "label") if row[key] is not None}
    for key in ("messages", "chosen", "rejected"):
        if key in told:
            told[key] = [{k: v for k, v in turn.items() if v is not None} for turn in told[key]]
    return told | ({"meta": {pair["key"]: pair["value"] for pair in row["meta"]}} if row["meta"] else {})
