import json

import pytest

from curation.cli import main
from curation.commands.init import create
from tests.laws.projects import Made, clear


@pytest.fixture
def empty(tmp_path):
    """A project without sources."""
    create(tmp_path / "p")
    return Made(tmp_path / "p")


def test_try_refuses_text_that_is_none(empty):
    clear(empty.fails(2, "try", "normalise", "--text", "a\udcff"), "UTF-8")


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "user", "content": "hi", "reasoning": 5},
        {"role": "user", "content": None},
        {"role": "user", "content": 5},
        {"role": 3, "content": "hi"},
        "hi",
    ],
)
def test_try_names_the_row_whose_turns_are_wrong(empty, turn):
    path = empty.root / "rows.jsonl"
    path.write_text('{"text": "fine"}\n\n' + json.dumps({"messages": [turn]}) + "\n")
    clear(empty.fails(3, "try", "normalise", "--file", str(path)), "rows.jsonl:3")


def test_try_prints_json_whatever_the_text_holds(empty):
    text = 'a \x1b[31m "red" \u202e\u200b word, and \x07 a bell äöü'
    path = empty.root / "rows.jsonl"
    path.write_text(json.dumps({"text": text}) + "\n")
    printed = empty.run("try", "normalise", "--file", str(path))
    assert json.loads(printed)["text"] == text
    assert printed.isascii() and "\x1b" not in printed


def test_try_near_dup_keeps_the_first_row_and_names_it_for_the_others(empty):
    long = " ".join(f"on day {n} nothing much happened, and day {n + 40} was the same" for n in range(12))
    turns = [{"role": "system", "content": long}, {"role": "user", "content": "hi"}]
    rows = [
        {"id": "a", "text": long},
        {"text": long.upper() + "!"},
        {"id": "c", "text": f"{long} or so it seems"},
        {"id": "d", "messages": turns},
        {
            "id": "e",
            "messages": [{"role": "user", "content": long[:200]}, {"role": "assistant", "content": long[200:]}],
        },
    ]
    path = empty.root / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    printed = [json.loads(line) for line in empty.run("try", "near_dup", "--file", str(path)).splitlines()]
    assert [row["id"] for row in printed] == ["a", 2, "c", "d", "e"]
    assert [row["kept"] for row in printed] == [True, False, False, True, False]
    assert [row["witness"] for row in printed] == [None, "a", "a", None, "a"]
    assert printed[1]["similarity"] == 1.0 and 0.8 < printed[2]["similarity"] < 1
    # The project's parameters count, and exact finds the same.
    exact = empty.run("--set", "stages.near_dup.exact=true", "try", "near_dup", "--file", str(path))
    assert [json.loads(line) for line in exact.splitlines()] == printed
    (empty.root / "curate.toml").write_text("[stages.near_dup]\nthreshold = 1.0\n")
    strict = empty.run("try", "near_dup", "--file", str(path))
    assert [json.loads(line)["kept"] for line in strict.splitlines()] == [True, False, True, True, False]
    clear(empty.fails(2, "try", "near_dup", "--text", "a"), "--file")


def test_try_scrub_tells_findings_in_characters_without_a_project_or_a_key(tmp_path, monkeypatch, capsys):
    text = "😀😀 My sister Sarah, sarah.l@example.org 🧑‍🤝‍🧑 or @sarah_l91"
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in [text] * 2 + ["fine"] * 1500))
    monkeypatch.chdir(tmp_path)

    def tried():
        assert main(["try", "scrub", "--file", "rows.jsonl"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    outside = tried()
    assert len(outside) == 1502 and outside[0] == outside[1] and outside[-1]["spans"] == []
    spans = outside[0]["spans"]
    assert [text[one["start"] : one["end"]] for one in spans] == ["Sarah", "sarah.l@example.org", "@sarah_l91"]
    assert [set(one) for one in spans] == [{"start", "end", "label", "role", "recogniser", "score"}] * 3
    assert outside[0]["scrubbed"] == "😀😀 My sister [PERSON_1], [EMAIL_1] 🧑‍🤝‍🧑 or [HANDLE_1]"
    (tmp_path / "sources.yaml").write_text("sources: {}\n")  # a checkout of a project, whose key stays at home
    (tmp_path / "curate.toml").write_text('[stages.scrub]\nlevel = "patterns"\n')
    inside = tried()
    assert [one["label"] for one in inside[0]["spans"]] == ["EMAIL", "HANDLE"]
