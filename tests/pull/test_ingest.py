"""Rows in equal rows out, ids that stay, parts that change only where rows did."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.core import files
from curation.core.annotations import Annotations
from curation.core.project import Project
from curation.core.records import ORIGIN_SCHEMA, RECORD_SCHEMA
from curation.core.store import StoredTable
from curation.pull import chunks, ingest, json_rows, readers, spill
from curation.pull.ingest import DataFile, Material, raw_store
from tests.pull.support import Make, all_dropped, all_rows, said

ADAPTER = {"kind": "qa", "user": "q", "assistant": "a", "keep": ["topic"]}


def bring(
    make: Make,
    paths: list[Path],
    adapter: dict[str, Any] = ADAPTER,
    *,
    identity: tuple[str, ...] = ("q", "a"),
    **more: Any,
) -> StoredTable:
    flags = {"part_rows": more.pop("part_rows", None)}
    project = make.project(
        {"s": {"kind": "files", "path": "unused", "adapter": adapter, "persona": "assistant", **more}}, **flags
    )
    data = tuple(DataFile(p.name, p, files.sha256_file(p), f"file:{p.name}") for p in paths)
    return ingest.ingest(project, "s", project.sources["s"], Material(data, "rev", "mit", identity))


def origin(make: Make, table: StoredTable) -> list[dict[str, Any]]:
    found = raw_store(Project.open(make.root)).find("s", "origin", table.key)
    assert found is not None
    return all_rows(found)


def qa(number: int, **more: Any) -> dict[str, Any]:
    return {"q": f"question {number}", "a": f"answer {number}", "topic": "t", **more}


def test_raw_table_and_origin(make: Make) -> None:
    one = make.file("one.jsonl", [qa(1), qa(2, a=""), qa(3)])
    two = make.file("two.jsonl", b'{"q": "x", "a": "y", "topic": null}\nbroken\n')
    table = bring(make, [one, two])
    rows = all_rows(table)
    assert table.columns == tuple(RECORD_SCHEMA.names)
    assert [r["id"] for r in rows] == sorted(r["id"] for r in rows)
    by_first = {r["messages"][0]["content"]: r for r in rows}
    assert said(by_first["question 1"]["messages"]) == [("user", "question 1"), ("assistant", "answer 1")]
    assert by_first["question 1"]["meta"] == [{"key": "topic", "value": "t"}]
    assert by_first["x"]["licence"] == "mit"
    dropped = {d["reason"]: d for d in all_dropped(table)}
    assert {r: d["stage"] for r, d in dropped.items()} == {"no_answer": "pull", "broken_json": "pull"}
    assert (table.manifest["rows_in"], table.rows) == (5, 3)
    where = {o["id"]: o for o in origin(make, table)}
    assert len(where) == 5
    assert where[by_first["question 3"]["id"]] == {
        "id": by_first["question 3"]["id"],
        "uri": "file:one.jsonl",
        "revision": "rev",
        "file": "one.jsonl",
        "row": 2,
    }
    assert where[dropped["broken_json"]["id"]]["row"] == 1


def test_a_published_table_costs_no_work(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.file("d.jsonl", [qa(i) for i in range(5)])
    first = bring(make, [path])
    before = {p: p.stat().st_mtime_ns for p in make.root.rglob("data/**/*")}
    monkeypatch.setattr(ingest, "read", None)
    assert bring(make, [path]) == first
    assert {p: p.stat().st_mtime_ns for p in make.root.rglob("data/**/*")} == before


def test_a_reordered_file_gives_the_same_ids_and_bytes(make: Make) -> None:
    data = [qa(i % 40, topic=str(i % 7)) for i in range(120)]
    first = bring(make, [make.file("d.jsonl", data)])
    shuffled = data[:]
    random.Random(3).shuffle(shuffled)
    second = bring(make, [make.file("d.jsonl", shuffled)])
    assert first.key != second.key
    assert {n: p.key for n, p in first.parts.items()} == {n: p.key for n, p in second.parts.items()}
    assert len({r["id"] for r in all_rows(first)}) == 120


def test_identical_rows_get_two_ids(make: Make) -> None:
    table = bring(make, [make.file("d.jsonl", [qa(1), qa(1), qa(1)])])
    ids = [r["id"] for r in all_rows(table)]
    assert len(ids) == 3
    assert ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_format_batches_and_spilling_change_no_id(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [[{"from": "human", "value": f"q{i}"}, {"from": "gpt", "value": "a" * i + "b"}] for i in range(60)]
    data = [{"conversations": t} for t in turns]
    adapter = {"kind": "turns", "field": "conversations", "role_key": "from", "content_key": "value"}

    def records(name: str) -> list[dict[str, Any]]:
        return all_rows(bring(make, [make.file(name, data)], adapter, identity=("conversations",), part_rows=4))

    want = records("d.jsonl")
    assert len(want) == 60
    assert records("d.parquet") == want
    assert records("d.json") == want
    monkeypatch.setattr(json_rows, "BATCH_ROWS", 28)
    monkeypatch.setattr(spill, "_BUCKET_DIGITS", 1)
    monkeypatch.setattr(ingest, "Spill", lambda parent: spill.Spill(parent, run_bytes=500))
    assert records("e.jsonl") == want
    monkeypatch.setattr(readers, "BATCH_ROWS", 5)
    monkeypatch.setattr(chunks, "BATCH_ROWS", 5)
    assert records("e.parquet") == want
    assert not list(make.root.rglob(".aside-*"))


def test_a_changed_adapter_keeps_the_ids(make: Make) -> None:
    path = make.file("d.jsonl", [{"title": f"t{i}", "q": f"q{i}", "a": "x", "why": "r"} for i in range(30)])
    old = bring(make, [path], {"kind": "qa", "user": "q", "assistant": "a"})
    new = bring(make, [path], {"kind": "qa", "user": ["title", "q"], "assistant": "a", "reasoning": "why"})
    assert [r["id"] for r in all_rows(old)] == [r["id"] for r in all_rows(new)]
    assert all_rows(old)[0]["messages"] != all_rows(new)[0]["messages"]


def test_one_more_row_changes_one_part(make: Make) -> None:
    data = [qa(i) for i in range(100)]
    old = bring(make, [make.file("d.jsonl", data)], part_rows=10)
    new = bring(make, [make.file("d.jsonl", [*data, qa(100)])], part_rows=10)
    assert len(old.parts) == 16
    assert sum(new.parts[n].key != old.parts[n].key for n in new.parts) == 1


def test_a_forgotten_row_does_not_come_back(make: Make) -> None:
    path = make.file("d.jsonl", [qa(1), qa(1), qa(2)])
    first = bring(make, [path])
    gone = next(r["id"] for r in all_rows(first) if r["id"].endswith("-2"))
    both = [gone.removesuffix("-2"), gone]
    Annotations(make.root / "annotations").forget({gone, "other:0123456789abcdef"})
    second = bring(make, [path])
    assert second.key != first.key
    assert sorted({r["id"] for r in all_rows(first)} - {r["id"] for r in all_rows(second)}) == both
    assert [(d["id"], d["stage"], d["reason"]) for d in all_dropped(second)] == [(i, "pull", "forgotten") for i in both]
    # A tombstone of another source changes nothing here.
    Annotations(make.root / "annotations").forget({"third:0123456789abcdef"})
    assert bring(make, [path]).key == second.key


def test_screened_rows_leave_no_text(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = "zzz-must-not-exist-zzz"

    def flag(batch: pa.RecordBatch) -> pa.BooleanArray:
        return pa.array([marker in str(row) for row in batch.to_pylist()], pa.bool_())

    monkeypatch.setattr(ingest.screen, "flag", flag)
    path = make.file("d.jsonl", [qa(1), qa(2, topic=marker), qa(3, a=marker), qa(4, a="")])
    table = bring(make, [path])
    assert table.totals("reasons") == {"pull/no_answer": 1, "screen/unconditional": 2}
    assert (table.rows, len(origin(make, table))) == (1, 4)
    for part in table.parts:
        assert marker not in str(table.read(part).to_pylist())
    assert all(marker.encode() not in p.read_bytes() for p in make.root.rglob("data/**/*") if p.is_file())


@pytest.mark.parametrize(
    "change",
    [
        {"persona": "client"},
        {"max_rows": 2},
        {"part_rows": 1},
        {"adapter": {**ADAPTER, "keep": []}},
        {"identity": ("q",)},
    ],
)
def test_everything_that_decides_the_table_is_in_its_key(make: Make, change: dict[str, Any]) -> None:
    path = make.file("d.jsonl", [qa(i) for i in range(4)])
    assert bring(make, [path]).key != bring(make, [path], **change).key


def test_max_rows_counts_within_each_file(make: Make) -> None:
    one, two = make.file("one.jsonl", [qa(i) for i in range(9)]), make.file("two.jsonl", [qa(i) for i in range(20, 29)])
    assert bring(make, [one, two], max_rows=3).manifest["rows_in"] == 6


def test_a_failure_publishes_nothing(make: Make) -> None:
    good = make.file("a.jsonl", [qa(i) for i in range(4)])
    bad = make.file("b.json", b"[")
    with pytest.raises(Exception, match="JSON"):
        bring(make, [good, bad])
    assert not list(make.root.rglob("data/**/*.json"))
    assert not list(make.root.rglob(".aside-*"))


VALUE = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(),
    st.lists(st.text(max_size=2), max_size=2),
    st.just(" "),
    st.just("same"),
)
LINE = st.one_of(
    st.fixed_dictionaries({}, optional={"q": VALUE, "a": VALUE, "topic": VALUE}).map(json.dumps),
    st.sampled_from(['{"q": ', "[]", "3", "null", '{"q": "x", "a": "y"}', '{"q": NaN}']),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINE, max_size=12), st.integers(1, 6))
def test_conservation(lines: list[str], part_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        make = Make(Path(folder))
        table = bring(
            make,
            [make.file("d.jsonl", "\n".join(['{"q": "a", "a": "b", "topic": 1}', *lines]).encode())],
            part_rows=part_rows,
        )
        kept, dropped = all_rows(table), all_dropped(table)
        assert len(kept) + len(dropped) == len(lines) + 1 == table.manifest["rows_in"]
        assert all(d["reason"] and d["stage"] == "pull" for d in dropped)
        ids = [r["id"] for r in (*kept, *dropped)]
        assert len(set(ids)) == len(ids)
        where = origin(make, table)
        assert sorted(o["id"] for o in where) == sorted(ids)
        assert sorted(o["row"] for o in where) == list(range(len(lines) + 1))
        for part in table.parts:
            for rows in (table.read(part), table.read_dropped(part)):
                assert rows["id"].to_pylist() == sorted(rows["id"].to_pylist())
            assert part == "all" or all(r["id"].split(":")[1].startswith(part) for r in table.read(part).to_pylist())


def test_tables_have_the_declared_types(make: Make) -> None:
    table = bring(make, [make.file("d.jsonl", [qa(1), qa(1, a=None)])])
    (part,) = table.parts
    assert table.read(part).schema == RECORD_SCHEMA
    store = raw_store(Project.open(make.root))
    found = store.find("s", "origin", table.key)
    assert found is not None
    assert found.read(part).schema == ORIGIN_SCHEMA
    assert list(store.verify()) == []
