"""One spelling of a value, whichever way the file holds it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curation.pull.identity import identity_bytes, identity_of_values

text = st.none() | st.text(max_size=8)
turn = st.none() | st.fixed_dictionaries(
    {
        "from": text,
        "value": text,
        "weight": st.none() | st.floats(allow_nan=False),
        "parts": st.none() | st.lists(st.none() | st.fixed_dictionaries({"text": text}), max_size=3),
    }
)
row = st.tuples(st.none() | st.lists(turn, max_size=4), text, st.none() | st.integers(-9, 9) | st.booleans())
KIND = pa.list_(
    pa.struct(
        [
            ("from", pa.string()),
            ("value", pa.string()),
            ("weight", pa.float64()),
            ("parts", pa.list_(pa.struct([("text", pa.string())]))),
        ]
    )
)


@given(st.lists(row, max_size=5))
def test_arrow_and_python_spell_alike(rows: list[tuple[Any, ...]]) -> None:
    numbers = [str(r[2]).lower() if isinstance(r[2], bool) else r[2] if r[2] is None else str(r[2]) for r in rows]
    columns = [
        pa.array([r[0] for r in rows], KIND),
        pa.array([r[1] for r in rows], pa.string()),
        pa.array(numbers, pa.string()),
    ]
    assert identity_bytes(columns).to_pylist() == [identity_of_values(r) for r in rows]


def test_what_is_no_text_changes_no_id() -> None:
    plain = pa.array([[{"from": "human", "value": "hi"}]])
    wider = pa.array([[{"weight": 1.5, "value": "hi", "note": None, "from": "human"}]])
    assert identity_bytes([plain]) == identity_bytes([wider])
    assert identity_bytes([plain]) != identity_bytes([pa.array([[{"from": "gpt", "value": "hi"}]])])
    assert identity_bytes([pa.array([1, 2])]).to_pylist() == [b"1", b"2"]
    assert identity_bytes([pa.array(["a"]), pa.array([None], pa.string())]) != identity_bytes(
        [pa.array([None], pa.string()), pa.array(["a"])]
    )
