"""Search for danger in texts: which rules match through RE2, then where, and what the context leaves of it.

Each rule is its own automaton: a union of all is too large for RE2 to keep its states, and a hundred times slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.texts import valid_utf8
from curation.tag.risk import context
from curation.tag.risk.rules import FLAGS, Rule, mend, minor, rules

MOST = 50
"""Findings kept of one text, highest level first: enough to see why, whatever the text is made of."""


@dataclass(frozen=True)
class Finding:
    """One place in a text: characters from `start` up to `end`, what it is worth there, and what lowered it."""

    start: int
    end: int
    rule: str
    flag: str
    level: int
    lowered: str


def find(texts: pa.StringArray, assistant: npt.NDArray[np.bool_]) -> list[list[Finding]]:
    """What each text holds, by place; nothing for a null.

    Args:
        texts: as they were written.
        assistant: which of them the one who answers said.
    """
    found: list[list[Finding]] = [[] for _ in range(len(texts))]
    folded = fold(texts)
    spots: dict[int, list[Rule]] = {}
    for rule in rules():
        for row in np.flatnonzero(_matches(folded, rule)).tolist():
            spots.setdefault(row, []).append(rule)
    plain = folded.take(pa.array(sorted(spots), pa.int64())).to_pylist()
    for row, text in zip(sorted(spots), plain, strict=True):
        found[row] = _look(text, spots[row], bool(assistant[row]))
    return found


def fold(texts: pa.Array) -> pa.Array:
    """Texts in the spelling that the patterns are written for, character by character as long as before."""
    texts = pc.utf8_lower(valid_utf8(texts))
    wide = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    if wide.true_count:
        some = texts.filter(wide)
        for old, new in (
            ("\u2019", "'"),
            ("\u2018", "'"),
            ("\u00b4", "'"),
            ("\u00a0", " "),
            ("\u201c", '"'),
            ("\u201d", '"'),
        ):
            some = pc.replace_substring(some, old, new)
        texts = pc.replace_with_mask(texts, wide, some)
    return texts


def _matches(texts: pa.Array, rule: Rule) -> npt.NDArray[np.bool_]:
    try:
        found = pc.match_substring_regex(texts, rule.pattern)
    except pa.ArrowInvalid:
        raise mend(rule) from None
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), np.bool_)


def _look(text: str, some: Sequence[Rule], assistant: bool) -> list[Finding]:
    text = context.blank(text)
    bounds = context.sentences(text)
    made: list[Finding] = []
    for rule in some:
        place = 0
        for match in rule.compiled.finditer(text):
            while bounds[place][1] <= match.start():
                place += 1
            level, lowered = context.settle(rule, text, bounds[place], match.span(), assistant)
            made.append(Finding(*match.span(), rule.id, rule.flag, level, lowered))
    made = [one for one in made if one.level]
    if any(one.level > 1 for one in made) and (young := minor().compiled.search(text)):
        made.append(Finding(*young.span(), "minor", "minor", 1, ""))
    made.sort(key=lambda one: (-one.level, one.start, one.end, one.rule))
    return sorted(made[:MOST], key=lambda one: (one.start, one.end, one.rule))


def flags_of(findings: Sequence[Finding]) -> list[str]:
    """The flags of findings: what is present, or over and the speaker's own; not what was asked, taught or denied."""
    given = {one.flag for one in findings if one.level > 1 or one.lowered in ("", "past")}
    return [flag for flag in FLAGS if flag in given]
