from __future__ import annotations

import pyarrow as pa
import pytest

from curation.clean.pii.entries import Entry
from curation.clean.pii.standing import again, spoken, strings
from curation.clean.scrub import ScrubSpec, scrub
from curation.core.stage import Call
from tests.clean import helpers as h

pytest.importorskip("presidio_analyzer")

KEY = b"k" * 32
ROWS = h.table(
    [
        h.chat(0, "call 202-555-0143", chosen=[h.turn("assistant", "ok", "Bo said so")]),
        h.chat(1, "nothing", meta=[{"key": "a", "value": "b@example.org"}, {"key": "b", "value": None}]),
        h.record(2, [h.turn("system", "s"), h.turn("user", None), h.turn("user", "two"), h.turn(None, "x")]),
    ]
)


def laid(kept: pa.Table) -> pa.Table:
    """The scrubbed columns over those that stay, in the order of the ids."""
    table = ROWS
    for name in kept.column_names[1:]:
        at = table.schema.get_field_index(name)
        table = table.append_column(name, kept[name]) if at < 0 else table.set_column(at, name, kept[name])
    return table


def test_every_string_with_its_record() -> None:
    assert sorted(strings(ROWS)) == sorted(
        [
            ("demo:0000000000000000", "call 202-555-0143"),
            ("demo:0000000000000000", "I hear you."),
            ("demo:0000000000000000", "ok"),
            ("demo:0000000000000000", "Bo said so"),
            ("demo:0000000000000001", "nothing"),
            ("demo:0000000000000001", "I hear you."),
            ("demo:0000000000000001", "b@example.org"),
            ("demo:0000000000000002", "s"),
            ("demo:0000000000000002", "two"),
            ("demo:0000000000000002", "x"),
        ]
    )
    assert spoken(ROWS) == [["call 202-555-0143"], ["nothing"], ["two"]]


def test_a_second_pass_names_the_rows_in_which_something_is_left() -> None:
    bare = ScrubSpec(level="patterns")
    kept, _, _ = h.run(scrub, ROWS, scrub=bare)
    rows = laid(kept)
    assert again(rows, Call(scrub, bare), KEY, "demo", 2) == []
    bo = Entry("deny", "PERSON", "Bo")
    assert again(rows, Call(scrub, ScrubSpec(level="patterns", entries=(bo,))), KEY, "demo", 2) == [
        "demo:0000000000000000"
    ]
    unscrubbed = laid(kept.set_column(1, "messages", ROWS["messages"]).set_column(4, "meta", ROWS["meta"]))
    assert again(unscrubbed, Call(scrub, bare), KEY, "demo", 2) == [
        "demo:0000000000000000",
        "demo:0000000000000001",
    ]
