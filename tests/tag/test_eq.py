"""The stage `eq` and what people's ratings do to it: a proxy says so, one that people do not bear out stays home."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from curation.commands.pipeline import with_needs
from curation.core import taxonomies
from curation.core.annotations import Answer
from curation.core.engine import run_batches
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import Step
from curation.methods import eq
from curation.tag import markers
from tests.clean import helpers as h

pytest.importorskip("safetensors")

ANGRY = "I hate this, you make me so angry. This is disgusting, I am furious."
SAD = "My sister died and I feel so sad and heartbroken."


def domains(*turns, **more):
    said = [h.turn(("user", "assistant")[place % 2], text) for place, text in enumerate(turns)]
    return run(h.table([h.record(0, said, **more)]))[0]


def run(rows, batch_rows=1000):
    step = Step("try", with_needs(None, "eq", RECORD_SCHEMA.names))
    kept, dropped, _ = run_batches(step, rows, h.CONTEXT, batch_rows)
    assert not len(dropped)
    return kept.column("eq").to_pylist()


def test_the_domains_are_those_of_the_taxonomy():
    assert taxonomies.load("eq-domains").ids == eq.DOMAINS


def test_answers_that_name_feelings_and_reflect_stand_higher():
    warm = domains(SAD, "It sounds like you are grieving, and so sad. What do you miss most?",
                   SAD, "You feel heartbroken. What was she like?")  # fmt: skip
    cold = domains(SAD, "You should try to go for a walk. Did you eat?", SAD, "You need to move on. Did you sleep?")
    for name in ("emotional_awareness", "empathy_recognition", "interpersonal_skills"):
        assert warm[name]["value"] > cold[name]["value"] + 0.4, name
        assert warm[name]["method"] == "proxy" and warm[name]["n_evidence"] == 2 and warm[name]["instrument"]
        assert warm[name]["version"] == markers.VERSION
    assert cold["emotional_awareness"]["value"] == 0.0, "none is named in two answers: that is known, and is 0"


def test_staying_steady_after_hostility_is_seen():
    steady = domains(ANGRY, "I hear how angry you are.", ANGRY, "That makes sense.")
    sharp = domains(ANGRY, ANGRY, ANGRY, ANGRY)
    assert steady["emotional_regulation"]["value"] == 1 and sharp["emotional_regulation"]["value"] == 0


def test_what_cannot_be_said_is_null_and_never_zero():
    short = domains("Hello.", "Hello.")
    assert {name: d["value"] for name, d in short.items()} == dict.fromkeys(eq.DOMAINS)
    assert {d["method"] for d in short.values()} == {None}
    assert all(d["social_cognition"]["value"] is None for d in (short, domains(SAD, "You feel sad. What?", SAD, "x")))
    foreign = domains(SAD, "It sounds like sadness. What?", SAD, "You feel sad. What?", language="de")
    assert {d["value"] for d in foreign.values()} == {None}


@pytest.mark.parametrize(
    ("text", "openly"),
    [("What happened then?", True), ("How do you sleep?", True), ("How many hours do you sleep?", False),
     ("Did you sleep?", False), ("You were tired. Could you tell me more?", True), ("What a pity.", False)],
)  # fmt: skip
def test_open_questions(text, openly):
    assert markers.asks_openly(pa.array([text])).tolist() == [openly]


@settings(max_examples=10)
@given(rows=h.records([SAD, ANGRY, "You feel sad. What?", "", "You should try to rest."], most=6))
def test_no_row_depends_on_the_others(rows):
    whole = run(rows)
    assert len(whole) == len(rows)
    for size in (1, 4):
        assert run(rows, size) == whole


def test_people_come_before_judges_and_both_before_a_proxy():
    found = eq.ratings([
        Answer("s:1", "attunement", 5, "p-1"), Answer("s:1", "attunement", 3, "p-2"),
        Answer("s:1", "emotional_awareness", 0, "judge", dataset=eq.JUDGE),
        Answer("s:2", "social_cognition", 4, "judge", dataset=eq.JUDGE),
        Answer("s:3", "attunement", 9, "p-1"), Answer("s:3", "boundaries", True, "p-1"),
        Answer("s:3", "exploration", 4, "p-1", status="draft"), Answer("s:3", "other", 4, "p-1"),
    ])  # fmt: skip
    assert found["s:1", "emotional_awareness"] == eq.Rating(0.75, 2, "human")
    assert found["s:2", "social_cognition"] == eq.Rating(1.0, 1, "judge")
    assert len(found) == 2


def test_a_proxy_that_people_do_not_bear_out_is_withheld():
    random = np.random.default_rng(1)
    rated = random.uniform(0, 1, 40)
    good = eq.check([(r + random.normal(0, 0.2), r) for r in rated])
    bad = eq.check([(random.uniform(), r) for r in rated])
    assert good.correlation > 0.5 and not good.withheld
    assert abs(bad.correlation) < 0.3 and bad.withheld
    assert eq.check([(0.1, 0.2)] * 9).correlation is None and eq.check([(0.1, 0.2)] * 9).withheld
    assert eq.check([(0.5, r) for r in rated]).correlation is None, "one value for all says nothing"
    tied = eq.check([(0, 0), (0, 0), (1, 1), (1, 1)] * 4)
    assert tied.correlation == pytest.approx(1)
