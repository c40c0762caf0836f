"""The constants of docs/scale.md: what a turn costs in CPU seconds and bytes, and what Ray costs beside it.

One process, one thread for the stages (CPU seconds); Ray on two CPUs (wall seconds, on an idle machine they are
lower). Made-up chats: six turns of about 250 characters; for near-duplicates the corpus of `benchmarks/near_dup`.
"""

import argparse
import contextlib
import io
import itertools
import operator
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent / "near_dup"))

import corpus

from curation.commands import pipeline
from curation.core.engine import Engine
from curation.core.plan import extend
from curation.core.store import Store, View
from curation.methods.candidates import candidates
from curation.methods.known import contents
from curation.methods.near import Rules, near_duplicates, sketch_all
from curation.pull.pull import raw_table
from tests.laws.projects import FEELINGS, TOPICS, make_project, write_jsonl

TURNS = 6


def chat(number):
    rng = random.Random(number)

    def turn(role, turn):
        said = [
            f"I keep thinking about {rng.choice(TOPICS)} and {rng.choice(TOPICS)}, and it leaves me "
            f"{rng.choice(FEELINGS)} for {rng.randrange(2, 90)} minutes at a time."
            for _ in range(3)
        ]
        return {"from": role, "value": " ".join(said) + f" That was entry {number}.{turn}.", "thought": None}

    return {
        "conversations": [turn("human" if i % 2 == 0 else "gpt", i) for i in range(TURNS)],
        "note": None,
        "family": None,
    }


def cpu(work):
    start = time.process_time()
    made = work()
    return made, time.process_time() - start


def stages(folder, rows):
    """CPU seconds of every step over one source, and the bytes of its table."""
    with contextlib.redirect_stderr(io.StringIO()):
        make_project(folder / "warm", chats=5, questions=1, pairs=1).run("run")  # models are read
    made = make_project(folder / "p", chats=1, questions=1, pairs=1, part_rows=rows // 8)
    write_jsonl(made.root / "chats.jsonl", [chat(i) for i in range(rows)])
    with contextlib.redirect_stderr(io.StringIO()):
        made.run("pull", "chats")
    project = made.project
    raw = raw_table(project, "chats", project.sources["chats"])
    context = pipeline.context(project, "chats")
    view, runner = View((raw,)), Engine(Store(project.data / "tables"))
    yield "raw", 0.0, size(raw)
    for step in pipeline.steps(project):
        if step.shape == "project":
            continue
        table, seconds = cpu(lambda step=step, view=view: runner.run(step, view, context))
        yield step.name, seconds, size(table)
        view = extend(view, step, table)


def size(table):
    return sum(path.stat().st_size for part in table.parts.values() for path in table.folder.glob(f"parts/{part.key}*"))


def near(folder, rows):
    """CPU seconds of the pieces of near_dup on texts in memory, with how many there are of each."""
    corpus.write(folder / "corpus.parquet", rows)
    texts = pq.read_table(folder / "corpus.parquet").column("text").combine_chunks()
    texts = pa.concat_arrays(texts.chunks) if isinstance(texts, pa.ChunkedArray) else texts
    rules = Rules()
    near_duplicates(sketch_all(texts[:500], rules), lambda p: texts[:500].take(pa.array(p)), rules)
    contents(texts[:500])
    _, hashed = cpu(lambda: contents(texts))
    sketched, sketching = cpu(lambda: sketch_all(texts, rules))
    long = np.flatnonzero(sketched.words >= rules.short_words)
    found, finding = cpu(lambda: candidates(sketched.long[long], rules.max_bucket))
    pairs, whole = cpu(lambda: near_duplicates(sketched, lambda p: texts.take(pa.array(p)), rules))
    yield "contents hashed", hashed, rows
    yield "texts sketched", sketching, rows
    yield "texts searched for candidates", finding, len(long)
    yield "candidates, checked and joined", whole - finding, len(found[0])
    yield "pairs found", 0.0, len(pairs.left)


def wall(work):
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def on_ray(root, rows):
    from curation.core.engine_ray import RayPool

    with RayPool(root, 2) as pool:
        _, first = wall(lambda: list(pool.each(operator.neg, [1])))
        yield "start, and the first step", first, 1
        _, again = wall(lambda: list(pool.each(operator.neg, [1, 2])))
        yield "a step more, without its work", again, 1
        _, many = wall(lambda: list(pool.each(operator.neg, list(range(400)))))
        yield "400 parts, without their work", many, 400
        keys = np.random.default_rng(1).integers(0, 1 << 40, rows, dtype=np.uint64)
        pieces = [
            pa.table({"key": keys[a:b], "row": np.arange(a, b, dtype=np.int32)})
            for a, b in itertools.pairwise(range(0, rows + 1, rows // 4))
        ]
        _, shuffled = wall(lambda: sum(pool.shuffle(pieces, "key", len)))
        yield "rows shuffled (12 bytes each)", shuffled, rows


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=8_000)
    options.add_argument("--near", type=int, default=100_000)
    options.add_argument("--shuffled", type=int, default=4_000_000)
    given = options.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"stages: {given.rows} chats of {TURNS} turns, one process")
        for step, seconds, size_ in stages(folder, given.rows):
            turns = given.rows * TURNS
            print(f"  {step:<10} {seconds / turns * 1e6:8.1f} us CPU a turn  {size_ / turns:8.1f} bytes a turn")
        print(f"near_dup: {given.near} chats of 1,490 characters, one thread")
        for what, seconds, number in near(folder, given.near):
            print(f"  {number:>9} {what:<32} {seconds / max(number, 1) * 1e6:8.2f} us CPU each")
        print(f"  peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        print("Ray: two CPUs of this machine, wall seconds")
        for what, seconds, number in on_ray(folder / "p", given.shuffled):
            print(f"  {what:<32} {seconds:8.2f} s  {seconds / number * 1e3:10.4f} ms each")


if __name__ == "__main__":
    main()
