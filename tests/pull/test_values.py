"""Values of whatever type as plain types, text, numbers, and what stands at a path."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from curation.pull.values import as_text, at_path, is_deep, numbers, parsed, plain_type, step_into

PART = [{"type": "text", "text": "x", "image": None}]


@pytest.mark.parametrize("value", [PART, [PART, None, []], [[PART], [], None]])
def test_lists_of_every_width_become_lists(value: Any) -> None:
    plain = pa.array([value, None, value])
    offsets = pa.array(plain.offsets.to_pylist(), pa.int64())
    wide = pa.LargeListArray.from_arrays(offsets, plain.values, mask=plain.is_null())
    for array in (wide, wide.slice(1), wide.slice(0, 1)):
        got = plain_type(array)
        got.validate(full=True)
        assert pa.types.is_list(got.type)
        assert got.to_pylist() == array.to_pylist()
    fixed = pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 4]), 2)
    assert plain_type(fixed.slice(1)).to_pylist() == [[3, 4]]


@pytest.mark.parametrize(
    ("text", "want"),
    [("1", 1), (" -2.5 ", -2.5), ("+3", 3), (".5", 0.5), ("4.", 4), ("1e3", 1000), ("1e999", math.inf)],
)
def test_numbers(text: str, want: float) -> None:
    assert numbers(pa.array([text])).tolist() == [want]


@pytest.mark.parametrize("text", ["", "x", "1x", "nan", "inf", "0x1f", "٣", "1,5", None, "--1", "1e9999", "\x001"])
def test_no_numbers(text: str | None) -> None:
    assert np.isnan(numbers(pa.array([text], pa.string()))).all()


def test_paths() -> None:
    row = {"a": {"b": {"c": 1}, "b.c": 2}, "a.b": 3, "t": '{"b": {"c": [4]}}', "bad": "{", "n": None}
    for path, want in [("a.b.c", (1, True)), ("a.b", (3, True)), ("t.b.c", ([4], True)), ("n", (None, True))]:
        assert step_into(row, path) == want
    for path in ("a.x", "a.b.c.d", "bad.b", "n.x", "zzz", "zzz.b"):
        assert step_into(row, path) == (None, False)


def test_paths_in_columns() -> None:
    values = [{"b": {"c": 1}}, {"b": None}, None]
    as_json = pa.array([json.dumps(v) for v in values] + ["{", "[1]", "4"])
    assert at_path(as_json, "b.c").to_pylist() == ["1", None, None, None, None, None]
    assert at_path(pa.array(values), "b.c").to_pylist() == [1, None, None]
    for column, path in ((pa.array(values), "b.x"), (pa.array(values), "x.y"), (pa.array([1, 2, 3]), "b")):
        assert at_path(column, path).null_count == 3


def test_text_nested_without_end_is_no_value() -> None:
    assert parsed("[" * 300 + "]" * 300) is None
    assert parsed("[" * 5000) is None
    assert parsed("[" * 200 + "]" * 200) is not None
    assert is_deep(json.loads("[" * 300 + "]" * 300))
    assert as_text(pa.array([[1], None, []])).to_pylist() == ["[1]", None, "[]"]
