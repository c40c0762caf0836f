"""Each shape of source, field by field, and each reason against a row."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.core.adapter import Adapter, Preference, Qa, Turns
from curation.core.records import RECORD_SCHEMA, keyed
from curation.pull.adapters import CONVERTED_SCHEMA, REASONS, Converted, convert

KEY = b"k" * 32
SHAREGPT = Turns("turns", field="conversations", role_key=("from", "role"), content_key=("value", "content"))
OPENAI = Turns("turns")


def run(rows: list[dict[str, Any]], adapter: Adapter, schema: pa.Schema | None = None) -> Converted:
    batch = pa.RecordBatch.from_pylist(rows, schema)
    return convert(batch, adapter, persona="assistant", licence="mit", key=KEY, source="s")


def column(values: pa.Array) -> Converted:
    batch = pa.record_batch({"messages": values})
    return convert(batch, OPENAI, persona="neutral", licence=None, key=KEY, source="s")


def turn(role: str, content: str | None, reasoning: str | None = None) -> dict[str, str | None]:
    return {"role": role, "content": content, "reasoning": reasoning}


def u(text: str | None) -> dict[str, Any]:
    return {"role": "user", "content": text}


def a(text: str | None) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def test_a_record_has_every_field_of_the_contract() -> None:
    got = run([{"messages": [u("How  ARE\nyou"), a("Well.")]}], OPENAI)
    assert got.records.schema == CONVERTED_SCHEMA
    assert ["id", *got.records.schema.names] == RECORD_SCHEMA.names
    assert got.rejects.to_pylist() == [None]
    assert got.records.to_pylist() == [
        {
            "kind": "chat",
            "messages": [turn("user", "How  ARE\nyou"), turn("assistant", "Well.")],
            "chosen": None,
            "rejected": None,
            "label": None,
            "persona": "assistant",
            "language": None,
            "licence": "mit",
            "group": keyed(KEY, "group", "how are you"),
            "synthetic": None,
            "meta": None,
        }
    ]


def test_sharegpt_with_coalesced_keys_extra_fields_and_an_unanswered_end() -> None:
    rows = [
        {
            "conversations": [
                {"from": "system", "role": None, "value": "Be kind.", "weight": None},
                {"from": None, "role": "Human", "value": "Hi", "weight": 0.5},
                {"from": "gpt", "role": "user", "value": "Hello", "weight": 1.0},
                {"from": "human", "role": None, "value": "Bye", "weight": None},
            ]
        },
    ]
    got = run(rows, SHAREGPT)
    assert got.records.to_pylist()[0]["messages"] == [
        turn("system", "Be kind."),
        turn("user", "Hi"),
        turn("assistant", "Hello"),
    ]


def test_neighbours_merge_but_tool_answers_do_not() -> None:
    rows = [
        {
            "messages": [
                turn("user", "a"),
                turn("user", "b"),
                turn("assistant", "c", "why c"),
                turn("assistant", "d"),
                turn("tool", "1"),
                turn("tool", "2"),
                turn("assistant", "e", " "),
            ]
        }
    ]
    got = run(rows, Turns("turns", reasoning_key="reasoning"))
    assert got.records.to_pylist()[0]["messages"] == [
        turn("user", "a\n\nb"),
        turn("assistant", "c\n\nd", "why c"),
        turn("tool", "1"),
        turn("tool", "2"),
        turn("assistant", "e"),
    ]


def test_content_parts_are_joined_and_a_picture_is_refused() -> None:
    text = {"type": "text", "text": "see ", "url": None}
    rows = [
        {
            "messages": [
                {"role": "user", "content": [text, {**text, "text": "this"}]},
                {"role": "assistant", "content": [{**text, "text": "yes"}]},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [text, {"type": "image", "text": None, "url": "x"}]},
                {"role": "assistant", "content": [text]},
            ]
        },
    ]
    got = run(rows, OPENAI)
    assert got.rejects.to_pylist() == [None, "wrong_type"]
    assert got.records.to_pylist()[0]["messages"] == [turn("user", "see this"), turn("assistant", "yes")]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "empty_conversation"),
        (None, "empty_conversation"),
        ([u("a"), {"role": "narrator", "content": "b"}, a("c")], "unknown_role"),
        ([u("a"), {"role": None, "content": "b"}, a("c")], "unknown_role"),
        ([u("a")], "no_assistant"),
        ([a("b"), u("c")], "no_user"),
        ([u(" \n\t"), a("b")], "empty_content"),
        ([u("a"), a(None)], "empty_content"),
        ([{"role": "system", "content": ""}, u("a"), a("b")], None),
        ([u("a"), a("b"), u("")], None),
    ],
)
def test_reasons_against_a_conversation(turns: Any, reason: str | None) -> None:
    schema = pa.schema([("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])))])
    # Its neighbours are untouched by the odd row.
    got = run([{"messages": [u("x"), a("y")]}, {"messages": turns}, {"messages": [u("p"), a("q")]}], OPENAI, schema)
    assert got.rejects.to_pylist() == [None, reason, None]
    assert [said["messages"][0]["content"] for said in got.records.to_pylist()][:: len(got.records) - 1] == ["x", "p"]


def test_a_column_of_another_type_refuses_its_rows_and_raises_nothing() -> None:
    for values in (pa.array(["text", None]), pa.array([1, 2]), pa.array([["a"], []]), pa.array([b"\xff", None])):
        got = column(values)
        assert set(got.rejects.to_pylist()) <= {"wrong_type", "empty_conversation"}
        assert got.rejects.to_pylist()[0] == "wrong_type"


def test_own_role_names_win() -> None:
    adapter = Turns("turns", roles={"user": ("Helper",), "assistant": ("user",)})
    rows = [{"messages": [{"role": "helper", "content": "a"}, {"role": "user", "content": "b"}]}]
    assert run(rows, adapter).records.to_pylist()[0]["messages"] == [turn("user", "a"), turn("assistant", "b")]


def test_every_arrow_spelling_of_a_list_of_turns_is_read() -> None:
    plain = pa.array([[u("a"), a("b")], None, [u("c"), a("d")]])
    text = pa.struct([("role", pa.dictionary(pa.int32(), pa.string())), ("content", pa.large_string())])
    for spelled in (plain, plain.cast(pa.large_list(plain.type.value_type)), plain.cast(pa.list_(text)), plain[:]):
        got = column(spelled)
        assert got.rejects.to_pylist() == [None, "empty_conversation", None]
        assert got.records.to_pylist()[1]["messages"] == [turn("user", "c"), turn("assistant", "d")]
    sliced = pa.record_batch({"messages": plain}).slice(1)
    got = convert(sliced, OPENAI, persona="neutral", licence=None, key=KEY, source="s")
    assert got.records.to_pylist()[0]["messages"] == [turn("user", "c"), turn("assistant", "d")]


QA = Qa(
    "qa",
    user=("title", "question"),
    assistant="answer",
    system="instruction",
    reasoning="thought",
    keep=("topic", "info"),
    group="qid",
)


def test_qa_field_by_field() -> None:
    rows = [
        {
            "title": "T",
            "question": "Q",
            "answer": "A",
            "instruction": "I",
            "thought": "R",
            "topic": None,
            "info": {"b": 1, "a": "x", "c": None},
            "qid": 7,
        },
        {
            "title": " ",
            "question": "Q2",
            "answer": "A2",
            "instruction": None,
            "thought": None,
            "topic": "sleep",
            "info": None,
            "qid": None,
        },
    ]
    got = run(rows, QA)
    assert got.rejects.to_pylist() == [None, None]
    first, second = got.records.to_pylist()
    assert first["messages"] == [turn("system", "I"), turn("user", "T\n\nQ"), turn("assistant", "A", "R")]
    assert first["meta"] == [{"key": "info", "value": '{"a":"x","b":1}'}]
    assert first["group"] == keyed(KEY, "group", "s\x007")
    assert second["messages"] == [turn("user", "Q2"), turn("assistant", "A2")]
    assert second["meta"] == [{"key": "topic", "value": "sleep"}]
    assert second["group"] is None


def test_qa_system_text_stands_before_the_column() -> None:
    rows = [{"q": "a", "a": "b", "s": "per row"}, {"q": "a", "a": "b", "s": None}]
    got = run(rows, Qa("qa", user="q", assistant="a", system="s", system_text="always"))
    assert [r["messages"][0]["content"] for r in got.records.to_pylist()] == ["always\n\nper row", "always"]


def test_reasons_against_a_question() -> None:
    rows = [{"q": "", "a": "b"}, {"q": None, "a": "b"}, {"q": "a", "a": "\u00a0"}, {"q": "a", "a": None}]
    assert run(rows, Qa("qa", user="q", assistant="a")).rejects.to_pylist() == [
        "no_prompt",
        "no_prompt",
        "no_answer",
        "no_answer",
    ]
    nested = [{"q": {"x": 1}, "a": "b"}]
    assert run(nested, Qa("qa", user="q", assistant="a")).rejects.to_pylist() == ["wrong_type"]


PREFERENCE = Preference("preference", prompt="prompt")


def sides(record: dict[str, Any]) -> list[list[str]]:
    return [[f"{t['role'][0]}:{t['content']}" for t in record[side]] for side in ("messages", "chosen", "rejected")]


@pytest.mark.parametrize(
    ("row", "want"),
    [
        ({"prompt": "p", "chosen": "c", "rejected": "r"}, [["u:p"], ["a:c"], ["a:r"]]),
        (
            {"prompt": [u("p"), a("q"), u("s")], "chosen": a("c"), "rejected": a("r")},
            [["u:p", "a:q", "u:s"], ["a:c"], ["a:r"]],
        ),
        ({"prompt": "p", "chosen": [u("p"), a("c")], "rejected": [u("p"), a("r")]}, [["u:p"], ["a:c"], ["a:r"]]),
        (
            {
                "prompt": "p",
                "chosen": [{"role": "system", "content": "s"}, u("p"), a("c")],
                "rejected": [{"role": "system", "content": "s"}, u("p"), a("r")],
            },
            [["s:s", "u:p"], ["a:c"], ["a:r"]],
        ),
        (
            {"prompt": "p", "chosen": [a("x"), u("y"), a("c")], "rejected": [a("x"), u("y"), a("r")]},
            [["u:p", "a:x", "u:y"], ["a:c"], ["a:r"]],
        ),
        (
            {"prompt": "p", "chosen": [a("c"), u("more"), a("c2"), u("tail")], "rejected": [a("r")]},
            [["u:p"], ["a:c", "u:more", "a:c2"], ["a:r"]],
        ),
    ],
)
def test_preference_shapes(row: dict[str, Any], want: list[list[str]]) -> None:
    got = run([row], PREFERENCE)
    assert got.rejects.to_pylist() == [None]
    (record,) = got.records.to_pylist()
    assert record["kind"] == "preference"
    assert sides(record) == want


def test_preference_without_a_prompt_column_takes_the_common_beginning() -> None:
    rows = [
        {"chosen": [u("p"), a("q"), u("s"), a("c")], "rejected": [u("p"), a("q"), u("s"), a("r"), u("t"), a("v")]},
        {"chosen": [u("p"), a("c")], "rejected": [u("other"), a("r")]},
        {"chosen": [u("p"), a("c")], "rejected": [u("p"), a("c")]},
        {"chosen": [u("p"), a("c")], "rejected": [u("p"), a("c"), u("d"), a("e")]},
        {"chosen": [a("c")], "rejected": [a("r")]},
        {"chosen": [u("p"), a("c")], "rejected": [u("p")]},
    ]
    got = run(rows, Preference("preference"))
    assert got.rejects.to_pylist() == [None, "no_prompt", "chosen_equals_rejected", None, "no_prompt", "no_answer"]
    assert [sides(r) for r in got.records.to_pylist()] == [
        [["u:p", "a:q", "u:s"], ["a:c"], ["a:r", "u:t", "a:v"]],
        [["u:p"], ["a:c"], ["a:c", "u:d", "a:e"]],
    ]


def test_reasons_against_a_pair() -> None:
    rows = [
        {"prompt": "p", "chosen": "c", "rejected": "c"},
        {"prompt": "", "chosen": "c", "rejected": "r"},
        {"prompt": "p", "chosen": None, "rejected": "r"},
        {"prompt": "p", "chosen": "c", "rejected": " "},
    ]
    assert run(rows, PREFERENCE).rejects.to_pylist() == [
        "chosen_equals_rejected",
        "no_prompt",
        "no_answer",
        "no_answer",
    ]
    lists = [
        {"prompt": "p", "chosen": [u("q"), a("c")], "rejected": [u("q"), a("r")]},
        {"prompt": "p", "chosen": [{"role": "poet", "content": "q"}], "rejected": [a("r")]},
    ]
    assert run(lists, PREFERENCE).rejects.to_pylist() == ["prompt_mismatch", "unknown_role"]
    assert run(
        [{"prompt": [{"role": "system", "content": "s"}], "chosen": "c", "rejected": "r"}], PREFERENCE
    ).rejects.to_pylist() == ["no_user"]


def test_every_reason_is_declared_and_no_rows_are_no_trouble() -> None:
    assert len(set(REASONS)) == len(REASONS)
    for adapter, names in (
        (OPENAI, ["messages"]),
        (QA, ["title", "question", "answer", "instruction", "thought", "topic", "info", "qid"]),
        (PREFERENCE, ["prompt", "chosen", "rejected"]),
    ):
        for kind in (pa.string(), pa.null()):
            got = run([], adapter, pa.schema([(n, kind) for n in names]))
            assert (len(got.records), len(got.rejects)) == (0, 0)
