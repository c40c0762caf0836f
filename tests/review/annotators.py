"""Scripted annotators: what they mean to say about made-up records, and how they say it in the page."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from pathlib import Path

from curation.methods import tasks
from curation.review.flatten import COLUMNS, Transcript, flatten

TASKS = tasks.load(Path("/nonexistent"))
KEY = b"k" * 32
PIECES = [
    "I keep thinking about it.",
    "🙂🙃",
    "<b>bold</b> & &lt;script&gt;",
    "[2 user]",
    "\\[1 assistant]",
    "\n",
    "two  spaces",
    "\tTab",
    "naïve café",
    "我今天很累",
    "\u202eevil\u202c",
    "\x1b[31mred",
    "'\"`",
    "😀",
    "line one\nline two\n\nline four",
    "{{ 7*7 }}",
]


def text(rng: random.Random) -> str:
    """Words that nobody would type, and some that everybody does."""
    found = " ".join(rng.choice(PIECES) for _ in range(rng.randint(1, 6)))
    return found if found.strip() else "so"


def row(rng: random.Random, number: int, kind: str = "chat") -> dict:
    """A cleaned row."""
    roles = ["user", "assistant"] * 3
    turns = [{"role": role, "content": text(rng), "reasoning": None} for role in roles[: rng.randint(2, 5)]]
    digits = hashlib.sha256(f"{kind}{number}".encode()).hexdigest()[:16]
    made = dict.fromkeys(("chosen", "rejected", "emotion", "risk", "meta", "language"))
    if kind == "preference":
        for side in ("chosen", "rejected"):
            made[side] = [{"role": "assistant", "content": f"{side} {text(rng)}", "reasoning": None}]
    return {"id": f"made:{digits}", "kind": kind, "persona": "client", "messages": turns, **made}


@dataclasses.dataclass
class Meant:
    """What a person means: values as the annotation table should hold them, and as the page sends them."""

    kept: dict
    sent: dict


def mean(rng: random.Random, task: tasks.Task, made: dict, fields: dict, *, utf16: bool) -> Meant:
    """Make up an opinion about a record, and enter it."""
    kept, sent = {}, {}
    for question in task.questions:
        if not question.required and rng.random() < 0.3:
            continue
        value, entered = _answer(rng, question, made, fields, utf16=utf16)
        if question.name == "pii_missed":
            kept["pii_wrong"] = [span for span in value if span["label"] == "HARMLESS"]
            value = [span for span in value if span["label"] != "HARMLESS"]
        kept[question.name], sent[question.name] = value, entered
    return Meant(kept, sent)


def _answer(rng, question, made, fields, *, utf16):
    if question.name == "preference":
        return _preference(rng, made, fields)
    if question.kind == "label":
        value = rng.choice(list(question.offered))
        return value, value
    if question.kind == "labels":
        value = rng.sample(list(question.offered), rng.randint(1, min(4, len(question.offered))))
        return sorted(value), value
    if question.kind == "rating":
        value = rng.choice(question.numbers)
        return value, value
    if question.kind == "spans":
        return _spans(rng, question, made, fields["transcript"], utf16=utf16)
    if question.suggest == "transcript":
        return _edit(rng, made)
    value = text(rng)
    return value, value


def _preference(rng, made, fields):
    """Whoever prefers the chosen answer picks the side on which they read it."""
    meant = rng.choice(["chosen_much", "chosen", "tie", "rejected", "rejected_much", "both_bad"])
    if meant in ("tie", "both_bad"):
        return meant, meant
    wanted = made[meant.removesuffix("_much")][0]["content"]
    side = "a" if fields["answer_a"] == wanted else "b"
    assert fields[f"answer_{side}"] == wanted
    return meant, side + ("_much" if meant.endswith("_much") else "")


def _spans(rng, question, made, shown, *, utf16):
    kept, sent = [], []
    found = Transcript.of(shown)
    assert shown == flatten(made, COLUMNS if made["kind"] != "chat" else ("messages",))
    for _ in range(rng.randint(0, 4)):
        turn = rng.randrange(len(made["messages"]))
        content = made["messages"][turn]["content"]
        start = rng.randrange(len(content))
        end = rng.randint(start + 1, len(content))
        label = rng.choice(list(question.offered))
        part = found.part("messages", turn)
        low, high = part.outside(start), part.outside(end)
        if utf16:
            low, high = (len(shown[:place].encode("utf-16-le")) // 2 for place in (low, high))
        span = {"column": "messages", "turn": turn, "start": start, "end": end, "label": label}
        if span not in kept:
            kept.append(span)
            sent.append({"start": low, "end": high, "label": label})
    rng.shuffle(sent)
    return sorted(kept, key=lambda s: (s["turn"], s["start"], s["end"], s["label"])), sent


def _edit(rng, made):
    """Change a turn, or leave one out, and leave the lines between turns as they are."""
    turns = [{"role": t["role"], "content": t["content"].strip("\n")} for t in made["messages"]]
    if len(turns) > 2 and rng.random() < 0.4:
        turns.pop()
    place = rng.randrange(len(turns))
    turns[place]["content"] += " and more"
    return turns, flatten({"messages": turns})
