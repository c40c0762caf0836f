from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given

from curation.clean.normalise import REASONS, NormaliseSpec, normalise
from tests.clean import helpers as h
from tests.clean.helpers import record, table, turn


def one(messages: list[Any], spec: NormaliseSpec | None = None, **more: Any) -> Any:
    """The normalised record, or the reason why there is none."""
    kept, dropped, _ = h.run(normalise, table([record(0, messages, **more)]), normalise=spec or NormaliseSpec())
    return kept.to_pylist()[0] if len(kept) else dropped.column("reason")[0].as_py()


def said(row: Any, column: str = "messages") -> list[tuple[str, str]]:
    return [(t["role"], t["content"]) for t in row[column]]


def test_turns_of_one_speaker_become_one() -> None:
    row = one(
        [
            turn("system", "Be kind."),
            turn("system", "Be brief."),
            turn("user", "Hi\u200b"),
            turn("user", "  "),
            turn("user", "there"),
            turn("assistant", "Hello", "think"),
            turn("assistant", "friend", "more"),
        ]
    )
    assert said(row) == [("system", "Be kind.\n\nBe brief."), ("user", "Hi\n\nthere"), ("assistant", "Hello\n\nfriend")]
    assert row["messages"][2]["reasoning"] == "think\n\nmore"


def test_tool_results_stay_apart() -> None:
    turns = [turn("user", "a"), turn("tool", "1"), turn("tool", "2"), turn("assistant", "b")]
    assert [role for role, _ in said(one(turns))] == ["user", "tool", "tool", "assistant"]


def test_a_chat_ends_with_an_answer() -> None:
    row = one([turn("user", "a"), turn("assistant", "b"), turn("user", "c")])
    assert said(row) == [("user", "a"), ("assistant", "b")]


def test_a_prompt_may_end_with_the_user() -> None:
    row = one(
        [turn("user", "a")], kind="preference", chosen=[turn("assistant", "b", "")], rejected=[turn("assistant", " c ")]
    )
    assert said(row) == [("user", "a")] and said(row, "rejected") == [("assistant", "c")]
    assert row["chosen"][0]["reasoning"] is None


@pytest.mark.parametrize(
    ("reason", "messages", "more"),
    [
        ("empty", [], {}),
        ("empty", [turn("user", "\u200b \x00"), turn("assistant", None)], {}),
        ("bad_role", [turn("user", "a"), turn("narrator", "b")], {}),
        ("bad_role", [turn(None, "a"), turn("assistant", "b")], {}),
        ("bad_role", [turn("user", "a"), turn("system", "b"), turn("assistant", "c")], {}),
        ("no_assistant", [turn("user", "a")], {}),
        ("no_user", [turn("system", "a"), turn("assistant", "b")], {}),
        ("no_user", [turn("assistant", "b"), turn("user", "only after the last answer")], {}),
        ("no_assistant", [turn("user", "a")], {"kind": "unpaired"}),
        (
            "no_assistant",
            [turn("user", "a")],
            {"kind": "preference", "chosen": [turn("assistant", "b")], "rejected": []},
        ),
        (
            "bad_role",
            [turn("user", "a")],
            {"kind": "unpaired", "chosen": [turn("system", "b"), turn("assistant", "c")]},
        ),
        ("no_user", [turn("system", "a")], {"kind": "unpaired", "chosen": [turn("assistant", "c")]}),
    ],
)
def test_refused(reason: str, messages: list[Any], more: dict[str, Any]) -> None:
    assert one(messages, **more) == reason


def test_every_reason_is_known() -> None:
    assert set(REASONS) == {"empty", "bad_role", "no_user", "no_assistant", "too_long"}


def test_length_counts_characters_of_all_columns() -> None:
    turns = [turn("user", "é" * 4), turn("assistant", "b" * 3, "r" * 3)]
    assert said(one(turns, NormaliseSpec(max_chars=10)))
    assert one(turns, NormaliseSpec(max_chars=9)) == "too_long"
    with pytest.raises(ValueError, match="max_chars"):
        NormaliseSpec(max_chars=0)


def test_meta_is_tidied_and_null_stays_null() -> None:
    turns = [turn("user", "a"), turn("assistant", "b")]
    assert one(turns, meta=[{"key": "k", "value": "x\u00a0y\r\n"}, {"key": "l", "value": None}])["meta"] == [
        {"key": "k", "value": "x y"},
        {"key": "l", "value": None},
    ]
    row = one(turns)
    assert row["meta"] is None and row["chosen"] is None


def test_no_rows() -> None:
    kept, dropped, _ = h.run(normalise, table([]))
    assert len(kept) == len(dropped) == 0


@given(h.records())
def test_law_conservation(rows: pa.Table) -> None:
    h.conserved(normalise, rows)


@given(h.records(most=12))
def test_law_batches_order_and_again(rows: pa.Table) -> None:
    h.same_in_any_batch_and_order(normalise, rows)
    h.again_changes_nothing(normalise, rows)
