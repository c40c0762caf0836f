"""What an adapter leaves unread, and what a person should know about the columns before they say yes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from curation.pull import vocabulary as words
from curation.pull.look import Declared
from curation.pull.sample import Profile, Sample
from curation.pull.vocabulary import plain_name

_PERSONAL_VALUE = re.compile(r"[\w.+-]+@[\w-]+\.\w+|https?://|\bwww\.|\+?\d[\d ()/-]{8,}\d")
_LONG_CELL = 100_000
_MOST_KEPT_CHARACTERS = 60
_CONDITIONAL = ("kind", "markers", "roles", "sections", "role_key", "content_key", "reasoning_key", "preamble")


def used_columns(declared: Mapping[str, Any]) -> set[str]:
    """The columns that an adapter names."""
    found: set[str] = set()
    for key, value in declared.items():
        if key not in _CONDITIONAL:
            found |= {value} if isinstance(value, str) else set(value)
    return found


def with_keep(sample: Sample, declared: Declared) -> Declared:
    """The adapter with `keep`: short columns that say what a row is about or how it was judged, none of a person."""
    used = used_columns(declared)
    kept = [
        name
        for name in _leaves(sample)
        if name not in used
        and (plain_name(name) in words.KEEP or judges(name))
        and sample.columns[name].kind in ("text", "number", "bool", "mixed")
        and sample.columns[name].filled >= 0.5
        and sample.columns[name].length <= _MOST_KEPT_CHARACTERS
        and not personal(sample.columns[name])
        and (declared["kind"] != "rows" or _one_each(sample, name, declared["group_by"]))
    ]
    return {**declared, "keep": kept} if kept else declared


def judges(name: str) -> bool:
    """Does a column of this name judge or label its row?"""
    return words.JUDGEMENT.search(plain_name(name)) is not None


def _one_each(sample: Sample, name: str, group: str) -> bool:
    """Has every conversation one value of this column?"""
    pairs = zip(sample.columns[group].values, sample.columns[name].values, strict=True)
    values: dict[str, set[str]] = {}
    for conversation, value in pairs:
        values.setdefault(str(conversation), set()).add(str(value))
    return all(len(v) == 1 for v in values.values())


def personal(profile: Profile) -> bool:
    """May this column tell who someone is, by its name or by what stands in it?"""
    if profile.kind == "empty":
        return False
    if words.PERSONAL.search(plain_name(profile.name)) and not words.IMPERSONAL.search(plain_name(profile.name)):
        return True
    return profile.kind == "text" and profile.share(_PERSONAL_VALUE) > 0.2


def unread(sample: Sample, declared: Mapping[str, Any]) -> tuple[str, ...]:
    """Columns that hold something and that the adapter does not name."""
    used = used_columns(declared)
    return tuple(n for n in _leaves(sample) if n not in used and sample.columns[n].kind != "empty")


def warnings(sample: Sample, declared: Mapping[str, Any]) -> Iterator[str]:
    """What a person should look at before they accept this adapter."""
    left = unread(sample, declared)
    kept = declared.get("keep", ())
    for name in (*left, *kept):
        if judges(name):
            fate = "is only kept in meta" if name in kept else "is not read"
            yield f"'{name}' judges or labels the rows and {fate}: the adapter makes no use of it"
    title = next((n for n in left if plain_name(n) in words.TITLE), None)
    if title:
        yield f"'{title}' looks like a title and is not read"
    who = [n for n in left if personal(sample.columns[n])]
    if who:
        yield f"may hold personal data and are not kept: {', '.join(who[:8])}"
    rendered = [n for n in left if _renders(sample, n, declared)]
    for name in rendered:
        yield f"'{name}' is the same conversation as one text and is not read"
    for name in left:
        profile = sample.columns[name]
        if profile.kind == "text" and profile.length > 100 and name not in (*rendered, *who, title):
            yield f"'{name}' holds long texts and is not read"
    texts = [sample.columns[n] for n in used_columns(declared) if n in sample.columns]
    longest = max((len(v) for p in texts for v in p.spelled), default=0)
    if longest > _LONG_CELL:
        yield f"the longest value read has {longest} characters"
    yield from _repetitions(sample, declared)
    for name in sample.doubled:
        yield f"two columns are called '{name}'; the first is read"


def _leaves(sample: Sample) -> list[str]:
    """Columns, and of objects their fields instead."""
    inner = {name.rpartition(".")[0] for name in sample.columns if "." in name and name not in sample.top}
    return [name for name in sample.columns if name not in inner]


def _renders(sample: Sample, name: str, declared: Mapping[str, Any]) -> bool:
    """Does a text hold the answer of its row once more?"""
    answer = declared.get("assistant")
    if not isinstance(answer, str) or sample.columns[name].kind != "text":
        return False
    pairs = [
        (whole, part)
        for whole, part in zip(sample.columns[name].values, sample.columns[answer].values, strict=True)
        if isinstance(whole, str) and isinstance(part, str)
    ]
    return bool(pairs) and sum(b.strip() in a and len(a) > len(b) for a, b in pairs) > 0.8 * len(pairs)


def _repetitions(sample: Sample, declared: Mapping[str, Any]) -> Iterator[str]:
    if declared["kind"] == "rows":
        return
    used = sorted(used_columns(declared) - set(declared.get("keep", ())))
    columns = [sample.columns[n].values for n in used if n in sample.columns]
    again = _again(columns)
    if again:
        yield f"{again} of the {sample.rows} sampled rows say the same as an earlier one"
    asks = declared.get("user") or declared.get("prompt")
    asked = [sample.columns[n].values for n in ([asks] if isinstance(asks, str) else asks or ()) if n in sample.columns]
    asked_again = _again(asked) - again if asked else 0
    if asked_again > 0.1 * sample.rows:
        yield f"{asked_again} more ask what an earlier one asks; such rows fall on one side of a split"


def _again(columns: list[tuple[Any, ...]]) -> int:
    counts = Counter(orjson.dumps(row, default=str) for row in zip(*columns, strict=True))
    return sum(counts.values()) - len(counts)
