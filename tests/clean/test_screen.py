from __future__ import annotations

import pyarrow as pa
from hypothesis import given

from curation.clean.screen import screen
from tests.clean import helpers as h
from tests.clean.helpers import chat, table

PIECES = ["[explicit]", "a 14-year-old", "she is 25."]


def test_a_flagged_record_is_dropped_whole() -> None:
    kept, dropped, _ = h.run(screen, table([chat(0, "hello"), chat(1, "[explicit]", "aged 12,"), chat(2, "aged 12,")]))
    assert kept.column_names == ["id"]
    assert [i[-1] for i in kept.column("id").to_pylist()] == ["0", "2"]
    assert dropped.to_pylist() == [
        {"id": "demo:0000000000000001", "stage": "screen", "reason": "unconditional", "score": None, "witness": None}
    ]


@given(h.records(PIECES, most=10))
def test_laws(rows: pa.Table) -> None:
    h.conserved(screen, rows)
    h.same_in_any_batch_and_order(screen, rows)
    h.again_changes_nothing(screen, rows)
