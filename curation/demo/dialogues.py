"""Conversations dealt from the hand-written sentences of `fragments.yaml`, the same ones at every run.

Every function returns rows as their source would have them; a row is a plain dict. The turns of a
conversation are pairs of a role ("system", "user", "assistant") and a text, until a source's own names are
put on them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
Turns = list[tuple[str, str]]


class Words:
    """Deals sentences: each list is shuffled and used up before any of it comes again."""

    def __init__(self, fragments: dict[str, Any]) -> None:
        self.topics: list[str] = list(fragments["topics"])
        self.styles: list[str] = list(fragments["styles"])
        self._fragments = fragments
        self._random = random.Random("curate demo")
        self._decks: dict[str, list[str]] = {}
        self._last: dict[str, str] = {}
        self._openings: set[str] = set()

    def deal(self, path: str) -> str:
        """The next sentence of a list, named by its dotted path in the fragments."""
        if not self._decks.get(path):
            cards: Any = self._fragments
            for part in path.split("."):
                cards = cards[part]
            self._decks[path] = self._random.sample(cards, len(cards))
            if self._decks[path][-1] == self._last.get(path):
                self._decks[path].reverse()
        self._last[path] = self._decks[path].pop()
        return self._last[path]

    def say(self, topic: str, *parts: str) -> str:
        """A sentence for each part: the topic's own where it has that part, else a shared one."""
        own = self._fragments["topics"][topic]
        sentences = []
        for part in parts:
            sentence = self.deal(f"topics.{topic}.{part}" if part in own else f"shared.{part}")
            sentence = re.sub(r"\{(\w+)\}", lambda slot: self.deal(f"slots.{slot[1]}"), sentence)
            sentences.append(sentence[0].upper() + sentence[1:])
        return " ".join(sentences)

    def open(self, topic: str, *parts: str) -> str:
        """As `say`, but never the same text twice: rows with equal first turns belong to one group."""
        while (text := self.say(topic, *parts)) in self._openings:
            pass
        self._openings.add(text)
        return text

    def topic_of(self, number: int) -> str:
        """The topics in turn, so that each has its share of every source."""
        return self.topics[number % len(self.topics)]


def therapy_rows(words: Words, count: int) -> Iterator[Row]:
    """ShareGPT rows of a client and a therapist, of 4 to 10 turns."""
    for number in range(count):
        yield {"conversations": sharegpt(_therapy(words, words.topic_of(number), exchanges=2 + number % 4))}


def assistant_rows(words: Words, count: int) -> Iterator[Row]:
    """OpenAI messages of a user and an assistant, two of three with a system prompt."""
    for number in range(count):
        topic = words.topic_of(number)
        turns: Turns = [("system", words.say(topic, "systems"))] if number % 3 else []
        turns += assistant_turns(words, topic, second=number % 2 == 0)
        yield {"topic": topic, "messages": openai(turns)}


def question_rows(words: Words, count: int) -> Iterator[Row]:
    """Questions with a title and an answer; every tenth question has two answers, as two rows."""
    for number in range(count):
        topic = words.topic_of(number)
        row = {
            "question_id": 4000 + number,
            "title": words.say(topic, "titles"),
            "question": words.open(topic, "openers", "details", "feelings", "asks"),
            "topic": topic,
        }
        for _ in range(2 if number % 10 == 0 else 1):
            yield row | {
                "answer": words.say(
                    topic, "validations", "reflections", "normalises", "steps", "steps", "cautions"
                ),
                "reasoning": words.say(topic, "thoughts", "thoughts"),
            }


def preference_rows(words: Words, count: int) -> Iterator[Row]:
    """Prompts with an answer that meets the person and one that does not."""
    for number in range(count):
        topic = words.topic_of(number)
        yield {
            "prompt": words.open(topic, "openers", "feelings", "details", "asks"),
            "chosen": words.say(topic, "normalises", "reflections", "steps", "assistant_closings"),
            "rejected": words.say(topic, "colds", "colds", "cold_ends"),
            "rater": f"rater-{number % 6 + 1:02d}",
        }


def session_rows(words: Words, count: int) -> Iterator[Row]:
    """Clients who make it difficult, of 6 to 10 turns."""
    for number in range(count):
        style, topic = words.styles[number % len(words.styles)], words.topic_of(number)
        turns: Turns = []
        for exchange in range(3 + number % 3):
            manner = words.deal(f"styles.{style}.{'replies' if exchange else 'openers'}")
            matter = words.say(topic, "answers") if exchange else words.open(topic, "openers", "details")
            turns.append(("user", f"{manner} {matter}"))
            held = words.deal(f"styles.{style}.therapist")
            asked = words.say(topic, "reflections" if exchange % 2 else "questions")
            turns.append(("assistant", f"{held} {asked}"))
        turns[-2:] = [
            ("user", words.deal(f"styles.{style}.endings") + " " + words.say(topic, "client_more")),
            ("assistant", words.say(topic, "deepenings", "therapist_closings")),
        ]
        yield {"style": style, "conversations": sharegpt(turns, user="client", assistant="therapist")}


def assistant_turns(words: Words, topic: str, *, second: bool) -> Turns:
    """One exchange with the assistant, or two."""
    turns: Turns = [
        ("user", words.open(topic, "openers", "details", "asks")),
        ("assistant", words.say(topic, "validations", "reflections", "steps", "assistant_closings")),
    ]
    if second:
        turns += [
            ("user", words.say(topic, "answers", "thanks")),
            ("assistant", words.say(topic, "normalises", "steps", "cautions")),
        ]
    return turns


def sharegpt(turns: Turns, user: str = "human", assistant: str = "gpt") -> list[Row]:
    """Turns as ShareGPT has them, under the names given."""
    names = {"user": user, "assistant": assistant}
    return [{"from": names[role], "value": text} for role, text in turns]


def openai(turns: Turns) -> list[Row]:
    """Turns as OpenAI's chat format has them."""
    return [{"role": role, "content": text} for role, text in turns]


# What each exchange of a therapy dialogue is made of: the client's parts, the therapist's parts.
_ARRIVING = (("openers", "details", "feelings"), ("validations", "reflections", "questions"))
_TELLING = (("answers", "client_more"), ("deepenings", "explorations"))
_SEEING = (("client_insights", "feelings"), ("reflections", "questions"))
_TRYING = (("answers", "client_insights"), ("offers", "steps"))
_LEAVING = (("accepts", "client_closings"), ("deepenings", "therapist_closings"))
_COURSES = {
    2: (_ARRIVING, _TRYING),
    3: (_ARRIVING, _TELLING, _TRYING),
    4: (_ARRIVING, _TELLING, _TRYING, _LEAVING),
    5: (_ARRIVING, _TELLING, _SEEING, _TRYING, _LEAVING),
}


def _therapy(words: Words, topic: str, exchanges: int) -> Turns:
    turns: Turns = []
    for client, therapist in _COURSES[exchanges]:
        turns.append(("user", words.say(topic, *client) if turns else words.open(topic, *client)))
        turns.append(("assistant", words.say(topic, *therapist)))
    return turns
