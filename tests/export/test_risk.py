"""The level that a row says of itself, and which rows wait for a person."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curation.core.records import META
from curation.export.risk import HOLD_AT, UNREADABLE, level_of, waiting


def table(*metas):
    rows = [None if m is None else [{"key": k, "value": v} for k, v in m.items()] for m in metas]
    ids = pa.array([f"a:{i:016x}" for i in range(len(metas))], pa.string())
    return pa.table({"id": ids, "meta": pa.array(rows, META)})


def test_levels_are_read_and_what_cannot_be_read_counts_as_the_highest():
    found = level_of(table(None, {}, {"other": "4"}, {"risk_level": "3"}, {"a": "1", "risk_level": "high"}))
    assert found.tolist() == [0, 0, 0, 3, UNREADABLE]


@pytest.mark.parametrize(
    ("text", "waits"), [("0", False), ("1", False), ("2", True), ("5", True), ("9", True), ("", True)]
)
def test_from_the_second_level_on_a_row_waits(text, waits):
    assert waiting(table({"risk_level": text}), frozenset()).tolist() == [waits]
    assert HOLD_AT == 2


def test_a_release_lets_one_row_go_and_no_other():
    rows = table({"risk_level": "4"}, {"risk_level": "4"})
    assert waiting(rows, frozenset([rows["id"][0].as_py()])).tolist() == [False, True]


def test_sliced_and_chunked_tables_and_tables_without_meta():
    rows = table({"risk_level": "4"}, None, {"risk_level": "2"}, {"risk_level": "1"})
    assert level_of(rows.slice(1)).tolist() == [0, 2, 1]
    assert level_of(pa.concat_tables([rows.slice(2), rows.slice(0, 1)])).tolist() == [2, 1, 4]
    assert level_of(rows.select(["id"])).tolist() == [0] * 4
    assert level_of(rows.slice(0, 0)).tolist() == []
