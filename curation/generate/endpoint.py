"""Dialogues by an endpoint in two roles, client and therapist: the gates stay ours, the words are the model's."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import orjson

from curation.core import made
from curation.core.errors import MissingError
from curation.core.project import Project
from curation.core.sources import ScenarioSource
from curation.generate import prompts
from curation.generate.mind import Mind
from curation.generate.moves import MOVES, Move, heard
from curation.generate.scenario import Scenario
from curation.generate.simulate import Choice, Said
from curation.generate.template import Turn
from curation.methods import endpoint
from curation.methods.endpoint import Reply, Request

Say = Callable[[str], None]
Ask = Callable[[Request], Reply]

ATTEMPTS = 3
"""So often a turn is asked for, each time with another seed, before its dialogue is given up."""
MOST_CHARS = 4000
"""A turn that is longer is no turn."""


class Useless(Exception):
    """No reply to a turn was of use; says why: empty, cut, refused, broken."""


@dataclass(frozen=True)
class _Voice:
    """One endpoint in one dialogue: asks until a reply is of use.

    Attributes:
        ask: gives the reply to a request.
        seed: of the dialogue.
    """

    ask: Ask
    seed: str

    def turn(self, messages: Sequence[dict[str, str]], number: int) -> tuple[dict[str, Any], str, Reply]:
        """The JSON object of a reply, its text, and the reply.

        Raises:
            Useless: no reply was of use.
        """
        reason = "broken"
        for attempt in range(ATTEMPTS):
            data = f"{self.seed}|{number}|{attempt}".encode()
            seed = int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big") >> 1
            reply = self.ask(Request(tuple(messages), seed=seed, want_json=True))
            reason = reply.trouble or "broken"
            if reply.trouble is None:
                document = orjson.loads(reply.text)
                text = document.get("text")
                if isinstance(text, str) and 0 < len(text.strip()) <= MOST_CHARS:
                    return document, " ".join(text.split()), reply
        raise Useless(reason)


class EndpointSimulator:
    """A client whose words come from an endpoint, and whose state and gates are a scenario's."""

    def __init__(self, ask: Ask, *, seed: int = 17, variation: int = 1) -> None:
        self._ask, self._seed, self._variation = ask, seed, variation
        self.mind: Mind | None = None
        self.reply: Reply | None = None

    def reset(self, scenario: Scenario) -> None:
        """Become this person, at the beginning of an hour."""
        self.mind = Mind(scenario)
        self._details = Choice(self._seed, scenario.id, self._variation).details(scenario)
        self._voice = _Voice(self._ask, f"{self._seed}|{scenario.id}|{self._variation}|client")
        self._said: list[tuple[str, str]] = []

    def step(self, message: str, move: Move | None = None) -> Said:
        """Answer what the therapist says.

        Raises:
            Useless: no reply was of use.
            ValueError: before `reset`.
        """
        if self.mind is None:
            raise ValueError("reset(scenario) comes first")
        mind = self.mind
        answer = mind.hear(move or heard(message))
        self._said.append(("therapist", message))
        document, text, self.reply = self._voice.turn(
            prompts.client(mind, answer, self._details, self._said), mind.turns
        )
        self._said.append(("client", text))
        if document.get("leaves") is True and 2 * mind.turns >= mind.scenario.turns.least:
            mind.left = mind.done = True
        told = mind.scenario.steps[mind.told - 1].id if answer == "opens" else None
        felt = prompts.emotion(document.get("emotion"), mind.feels(answer))
        return Said(text, felt, mind.done, mind.resistance, told, mind.left)


def dialogue(scenario: Scenario, ask: Ask, *, seed: int, variation: int) -> tuple[Turn, ...]:
    """One dialogue, the therapist first; no longer than the scenario's turn policy.

    Raises:
        Useless: a turn could not be had.
    """
    client = EndpointSimulator(ask, seed=seed, variation=variation)
    client.reset(scenario)
    mind = client.mind
    assert mind is not None
    voice = _Voice(ask, f"{seed}|{scenario.id}|{variation}|therapist")
    turns: list[Turn] = []
    while True:
        ending = mind.done
        said = [("therapist" if t.role == "assistant" else "client", t.content) for t in turns]
        document, text, reply = voice.turn(prompts.therapist(scenario, said, ending=ending), mind.turns)
        named = document.get("move")
        move = cast(Move, named) if named in MOVES else heard(text)
        turns.append(Turn("assistant", text, move=move, prompt=reply.prompt, model=reply.model))
        answer = client.step(text, move)
        assert client.reply is not None
        turns.append(
            Turn(
                "user",
                answer.text,
                emotion=answer.emotion,
                resistance=answer.resistance,
                told=answer.told,
                prompt=client.reply.prompt,
                model=client.reply.model,
            )
        )
        if ending or mind.left:
            return tuple(turns)


Dialogues = dict[str, list[tuple[int, Sequence[Turn]]]]


def play(
    project: Project, name: str, source: ScenarioSource, scenarios: Sequence[Scenario], say: Say
) -> tuple[Dialogues, Counter[str]]:
    """Every dialogue of a source, several at a time, and how many were given up, by reason.

    Says before and after what may be and what was spent.

    Raises:
        GateError, ProjectError, RetryError: as `Client.ask`; replies so far are kept.
        MissingError: a reply is not here and the project is offline.
    """
    one = _client(project, name, source)
    most = estimate(project, name, source, scenarios)
    cap = "no cap" if one.spec.max_cost is None else f"capped at {one.spec.max_cost:g}"
    if most.requests and project.settings.offline:
        raise MissingError(
            f"'{name}' needs replies of an endpoint, and the project is offline", fix="go online, and run it again"
        )
    say(f"{name}: {one.name} ({one.spec.model}): {described(most)} at most; {cap}")
    stop = threading.Event()

    def ask(request: Request) -> Reply:
        if stop.is_set():
            raise Useless("stopped")
        try:
            return one.ask(request)
        except BaseException:
            stop.set()  # so that no other dialogue goes on spending
            raise

    def run(job: tuple[Scenario, int]) -> tuple[Turn, ...] | str:
        try:
            return dialogue(job[0], ask, seed=source.seed, variation=job[1])
        except Useless as why:
            return str(why)

    jobs = [(scenario, v) for scenario in scenarios for v in range(1, source.variations + 1)]
    with ThreadPoolExecutor(one.spec.concurrency) as pool:
        try:
            waiting = [pool.submit(run, job) for job in jobs]
            # The error that stopped the others is the one to raise.
            for error in (job.exception() for job in waiting):
                if error is not None:
                    raise error
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            say(f"{name}: {one.name}: used {described(one.usage)}; {cap}")
    found: Dialogues = {scenario.id: [] for scenario in scenarios}
    rejected: Counter[str] = Counter()
    for (scenario, variation), job in zip(jobs, waiting, strict=True):
        result = job.result()
        if isinstance(result, str):
            rejected[result] += 1
        else:
            found[scenario.id].append((variation, result))
    return found, rejected


def described(usage: endpoint.Usage) -> str:
    """What was or would be used, in words."""
    return (
        f"{usage.requests:,} requests ({usage.cached:,} replies were here), {usage.tokens_in:,} + "
        f"{usage.tokens_out:,} tokens, cost {usage.cost:.4f}"
    )


class _Unknown(Exception):
    """A reply is not in the cache."""


def estimate(project: Project, name: str, source: ScenarioSource, scenarios: Sequence[Scenario]) -> endpoint.Usage:
    """What the dialogues of a source would use at most; nothing is sent.

    Walks each dialogue as far as its replies are in the cache; from there every turn that the policy allows is counted
    at the longest that a reply may be.
    """
    one = _client(project, name, source)
    total = endpoint.Usage()
    for scenario in scenarios:
        for variation in range(1, source.variations + 1):
            missing: list[Request] = []
            cached = 0

            def known(request: Request, missing: list[Request] = missing) -> Reply:
                nonlocal cached
                if (reply := one.known(request)) is None:
                    missing.append(request)
                    raise _Unknown
                cached += 1
                return reply

            try:
                dialogue(scenario, known, seed=source.seed, variation=variation)
            except _Unknown:
                left = max(1, scenario.turns.most - cached)
                sent = endpoint.tokens(missing[0])
                total.requests += left
                total.tokens_in += sum(sent + k * one.spec.max_tokens for k in range(left))
                total.tokens_out += left * one.spec.max_tokens
            except Useless:
                pass
            total.cached += cached
    total.cost = one.price(total.tokens_in, total.tokens_out)
    return total


def _client(project: Project, name: str, source: ScenarioSource) -> endpoint.Client:
    assert source.endpoint is not None
    return endpoint.client(project.settings.endpoints, source.endpoint, made.folder(project, name) / made.REPLIES)
