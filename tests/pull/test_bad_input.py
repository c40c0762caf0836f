"""Files that are odd in ways real ones are, for every kind of adapter."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.adapter import Adapter, Document, Preference, Qa, Rows, Text, Turns, Unpaired
from curation.pull.adapters import convert
from curation.pull.columns import columns_of
from curation.pull.dialogues import gather_chunks
from curation.pull.readers import read

LONG = "lines and words\n" * 14_000  # 224,000 characters

ADAPTERS: dict[str, Adapter] = {
    "turns": Turns("turns", field="turns", keep=("id",)),
    "qa": Qa("qa", user="q", assistant="a", keep=("id",)),
    "text": Text("text", "chatml", keep=("id",)),
    "preference": Preference("preference", prompt="q", chosen="a", rejected="b", keep=("id",)),
    "unpaired": Unpaired("unpaired", prompt="q", answer="a", label="good", keep=("id",)),
    "rows": Rows("rows", group_by="q", order_by="n", role="role", content="text", keep=("id",)),
    "document": Document("document", user_text="Write.", field="a", keep=("id",)),
}


def row(answer: str, number: Any) -> dict[str, Any]:
    """A row that every adapter above can read; for `rows`, with its neighbour, a conversation."""
    return {
        "turns": json.dumps([{"role": "user", "content": "q"}, {"role": "assistant", "content": answer}]),
        "q": "q",
        "a": answer,
        "b": "other",
        "good": True,
        "role": "assistant",
        "text": f"<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>",
        "n": 2,
        "id": number,
    }


def write(path: Path, rows: list[dict[str, Any]], *, bom: bool = False, crlf: bool = False) -> None:
    if path.suffix == ".parquet":
        texts = [{k: str(v) for k, v in r.items()} for r in rows]
        pq.write_table(pa.Table.from_pylist(texts, pa.schema([(k, pa.string()) for k in row("", "")])), path)
        return
    end = "\r\n" if crlf else "\n"
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, row("", ""), lineterminator=end)
            writer.writeheader()
            writer.writerows(rows)
    else:
        lines = [json.dumps(r, ensure_ascii=False) for r in rows]
        text = "[" + ("," + end).join(lines) + "]" if path.suffix == ".json" else "".join(x + end for x in lines)
        path.write_bytes(text.encode())
    if bom:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def pull(path: Path, adapter: Adapter) -> tuple[list[dict[str, Any]], list[str]]:
    chunks: Any = ((0, c) for c in read(path, columns_of(adapter), adapter.text_columns()))
    if isinstance(adapter, Rows):
        chunks = gather_chunks(chunks, adapter, path.parent)
    records: list[dict[str, Any]] = []
    reasons: list[str] = []
    for _, chunk in chunks:
        got = convert(chunk.columns, adapter, persona="neutral", licence=None, key=b"k", source="s")
        records += got.records.to_pylist()
        reasons += [*got.rejects.drop_null().to_pylist(), *(b.reason for b in chunk.broken)]
    return records, reasons


def answer_of(record: dict[str, Any]) -> str:
    return str((record["chosen"] or record["messages"])[-1]["content"])


FIRST = {**row("x", "0"), "role": "user", "text": "q", "n": 1, "turns": "[]", "q": "q", "a": "", "id": None}


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
@pytest.mark.parametrize("kind", ADAPTERS)
class TestEveryKind:
    def test_no_row_and_one_row(self, tmp_path: Path, kind: str, suffix: str) -> None:
        path, adapter = tmp_path / f"d.{suffix}", ADAPTERS[kind]
        write(path, [])
        assert pull(path, adapter) == ([], [])
        write(path, [row("x", "1")])
        records, reasons = pull(path, adapter)
        # A single turn is no conversation: the assistant's has no user's before it.
        assert (len(records), reasons) == ((0, ["no_user"]) if kind == "rows" else (1, []))

    @pytest.mark.parametrize("answer", [LONG.strip(), "a\x00b", "a\u00a0b\u2028c", "\ufeffa", 'a"b,c\td'])
    def test_texts_come_through_as_they_are(self, tmp_path: Path, kind: str, suffix: str, answer: str) -> None:
        path, adapter = tmp_path / f"d.{suffix}", ADAPTERS[kind]
        rows = [row(answer, "1")]
        if kind == "rows":
            rows = [{**rows[0], "text": answer}, FIRST]
        write(path, rows)
        records, reasons = pull(path, adapter)
        assert reasons == []
        assert [answer_of(r) for r in records] == [answer]

    def test_bom_and_carriage_returns(self, tmp_path: Path, kind: str, suffix: str) -> None:
        path, adapter = tmp_path / f"d.{suffix}", ADAPTERS[kind]
        rows = [FIRST, {**row("x", "1"), "text": "x"}] if kind == "rows" else [row("x", "1")]
        write(path, rows)
        plain = pull(path, adapter)
        write(path, rows, bom=True, crlf=True)
        assert pull(path, adapter) == plain
        assert len(plain[0]) == 1


@pytest.mark.parametrize("kind", [k for k in ADAPTERS if k != "rows"])
def test_an_id_column_of_mixed_types(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "d.jsonl"
    numbers = [1, "two", 3.5, None, True, {"a": 1}, [1, "x"], 2**80]
    write(path, [row("x", n) for n in numbers])
    records, reasons = pull(path, ADAPTERS[kind])
    assert reasons == []
    kept = [r["meta"][0]["value"] if r["meta"] else None for r in records]
    assert kept[:7] == ["1", "two", "3.5", None, "true", '{"a":1}', '[1,"x"]']
