"""Simulated clients: the protocol, and the one that speaks a scenario's own lines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from curation.generate.mind import Answer, Mind
from curation.generate.moves import Move, heard
from curation.generate.scenario import Emotion, Lines, Scenario, lines


@dataclass(frozen=True)
class Said:
    """One turn of a simulated client.

    Attributes:
        text: what is said.
        emotion: what is felt in saying it, settled before the words.
        done: there is nothing more to get; one more `step`, with the therapist's goodbye, brings the last words.
        resistance: from 1 to 5.
        told: the step of the scenario that was told with it, None where nothing was.
        left: the client walked out; there will be no last words.
    """

    text: str
    emotion: Emotion
    done: bool
    resistance: int
    told: str | None = None
    left: bool = False


class UserSimulator(Protocol):
    """Somebody to practise with, or to make dialogues with."""

    def reset(self, scenario: Scenario) -> None:
        """Become this person, at the beginning of an hour."""

    def step(self, message: str) -> Said:
        """Answer what the therapist says."""


@dataclass(frozen=True)
class Choice:
    """Which of several lines is spoken: a pure function of seed, scenario, variation and place.

    Variations take turns: n neighbouring ones take n different lines of n.
    """

    seed: int
    scenario: str
    variation: int

    def of(self, options: Lines, place: str) -> str:
        """One of the lines."""
        found = lines(options)
        size = len(found)
        text = f"{self.seed}|{self.scenario}|{place}|{(self.variation - 1) // size}"
        start = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        return found[(start + self.variation) % size]

    def details(self, scenario: Scenario) -> dict[str, str]:
        """The facts of this variation."""
        return {name: self.of(options, f"details.{name}") for name, options in scenario.details.items()}


_BRACES = re.compile(r"(^\W*|[.!?:]\s+['‘“\"]?)?\{(\w+)\}")


def fill(line: str, details: Mapping[str, str]) -> str:
    """A line with its facts in place of their names, written large where a sentence begins."""
    return _BRACES.sub(lambda m: (m[1] or "") + (_large(details[m[2]]) if m[1] is not None else details[m[2]]), line)


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]


class TemplateSimulator:
    """A client who speaks the scenario's own lines, by trust, arousal and gates. Needs no model and no network."""

    def __init__(self, *, seed: int = 17, variation: int = 1) -> None:
        self._seed, self._variation = seed, variation
        self.mind: Mind | None = None

    def reset(self, scenario: Scenario) -> None:
        """Become this person, at the beginning of an hour."""
        self.mind = Mind(scenario)
        self._choice = Choice(self._seed, scenario.id, self._variation)
        self._details = self._choice.details(scenario)
        self._spoken: dict[str, int] = {}

    def step(self, message: str, move: Move | None = None) -> Said:
        """Answer what the therapist says; `move` says what it was, where that is known better than by its words.

        Raises:
            ValueError: before `reset`.
        """
        if self.mind is None:
            raise ValueError("reset(scenario) comes first")
        mind = self.mind
        answer = mind.hear(move or heard(message))
        text = fill(self._next(*source_of(mind, answer)), self._details)
        told = mind.scenario.steps[mind.told - 1].id if answer == "opens" else None
        return Said(text, mind.feels(answer), mind.done, mind.resistance, told, mind.left)

    def _next(self, place: str, options: Lines) -> str:
        """A line of a place; the next one there each time, so that nobody repeats themselves at once."""
        found = lines(options)
        count = self._spoken[place] = self._spoken.get(place, -1) + 1
        first = found.index(self._choice.of(found, place))
        return found[(first + count) % len(found)]


def source_of(mind: Mind, answer: Answer) -> tuple[str, Lines]:
    """The place in a scenario that a kind of turn is spoken from, and its lines."""
    scenario, step = mind.scenario, mind.step
    if answer == "opens":
        before = scenario.steps[mind.told - 1]
        return f"{before.id}.opens", before.opens
    if answer == "guarded":
        assert step is not None
        return f"{step.id}.guarded", step.guarded
    if answer == "last":
        return ("closing.held", scenario.closing.held) if step else ("closing.opened", scenario.closing.opened)
    by_answer: Mapping[str, tuple[str, Lines]] = {
        "begins": ("begins", scenario.begins),
        "escalates": ("escalation.says", scenario.escalation.says),
        "settles": ("escalation.settles", scenario.escalation.settles),
        "leaves": ("closing.held", scenario.closing.held),
    }
    return by_answer[answer]
