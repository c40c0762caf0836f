"""200,000 ShareGPT rows to records: our pull against per-row `datasets.map`, in CPU seconds and peak memory.

    python benchmarks/pull_sharegpt.py [ROWS]

Each side runs in a process of its own on the same zstd Parquet file. Ours does all that a pull does once the file is
here: hash it, convert, screen, make ids and groups, sort, write and publish. There are two peers, both one row at a
time: `records` makes the same records (id, group and messages, in id order), `messages` only the
messages, in file order. What they made is compared with ours row by row.
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

PEER_MESSAGES = """
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

PEER_RECORDS = """
import hashlib, hmac, sys
from datasets import load_dataset
ROLES = {"system": "system", "human": "user", "gpt": "assistant"}
key = bytes.fromhex(open(sys.argv[3] + "/keys/project.key").read())
def digest(text):
    return hmac.digest(key, text.encode(), "sha256").hex()
def convert(row):
    given = row["conversations"]
    text = "\\x1e".join(f"\\x1dfrom\\x1f{t['from']}\\x1dvalue\\x1f{t['value']}" for t in given)
    turns = [{"role": ROLES[t["from"]], "content": t["value"]} for t in given]
    while turns[-1]["role"] != "assistant":
        turns.pop()
    first = next(t["content"] for t in turns if t["role"] == "user")
    first = " ".join(first.casefold().split()).encode()
    group = hashlib.blake2b(first, digest_size=16, key=key, person=b"group").hexdigest()
    return {"id": "s:" + digest(text)[:16], "kind": "chat", "messages": turns, "persona": "assistant",
            "licence": "mit", "group": group, "number": row["id"]}
rows = load_dataset("parquet", data_files=sys.argv[2], split="train", cache_dir=sys.argv[1])
made = rows.map(convert, remove_columns=rows.column_names).sort("id")
made.to_parquet(sys.argv[1] + "/out.parquet")
"""

MEASURE = """
import json, resource, subprocess, sys
process = subprocess.run([sys.executable, "-c", *sys.argv[1:]], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": process.returncode, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}))
"""


def write(path: Path, count: int) -> None:
    """Made-up ShareGPT rows as Parquet, 10,000 a row group.

    One to eight short exchanges, as in a talk, some with a system turn or an unanswered last one; words as frequent
    as in a natural language (Zipf), so that the text compresses like one.
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
                exchanges = int(rng.integers(1, 9))
                lengths = rng.integers([4, 12], [30, 70], size=(exchanges, 2)).ravel()
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


def same(ours: Path, theirs: Path, count: int) -> None:
    """Check, by source row, that a peer made the same messages, and the same ids and groups if it made any."""
    import pyarrow.parquet as pq

    from curation.core.project import Project
    from curation.pull.ingest import raw_store

    store = raw_store(Project.open(ours))
    (key,) = [path.stem for path in store.folder("s", "raw").glob("*.json")]
    raw, origin = store.find("s", "raw", key), store.find("s", "origin", key)
    assert raw is not None and origin is not None and raw.rows == count
    made = {}
    for part in raw.parts:
        place = dict(zip(*[c.to_pylist() for c in origin.read(part, ["id", "row"]).columns], strict=True))
        for row in raw.read(part, ["id", "group", "messages"]).to_pylist():
            made[place[row["id"]]] = (row["id"], row["group"], _digest(row["messages"]))
    for batch in pq.ParquetFile(theirs / "out.parquet").iter_batches(5000):
        for row in batch.to_pylist():
            own_id, group, messages = made.pop(int(row["number"]))
            assert messages == _digest(row["messages"])
            assert (row.get("id", own_id), row.get("group", group)) == (own_id, group)
    assert not made


def _digest(messages: list[dict[str, str]]) -> int:
    return hash(tuple((m["role"], m["content"]) for m in messages))


def main() -> None:
    """Run all sides, compare, print the ratios; exit 1 where the promise against `records` is broken."""
    from curation.core.project import make_key

    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        data, ours = Path(folder) / "data.parquet", Path(folder) / "ours"
        write(data, count)
        ours.mkdir()
        make_key(ours)
        (ours / "sources.yaml").write_text(
            "sources:\n  s:\n    kind: files\n    path: data.parquet\n    persona: assistant\n    licence: mit\n"
            "    adapter: {kind: turns, field: conversations, role_key: from, content_key: value}\n"
        )
        mine = measure(OURS, ours, data, home=ours)
        tables = sum(p.stat().st_size for p in ours.rglob("*") if p.is_file())
        lines = [
            f"{count} rows, {data.stat().st_size / 1e6:.0f} MB zstd Parquet",
            f"curate pull             {mine['cpu']:5.1f} CPU s  {mine['mb']:5.0f} MB peak  "
            f"{tables / 1e6:.0f} MB on disk",
        ]
        ratios = {}
        for name, code in (("records", PEER_RECORDS), ("messages", PEER_MESSAGES)):
            theirs = Path(folder) / name
            theirs.mkdir()
            peer = measure(code, theirs, data, ours, home=theirs)
            same(ours, theirs, count)
            ratios[name] = peer["cpu"] / mine["cpu"]
            lines.append(
                f"datasets.map, {name:8}  {peer['cpu']:5.1f} CPU s  {peer['mb']:5.0f} MB peak  "
                f"ratio {ratios[name]:.1f}, same {name}"
            )
        lines.append(f"wanted: ratio {LEAST_RATIO} for the same records, peak below {MOST_MB} MB")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.exit(0 if ratios["records"] >= LEAST_RATIO and mine["mb"] < MOST_MB else 1)


if __name__ == "__main__":
    main()
