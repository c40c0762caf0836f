from __future__ import annotations

import pyarrow as pa
from hypothesis import given

from curation.core.records import TEXT_COLUMNS
from curation.methods.texts import Texts
from tests.clean.helpers import chat, records, table, turn


def test_reading_order() -> None:
    rows = table(
        [
            chat(0, "one", "three"),
            chat(1, "a", chosen=[turn("assistant", "c", "b")], meta=[{"key": "k", "value": "d"}]),
        ]
    )
    texts = Texts.of(rows)
    order = sorted(range(len(texts.values)), key=lambda i: (texts.rows[i], texts.places[i]))
    found = [texts.values[i].as_py() for i in order if texts.values[i].is_valid]
    assert found == ["one", "three", "a", "I hear you.", "b", "c", "d"]


@given(records(most=8))
def test_put_is_the_reverse_of_flattening(rows: pa.Table) -> None:
    for view in (rows, rows.slice(1), rows.slice(1, 2)):
        texts = Texts.of(view)
        for name, column in texts.put(texts.values).items():
            assert column.to_pylist() == view.column(name).to_pylist()
            assert column.type == view.schema.field(name).type
    assert set(texts.put(texts.values)) == set(TEXT_COLUMNS)
