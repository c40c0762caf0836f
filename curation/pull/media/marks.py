"""What captions hold besides words: marks of a new speaker, names, sounds, invisible characters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

# Joiners (U+200C, U+200D) stay: words of some scripts need them.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")

_SOUNDS = (
    r"music|applause|laughter|laughs?|laughing|chuckl(?:es?|ing)|cheer(?:s|ing)|silence|inaudible|indistinct|crosstalk|coughs?"
    r"|coughing|sighs?|sighing|sobs?|sobbing|crying|cries|snorts?|sniffles?|gasps?|breath(?:es|ing)?|inhales?|exhales?|noise"
    r"|foreign|bell|beep|static|clears throat|clapping|whisper(?:s|ing)|groans?|screams?|phone|door|theme|intro|outro"
)
_SOUND = re.compile(rf"[\[(](?=[^\[\]()]*\b(?:{_SOUNDS})\b)[^\[\]()]{{1,60}}[\])]|♪+[^♪]*♪+|[♪♫]+", re.I)
_WHOLE = re.compile(r"\s*(?:\[[^\[\]]*\]|\([^()]*\)|[♪♫].*)\s*")
"""A line that is nothing but brackets, or sung: a sound, whatever its name."""
CENSORED = re.compile(r"\[\s*_+\s*\]")
"""How some captioners write a word that they will not; it stands for a word."""

_TURN = re.compile(r"(?:>{2,}|»)[ \t]*")
_NAME = re.compile(r"([A-Z][A-Z0-9 .'’-]{1,30}[A-Z0-9.]):(?=\s|$)\s*")
_DASH = re.compile(r"\s*[-–—]\s?(?=\S)")
_DASHED = re.compile(r"\s*[-–]\s?(?=[\"“'¿¡]?[A-Z])")
"""The same for a single line, where a dash may also go on with a sentence."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a caption: words, or a sound; `turn`: somebody else speaks from here, perhaps of this name."""

    text: str
    kind: Literal["speech", "noise"] = "speech"
    turn: bool = False
    speaker: str | None = None


def tidy(text: str) -> str:
    """Text as it would be typed: entities read, spaces plain and single, nothing invisible."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii() or not text.isprintable():
        text = _INVISIBLE.sub("", _ANSI.sub("", text))
    return " ".join(text.split())


def pieces(text: str) -> Iterator[Piece]:
    """The parts of a tidied text in order."""
    if not any(c in text for c in ">»[(♪♫:"):
        if text:
            yield Piece(text)
        return
    if _WHOLE.fullmatch(text) and not CENSORED.fullmatch(text.strip()):
        yield Piece(text.strip(), "noise")
        return
    place = 0
    for sound in _SOUND.finditer(text):
        yield from _turns(text[place : sound.start()])
        yield Piece(sound[0].strip(), "noise")
        place = sound.end()
    yield from _turns(text[place:])


def _turns(text: str) -> Iterator[Piece]:
    """What is spoken, parted where the speaker changes. A name in capitals counts only at the beginning of a turn."""
    first, *others = _TURN.split(text)
    if name := _NAME.match(first.lstrip()):
        yield Piece(first.lstrip()[name.end() :].strip(), turn=True, speaker=name[1].strip())
    elif first.strip():
        yield Piece(first.strip())
    for other in others:
        name = _NAME.match(other)
        yield Piece(other[name.end() if name else 0 :].strip(), turn=True, speaker=name[1].strip() if name else None)


def turned(lines: Sequence[str]) -> list[str]:
    """The lines of a cue; where they begin with a dash, which is how two speakers share a cue, marks instead."""
    dash = _DASH if len(lines) > 1 else _DASHED
    if lines and all(dash.match(line) for line in lines):
        return [">> " + dash.sub("", line, count=1) for line in lines]
    return list(lines)
