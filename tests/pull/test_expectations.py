"""The first two rows of every public shape, field by field, as read off the files by eye before any code ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from curation.core import declare
from curation.core.adapter import Rows
from curation.core.sources import Sources
from curation.pull.adapters import convert
from curation.pull.columns import columns_of
from curation.pull.readers import read

HUB = Path(__file__).parents[3] / "shared" / "data" / "hub_fixture" / "datasets"

pytestmark = pytest.mark.skipif(not HUB.is_dir(), reason="the shared hub fixture is not here")


@dataclass(frozen=True)
class Says:
    """A turn by its role, its length, and how it begins and ends."""

    role: str
    begins: str
    length: int | None = None
    ends: str = ""
    reasoning: str | None = None

    def fits(self, turn: Mapping[str, str | None]) -> bool:
        text, thought = turn["content"] or "", turn["reasoning"]
        return (
            turn["role"] == self.role
            and (text.startswith(self.begins) and text.endswith(self.ends) if self.length else text == self.begins)
            and (self.length is None or len(text) == self.length)
            and (thought is None if self.reasoning is None else str(thought).startswith(self.reasoning))
        )


def u(begins: str, length: int | None = None, ends: str = "") -> Says:
    return Says("user", begins, length, ends)


def a(begins: str, length: int | None = None, ends: str = "", reasoning: str | None = None) -> Says:
    return Says("assistant", begins, length, ends, reasoning)


def s(begins: str) -> Says:
    return Says("system", begins)


WORTHLESS = u("Can I change my feeling of being worthless", 384, "worthless to everyone?")
FIRST = a("If everyone thinks you're worthless, then maybe", 961, "than your feelings today.")
SECOND = a("Hello, and thank you for your question", 2082, "Robin Landwehr, DBH, LPCC")
CREPES = u("Describe a process of making crepes.")
MAKING = a("Making crepes is an easy and delicious process!", 1584, "and serve immediately. Enjoy!")
CAR = u("Transform the following sentence using a synonym: The car sped quickly.")
SPED = a("The car accelerated rapidly.")
VICUNA = a("I am Vicuna, a language model trained by researchers from Large Model Systems Organization (LMSYS).")
NAMED = a("My name is Vicuna, and I'm a language model developed by Large Model Systems Organization (LMSYS).")
ANGELA = u("Hi! I'd like to create a new language game", 111, "of a character named Angela.")
GAME = a("That sounds like a fun and engaging idea!", 1688, "of Angela. Good luck!")
WORSE = a("Hello! I'd be happy to help you create", 547)
COUNSELOR = s("If you are a counselor, please answer the questions based on the description of the patient.")
PSYCHOLOGIST = s(
    "If you are a licensed psychologist, please provide this patient with a helpful response to their concern."
)
DAUGHTER = u("I think my daughter is stressing too much When", 345, "because this is not normal.")
TAGS = a("In this task, you are asked to identify the part-of-speech", 926, "the word '.' is: '.'")
NOT_TAGS = a("Sure, I'd be happy to help! Here are the steps", 924, "Phil said is PRON.")

QA = {"kind": "qa"}
SHAREGPT = {"kind": "turns", "field": "conversations", "role_key": ["from", "role"], "content_key": ["value"]}
COT = {
    **QA,
    "user": "question",
    "assistant": "answer",
    "reasoning": "metadata.reasoning",
    "keep": ["metadata.topic", "metadata.difficulty"],
}


def cot(name: str) -> tuple[str, dict[str, Any], list[list[Says]], list[dict[str, str]]]:
    thought = "Goals: understand the question. Steps: 1. read it."
    return (
        f"mattwesney/{name}",
        COT,
        [
            [CREPES, a(MAKING.begins, MAKING.length, MAKING.ends, thought)],
            [CAR, Says("assistant", SPED.begins, reasoning=thought)],
        ],
        [
            {"metadata.difficulty": "easy", "metadata.topic": name},
            {"metadata.difficulty": "medium", "metadata.topic": name},
        ],
    )


CHATS: list[tuple[str, dict[str, Any], list[list[Says]], list[dict[str, str]]]] = [
    (
        "Amod/mental_health_counseling_conversations",
        {**QA, "user": "Context", "assistant": "Response"},
        [[WORTHLESS, FIRST], [WORTHLESS, SECOND]],
        [],
    ),
    (
        "EmoCareAI/Psych8k",
        {**QA, "system": "instruction", "user": "input", "assistant": "output"},
        [[COUNSELOR, WORTHLESS, FIRST], [COUNSELOR, WORTHLESS, SECOND]],
        [],
    ),
    (
        "samhog/psychology-10k",
        {**QA, "system": "instruction", "user": "input", "assistant": "output"},
        [
            [PSYCHOLOGIST, DAUGHTER, a("It may be helpful to register", 376, "Hope this helps.")],
            [PSYCHOLOGIST, DAUGHTER, a("Its hard to answer this question", 400, "Much of wha")],
        ],
        [],
    ),
    (
        "wesley7137/formatted_annotated_addiction_counseling_csv_SFT",
        {"kind": "text", "markers": "alpaca_sections"},
        [
            [s("depression"), WORTHLESS, a("Heck, sure thing, hun!", 337, "liberally applied.")],
            [s("depression"), WORTHLESS, Says("assistant", "", 952, "grateful for in life.")],
        ],
        [],
    ),
    cot("CoT_Heartbreak_and_Breakups"),
    cot("CoT_Neurodivergent_vs_Neurotypical_Interactions"),
    cot("CoT_Reasoning_Clinical_Diagnosis_Mental_Health"),
    cot("CoT_Reasoning_Mens_Mental_Health"),
    (
        "Locutusque/hercules-v6.9",
        {**SHAREGPT, "keep": ["source"]},
        [
            [
                u("Who are you?"),
                VICUNA,
                u("Have a nice day!"),
                a("You too!"),
            ],
            [
                u("Who are you?"),
                NAMED,
            ],
        ],
        [{"source": "OpenHermes"}, {"source": "airoboros"}],
    ),
    (
        "ChaoticNeutrals/Synthetic-Dark-RP",
        {**SHAREGPT, "keep": ["id"]},
        [
            [
                u("Who are you?"),
                VICUNA,
                u("Have a nice day!"),
                a("You too!"),
            ],
            [
                u("Who are you?"),
                NAMED,
            ],
        ],
        [{"id": "0"}, {"id": "1"}],
    ),
    (
        "UnfilteredAI/dan_remixed",
        {**QA, "user": ["instruction", "input"], "assistant": "output"},
        [
            [
                u(
                    "Detect the sentiment of the sentence. Output should be one of the below:\n- Positive\n- Negative\n"
                    "- Neutral\n\nNobody understands me."
                ),
                a("Negative"),
            ],
            [
                u("edit this code and make sure it compile\n\ndef sum(num1, num2): return num1 + num2"),
                a("Here is the edited version of the code:", 188, "and it does compile."),
            ],
        ],
        [],
    ),
    (
        "Gryphe/Sonnet3.5-SlimOrcaDedupCleaned-20k",
        SHAREGPT,
        [
            [
                s("You are a helpful assistant."),
                u("Find the first quartile of this set: 8, 10, 10, 11, 11, 13"),
                a("To find the first quartile (Q1)", 573, "of this dataset is 9.5."),
            ],
            [
                s("You are a helpful assistant."),
                u("Describe the sentiment of the following poem.\n", 169, 'As night comes to stay."'),
                a("The sentiment of the poem appears", 248, "as the night arrives."),
            ],
        ],
        [],
    ),
    (
        "wild/human_assistant",
        {**QA, "user": "human", "assistant": "assistant"},
        [[u("0 how are you"), a("fine, you?")], [u("1 how are you"), a("fine, you?")]],
        [],
    ),
    ("wild/openai_messages", {"kind": "turns"}, [[CREPES, MAKING], [CAR, SPED]], []),
    (
        "wild/prompt_completion",
        {**QA, "user": "prompt", "assistant": "completion"},
        [[CREPES, MAKING], [CAR, SPED]],
        [],
    ),
    (
        "wild/text_chatml",
        {"kind": "text", "markers": "chatml"},
        [[s("Be kind."), WORTHLESS, FIRST], [s("Be kind."), WORTHLESS, SECOND]],
        [],
    ),
    (
        "wild/text_llama2",
        {"kind": "text", "markers": "llama2"},
        [
            [s("Be kind."), WORTHLESS, FIRST, u("thanks"), a("you are welcome")],
            [s("Be kind."), WORTHLESS, SECOND, u("thanks"), a("you are welcome")],
        ],
        [],
    ),
    (
        "wild/text_markers",
        {"kind": "text", "markers": "human_assistant"},
        [[WORTHLESS, FIRST], [WORTHLESS, SECOND]],
        [],
    ),
    (
        "wild/utterance_rows",
        {
            "kind": "rows",
            "group_by": "transcript_id",
            "order_by": "utterance_id",
            "role": "interlocutor",
            "content": "utterance_text",
            "keep": ["transcript_id"],
        },
        [[(u, a)[i % 2](f"line {i} of {n}") for i in range(6)] for n in (0, 1)],
        [{"transcript_id": "0"}, {"transcript_id": "1"}],
    ),
]

PAIRS: list[tuple[str, dict[str, Any], list[tuple[list[Says], list[Says], list[Says]]]]] = [
    (
        "jondurbin/gutenberg-dpo-v0.1",
        {"kind": "preference", "prompt": "prompt", "keep": ["rejected_model"]},
        [
            ([ANGELA], [GAME], [WORSE]),
            (
                [u("thanks give me a tee-up email about this to send out")],
                [a("Subject: Unlock the Power of Your Phone", 2605, "[Your Company Name]")],
                [a("Subject: Collaborate with Multiple Vendors", 1106, "[Your Name]")],
            ),
        ],
    ),
    (
        "wild/sharegpt_pref",
        {"kind": "preference", "prompt": "conversations"},
        [
            ([ANGELA], [GAME], [WORSE]),
            (
                [
                    Says("system", "You are a teacher. Given a task, you explain", 164, "to find the answer."),
                    u("Q: In this task, you need to provide", 2123, "Word: .\nA:"),
                ],
                [TAGS],
                [NOT_TAGS],
            ),
        ],
    ),
    (
        "wild/pref_lists",
        {"kind": "preference", "score_chosen": "score_chosen", "score_rejected": "score_rejected"},
        [
            ([ANGELA], [GAME], [WORSE]),
            ([u("You are a teacher. Given a task, you explain", 164, "to find the answer.")], [TAGS], [NOT_TAGS]),
        ],
    ),
]


def first_two(repo: str, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of the first two rows of the set (of all rows where a row is a turn)."""
    files = sorted(p for p in (HUB / repo).rglob("*.*") if p.suffix != ".md" and p.name != "meta.json")
    places = {("sources", "s"): "here"}
    document = declare.Document({"sources": {"s": {"kind": "files", "path": "x", "adapter": spec}}}, places)
    adapter = declare.bind(Sources, document).sources["s"].adapter
    limit = None if isinstance(adapter, Rows) else 2
    (chunk,) = islice(read(files[0], columns_of(adapter), adapter.text_columns(), max_rows=limit), 1)
    got = convert(chunk.columns, adapter, persona="neutral", licence="mit", key=b"k" * 32, source="s")
    assert got.rejects.null_count == len(got.rejects) >= 2
    return got.records.to_pylist()[:2]


def check(turns: list[dict[str, Any]], want: list[Says]) -> None:
    assert len(turns) == len(want)
    for turn, said in zip(turns, want, strict=True):
        assert said.fits(turn), said


@pytest.mark.parametrize(("repo", "spec", "want", "meta"), CHATS, ids=[c[0] for c in CHATS])
def test_chats(repo: str, spec: dict[str, Any], want: list[list[Says]], meta: list[dict[str, str]]) -> None:
    records = first_two(repo, spec)
    for number, record in enumerate(records):
        assert (record["kind"], record["chosen"], record["rejected"], record["label"]) == ("chat", None, None, None)
        check(record["messages"], want[number])
        kept = [{"key": k, "value": v} for k, v in sorted(meta[number].items())] if meta else None
        assert record["meta"] == kept


@pytest.mark.parametrize(("repo", "spec", "want"), PAIRS, ids=[p[0] for p in PAIRS])
def test_pairs(repo: str, spec: dict[str, Any], want: list[tuple[list[Says], list[Says], list[Says]]]) -> None:
    records = first_two(repo, spec)
    for record, (prompt, chosen, rejected) in zip(records, want, strict=True):
        assert (record["kind"], record["label"]) == ("preference", None)
        check(record["messages"], prompt)
        check(record["chosen"], chosen)
        check(record["rejected"], rejected)
        assert record["meta"] == ([{"key": "rejected_model", "value": "bagel-dpo-13b"}] if "keep" in spec else None)


def test_every_set_of_the_fixture_is_here() -> None:
    there = {
        str(p.parent.relative_to(HUB)) for p in HUB.rglob("meta.json") if any(q.is_dir() for q in p.parent.iterdir())
    }
    assert there == {name for name, *_ in (*CHATS, *PAIRS)}
