"""Exports that are not what the trainer reads: refused by id and place, never by text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.errors import IntegrityError, MissingError
from curation.train.encode import Row, Turn
from curation.train.export import open_export, read_rows

GOOD = {"role": "assistant", "content": "secret", "reasoning": None, "train": True}


def sealed(folder: Path) -> Path:
    digest = hashlib.sha256((folder / "train.parquet").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({"files": {"train.parquet": {"sha256": digest}}}))
    return folder


def rows(folder: Path, turns: Any, **others: Any) -> list[Row]:
    table = {"id": ["a"], "persona": ["client"], "messages": [turns], **others}
    pq.write_table(
        pa.table({name: values for name, values in table.items() if values is not None}), folder / "train.parquet"
    )
    return list(read_rows(open_export(sealed(folder)), "train.parquet"))


def test_rows_are_read_and_reasoning_is_noticed(tmp_path: Path) -> None:
    found = rows(tmp_path, [{**GOOD, "reasoning": "because"}, GOOD], phase=["later"])
    turns = (Turn("assistant", "secret", True, reasoned=True), Turn("assistant", "secret", True))
    assert found == [Row("a", "client", turns)]


def test_the_large_lists_of_polars_are_read(tmp_path: Path) -> None:
    pl.DataFrame({"id": ["a"], "persona": ["client"], "messages": [[GOOD]]}).write_parquet(tmp_path / "train.parquet")
    assert len(list(read_rows(open_export(sealed(tmp_path)), "train.parquet"))) == 1


@pytest.mark.parametrize(
    ("messages", "others"),
    [
        ([{**GOOD, "content": None}], {}),
        ([{**GOOD, "train": None}, GOOD], {}),
        ([None, GOOD], {}),
        ([{"role": "assistant", "content": "secret"}], {}),
        (["secret"], {}),
        ("secret", {}),
        ([GOOD], {"persona": None}),
        ([GOOD], {"id": pa.array([None], pa.string())}),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, messages: Any, others: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as caught:
        rows(tmp_path, messages, **others)
    assert "secret" not in str(caught.value)


def test_a_row_without_messages_is_refused(tmp_path: Path) -> None:
    kind = pa.struct(
        [("role", pa.string()), ("content", pa.string()), ("reasoning", pa.string()), ("train", pa.bool_())]
    )
    for empty in ([], None):
        with pytest.raises(IntegrityError, match="a row has"):
            rows(tmp_path, None, messages=pa.array([empty], pa.list_(kind)))


def test_manifests_that_are_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        open_export(tmp_path)
    for text in ("{", "[]", "{}", '{"files": 3}', '{"files": {}}', '{"files": {"train.parquet": 1}}'):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(IntegrityError):
            open_export(tmp_path)
