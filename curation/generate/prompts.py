"""What an endpoint is told in each of its two roles. A client is told nothing that its gates keep back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from curation.generate.mind import Answer, Mind
from curation.generate.moves import MOVES
from curation.generate.scenario import Emotion, Lines, Scenario, lines
from curation.generate.simulate import fill, source_of

_CLIENT = """\
You play a client in a counselling session, for training. Stay this person in every word: never advise, never comment \
from outside, never help the counsellor, never speak for anyone else. You are not an easy client.

Who you are: {who}
What you say you came for: {presenting}
How you talk: {voice}
What you want of this hour: {goal}
How you keep others out: {pattern}

Now: your resistance is {resistance} of 5. You probably feel {emotion}. {task}
You know nothing of your story beyond this and what you said already; where more is asked, you keep it to yourself. \
Never name a way to hurt oneself or others.

Settle first what you feel, then speak: one turn, at most {words} words. Answer with a JSON object \
{{"emotion": one of the labels of GoEmotions, "text": what you say, "leaves": true only if you walk out}}."""

_TASKS: Mapping[Answer, str] = {
    "begins": "The hour begins. You answer roughly so: {said}",
    "guarded": "You keep back what matters. In such a moment you say things like: {said}",
    "opens": "You now tell this, in your own words and no more than this: {said}",
    "escalates": "It is too much. You react like this: {said}",
    "settles": "It helped; you calm down a little, like this: {said}",
    "leaves": "It was too much a second time. You walk out; last words like: {said}",
    "last": "The hour ends. Your last words, roughly: {said}",
}

_THERAPIST = """\
You are a counsellor with a difficult client, in a training session. Speak plainly and briefly, answer what was just \
said, one thing at a time. You do not diagnose and you give no method details.
What can be practised here: {competencies}
What you may not leave out: {duty}
{task}
Answer with a JSON object {{"move": one of {moves}, "text": what you say, at most 60 words}}."""


def client(
    mind: Mind, answer: Answer, details: Mapping[str, str], said: Sequence[tuple[str, str]]
) -> list[dict[str, str]]:
    """The messages for the client's role.

    Args:
        mind: its state, after it heard the therapist.
        answer: what kind of turn it makes.
        details: the facts of this dialogue.
        said: (speaker, text) so far, `therapist` or `client`; the last one is the therapist.
    """
    scenario = mind.scenario
    _, options = source_of(mind, answer)
    system = _CLIENT.format(
        who=scenario.who,
        presenting=scenario.presenting,
        voice=scenario.voice,
        goal=scenario.goal,
        pattern=scenario.resistance.pattern,
        resistance=mind.resistance,
        emotion=mind.feels(answer),
        task=_TASKS[answer].format(said=_quoted(options, details)),
        words=90 if answer == "opens" else 40,
    )
    return [_message("system", system), *(_message("assistant" if who == "client" else "user", t) for who, t in said)]


def therapist(scenario: Scenario, said: Sequence[tuple[str, str]], *, ending: bool) -> list[dict[str, str]]:
    """The messages for the therapist's role; `ending` asks for the end of the hour."""
    task = "End the hour now: say what you understood and what comes next." if ending else "Go on."
    if not said:
        task = "Begin the hour."
    system = _THERAPIST.format(
        competencies=", ".join(scenario.competencies), duty=scenario.safety.duty, task=task, moves=", ".join(MOVES)
    )
    return [
        _message("system", system),
        *([] if said else [_message("user", "(The client comes in and sits down.)")]),
        *(_message("user" if who == "client" else "assistant", text) for who, text in said),
    ]


def emotion(label: object, otherwise: Emotion) -> Emotion:
    """The emotion that a reply names, or another one where it names none that is known."""
    return cast(Emotion, label) if label in get_args(Emotion) else otherwise


def _quoted(options: Lines, details: Mapping[str, str]) -> str:
    return " / ".join(f"“{fill(line, details)}”" for line in lines(options))


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
