"""Personal data of rows stays out of everything that people and logs see, whatever fails."""

import contextlib
import json
import os
import random
import shutil
import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core import engine
from tests.laws.projects import Made, chat, make_project, pair, question, write_csv, write_jsonl
from tests.laws.zygote import Zygote

SHAPES = (
    ("mail {}", "jo.hidden{n}@example.org"),
    ("page {}", "https://jo-hidden.example.com/u/{n}"),
    ("call {}", "+44 20 7946 0{n:03d}"),
    ("handle {}", "@jo_hidden_{n}"),
    ("from {}", "2001:db8::{n:x}"),
    ("My sister {} said so.", "Jo{name}"),
    ("Dr. {} saw me.", "Hid{name}"),
    ("We live at {}.", "{n} Larkspur Lane"),
    ("My passport number is {}.", "X48{n}277"),
    ("My MRN is {} there.", "KD{n:03d}77Q"),
)


def canary(n):
    """Text with personal data, and the piece of it that must not be seen again."""
    text, value = SHAPES[n % len(SHAPES)]
    name = "".join("abcdefghij"[int(digit)] for digit in f"{n:03d}") + "a"
    value = value.format(n=n, name=name)
    return text.format(value), value


@pytest.fixture
def planted(tmp_path):
    """A project whose rows carry 500 canaries, in every column, in good and in broken rows."""
    made = make_project(tmp_path / "project", chats=0, questions=0, pairs=0)
    values = [canary(n) for n in range(100, 600)]
    left = iter(values)

    def text():
        return next(left)[0]

    chats = []
    for i in range(80):
        row = chat(i)
        row["conversations"][0]["value"] += f" {text()}"
        row["conversations"][1]["thought"] = text()
        row["note"], row["family"] = text(), text()
        chats.append(row)
    broken = [
        {"conversations": [{"from": text(), "value": "hello there, you"}], "note": "", "family": ""},
        {"conversations": text(), "note": text(), "family": ""},
        {"conversations": [{"from": "gpt", "value": text()}], "note": 3, "family": {"deep": text()}},
        {"conversations": [], "note": text(), "family": None},
        {"other": text()},
    ]
    write_jsonl(made.root / "chats.jsonl", chats + broken)
    with (made.root / "chats.jsonl").open("a") as stream:
        stream.write(f'{{"conversations": "{text()}"\n{text()}\n')
    questions = [[text(), text(), *question(i)[2:3], text()] for i in range(30)]
    write_csv(made.root / "questions.csv", questions)
    pairs = []
    for i in range(10):
        pairs.append({k: f"{v} {text()}" for k, v in pair(i).items()})
    write_jsonl(made.root / "pairs.jsonl", pairs)
    rest = [t for t, _ in left]
    with (made.root / "pairs.jsonl").open("a") as stream:
        stream.write("".join(json.dumps({"prompt": t, "chosen": t, "rejected": t, "rater": t}) + "\n" for t in rest))
    return made, [value for _, value in values]


def seen(text, values):
    return [v for v in values if v in text]


def test_500_canaries_are_in_no_output_and_no_file_outside_raw(planted, monkeypatch):
    made, values = planted
    assert len(values) == 500
    said = []

    def run(*args, code=0):
        made.run(*args, code=code)
        said.append(made.said)

    run("pull")
    run("run")
    record = sorted(made.ids("chats"))[0]
    dropped = made.json("try", "normalise", "--text", "hello")
    assert dropped
    for args in (
        ["status"],
        ["doctor"],
        ["config", "show", "--origin"],
        ["sources", "list"],
        ["show", "chats"],
        ["show", record],
        ["why", record],
        ["--json", "why", record],
        ["--json", "show", record],
        ["report"],
        ["verify"],
        ["gc"],
        ["export"],
        ["clean"],
        ["tag", "run"],
    ):
        run(*args)
    run("show", "chats:nothing", code=3)
    run("forget", "chats:0000000000000000", "--yes", code=3)

    # Failures in the middle of the work: a stage that raises with the text of its row in the message.
    def explode(step, table, context, batch_rows):
        raise ValueError(str(table.to_pylist()))

    monkeypatch.setattr(engine, "run_batches", explode)
    made.run("--set", "stages.normalise.max_chars=9999", "-v", "clean", code=1)
    said.append(made.said)
    monkeypatch.undo()

    def fail(operation, path):
        raise RuntimeError(f"{operation} {values}")

    from curation.core import files

    monkeypatch.setattr(files, "checkpoint", fail)
    for args in (["-v", "--set", "part_rows=5", "pull"], ["-v", "--set", "stages.normalise.max_chars=9998", "run"]):
        made.run(*args, code=1)
        said.append(made.said)
    monkeypatch.undo()

    everything = "\n".join(said)
    assert seen(everything, values) == []
    assert "Traceback" not in everything
    assert leaks(made.root, values) == []
    print(f"{len(values)} canaries, {len(said)} commands, {len(made.files())} files: 0 found outside data/raw")


INPUTS = ("chats.jsonl", "questions.csv", "pairs.jsonl")
ZSTD = bytes.fromhex("28b52ffd")


def unpacked(data):
    """The bytes of a file, and of every compressed page in it, however short the file was cut."""
    yield data
    start = data.find(ZSTD)
    while start >= 0:
        with contextlib.suppress(OSError), pa.CompressedInputStream(pa.BufferReader(data[start:]), "zstd") as stream:
            while piece := stream.read(1 << 16):
                yield piece
        start = data.find(ZSTD, start + 1)


def leaks(root, values):
    """The files under a folder that hold a value, but for what the user put there and `data/raw`."""
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith("data/raw/") and name not in INPUTS:
            said = "".join(piece.decode("utf-8", "replace") for piece in unpacked(path.read_bytes()))
            found += [(name, value) for value in seen(said, values)]
    return found


def test_the_check_sees_what_a_killed_run_leaves(tmp_path):
    pq.write_table(
        pa.table({"a": ["x" * 50_000, "jo.hidden1@example.org"]}), tmp_path / "a.parquet", compression="zstd"
    )
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) * 2 // 3])  # no footer, as where a run was killed
    assert leaks(tmp_path, ["jo.hidden1@example.org"]) == [("a.parquet", "jo.hidden1@example.org")]


def kill(planted, tmp_path, kills, seed):
    """Kill pulls and runs at random moments; nothing of the rows may lie anywhere, in the project or at home."""
    made, values = planted
    rng = random.Random(seed)
    home = tmp_path / "home"
    home.mkdir()
    hit = 0
    with Zygote(**dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(home))) as zygote:
        for command in ("pull", "run"):
            copy = shutil.copytree(made.root, tmp_path / f"timed {command}")
            start = time.monotonic()
            zygote.start("--project", copy, "-q", command)
            assert zygote.wait() == 0
            whole = time.monotonic() - start
            for number in range(kills):
                root = shutil.copytree(made.root, tmp_path / f"{command} {number}")
                pid = zygote.start("--project", root, "-q", command)
                time.sleep(rng.uniform(0, whole))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                hit += os.WIFSIGNALED(zygote.wait())
                assert leaks(root, values) == leaks(home, values) == []
                shutil.rmtree(root)
            made = Made(copy)  # what was pulled is what runs
    print(f"{2 * kills} SIGKILLs, {hit} in mid-run: 0 canaries found outside data/raw")
    assert hit >= kills // 2


@pytest.mark.slow
def test_killed_runs_leave_no_canary(planted, tmp_path):
    kill(planted, tmp_path, 2, seed=3)


@pytest.mark.laws
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_forty_killed_runs_leave_no_canary(planted, tmp_path):
    kill(planted, tmp_path, 20, seed=4)
