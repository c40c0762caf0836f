"""WebVTT: cues as somebody wrote them, and those of recognisers, which roll the same line over the screen again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curation.pull.media.marks import tidy
from curation.pull.media.segments import Segment, Token, Unreadable, from_cue, from_tokens

HOLD_MS = 20
"""A cue this short only holds finished lines on the screen between two others."""
_ABUTS_MS = 50

_STAMP = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})"
_TIMES = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}")
_INLINE = re.compile(rf"<{_STAMP}>")
# Only what is a tag: "I <3 you" is spoken.
_TAG = re.compile(r"</?(?:c|i|b|u|v|lang|ruby|rt|font)(?:[.\s][^<>]*)?>|<(?:\d+:)?\d\d?:\d\d\.\d{3}>", re.I)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]+)>", re.I)
_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue as it stands in the file."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def read(data: bytes) -> list[Segment]:
    """The segments of a track.

    Raises:
        Unreadable: it is no WebVTT.
    """
    text = data.decode("utf-8-sig", errors="replace")
    if "WEBVTT" not in text[:200]:
        raise Unreadable("no WEBVTT at its beginning")
    return from_cues(list(cues(text)))


def from_cues(found: Sequence[Cue]) -> list[Segment]:
    """The segments of cues: taken apart word by word where they roll, and left as they are where they do not."""
    if rolls(found):
        return list(from_tokens(_rolled(found)))
    return [segment for cue in found for segment in _written(cue)]


def cues(text: str) -> Iterator[Cue]:
    """The cues of a file; notes, styles and whatever is no cue are passed over.

    A line of spaces does not end a cue: recognisers pad theirs with such lines.
    """
    lines = _LINE.split(text)
    place, last = 0, len(lines)
    while place < last:
        times = _TIMES.match(lines[place]) if "-->" in lines[place] else None
        place += 1
        if times is None:
            continue
        start = place
        while place < last and lines[place] != "" and "-->" not in lines[place]:
            place += 1
        end = place
        # An identifier may stand right above the next times where the empty line between them is missing.
        if place < last and "-->" in lines[place] and end > start and lines[end - 1].strip().isdecimal():
            end -= 1
        begins, ends = _ms(times.groups()[:4]), _ms(times.groups()[4:])
        yield Cue(begins, max(begins, ends), tuple(lines[start:end]))


def rolls(found: Sequence[Cue]) -> bool:
    """Do cues show again what cues before them showed? Only what recognisers write has word times or holds lines."""
    if any("<" in line and _INLINE.search(line) for cue in found for line in cue.lines):
        return True
    held = sum(cue.end_ms - cue.start_ms <= HOLD_MS for cue in found)
    return len(found) >= 4 and held >= len(found) / 4


def _rolled(found: Sequence[Cue]) -> Iterator[Token]:
    """Every word once, when it was first shown.

    A line that stood on the screen before is carried over, once for each time it stood there; so what somebody says
    twice stays twice. What is new stands in the last line, so that a last line below another is never carried over.
    """
    shown: list[str] = []
    ended = 0
    for cue in found:
        lines = [(place, line, plain) for place, line in enumerate(cue.lines) if (plain := tidy(_TAG.sub("", line)))]
        left = list(shown)
        hold = cue.end_ms - cue.start_ms <= HOLD_MS
        abuts = cue.start_ms <= ended + _ABUTS_MS
        bottom = len(cue.lines) - 1
        for place, line, plain in lines:
            timed = "<" in line and _INLINE.search(line) is not None
            lowest = place == bottom and place > 0 and not hold
            if not timed and plain in left and (hold or (abuts and not lowest)):
                left.remove(plain)
                continue
            yield from _words(line, cue)
        shown = [plain for _, _, plain in lines]
        ended = max(ended, cue.end_ms)


def _words(line: str, cue: Cue) -> Iterator[Token]:
    """The words of a line with their times, which stand before each but the first."""
    start, place = cue.start_ms, 0
    spans: list[tuple[int, str]] = []
    for stamp in _INLINE.finditer(line):
        spans.append((start, line[place : stamp.start()]))
        start, place = _ms(stamp.groups()), stamp.end()
    spans.append((start, line[place:]))
    for begins, piece in spans:
        if text := tidy(_TAG.sub("", piece)):
            yield Token(begins, max(cue.end_ms, begins), text)


def _written(cue: Cue) -> Iterator[Segment]:
    """The segments of a cue that somebody wrote, one for each voice."""
    if not any("<v" in line or "<V" in line for line in cue.lines):
        lines = [plain for line in cue.lines if (plain := tidy(_TAG.sub("", line)))]
        yield from from_cue(cue.start_ms, cue.end_ms, lines)
        return
    first, *rest = _VOICE.split("\n".join(cue.lines))
    voices = [(None, first), *zip(rest[::2], rest[1::2], strict=True)]
    for name, said in voices:
        lines = [plain for line in said.split("\n") if (plain := tidy(_TAG.sub("", line)))]
        yield from from_cue(cue.start_ms, cue.end_ms, lines, tidy(name) if name else None)


def _ms(groups: Sequence[str | None]) -> int:
    hours, minutes, seconds, rest = (int(part or 0) for part in groups)
    return min(((hours * 60 + minutes) * 60 + seconds) * 1000 + rest, 2**31 - 1)
