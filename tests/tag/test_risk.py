"""The screen for risk, stage and rules. No failure shows a text of the gold sets."""

from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest

from curation.commands.try_stage import run_stage
from curation.core import taxonomies
from curation.core.engine import run_batches
from curation.core.errors import IntegrityError, MissingError
from curation.core.project import RiskFlag
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import REGISTRY, Call, Context, Step
from curation.tag.risk import RiskSpec, rules
from curation.tag.risk import find as risk_find
from curation.tag.risk import judge as risk_judge
from curation.tag.risk import model as risk_model
from curation.tag.risk import score as risk_score

GOLD = Path(__file__).parent / "gold"


def screened(*texts, role="user", threshold="patterns", **more):
    """What the stage says of texts; of the patterns alone where nothing else is asked."""
    records = [
        record(f"a:{number:03}", [{"role": role, "content": text, "reasoning": None}], **more)
        for number, text in enumerate(texts)
    ]
    return [row["risk"] for row in run(records, spec=RiskSpec(threshold=threshold)).to_pylist()]


def record(name, messages, **more):
    return (
        dict.fromkeys(RECORD_SCHEMA.names)
        | {"id": name, "kind": "chat", "persona": "client", "messages": messages}
        | more
    )


def level(text, role="user"):
    return screened(text, role=role)[0]["level"]


def test_flags_are_those_of_the_taxonomy_and_of_the_settings():
    known = taxonomies.load("risk")
    assert rules.FLAGS == get_args(RiskFlag) == tuple(x.id for x in known.labels if x.level is None)
    assert [x.level for x in known.labels if x.level is not None] == list(range(6))
    assert {rule.flag for rule in rules.rules()} | {"minor"} == set(rules.FLAGS)
    assert len({rule.id for rule in rules.rules()}) == len(rules.rules())


@pytest.mark.parametrize("name", ["risk_dev", "risk_more"])
def test_the_gold_set_that_rules_are_developed_on(name):
    marked = risk_score.read(GOLD / f"{name}.jsonl")
    found = risk_score.score(marked, screened(*(one.row["text"] for one in marked)))
    assert found.held.recall >= 0.97 and found.held.precision >= 0.9
    assert all(one.recall >= 0.8 and one.precision >= 0.7 for one in found.flags.values())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I don't want to die, I'm just tired.", 1),
        ("I've never thought about killing myself.", 1),
        ("I'm never not thinking about suicide.", 3),
        ("I said I wasn't suicidal but that was a lie.", 3),
        ("My grandfather shot himself before I was born.", 1),
        ("My sister says she wants to kill herself.", 3),
        ("I tried to kill myself when I was nineteen.", 2),
        ("In the training we learned to ask about suicide.", 1),
        ("Suicide Squad made me laugh.", 0),
        ("This job is killing me and my phone died.", 0),
        ("I could murder a pizza.", 0),
        ("i wanna unalive so bad", 3),
        ("", 0),
        ("\U0001f480\U0001f480", 0),
    ],
)
def test_context_decides(text, wanted):
    assert level(text) == wanted


def test_odd_numbers_are_no_overdose():
    assert level("It's odd. You could count the odd ones.") == 0


def test_who_asks_discloses_nothing():
    assert level("Are you thinking of killing yourself?", role="assistant") == 1
    assert level("Thoughts of suicide are common in grief.", role="assistant") == 1
    assert level("You should kill yourself.", role="assistant") == 3


def test_spans_are_characters_of_the_text_as_it_was_written():
    text = "\U0001f622 caf\u00e9. I don\u2019t sleep. I want to kill myself."
    (row,) = screened(text)
    found = [s for s in row["spans"] if s["rule"] == "sh.kill-self"]
    assert [text[s["start"] : s["end"]] for s in found] == ["kill myself"]
    assert found[0]["column"] == "messages" and found[0]["turn"] == 0 and found[0]["lowered"] == ""


def test_every_turn_has_its_level_and_the_record_the_highest():
    rows = [
        {
            "messages": [
                {"role": "user", "content": "Hello."},
                {"role": "assistant", "content": "Do you ever think of suicide?"},
                {"role": "user", "content": "I've been stockpiling my tablets. I'm 15."},
            ]
        }
    ]
    (row,) = (made["risk"] for made in run_stage(None, "risk", rows))
    assert [turn["level"] for turn in row["turns"]] == [0, 1, 4]
    assert row["level"] == 4 and row["flags"] == ["self_harm", "minor"]


def test_answers_to_choose_from_and_reasoning_are_screened():
    turn = {"role": "assistant", "content": "Go and kill yourself.", "reasoning": None}
    record = dict.fromkeys(RECORD_SCHEMA.names) | {
        "id": "a:0",
        "kind": "preference",
        "persona": "assistant",
        "language": "en",
        "messages": [{"role": "user", "content": "hi", "reasoning": None}],
        "chosen": [{"role": "assistant", "content": "hello", "reasoning": None}],
        "rejected": [turn],
    }
    (row,) = run([record], spec=RiskSpec(threshold="balanced")).to_pylist()
    assert row["risk"]["level"] == 3 and row["risk"]["turns"] == [{"level": 0, "flags": []}]
    assert row["risk"]["by"] == "patterns"
    assert {s["column"] for s in row["risk"]["spans"]} == {"rejected"}


def test_another_language_is_null_with_its_reason():
    (row,) = screened("Ich will sterben.", language="de")
    assert row == {"level": None, "flags": None, "why": "language de", "by": None, "turns": None, "spans": None}
    assert level("I want to die.") == 3, "a short text whose language nobody knows is screened"


def run(records, batch_rows=1000, spec=RiskSpec()):  # noqa: B008 - frozen
    table = pa.Table.from_pylist(records, schema=RECORD_SCHEMA)
    step = Step("risk", (Call(REGISTRY["risk"], spec),))
    kept, dropped, notes = run_batches(step, table, Context(b"k" * 32, "a"), batch_rows)
    assert len(kept) == len(records) and not len(dropped)
    assert sum(n for name, n in notes.items() if ".level." in name or "unscreened" in name) == len(records)
    return kept


def test_the_result_of_a_row_does_not_depend_on_the_others():
    texts = [one.row["text"] for one in risk_score.read(GOLD / "risk_dev.jsonl")][:60]
    records = [
        dict.fromkeys(RECORD_SCHEMA.names)
        | {
            "id": f"a:{number:03}",
            "kind": "chat",
            "persona": ("assistant", "client")[number % 2],
            "language": (None, "en", "de")[number % 3],
            "messages": [
                {"role": role, "content": said, "reasoning": None}
                for role, said in (("user", text), ("assistant", None), ("assistant", text))
            ],
        }
        for number, text in enumerate(texts)
    ]
    whole = run(records)
    for size in (1, 7):
        assert run(records, size).equals(whole)
    turned = run(records[::-1]).to_pylist()
    assert sorted(turned, key=lambda row: row["id"]) == whole.to_pylist()


def test_notes_hold_counts_only():
    table = pa.Table.from_pylist([], schema=RECORD_SCHEMA)
    step = Step("risk", (Call(REGISTRY["risk"], RiskSpec()),))
    _, _, notes = run_batches(step, table, Context(b"k" * 32, "a"), 10)
    assert notes == {}


def test_a_text_of_one_thing_over_and_over_keeps_few_findings():
    (found,) = risk_find.find(pa.array(["I want to kill myself. " * 2000]), np.zeros(1, bool))
    assert len(found) == risk_find.MOST


def test_each_rule_means_the_same_to_re2_and_to_python():
    texts = [one.row["text"] for name in ("risk_dev", "risk_more") for one in risk_score.read(GOLD / f"{name}.jsonl")]
    folded = risk_find.fold(pa.array(texts))
    for rule in rules.rules():
        python = [bool(rule.compiled.search(text)) for text in folded.to_pylist()]
        assert risk_find._matches(folded, rule).tolist() == python, rule.id


BLIND = ("risk_a", "risk_b", "risk_c", "risk_d", "risk_e")


def test_the_model_finds_what_no_pattern_foresees_and_says_that_it_did():
    marked = [one for name in BLIND for one in risk_score.read(GOLD / f"{name}.jsonl")][::9]
    texts = [one.row["text"] for one in marked]
    patterns, both = (risk_score.score(marked, screened(*texts, threshold=x)) for x in ("patterns", "recall-first"))
    assert both.held.recall > patterns.held.recall + 0.3 and both.held.recall > 0.97, "and these it has learned from"
    rows = screened(*texts, threshold="recall-first")
    alone = [(row, text) for row, text in zip(rows, texts, strict=True) if row["by"] == "model"]
    assert len(alone) > 50
    for row, text in alone:
        spans = [span for span in row["spans"] if span["rule"] == risk_judge.MODEL]
        assert spans and all(0 <= s["start"] < s["end"] <= len(text) and s["level"] >= 2 for s in spans)
        assert row["level"] == max(s["level"] for s in spans) and set(row["flags"]) >= {s["flag"] for s in spans}


def test_the_thresholds_differ_in_what_they_hold():
    marked = [one for name in BLIND for one in risk_score.read(GOLD / f"{name}.jsonl")][::9]
    texts = [one.row["text"] for one in marked]
    held = [
        {text for text, row in zip(texts, screened(*texts, threshold=x), strict=True) if (row["level"] or 0) >= 2}
        for x in ("balanced", "recall-first")
    ]
    assert held[0] < held[1]


def test_what_the_one_who_answers_says_is_left_to_the_patterns():
    marked = risk_score.read(GOLD / "risk_c.jsonl")[:80]
    rows = screened(*(one.row["text"] for one in marked), role="assistant", threshold="recall-first")
    assert not any(s["rule"] == risk_judge.MODEL for row in rows for s in row["spans"])


def test_a_long_text_is_read_in_pieces_and_every_finding_stays_in_place():
    calm = "We talked about the garden, the new fence and the price of paint. " * 12
    text = calm + "I want to kill myself. " + calm
    (row,) = screened(text, threshold="recall-first")
    assert row["level"] >= 3
    assert "kill myself" in {text[s["start"] : s["end"]] for s in row["spans"]}
    assert risk_judge._cuts(text) == sorted(set(risk_judge._cuts(text)))
    assert max(np.diff(risk_judge._cuts("x" * 1000 + ". " + calm))) <= risk_judge.PIECE


def test_more_is_asked_of_one_turn_among_many():
    marked = [one for one in risk_score.read(GOLD / "risk_a.jsonl") if one.level < 2][:64]
    turns = [{"role": "user", "content": one.row["text"], "reasoning": None} for one in marked]
    alone = run([record(f"a:{n:03}", [turn]) for n, turn in enumerate(turns)]).to_pylist()
    (among,) = run([record("a:000", turns)]).to_pylist()
    held = sum(row["risk"]["level"] >= 2 for row in alone)
    assert sum(turn["level"] >= 2 for turn in among["risk"]["turns"]) <= held


def test_a_certain_finding_is_never_taken_back_by_the_model():
    for text in (
        "Took all the tablets. We had tea, cake and a lovely chat about the garden.",
        "I've taken an overdose",
    ):
        assert screened(text, threshold="balanced")[0]["level"] == 5


@pytest.mark.parametrize("change", [lambda b: b"", lambda b: b"PK" + b[40:], lambda b: b[: len(b) // 2]])
def test_broken_weights_are_an_error_that_says_so(tmp_path, change):
    path = tmp_path / "risk.npz"
    path.write_bytes(change(risk_model.WEIGHTS.read_bytes()))
    with pytest.raises(IntegrityError, match="cannot be read"):
        risk_model.RiskModel.load(path)
    with pytest.raises(MissingError):
        risk_model.RiskModel.load(tmp_path / "none.npz")


def test_the_weights_are_small():
    assert risk_model.WEIGHTS.stat().st_size < 2 << 20
