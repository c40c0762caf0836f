"""Personal data of rows stays out of everything that people and logs see, whatever fails."""

import json

import pytest

from curation.core import engine
from tests.laws.projects import chat, make_project, pair, question, write_csv, write_jsonl

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
    for name, (data, _) in made.files().items():
        if not name.startswith("data/raw/") and name not in ("chats.jsonl", "questions.csv", "pairs.jsonl"):
            assert seen(data.decode("utf-8", "replace"), values) == [], name
    import polars as pl

    for path in made.root.glob("data/**/*.parquet"):
        if "raw" not in path.relative_to(made.root).parts:
            assert seen(str(pl.read_parquet(path).to_dicts()), values) == [], path
    print(f"{len(values)} canaries, {len(said)} commands, {len(made.files())} files: 0 found outside data/raw")
