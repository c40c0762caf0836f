"""Near-duplicates over all sources of a project, from the command line to the exports."""

import json

import pyarrow.parquet as pq
import pytest

from tests.laws.projects import SOURCES, chat, make_project, write_jsonl
from tests.laws.test_forget import undeclare

LONG = " ".join(f"and then on day {n} we talked about the {n}th letter that never came" for n in range(12))
ADAPTER = "{kind: turns, field: conversations, role_key: from, content_key: value}"
OTHER = f"    path: more.jsonl\n    licence: mit\n    persona: client\n    adapter: {ADAPTER}\n"


def talk(opening, more=""):
    said = [{"from": "human", "value": f"{opening} {LONG}"}, {"from": "gpt", "value": f"I hear you.{more}"}]
    return {"conversations": said}


@pytest.fixture
def near(tmp_path):
    """Two sources that hold the same talk, one in other words at the end, and one that holds others."""
    made = make_project(tmp_path / "p", chats=0, questions=3, pairs=3)
    (made.root / "sources.yaml").write_text(SOURCES + "  more:\n    kind: files\n" + OTHER)
    write_jsonl(made.root / "chats.jsonl", [talk("Hello"), *(chat(i) for i in range(6))])
    write_jsonl(made.root / "more.jsonl", [talk("Hello", " Go on, please."), talk("Good day to you")])
    made.run("run")
    return made


def nears(made):
    """What stands in the published tables: for each record its near-duplicates."""
    found = {}
    for name in made.project.sources:
        for path in (made.root / "data/tables" / name / "near_dup").glob("parts/*.parquet"):
            for row in pq.read_table(path).to_pylist():
                if row["duplicate"]["near"]:
                    found[row["id"]] = {one["id"] for one in row["duplicate"]["near"]}
    return found


def test_from_clean_to_forget(near):
    """One project, for most of the time goes into making it."""
    found = nears(near)
    assert len(found) == 3 and all(len(others) == 2 for others in found.values())
    (ours,) = (i for i in found if i.startswith("chats"))
    theirs = sorted(i for i in found if i.startswith("more"))
    # Both sources have one licence class and no priority: the longest stays.
    exported = [i for i in found if "in data/exports/sft" in near.run("why", i)]
    assert len(exported) == 1
    gone = next(i for i in sorted(found) if i not in exported)
    assert f"near-duplicate of {exported[0]} (similarity 0." in near.run("why", gone)
    assert f"near-duplicates: {theirs[0]}" in near.run("show", ours) or theirs[1] in near.run("show", ours)
    assert "_sketch" not in near.run("--json", "show", ours)
    assert "near_dup" in near.run("status") and "never run" not in near.said
    steps, new = near.written_by("run")
    assert not steps and not new
    # A parameter makes this step anew and no other.
    toml = near.root / "curate.toml"
    plain = toml.read_text()
    toml.write_text(plain + "[stages.near_dup]\nthreshold = 0.99\n")
    assert "near_dup.threshold: 0.8 -> 0.99" in near.run("status")
    steps, _ = near.written_by("run")
    assert {s.partition("/")[2] for s in steps} == {"near_dup"}
    toml.write_text(plain)
    near.run("run")
    near.run("gc")
    assert nears(near) == found
    # One more row in one source: the others' tables change only where a pair does.
    path = near.root / "chats.jsonl"
    path.write_text(path.read_text() + json.dumps(chat(77)) + "\n")
    near.run("clean", "chats")
    near.run("gc")
    assert nears(near) == found
    # Withdrawn, it stands in no table, not as somebody's near-duplicate and not as the name of a cluster.
    near.run("forget", ours, "--yes")
    assert nears(near) == {theirs[0]: {theirs[1]}, theirs[1]: {theirs[0]}}
    digits = ours.partition(":")[2]
    for name, (data, _) in near.files().items():
        if name.startswith("data/tables"):
            held = str(pq.read_table(near.root / name).to_pylist()) if name.endswith(".parquet") else data.decode()
            assert digits not in held, name
    # A source that is gone, or switched off, leaves no trace in the others either.
    undeclare(near, "more")
    near.run("run")
    near.run("gc")
    assert not nears(near)
