"""Public data sets in their real shapes, pulled through the hub client: every row is a record or a counted reject."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curation.demo.hub import LoopbackHub
from curation.pull.pull import bring
from tests.pull.support import Make, all_dropped, all_rows, said

SHARED = Path(__file__).parents[3] / "shared" / "data"
HUB = SHARED / "hub_fixture"

pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.skipif(not HUB.is_dir(), reason="the shared hub fixture is not here")

Row = dict[str, Any]
ROLE = {"human": "user", "gpt": "assistant", "system": "system", "user": "user", "assistant": "assistant"}


def qa(user: str, answer: str, system: str | None = None) -> Callable[[Row], Any]:
    def want(row: Row) -> Any:
        return [*([("system", row[system])] if system else []), ("user", row[user]), ("assistant", row[answer])]

    return want


def sections(row: Row) -> Any:
    """`### Context: … ### Input: … ### Response: …`, cut by hand."""
    before, response = row["text"].split("### Response:", 1)
    context, question = before.split("### Input:", 1)
    return [
        ("system", context.removeprefix("### Context:").strip()),
        ("user", question.strip()),
        ("assistant", response.strip()),
    ]


def chatml(row: Row) -> Any:
    pieces = [piece.split("\n", 1) for piece in row["text"].split("<|im_start|>")[1:]]
    return [(ROLE[name], text.replace("<|im_end|>", "").strip()) for name, text in pieces]


def llama2(row: Row) -> Any:
    said: list[tuple[str, str]] = []
    for block in row["text"].split("[INST]")[1:]:
        question, answer = block.split("[/INST]")
        if "<<SYS>>" in question:
            system, question = question.replace("<<SYS>>", "").split("<</SYS>>")
            said.append(("system", system.strip()))
        said += [("user", question.strip()), ("assistant", answer.replace("</s>", "").replace("<s>", "").strip())]
    return said


def tags(row: Row) -> Any:
    question, answer = row["text"].removeprefix("<HUMAN>:").split("<ASSISTANT>:")
    return [("user", question.strip()), ("assistant", answer.strip())]


def turns(field: str, role: str, content: str) -> Callable[[Row], Any]:
    def want(row: Row) -> Any:
        return [(ROLE[t[role]], t[content]) for t in row[field]]

    return want


def rows_of(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        return list(pq.ParquetFile(path).read().to_pylist())
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))
    text = path.read_text("utf-8")
    return (
        list(json.loads(text))
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.split("\n") if line.strip()]
    )


COT = {
    "kind": "qa",
    "user": "question",
    "assistant": "answer",
    "reasoning": "metadata.reasoning",
    "keep": ["metadata.topic", "metadata.difficulty"],
}
ALPACA = {"kind": "qa", "system": "instruction", "user": "input", "assistant": "output"}
HERCULES = {
    "kind": "turns",
    "field": "conversations",
    "role_key": ["from", "role"],
    "content_key": "value",
    "keep": ["source"],
}
SETS: list[tuple[str, dict[str, Any], Callable[[Row], Any], dict[str, Any]]] = [
    (
        "Amod/mental_health_counseling_conversations",
        {"kind": "qa", "user": "Context", "assistant": "Response"},
        qa("Context", "Response"),
        {},
    ),
    ("EmoCareAI/Psych8k", ALPACA, qa("input", "output", "instruction"), {}),
    ("samhog/psychology-10k", ALPACA, qa("input", "output", "instruction"), {}),
    ("moremilk/CoT_Heartbreak_and_Breakups", COT, qa("question", "answer"), {}),
    ("moremilk/CoT_Neurodivergent_vs_Neurotypical_Interactions", COT, qa("question", "answer"), {}),
    ("moremilk/CoT_Reasoning_Clinical_Diagnosis_Mental_Health", COT, qa("question", "answer"), {}),
    ("moremilk/CoT_Reasoning_Mens_Mental_Health", COT, qa("question", "answer"), {}),
    ("Locutusque/hercules-v6.9", HERCULES, turns("conversations", "from", "value"), {"files": ["cleaned/*.parquet"]}),
    (
        "ChaoticNeutrals/Synthetic-Dark-RP",
        {"kind": "turns", "field": "conversations", "role_key": "from", "content_key": "value"},
        turns("conversations", "from", "value"),
        {},
    ),
    (
        "Gryphe/Sonnet3.5-SlimOrcaDedupCleaned-20k",
        {**HERCULES, "keep": []},
        turns("conversations", "from", "value"),
        {},
    ),
    (
        "jondurbin/gutenberg-dpo-v0.1",
        {"kind": "preference", "prompt": "prompt", "keep": ["rejected_model"]},
        lambda r: ([("user", r["prompt"])], [("assistant", r["chosen"])], [("assistant", r["rejected"])]),
        {},
    ),
    (
        "UnfilteredAI/dan_remixed",
        {"kind": "qa", "user": ["instruction", "input"], "assistant": "output"},
        lambda r: [
            ("user", "\n\n".join(t for t in (r["instruction"], r["input"]) if t.strip())),
            ("assistant", r["output"]),
        ],
        {},
    ),
    (
        "wesley7137/formatted_annotated_addiction_counseling_csv_SFT",
        {"kind": "text", "markers": "alpaca_sections"},
        sections,
        {},
    ),
    ("wild/text_chatml", {"kind": "text", "markers": "chatml"}, chatml, {}),
    ("wild/text_llama2", {"kind": "text", "markers": "llama2"}, llama2, {}),
    ("wild/text_markers", {"kind": "text", "markers": "human_assistant"}, tags, {}),
    ("wild/human_assistant", {"kind": "qa", "user": "human", "assistant": "assistant"}, qa("human", "assistant"), {}),
    (
        "wild/prompt_completion",
        {"kind": "qa", "user": "prompt", "assistant": "completion"},
        qa("prompt", "completion"),
        {},
    ),
    ("wild/openai_messages", {"kind": "turns"}, turns("messages", "role", "content"), {}),
    (
        "wild/sharegpt_pref",
        {"kind": "preference", "prompt": "conversations"},
        lambda r: (
            [(ROLE[t["from"]], t["value"]) for t in r["conversations"]],
            [("assistant", r["chosen"]["value"])],
            [("assistant", r["rejected"]["value"])],
        ),
        {},
    ),
    (
        "wild/pref_lists",
        {"kind": "preference"},
        lambda r: tuple(
            [(t["role"], t["content"]) for t in part]
            for part in (r["chosen"][:-1], r["chosen"][-1:], r["rejected"][-1:])
        ),
        {},
    ),
]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_ok")
    with LoopbackHub(HUB) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def answered(messages: Any) -> Any:
    """Without what follows the last answer; neighbours of one role joined."""
    while messages and messages[-1][0] != "assistant":
        messages = messages[:-1]
    joined: list[tuple[str, str]] = []
    for role, text in messages:
        if joined and joined[-1][0] == role:
            joined[-1] = (role, f"{joined[-1][1]}\n\n{text}")
        else:
            joined.append((role, text))
    return joined


@pytest.mark.parametrize(("repo", "adapter", "want", "more"), SETS, ids=[s[0] for s in SETS])
def test_a_set_of_the_fixture(
    make: Make, hub: LoopbackHub, repo: str, adapter: dict[str, Any], want: Callable[[Row], Any], more: dict[str, Any]
) -> None:
    project = make.project({"s": {"kind": "huggingface", "id": repo, "adapter": adapter, **more}})
    pulled = bring(project, "s", project.sources["s"])
    home = HUB / "datasets" / str(pulled.entry.id) / pulled.entry.revision
    source = [row for name in pulled.entry.files for row in rows_of(home / name)]
    kept, dropped = all_rows(pulled.table), all_dropped(pulled.table)
    assert len(kept) + len(dropped) == len(source) > 0
    # No row of these sets is broken, and few are refused: an empty text here and there.
    assert len(dropped) <= len(source) // 20
    assert {d["reason"] for d in dropped} <= {"no_prompt", "no_answer", "empty_content", "chosen_equals_rejected"}
    expected = []
    for row in source:
        value = want(row)
        expected.append(str(value if isinstance(value, tuple) else answered(value)))
    got = [
        str(
            (said(r["messages"]), said(r["chosen"]), said(r["rejected"]))
            if r["kind"] == "preference"
            else said(r["messages"])
        )
        for r in kept
    ]
    missed = list(got)
    for value in expected:
        if value in missed:
            missed.remove(value)
    assert not missed
    for name in adapter.get("keep", []):
        assert all(name in [m["key"] for m in r["meta"]] for r in kept if name != "source" or r["meta"])
    if "reasoning" in adapter:
        thoughts = [row["metadata"]["reasoning"] for row in source]
        assert sorted(r["messages"][-1]["reasoning"] for r in kept) == sorted(thoughts)


def test_single_turns_of_the_fixture(make: Make, hub: LoopbackHub) -> None:
    adapter = {
        "kind": "rows",
        "group_by": "transcript_id",
        "order_by": "utterance_id",
        "role": "interlocutor",
        "content": "utterance_text",
    }
    project = make.project({"s": {"kind": "huggingface", "id": "wild/utterance_rows", "adapter": adapter}})
    pulled = bring(project, "s", project.sources["s"])
    kept = all_rows(pulled.table)
    assert pulled.table.manifest["rows_in"] == 5 == len(kept)
    assert sorted(str(said(r["messages"])) for r in kept) == sorted(
        str([(("user", "assistant")[i % 2], f"line {i} of {n}") for i in range(6)]) for n in range(5)
    )


@pytest.mark.parametrize(
    ("path", "adapter", "kept", "reasons"),
    [
        (
            "counsel_chat/counsel_chat_dev_half.csv",
            {
                "kind": "qa",
                "user": ["questionTitle", "questionText"],
                "assistant": "answerText",
                "keep": ["topic"],
                "group": "questionID",
            },
            None,
            {"pull/no_answer"},
        ),
        (
            "llamafactory/alpaca_en_demo.json",
            {"kind": "qa", "user": ["instruction", "input"], "assistant": "output"},
            None,
            {"pull/no_answer"},
        ),
        ("llamafactory/dpo_en_demo.json", {"kind": "preference", "prompt": "conversations"}, 300, set()),
        (
            "fastchat/dummy_conversation.json",
            {"kind": "turns", "field": "conversations", "role_key": "from", "content_key": "value"},
            None,
            set(),
        ),
    ],
)
def test_permissive_files(make: Make, path: str, adapter: dict[str, Any], kept: int | None, reasons: set[str]) -> None:
    project = make.project({"s": {"kind": "files", "path": str(SHARED / path), "adapter": adapter}})
    pulled = bring(project, "s", project.sources["s"])
    total = len(rows_of(SHARED / path))
    assert pulled.table.manifest["rows_in"] == total
    assert pulled.table.rows + sum(pulled.table.totals("reasons").values()) == total
    assert set(pulled.table.totals("reasons")) <= reasons
    assert pulled.table.rows == (kept or pulled.table.rows) > total * 0.9
