"""The stage `arc`: what the valence of each side does, null where too little is there to say."""

import numpy as np
import pyarrow as pa
import pytest

from curation.core.engine import run_batches
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import Call, Context, Step
from curation.tag.arcs import ArcSpec, arc
from curation.tag.emotion import EMOTION
from tests.clean.helpers import record, table, turn


def tagged(conversations):
    """Records of turns with the given valences, client and assistant in turn; None: a turn without one."""
    rows, tags = [], []
    for number, valences in enumerate(conversations):
        said = [turn(("user", "assistant")[i % 2], "…") for i in range(len(valences))]
        rows.append(record(number, said))
        empty = dict.fromkeys(f.name for f in EMOTION.field("turns").type.value_type)
        tags.append({"model": "m", "quality": "q", "turns": [{**empty, "valence": v} for v in valences]})
    return table(rows).append_column("emotion", pa.array(tags, EMOTION))


def arcs(rows, batch_rows=1000, **parameters):
    step = Step("arc", (Call(arc, ArcSpec(**parameters)),))
    kept, dropped, notes = run_batches(step, rows, Context(b"k" * 32, "s"), batch_rows)
    assert not len(dropped) and len(kept) == len(rows)
    return kept.column("arc").to_pylist(), notes


def client(*valences):
    return [v for valence in valences for v in (valence, 0.25)]


def test_an_arc_says_where_it_begins_ends_and_turns():
    (found,), notes = arcs(tagged([client(-0.2, -0.4, -0.8, -0.6, 0.2, 0.6)]))
    side = found["client"]
    assert found["missing"] is None and notes["arc.described"] == 1
    assert side["turns"] == 6
    assert side["first"] == pytest.approx(-0.3) and side["last"] == pytest.approx(0.4)
    assert side["delta"] == pytest.approx(0.7)
    assert side["slope"] == pytest.approx(np.polyfit(range(6), [-0.2, -0.4, -0.8, -0.6, 0.2, 0.6], 1)[0])
    assert side["spread"] == pytest.approx(np.std([-0.2, -0.4, -0.8, -0.6, 0.2, 0.6]))
    assert side["lowest"] == 4, "the third turn of the client is message 4"
    assert side["recovery"] == 2, "two client turns later it is back at -.3 or above"
    assert found["assistant"]["slope"] == 0 and found["assistant"]["recovery"] == 0


def test_what_does_not_come_back_has_no_recovery():
    (found,), _ = arcs(tagged([client(0.5, 0.5, 0.1, -0.2, -0.5, -0.6)]))
    assert found["client"]["recovery"] is None and found["client"]["delta"] < -1


def test_short_and_untagged_conversations_are_null_with_a_reason():
    few, none, gaps = arcs(tagged([client(0.1, 0.2), [None] * 14, client(0.1, None, 0.2, None, 0.3, 0.4)]))[0]
    assert few["client"] is None and few["missing"] == "few_turns"
    assert none["client"] is None and none["missing"] == "not_tagged"
    assert gaps["client"] is None and gaps["missing"] == "few_turns"
    assert gaps["assistant"]["turns"] == 6
    assert arcs(tagged([client(0.1, 0.2, 0.3)]), min_turns=3)[0][0]["client"]["turns"] == 3


def test_a_record_without_a_tag_is_null():
    rows = tagged([client(*range(6))])
    place = rows.schema.get_field_index("emotion")
    (found,), notes = arcs(rows.set_column(place, "emotion", pa.nulls(1, EMOTION)))
    assert found == {"client": None, "assistant": None, "missing": "not_tagged"} and notes["arc.not_tagged"] == 1


def test_no_arc_depends_on_the_other_rows():
    random = np.random.default_rng(7)
    conversations = [list(random.uniform(-1, 1, int(n)).astype(float)) for n in random.integers(0, 60, 80)]
    whole, _ = arcs(tagged(conversations))
    for size in (1, 7):
        assert arcs(tagged(conversations), size)[0] == whole
    assert RECORD_SCHEMA.get_field_index("arc") < 0
