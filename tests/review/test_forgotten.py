"""What was withdrawn is in no byte of the project: tables, answers, the annotation server and its index, the report."""

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curation.methods import tasks
from tests.laws.projects import make_project, write_jsonl
from tests.review import serving
from tests.review.test_server import _some

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]

SAID, ANSWERED = "zorblaxian", "quimbleforth"


def holding(root: Path, word: str) -> list[str]:
    """The files below data/ and annotations/ that hold a word, compressed tables decoded."""
    found = []
    for path in sorted(p for part in ("data", "annotations") for p in (root / part).rglob("*") if p.is_file()):
        held = word.encode() in path.read_bytes()
        if path.suffix == ".parquet":
            held |= word in str(pq.read_table(path).to_pylist())
        if held:
            found.append(path.relative_to(root).as_posix())
    return found


def test_a_withdrawn_row_is_in_no_byte(tmp_path):
    made = make_project(tmp_path / "project", chats=24, questions=6, pairs=6)
    rows = [json.loads(line) for line in (made.root / "chats.jsonl").read_text().splitlines()]
    rows[7]["conversations"][0]["value"] += f" We call it {SAID}."
    write_jsonl(made.root / "chats.jsonl", rows)
    made.run("run")
    (record,) = [i for i in made.ids("chats") if SAID in made.run("--json", "show", i)]
    server = serving.start(made.root)
    try:
        made.run("review", "push")
        known = tasks.load(made.root)
        for name, task in ((n, known[n]) for n in ("sft", "eq", "emotion")):
            for shown in server.records(name, None):
                for key in server.annotators.values():
                    rng = random.Random(shown["external_id"])  # all agree
                    values = {q.name: _some(rng, q) for q in task.questions if q.required}
                    if shown["external_id"] == record and name == "sft":
                        values |= {"decision": "edit", "edited": f"[1 user]\n{ANSWERED}\n\n[2 assistant]\nyes"}
                    server.answer(server.as_user(key), shown["id"], values)
        made.run("review", "pull")
        made.run("export", "sft")
        made.run("report")
        exports = {p for p in holding(made.root, SAID) + holding(made.root, ANSWERED) if p.startswith("data/exports/")}
        assert exports and [p for p in holding(made.root, ANSWERED) if p.startswith("annotations/")]
        assert [p for p in holding(made.root, SAID) if p.startswith("data/review/")]

        made.run("forget", record, "--yes")
        assert "this export had it" in made.said
        left = {*holding(made.root, SAID), *holding(made.root, ANSWERED)}
        assert left == exports, left - exports

        # Pulled again from a file that still has it, exported and told again.
        made.run("run")
        made.run("export", "sft")
        made.run("report")
        left = {*holding(made.root, SAID), *holding(made.root, ANSWERED)}
        assert left == exports, left - exports
    finally:
        server.stop()
    assert {*holding(made.root, SAID), *holding(made.root, ANSWERED)} == exports
