"""What becomes of findings: presets, actions, the audit of every place, languages that nobody can read."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest

from curation.clean.pii.audit import counts
from curation.clean.pii.policy import ACTIONS, PRESETS
from curation.clean.scrub import ScrubSpec, scrub
from curation.core.engine import run_batches
from curation.core.stage import Call, Context, Step
from tests.clean import helpers as h
from tests.clean.helpers import chat, record, table, turn

pytest.importorskip("presidio_analyzer")

STORY = (
    "Hi, my name is Sarah Lopez. I was born on March 3, 1991 and my grandmother is 93 years old. "
    "My husband Kevin works at Brightwell Logistics. We live at 14 Maple Street, Springfield. "
    "Mail kevin.l@mail.example or call 202-555-0143; my card is 4111 1111 1111 1111."
)


def scrubbed(text: str, key: bytes = b"k" * 32, number: int = 0, **spec: Any) -> str:
    step = Step("test", (Call(scrub, ScrubSpec(**spec)),))
    kept, _, _ = run_batches(step, table([chat(number, text)]), Context(key, "demo"), 10)
    return str(kept.to_pylist()[0]["messages"][0]["content"])


def test_safe_harbor_keeps_the_year_and_that_somebody_is_over_89() -> None:
    assert scrubbed(STORY) == (
        "Hi, my name is [PERSON_1]. I was born on [1991] and my grandmother is 90+ years old. "
        "My husband [PERSON_2] works at [ORG_1]. We live at [ADDRESS_1], [LOCATION_1]. "
        "Mail [EMAIL_1] or call [PHONE_1]; my card is [FINANCIAL_1]."
    )


def test_strict_keeps_nothing_and_counts_public_figures() -> None:
    assert "[DATE_1]" in scrubbed(STORY, preset="strict") and "[AGE_1]" in scrubbed(STORY, preset="strict")
    said = "I read Sigmund Freud every night."
    assert scrubbed(said) == said
    assert scrubbed(said, preset="strict") == "I read [PERSON_1] every night."


def test_training_reads_naturally() -> None:
    text = scrubbed(STORY, preset="training")
    found = re.fullmatch(
        r"Hi, my name is (\w+) (\w+)\. I was born on (\w+ \d+, 199[0-2]) and my grandmother is 90\+ years old\. "
        r"My husband (\w+) works at (\w+ Logistics)\. We live at (\d+ \w+ Street), (\w+)\. "
        r"Mail (\w+@example\.org) or call (\d{3}-555-01\d\d); my card is (\d{4} \d{4} \d{4} \d{4})\.",
        text,
    )
    assert found, text
    assert not set(found.groups()) & {"Sarah", "Lopez", "Kevin", "Springfield", "March 3, 1991"}


def test_surrogates_are_stable_under_a_key_and_strangers_under_another() -> None:
    once, twice, other = (scrubbed(STORY, key, preset="training") for key in (b"a" * 32, b"a" * 32, b"b" * 32))
    assert once == twice and once != other
    assert not set(re.findall(r"[A-Z]\w+", once)) & set(re.findall(r"[A-Z]\w+", other)) - set(
        re.findall(r"[A-Z]\w+", STORY)
    )
    # Another conversation, other people: nobody can be followed from one to the next.
    assert scrubbed(STORY, b"a" * 32, number=1, preset="training") != once


def test_a_person_keeps_one_made_up_name_in_every_shape() -> None:
    row = record(
        0,
        [
            turn("user", "I'm Priya Shah. My brother Arjun Shah is here."),
            turn("assistant", "Hello Priya, hello Ms Shah. PRIYA? priya?"),
        ],
    )
    kept, _, _ = h.run(scrub, table([row]), scrub=ScrubSpec(preset="training"))
    first, second = (t["content"] for t in kept.to_pylist()[0]["messages"])
    given, family = re.match(r"I'm (\w+) (\w+)\.", first).groups()  # type: ignore[union-attr]
    assert second == f"Hello {given}, hello Ms {family}. {given.upper()}? {given.lower()}?"
    assert given not in ("Priya", "Arjun") and family != "Shah"


def test_hashes_are_the_same_in_every_conversation_of_a_key() -> None:
    hashed = {"actions": dict.fromkeys(ACTIONS, "hash")}
    one = scrubbed("my sister Emily cried", **hashed)
    assert re.fullmatch(r"my sister \[PERSON:[0-9a-f]{16}\] cried", one)
    assert scrubbed("my sister EMILY cried", number=5, **hashed) == one
    assert scrubbed("my sister Emily cried", b"z" * 32, **hashed) != one


def test_a_record_that_holds_what_must_not_be_is_dropped() -> None:
    rows = table([chat(0, "the card 4111 1111 1111 1111"), chat(1, "mail a@x.com")])
    kept, dropped, notes = h.run(scrub, rows, scrub=ScrubSpec(actions={"FINANCIAL": "drop"}))
    assert kept.column("id").to_pylist() == ["demo:0000000000000001"] and notes == {"scrub.EMAIL": 1}
    assert [(d["id"], d["stage"], d["reason"]) for d in dropped.to_pylist()] == [
        ("demo:0000000000000000", "scrub", "financial")
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"actions": {"NAME": "hash"}}, "no label 'NAME'"),
        ({"actions": {"PERSON": "shift"}}, "PERSON may be: placeholder, surrogate, hash, drop"),
        ({"level": "best"}, "'level' is one of"),
        ({"level": "spacy:"}, "'level' is one of"),
    ],
)
def test_what_makes_no_sense_is_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        ScrubSpec(**spec)


def test_every_preset_covers_every_label() -> None:
    assert all(action in ACTIONS[label] for preset in PRESETS.values() for label, action in preset.items())
    assert {frozenset(preset) for preset in PRESETS.values()} == {frozenset(ACTIONS)}


def test_the_audit_leads_from_the_old_text_to_the_new_one_without_a_value() -> None:
    texts = {
        "messages": [turn("user", STORY), turn("assistant", "Hello Sarah.", "Sarah Lopez again, 202-555-0143")],
        "chosen": [turn("assistant", "Ask Kevin.")],
        "meta": [{"key": "note", "value": "for kevin.l@mail.example"}],
    }
    rows = table([record(0, **texts)])
    for preset in PRESETS:
        kept, _, _ = h.run(scrub, rows, scrub=ScrubSpec(preset=preset))
        before, after = rows.to_pylist()[0], kept.to_pylist()[0]
        for one in after["pii"]:
            old, new = (_string(row, one["column"], one["turn"]) for row in (before, after))
            assert new[one["new_start"] : one["new_end"]] == one["replacement"]
            value = old[one["start"] : one["end"]]
            assert value not in [v for k, v in one.items() if k not in ("start", "end")]
            assert old[one["end"] :][:1] == new[one["new_end"] :][:1]
            assert 0 < one["score"] <= 1 and one["engine"] == "rules" and len(one["value_hmac"]) == 32
        columns = {one["column"] for one in after["pii"]}
        assert columns == {"messages", "messages.reasoning", "chosen", "meta"}
        roles = {one["role"] for one in after["pii"] if one["label"] == "PERSON"}
        assert roles >= {"client", "relative"}
    assert counts(kept.column("pii"))["PERSON"] == 5


def _string(row: dict[str, Any], column: str, number: int) -> str:
    name, _, part = column.partition(".")
    item = row[name][number]
    return str(item["value"] if name == "meta" else item[part or "content"])


def test_a_language_that_the_level_cannot_read_is_kept_back() -> None:
    said = [("en", "hello"), ("de", "hallo"), (None, "hm")]
    rows = table([chat(i, text, language=code) for i, (code, text) in enumerate(said)])
    kept, dropped, _ = h.run(scrub, rows)
    assert kept.column("id").to_pylist() == ["demo:0000000000000000", "demo:0000000000000002"]
    assert [(d["id"], d["reason"]) for d in dropped.to_pylist()] == [("demo:0000000000000001", "language")]
    assert len(h.run(scrub, rows, scrub=ScrubSpec(level="patterns"))[0]) == 3


def test_records_of_another_language_do_not_shift_the_others() -> None:
    rows = table([chat(0, "hallo", language="de"), chat(1, "mail a@x.com"), chat(2, "my sister Emily")])
    kept, _, _ = h.run(scrub, rows)
    assert [r["messages"][0]["content"] for r in kept.to_pylist()] == ["mail [EMAIL_1]", "my sister [PERSON_1]"]
    assert [len(r["pii"]) for r in kept.to_pylist()] == [1, 1]
    assert kept.schema.field("pii").type == scrub.types["pii"] and isinstance(kept, pa.Table)
