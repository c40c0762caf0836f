"""Stages and tables small enough to read in full."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files, records, stage
from curation.core.stage import Call, Output, Step
from curation.core.store import View, prefix_digits

KEY = b"k" * 32


@dataclass(frozen=True)
class ShoutSpec:
    minimum: int = 2
    fail_at: str = ""


def _shout(batch, spec, context):
    texts = batch.column("language")
    if spec.fail_at and pc.any(pc.equal(texts, spec.fail_at)).as_py():
        raise ValueError(f"row text: {spec.fail_at}")
    keep = pc.greater_equal(pc.utf8_length(texts), spec.minimum)
    kept = pa.table({"id": batch.column("id"), "licence": pc.utf8_upper(texts)}).filter(keep)
    gone = batch.column("id").filter(pc.invert(keep))
    return Output(kept, records.as_dropped(gone, "shout", "short"), {"kept": len(kept)})


def _twins(batches, spec, context):
    seen, gone, witness, kept = {}, [], [], []
    for batch in batches():
        for row in batch.to_pylist():
            if row["licence"] in seen:
                gone.append(row["id"])
                witness.append(seen[row["licence"]])
            else:
                seen[row["licence"]] = row["id"]
                kept.append(row["id"])
    dropped = records.as_dropped(gone, "twins", "twin", witness=witness)
    return Output(pa.table({"id": pa.array(kept, pa.string())}), dropped, {"twins": len(gone)})


SHOUT = stage.stage("test_shout", version=1, spec=ShoutSpec, reads=("language",), writes=("licence",))(_shout)
TWINS = stage.stage("test_twins", version=1, spec=ShoutSpec, reads=("licence",), shape="corpus")(_twins)


def step(stage_, **parameters):
    return Step(stage_.name, (Call(stage_, ShoutSpec(**parameters)),))


def raw_table(store, words, part_rows=4, source="s"):
    """A published raw table with one record a word; `language` holds the word."""
    hashes = records.identity(KEY, [w.encode() for w in words])
    ids = records.number_occurrences(source, hashes, lambda row: words[row].encode())
    rows = sorted(zip(ids, words, strict=True))
    digits = prefix_digits(len(rows), part_rows)
    cut = {}
    for i, word in rows:
        cut.setdefault(records.prefix_of(i, digits) if digits else "all", []).append((i, word))
    parts = {}
    for name, members in cut.items():
        table = pa.Table.from_pylist(
            [{"id": i, "kind": "chat", "messages": [], "persona": "neutral", "language": w} for i, w in members],
            schema=records.RECORD_SCHEMA,
        )
        key = files.digest(records.digests(table))
        parts[name] = store.write_part(source, "raw", key, table, records.empty_dropped(), {})
    return store.publish(
        source,
        "raw",
        files.digest(sorted(p.key for p in parts.values())),
        parts,
        columns=records.RECORD_SCHEMA.names,
        ingredients=[],
        rows_in=len(rows),
    )


def view_of(table):
    return View((table,))
