from __future__ import annotations

import dataclasses
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from curation.clean.normalise import normalise
from curation.clean.pii.policy import ACTIONS, MADE_UP, PRESETS
from curation.clean.pii.standing import again
from curation.clean.scrub import ScrubSpec, scrub
from curation.core.stage import Call
from tests.clean import helpers as h
from tests.clean.helpers import chat, record, strings, table, turn

pytest.importorskip("presidio_analyzer")

PIECES = [
    "bob@x.com",
    "BOB@X.com",
    "@jane_doe",
    "https://x.org/a",
    "202-555-0143",
    "4111 1111 1111 1111",
    "219-09-4321",
    "192.0.2.1",
    "[EMAIL_3]",
    "[PERSON_1]",
    "call 988",
    " and ",
    "my sister Emily ",
    "Emily Clark",
    " emily ",
    "Dr. Patel",
    "March 3, 2019",
    " 93 years old ",
    "14 Maple Street, Springfield",
    "St. Mary's Hospital",
    " in May 2019, ",
    "I work at Brightwell Logistics",
]


def one(messages: list[Any], **more: Any) -> Any:
    return h.run(scrub, table([record(0, messages, **more)]))[0].to_pylist()[0]


def test_numbers_follow_reading_order_and_stay_with_the_value() -> None:
    row = one(
        [
            turn("user", "a@x.com and b@x.com"),
            turn("assistant", "B@X.com?", "c@x.com, then A@x.com"),
            turn("user", "202 555 0143"),
        ],
        chosen=[turn("assistant", "202-555-0143 or 202-555-0144")],
        meta=[{"key": "mail", "value": "c@x.com d@x.com"}],
    )
    assert [t["content"] for t in row["messages"]] == ["[EMAIL_1] and [EMAIL_2]", "[EMAIL_2]?", "[PHONE_1]"]
    assert row["messages"][1]["reasoning"] == "[EMAIL_3], then [EMAIL_1]"
    assert row["chosen"][0]["content"] == "[PHONE_1] or [PHONE_2]"
    assert row["meta"] == [{"key": "mail", "value": "[EMAIL_3] [EMAIL_4]"}]
    assert row["rejected"] is None
    assert Counter(one["label"] for one in row["pii"]) == {"EMAIL": 7, "PHONE": 3}


def test_records_do_not_know_each_other() -> None:
    kept, dropped, notes = h.run(scrub, table([chat(0, "a@x.com"), chat(1, "b@x.com a@x.com"), chat(2, "hello")]))
    assert [r["messages"][0]["content"] for r in kept.to_pylist()] == ["[EMAIL_1]", "[EMAIL_1] [EMAIL_2]", "hello"]
    assert kept.column("pii").to_pylist()[2] == []
    assert not len(dropped) and notes == {"scrub.EMAIL": 3}


def test_numbers_that_the_source_uses_are_not_given_again() -> None:
    row = one([turn("user", "[EMAIL_2] knows a@x.com"), turn("assistant", "ok [PHONE_1]")])
    assert row["messages"][0]["content"] == "[EMAIL_2] knows [EMAIL_3]"
    assert [one["replacement"] for one in row["pii"]] == ["[EMAIL_3]"]


CANARIES = [
    "canary.one@example.org",
    "https://example.org/canary/1",
    "202-555-0187",
    "@canary_person",
    "4111 1111 1111 1111",
    "219-09-4321",
    "192.0.2.77",
    "DE89 3704 0044 0532 0130 00",
]


@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_survives_anywhere(canary: str) -> None:
    text = f"see {canary} there"
    turns = [turn(role, text, text) for role in ("system", "user", "assistant", "tool")]
    row = record(
        0, turns, chosen=turns, rejected=turns, meta=[{"key": "a", "value": text}, {"key": "b", "value": text}]
    )
    kept, dropped, notes = h.run(scrub, table([row, chat(1, "x")]))
    found = strings([kept.to_pylist(), dropped.to_pylist(), list(notes)])
    assert not [s for s in found if canary in s or canary.split()[0] in s]
    assert sum(notes.values()) == 26


def test_what_hid_before_normalise_is_found_after_it() -> None:
    rows = table([chat(0, "call 202\u200b-555\u2060-01\u200d43, or bob\u00ad@x\ufeff.com, or 202\u00a0555\u202f0144")])
    kept, _, notes = h.run([normalise, scrub], rows)
    assert kept.to_pylist()[0]["messages"][0]["content"] == "call [PHONE_1], or [EMAIL_1], or [PHONE_2]"
    assert notes == {"scrub.EMAIL": 1, "scrub.PHONE": 2}


def test_no_text_in_the_error_of_a_failing_recogniser(monkeypatch: pytest.MonkeyPatch) -> None:
    from curation.clean.pii.find import Search
    from curation.core.errors import CurateError

    def fail(search: Search, texts: list[str], records: list[str]) -> None:
        raise ValueError(texts[0])

    monkeypatch.setattr(Search, "find", fail)
    with pytest.raises(CurateError) as caught:
        h.run(scrub, table([chat(0, "canary text")]))
    assert "canary" not in str(caught.value)


def test_the_score_counts_and_is_checked() -> None:
    rows = table([chat(0, "202-555-0143 bob@x.com")])
    kept, _, _ = h.run(scrub, rows, scrub=ScrubSpec(level="patterns", min_score=0.45))
    assert kept.to_pylist()[0]["messages"][0]["content"] == "202-555-0143 [EMAIL_1]"
    with pytest.raises(ValueError, match="min_score"):
        ScrubSpec(min_score=0)


def policies(*left_out: str) -> st.SearchStrategy[ScrubSpec]:
    """Specs in which every label may become whatever it can, but for these actions."""
    actions = {label: st.sampled_from([one for one in can if one not in left_out]) for label, can in ACTIONS.items()}
    return st.builds(ScrubSpec, preset=st.sampled_from(sorted(PRESETS)), actions=st.fixed_dictionaries(actions))


SPECS = {
    "rules": st.just(ScrubSpec()),
    "strict": st.just(ScrubSpec(preset="strict")),
    "patterns": st.just(ScrubSpec(level="patterns")),
    **{
        action: st.just(ScrubSpec(actions={label: action for label, can in ACTIONS.items() if action in can}))
        for action in ("placeholder", "generalise", "hash")
    },
    "mixed": policies("drop", *MADE_UP),
}


@pytest.mark.timeout(1800)
@h.fewer(12)
@given(h.records(PIECES, most=8))
def test_laws(rows: pa.Table) -> None:
    h.conserved(scrub, rows)
    h.same_in_any_batch_and_order(scrub, rows)


@pytest.mark.parametrize("name", SPECS)
@given(rows=h.records(PIECES, most=4), data=st.data())
def test_scrubbing_what_is_scrubbed_changes_nothing(name: str, rows: pa.Table, data: st.DataObject) -> None:
    h.again_changes_nothing(scrub, rows, but=["pii"], scrub=data.draw(SPECS[name]))


def _laid(rows: pa.Table, kept: pa.Table) -> pa.Table:
    """The rows as they lie in the store: what scrub wrote over what it read."""
    both = zip(rows.to_pylist(), kept.to_pylist(), strict=True)
    laid = table([{**old, **{name: value for name, value in new.items() if name in old}} for old, new in both])
    return laid.append_column("pii", kept.column("pii"))


@settings(max_examples=30, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    h.records(PIECES, most=4),
    st.just(ScrubSpec(preset="training")) | policies("drop"),
    st.sampled_from(("patterns", "rules")),
)
def test_after_surrogates_a_second_pass_finds_only_what_the_audit_lists(
    rows: pa.Table, spec: ScrubSpec, level: str
) -> None:
    spec = dataclasses.replace(spec, level=level)
    kept, _, _ = h.run(scrub, rows, scrub=spec)
    assert again(_laid(rows, kept), Call(scrub, spec), h.CONTEXT.key, "demo", 100) == []


def test_made_up_numbers_join_no_digits_beside_them() -> None:
    rows, spec = table([chat(0, "CALL:04111 1111 1111 1111@A0")]), ScrubSpec(preset="training")
    kept, _, _ = h.run(scrub, rows, scrub=spec)
    assert "1111" not in kept.to_pylist()[0]["messages"][0]["content"]
    assert again(_laid(rows, kept), Call(scrub, spec), h.CONTEXT.key, "demo", 100) == []


def test_ids_and_terms_made_here_stay_as_they_are() -> None:
    meta = [{"key": "note", "value": "Sarah Lopez"}, {"key": "scenario", "value": "sarah-lopez-mother"}]
    rows = table([record(0, [turn("user", "my sister Emily")], meta=meta)])
    kept, _, _ = h.run(scrub, rows, scrub=ScrubSpec(own={"demo": ("scenario",), "other": ("note",)}))
    assert kept.to_pylist()[0]["meta"] == [{"key": "note", "value": "[PERSON_2]"}, meta[1]]
    kept, _, _ = h.run(scrub, rows, scrub=ScrubSpec())
    assert kept.to_pylist()[0]["meta"][1] != meta[1]


def test_batches_of_a_thousand() -> None:
    rng = random.Random(1)
    rows = table([chat(i, " ".join(rng.choices(PIECES, k=4)), " ".join(rng.choices(PIECES, k=2))) for i in range(1050)])
    h.same_in_any_batch_and_order(scrub, rows, (64, 999))
