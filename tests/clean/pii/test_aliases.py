"""Who is who: 50 conversations with the placeholders they are to have, written from the issue's words alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from curation.clean.pii.find import Search
from curation.clean.pii.finding import LABELS
from curation.clean.pii.replace import Policy, Spot, replace

CASES = [
    json.loads(line) for line in (Path(__file__).parents[1] / "gold" / "aliases.jsonl").read_text("utf-8").splitlines()
]
MARK = re.compile(r"\{(\d+):(.*?)\}", re.S)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']} {case['about']}")
def test_a_person_has_one_placeholder_in_a_conversation(case) -> None:  # type: ignore[no-untyped-def]
    texts = [MARK.sub(r"\2", turn) for turn in case["turns"]]
    search = Search("rules")
    found = search.find(texts)
    search.spread(texts, found, "a:0000000000000001:0")
    spots = [Spot("messages", turn, text, there) for turn, (text, there) in enumerate(zip(texts, found, strict=True))]
    made = replace(spots, "a:0000000000000001:0", Policy(dict.fromkeys(LABELS, "placeholder"), b"k" * 32, "rules"))
    assert made[0] == [MARK.sub(r"[PERSON_\1]", turn) for turn in case["turns"]]


def test_there_are_50_cases() -> None:
    assert len(CASES) == 50
