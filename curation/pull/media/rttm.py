"""Who speaks when, as a diarisation wrote it down beside a recording: RTTM, and the segments that it gives speakers.

Whatever tells speakers apart is a program of its own; all that is read here is its table, a line for each stretch:
`SPEAKER recording 1 start length <NA> <NA> name <NA> <NA>`, in seconds.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from curation.core import files
from curation.core.errors import ProjectError
from curation.pull.media.marks import tidy

NEAR_MS = 500
"""A word outside every stretch belongs to the nearest one, if that is no farther off."""
_MOST_S = 1e6
_MOST_NAME = 100
_FIELDS = 8
# What programs call people whom they do not know: the same label is somebody else in the next recording.
_LABEL = re.compile(r"(?:speaker|spk|s)?[ _-]*\d+|[A-Z]", re.I)
# Lines of the format that say nothing of who speaks.
_OTHER = frozenset(
    "SPKR-INFO NOSCORE NO_RT_METADATA NON-SPEECH NON-LEX LEXEME SEGMENT FILLER EDIT IP CB SU A/P".split()
)


class Stretch(NamedTuple):
    """Somebody speaks for a while."""

    start_ms: int
    end_ms: int
    speaker: str


def read(path: Path, shown: str) -> list[Stretch]:
    """The stretches of a file, in order of time.

    Args:
        path: the file.
        shown: its name in messages; what it holds before the end of the name tells labels of recordings apart.

    Raises:
        ProjectError: it is no RTTM, holds nobody, or is of more than one recording.
    """
    with files.os_errors(path):
        data = path.read_bytes()
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise _broken("not UTF-8", shown) from None
    found: list[Stretch] = []
    recordings: set[str] = set()
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0].startswith(";") or fields[0] in _OTHER:
            continue
        where = f"{shown}:{number}"
        if fields[0] != "SPEAKER" or len(fields) < _FIELDS:
            raise _broken("not a line 'SPEAKER recording 1 start length <NA> <NA> name'", where)
        start, length = _seconds(fields[3], where), _seconds(fields[4], where)
        name = tidy(fields[7])[:_MOST_NAME]
        if not name or name == "<NA>":
            raise _broken("a stretch of nobody", where)
        recordings.add(fields[1])
        if length:
            label = f"{shown.rpartition('.')[0]} {name}" if _LABEL.fullmatch(name) else name
            found.append(Stretch(round(start * 1000), round((start + length) * 1000), label))
    if not found:
        raise _broken("nobody speaks in it", shown)
    if len(recordings) > 1:
        raise _broken(f"stretches of {len(recordings)} recordings", shown)
    return sorted(found)


def _seconds(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _MOST_S:
        raise _broken("start and length are seconds, from 0", where)
    return value


def _broken(what: str, where: str) -> ProjectError:
    return ProjectError(what, where=where, fix="write RTTM, one file beside each recording, or take the file away")


def marked(segments: Sequence[Mapping[str, Any]], stretches: Sequence[Stretch]) -> list[dict[str, Any]]:
    """Rows of segments with their speakers; one in which another begins to speak is parted between two words.

    Where captions name anybody or mark turns, they know better, and everything stays as it is.
    """
    if any(row["speaker"] or row["turn"] for row in segments):
        return [dict(row) for row in segments]
    found: list[dict[str, Any]] = []
    before: str | None = None
    for row in segments:
        for part in _parted(row, stretches) if row["kind"] == "speech" else [dict(row)]:
            who = part["speaker"]
            part["turn"] = who is not None and before is not None and who != before
            before = who or before
            found.append(part)
    return found


def _parted(row: Mapping[str, Any], stretches: Sequence[Stretch]) -> Iterator[dict[str, Any]]:
    words = row["words"] or []
    # Only where the words are the text can it be parted at one; nothing that was said may change.
    if " ".join(word["text"] for word in words) != row["text"]:
        yield {**row, "speaker": _who(row["start_ms"], row["end_ms"], stretches)}
        return
    near = [s for s in stretches if s.start_ms <= row["end_ms"] + NEAR_MS and s.end_ms >= row["start_ms"] - NEAR_MS]
    alone = [_who(word["start_ms"], word["end_ms"], near) for word in words]
    # A word of nobody goes with the one before it, at the beginning with the one after.
    whose = [next((who for who in alone if who), None)]
    for who in alone:
        whose.append(who or whose[-1])
    del whose[0]
    runs = itertools.groupby(zip(words, whose, strict=True), lambda pair: pair[1])
    groups = [(who, [word for word, _ in run]) for who, run in runs]
    for place, (who, group) in enumerate(groups):
        known = [word["confidence"] for word in group if word["confidence"] is not None]
        yield {
            **row,
            "start_ms": row["start_ms"] if place == 0 else group[0]["start_ms"],
            "end_ms": row["end_ms"] if place == len(groups) - 1 else group[-1]["end_ms"],
            "text": " ".join(word["text"] for word in group),
            "speaker": who,
            "words": group,
            "confidence": row["confidence"] if len(groups) == 1 or not known else round(sum(known) / len(known), 4),
        }


def _who(start_ms: int, end_ms: int, stretches: Sequence[Stretch]) -> str | None:
    """Who speaks for most of a time, else who is nearest to it."""
    shares: dict[str, int] = {}
    for stretch in stretches:
        if (share := min(end_ms, stretch.end_ms) - max(start_ms, stretch.start_ms)) > 0:
            shares[stretch.speaker] = shares.get(stretch.speaker, 0) + share
    if shares:
        return max(shares, key=lambda who: (shares[who], who))
    away = [(max(start_ms - s.end_ms, s.start_ms - end_ms), s.speaker) for s in stretches]
    distance, who = min(away, default=(NEAR_MS + 1, ""))
    return who if distance <= NEAR_MS else None
