"""What a transcript is made of: segments with their words, in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from curation.pull.media import marks

PAUSE_MS = 800
"""Silence that ends a segment where nobody punctuates."""
LONGEST_WORD_MS = 1500
"""A word without an end of its own is over after so long, whatever the display still shows."""
MOST_CHARS = 240
"""A run of words that neither pauses nor ends a sentence is cut after so many."""

_ENDS_A_SENTENCE = (".", "?", "!", "…", '."', '?"', '!"', ".”", "?”", "!”")


class Unreadable(Exception):
    """A caption file that is not what it should be; the text says why and holds nothing of the file."""


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word and when; `confidence` is the recogniser's, from 0 to 1, where it gives one."""

    start_ms: int
    end_ms: int
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech of one speaker, or a sound.

    Attributes:
        start_ms, end_ms: when.
        text: the words, or for a sound what the captions call it.
        kind: speech or noise.
        speaker: the name that the captions give.
        turn: do the captions say that somebody else speaks from here?
        words: the words with their times, where these are known.
        confidence: mean over the words, where these have one.
        no_speech: how likely a recogniser thinks that nobody speaks.
    """

    start_ms: int
    end_ms: int
    text: str
    kind: Literal["speech", "noise"] = "speech"
    speaker: str | None = None
    turn: bool = False
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    no_speech: float | None = None


class Token(NamedTuple):
    """A piece of a caption that follows what is spoken: mostly one word, perhaps with a mark before it."""

    start_ms: int
    end_ms: int
    text: str
    confidence: float | None = None


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Mean over the words that have one."""
    known = [word.confidence for word in words if word.confidence is not None]
    return round(sum(known) / len(known), 4) if known else None


def clamped(tokens: Sequence[Token]) -> Iterator[Token]:
    """Tokens none of which lasts into the next one, or longer than a word can: displays stand longer than words."""
    for place, token in enumerate(tokens):
        after = tokens[place + 1].start_ms if place + 1 < len(tokens) else token.end_ms
        end = min(token.end_ms, max(after, token.start_ms), token.start_ms + LONGEST_WORD_MS)
        yield token._replace(end_ms=max(end, token.start_ms))


def from_tokens(tokens: Iterable[Token]) -> Iterator[Segment]:
    """Segments of what was captioned word by word: cut at pauses, ends of sentences, sounds and marks of a new turn."""
    words: list[Word] = []
    length, speaker, turn = 0, None, False

    def done() -> Iterator[Segment]:
        if words:
            text = " ".join(word.text for word in words)
            yield Segment(
                words[0].start_ms,
                words[-1].end_ms,
                text,
                speaker=speaker,
                turn=turn,
                words=tuple(words),
                confidence=mean_confidence(words),
            )

    for token in clamped(list(tokens)):
        for piece in marks.pieces(token.text):
            if piece.kind == "noise":
                yield from done()
                words, length, turn = [], 0, False
                yield Segment(token.start_ms, token.end_ms, piece.text, kind="noise")
                continue
            over = words and (
                token.start_ms - words[-1].end_ms > PAUSE_MS
                or words[-1].text.endswith(_ENDS_A_SENTENCE)
                or length > MOST_CHARS
            )
            if over or piece.turn:
                yield from done()
                words, length, turn = [], 0, piece.turn
                speaker = piece.speaker if piece.turn else speaker
            if piece.text:
                words.append(Word(token.start_ms, token.end_ms, piece.text, token.confidence))
                length += len(piece.text) + 1
    yield from done()


def from_cue(start_ms: int, end_ms: int, lines: Sequence[str], speaker: str | None = None) -> Iterator[Segment]:
    """Segments of a cue that somebody wrote: one, unless sounds or marks of a new turn part it."""
    open_: list[str] = []
    turn = False
    for line in marks.turned(lines):
        for piece in marks.pieces(line):
            if open_ and (piece.turn or piece.kind == "noise"):
                yield Segment(start_ms, end_ms, " ".join(open_), speaker=speaker, turn=turn)
                open_, turn = [], False
            if piece.kind == "noise":
                yield Segment(start_ms, end_ms, piece.text, kind="noise")
                continue
            if piece.turn:
                turn, speaker = True, piece.speaker
            if piece.text:
                open_.append(piece.text)
    if open_:
        yield Segment(start_ms, end_ms, " ".join(open_), speaker=speaker, turn=turn)
