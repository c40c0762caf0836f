"""What taggers found is told in lines a person can read, never as Python's own notation."""

from __future__ import annotations

from typing import Any

import pytest

from curation.commands.show_tags import TAGS

SIDE = {"turns": 3, "first": -0.4, "last": 0.25, "delta": 0.65, "slope": 0.3, "spread": 0.2, "lowest": 0, "recovery": 2}
NOTHING = {"value": None, "n_evidence": 0, "method": None, "instrument": None, "version": None}
PROXY = {"value": 0.5, "n_evidence": 4, "method": "proxy", "instrument": "rules", "version": 1}
SPAN: dict[str, Any] = {"column": "messages", "turn": 0, "start": 8, "end": 19, "flag": "self_harm", "level": 1}
UNREAD = dict.fromkeys(("level", "flags", "by", "turns", "spans"))


@pytest.mark.parametrize(
    ("name", "tag", "lines"),
    [
        ("emotion", {"model": "m", "turns": [{"labels": ["joy"]}, {"labels": None}]}, ["emotion (m): joy | -"]),
        ("arc", {"client": None, "assistant": None, "missing": "few_turns"}, ["arc: none (few_turns)"]),
        (
            "arc",
            {"client": SIDE, "assistant": None, "missing": None},
            ["arc of client: valence -0.40 to +0.25 in 3 turns"],
        ),
        (
            "empathy",
            {
                "model": "h",
                "quality": "",
                "turns": [{"explorations": {"level": 2}, "missing": None}, {"explorations": None, "missing": "role"}],
            },
            ["empathy (h): explorations 2 | -"],
        ),
        (
            "strategies",
            {"models": ["h"], "turns": [{"support": {"label": "question"}, "client": None}]},
            ["strategies (h): question"],
        ),
        ("eq", {"emotional_awareness": NOTHING}, ["eq: nothing can be said"]),
        (
            "eq",
            {"emotional_awareness": PROXY, "social_cognition": NOTHING},
            ["eq:", "  emotional awareness 0.50 (by proxy, on 4)"],
        ),
        ("risk", {**UNREAD, "why": "language de"}, ["not screened for risk (language de)"]),
        (
            "risk",
            {
                "level": 2, "flags": ["self_harm"], "why": None, "by": "patterns", "turns": [],
                "spans": [{**SPAN, "rule": "sh.want-die", "lowered": "negated"}],
            },
            ["risk 2 self_harm (by patterns)", "  messages turn 0, 8-19: sh.want-die, level 1, lowered: negated"],
        ),
    ],
)  # fmt: skip
def test_a_tag_is_told(name: str, tag: dict[str, Any], lines: list[str]) -> None:
    assert TAGS[name](tag) == lines
