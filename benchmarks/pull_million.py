"""A million ShareGPT rows pulled from a hub on loopback: CPU seconds, peak memory, and what is left on disk.

    python benchmarks/pull_million.py [ROWS]

Ours is the whole command, `curate pull` in a process of its own: it resolves the commit, downloads the Parquet files,
checks their hashes, converts, screens, makes ids and groups, sorts, writes and publishes. The peer makes the same
records one row at a time with `datasets.load_dataset(...).map`, and finds the files on the disk already. What both made
is compared, record by record.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pull_sharegpt import PEER_RECORDS, measure

from curation.core.project import Project, make_key
from curation.demo.hub import LoopbackHub
from curation.demo.repos import publish
from curation.pull.pull import raw_table

ROWS = 1_000_000
FILES = 5
MOST_MB = 1000
LEAST_RATIO = 3.0
MOST_DISK = 1.3

SOURCES = """
sources:
  s:
    kind: huggingface
    id: bench/million
    files: ["*.parquet"]
    persona: assistant
    adapter: {kind: turns, field: conversations, role_key: from, content_key: value}
"""

PULL = """
import os, sys
os.environ.pop("HF_HUB_OFFLINE", None)
from curation.cli import main
sys.exit(main(["--project", sys.argv[1], "pull", "s"]))
"""


def table(start: int, count: int) -> tuple[pa.Table, int]:
    """Made-up rows and the bytes of their text: one to four exchanges of words as frequent as in a language (Zipf)."""
    rng = np.random.default_rng([17, start])
    words = vocabulary()
    edges = np.cumsum(1 / np.arange(1, len(words) + 1))
    turns = 2 * rng.integers(1, 5, count)
    lengths = rng.integers(4, 40, turns.sum())
    drawn = np.searchsorted(edges, rng.random(lengths.sum()) * edges[-1]).clip(max=len(words) - 1)
    ends = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    text = pc.binary_join(pa.ListArray.from_arrays(ends, words.take(pa.array(drawn))), " ")
    first = np.concatenate([[0], np.cumsum(turns)])
    place = np.arange(len(text)) - np.repeat(first[:-1], turns)
    speaker = pa.array(["human", "gpt"]).take(pa.array(place % 2))
    rows = pa.ListArray.from_arrays(
        pa.array(first.astype(np.int32)), pa.StructArray.from_arrays([speaker, text], ["from", "value"])
    )
    numbers = pc.cast(pa.array(np.arange(start, start + count)), pa.string())
    return pa.table({"conversations": rows, "id": numbers}), int(pc.sum(pc.binary_length(text)).as_py())


def vocabulary() -> pa.StringArray:
    """Thirty thousand made-up words."""
    rng = np.random.default_rng(17)
    letters = list("etaoinshrdlucmfwypvbgkqjxz")
    return pa.array(["".join(rng.choice(letters, rng.integers(2, 10))) for _ in range(30_000)])


def write(folder: Path, count: int) -> int:
    """Several zstd Parquet files, 10,000 rows a row group; the bytes of all text."""
    said = 0
    for number in range(FILES):
        start, stop = number * count // FILES, (number + 1) * count // FILES
        rows, size = table(start, stop - start)
        pq.write_table(
            rows, folder / f"part-{number:05d}.parquet", compression="zstd", row_group_size=10_000, use_dictionary=False
        )
        said += size
    return said


def serve(root: Path, data: Path) -> None:
    """Make a data set of the files, linked, not copied: `publish` wants them in memory."""
    sha = publish(root, "bench/million", {}, card={"license": "mit"})
    for path in data.glob("*.parquet"):
        os.link(path, root / "datasets/bench/million" / sha / path.name)


def size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def compare(root: Path, theirs: Path) -> int:
    """Check that both made the same records, in id order, and count them."""
    project = Project.open(root)
    made = raw_table(project, "s", project.sources["s"])
    assert made is not None
    peer = pq.read_table(theirs / "out.parquet", columns=["id", "group", "messages"])
    done = 0
    for part in made.parts:
        rows = pa.table(made.read(part, ["id", "group", "messages"]))
        assert plain(rows) == plain(peer.slice(done, len(rows))), "the records differ"
        done += len(rows)
    assert done == peer.num_rows
    return done


def plain(rows: pa.Table) -> list[pa.ChunkedArray]:
    """Ids, groups, turns a row, and roles and contents of the turns, whatever else the type of a turn holds."""
    turns = pc.list_flatten(rows["messages"])
    columns = [rows["id"], rows["group"], pc.list_value_length(rows["messages"])]
    columns += [pc.struct_field(turns, name) for name in ("role", "content")]
    return [column.cast(pa.large_string()) for column in columns]


def main() -> None:
    """Run both sides, compare, print; exit 1 where a promise is broken."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        data, ours, theirs = (Path(folder) / name for name in ("data", "ours", "theirs"))
        for place in (data, ours, theirs):
            place.mkdir()
        text = write(data, count)
        serve(Path(folder) / "hub", data)
        make_key(ours)
        (ours / "sources.yaml").write_text(SOURCES)
        os.environ |= {"NO_PROXY": "127.0.0.1", "CURATE_WORKERS": "1"}
        with LoopbackHub(Path(folder) / "hub") as hub:
            os.environ["HF_ENDPOINT"] = hub.endpoint
            start = time.monotonic()
            mine = measure(PULL, ours, home=Path(folder) / "home")
            seconds = time.monotonic() - start
        start = time.monotonic()
        peer = measure(PEER_RECORDS, theirs, data / "*.parquet", ours, home=theirs)
        peer_seconds = time.monotonic() - start
        rows = compare(ours, theirs)
        given, downloads = size(data), size(ours / "data/raw/downloads")
        tables = size(ours / "data/raw") - downloads
        cache = size(theirs) - (theirs / "out.parquet").stat().st_size
    ratio, disk = peer["cpu"] / mine["cpu"], tables / given
    lines = [
        f"{rows} rows, {text / 1e6:.0f} MB of text, {given / 1e6:.0f} MB zstd Parquet in {FILES} files; same records",
        f"curate pull   {mine['cpu']:6.1f} CPU s  {seconds:6.1f} s  {mine['mb']:5.0f} MB peak",
        f"datasets.map  {peer['cpu']:6.1f} CPU s  {peer_seconds:6.1f} s  {peer['mb']:5.0f} MB peak  ratio {ratio:.1f}",
        f"on disk, as parts of the input: {disk:.2f} tables, {(tables + downloads) / given:.2f} with the download "
        f"(the cache of datasets: {cache / given:.2f})",
        f"wanted: ratio {LEAST_RATIO}, peak below {MOST_MB} MB, tables at most {MOST_DISK} of the input",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(0 if ratio >= LEAST_RATIO and mine["mb"] < MOST_MB and disk <= MOST_DISK else 1)


if __name__ == "__main__":
    main()
