"""A whole dialogue from a scenario's own lines: the therapist goes for one thing after the other, and is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from curation.generate.mind import Mind
from curation.generate.moves import Move
from curation.generate.scenario import Emotion, Lines, Scenario, Step
from curation.generate.simulate import Choice, TemplateSimulator, fill

Manner = Literal["attuned", "hasty", "asking", "slow"]
MANNERS: tuple[Manner, ...] = ("attuned", "hasty", "asking", "slow")
"""How a templated therapist goes about it; neighbouring variations take neighbouring ones. `hasty` makes missteps on
purpose, for how a client takes them is what there is to learn."""

_ASKING: tuple[Move, ...] = ("open_question", "closed_question")
_SLOW: tuple[Move, ...] = ("silence", "validation", "reflection", "summary")


@dataclass(frozen=True)
class Turn:
    """One turn of a dialogue; what belongs to one side is None on the other.

    Attributes:
        role: `user` for the client, `assistant` for the therapist.
        content: what is said.
        move: what the therapist did.
        emotion: what the client felt.
        resistance: the client's, from 1 to 5.
        told: the step that the client told with it.
        prompt: digest of the request that an endpoint answered.
        model: the model that answered.
    """

    role: Literal["user", "assistant"]
    content: str
    move: Move | None = None
    emotion: Emotion | None = None
    resistance: int | None = None
    told: str | None = None
    prompt: str | None = None
    model: str | None = None


def dialogue(scenario: Scenario, *, seed: int, variation: int) -> tuple[Turn, ...]:
    """One dialogue, the therapist first; the same for the same arguments, on any machine and in any process.

    Args:
        scenario: who comes.
        seed: another seed makes other choices.
        variation: from 1 up; decides the therapist's manner and which lines and details are taken.
    """
    client = TemplateSimulator(seed=seed, variation=variation)
    client.reset(scenario)
    mind = client.mind
    assert mind is not None
    choice = Choice(seed, scenario.id, variation)
    therapist = _Therapist(scenario, choice, MANNERS[(variation - 1) % len(MANNERS)])
    turns: list[Turn] = []
    while True:
        ending = mind.done
        move, text = therapist.speak(mind)
        turns.append(Turn("assistant", text, move=move))
        said = client.step(text, move)
        turns.append(Turn("user", said.text, emotion=said.emotion, resistance=said.resistance, told=said.told))
        if ending or mind.left:
            return tuple(turns)


class _Therapist:
    """Goes from step to step by the scenario's lines. Knows what the client is like only by what was said."""

    def __init__(self, scenario: Scenario, choice: Choice, manner: Manner) -> None:
        self._scenario, self._choice, self._manner = scenario, choice, manner
        self._details = choice.details(scenario)
        self._made: set[tuple[str, str, Move]] = set()

    def speak(self, mind: Mind) -> tuple[Move, str]:
        """The next move, and its words."""
        move, options, place = self._plan(mind)
        return move, fill(self._choice.of(options, place), self._details)

    def _plan(self, mind: Mind) -> tuple[Move, Lines, str]:
        if mind.turns == 0:
            return "open_question", self._scenario.opening, "opening"
        if mind.done:
            closing = self._scenario.closing
            return ("summary", closing.early, "early") if mind.step else ("summary", closing.therapist, "closing")
        if mind.answer == "escalates":
            answers = self._scenario.escalation.answers
            move = self._best(answers)
            return move, answers[move], f"escalation.{move}"
        step = mind.step
        assert step is not None
        names = ("again", "tries") if mind.answer == "guarded" else ("tries", "again")
        left = {name: self._unused(step, name) for name in names}
        # What is kept back, although nothing was wrong so far, needs the move that was not made yet.
        found = [(name, m) for name in names for m in step.needs.after if m in left[name]]
        if mind.answer == "guarded" and found:
            name, move = found[0]
        else:
            name = next((name for name in names if left[name]), "again")
            options: Mapping[str, Lines] = left[name] or step.again
            move = self._worst(options) if self._is_hasty(name, mind) else self._liked(options)
        self._made.add((step.id, name, move))
        return move, (step.again if name == "again" else step.tries)[move], f"{step.id}.{name}.{move}"

    def _unused(self, step: Step, place: str) -> Mapping[str, Lines]:
        lines = step.again if place == "again" else step.tries
        return {m: v for m, v in lines.items() if (step.id, place, cast(Move, m)) not in self._made}

    def _is_hasty(self, place: str, mind: Mind) -> bool:
        return self._manner == "hasty" and place == "tries" and mind.answer != "guarded" and mind.told != 2

    def _liked(self, options: Mapping[str, Lines]) -> Move:
        wish: tuple[Move, ...] = {"asking": _ASKING, "slow": _SLOW}.get(self._manner, ())
        liked = [move for move in wish if move in options]
        return liked[0] if liked else self._best(options)

    def _best(self, options: Mapping[str, Lines]) -> Move:
        return cast(Move, max(options, key=lambda m: self._scenario.trust.of(cast(Move, m))))

    def _worst(self, options: Mapping[str, Lines]) -> Move:
        return cast(Move, min(options, key=lambda m: self._scenario.trust.of(cast(Move, m))))
