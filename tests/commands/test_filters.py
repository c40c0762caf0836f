"""The filters as a user meets them: in the pipeline, in why, show and report, and in try."""

import json

import pytest

from curation.commands.init import create
from tests.laws.projects import Made, write_jsonl

SOURCES = """\
sources:
  talks:
    kind: files
    path: talks.jsonl
    licence: mit
    persona: assistant
    adapter: {kind: turns, field: conversations, role_key: from, content_key: value}
"""

GOOD = "That sounds like a lot to carry. What has the week been like since we last spoke?"


def talk(*said):
    return {"conversations": [{"from": ("human", "gpt")[i % 2], "value": text} for i, text in enumerate(said)]}


@pytest.fixture
def talks(tmp_path):
    create(tmp_path / "p", sources=SOURCES)
    made = Made(tmp_path / "p")
    rows = [
        talk("I cannot sleep.", "I'm ChatGPT. " + GOOD),
        talk("...", "Take your time.", "...", "I am here.", "you're useless", GOOD),
        talk("It hurts.", "I hear you and I am here for you today. " * 20),
        talk("I want to hurt myself.", "I can't help you hurt yourself, but please call 988. I am here."),
    ]
    write_jsonl(made.root / "talks.jsonl", rows)
    return made


def test_drops_are_seen_everywhere(talks):
    said = json.loads(talks.run("--json", "clean"))
    assert said == {"talks": {"rows_in": 4, "rows_kept": 2}}
    report = json.loads(talks.run("--json", "report"))
    (step,) = [s for s in report["sources"][0]["steps"] if s["name"] == "filters"]
    assert step["reasons"] == {"filters/identity": 1, "filters/repetition": 1}
    ids = talks.run("show", "talks").split()
    assert len(ids) == 2 and "measures: tokens" in talks.run("show", ids[0])
    dropped = next(i for i in talks.ids("talks") if i not in ids and "repetition" in talks.run("why", i))
    assert "dropped by filters: repetition (measured 0." in talks.run("why", dropped)
    assert "dropped by filters: repetition (measured 0." in talks.run("show", dropped)


def test_a_threshold_makes_nothing_anew_but_what_the_filters_keep(talks):
    talks.run("clean")
    (talks.root / "curate.toml").write_text("[stages.filters]\nidentity = -1\n")
    status = talks.run("status")
    assert "filters.identity: 0.0 -> -1" in status and "exact_dup" not in status.partition("filters")[2]
    assert json.loads(talks.run("--json", "clean"))["talks"]["rows_kept"] == 3
    (talks.root / "curate.toml").write_text("[stages.filters]\nidentitty = -1\n")
    assert "identity" in talks.fails(3, "clean")


def test_try_shows_every_measure_and_the_reason(talks):
    line = json.loads(talks.run("try", "filters", "--text", "As an AI language model, I cannot."))
    assert line["dropped"] == "disclaimers" and line["measures"]["disclaimers"] == 1.0
    path = talks.root / "rows.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}], "persona": persona}
        for persona in ("client", "assistant")
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    found = [json.loads(line) for line in talks.run("try", "filters", "--file", str(path)).splitlines()]
    assert [row.get("dropped") for row in found] == [None, "empty_answer"]
    assert found[1]["measures"]["empty_answer"] == 1.0
    (talks.root / "curate.toml").write_text('[stages.filters]\nlanguages = ["en"]\nempty_answer = -1\n')
    path.write_text(json.dumps({"text": "Hola", "language": "es"}) + "\n" + json.dumps(rows[1]))
    found = [json.loads(line) for line in talks.run("try", "filters", "--file", str(path)).splitlines()]
    assert [row.get("dropped") for row in found] == ["language", None] and "measures" in found[0]
