"""A client for OpenAI-compatible endpoints that a project allows: cached, capped, resumable.

Every reply is kept by the content of its request, so a second run costs nothing and a killed one goes on where it
was. Nothing is sent to an endpoint that `curate.toml` does not name.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from curation.core import files, net
from curation.core.endpoints import EndpointSpec
from curation.core.errors import GateError, ProjectError, RetryError

VERSION = 1
CHARS_PER_TOKEN = 4.0
"""An estimate for English; what a run really used is in the replies."""
_MOST_BYTES = 16 << 20
_BUSY = (408, 409, 425, 429)


Message = Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """One conversation to be continued.

    Attributes:
        messages: role and content of each turn.
        seed: asks for another reply to the same turns.
        want_json: the reply has to be a JSON object.
    """

    messages: tuple[Message, ...]
    seed: int = 0
    want_json: bool = False


Trouble = Literal["empty", "cut", "refused", "broken"]


@dataclass(frozen=True)
class Reply:
    """What an endpoint said.

    Attributes:
        text: the reply.
        model: the model that the server says it used.
        prompt: digest of the request, 16 hex digits; stored with what is made of the reply.
        tokens_in: tokens sent, as the server counts.
        tokens_out: tokens of the reply.
        trouble: why the reply is of no use: empty, cut at `max_tokens`, refused by a filter, or broken JSON.
        cached: it was there already and cost nothing.
    """

    text: str
    model: str
    prompt: str
    tokens_in: int
    tokens_out: int
    trouble: Trouble | None = None
    cached: bool = False


@dataclass
class Usage:
    """What a client has used so far."""

    requests: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass
class Client:
    """Asks one endpoint.

    Attributes:
        name: the endpoint's name in curate.toml.
        spec: how it is reached and what it costs.
        cache: folder of the replies; below data/raw, for they are not scrubbed.
        usage: what was used.
    """

    name: str
    spec: EndpointSpec
    cache: Path
    usage: Usage = field(default_factory=Usage)
    sleep: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0

    def ask(self, request: Request) -> Reply:
        """One reply, from the cache or from the server.

        Raises:
            GateError: the key is missing or refused, or the reply could cost more than is left of `max_cost`.
            ProjectError: the server does not know the model or the request.
            RetryError: the server is down, busy or too slow, after all retries.
        """
        if known := self.known(request):
            with self._lock:
                self.usage.cached += 1
            return known
        body = self._body(request)
        prompt = files.digest({"version": VERSION, **body})
        path = self.cache / prompt[:2] / f"{prompt}.json"
        most = self._afford(request)
        try:
            document = self._send(body)
        finally:
            with self._lock:
                self.usage.cost -= most
        reply = self._understood(document, request, prompt[:16])
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write_sealed(path, {k: v for k, v in vars(reply).items() if k != "cached"})
        return reply

    def known(self, request: Request) -> Reply | None:
        """The reply to a request where it is in the cache; nothing is sent and nothing counted."""
        prompt = files.digest({"version": VERSION, **self._body(request)})
        path = self.cache / prompt[:2] / f"{prompt}.json"
        return Reply(**{**files.read_sealed(path), "cached": True}) if path.exists() else None

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return (tokens_in * self.spec.price_in + tokens_out * self.spec.price_out) / 1e6

    def ask_all(self, requests: Sequence[Request]) -> list[Reply]:
        """Replies in the order of the requests, several at a time. What was answered before an error is kept."""
        with ThreadPoolExecutor(self.spec.concurrency) as pool:
            jobs = [pool.submit(self.ask, request) for request in requests]
            try:
                return [job.result() for job in jobs]
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def estimate(self, requests: Sequence[Request]) -> Usage:
        """What these requests would use at most, those that are cached left out; nothing is sent."""
        total = Usage()
        for request in requests:
            prompt = files.digest({"version": VERSION, **self._body(request)})
            if (self.cache / prompt[:2] / f"{prompt}.json").exists():
                total.cached += 1
                continue
            total.requests += 1
            total.tokens_in += tokens(request)
            total.tokens_out += self.spec.max_tokens
        total.cost = self.price(total.tokens_in, total.tokens_out)
        return total

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.spec.model,
            "messages": [dict(message) for message in request.messages],
            "max_tokens": self.spec.max_tokens,
            "temperature": self.spec.temperature,
            "seed": request.seed,
        }
        return {**body, "response_format": {"type": "json_object"}} if request.want_json else body

    def _afford(self, request: Request) -> float:
        """Set aside what the reply may cost at most, so that requests at the same time cannot spend it twice."""
        most = self.price(tokens(request), self.spec.max_tokens)
        with self._lock:
            if self.spec.max_cost is not None and self.usage.cost + most > self.spec.max_cost:
                raise GateError(
                    f"the endpoint '{self.name}' has used {self.usage.cost:.4f} of {self.spec.max_cost:g}; "
                    "the next reply could cost more than is left",
                    where="curate.toml",
                    fix=f"raise max_cost in [endpoints.{self.name}]; the replies so far are kept",
                )
            self.usage.cost += most
        return most

    def _send(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        data = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        headers = {"Content-Type": "application/json", **self._key()}
        host = self.spec.url.partition("://")[2].partition("/")[0]
        wait = 0.0
        for attempt in range(self.spec.retries + 1):
            self._pace(wait)
            try:
                answer = net.post(
                    f"{self.spec.url.rstrip('/')}/chat/completions",
                    data,
                    headers=headers,
                    allow_hosts=(host,),
                    max_bytes=_MOST_BYTES,
                    timeout_s=self.spec.timeout_s,
                )
            except RetryError:
                if attempt == self.spec.retries:
                    raise
                wait = 2.0**attempt
                continue
            if answer.status in _BUSY or answer.status >= 500:
                wait = min(answer.retry_after_s if answer.retry_after_s is not None else 2.0**attempt, 120.0)
                continue
            return self._document(answer)
        raise RetryError(
            f"the endpoint '{self.name}' was busy or failing {self.spec.retries + 1} times",
            where=self.spec.url,
            fix="run the same command again; the replies so far are kept",
        )

    def _key(self) -> dict[str, str]:
        if self.spec.key_env is None:
            return {}
        key = os.environ.get(self.spec.key_env, "").strip()
        if not key:
            raise GateError(
                f"the endpoint '{self.name}' wants a key", where=self.spec.key_env, fix=f"export {self.spec.key_env}=…"
            )
        return {"Authorization": f"Bearer {key}"}

    def _pace(self, wait: float) -> None:
        with self._lock:
            now = time.monotonic()
            begin = max(now + wait, self._next)
            if self.spec.requests_per_minute:
                self._next = begin + 60.0 / self.spec.requests_per_minute
        if begin > now:
            self.sleep(begin - now)

    def _document(self, answer: net.Answer) -> Mapping[str, Any]:
        if answer.status in (401, 403):
            raise GateError(
                f"the endpoint '{self.name}' refuses the key (status {answer.status})",
                where=self.spec.url,
                fix=f"look at the variable {self.spec.key_env or 'key_env'} and at the account",
            )
        if answer.status != 200:
            raise ProjectError(
                f"the endpoint '{self.name}' refuses the request (status {answer.status})",
                where=f"{self.spec.url}, model {self.spec.model}",
                fix=f"look at url, model and max_tokens in [endpoints.{self.name}]",
            )
        try:
            document = orjson.loads(answer.body)
            document["choices"][0]["message"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            raise RetryError(
                f"the endpoint '{self.name}' answered with something that is no completion", where=self.spec.url
            ) from None
        return dict(document)

    def _understood(self, document: Mapping[str, Any], request: Request, prompt: str) -> Reply:
        choice = document["choices"][0]
        message, used = _mapping(choice.get("message")), _mapping(document.get("usage"))
        text = message.get("content")
        text = text if isinstance(text, str) else ""
        tokens_in, tokens_out = (
            int(used[name]) if isinstance(used.get(name), int) else guess
            for name, guess in (("prompt_tokens", tokens(request)), ("completion_tokens", _length(text)))
        )
        with self._lock:
            self.usage.requests += 1
            self.usage.tokens_in += tokens_in
            self.usage.tokens_out += tokens_out
            self.usage.cost += self.price(tokens_in, tokens_out)
        model = document.get("model")
        trouble = _trouble(choice.get("finish_reason"), message, text, request.want_json)
        return Reply(text, str(model or self.spec.model)[:200], prompt, tokens_in, tokens_out, trouble)


def _trouble(finished: Any, message: Mapping[str, Any], text: str, want_json: bool) -> Trouble | None:
    if finished == "content_filter" or message.get("refusal"):
        return "refused"
    if not text.strip():
        return "empty"
    if finished == "length":
        return "cut"
    if want_json:
        try:
            return None if isinstance(orjson.loads(text), dict) else "broken"
        except orjson.JSONDecodeError:
            return "broken"
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _length(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def tokens(request: Request) -> int:
    """About how many tokens a request sends."""
    return sum(_length(message["content"]) + 4 for message in request.messages)


def client(endpoints: Mapping[str, EndpointSpec], name: str, cache: Path) -> Client:
    """The client of an endpoint that the project names.

    Raises:
        ProjectError: it names no such endpoint.
    """
    if name not in endpoints:
        raise ProjectError(
            f"this project allows no endpoint called '{name}'",
            where="curate.toml",
            fix=f"endpoints here: {', '.join(endpoints) or 'none'}; add [endpoints.{name}] with url and model",
        )
    return Client(name, endpoints[name], cache)
