"""The same inputs give the same bytes, whatever the batch size, the workers, the order and the hash seed."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from curation.commands import pipeline
from curation.core import declare
from curation.core.stage import REGISTRY
from tests.laws.projects import chat, make_project, write_jsonl


@pytest.mark.parametrize("batch_rows", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 64, 1000))])
def test_batch_size(finished, tmp_path, batch_rows):
    other = make_project(tmp_path / "p")
    other.run("--set", f"batch_rows={batch_rows}", "run")
    assert other.tables() == finished.tables()


def spread_all(monkeypatch):
    """Give even these few rows to the workers."""
    made = pipeline.engine
    monkeypatch.setattr(pipeline, "engine", lambda *a: dataclasses.replace(made(*a), pool_rows=0))


@pytest.mark.slow
def test_two_workers(finished, tmp_path, monkeypatch):
    other = make_project(tmp_path / "p")
    spread_all(monkeypatch)
    other.run("--workers", "2", "run")
    assert other.tables() == finished.tables()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ray(finished, tmp_path, monkeypatch):
    """The whole way on Ray gives the bytes of one process, one process finds nothing to do after it, and stdout is
    data only; also where a worker is killed over every step."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")
    spread_all(monkeypatch)
    other = make_project(tmp_path / "p")
    killed = KillingWorkers()
    with killed:
        said = json.loads(other.run("--workers", "2", "--json", "clean", "--engine", "ray"))
    assert sorted(said) == ["chats", "pairs", "questions"]
    assert killed.count >= 1
    other.run("--workers", "2", "run", "--engine", "ray")
    assert other.tables() == finished.tables()
    assert other.written_by("run")[0] == []


class KillingWorkers(threading.Thread):
    """Kills, with SIGKILL, the third and the seventh Ray worker of this process that is seen at work on a part."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.count, self.done = [], 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.join()

    def run(self):
        while not self.done.wait(0.05):
            for pid in workers_of(os.getpid()):
                if pid not in self.seen:
                    self.seen.append(pid)
                    if len(self.seen) in (3, 7):
                        time.sleep(0.5)
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                            self.count += 1


def workers_of(parent):
    """The Ray tasks at work below a process: Ray names them so."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name = (folder / "cmdline").read_bytes()
            if name.startswith(b"ray::MapBatches") and parent in ancestors(int(folder.name)):
                found.append(int(folder.name))
    return found


def ancestors(pid):
    while pid > 1:
        pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        yield pid


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_shuffled_inputs(finished, tmp_path, seed):
    other = make_project(tmp_path / "p")
    for name in ("chats.jsonl", "pairs.jsonl", "questions.csv"):
        head, *rest = (other.root / name).read_text().splitlines(keepends=True)
        lines = [head, *rest] if name.endswith("jsonl") else rest
        random.Random(seed).shuffle(lines)
        (other.root / name).write_text("".join(lines if name.endswith("jsonl") else [head, *lines]))
    other.run("run")
    # Only where the rows stand may differ, and what is derived from the files' own digests.
    ours = {n: d for n, d in other.tables().items() if "/origin/" not in n and not n.endswith(".json")}
    theirs = {n: d for n, d in finished.tables().items() if "/origin/" not in n and not n.endswith(".json")}
    strip = [{n: d for n, d in found.items() if not n.startswith("data/exports")} for found in (ours, theirs)]
    assert strip[0] == strip[1]
    exports = [
        sorted(d for n, d in found.items() if n.endswith((".parquet", ".jsonl")) and "exports" in n)
        for found in (ours, theirs)
    ]
    assert exports[0] == exports[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_hash_seeds(finished, tmp_path, seed):
    other = make_project(tmp_path / "p")
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    code = "import sys; from curation.cli import main; sys.exit(main(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, "--project", str(other.root), "-q", "run"], env=env, check=True)
    assert other.tables() == finished.tables()


# Of these fields only some values name something that there is.
_OTHERS = {("emotion", "model"): "embedded-linear", ("scrub", "level"): "patterns"}


def _variants(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return value[:-1] if value else ["x"]
    return "x"


def test_every_field_of_every_spec_changes_the_key():
    checked = 0
    for name, known in sorted(REGISTRY.items()):
        if name.startswith("test_"):
            continue
        spec = known.spec()
        before = known.ingredients(spec)
        for field in dataclasses.fields(spec):
            value = getattr(spec, field.name)
            changed = _OTHERS.get((name, field.name)) or _variants(declare.plain(value))
            other = dataclasses.replace(spec)
            object.__setattr__(other, field.name, tuple(changed) if isinstance(changed, list) else changed)
            assert known.ingredients(other) != before, (name, field.name)
            checked += 1
    print(f"{checked} fields of {len(REGISTRY)} stages")
    assert checked >= 3


def test_one_row_more_and_back_again_gives_the_first_bytes(finished, tmp_path):
    other = make_project(tmp_path / "p")
    write_jsonl(other.root / "chats.jsonl", [chat(i) for i in range(61)])
    other.run("run")
    write_jsonl(other.root / "chats.jsonl", [chat(i) for i in range(60)])
    other.run("run")
    other.run("gc")
    ours = {n: d for n, d in other.tables().items() if not n.startswith("data/exports")}
    assert ours == {n: d for n, d in finished.tables().items() if not n.startswith("data/exports")}
