"""The state of a simulated client: trust, arousal and resistance, and what they let through a gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from curation.generate.moves import Move
from curation.generate.scenario import Emotion, Scenario, Step

Answer = Literal["begins", "guarded", "opens", "escalates", "settles", "leaves", "last"]
"""What a client's turn is: the first words, something kept back, something told, too much, calm again, walking out,
the last words."""

RESISTANCE = ("none", "slight", "some", "firm", "strong", "wall")
"""Levels of resistance, 0 to 5, as they stand in a made row."""

PATIENCE = 3
"""So often one thing is kept back, missteps not counted, before the client lets the subject drop."""

WALL = 4
"""From this resistance on nothing is told at the first asking. What simulated clients are faulted for most is that
they cooperate too soon (PatientAct, arXiv 2608.12750)."""


@dataclass
class Mind:
    """One client in one conversation. Goal and persona stand in the scenario; what is felt is settled before a word.

    The order (goal, persona, emotion, then utterance) is that of the emotional user simulators of ConvLab-3.

    Attributes:
        scenario: who this is.
        trust: from 0 to 10; opens gates.
        arousal: from 0 to 10; too much of it escalates.
        told: how many steps were told; the next one is `step`.
        turns: client turns so far.
        done: there is nothing more to get: time to close.
        left: the client walked out.
        answer: what the last client turn was.
    """

    scenario: Scenario
    trust: int = 0
    arousal: int = 2
    told: int = 0
    turns: int = 0
    done: bool = False
    left: bool = False
    answer: Answer = "begins"
    _heard: set[Move] = field(default_factory=set)
    _held: int = 0
    _asked: bool = False
    _upset: bool = False
    _escalated: bool = False
    _last: int = 0

    def __post_init__(self) -> None:
        """Begin where the scenario does."""
        self.trust = self.scenario.trust.start

    @property
    def step(self) -> Step | None:
        """What would be told next; None when everything is."""
        steps = self.scenario.steps
        return steps[self.told] if self.told < len(steps) else None

    @property
    def resistance(self) -> int:
        """From 1 to 5: one less with every three points of trust won, one more right after a misstep."""
        won = max(0, self.trust - self.scenario.trust.start) // 3
        return max(1, min(5, self.scenario.resistance.start - won + (self._last < 0)))

    def is_open(self) -> bool:
        """Is the gate of the next step open now?"""
        step = self.step
        if step is None:
            return False
        return self.trust >= step.needs.trust and (not step.needs.after or bool(self._heard & set(step.needs.after)))

    def hear(self, move: Move) -> Answer:
        """Take in what the therapist did, and settle what kind of turn answers it."""
        self.turns += 1
        if self.turns == 1 or self.done:
            self.answer = "begins" if self.turns == 1 else "last"
            return self.answer
        self._last = effect = self.scenario.trust.of(move)
        self.trust = max(0, min(10, self.trust + effect))
        self.arousal = max(0, min(10, self.arousal + (2 if effect < 0 else -1)))
        self._heard.add(move)
        self.answer = self._answer(effect)
        out_of_time = 2 * (self.turns + 2) > self.scenario.turns.most
        self.done = self.left or self.step is None or self._held >= PATIENCE or out_of_time
        return self.answer

    def feels(self, answer: Answer) -> Emotion:
        """What is felt in giving such an answer."""
        if answer == "opens":
            return self.scenario.steps[self.told - 1].feels
        if answer in ("escalates", "leaves"):
            return self.scenario.feels.escalated
        if answer == "last" and self.step is None:
            return self.scenario.steps[-1].feels
        return self.scenario.feels.guarded

    def _answer(self, effect: int) -> Answer:
        if self._upset:
            self._upset = False
            if effect < 0:
                self.left = True
                return "leaves"
            self.arousal = min(self.arousal, max(0, self.scenario.escalation.at - 3))
            return "settles"
        if self.arousal >= self.scenario.escalation.at and not self._escalated:
            self._upset = self._escalated = True
            return "escalates"
        asked, self._asked = self._asked, True
        # Nothing is told on a misstep, nor at the first asking while the wall is high.
        if effect >= 0 and self.is_open() and (asked or self.resistance < WALL):
            step = self.scenario.steps[self.told]
            self.told += 1
            self.arousal = min(10, self.arousal + step.heat)
            self._heard, self._held, self._asked = set(), 0, False
            return "opens"
        self._held += effect >= 0
        return "guarded"
