"""The house holds its weight: identity, rebuilds, withdrawal, upgrades. Each test prints what was recomputed."""

import json

import pyarrow.parquet as pq
import pytest

from curation.core import stage
from curation.core.annotations import Annotations, Answer
from tests.laws.projects import SOURCES, chat, pair, write_jsonl

TAGGED = [f"chats/{step}" for step in ("emotion", "eq", "exact_dup", "filters", "heads", "records", "risk", "voice")]


def test_a_second_run_writes_no_file(copy):
    steps, new = copy.written_by("run")
    assert (steps, new) == ([], set())


def test_two_identical_rows_have_two_ids_one_is_kept_and_both_are_explained(made):
    write_jsonl(made.root / "chats.jsonl", [*(chat(i) for i in range(20)), chat(7)])
    made.run("run")
    ids = made.ids("chats")
    assert len(ids) == 21
    (second,) = [i for i in ids if i.endswith("-2")]
    first = second.removesuffix("-2")
    told = made.run("why", second)
    assert f"dropped by exact_dup: duplicate; kept in its place: {first}" in told
    kept = made.run("why", first)
    assert f"{second} was the same text and is folded into this one" in kept
    assert "in data/exports/sft" in kept
    print(told, kept)


def test_a_changed_adapter_gives_the_same_ids(copy):
    before = copy.ids("chats")
    text = SOURCES.replace("keep: [note], group: family", "keep: [note, family]")
    assert text != SOURCES
    (copy.root / "sources.yaml").write_text(text)
    steps, _ = copy.written_by("run")
    assert "chats/raw" in steps and "questions/raw" not in steps
    copy.run("gc")
    assert copy.ids("chats") == before


def test_a_reordered_upstream_file_changes_no_table(copy):
    before = copy.ids("chats")
    lines = (copy.root / "chats.jsonl").read_text().splitlines(keepends=True)
    (copy.root / "chats.jsonl").write_text("".join(reversed(lines)))
    steps, _ = copy.written_by("run")
    # Where the rows stand is new; the rows are not, so nothing after pull has anything to do.
    assert steps == ["chats/origin"]
    copy.run("gc")
    assert copy.ids("chats") == before


def test_one_new_row_recomputes_one_part(copy):
    before = copy.tables()
    with (copy.root / "chats.jsonl").open("a") as stream:
        stream.write(json.dumps(chat(999)) + "\n")
    steps, new = copy.written_by("run")
    assert set(TAGGED) < set(steps)
    parts = [n for n in new if n.startswith("data/tables/chats/emotion/parts/") and n.endswith(".parquet")]
    assert len(parts) == 1
    assert before.keys() <= copy.tables().keys()


CANARY = "jo.hidden{}@example.org"


def test_a_canary_in_every_string_column_is_nowhere_outside_raw(made):
    spots = iter(range(100))
    planted = [CANARY.format(next(spots)) for _ in range(7)]
    turns = [
        {"from": "human", "value": f"Write to {planted[0]} please, I am so worried.", "thought": f"ask {planted[1]}"},
        {"from": "gpt", "value": f"I will write to {planted[2]} then.", "thought": f"{planted[3]} is the address"},
    ]
    write_jsonl(
        made.root / "chats.jsonl",
        [chat(1), {"conversations": turns, "note": f"see {planted[4]}", "family": planted[5]}],
    )
    write_jsonl(
        made.root / "pairs.jsonl",
        [
            {
                "prompt": f"Who is {planted[6]}?",
                "chosen": f"Mail {CANARY.format(50)}.",
                "rejected": f"No: {CANARY.format(51)}",
                "rater": CANARY.format(52),
            }
        ],
    )
    made.run("run")
    made.run("report")
    hidden = 0
    for name, (data, _) in made.files().items():
        if b"jo.hidden" in data:
            hidden += 1
            assert name.startswith("data/raw/") or name in ("chats.jsonl", "pairs.jsonl"), name
    assert hidden >= 2
    frame = pytest.importorskip("polars") and __import__("curation").open(made.root).read("tagged")
    assert "jo.hidden" not in str(frame.to_dicts())
    assert str(frame.to_dicts()).count("[EMAIL_") >= 9


def test_a_withdrawn_row_is_gone_everywhere_and_stays_away(copy):
    record = sorted(copy.ids("chats"))[5]
    text = json.loads(copy.run("--json", "show", record))["stages"]["records"]["messages"][0]["content"]
    copy.run("review", "answer", record, "decision", "approve", "--by", "ann")
    backup = copy.root / "backup.jsonl"
    copy.run("review", "backup", str(backup))
    steps, _ = copy.written_by("forget", record, "--yes")
    assert "chats/records" in steps and "questions/records" not in steps
    assert "this export had it: data/exports/sft" in copy.said
    copy.run("run")
    copy.run("pull", "--update")
    copy.run("run")
    assert record not in copy.ids("chats")
    exports = copy.root / "data" / "exports"
    current = {json.loads((exports / mix / "latest.json").read_text())["folder"] for mix in ("sft", "dpo")}
    for name, (data, _) in copy.files().items():
        old_export = name.startswith("data/exports/") and not any(folder in name for folder in current)
        own_file = name == "chats.jsonl"
        if name.endswith(".parquet") and not old_export:
            assert text not in str(pq.read_table(copy.root / name).to_pylist()), name
        elif not old_export and not own_file:
            assert text.encode() not in data, name
            assert record.encode() not in data or name in ("annotations/forgotten.json",), name
    assert "dropped by pull: forgotten" in copy.run("why", record)
    copy.run("verify")


def test_a_new_annotation_recleans_and_retags_nothing(copy):
    record = sorted(copy.ids("chats"))[3]
    Annotations(copy.root / "annotations").add([Answer(record, "decision", "reject", "ann")])
    steps, new = copy.written_by("run")
    assert steps == []
    assert any(name.startswith("data/exports/") for name in new)  # the decision counts, though
    assert "left out of data/exports/sft" in copy.run("why", record)


def test_status_says_what_a_library_upgrade_would_cost_before_it_starts(copy, monkeypatch):
    real = stage.library_version
    monkeypatch.setattr(stage, "library_version", lambda n: "99.0" if n == "presidio-analyzer" else real(n))
    found = copy.json("status", "chats")
    records = found["sources"]["chats"][0]
    assert records["state"] == "stale"
    assert records["rows"] == 60
    assert any(w.startswith("presidio-analyzer ") and w.endswith("-> 99.0") for w in records["why"])
    assert found["seconds"] > 0
    print(copy.run("status", "chats"))
    monkeypatch.undo()
    assert copy.json("status", "chats")["sources"]["chats"][0]["state"] == "fresh"


def test_no_build_refuses_instead_of_working(made):
    assert "is not pulled" in made.fails(3, "--no-build", "clean")


def test_a_row_is_withdrawn_from_a_source_that_also_has_rejects(made):
    with (made.root / "chats.jsonl").open("a") as stream:
        stream.write('not json\n{"conversations": []}\n')
    made.run("run")
    record = sorted(made.ids("chats"))[0]
    made.run("forget", record, "--yes")
    made.run("run")
    assert record not in made.ids("chats")
    write_jsonl(made.root / "pairs.jsonl", [pair(i) for i in range(19)])
    made.run("run")
    made.run("verify")
