"""Conversations that are one text, with markers that show who speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import OwnMarkers, Text
from curation.pull.reading import role_indices
from curation.pull.turns import ASSISTANT, SYSTEM, UNKNOWN, USER, Ints, Mask, TurnLists
from curation.pull.values import blank

SECTIONS: Mapping[str, str] = {
    "context": "system",
    "system": "system",
    "instruction": "user",
    "input": "user",
    "human": "user",
    "user": "user",
    "response": "assistant",
    "output": "assistant",
    "assistant": "assistant",
}
"""Section names of the Alpaca prompt and its kin, by the role they mean."""

SPEAKERS: Mapping[str, str] = {"system": "system", "human": "user", "user": "user", "assistant": "assistant"}

_LLAMA2 = {"[INST]": "user", "[/INST]": "assistant", "<<SYS>>": "system", "<</SYS>>": "user"}

# Written between the pieces of a text while it is taken apart: no character that people write.
_START, _END = "\x1e", "\x1f"

_ENDS = r"(?:<\|im_end\|>|<\|endoftext\|>|</?s>|\s)*"
_STRAY = r"<\|im_(?:start|end)\|>|</?s>|\[/?INST\]|<</?SYS>>"
_HEADING = r"#{3}[ \t]*\w[\w ]{0,30}:"


@dataclass(frozen=True)
class _Pieces:
    """Texts cut at their markers: the row, the marker's name and the text of each piece.

    `first` is what stands before the first marker of each row, `broken` the rows that cannot be taken apart.
    """

    rows: Ints
    names: pa.StringArray
    bodies: pa.StringArray
    first: pa.StringArray
    outside: Mask
    broken: Mask


@dataclass(frozen=True)
class Parsed:
    """What texts became: their turns, rows without any marker, and rows with text that belongs to nobody."""

    turns: TurnLists
    unmarked: Mask
    outside: Mask


def parse(texts: pa.StringArray, adapter: Text) -> Parsed:
    """The turns of texts with markers; the white space around them belongs to the markers.

    Named markers are cut by RE2, which takes linear time; an own expression is Python's, row by row.
    """
    markers, size = adapter.markers, len(texts)
    texts = pc.fill_null(texts, "")
    own = {name.strip().lower(): role for name, role in adapter.sections.items()}
    if isinstance(markers, OwnMarkers):
        pieces, known = _by_own(texts, re.compile(markers.turn)), {**SPEAKERS, **own}
    elif markers == "chatml":
        pieces, known = _cut(texts, r"<\|im_start\|>[ \t]*(\w*)"), {**SPEAKERS, **own}
    elif markers == "llama2":
        pieces, known = _cut(texts, r"(\[/?INST\]|<</?SYS>>)"), {n.lower(): r for n, r in _LLAMA2.items()}
    elif markers == "human_assistant":
        known = {**SPEAKERS, **own}
        said = "|".join(re.escape(form) for form in _forms(adapter.sections))
        pieces = _cut(texts, rf"(?m)<({said})>[ \t]*:?|^[ \t]*({said})[ \t]*:")
    else:
        known = {**SECTIONS, **own}
        said = "|".join(re.escape(name) for name in known)
        pieces = _cut(texts, rf"(?im)#{{2,}}[ \t]*({said})[ \t]*:|^[ \t]*#{{2,}}[ \t]*({said})[ \t]*$")
    roles = role_indices(pieces.names, {role: [n for n, r in known.items() if r == role] for role in known.values()})
    outside = pieces.outside.copy()
    bodies, empty = pieces.bodies, blank(pieces.bodies)
    keep = np.ones(len(roles), bool)
    if markers in ("chatml", "llama2"):
        # What follows an end mark, and a mark inside a text, belongs to nobody.
        outside |= _rows_of(pieces.rows, pc.match_substring_regex(bodies, _STRAY), size)
    if markers == "llama2":
        follows = np.full(len(roles), -1)
        follows[:-1] = np.where(pieces.rows[1:] == pieces.rows[:-1], roles[1:], -1)
        keep = ~(empty & (roles == USER) & np.isin(follows, (SYSTEM, USER)))
    elif markers == "alpaca_sections":
        keep = ~empty
        # A heading inside an answer is the answer's; anywhere else it may open a part that nobody declared.
        strange = pc.match_substring_regex(bodies, _HEADING).to_numpy(zero_copy_only=False) & (roles != ASSISTANT)
        roles = np.where(strange, UNKNOWN, roles).astype(np.int8)
    before = ~blank(pieces.first)
    unmarked = np.bincount(pieces.rows, minlength=size) == 0
    rows, bodies, roles = pieces.rows[keep], bodies.filter(pa.array(keep)), roles[keep]
    if adapter.preamble == "reject":
        outside |= before & ~unmarked
    elif adapter.preamble == "system":
        front = before & ~unmarked
        order = np.argsort(np.concatenate([np.flatnonzero(front), rows]), kind="stable")
        bodies = pa.concat_arrays([pieces.first.filter(pa.array(front)), bodies]).take(pa.array(order))
        roles = np.concatenate([np.full(int(front.sum()), SYSTEM, np.int8), roles])[order]
        rows = np.concatenate([np.flatnonzero(front), rows])[order]
    turns = TurnLists(np.bincount(rows, minlength=size), roles, bodies, None, pieces.broken)
    return Parsed(turns, unmarked & ~pieces.broken, outside)


def _forms(own: Iterable[str]) -> list[str]:
    """Names of speakers capitalised and in capitals, own ones also as written; the longest first."""
    forms = {form for name in (*SPEAKERS, *own) for form in (name.capitalize(), name.upper())} | set(own)
    return sorted(forms, key=lambda form: (-len(form), form))


def _rows_of(rows: Ints, turns: pa.BooleanArray, size: int) -> Mask:
    return np.bincount(rows[turns.to_numpy(zero_copy_only=False)], minlength=size) > 0


def _cut(texts: pa.StringArray, marker: str) -> _Pieces:
    """Cut texts at the matches of an expression whose groups hold the name."""
    size = len(texts)
    odd = pc.match_substring_regex(texts, f"[{_START}{_END}]")
    texts = pc.if_else(odd, "", texts)
    groups = "".join(rf"\{n + 1}" for n in range(re.compile(marker).groups))
    marked = pc.replace_substring_regex(texts, marker, f"{_START}{groups}{_END}")
    split = pc.split_pattern(marked, _START)
    counts = split.value_lengths().to_numpy()
    flat, starts = split.flatten(), np.cumsum(counts) - counts
    is_first = np.zeros(len(flat), bool)
    is_first[starts] = True
    halves = pc.split_pattern(flat.filter(pa.array(~is_first)), _END).flatten()
    even = np.arange(0, len(halves), 2)
    rows = np.repeat(np.arange(size), counts - 1)
    return _Pieces(
        rows,
        halves.take(pa.array(even)),
        _trimmed(halves.take(pa.array(even + 1))),
        _trimmed(flat.filter(pa.array(is_first))),
        np.zeros(size, bool),
        odd.to_numpy(zero_copy_only=False),
    )


def _trimmed(texts: pa.StringArray) -> pa.StringArray:
    """Without white space and end marks around them."""
    texts = pc.replace_substring_regex(texts, f"{_ENDS}$", "", max_replacements=1)
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"^(?:<s>|<\|begin_of_text\|>|\s)+", ""))


def _by_own(texts: pa.StringArray, turn: re.Pattern[str]) -> _Pieces:
    rows: list[int] = []
    names: list[str] = []
    bodies: list[str] = []
    first: list[str] = []
    outside = np.zeros(len(texts), bool)
    for row, text in enumerate(texts.to_pylist()):
        found = list(turn.finditer(text))
        first.append(text[: found[0].start()].strip() if found else "")
        ends = [*(match.start() for match in found), len(text)][1:]
        for match, end in zip(found, ends, strict=True):
            rows.append(row)
            names.append(match["role"] or "")
            after = text[match.end() : end].strip()
            if "body" in turn.groupindex:
                bodies.append((match["body"] or "").strip())
                outside[row] |= bool(after)
            else:
                bodies.append(after)
    return _Pieces(
        np.array(rows, np.int64),
        pa.array(names, pa.string()),
        pa.array(bodies, pa.string()),
        pa.array(first, pa.string()),
        outside,
        np.zeros(len(texts), bool),
    )
