"""Adapters that could fit a sample: which rules are asked, and which of them rule out others.

A rule looks at names and at values; neither alone is enough, and a file's name is never looked at. Whoever cannot be
told apart from data that are no conversation is left out: the person at the terminal can write the adapter.
"""

from __future__ import annotations

import re
from typing import Any

from curation.pull import vocabulary as words
from curation.pull.candidates_text import questions, rows, texts
from curation.pull.candidates_turns import preferences, turns, unpaired
from curation.pull.look import Candidate, Look
from curation.pull.sample import Sample
from curation.pull.vocabulary import plain_name

_CALLS = re.compile(r"<tool_call>|<functioncall>|<\|tool_call|\[TOOL_CALLS\]")


def candidates(sample: Sample) -> tuple[list[Candidate], list[str]]:
    """What could fit, and what was noticed besides.

    Two answers side by side rule out everything but a preference adapter, a judgement beside an answer everything but
    an unpaired one, calls of tools everything.
    """
    look = Look(sample)
    if not sample.rows:
        look.notes.append("there is no row to look at")
        return [], look.notes
    if calls_tools(look):
        return [], look.notes
    pairs, paired = preferences(look)
    if pairs or paired:
        return pairs, look.notes
    talks = turns(look)
    judged = unpaired(look, talks)
    if judged:
        return judged, look.notes
    spoken = rows(look)
    asked = questions(look)
    marked = texts(look) if not (talks or asked) else []
    return [*talks, *spoken, *asked, *marked], look.notes


def calls_tools(look: Look) -> bool:
    """Do more than a few rows call tools? No record can hold a call, and without it the conversation is another."""
    rows: set[int] = set()
    for name, profile in look.sample.columns.items():
        tools = plain_name(name) in words.TOOLS and "." not in name
        for place, value in enumerate(profile.values):
            if value is not None and ((tools and str(value).strip().lower() not in ("none", "null")) or _calls(value)):
                rows.add(place)
    share = len(rows) / look.sample.rows
    if rows:
        look.notes.append(
            f"{len(rows)} of {look.sample.rows} rows offer or call tools; a record holds no call, so no adapter is "
            "faithful to them"
        )
    return share > 0.05


def _calls(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_CALLS.search(value))
    turns = value if isinstance(value, list) else [value]
    return any(
        isinstance(turn, dict)
        and (
            any(turn.get(key) for key in ("tool_calls", "function_call"))
            or any(str(turn.get(key)).lower() in words.CALL_ROLES for key in words.ROLE_KEYS)
        )
        for turn in turns
    )
