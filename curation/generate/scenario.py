"""A scenario: one difficult client as a declaration, in `scenarios/*.yaml`; and the loader that checks it."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from curation.core import declare, files
from curation.core.declare import doc
from curation.core.errors import ProjectError
from curation.generate.moves import MOVES, USUAL, Move

Kind = Literal[
    "suicidality_assessment", "trauma_disclosure", "boundary_testing", "abuse_disclosure", "crisis", "mandated_client",
    "silent_client", "hostile_client", "dependent_client", "psychosis", "addiction_relapse", "eating_disorder",
    "adolescent_with_parent", "couple_conflict", "grief", "cultural_mismatch", "other",
]  # fmt: skip

Flag = Literal[
    "none", "self_harm", "harm_to_others", "abuse_disclosure", "minor", "psychosis", "eating_disorder", "substance"
]

Emotion = Literal[
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
]  # fmt: skip
"""The labels of GoEmotions (Demszky et al. 2020), which the tagger uses, too."""

Lines = str | tuple[str, ...]
"""One line, or several of which a dialogue takes one."""

HOLD_AT = 2
"""From this risk level on a scenario has to have the therapist ask openly about safety."""

_EARLY = (
    "We have to stop here. There's more than we got to today, and it can stay here until next time.",
    "That's our time. I don't think I've understood it yet. I'd like to go on trying next week.",
)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,59}")


def lines(value: Lines) -> tuple[str, ...]:
    """A declared line or lines as a tuple."""
    return (value,) if isinstance(value, str) else value


@dataclass(frozen=True)
class Resistance:
    """How this person keeps others out."""

    pattern: str = doc("what they do when they are asked too much; for prompts and people")
    start: int = doc("from 1, hardly any, to 5, a wall", default=4)

    def __post_init__(self) -> None:
        """Check the range."""
        if not 1 <= self.start <= 5:
            raise ValueError("'start' must be from 1 to 5")


@dataclass(frozen=True)
class Trust:
    """What wins and what loses this person."""

    start: int = doc("trust at the beginning, 0 to 10", default=2)
    moves: Mapping[str, int] = doc("what a therapist's moves do to trust, where not the usual", default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names."""
        for move in self.moves:
            if move not in MOVES:
                raise ValueError(f"'{move}' is no therapist move; moves are {', '.join(MOVES)}")

    def of(self, move: Move) -> int:
        """What a move does to this person's trust."""
        return self.moves.get(move, USUAL[move])


@dataclass(frozen=True)
class Safety:
    """What is at stake."""

    flags: tuple[Flag, ...] = doc("what a reader must know before reading; `none` where there is nothing")
    risk: int = doc(
        "0 none, 1 passing thoughts or signs, 2 a real danger, 3 a way in mind, 4 intent, 5 a plan or an act; "
        "dangers to and from others likewise"
    )
    duty: str = doc("what the therapist may not leave out")

    def __post_init__(self) -> None:
        """Check that it says something, and that it does not contradict itself."""
        if not self.flags:
            raise ValueError("'flags' is empty: name what is at stake, or write [none]")
        if "none" in self.flags and (len(self.flags) > 1 or self.risk):
            raise ValueError("'flags' says none, but there is a risk or another flag")
        if not 0 <= self.risk <= 5:
            raise ValueError("'risk' must be from 0 to 5")


@dataclass(frozen=True)
class TurnPolicy:
    """How long a dialogue may be, in turns of both sides."""

    least: int = doc("an endpoint's client may not leave before", default=8)
    most: int = doc("the hour ends here at the latest", default=28)

    def __post_init__(self) -> None:
        """Check the range."""
        if not 2 <= self.least <= self.most <= 200:
            raise ValueError("'least' must be at least 2 and not above 'most', which may be 200")


@dataclass(frozen=True)
class Feels:
    """What this person feels where a step does not say it."""

    guarded: Emotion = doc("while keeping something back")
    escalated: Emotion = doc("when it becomes too much", default="anger")


@dataclass(frozen=True)
class Gate:
    """What must have happened before something is said."""

    trust: int = doc("trust it takes", default=0)
    after: tuple[Move, ...] = doc(
        "moves of which the therapist must have made one since the last disclosure", default=()
    )


@dataclass(frozen=True)
class Step:
    """One thing this person could tell, and what stands before it."""

    id: str = doc("its name")
    tries: Mapping[str, Lines] = doc("how a therapist may go for it, by move; some of them missteps")
    guarded: Lines = doc("what is said as long as the gate is shut")
    again: Mapping[str, Lines] = doc("how a therapist may answer that, by move")
    opens: Lines = doc("what is said once the gate is open")
    feels: Emotion = doc("what is felt in saying it")
    needs: Gate = field(default_factory=Gate, metadata={"doc": "the gate"})
    heat: int = doc("how much saying it upsets", default=1)

    def __post_init__(self) -> None:
        """Check that a therapist could get through."""
        for name in ("tries", "again"):
            for move in getattr(self, name):
                if move not in MOVES:
                    raise ValueError(f"'{name}': '{move}' is no therapist move; moves are {', '.join(MOVES)}")
        if not self.tries or not self.again:
            raise ValueError("'tries' and 'again' need a line each")
        if self.needs.after and not set(self.needs.after) & {*self.tries, *self.again}:
            raise ValueError("'needs' waits for a move that neither 'tries' nor 'again' makes")


@dataclass(frozen=True)
class Escalation:
    """What happens when it becomes too much."""

    at: int = doc("arousal from which it happens, 1 to 10")
    says: Lines = doc("what the client then says or does")
    answers: Mapping[str, Lines] = doc("what helps, by move")
    settles: Lines = doc("what the client says when it has helped")


@dataclass(frozen=True)
class Closing:
    """How the hour ends."""

    therapist: Lines = doc("how the therapist ends it")
    opened: Lines = doc("the client's last words where everything was said")
    held: Lines = doc("the client's last words where something was kept back")
    early: Lines = doc(
        "how the therapist ends it where something was kept back; from a risk of 2 on it has to be said here",
        default=_EARLY,
    )


@dataclass(frozen=True)
class Scenario:
    """One difficult client."""

    id: str = doc("its name: lower-case letters, digits and '-'; also the file's name")
    kind: Kind = doc("what is difficult")
    title: str = doc("one line for lists")
    who: str = doc("who this is, in a sentence")
    presenting: str = doc("what they say they come for")
    history: str = doc("what lies behind it; for people, never told to a client simulator before its gate is open")
    voice: str = doc("how this person talks")
    goal: str = doc("what this person wants of the hour")
    competencies: tuple[str, ...] = doc("what a therapist can practise here")
    resistance: Resistance = doc("how this person keeps others out")
    safety: Safety = doc("what is at stake")
    feels: Feels = doc("what this person feels where a step does not say it")
    opening: Lines = doc("the therapist's first words")
    begins: Lines = doc("the client's first words")
    steps: tuple[Step, ...] = doc("what this person could tell, in order")
    escalation: Escalation = doc("what happens when it becomes too much")
    closing: Closing = doc("how the hour ends")
    trust: Trust = field(default_factory=Trust, metadata={"doc": "what wins and what loses this person"})
    turns: TurnPolicy = field(default_factory=TurnPolicy, metadata={"doc": "how long it may be"})
    details: Mapping[str, tuple[str, ...]] = doc(
        "facts that differ from dialogue to dialogue, by the name that stands in braces in the lines",
        default_factory=dict,
    )

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not _NAME.fullmatch(self.id):
            raise ValueError("'id' must be made of lower-case letters, digits and '-' (2 to 60)")
        if not self.steps:
            raise ValueError("'steps' is empty: there is nothing this person could tell")
        if len({step.id for step in self.steps}) < len(self.steps):
            raise ValueError("'steps' has two of one id")
        for name, line in self.all_lines():
            if not line.strip():
                raise ValueError(f"'{name}' has an empty line")
            for wanted in placeholders(line):
                if not self.details.get(wanted):
                    raise ValueError(f"'{name}' has {{{wanted}}}, which 'details' does not list")
        if self.safety.risk < HOLD_AT:
            return
        if not any("safety_check" in {*s.tries, *s.again} for s in self.steps):
            raise ValueError(f"'safety' names a risk of {HOLD_AT} or more, but no step asks openly (safety_check)")
        if self.closing.early == _EARLY:
            raise ValueError(f"'closing' lacks 'early', and 'safety' names a risk of {HOLD_AT} or more")

    def all_lines(self) -> Iterator[tuple[str, str]]:
        """Every line that can be spoken, with the name of its place."""
        places: list[tuple[str, Lines]] = [("opening", self.opening), ("begins", self.begins)]
        for step in self.steps:
            places += [("steps", v) for v in (*step.tries.values(), step.guarded, *step.again.values(), step.opens)]
        event, closing = self.escalation, self.closing
        places += [("escalation", v) for v in (event.says, *event.answers.values(), event.settles)]
        places += [("closing", v) for v in (closing.therapist, closing.opened, closing.held, closing.early)]
        for name, value in places:
            yield from ((name, line) for line in lines(value) or ("",))


def placeholders(line: str) -> list[str]:
    """The names in braces of a line.

    Raises:
        ValueError: a stray brace.
    """
    try:
        return [name for _, name, _, _ in string.Formatter().parse(line) if name is not None]
    except ValueError as error:
        raise ValueError(f"a line has a stray brace: {error}") from None


def read(path: Path) -> Scenario:
    """One scenario file.

    Raises:
        ProjectError: with file and line: unknown or missing keys, no safety flags, a gate that nothing opens.
    """
    document = declare.load(path)
    scenario = declare.bind(Scenario, document)
    if scenario.id != path.stem:
        raise document.error(
            ("id",), f"the scenario is called '{scenario.id}', its file '{path.name}'", "make them one"
        )
    return scenario


def load(folder: Path) -> dict[str, Scenario]:
    """The scenarios of a folder by id.

    Raises:
        ProjectError: there is none, or one is wrong.
    """
    found = {path.stem: read(path) for path in files.yaml_in(folder)}
    if not found:
        raise ProjectError(
            "there is no scenario here", where=str(folder.name), fix="curate init copies ours; see docs/scenarios.md"
        )
    return found
