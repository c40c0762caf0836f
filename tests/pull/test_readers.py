"""Every row of a file comes out once, whatever is wrong with its neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.adapter import Preference, Qa, Turns
from curation.core.errors import CurateError, ProjectError
from curation.pull import json_rows, readers
from curation.pull.chunks import Chunk
from curation.pull.columns import Column, columns_of
from curation.pull.readers import read

QA = Qa("qa", user="q", assistant="a", keep=("id",))


def chunks(path: Path, adapter: Any = QA, **more: Any) -> list[Chunk]:
    return list(read(path, columns_of(adapter), adapter.text_columns(), **more))


def rows(found: list[Chunk]) -> list[dict[str, Any]]:
    return [row for chunk in found for row in chunk.columns.to_pylist()]


def broken(found: list[Chunk]) -> list[tuple[int, str]]:
    return sorted((b.row, b.reason) for chunk in found for b in chunk.broken)


def test_json_lines_survive_broken_ones(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"q": "1\xe2\x80\xa8x", "a": "x", "id": 1}\r\n'
        b'{"q": "2", "a": \n'
        b"\n"
        b'["q"]\n'
        b'{"a": "no question"}\n'
        b'{"q": {"deep": 1}, "a": "x"}\n'
        b'{"q": "\\ud800", "a": "x"}\n'
        b'{"q": "bad \xff", "a": "x"}\n'
        b'{"q": 7, "a": true, "id": {"b": null, "a": [1]}}\n'
        b'{"q": "nul \\u0000", "a": "last line without its end"}'
    )
    found = chunks(path)
    assert rows(found) == [
        {"q": "1\u2028x", "a": "x", "id": "1"},
        {"q": "7", "a": "true", "id": '{"a":[1]}'},
        {"q": "nul \x00", "a": "last line without its end", "id": None},
    ]
    assert broken(found) == [
        (1, "broken_json"),
        (3, "wrong_type"),
        (4, "missing_column"),
        (5, "wrong_type"),
        (6, "broken_json"),
        (7, "broken_json"),
    ]
    assert [n for c in found for n in c.rows.tolist()] == [0, 8, 9]


def test_an_odd_chunk_costs_its_odd_rows_only(tmp_path: Path) -> None:
    good = [
        {"messages": [{"role": "user", "content": f"q{i}"}, {"role": "assistant", "content": "a"}]} for i in range(20)
    ]
    odd = [
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "in "}, {"text": "parts"}]},
                {"role": "assistant", "content": 4},
            ]
        },
        {"messages": "no list"},
        {"messages": [{"role": "user", "content": {"a": 1}}]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        {"messages": {"role": "user", "content": "alone"}},
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in [*good[:10], *odd, *good[10:]]))
    found = chunks(path, Turns("turns"))
    assert broken(found) == [(n, "wrong_type") for n in (11, 12, 13, 14)]
    (table,) = [c.columns.column("messages").to_pylist() for c in found]
    assert table[10] == [{"role": "user", "content": "in parts"}, {"role": "assistant", "content": "4"}]
    # The same rows in a chunk without odd ones have the same identity.
    clean = tmp_path / "clean.jsonl"
    clean.write_text("".join(json.dumps(r) + "\n" for r in good))
    (alone,) = chunks(clean, Turns("turns"))
    assert set(alone.identity.to_pylist()) < set(found[0].identity.to_pylist())


def test_preference_sides_may_mix_text_turn_and_list(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    turn = {"from": "gpt", "value": "x"}
    path.write_text(
        "".join(
            json.dumps(r) + "\n"
            for r in [
                {"chosen": "a", "rejected": turn},
                {"chosen": [turn], "rejected": "b"},
                {"chosen": 1, "rejected": None},
            ]
        )
    )
    (found,) = chunks(path, Preference("preference"))
    assert not found.broken
    assert [t[0]["value"] if t[0]["value"] else t[0]["content"] for t in found.columns["chosen"].to_pylist()] == [
        "a",
        "x",
        "1",
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "json", "csv", "tsv"])
def test_few_rows(tmp_path: Path, suffix: str, count: int) -> None:
    path = tmp_path / f"d.{suffix}"
    data = [{"q": f"q{i}", "a": "x", "id": str(i)} for i in range(count)]
    if suffix == "parquet":
        schema = pa.schema([(n, pa.string()) for n in ("q", "a", "id")])
        pq.write_table(pa.Table.from_pylist(data, schema), path)
    elif suffix in ("csv", "tsv"):
        mark = "," if suffix == "csv" else "\t"
        path.write_text("".join(mark.join(line) + "\n" for line in [("q", "a", "id"), *(r.values() for r in data)]))
    else:
        path.write_text(json.dumps(data) if suffix == "json" else "".join(json.dumps(r) + "\n" for r in data))
    assert rows(chunks(path)) == data
    assert rows(chunks(path, max_rows=1)) == data[:1]
    assert broken(chunks(path)) == []


def test_csv_with_everything(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    long = "x" * 224_000
    path.write_bytes(
        b'\xef\xbb\xbfid,q,a\r\n1,"two\r\nlines, ""quoted""",ok\r\n2,only two\r\n\r\n3,nul \x00 byte,ok\r\n'
        b"4,bad \xff,ok\r\n5," + long.encode() + b",ok\r\n"
    )
    found = chunks(path)
    assert [(r["id"], r["q"]) for r in rows(found)] == [
        ("1", 'two\r\nlines, "quoted"'),
        ("3", "nul \x00 byte"),
        ("5", long),
    ]
    assert broken(found) == [(1, "wrong_columns"), (3, "broken_text")]


def test_json_lines_under_json_and_batches_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.json"
    data = [{"q": f"{'é' * i} q", "a": "x", "id": i} for i in range(50)]
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in data))
    whole = rows(chunks(path))
    monkeypatch.setattr(json_rows, "_BLOCK", 37)
    monkeypatch.setattr(json_rows, "BATCH_ROWS", 28)
    parts = chunks(path)
    assert len(parts) == 8
    assert rows(parts) == whole == [{**r, "id": str(r["id"])} for r in data]
    assert [n for c in parts for n in c.rows.tolist()] == list(range(50))


def test_parquet_rows_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    values = pa.array([b"fine", b"\xff\xfe", b"good"]).view(pa.string())
    pq.write_table(pa.table({"q": values, "a": values, "id": [1, 2, 3]}), tmp_path / "d.parquet")
    found = chunks(tmp_path / "d.parquet")
    assert [r["q"] for r in rows(found)] == ["fine", "good"]
    assert broken(found) == [(1, "broken_text")]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "json", "csv"])
def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.{suffix}"
    row = {"question": "q", "answer": "a"}
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        path.write_text(
            "question,answer\nq,a\n" if suffix == "csv" else json.dumps([row]) if suffix == "json" else json.dumps(row)
        )
    with pytest.raises(ProjectError) as error:
        chunks(path, Qa("qa", user="questoin", assistant="answer"))
    assert "questoin" in error.value.what
    assert error.value.fix == "did you mean 'question'?"
    with pytest.raises(ProjectError):
        chunks(path, Qa("qa", user="question", assistant="answer", keep=("topic",)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("d.parquet", b"PAR1 nothing"),
        ("d.parquet", b""),
        ("d.json", b"[1, 2"),
        ("d.json", b'{\n "data": [1]\n}'),
        ("d.csv", b""),
        ("d.csv", 'q,a\n"open'.encode("utf-16")),
        ("d.jsonl", b"PK\x03\x04zip"),
        ("d.jsonl", b"\x1f\x8bgz"),
        ("d.xlsx", b"x"),
        ("d", b"x"),
    ],
)
def test_what_is_no_data_file_is_an_error(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CurateError) as error:
        chunks(tmp_path / name)
    assert len(str(error.value).splitlines()) <= 6


def test_a_cut_parquet_file_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"q": ["x" * 9] * 5000, "a": [str(i) for i in range(5000)], "id": ["1"] * 5000}), path)
    data = bytearray(path.read_bytes())
    data[100:4000] = bytes(3900)
    path.write_bytes(bytes(data))
    with pytest.raises(ProjectError):
        chunks(path)
    with pytest.raises(ProjectError):
        chunks(tmp_path / "none.jsonl")


def test_an_endless_cell_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_LONGEST_CELL", 1000)
    (tmp_path / "d.csv").write_text('q,a,id\n"' + "x\n" * 2000)
    with pytest.raises(ProjectError, match="CSV"):
        chunks(tmp_path / "d.csv")


def test_identity_columns_are_read_even_where_the_adapter_reads_them_no_more(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps({"q": "x", "a": "y", "conv": [{"from": "human", "value": "hi", "w": 1}]}))
    want = [Column("q", "text"), Column("a", "text"), Column("conv", "value")]
    (as_value,) = read(path, want, ["conv"])
    (as_turns,) = read(path, [Column("conv", "turns", ("from",), ("value",), required=True)], ["conv"])
    assert as_value.identity == as_turns.identity
