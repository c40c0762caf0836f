"""Real files through `curate init` and `curate run`: the counts of every stage add up to the last row."""

import json
import shutil

import pytest

from curation.cli import main

SOURCES = """\
sources:
  counsel:
    kind: files
    path: counsel_chat_dev_half.csv
    licence: mit
    persona: assistant
    adapter:
      {kind: qa, user: [questionTitle, questionText], assistant: answerText, keep: [topic, upvotes], group: questionID}
  alpaca:
    kind: files
    path: alpaca_en_demo.json
    licence: apache-2.0
    persona: neutral
    adapter: {kind: qa, user: [instruction, input], assistant: output}
  vicuna:
    kind: files
    path: dummy_conversation.json
    licence: apache-2.0
    persona: neutral
    adapter: {kind: turns, field: conversations, role_key: from, content_key: value}
  pairs:
    kind: files
    path: dpo_en_demo.json
    licence: apache-2.0
    persona: neutral
    adapter: {kind: preference, prompt: conversations, chosen: chosen, rejected: rejected}
"""

FILES = (
    "counsel_chat/counsel_chat_dev_half.csv",
    "llamafactory/alpaca_en_demo.json",
    "fastchat/dummy_conversation.json",
    "llamafactory/dpo_en_demo.json",
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_real_files_run_to_exports_and_the_counts_add_up(shared, tmp_path, monkeypatch, capsys):
    import csv

    csv.field_size_limit(1 << 30)
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    (tmp_path / "sources.yaml").write_text(SOURCES)
    rows = {}
    for file, name in zip(FILES, ("counsel", "alpaca", "vicuna", "pairs"), strict=True):
        path = shutil.copy(shared / "data" / file, tmp_path)
        with open(path, encoding="utf-8", newline="") as stream:
            rows[name] = sum(1 for _ in csv.reader(stream)) - 1 if file.endswith("csv") else len(json.load(stream))
    assert main(["run"]) == 0
    capsys.readouterr()

    assert main(["--json", "report"]) == 0
    report = json.loads(capsys.readouterr().out)
    kept = 0
    for source in report["sources"]:
        steps = source["steps"]
        assert steps[0]["rows_in"] == rows[source["name"]]
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            dropped = sum(step["reasons"].values())
            assert step["rows_in"] == step["rows_kept"] + dropped, (source["name"], step["name"])
            assert after is None or after["rows_in"] == step["rows_kept"]
            print(
                f"{source['name']:<8} {step['name']:<10} {step['rows_in']:>5} = {step['rows_kept']:>5} + {dropped:<4}"
                f" {step['reasons']}"
            )
        kept += steps[-1]["rows_kept"]
    for mix in ("sft", "dpo"):
        folder = json.loads((tmp_path / "data" / "exports" / mix / "latest.json").read_text())["folder"]
        manifest = json.loads((tmp_path / "data" / "exports" / mix / folder / "manifest.json").read_text())
        selected = sum(
            info["rows"] for name, info in manifest["files"].items() if name in ("train.parquet", "validation.parquet")
        )
        left = sum(sum(s["left_out"].values()) for s in manifest["sources"].values())
        assert selected + left == kept
        print(f"mix {mix}: {selected} selected + {left} left out = {kept}")
    assert main(["verify"]) == 0
