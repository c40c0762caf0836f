"""One million records of ten sources: mix, split and write, beside datasets.interleave_datasets + to_parquet.

    python benchmarks/mix_million.py [ROWS]

The peer does the same selection (probabilities by source) without the guarantees: no token budget, no split by group,
no near-duplicates, no screen, no manifest. Both start from Parquet files on this disk. Token counts are cached, as they
are from the second mix of a project on. Peak memory is that of each side's own process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))
SOURCES = 10
WORDS = (
    "I feel tired of work and cannot sleep since the summer ended because my mother is ill and nobody calls me "
    "what happened then and how did that feel when you said it aloud to your sister in the kitchen"
).split()


def records(source: int, count: int) -> pa.Table:
    """Conversations of two to six turns of 5 to 60 words."""
    from curation.core.records import RECORD_SCHEMA
    from curation.methods.hold import RISK

    chance = np.random.default_rng(source)
    pool = [" ".join(chance.choice(WORDS, int(n))) for n in chance.integers(5, 60, 4000)]
    lengths = chance.integers(1, 4, count) * 2
    total = int(lengths.sum())
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    starts = np.repeat(offsets[:-1], lengths)
    texts = [f"{pool[i]} {n}" for n, i in enumerate(chance.integers(0, len(pool), total))]
    roles = np.where((np.arange(total) - starts) % 2 == 0, "user", "assistant")
    turn = RECORD_SCHEMA.field("messages").type.value_type
    flat = pa.StructArray.from_arrays(
        [pa.array(roles), pa.array(texts), pa.nulls(total, pa.string())], fields=list(turn)
    )
    kind = RECORD_SCHEMA.field("messages").type
    messages = pa.ListArray.from_arrays(pa.array(offsets), flat).cast(kind)
    ids = np.sort(chance.integers(0, 1 << 62, count))
    made = {
        "id": pa.array([f"s{source}:{i:016x}" for i in ids]),
        "kind": pa.array(["chat"] * count),
        "messages": messages,
        "persona": pa.array(["client" if source % 3 == 0 else "assistant"] * count),
        "language": pa.array(["en"] * count),
        "group": pa.array([f"g{source}-{n // 3}" for n in range(count)]),
        "text_digest": pa.array([f"{source}-{n}" for n in range(count)]),
        "risk": pa.array([{"level": 0, "flags": [], "why": None, "turns": [], "spans": []}], RISK).take(
            pa.array(np.zeros(count, np.int64))
        ),
    }
    columns = {f.name: made.get(f.name, pa.nulls(count, f.type)) for f in RECORD_SCHEMA}
    return pa.table(columns | {"text_digest": made["text_digest"], "risk": made["risk"]})


def prepare(root: Path, rows: int) -> None:
    """A project with published tables, and the same rows as plain files for the peer."""
    from curation.core.files import digest
    from curation.core.project import make_key
    from curation.core.records import empty_dropped
    from curation.core.store import Store
    from curation.demo.tiny_base import build_tiny_base

    root.mkdir(parents=True)
    names = [f"s{n}" for n in range(SOURCES)]
    declared = {n: {"kind": "files", "path": "x.jsonl", "adapter": {"kind": "turns"}, "licence": "MIT"} for n in names}
    (root / "sources.yaml").write_text(json.dumps({"sources": declared}))
    make_key(root)
    build_tiny_base(root / "models" / "tiny")
    (root / "peer").mkdir()
    store = Store(root / "data" / "tables")
    for number, name in enumerate(names):
        table = records(number, rows // SOURCES)
        bounds = np.unique([int(i.partition(":")[2][0], 16) for i in table.column("id").to_pylist()])
        parts = {}
        first = np.array([int(i.partition(":")[2][0], 16) for i in table.column("id").to_pylist()])
        for digit in bounds:
            piece = table.filter(pa.array(first == digit))
            key = digest([name, int(digit), rows])
            parts[f"{digit:x}"] = store.write_part(name, "records", key, piece, empty_dropped(), {})
        made = [{"stage": "scrub", "models": {"level": "rules"}}]
        key = digest([name, rows])
        store.publish(name, "records", key, parts, columns=table.column_names, ingredients=made, rows_in=len(table))
        pq.write_table(table.select(["id", "messages"]), root / "peer" / f"{name}.parquet")


def ours(root: Path, mix: str, sources: int) -> dict[str, float]:
    """One export; returns seconds, memory and rows."""
    from curation.core.project import Project
    from curation.core.store import Store, View
    from curation.export.export import export
    from curation.export.recipe import MixRecipe, Persona, Portion, Splits, TokenizerAt

    project = Project.open(root)
    store = Store(root / "data" / "tables")
    tables = {t.manifest["source"]: t for t in store.tables() if t.manifest["step"] == "records"}
    views = {f"s{n}": View((tables[f"s{n}"],)) for n in range(sources)}
    voices = {"assistant": Persona(), "client": Persona(system="Client.", opening="Hello.")}
    portions = {
        name: Portion(sources=(name,), tokens=10_000_000 * len(view.parts) // 16) for name, view in views.items()
    }
    recipe = MixRecipe(
        mix=mix, task="sft", personas=voices, portions=portions, splits=Splits(0.02), views=("trl",),
        tokenizer=TokenizerAt("models/tiny", template="chatml"),
    )  # fmt: skip
    start, cpu = time.perf_counter(), time.process_time()
    made = export(project, recipe, views)
    took = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    return {**took, "rows": made.manifest["rows"]["train"], "gb": _gb()}


def peer(root: Path, rows: int) -> dict[str, float]:
    """interleave_datasets by probabilities until as many rows as ours, then to_parquet."""
    import datasets

    files = sorted((root / "peer").glob("*.parquet"))
    start, cpu = time.perf_counter(), time.process_time()
    parts = [datasets.Dataset.from_parquet(str(f), cache_dir=str(root / "cache")) for f in files]
    mixed = datasets.interleave_datasets(parts, probabilities=[1 / len(parts)] * len(parts), seed=1)
    mixed.select(range(min(rows, len(mixed)))).to_parquet(str(root / "peer.out"))
    took = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    return {**took, "rows": min(rows, len(mixed)), "gb": _gb()}


def _gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Make the rows, then run each side in a process of its own."""
    if len(sys.argv) > 2:
        what, root, *more = sys.argv[1:]
        found = ours(Path(root), more[0], int(more[1])) if what == "ours" else peer(Path(root), int(more[0]))
        print(json.dumps(found))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "p"
        prepare(root, rows)

        def run(*args: object) -> dict[str, float]:
            done = subprocess.run(
                [sys.executable, __file__, *map(str, args)], capture_output=True, text=True, check=True
            )
            return dict(json.loads(done.stdout.splitlines()[-1]))

        cold = run("ours", root, "nine", SOURCES - 1)
        more = run("ours", root, "ten", SOURCES)
        warm = run("ours", root, "again", SOURCES)
        other = run("peer", root, int(warm["rows"]))
        for name, one in (("nine sources, tokens counted", cold), ("a tenth source is added", more),
                          ("ten sources, counts cached", warm), ("interleave_datasets", other)):  # fmt: skip
            took = f"{one['seconds']:7.1f} s  {one['cpu']:7.1f} CPU s  {one['gb']:5.2f} GB"
            print(f"{name:<30} {took}  {int(one['rows']):>9,} rows")
        print(f"ratio in CPU seconds {other['cpu'] / warm['cpu']:.2f}")


if __name__ == "__main__":
    main()
