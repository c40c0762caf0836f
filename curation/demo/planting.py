"""Hide in rows what `planted.yaml` lists, and remember where it went."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from curation.demo.dialogues import Row, openai, sharegpt

_CHATS = (("conversations", "from", "value"), ("messages", "role", "content"))
_ROLES = {
    "user": {"user", "human", "client"},
    "assistant": {"assistant", "gpt", "therapist"},
    "system": {"system"},
}
_TEXT_KEYS = {"value", "content", "title", "question", "answer", "prompt", "chosen", "rejected"}
# Two exchanged words change about ten 5-grams on each side: from 110 words on, the Jaccard similarity of the
# 5-gram sets stays above 0.8.
_NEAR_WORDS = 110
_NEAR_EDITS = 2


@dataclass(eq=False)
class Draft:
    """A row on its way into a file; `row` is a string where it is no JSON.

    `group`, `field`, `kind`, `value` and `twin` say what is planted in it; `taken` rows get nothing more.
    """

    source: str
    row: Any
    group: str = ""
    field: str = ""
    kind: str = ""
    value: str = ""
    twin: Draft | None = None
    taken: bool = False
    number: int = -1


Tables = dict[str, list[Draft]]


def plant(tables: Tables, plan: dict[str, Any]) -> None:
    """Change rows and add rows as the plan says. No row is used for two things."""
    for item in plan["personal"]:
        _plant_personal(tables, item)
    for item in plan["broken"]:
        _plant_broken(tables[item["source"]], item)
    for source, kinds in plan["exact"].items():
        for kind in kinds:
            original = _take(tables[source], lambda row: _rewrite(row, _decomposed) != row)
            tables[source].append(_twin(original, "exact", kind, _rewrite(original.row, _DISGUISES[kind])))
    for source, count in plan["near"].items():
        for _ in range(count):
            original = _take(tables[source], lambda row: _exchange(row, plan["edits"]) is not None)
            tables[source].append(_twin(original, "near", "words", _exchange(original.row, plan["edits"])))
    _plant_cross_source(tables, **plan["cross_source"])
    unsafe = sharegpt([("user", plan["unsafe"]["user"]), ("assistant", plan["unsafe"]["assistant"])])
    _add(tables["therapy"], Draft("therapy", {"conversations": unsafe}, "unsafe", kind="screen"))
    for item in plan["languages"]:
        turns = [(("user", "assistant")[n % 2], text) for n, text in enumerate(item["turns"])]
        therapy = item["source"] == "therapy"
        row = {"conversations": sharegpt(turns)} if therapy else {"topic": "other", "messages": openai(turns)}
        _add(
            tables[item["source"]],
            Draft(item["source"], row, "languages", kind="language", value=item["language"]),
        )


def _plant_personal(tables: Tables, item: dict[str, str]) -> None:
    draft = _take(tables[item["source"]], lambda row: bool(_paths(row, item["at"])))
    path = _paths(draft.row, item["at"])[-1]
    *way, last = path.split(".")
    holder = draft.row
    for step in way:
        holder = holder[int(step)] if step.isdecimal() else holder[step]
    holder[last] += " " + item["text"].format(value=item["value"])
    draft.group, draft.field, draft.kind, draft.value = "personal", path, item["kind"], item["value"]


def _plant_broken(drafts: list[Draft], item: dict[str, str]) -> None:
    source, kind = item["source"], item["kind"]
    if kind == "not_json":
        _add(drafts, Draft(source, item["value"], "broken", kind=kind))
        return
    draft = _take(drafts, lambda row: True)
    draft.group, draft.kind, row = "broken", kind, draft.row
    if kind == "unknown_role":
        row["conversations"][1]["from"] = "narrator"
    elif kind == "empty_conversation":
        row["conversations"] = []
    elif kind == "no_assistant":
        row["messages"] = [turn for turn in row["messages"] if turn["role"] != "assistant"]
    elif kind == "missing_answer":
        row["answer"] = ""
    elif kind == "chosen_equals_rejected":
        row["rejected"] = row["chosen"]
    else:
        raise ValueError(f"planted.yaml: unknown kind of broken row {kind!r}")


def _plant_cross_source(tables: Tables, **plan: Any) -> None:
    for _ in range(plan["count"]):
        original = _take(tables[plan["from"]], lambda row: True)
        row = original.row
        turns = [("user", f"{row['title']}\n\n{row['question']}"), ("assistant", row["answer"])]
        twin = _twin(original, "near", "cross_source", {"topic": row["topic"], "messages": openai(turns)})
        twin.source = plan["to"]
        tables[twin.source].append(twin)


def _take(drafts: list[Draft], fits: Callable[[Row], bool]) -> Draft:
    """The first free row that fits, from now on taken; every fifth is tried first, so that topics mix."""
    for start in range(5):
        for draft in drafts[start::5]:
            if not draft.taken and fits(draft.row):
                draft.taken = True
                return draft
    raise LookupError("the demo's plan needs more rows than there are")


def _add(drafts: list[Draft], draft: Draft) -> None:
    draft.taken = True
    drafts.append(draft)


def _twin(original: Draft, group: str, kind: str, row: Any) -> Draft:
    return Draft(original.source, row, group, kind=kind, twin=original, taken=True)


def _paths(row: Row, at: str) -> list[str]:
    """The dotted paths of the texts of a role, or of a column."""
    if at in row:
        return [at]
    return [
        f"{column}.{number}.{text}"
        for column, role, text in _CHATS
        for number, turn in enumerate(row.get(column, ()))
        if turn[role] in _ROLES[at]
    ]


def _rewrite(value: Any, change: Callable[[str], str], key: str = "") -> Any:
    """A copy with every text changed; roles, ids and kept columns stay."""
    if isinstance(value, dict):
        return {k: _rewrite(v, change, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_rewrite(v, change) for v in value]
    return change(value) if key in _TEXT_KEYS else value


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


_DISGUISES: dict[str, Callable[[str], str]] = {
    "identical": str,
    "whitespace": lambda text: "  " + text.replace(". ", ".  ") + " \n",
    "unicode": _decomposed,
}


def _exchange(row: Row, words: dict[str, str]) -> Row | None:
    """A copy with a few words exchanged, or None where the row is too short or has too few of them."""
    left, length = _NEAR_EDITS, 0

    def change(text: str) -> str:
        nonlocal left, length
        length += len(text.split())
        for old, new in words.items():
            if left and re.search(rf"\b{old}\b", text):
                text, left = re.sub(rf"\b{old}\b", new, text, count=1), left - 1
                break
        return text

    changed = _rewrite(row, change)
    return None if left or length < _NEAR_WORDS else changed
