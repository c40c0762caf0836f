"""What several answers come to."""

import pytest

from curation.core.annotations import Answer
from curation.methods import standing
from curation.methods.standing import below_gates, disputes, edits, verdicts
from tests.review.annotators import TASKS

R = "s:0000000000000001"


def said(question, *votes, dataset="sft", record=R, about=None):
    return [Answer(record, question, value, f"p-{n}", dataset, about=about) for n, value in enumerate(votes)]


@pytest.mark.parametrize(
    ("question", "votes", "value", "how"),
    [
        ("decision", ["approve"], "approve", "agreed"),
        ("decision", ["approve", "approve"], "approve", "agreed"),
        ("decision", ["approve", "reject"], None, "split"),
        ("decision", ["approve", "reject", "approve"], "approve", "majority"),
        ("risk", ["release"], "release", "agreed"),
        ("risk", ["release", "release", "hold"], "hold", "majority"),
        ("preference", ["chosen", "chosen_much"], "chosen", "majority"),
        ("preference", ["chosen", "rejected"], None, "split"),
        ("preference", ["tie", "tie"], "tie", "agreed"),
        ("emotions", [["joy", "love"], ["joy"]], ["joy"], "majority"),
        ("emotions", [["joy"], ["anger"]], None, "split"),
        ("emotions", [["joy", "fear"], ["fear"], ["fear", "joy"]], ["fear", "joy"], "majority"),
    ],
)
def test_votes(question, votes, value, how):
    found = verdicts(said(question, *votes), question)[R]
    assert (found.value, found.how, found.votes) == (value, how, len(votes))


def test_drafts_discards_and_what_was_taken_back_are_no_votes():
    answers = [
        Answer(R, "decision", "approve", "p-1", "sft", "draft"),
        Answer(R, "decision", "approve", "p-2", "sft", "discarded"),
        Answer(R, "decision", None, "p-3", "sft"),
    ]
    assert verdicts(answers, "decision") == {}


@pytest.mark.parametrize("dataset", ["project", "sft-adjudication"])
def test_whoever_decides_on_purpose_stands_above_votes(dataset):
    votes = said("decision", "reject", "reject")
    own = Answer(R, "decision", "approve", "p-9", dataset)
    for answers in ([*votes, own], [own, *votes]):
        assert verdicts(answers, "decision")[R].value == "approve"
        assert verdicts(answers, "decision")[R].how == "deliberate"


def test_a_danger_that_is_seen_later_holds_what_was_let_go():
    released = Answer(R, "risk", "release", "p-9", "stratum:1")
    assert verdicts([*said("risk", "hold"), released], "risk")[R].value == "release"
    assert verdicts([released, *said("risk", "hold")], "risk")[R].value == "hold"
    assert verdicts([released, *said("risk", "release")], "risk")[R].value == "release"
    held = Answer(R, "risk", "hold", "p-9", "project")
    assert verdicts([held, *said("risk", "release")], "risk")[R].value == "hold"


def test_an_edit_counts_where_it_was_decided_and_there_is_only_one():
    turns = [{"role": "user", "content": "x"}]
    other = [{"role": "user", "content": "y"}]
    decided = said("decision", "edit", "edit")

    def edit(value, who, **about):
        return Answer(R, "edited", value, who, "sft", about={"version": "v", **about})

    assert edits([*decided, edit(turns, "p-0"), edit(turns, "p-1")])[R].turns == tuple(turns)
    assert edits([*decided, edit(turns, "p-0"), edit(other, "p-1")])[R] is None
    assert edits([*decided, edit(turns, "p-0", flag="unchanged")])[R] is None
    assert edits([*decided, edit(turns, "p-7")])[R] is None
    assert edits([*said("decision", "approve"), edit(turns, "p-0", flag="changed")]) == {}
    above = [
        Answer(R, "decision", "edit", "p-9", "sft-adjudication"),
        Answer(R, "edited", other, "p-9", "sft-adjudication", about={"version": "w"}),
    ]
    found = edits([*decided, edit(turns, "p-0"), *above])[R]
    assert (found.turns, found.version) == (tuple(other), "w")


def many(agree, count=24):
    answers = []
    for n in range(count):
        record = f"s:{n:016x}"
        first = ("approve", "reject")[n % 2]
        second = first if n < agree * count else ("reject", "approve")[n % 2]
        answers += said("decision", first, second, record=record)
    return answers


def test_a_gate_is_passed_measured_or_decided():
    gate = TASKS["sft"]["decision"].gate
    assert below_gates(TASKS, many(1.0)) == []
    (below,) = below_gates(TASKS, many(0.6))
    assert (below.task, below.question, below.records, below.wanted) == ("sft", "decision", 24, gate.alpha)
    assert below_gates(TASKS, many(0.0, count=gate.records - 1)) == []
    decided = [Answer(a.record, "decision", "approve", "p-9", "sft-adjudication") for a in many(0.6)]
    assert below_gates(TASKS, [*many(0.6), *decided]) == []
    assert disputes(many(0.5), TASKS["sft"]).keys() == {f"s:{n:016x}" for n in range(12, 24)}
    assert disputes([*many(0.5), *decided], TASKS["sft"]) == {}
    assert standing.disputes(said("pii_missed", [], [{"label": "ID"}]), TASKS["sft"]) == {}
