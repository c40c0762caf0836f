"""200,000 ShareGPT rows to records: our pull against a per-row `datasets.map`, in CPU seconds and peak memory.

    python benchmarks/pull_sharegpt.py [ROWS]

Each side runs in a process of its own on the same zstd Parquet file. Ours does all that a pull does once the file is
here: hash it, convert, screen, make ids and groups, sort, write and publish. The peer loads the file with `datasets`,
maps one row at a time and writes Parquet. The messages of both are compared row by row.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

ROWS = 200_000
MOST_MB = 1200
LEAST_RATIO = 3.0

OURS = """
import sys
from pathlib import Path
from curation.core import files
from curation.core.project import Project
from curation.pull.ingest import DataFile, Material, ingest
root, data = Path(sys.argv[1]), Path(sys.argv[2])
project = Project.open(root)
file = DataFile(data.name, data, files.sha256_file(data), "file:data")
ingest(project, "s", project.sources["s"], Material((file,), file.sha256, "mit", ("conversations",)))
"""

PEER = """
import sys
from datasets import load_dataset
ROLES = {"system": "system", "human": "user", "gpt": "assistant"}
def convert(row):
    turns = [{"role": ROLES[t["from"]], "content": t["value"]} for t in row["conversations"]]
    while turns[-1]["role"] != "assistant":
        turns.pop()
    return {"messages": turns, "number": row["id"]}
rows = load_dataset("parquet", data_files=sys.argv[2], split="train", cache_dir=sys.argv[1])
rows.map(convert, remove_columns=rows.column_names).to_parquet(sys.argv[1] + "/out.parquet")
"""

MEASURE = """
import json, resource, subprocess, sys
process = subprocess.run([sys.executable, "-c", *sys.argv[1:]], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": process.returncode, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}))
"""


def write(path: Path, count: int) -> None:
    """Made-up ShareGPT rows as Parquet, 10,000 a row group.

    One to five exchanges, some with a system turn or an unanswered last one; words as frequent as in a natural
    language (Zipf), so that the text compresses like one.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(17)
    letters = random.Random(17)
    words = np.array(
        ["".join(letters.choices("etaoinshrdlucmfwypvbgkqjxz", k=letters.randint(2, 9))) for _ in range(30_000)],
        dtype=object,
    )
    weights = 1 / np.arange(1, len(words) + 1)
    edges = np.cumsum(weights / weights.sum())
    turn = pa.struct([("from", pa.string()), ("value", pa.string())])
    schema = pa.schema([("conversations", pa.list_(turn)), ("id", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, count, 10_000):
            batch = []
            for number in range(start, min(start + 10_000, count)):
                exchanges = int(rng.integers(1, 6))
                lengths = rng.integers([8, 30], [60, 160], size=(exchanges, 2)).ravel()
                text = iter(words[np.minimum(np.searchsorted(edges, rng.random(lengths.sum())), len(words) - 1)])
                turns = [{"from": "system", "value": "You listen first."}] if rng.random() < 0.3 else []
                turns += [
                    {"from": ("human", "gpt")[i % 2], "value": " ".join(islice(text, int(n)))}
                    for i, n in enumerate(lengths)
                ]
                if rng.random() < 0.1:
                    turns.append({"from": "human", "value": "thanks"})
                batch.append({"conversations": turns, "id": str(number)})
            writer.write_table(pa.Table.from_pylist(batch, schema))


def measure(code: str, *arguments: Path, home: Path) -> dict[str, float]:
    """CPU seconds (user and system) and peak memory in MB of a Python process and its children."""
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.getcwd()}
    output = subprocess.run(
        [sys.executable, "-c", MEASURE, code, *map(str, arguments)],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).stdout
    result: dict[str, float] = json.loads(output)
    assert result["code"] == 0, "one side failed"
    return result


def same_messages(ours: Path, theirs: Path, count: int) -> None:
    """Check, by source row, that both sides made the same messages."""
    import pyarrow.parquet as pq

    from curation.core.project import Project
    from curation.pull.ingest import raw_store

    store = raw_store(Project.open(ours))
    (key,) = [path.stem for path in store.folder("s", "raw").glob("*.json")]
    raw, origin = store.find("s", "raw", key), store.find("s", "origin", key)
    assert raw is not None and origin is not None and raw.rows == count
    place = {}
    for part in raw.parts:
        at = dict(zip(*[c.to_pylist() for c in origin.read(part, ["id", "row"]).columns], strict=True))
        table = raw.read(part, ["id", "messages"])
        for number, messages in zip(table["id"].to_pylist(), table["messages"].to_pylist(), strict=True):
            place[at[number]] = hash(tuple((m["role"], m["content"]) for m in messages))
    for batch in pq.ParquetFile(theirs / "out.parquet").iter_batches(5000):
        for row in batch.to_pylist():
            assert place.pop(int(row["number"])) == hash(tuple((m["role"], m["content"]) for m in row["messages"]))
    assert not place


def main() -> None:
    """Run both sides, compare, print the ratio; exit 1 where a promise is broken."""
    from curation.core.project import make_key

    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        data, ours, theirs = Path(folder) / "data.parquet", Path(folder) / "ours", Path(folder) / "theirs"
        write(data, count)
        for path in (ours, theirs):
            path.mkdir()
        make_key(ours)
        (ours / "sources.yaml").write_text(
            "sources:\n  s:\n    kind: files\n    path: data.parquet\n    persona: assistant\n    licence: mit\n"
            "    adapter: {kind: turns, field: conversations, role_key: from, content_key: value}\n"
        )
        mine = measure(OURS, ours, data, home=theirs)
        peer = measure(PEER, theirs, data, home=theirs)
        same_messages(ours, theirs, count)
        tables = sum(p.stat().st_size for p in ours.rglob("*") if p.is_file())
        ratio = peer["cpu"] / mine["cpu"]
        sys.stdout.write(
            f"{count} rows, {data.stat().st_size / 1e6:.0f} MB zstd Parquet, identical messages\n"
            f"curate pull      {mine['cpu']:6.1f} CPU s  {mine['mb']:6.0f} MB peak  {tables / 1e6:.0f} MB on disk\n"
            f"datasets.map     {peer['cpu']:6.1f} CPU s  {peer['mb']:6.0f} MB peak\n"
            f"ratio {ratio:.1f} (at least {LEAST_RATIO}), peak below {MOST_MB} MB\n"
        )
        sys.exit(0 if ratio >= LEAST_RATIO and mine["mb"] < MOST_MB else 1)


if __name__ == "__main__":
    main()
