"""Texts with markers: who speaks, and what belongs to nobody."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest

from curation.core.adapter import OwnMarkers, Text
from curation.pull.adapters import convert


def run(text: str | None, **spec: Any) -> tuple[list[tuple[str, str]], str | None]:
    """The turns of a text between two plain neighbours, and the reason against it."""
    adapter = Text("text", **spec)
    plain = {
        "chatml": "<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\na<|im_end|>",
        "llama2": "[INST] u [/INST] a",
        "human_assistant": "Human: u\nAssistant: a",
        "alpaca_sections": "### Human: u ### Assistant: a",
    }.get(str(adapter.markers), "[user] u [assistant] a")
    batch = pa.record_batch({"text": pa.array([plain, text, plain], pa.string())})
    got = convert(batch, adapter, persona="neutral", licence=None, key=b"k", source="s")
    records = [[(m["role"][0], m["content"]) for m in r["messages"]] for r in got.records.to_pylist()]
    before, reason, after = got.rejects.to_pylist()
    assert before is after is None
    assert records[0] == records[-1] == [("u", "u"), ("a", "a")]
    return (records[1] if reason is None else []), reason


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq\n<|im_end|>\n<|im_start|>assistant\nr", "s:s u:q a:r"),
        ("<s><|im_start|>user\nq<|im_end|><|im_start|>assistant\nr<|im_end|></s>", "u:q a:r"),
        ("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nr<|im_end|>\n<|im_start|>user\nx<|im_end|>", "u:q a:r"),
        ("<|im_start|>user\nq<|im_end|>\n<|im_start|>narrator\nr<|im_end|>", "unknown_role"),
        ("<|im_start|>user\nq<|im_end|> and more\n<|im_start|>assistant\nr<|im_end|>", "text_outside_markers"),
        ("before <|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nr<|im_end|>", "text_outside_markers"),
        ("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n<|im_end|>", "empty_content"),
        ("<|im_start|>user\nq<|im_end|>", "no_assistant"),
        ("plain text", "no_markers"),
        ("", "empty_conversation"),
        (None, "empty_conversation"),
        ("<|im_start|>user\nq\x1eq<|im_end|>\n<|im_start|>assistant\nr<|im_end|>", "wrong_type"),
    ],
)
def test_chatml(text: str | None, want: str) -> None:
    said, reason = run(text, markers="chatml")
    assert (reason or " ".join(f"{r}:{t}" for r, t in said)) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nq [/INST] r </s><s>[INST] q2 [/INST] r2 </s>", "s:s u:q a:r u:q2 a:r2"),
        ("<s>[INST] q [/INST] r", "u:q a:r"),
        ("[INST] q [/INST]", "empty_content"),
        ("[INST] <<SYS>> s <</SYS>> [/INST] r", "empty_content"),
        ("[INST] q [/INST] r </s> stray", "text_outside_markers"),
        ("hello [INST] q [/INST] r", "text_outside_markers"),
        ("no marker", "no_markers"),
    ],
)
def test_llama2(text: str, want: str) -> None:
    said, reason = run(text, markers="llama2")
    assert (reason or " ".join(f"{r}:{t}" for r, t in said)) == want


@pytest.mark.parametrize(
    ("text", "spec", "want"),
    [
        ("<HUMAN>: q\n<ASSISTANT>: r", {}, "u:q a:r"),
        ("System: s\n  Human: q Human: still q\nAssistant: r\nand r", {}, "s:s u:q Human: still q a:r\nand r"),
        ("USER: q\nCLIENT: x\nASSISTANT: r", {}, "u:q\nCLIENT: x a:r"),
        ("client: q\nTherapist: r", {"sections": {"client": "user", "therapist": "assistant"}}, "u:q a:r"),
        ("Intro.\nHuman: q\nAssistant: r", {}, "text_outside_markers"),
        ("Intro.\nHuman: q\nAssistant: r", {"preamble": "drop"}, "u:q a:r"),
        ("Intro.\nHuman: q\nAssistant: r", {"preamble": "system"}, "s:Intro. u:q a:r"),
        ("human: nobody\nassistant: marked", {}, "no_markers"),
    ],
)
def test_human_assistant(text: str, spec: dict[str, Any], want: str) -> None:
    said, reason = run(text, markers="human_assistant", **spec)
    assert (reason or " ".join(f"{r}:{t}" for r, t in said)) == want


@pytest.mark.parametrize(
    ("text", "spec", "want"),
    [
        ("### Context: s ### Input: q ### Response: r", {}, "s:s u:q a:r"),
        ("### Instruction:\nq\n\n### Input:\n\n### Response:\nr", {}, "u:q a:r"),
        ("### Instruction\nq\n### Response\nr", {}, "u:q a:r"),
        ("### Instruction: q ### Input: more ### Response: r", {}, "u:q\n\nmore a:r"),
        ("### Human: q ### Assistant: r ### Human: q2 ### Assistant: r2", {}, "u:q a:r u:q2 a:r2"),
        ("### Input: q ### Response: r\n\n### Next steps:\n1. walk", {}, "u:q a:r\n\n### Next steps:\n1. walk"),
        ("### Human: q ### Critic: bad ### Assistant: r", {}, "unknown_role"),
        ("### Human: q ### Critic: bad ### Assistant: r", {"sections": {"critic": "tool"}}, "u:q t:bad a:r"),
        ("### Instruction: s ### Input: q ### Response: r", {"sections": {"Instruction": "system"}}, "s:s u:q a:r"),
        ("Below is a task. ### Instruction: q ### Response: r", {"preamble": "drop"}, "u:q a:r"),
        ("### Input: q ### Response:", {}, "no_assistant"),
    ],
)
def test_alpaca_sections(text: str, spec: dict[str, Any], want: str) -> None:
    said, reason = run(text, markers="alpaca_sections", **spec)
    assert (reason or " ".join(f"{r}:{t}" for r, t in said)) == want


@pytest.mark.parametrize(
    ("turn", "text", "want"),
    [
        (r"\[(?P<role>\w+)\]", "[user] q [assistant] r", "u:q a:r"),
        (r"\[(?P<role>\w+)\]", "intro [user] q [assistant] r", "text_outside_markers"),
        (r"\[(?P<role>\w+)\] (?P<body>\w+)", "[user] q [assistant] r", "u:q a:r"),
        (r"\[(?P<role>\w+)\] (?P<body>\w+)", "[user] q and more [assistant] r", "text_outside_markers"),
        (r"\[(?P<role>\w+)\]", "[user] q [poet] r", "unknown_role"),
        (r"\[(?P<role>\w+)\]", "nothing", "no_markers"),
    ],
)
def test_own_expression(turn: str, text: str, want: str) -> None:
    said, reason = run(text, markers=OwnMarkers(turn))
    assert (reason or " ".join(f"{r}:{t}" for r, t in said)) == want


@pytest.mark.parametrize(("turn", "said"), [("(", "no regular expression"), ("(?P<body>.)", "lacks a group")])
def test_an_expression_is_checked_when_it_is_declared(turn: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        OwnMarkers(turn)


def test_long_texts_take_no_long_time() -> None:
    text = "### Human: " + "### " * 50_000 + "# Human" * 20_000 + " ### Assistant: " + "\n" * 200_000 + "end"
    for markers in ("chatml", "llama2", "human_assistant", "alpaca_sections"):
        said, reason = run(text, markers=markers)
        assert said or reason
