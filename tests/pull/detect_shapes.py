"""Shapes of data sets as they are met, and some that only look like one; with what `sources detect` should say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def ask(n: int) -> str:
    return f"How do I get through evening number {n} without calling anyone?"


def reply(n: int) -> str:
    return f"Evening {n} may be long. What helped you on the last one, even a little?"


def talk(n: int, user: str = "user", assistant: str = "assistant", role: str = "role", text: str = "content") -> Any:
    return [{role: user, text: ask(n)}, {role: assistant, text: reply(n)}]


def each(make: Callable[[int], dict[str, Any]], rows: int = 24) -> list[dict[str, Any]]:
    return [make(n) for n in range(rows)]


QA = {"kind": "qa", "user": "question", "assistant": "answer"}
TURNS = {"kind": "turns", "field": "messages", "role_key": "role", "content_key": "content"}

SHAPES: dict[str, tuple[list[dict[str, Any]], dict[str, Any] | None, tuple[str, ...]]] = {
    # What it is: rows, the adapter or none, words that must be said.
    "messages": (each(lambda n: {"messages": talk(n)}), TURNS, ()),
    "two who both listen": (each(lambda n: {"dialog": talk(n, "listener", "helper")}), None, ("no_user",)),
    "agent and customer": (
        each(lambda n: {"dialog": talk(n, "customer", "agent", "speaker", "text")}),
        {
            "kind": "turns",
            "field": "dialog",
            "role_key": "speaker",
            "content_key": "text",
            "roles": {"assistant": ["agent"], "user": ["customer"]},
        },
        (),
    ),
    "people with names": (
        each(lambda n: {"dialog": talk(n, "Ada", "Berta", "speaker", "text")}),
        None,
        ("who speaks",),
    ),
    "turns inside an object": (
        each(lambda n: {"data": {"messages": talk(n), "lang": "en"}}),
        {**TURNS, "field": "data.messages"},
        (),
    ),
    "turns as json text": (each(lambda n: {"messages": json.dumps(talk(n))}), TURNS, ()),
    "thinking turns": (
        each(lambda n: {"messages": [talk(n)[0], {**talk(n)[1], "reasoning_content": "Think."}]}),
        {**TURNS, "reasoning_key": "reasoning_content"},
        (),
    ),
    "growing history": (
        [{"messages": [t for k in range(m + 1) for t in talk(k)]} for _ in range(4) for m in range(5)],
        TURNS,
        ("repeat the row before",),
    ),
    "openai tool calls": (
        each(
            lambda n: {
                "messages": [
                    talk(n)[0],
                    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                    {"role": "tool", "content": "4"},
                    talk(n)[1],
                ]
            }
        ),
        None,
        ("call tools",),
    ),
    "prompts without answers": (each(lambda n: {"messages": talk(n)[:1]}), None, ("no_assistant",)),
    "pairs of texts": (
        each(lambda n: {"system": "Be kind.", "question": ask(n), "chosen": reply(n), "rejected": "No."}),
        {"kind": "preference", "system": "system", "prompt": "question", "chosen": "chosen", "rejected": "rejected"},
        (),
    ),
    "pairs beside messages": (
        each(
            lambda n: {
                "prompt": ask(n),
                "chosen": talk(n),
                "rejected": [talk(n)[0], {"role": "assistant", "content": "No."}],
                "messages": talk(n),
                "score_chosen": 8.0,
                "score_rejected": 2.0,
            }
        ),
        {
            "kind": "preference",
            "prompt": "prompt",
            "chosen": "chosen",
            "rejected": "rejected",
            "score_chosen": "score_chosen",
            "score_rejected": "score_rejected",
        },
        (),
    ),
    "pairs in longer names": (
        each(
            lambda n: {"prompt": ask(n), "chosen_response": reply(n), "rejected_response": "No.", "chosen_model": "m"}
        ),
        {"kind": "preference", "prompt": "prompt", "chosen": "chosen_response", "rejected": "rejected_response"},
        (),
    ),
    "pairs as marked texts": (
        each(
            lambda n: {
                "chosen": f"\n\nHuman: {ask(n)}\n\nAssistant: {reply(n)}",
                "rejected": f"\n\nHuman: {ask(n)}\n\nAssistant: No.",
            }
        ),
        None,
        ("no_prompt",),
    ),
    "pairs judged by a number": (
        each(lambda n: {"prompt": ask(n), "response_0": reply(n), "response_1": "No.", "better_response_id": n % 2}),
        None,
        ("two answers",),
    ),
    "pairs of conversations and a winner": (
        each(lambda n: {"conversation_a": talk(n), "conversation_b": talk(n), "winner": "model_a"}),
        None,
        ("two answers",),
    ),
    "pairs with a split prompt": (
        each(lambda n: {"instruction": ask(n), "input": "Briefly.", "chosen": reply(n), "rejected": "No."}),
        None,
        ("split over",),
    ),
    "several answers with scores": (
        each(
            lambda n: {"prompt": ask(n), "completions": [reply(n), "No."], "scores": [1.0, 0.0], "response": reply(n)}
        ),
        None,
        ("several answers",),
    ),
    "labelled answers": (
        each(lambda n: {"prompt": ask(n), "completion": reply(n), "label": n % 2 == 0}),
        {"kind": "unpaired", "label": "label", "prompt": "prompt", "answer": "completion"},
        ("means a good answer",),
    ),
    "labelled conversations": (
        each(lambda n: {"messages": talk(n), "kto_tag": n % 2 == 0}),
        {"kind": "unpaired", "label": "kto_tag", "answer": "messages"},
        (),
    ),
    "thumbs": (
        each(lambda n: {"question": ask(n), "answer": reply(n), "feedback": "thumbs_up" if n % 2 else "thumbs_down"}),
        {
            "kind": "unpaired",
            "label": "feedback",
            "good": ["thumbs_up"],
            "bad": ["thumbs_down"],
            "prompt": "question",
            "answer": "answer",
        },
        (),
    ),
    "a label of many values": (
        each(lambda n: {"question": ask(n), "answer": reply(n), "label": ("sad", "calm", "tired")[n % 3]}),
        QA,
        ("'label' judges or labels",),
    ),
    "stars": (each(lambda n: {"question": ask(n), "answer": reply(n), "rating": n % 5}), QA, ("'rating' judges",)),
    "label only": (each(lambda n: {"text": ask(n), "label": n % 2}), None, ("plain text",)),
    "utterances": (
        [
            {
                "dialogue_id": d,
                "turn": t,
                "speaker": ("client", "therapist")[t % 2],
                "text": f"line {t} of {d}",
                "code": c,
            }
            for d in range(6)
            for t in range(4)
            for c in ("x", "y")
        ],
        {
            "kind": "rows",
            "group_by": "dialogue_id",
            "order_by": "turn",
            "role": "speaker",
            "content": "text",
            "distinct": ["dialogue_id", "turn"],
        },
        ("repeat an utterance",),
    ),
    "utterances of numbered speakers": (
        [
            {"conv_id": d, "utterance_idx": t, "speaker_idx": t % 2, "utterance": ask(t)}
            for d in range(6)
            for t in range(4)
        ],
        None,
        ("declared in `roles`",),
    ),
    "client and therapist in a text": (
        each(lambda n: {"transcript": f"Client: {ask(n)}\nTherapist: {reply(n)}"}),
        {
            "kind": "text",
            "field": "transcript",
            "markers": "human_assistant",
            "sections": {"client": "user", "therapist": "assistant"},
        },
        (),
    ),
    "sections after a preamble": (
        each(lambda n: {"text": f"Below is a request.\n\n### Instruction:\n{ask(n)}\n\n### Response:\n{reply(n)}"}),
        {
            "kind": "text",
            "field": "text",
            "markers": "alpaca_sections",
            "sections": {"instruction": "user", "response": "assistant"},
            "preamble": "system",
        },
        ("stands before",),
    ),
    "marked prompts beside answers": (
        each(lambda n: {"prompt": f"Human: {ask(n)}\n\nAssistant:", "completion": reply(n)}),
        None,
        ("markers of speakers",),
    ),
    "a title and a body": (
        each(lambda n: {"title": f"Evenings {n}", "body": ask(n), "answer": reply(n), "author": "x"}),
        {"kind": "qa", "user": ["title", "body"], "assistant": "answer"},
        ("split over", "author"),
    ),
    "a title that begins the body": (
        each(lambda n: {"title": "How do I", "question": ask(n), "answer": reply(n)}),
        QA,
        ("is not read again",),
    ),
    "another language": (
        each(lambda n: {"frage": ask(n), "antwort": reply(n)}),
        {"kind": "qa", "user": "frage", "assistant": "antwort"},
        (),
    ),
    "names that say nothing": (
        each(lambda n: {"c1": ask(n), "c2": f"Evening {n} may be long. Try to walk, and tell me later how it was."}),
        {"kind": "qa", "user": "c1", "assistant": "c2"},
        ("guessed",),
    ),
    "history and thoughts": (
        each(
            lambda n: {
                "instruction": ask(n),
                "output": reply(n),
                "history": [["Hello", "Hello to you"]],
                "cot": "Think.",
            }
        ),
        {"kind": "qa", "user": "instruction", "assistant": "output", "reasoning": "cot", "history": "history"},
        (),
    ),
    "a choice of answers": (
        each(lambda n: {"question": ask(n), "choices": ["yes", "no"], "answer": "no"}),
        None,
        ("choices",),
    ),
    "classes called answers": (
        each(lambda n: {"question": ask(n), "answer": ("yes", "no")[n % 2]}, 80),
        None,
        ("labels rather than answers",),
    ),
    "two sentences": (each(lambda n: {"premise": reply(n), "hypothesis": "It is long.", "label": n % 3}), None, ()),
    "a search set": (each(lambda n: {"query": ask(n), "positive": reply(n), "negative": "No."}), None, ()),
    "a post": (
        each(lambda n: {"title": ask(n), "selftext": f"It is evening {n} and I sit here as I do each day."}),
        None,
        (),
    ),
    "graded answers": (
        each(lambda n: {"prompt": ask(n), "response": reply(n), "helpfulness": n % 5, "verbosity": 2}),
        {"kind": "qa", "user": "prompt", "assistant": "response"},
        ("'helpfulness' judges",),
    ),
    "two answers and a preference": (
        each(lambda n: {"context": talk(n)[:1], "response1": reply(n), "response2": "No.", "overall_preference": 1}),
        None,
        ("two answers",),
    ),
    "spans": (each(lambda n: {"context": reply(n), "question": ask(n), "answers": {"text": ["long"]}}), None, ()),
    "an instruction with context": (
        each(lambda n: {"instruction": ask(n), "context": "" if n % 2 else "Evenings.", "response": reply(n)}),
        {"kind": "qa", "user": ["instruction", "context"], "assistant": "response"},
        (),
    ),
    "a system prompt": (
        each(lambda n: {"id": n, "system_prompt": "Be kind.", "question": ask(n), "response": reply(n)}),
        {"kind": "qa", "system": "system_prompt", "user": "question", "assistant": "response"},
        (),
    ),
    "a summary": (each(lambda n: {"article": f"{reply(n)} {ask(n)}", "highlights": reply(n)}), None, ()),
    "a translation": (each(lambda n: {"translation": {"en": reply(n), "de": "Es ist lang."}}), None, ()),
    "ranked answers": (each(lambda n: {"prompt": ask(n), "answers": [{"answer": reply(n), "rank": 1}]}), None, ()),
    "a chat log": (
        each(
            lambda n: {"conversation_id": f"c{n}", "model": "m", "conversation": talk(n), "turn": 1, "language": "en"}
        ),
        {**TURNS, "field": "conversation"},
        (),
    ),
    # Columns called like something else than they are.
    "chosen is a flag": (
        each(lambda n: {"question": ask(n), "answer": reply(n), "chosen": True, "rejected": False}),
        QA,
        (),
    ),
    "messages is a number": (each(lambda n: {"question": ask(n), "answer": reply(n), "messages": n}), QA, ()),
    "answer is a number": (each(lambda n: {"question": ask(n), "answer": n}), None, ()),
    "role and content of files": (each(lambda n: {"role": "admin", "content": f"/srv/{n}"}), None, ()),
    "from and value of a graph": (
        each(lambda n: {"edges": [{"from": "a", "value": "b"}, {"from": "b", "value": "c"}]}),
        None,
        (),
    ),
    "nothing in it": (each(lambda n: {"question": None, "answer": None, "messages": None}), None, ()),
    "empty answers": (each(lambda n: {"question": ask(n), "answer": reply(n) if n == 3 else ""}), None, ("no_answer",)),
    "one row": (each(lambda n: {"question": ask(n), "answer": reply(n)}, 1), QA, ()),
    "no row": ([], None, ("no row",)),
    "three hundred columns": (
        each(lambda n: {**{f"f{i}": n * i for i in range(298)}, "question": ask(n), "answer": reply(n)}),
        QA,
        (),
    ),
    "the same row again": ([{"question": ask(1), "answer": reply(1)}] * 20, QA, ("19 of the 20",)),
    "mixed numbers and texts": (
        each(lambda n: {"id": n if n % 2 else f"x{n}", "question": ask(n), "answer": reply(n)}),
        QA,
        (),
    ),
    "two answers of unknown rank": (
        each(lambda n: {"question": ask(n), "answer": reply(n), "output": f"Other {reply(n)}"}),
        QA,
        (),
    ),
}
