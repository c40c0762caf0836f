"""The stage `emotion`: every row stays, every turn has its entry, and no row's tags depend on the others."""

import pyarrow as pa
import pytest
from hypothesis import given

from curation.core.engine import run_batches
from curation.core.stage import Call, Context, Step
from curation.tag.emotion import EmotionSpec, emotion, tagger
from tests.clean import helpers as h
from tests.clean.helpers import chat, table

pytest.importorskip("safetensors")


def run(rows, batch_rows=1000, **parameters):
    step = Step("emotion", (Call(emotion, EmotionSpec(**parameters)),))
    return run_batches(step, rows, Context(b"k" * 32, "s"), batch_rows)


def test_turns_are_tagged_in_order_and_empty_ones_are_null():
    kept, dropped, notes = run(
        table([chat(0, "Thank you so much!", "I am so sorry."), chat(1, "  ", "This is great.")])
    )
    assert not len(dropped)
    first, second = kept.column("emotion").to_pylist()
    assert "gratitude" in first["turns"][0]["labels"] and "remorse" in first["turns"][1]["labels"]
    assert len(first["turns"][0]["probabilities"]) == len(tagger().labels) == 28
    assert second["turns"][0] == {"labels": None, "probabilities": None}
    assert first["quality"] == "preview (English, Reddit-domain)" and first["model"].startswith("tiny/")
    assert notes["emotion.gratitude"] == 1


def test_roles_that_are_not_asked_for_are_null():
    kept, _, _ = run(table([chat(0, "Thank you so much!", "I am so sorry.")]), roles=("user",))
    (row,) = kept.column("emotion").to_pylist()
    assert row["turns"][0]["labels"] and row["turns"][1]["labels"] is None


@given(h.records(["I am so happy.", "", "That makes me furious!", "na ja"], most=9))
def test_laws(rows: pa.Table) -> None:
    whole, dropped, _ = run(rows)
    assert len(whole) == len(rows) and not len(dropped)
    assert whole.column("id").equals(rows.column("id"))
    lengths = [len(messages or []) for messages in rows.column("messages").to_pylist()]
    assert [len(found["turns"]) for found in whole.column("emotion").to_pylist()] == lengths
    for size in (1, 7):
        assert run(rows, size)[0].equals(whole)
