"""A conversation as one text that people mark and edit, and the way back to its turns.

Above each turn stands a line such as `[2 assistant]`. A line of a turn that looks like one gets a backslash in front,
so that the text can always be taken apart again: nothing else has to be stored to find the turns in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from curation.core.records import ROLES

COLUMNS = ("messages", "chosen", "rejected")

_HEAD = re.compile(rf"\[(?:(chosen|rejected) )?([0-9]+) ({'|'.join(ROLES)})\]")
# Blanks at the end of such a line get lost on the way through a browser.
_ESCAPED = re.compile(rf"(?m)^(?=\\*{_HEAD.pattern}[^\S\n]*$)")
_UNESCAPED = re.compile(rf"(?m)^\\(?=\\*{_HEAD.pattern}[^\S\n]*$)")
_LINE = re.compile(rf"(?m)^{_HEAD.pattern}$")
_BETWEEN = "\n\n"


@dataclass(frozen=True)
class Part:
    """One turn in a flattened text.

    Attributes:
        column: the column of the record that it stands in.
        turn: its number there, from 0.
        role: who speaks.
        start: where its text begins in the flattened one.
        text: what stands there, backslashes included.
    """

    column: str
    turn: int
    role: str
    start: int
    text: str

    @property
    def end(self) -> int:
        """Where its text ends in the flattened one."""
        return self.start + len(self.text)

    @cached_property
    def content(self) -> str:
        """The text of the turn itself."""
        return _UNESCAPED.sub("", self.text)

    @cached_property
    def _removed(self) -> list[int]:
        return [match.start() for match in _UNESCAPED.finditer(self.text)]

    def inside(self, place: int) -> int:
        """A place in the flattened text as a place in the turn, the nearest where it lies outside."""
        own = min(max(place - self.start, 0), len(self.text))
        return own - bisect_right(self._removed, own - 1)

    def outside(self, place: int) -> int:
        """A place in the turn as a place in the flattened text."""
        for removed in self._removed:
            place += removed <= place
        return self.start + place


def flatten(row: Mapping[str, Any], columns: Sequence[str] = COLUMNS) -> str:
    """The turns of a record as one text."""
    said: list[str] = []
    for column in columns:
        for number, turn in enumerate(row.get(column) or (), start=1):
            head = f"[{number} {turn['role']}]" if column == "messages" else f"[{column} {number} {turn['role']}]"
            said.append(f"{head}\n" + _ESCAPED.sub(r"\\", turn["content"] or ""))
    return _BETWEEN.join(said)


@dataclass(frozen=True)
class Transcript:
    """A flattened text, taken apart."""

    text: str
    parts: tuple[Part, ...] = field(default=())

    @classmethod
    def of(cls, text: str) -> Transcript:
        """Take a text apart that `flatten` made."""
        heads = list(_LINE.finditer(text))
        parts = []
        for place, head in enumerate(heads):
            start = min(head.end() + 1, len(text))
            end = heads[place + 1].start() - len(_BETWEEN) if place + 1 < len(heads) else len(text)
            parts.append(Part(head[1] or "messages", int(head[2]) - 1, head[3], start, text[start : max(start, end)]))
        return cls(text, tuple(parts))

    def part(self, column: str, turn: int) -> Part | None:
        """The place of a turn."""
        return next((p for p in self.parts if (p.column, p.turn) == (column, turn)), None)

    def mark(self, spans: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Spans of the flattened text as spans of turns, in their order; one over several turns becomes several.

        What lies in no turn (the lines above turns) is left out.
        """
        found = []
        for span in spans:
            for part in self.parts:
                low, high = max(span["start"], part.start), min(span["end"], part.end)
                if low < high:
                    start, end = part.inside(low), part.inside(high)
                    if start < end:
                        found.append(
                            {
                                "column": part.column,
                                "turn": part.turn,
                                "start": start,
                                "end": end,
                                "label": span["label"],
                            }
                        )
        return sorted(found, key=lambda s: (COLUMNS.index(s["column"]), s["turn"], s["start"], s["end"], s["label"]))


def read_edited(text: str) -> list[dict[str, str]] | None:
    """The turns of a text that a person edited; None where it cannot be taken apart into turns.

    The numbers above the turns need not be right any more, and blank lines around turns say nothing.
    """
    text = text.replace("\r\n", "\n").replace("\xa0", " ")
    lines = [line.rstrip() if _LINE.fullmatch(line.rstrip()) else line for line in text.split("\n")]
    parts = list(_LINE.finditer("\n".join(lines)))
    text = "\n".join(lines)
    if not parts or text[: parts[0].start()].strip() or any(head[1] for head in parts):
        return None
    ends = [head.start() for head in parts[1:]] + [len(text)]
    turns = [
        {"role": head[3], "content": _UNESCAPED.sub("", text[head.end() : end].strip("\n"))}
        for head, end in zip(parts, ends, strict=True)
    ]
    return turns if all(turn["content"].strip() for turn in turns) else None


def same_turns(one: Iterable[Mapping[str, Any]], other: Iterable[Mapping[str, Any]]) -> bool:
    """Do two lists of turns say the same, blanks aside?"""

    def bare(turns: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
        return [(turn["role"], " ".join((turn["content"] or "").split())) for turn in turns]

    return bare(one) == bare(other)
