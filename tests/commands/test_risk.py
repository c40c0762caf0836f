import orjson
import pytest

from curation.cli import main


def test_marked_rows_are_scored_in_counts(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        {"text": "I want to kill myself.", "level": 3, "flags": ["self_harm"]},
        {"messages": [{"role": "user", "content": "He hits me."}], "level": 2, "flags": ["abuse"]},
        {"text": "The bus was late.", "level": 2, "flags": ["psychosis"]},
        {"text": "We watched a film.", "level": 0, "flags": []},
    ]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    assert main(["--json", "risk", "score", "x.jsonl"]) == 0
    found = orjson.loads(capsys.readouterr().out)
    assert found["held"] == {"hits": 2, "missed": 1, "false": 0, "recall": 2 / 3, "precision": 1.0}
    assert found["flags"]["abuse_disclosure"]["recall"] == 1.0 and found["flags"]["psychosis"]["recall"] == 0.0
    assert main(["risk", "score", "x.jsonl"]) == 0
    told = capsys.readouterr()
    assert "kill" not in told.out + told.err and "0.667" in told.out


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "a", "level": 9, "flags": []}', '{"level": 1, "flags": []}'])
def test_a_row_without_marks_is_named(tmp_path, capsys, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.jsonl").write_text(line)
    assert main(["risk", "score", "x.jsonl"]) == 3
    assert "x.jsonl:1" in capsys.readouterr().err
