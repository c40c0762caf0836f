"""MT-bench's questions among real conversations: what gives them away is left out, the rest stays."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from curation.cli import main

SOURCES = """\
sources:
  chats:
    kind: files
    path: chats.jsonl
    licence: mit
    persona: assistant
    adapter: {kind: qa, user: question, assistant: answer, keep: [how]}
"""

RECIPE = """\
mix: sft
task: sft
personas: {assistant: {}}
decontaminate: [exports/benchmarks/mt_bench.parquet]
"""


def material(shared):
    """(how, text) rows: real requests, each of MT-bench's questions in other words, and a third of each."""
    real = json.loads((shared / "data/llamafactory/alpaca_en_demo.json").read_text())[:400]
    lines = (shared / "data/fastchat/mt_bench_question.jsonl").read_text().splitlines()
    questions = ["\n".join(json.loads(line)["turns"]) for line in lines]
    rows = [("real", row["instruction"] + "\n" + row["input"]) for row in real]
    rows += [("whole", f"Could you help me with this? {text}") for text in questions]
    rows += [("third", " ".join(text.split()[: len(text.split()) // 3])) for text in questions]
    return rows


@pytest.mark.slow
def test_mt_bench(shared, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    (tmp_path / "sources.yaml").write_text(SOURCES)
    shutil.rmtree(tmp_path / "exports" / "mixes")
    (tmp_path / "exports" / "mixes").mkdir()
    (tmp_path / "exports" / "mixes" / "sft.yaml").write_text(RECIPE)
    with (tmp_path / "chats.jsonl").open("w") as stream:
        for number, (how, text) in enumerate(material(shared)):
            stream.write(json.dumps({"question": text, "answer": f"Well, that is number {number}.", "how": how}) + "\n")

    # The hash file that comes with us is the one that the command makes.
    made = tmp_path / "again.parquet"
    questions = str(shared / "data/fastchat/mt_bench_question.jsonl")
    assert main(["benchmark", questions, "--field", "turns", "--out", str(made)]) == 0
    assert made.read_bytes() == (tmp_path / "exports/benchmarks/mt_bench.parquet").read_bytes()

    assert main(["export"]) == 0
    # What waits for a person is not looked at: a person lets all of it go.
    (folder,) = (p for p in (tmp_path / "data/exports/sft").iterdir() if p.is_dir())
    for row in pq.read_table(folder / "left_out.parquet").to_pylist():
        if row["reason"] == "risk_unreleased":
            assert main(["review", "answer", row["id"], "risk", "release", "--by", "ann"]) == 0
    shutil.rmtree(tmp_path / "data/exports/sft")
    assert main(["export"]) == 0
    (folder,) = (p for p in (tmp_path / "data/exports/sft").iterdir() if p.is_dir())
    manifest = json.loads((folder / "manifest.json").read_text())
    gone = pq.read_table(folder / "left_out.parquet").to_pylist()
    left = {row["id"] for row in gone if row["reason"] == "contaminated"}
    how = {}
    for path in (tmp_path / "data/tables/chats/records/parts").glob("*.parquet"):
        table = pq.read_table(path)
        if "meta" in table.column_names:
            how |= {row["id"]: row["meta"][0]["value"] for row in table.select(["id", "meta"]).to_pylist()}
    # Scrub parts some eight-grams: rows are looked at as they came, too.
    assert sorted(how[i] for i in left) == ["whole"] * 80
    found = manifest["benchmarks"]["mt_bench"]
    assert (found["items"], found["given"], found["rows"]) == (80, 80, 80)
    assert "more than 2% of mt_bench" in (folder / "README.md").read_text()
    capsys.readouterr()
    assert main(["why", min(left)]) == 0
    assert "contaminated by the test item mt_bench#" in capsys.readouterr().out
