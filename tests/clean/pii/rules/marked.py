"""Sentences with marks, `I live in {LOCATION:Whitby}.`, and what rules find in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.settle import settle

_MARK = re.compile(r"\{([A-Z]+):([^}]*)\}")


def plain(sentence: str) -> str:
    """The sentence without its marks."""
    return _MARK.sub(r"\2", sentence)


def marks(sentence: str) -> list[tuple[str, str]]:
    """What is marked: label and value, in reading order."""
    return _MARK.findall(sentence)


def found(text: str, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """What the rules find: label and value, in reading order. Each gate has to open for what its rule finds."""
    candidates = []
    for rule in rules:
        hits = list(rule.search(text))
        if hits:
            opened = pc.match_substring_regex(pa.array([text]), rule.gate)[0].as_py()
            assert opened, f"the gate of {rule.name} is shut for {text!r}"
            assert {hit.label for hit in hits} <= rule.labels
        candidates += hits
    return [(one.label, text[one.start : one.end]) for one in settle(text, candidates)]
