"""Dialogues in what was spoken, found by rules: who asks, who answers, and questions that somebody answers themselves.

Every word of an answer is a word that was spoken, in its order; nothing is made up.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

LEAST_ANSWER, MOST_ANSWER = 12, 400
"""Words of an answer that is worth learning, and of one that is no answer any more but a lecture."""
MOST_BACKCHANNEL = 3
"""Words that somebody may put in without taking the turn."""
MOST_TURNS = 16
LONGEST_BREAK_MS = 60_000

_BACKCHANNEL = frozenset(
    "yeah yes yep yup no nope right okay ok sure mm mmm mhm hm hmm huh uh um uh-huh mm-hmm mm-hm mhmm ah oh wow really "
    "exactly absolutely totally definitely true gotcha great good nice of course i see got it interesting".split()
)
_SENTENCE = re.compile(r"[^.?!…]*[.?!…]+[\"'”’)]*\s*|[^.?!…]+$")
_ASKS = re.compile(
    r"^(?:(?:so|and|but|now|well|okay|ok|then|you know|i mean)[, ]+)*"
    r"(?:what|why|how|when|where|who|which|whose|is|are|was|were|do|does|did|can|could|should|would|will|have|has|am|isn't"
    r"|aren't|don't|doesn't|didn't|can't|couldn't|shouldn't|wouldn't|won't)\b",
    re.I,
)
_TO_THE_AUDIENCE = re.compile(
    r"\b(?:right|okay|you know|see|makes? sense|isn't it|aren't they|don't you(?: think)?|can you (?:hear|see)|ready"
    r"|are you (?:with me|there))\?$|\b(?:subscribe|comments?|video|channel|episode)\b",
    re.I,
)


@dataclass(frozen=True)
class Said:
    """A stretch of speech as a transcript has it."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    turn: bool = False


@dataclass(frozen=True)
class Dialogue:
    """A dialogue and where it was spoken. Turns are pairs of a role and a text."""

    turns: tuple[tuple[Literal["user", "assistant"], str], ...]
    start_ms: int
    end_ms: int
    method: Literal["interview", "self-answered"]


@dataclass(frozen=True)
class Turn:
    """What one person says until another does; `named` where the captions know their name."""

    who: str
    start_ms: int
    end_ms: int
    text: str
    named: bool = False

    @property
    def words(self) -> int:
        """How many words were said."""
        return len(self.text.split())


def dialogues(said: Sequence[Said], host: str | None) -> list[Dialogue]:
    """The dialogues of one transcript, in order.

    Where captions show who speaks, those between the person and whoever asks; else the questions that the person
    answers themselves, as far as somebody punctuated.

    Args:
        said: the speech of a transcript, in order.
        host: name of the person whose voice is wanted; None: whoever is asked.
    """
    turns = folded(turns_of(said))
    if len({turn.who for turn in turns}) > 1:
        person = person_among(turns, host)
        return list(_interview(turns, person)) if person else []
    return list(_self_answered(said))


# --------------------------------------------------------------------------------------------------------- interviews


def turns_of(said: Sequence[Said]) -> list[Turn]:
    """Who says what. Marks without names alternate between two."""
    found: list[Turn] = []
    unnamed = 0
    for each in said:
        if each.turn and each.speaker is None:
            unnamed = 1 - unnamed if found else unnamed
        who = each.speaker or f"speaker {unnamed}"
        if found and found[-1].who == who and each.start_ms - found[-1].end_ms <= LONGEST_BREAK_MS:
            found[-1] = replace(found[-1], end_ms=each.end_ms, text=f"{found[-1].text} {each.text}")
        else:
            found.append(Turn(who, each.start_ms, each.end_ms, each.text, each.speaker is not None))
    return found


def folded(turns: Sequence[Turn]) -> list[Turn]:
    """Turns without what is only put in between two parts of another's turn, which become one."""
    found: list[Turn] = []
    place = 0
    while place < len(turns):
        turn = turns[place]
        after = turns[place + 1] if place + 1 < len(turns) else None
        if found and after and after.who == found[-1].who != turn.who and _is_backchannel(turn.text):
            found[-1] = replace(found[-1], end_ms=after.end_ms, text=f"{found[-1].text} {after.text}")
            place += 2
            continue
        found.append(turn)
        place += 1
    return found


def _is_backchannel(text: str) -> bool:
    words = re.findall(r"[\w'-]+", text.lower())
    return len(words) <= MOST_BACKCHANNEL and all(word in _BACKCHANNEL for word in words) and "?" not in text


def person_among(turns: Sequence[Turn], host: str | None) -> str | None:
    """Whose voice is wanted: the named one, else whoever asks the smaller share of questions; None where unclear."""
    names = {turn.who for turn in turns}
    if host is not None:
        return next((name for name in sorted(names) if name.casefold() == host.casefold()), None)
    if len(names) != 2:
        # Between two known people something may be heard of which nobody can say whose it is.
        names = {turn.who for turn in turns if turn.named}
    if len(names) != 2:
        return None
    words: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for turn in turns:
        words[turn.who] += turn.words
        asked[turn.who] += turn.text.count("?")
    share = {name: (asked[name] / max(words[name], 1), -words[name]) for name in names}
    low, high = sorted(names, key=lambda name: (share[name], name))
    return low if share[low] != share[high] else None


def _interview(turns: Sequence[Turn], person: str) -> Iterator[Dialogue]:
    """Exchanges in a row become one dialogue; it ends where an answer is too short, too long, or a break too long."""
    open_: list[Turn] = []

    def done() -> Iterator[Dialogue]:
        if open_:
            roles = tuple((_role(turn, person), turn.text) for turn in open_)
            yield Dialogue(roles, open_[0].start_ms, open_[-1].end_ms, "interview")

    for asked, answer in itertools.pairwise(turns):
        if asked.who == person or answer.who != person:
            continue
        fits = LEAST_ANSWER <= answer.words <= MOST_ANSWER and asked.words >= 2
        follows = open_ and asked.start_ms - open_[-1].end_ms <= LONGEST_BREAK_MS and len(open_) < MOST_TURNS
        if open_ and not (fits and follows):
            yield from done()
            open_ = []
        if fits and answer.start_ms - asked.end_ms <= LONGEST_BREAK_MS:
            open_ += [asked, answer]
    yield from done()


def _role(turn: Turn, person: str) -> Literal["user", "assistant"]:
    return "assistant" if turn.who == person else "user"


# --------------------------------------------------------------------------------------------- self-answered questions


def _self_answered(said: Sequence[Said]) -> Iterator[Dialogue]:
    """A question and what follows it, up to the next one, a long break, or the length of an answer."""
    question: tuple[str, int] | None = None
    answer: list[str] = []
    end = 0

    def done() -> Iterator[Dialogue]:
        text = " ".join(answer)
        if question and len(text.split()) >= LEAST_ANSWER:
            yield Dialogue((("user", question[0]), ("assistant", text)), question[1], end, "self-answered")

    for sentence, start_ms, end_ms in _sentences(said):
        if question and start_ms - end > LONGEST_BREAK_MS:
            yield from done()
            question, answer = None, []
        if _is_question(sentence):
            yield from done()
            question, answer = (sentence, start_ms), []
        elif question:
            if len(" ".join([*answer, sentence]).split()) > MOST_ANSWER:
                yield from done()
                question, answer = None, []
                continue
            answer.append(sentence)
        end = end_ms
    yield from done()


def _sentences(said: Sequence[Said]) -> Iterator[tuple[str, int, int]]:
    """Whole sentences with their times; one may go over several stretches."""
    open_: list[str] = []
    start = 0
    for each in said:
        for piece in _SENTENCE.findall(each.text):
            if not open_:
                start = each.start_ms
            open_.append(piece.strip())
            if re.search(r"[.?!…][\"'”’)]*\s*$", piece):
                yield " ".join(open_), start, each.end_ms
                open_ = []


def _is_question(sentence: str) -> bool:
    return (
        sentence.rstrip("\"'”’)").endswith("?")
        and 4 <= len(sentence.split()) <= 40
        and _ASKS.match(sentence) is not None
        and _TO_THE_AUDIENCE.search(sentence) is None
    )
