"""Finding personal data, beside Presidio's BatchAnalyzerEngine with the same recognisers and components.

    python benchmarks/scrub.py [FILE] [--chat 3000] [--dense 2000]

FILE: texts of your own in place of the made-up chat, one JSON object with `text` a line. CPU seconds of one thread,
after imports and loading. Of two rounds the better counts, on both sides, and both get every text, repeated ones and
all. The pipeline has the architecture of en_core_web_sm without its parser: what it costs is real, what its tagger says
is not. Claims: the level patterns 8 times as fast as the peer at its default, with NER 5 times (2.5 times the peer with
batches of 256), texts full of personal data 2.5 times; the level rules a million characters a second.
"""

# ruff: noqa: E402 - the number of threads is read when numpy is imported

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow as pa

from curation.clean.pii import pipeline as pipelines
from curation.clean.pii.driver import Driver
from curation.clean.pii.find import Search
from curation.clean.pii.patterns import recognisers
from tests.clean.pii import talk
from tests.clean.pii.peer import Found, Peer
from tests.clean.pii.pipelines import train

ROUNDS = 2
THRESHOLD = 0.05


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    """The best CPU time of some rounds, and what came of the last."""
    best, result = float("inf"), None
    for _ in range(ROUNDS):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    return best, result


def compare(name: str, texts: Sequence[str], pipeline: Path | None) -> None:
    """Print what our driver and the peer need for the same findings, and in how many texts these differ."""
    model = pipelines.load(str(pipeline), "spacy:benchmark") if pipeline else None
    driver = Driver(recognisers(), model)
    spent, found = seconds(lambda: every(driver, texts))
    told(name, "curate", texts, spent, "")
    peer = Peer(pipeline)
    for batch in (1, 256):
        stock, theirs = seconds(lambda size=batch: peer.findings(texts, batch=size, threshold=THRESHOLD))
        wrong = sum(a != b for a, b in zip(found, theirs, strict=True))
        told(name, f"Presidio, batch {batch}", texts, stock, f"{stock / spent:5.1f} times ours, {wrong} texts differ")
    if pipeline:
        stock, _ = seconds(lambda: Peer(pipeline, only="ner").findings(texts, batch=256, threshold=THRESHOLD))
        told(name, "Presidio, 256, ner alone", texts, stock, f"{stock / spent:5.1f} times ours, no lemmas")


def every(driver: Driver, texts: Sequence[str]) -> list[set[Found]]:
    """What our driver finds in each text, of which it searches every one once."""
    distinct = pa.array(texts, pa.string()).dictionary_encode()
    found = driver.search(distinct.dictionary.to_pylist(), THRESHOLD)
    sets = [{(h.start, h.end, h.entity, round(h.score, 4)) for h in there} for there in found]
    return [sets[code] for code in distinct.indices.to_pylist()]


def told(name: str, who: str, texts: Sequence[str], spent: float, more: str) -> None:
    """Print a line of the table."""
    pace = sum(map(len, texts)) / spent / 1e3
    print(f"{name:<24} {who:<26} {spent:7.2f} CPU s {pace:6.0f} kchar/s  {more}".rstrip(), flush=True)


def rate(level: str, name: str, texts: Sequence[str]) -> None:
    """Print how fast a level searches: once, as the peer's search does, and until nothing more is found."""
    search = Search(level)
    once, _ = seconds(lambda: search.finder.search(list(dict.fromkeys(texts)), 0.35))
    told(name, f"curate, {level}, once", texts, once, "")
    whole, _ = seconds(lambda: search.find(list(dict.fromkeys(texts))))
    told(name, f"curate, {level}, to the end", texts, whole, "")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--chat", type=int, default=3000)
    parser.add_argument("--dense", type=int, default=2000)
    given = parser.parse_args()
    if given.file:
        chat = [json.loads(line)["text"] for line in given.file.read_text(encoding="utf-8").splitlines()]
    else:
        chat = talk.chat(given.chat)
    dense = talk.dense(given.dense)
    print(", ".join(f"{name} {version(name)}" for name in ("presidio-analyzer", "spacy", "thinc", "numpy", "pyarrow")))
    for name, texts in (("chat", chat), ("dense", dense)):
        print(f"{name}: {len(texts)} texts, {len(set(texts))} different, {sum(map(len, texts))} characters")
    with tempfile.TemporaryDirectory() as folder:
        pipeline = train(Path(folder) / "sm", full=True)
        for name, texts in (("chat", chat), ("dense", dense)):
            compare(f"{name}, patterns", texts, None)
            compare(f"{name}, patterns and ner", texts, pipeline)
            rate("rules", f"{name}, rules", texts)


if __name__ == "__main__":
    main()
