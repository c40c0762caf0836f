"""Single turns find their conversations, wherever their rows lie."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from curation.core import files
from curation.core.project import Project
from curation.core.store import StoredTable
from curation.pull import dialogues, ingest, json_rows, readers, spill
from curation.pull.ingest import DataFile, Material, raw_store
from tests.pull.support import Make, all_dropped, all_rows, said

ADAPTER = {"kind": "rows", "group_by": "d", "order_by": "n", "role": "who", "content": "text"}


def bring(make: Make, paths: list[Path], **more: Any) -> StoredTable:
    project = make.project({"s": {"kind": "files", "path": "unused", "adapter": {**ADAPTER, **more}}})
    data = tuple(DataFile(p.name, p, files.sha256_file(p), f"file:{p.name}") for p in paths)
    return ingest.ingest(project, "s", project.sources["s"], Material(data, "rev", None, ("text",)))


def talk(number: int, turns: int = 4) -> list[dict[str, Any]]:
    return [
        {"d": f"d{number}", "n": n, "who": ("client", "therapist")[n % 2], "text": f"{n} of {number}", "topic": None}
        for n in range(turns)
    ]


def test_rows_scattered_over_files_and_batches(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for number in range(60) for row in talk(number, 12)]
    whole = bring(make, [make.file("whole.jsonl", rows)])
    assert (whole.rows, whole.manifest["rows_in"]) == (60, 60)
    for record in all_rows(whole):
        number = record["messages"][0]["content"].split()[-1]
        # Ten comes after nine, not after one.
        assert said(record["messages"]) == [(("user", "assistant")[n % 2], f"{n} of {number}") for n in range(12)]
    random.Random(2).shuffle(rows)
    paths = [make.file("a.jsonl", rows[:300]), make.file("b.parquet", rows[300:500]), make.file("c.json", rows[500:])]
    monkeypatch.setattr(json_rows, "BATCH_ROWS", 28)
    monkeypatch.setattr(readers, "BATCH_ROWS", 5)
    monkeypatch.setattr(dialogues, "Spill", lambda parent: spill.Spill(parent, run_bytes=2000))
    monkeypatch.setattr(dialogues, "PART_ROWS", 100)
    scattered = bring(make, paths)
    assert scattered.key != whole.key
    assert all_rows(scattered) == all_rows(whole)
    assert not list(make.root.rglob(".aside-*"))


def test_a_conversation_stands_where_its_first_row_does(make: Make) -> None:
    one = make.file("a.jsonl", [talk(1)[3], talk(2)[1], talk(2)[0]])
    two = make.file("b.jsonl", [talk(3)[0], talk(1)[0], talk(1)[2], talk(1)[1], talk(3)[1]])
    table = bring(make, [one, two])
    found = raw_store(Project.open(make.root)).find("s", "origin", table.key)
    assert found is not None
    places = {row["id"]: (row["file"], row["row"]) for row in all_rows(found)}
    firsts = {r["messages"][0]["content"]: places[r["id"]] for r in all_rows(table)}
    assert firsts == {"0 of 1": ("a.jsonl", 0), "0 of 2": ("a.jsonl", 1), "0 of 3": ("b.jsonl", 0)}


def reasons(table: StoredTable) -> dict[str, int]:
    assert table.rows + len(all_dropped(table)) == table.manifest["rows_in"]
    return {name.removeprefix("pull/"): count for name, count in table.totals("reasons").items()}


def test_what_stands_against_a_conversation(make: Make) -> None:
    good, loose, odd = talk(1), talk(2), talk(3)
    rows = [
        *good,
        *loose,
        loose[1],  # said twice
        *odd[:2],
        {**odd[2], "who": "narrator"},
        {**talk(4)[0], "n": None},
        *talk(4)[1:],
        {**talk(5)[0], "d": None},
        {**talk(6)[0], "text": {"deep": 1}},
        *talk(6)[1:],
        *talk(7)[:1],
        {**talk(8)[0], "who": None},
        *talk(8)[1:],
    ]
    table = bring(make, [make.file("d.jsonl", rows)])
    assert table.rows == 1
    assert reasons(table) == {
        "repeated_turn": 1,
        "unknown_role": 2,
        "no_order": 1,
        "no_dialogue": 1,
        "empty_content": 1,
        "no_assistant": 1,
    }


def test_distinct_folds_repeats_and_refuses_contradictions(make: Make) -> None:
    rows = [{**row, "rater": rater, "score": str(rater)} for rater in (1, 2, 3) for n in range(3) for row in talk(n)]
    rows[-1]["text"] = "something else"
    path = make.file("d.jsonl", rows)
    table = bring(make, [path], distinct=["d", "n"], keep=["d", "score"])
    assert (table.rows, reasons(table)) == (2, {"repeated_turn": 1})
    for record in all_rows(table):
        assert len(record["messages"]) == 4
        assert {m["key"]: m["value"] for m in record["meta"]}["score"] in "123"
    one = bring(make, [path], where={"rater": 1})
    assert (one.rows, reasons(one)) == (3, {"where": 24})
    # The same turns have the same ids, however their repeats were told apart.
    assert {r["id"] for r in all_rows(table)} < {r["id"] for r in all_rows(one)}


def test_without_order_turns_stand_as_they_lie(make: Make) -> None:
    rows = [talk(1)[2], talk(1)[1], talk(2)[0], talk(1)[0], talk(1)[3], talk(2)[1]]
    table = bring(make, [make.file("d.jsonl", rows)], order_by=None)
    assert {"|".join(m["content"] for m in r["messages"]) for r in all_rows(table)} == {
        "2 of 1|1 of 1|0 of 1|3 of 1",
        "0 of 2|1 of 2",
    }


def test_long_numbers_and_words_as_order(make: Make) -> None:
    base = 2**60
    rows = [{**row, "n": base + row["n"]} for row in talk(1)] + [
        {**row, "n": f"2024-01-0{row['n'] + 1}"} for row in talk(2)
    ]
    random.Random(1).shuffle(rows)
    table = bring(make, [make.file("d.jsonl", rows)])
    assert table.rows == 2
    for record in all_rows(table):
        assert [m["content"][0] for m in record["messages"]] == list("0123")


def test_several_columns_name_a_conversation(make: Make) -> None:
    rows = [{**row, "part": part} for part in ("x", "y") for row in talk(1)]
    assert bring(make, [make.file("d.jsonl", rows)], group_by=["d", "part"]).rows == 2
    assert reasons(bring(make, [make.file("d.jsonl", rows)])) == {"repeated_turn": 1}


def test_no_rows(make: Make) -> None:
    path = make.file("d.csv", b"d,n,who,text\n")
    assert bring(make, [path]).manifest["rows_in"] == 0
