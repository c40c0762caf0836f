"""Captions: are all words there, and each once? And how fast are they read?

The tracks are those of the tests, made by us in the shapes that sites send; so the table shows how readers differ on
these shapes, not how often the shapes occur. Beside us webvtt-py and pysubs2, taken as their documents show: the text
of each cue. Neither claims to undo rolling. Words of sounds count as wrong, too, for nobody speaks them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pysubs2
import webvtt

from curation.pull.media import captions, json3, vtt
from tests.pull.media.tracks import HESITANT, SAMPLES, recognised, rolling, spoken


def errors(gold: list[str], found: list[str]) -> int:
    """Words to insert, delete or replace (Levenshtein)."""
    before = list(range(len(found) + 1))
    for row, word in enumerate(gold, 1):
        now = [row]
        for column, other in enumerate(found, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (word != other)))
        before = now
    return before[-1]


def ours(data: bytes, format: str) -> str:
    return " ".join(s.text for s in captions.read(data, format) if s.kind == "speech")


def by_webvtt(data: bytes, format: str) -> str:
    if format == "srt":
        return " ".join(c.text for c in webvtt.from_buffer(StringIO(data.decode("utf-8-sig")), format="srt"))
    if format != "vtt":
        raise ValueError
    return " ".join(cue.text for cue in webvtt.from_buffer(StringIO(data.decode("utf-8-sig"))))


def by_pysubs2(data: bytes, format: str) -> str:
    if format == "json3":
        raise ValueError
    return " ".join(e.plaintext for e in pysubs2.SSAFile.from_string(data.decode("utf-8-sig"), format_=format)
                    if not e.is_comment)  # fmt: skip


def main() -> None:
    readers: tuple[tuple[str, Callable[[bytes, str], str]], ...] = (
        ("ours", ours),
        ("webvtt-py", by_webvtt),
        ("pysubs2", by_pysubs2),
    )
    print("| track | words | " + " | ".join(f"{name}: words/gold, errors" for name, _ in readers) + " |")
    print("|---|---|" + "---|" * len(readers))
    for sample in SAMPLES:
        gold = sample.words.split()
        cells = []
        for _, read in readers:
            try:
                found = read(sample.data, sample.format).split()
            except Exception as error:
                cells.append("-" if isinstance(error, ValueError) else f"{type(error).__name__}")
                continue
            cells.append(f"{len(found) / len(gold):.2f}, {errors(gold, found)}")
        print(f"| {sample.name} | {len(gold)} | " + " | ".join(cells) + " |")
    print()
    lines = spoken(HESITANT * 2000)
    for name, data, read in (
        ("rolling WebVTT", rolling(lines, 40_000_000), vtt.read),
        ("json3", recognised(lines, 40_000_000), json3.read),
    ):
        best = min(_seconds(read, data) for _ in range(3))
        print(f"{name}: {len(data) / 1e6:.1f} MB in {best:.2f} CPU s, {len(data) / 1e6 / best:.1f} MB/s (floor: 2)")


def _seconds(read: Callable[[bytes], object], data: bytes) -> float:
    # Processor time: what else runs on the machine is not the reader's affair.
    began = time.process_time()
    read(data)
    return time.process_time() - began


if __name__ == "__main__":
    main()
