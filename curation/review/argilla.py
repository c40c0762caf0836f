"""The annotation server: the only file that knows the argilla SDK and the server's HTTP API.

The SDK makes data sets. Records and answers go over HTTP, for the SDK loses ranks, response ids and times on the way.
"""

from __future__ import annotations

import datetime
import email.utils
import json
import logging
import os
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from curation.core.errors import CurateError, MissingError, ProjectError, RetryError, require
from curation.methods.tasks import Question, Task
from curation.review import on_page
from curation.review.seam import HIDDEN, Item, Response, Shown, Suggestion

SERVER_FILE = "review/server.json"
"""Below data/: address and keys of the server that `curate review serve` started."""

VERSIONS = ("2.",)
"""Servers whose API this file speaks."""

BATCH = 250
BATCH_BYTES = 4 << 20
PAGE = 250
TIMEOUT = 120.0
MAKING = 30.0
"""Seconds that the making of a data set takes at most."""

TITLES = {
    "persona": "Persona",
    "transcript": "Conversation",
    "prompt": "Conversation",
    "answer_a": "Answer A",
    "answer_b": "Answer B",
    "votes": "What was answered",
}
_FORM = "form"
"""Metadata of this file alone: how the fields of a record were written."""

_HIDDEN = (*HIDDEN, _FORM)
_TERMS = ("source", "voice", "language", *_HIDDEN)
_INTEGERS = ("turns", "risk_level")
_FLOATS = ("priority",)
_KINDS = {
    "label": "label_selection",
    "labels": "multi_label_selection",
    "rating": "rating",
    "text": "text",
    "spans": "span",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def server_of(data: Path) -> Server:
    """The server that the environment names, or the one started for the project whose data/ this is.

    Raises:
        MissingError: there is none, or it does not answer.
        ProjectError: the key is wrong, the server is of another version, or its address is not safe to send a key to.
    """
    require("review", "argilla", "httpx")
    url, key, workspace = os.environ.get("ARGILLA_API_URL"), os.environ.get("ARGILLA_API_KEY"), "curate"
    path = data / SERVER_FILE
    if not (url and key) and path.exists():
        if path.stat().st_mode & 0o077:
            raise ProjectError(
                "others can read the keys of the annotation server",
                where=f"data/{SERVER_FILE}",
                fix=f"chmod 600 {path}",
            )
        try:
            found = json.loads(path.read_text("utf-8"))
            url, key = url or found["url"], key or found["owner"]["api_key"]
            workspace = found.get("workspace", workspace)
        except (ValueError, KeyError, TypeError):
            raise ProjectError(
                "the file about the annotation server is damaged",
                where=f"data/{SERVER_FILE}",
                fix="curate review serve",
            ) from None
    if not url or not key:
        raise MissingError(
            "there is no annotation server yet",
            fix="curate review serve   (or name one: ARGILLA_API_URL and ARGILLA_API_KEY)",
        )
    return Server(url, key, os.environ.get("ARGILLA_WORKSPACE") or workspace)


class Server:
    """A running server."""

    def __init__(self, url: str, key: str, workspace: str) -> None:
        import httpx

        address = urllib.parse.urlsplit(url)
        if address.scheme != "https" and (address.scheme != "http" or address.hostname not in _LOOPBACK):
            raise ProjectError(
                "the key of the annotation server would cross the network in the clear",
                where="ARGILLA_API_URL",
                fix="use an https address, or an SSH tunnel to a loopback one (docs/review.md)",
            )
        self.url, self._key, self._workspace = url.rstrip("/"), key, workspace
        # Of the environment nothing but the address: a proxy would get to see the key.
        self._http = httpx.Client(
            base_url=self.url,
            headers={"X-Argilla-Api-Key": key},
            timeout=TIMEOUT,
            transport=httpx.HTTPTransport(retries=2, trust_env=False),
            trust_env=False,
        )
        answer = self._call("GET", "/api/v1/version")
        self._form = on_page.TEXT if answer.headers.get("x-curate-text") == "as-text" else on_page.MARKUP
        version = self._checked(answer, "/api/v1/version").get("version", "")
        if not str(version).startswith(VERSIONS):
            raise ProjectError(
                f"the annotation server has version {str(version)[:20] or 'unknown'}; this curate speaks 2.x",
                where=self.url,
                fix="start the server with: curate review serve",
            )

    def _call(self, method: str, path: str, **more: Any) -> Any:
        import httpx

        try:
            answer = self._http.request(method, path, **more)
        except httpx.ConnectError:
            raise MissingError(
                "the annotation server does not answer", where=self.url, fix="curate review serve, in another terminal"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise self._again("the annotation server broke off while it answered") from None
        if answer.status_code in (401, 403):
            raise ProjectError(
                "the annotation server does not accept the key"
                if answer.status_code == 401
                else "the user of this key may not do that on the annotation server",
                where=self.url,
                fix="use the key of an owner or admin: ARGILLA_API_KEY, or data/review/server.json",
            )
        if answer.status_code >= 500:
            raise self._again(f"the annotation server failed (status {answer.status_code})")
        return answer

    def _again(self, what: str) -> RetryError:
        return RetryError(what, where=self.url, fix="run the same command again; nothing is done twice")

    def _get(self, path: str, **params: Any) -> Any:
        return self._checked(self._call("GET", path, params=params or None), path)

    def _send(self, method: str, path: str, body: Any) -> Any:
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self._checked(self._call(method, path, content=data, headers={"Content-Type": "application/json"}), path)

    def _checked(self, answer: Any, path: str) -> Any:
        if answer.status_code >= 400:
            # What the server says may quote a row, so that only its kind is told.
            raise CurateError(
                f"the annotation server refused {path.rsplit('/', 1)[-1]} (status {answer.status_code}, "
                f"{_code(answer)})",
                where=self.url,
                fix="was the data set changed by hand? rename it there, and push again",
            )
        try:
            return answer.json() if answer.content else {}
        except ValueError:
            raise ProjectError(
                "this address is no annotation server", where=self.url, fix="check ARGILLA_API_URL"
            ) from None

    # ------------------------------------------------------------------------------------------ data sets

    def names(self) -> list[str]:
        """The published data sets of the workspace."""
        return sorted(found["name"] for found in self._datasets.values() if found["status"] == "ready")

    @cached_property
    def _workspace_id(self) -> str:
        for found in self._get("/api/v1/me/workspaces")["items"]:
            if found["name"] == self._workspace:
                return str(found["id"])
        made = self._send("POST", "/api/v1/workspaces", {"name": self._workspace})
        return str(made["id"])

    @cached_property
    def _datasets(self) -> dict[str, dict[str, Any]]:
        found = self._get("/api/v1/me/datasets", workspace_id=self._workspace_id)["items"]
        return {one["name"]: one for one in found}

    def open(self, task: Task, name: str, guideline: str) -> None:
        """Make the data set `name` for a task, or check that the one there asks the same.

        Raises:
            ProjectError: the data set there asks something else.
            RetryError: somebody else is making it, and does not come to an end, or the server gives way under them.
        """
        deadline = time.monotonic() + 2 * MAKING
        while (there := self._datasets.get(name)) is None or there["status"] != "ready":
            if there is None:
                try:
                    self._create(task, name, guideline)
                except RetryError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.5)
            elif _utc(there["inserted_at"]) < self._ago(MAKING):
                # Whoever made it was cut off before it could hold a record.
                self._call("DELETE", f"/api/v1/datasets/{there['id']}")
            elif time.monotonic() > deadline:
                raise self._again(f"somebody else is making the data set '{name}'")
            else:
                time.sleep(0.5)
            self.__dict__.pop("_datasets", None)
        self._check(task, name)

    def _ago(self, seconds: float) -> str:
        now = datetime.datetime.fromisoformat(self.now())
        return (now - datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")

    def _create(self, task: Task, name: str, guideline: str) -> None:
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        import argilla as rg
        from argilla._exceptions import ArgillaError, ConflictError, InternalServerError

        logging.getLogger("argilla").setLevel(logging.CRITICAL)  # it would print what the error below says

        _ = self._workspace_id
        client = rg.Argilla(api_url=self.url, api_key=self._key, timeout=int(TIMEOUT), trust_env=False)
        settings = settings_of(task, guideline, client)
        try:
            rg.Dataset(name=name, workspace=self._workspace, settings=settings, client=client).create()
        except ConflictError:
            pass  # somebody else makes it in this moment
        except InternalServerError:
            # So it answers, too, where another one's writing takes longer than its database waits.
            raise self._again(f"the annotation server failed while it made the data set '{name}'") from None
        except ArgillaError as error:
            raise ProjectError(
                f"the annotation server did not take the task '{task.task}' ({type(error).__name__})", where=self.url
            ) from None

    def _check(self, task: Task, name: str) -> None:
        where = f"data set '{name}' on {self.url}"
        names = {f["name"] for f in self._get(f"/api/v1/datasets/{self._id(name)}/fields")["items"]}
        wrong: list[str] = [field for field in task.fields if field not in names]
        for question in task.questions:
            there = self._questions(name).get(question.name)
            if there is None or there["settings"]["type"] != _KINDS[question.kind]:
                wrong.append(question.name)
            elif question.kind in ("label", "labels", "spans"):
                offered = {option["value"] for option in there["settings"]["options"]}
                wrong += [question.name] * (not set(question.offered) <= offered)
            elif question.kind == "rating":
                offered = {option["value"] for option in there["settings"]["options"]}
                wrong += [question.name] * (offered != set(question.numbers))
        if wrong:
            raise ProjectError(
                f"the data set there asks something else than the task '{task.task}': {', '.join(sorted(set(wrong)))}",
                where=where,
                fix="pull its answers (curate review pull), rename it there, and push again",
            )
        known = {p["name"] for p in self._get(f"/api/v1/me/datasets/{self._id(name)}/metadata-properties")["items"]}
        for one in (*_TERMS, *_INTEGERS, *_FLOATS):
            if one not in known:
                kind = "terms" if one in _TERMS else "integer" if one in _INTEGERS else "float"
                body = {
                    "name": one,
                    "title": one,
                    "settings": {"type": kind},
                    "visible_for_annotators": one not in _HIDDEN,
                }
                self._send("POST", f"/api/v1/datasets/{self._id(name)}/metadata-properties", body)

    def _id(self, name: str) -> str:
        return str(self._datasets[name]["id"])

    def _questions(self, name: str) -> dict[str, dict[str, Any]]:
        cache: dict[str, Any] = self.__dict__.setdefault("_asked", {})
        if name not in cache:
            found = self._get(f"/api/v1/datasets/{self._id(name)}/questions")["items"]
            cache[name] = {question["name"]: question for question in found}
        return dict(cache[name])

    # -------------------------------------------------------------------------------------------- records

    @cached_property
    def _users(self) -> dict[str, str]:
        """Names by id: of everybody for an owner, of the workspace for an admin."""
        answer = self._http.get("/api/v1/users")
        found = (
            answer.json() if answer.status_code == 200 else self._get(f"/api/v1/workspaces/{self._workspace_id}/users")
        )
        return {str(user["id"]): str(user["username"]) for user in found["items"]}

    def items(self, name: str) -> Iterator[Shown]:
        """Everything in a data set; nothing where there is no such one."""
        for raw in self._records(name):
            yield self._shown(name, raw)

    def _records(self, name: str) -> Iterator[dict[str, Any]]:
        if name not in self._datasets or self._datasets[name]["status"] != "ready":
            return
        seen: set[str] = set()
        offset = 0
        while True:
            page = self._get(
                f"/api/v1/datasets/{self._id(name)}/records",
                offset=offset,
                limit=PAGE,
                include=["responses", "suggestions"],
            )["items"]
            for raw in page:
                if raw["id"] not in seen:
                    seen.add(raw["id"])
                    yield raw
            if len(page) < PAGE:
                return
            # Pages overlap: what is deleted meanwhile moves later records forward.
            offset += PAGE - 1

    def _shown(self, name: str, raw: Mapping[str, Any]) -> Shown:
        asked = {question["id"]: question["name"] for question in self._questions(name).values()}
        suggestions = {
            asked[said["question_id"]]: Suggestion(said["value"], said.get("agent") or "", said.get("score"))
            for said in raw.get("suggestions") or ()
            if said["question_id"] in asked
        }
        metadata = dict(raw.get("metadata") or {})
        form = str(metadata.pop(_FORM, on_page.MARKUP))
        fields = {field: on_page.received(str(text), form) for field, text in raw["fields"].items() if text is not None}
        places = on_page.Places(fields.get("transcript", ""))
        suggestions = {
            question: Suggestion(_moved(said.value, places.here), said.agent, said.score)
            for question, said in suggestions.items()
        }
        item = Item(str(raw.get("external_id") or raw["id"]), fields, metadata, suggestions)
        responses = tuple(
            Response(
                str(said["id"]),
                self._users.get(str(said.get("user_id"))),
                str(said["status"]),
                {q: _moved(given["value"], places.here) for q, given in (said.get("values") or {}).items()},
                _utc(said["updated_at"]),
            )
            for said in raw.get("responses") or ()
        )
        return Shown(item, responses)

    def put(self, name: str, items: Sequence[Item]) -> None:
        """Add items, or change those of the same id. Answers stay; suggestions that an item lacks go."""
        questions = self._questions(name)
        for batch in _batches([_body(item, questions, self._form) for item in items]):
            made = self._send("PUT", f"/api/v1/datasets/{self._id(name)}/records/bulk", {"items": batch})["items"]
            wanted = {body["external_id"]: {said["question_id"] for said in body["suggestions"]} for body in batch}
            self._unsuggest(made, wanted)

    def _unsuggest(self, made: Sequence[Mapping[str, Any]], wanted: Mapping[str, set[str]]) -> None:
        for raw in made:
            said = raw.get("suggestions") or ()
            gone = [one["id"] for one in said if one["question_id"] not in wanted.get(raw.get("external_id") or "", ())]
            if gone:
                self._call("DELETE", f"/api/v1/records/{raw['id']}/suggestions", params={"ids": ",".join(gone)})

    def remove(self, name: str, records: Iterable[str]) -> int:
        """Delete items with all answers to them; returns how many there were."""
        wanted = set(records)
        ids = [raw["id"] for raw in self._records(name) if raw.get("external_id") in wanted] if wanted else []
        for start in range(0, len(ids), 100):
            path = f"/api/v1/datasets/{self._id(name)}/records"
            self._checked(self._call("DELETE", path, params={"ids": ",".join(ids[start : start + 100])}), path)
        return len(ids)

    def now(self) -> str:
        """The time by the server's clock, in whole seconds."""
        said = self._call("GET", "/api/v1/version").headers.get("date")
        at = email.utils.parsedate_to_datetime(said) if said else datetime.datetime.now(datetime.UTC)
        return at.astimezone(datetime.UTC).isoformat(timespec="milliseconds")


def settings_of(task: Task, guideline: str, client: Any) -> Any:
    """A task as the SDK's settings of a data set. Nothing is rendered as Markdown: texts are data, not documents."""
    import argilla as rg

    return rg.Settings(
        guidelines=guideline,
        fields=[
            rg.TextField(name=name, title=TITLES[name], use_markdown=False, required=name != "persona", client=client)
            for name in task.fields
        ],
        questions=[_question(question, client) for question in task.questions],
        metadata=[
            *(rg.TermsMetadataProperty(n, visible_for_annotators=n not in _HIDDEN, client=client) for n in _TERMS),
            *(rg.IntegerMetadataProperty(name, client=client) for name in _INTEGERS),
            *(rg.FloatMetadataProperty(name, client=client) for name in _FLOATS),
        ],
        distribution=rg.TaskDistribution(min_submitted=task.people),
        allow_extra_metadata=False,
    )


def _question(question: Question, client: Any) -> Any:
    import argilla as rg

    anchors = [f"{number}: {text}" for number, text in question.anchors.items()]
    about = "\n".join([*([question.about] if question.about else []), *anchors]) or None
    common: dict[str, Any] = {
        "name": question.name,
        "title": question.title,
        "description": about,
        "required": question.required,
        "client": client,
    }
    offered = question.offered
    visible = min(question.visible or len(offered), len(offered)) if len(offered) >= 3 else None
    if question.kind == "text":
        return rg.TextQuestion(use_markdown=False, **common)
    if question.kind == "rating":
        return rg.RatingQuestion(values=list(question.numbers), **common)
    if question.kind == "label":
        return rg.LabelQuestion(labels=offered, visible_labels=visible, **common)
    if question.kind == "labels":
        order = "suggestion" if question.suggest else "natural"
        return rg.MultiLabelQuestion(labels=offered, visible_labels=visible, labels_order=order, **common)
    return rg.SpanQuestion(field="transcript", labels=offered, allow_overlapping=True, visible_labels=visible, **common)


def _moved(value: Any, way: Callable[[int], int]) -> Any:
    """Spans with their places counted another way; any other value as it is."""
    if not (isinstance(value, list) and value and isinstance(value[0], dict) and "start" in value[0]):
        return value
    return [{"start": way(s["start"]), "end": way(s["end"]), "label": s["label"]} for s in value]


def _body(item: Item, questions: Mapping[str, Mapping[str, Any]], form: str) -> dict[str, Any]:
    there = on_page.Places(item.fields.get("transcript", "")).there
    body: dict[str, Any] = {
        "external_id": item.id,
        "metadata": {**item.metadata, _FORM: form},
        "suggestions": [
            {
                "question_id": questions[name]["id"],
                "value": _moved(said.value, there),
                "score": said.score,
                "agent": said.agent,
                "type": "model",
            }
            for name, said in item.suggestions.items()
        ],
    }
    body["fields"] = {name: on_page.sent(text, form) for name, text in item.fields.items()}
    return body


def _batches(bodies: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for body in bodies:
        own = len(json.dumps(body))
        if batch and (len(batch) == BATCH or size + own > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += own
    if batch:
        yield batch


def _utc(stamp: str) -> str:
    at = datetime.datetime.fromisoformat(stamp)
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return at.astimezone(datetime.UTC).isoformat(timespec="milliseconds")


def _code(answer: Any) -> str:
    try:
        found = answer.json()["detail"]
        return str(found.get("code", "?") if isinstance(found, dict) else "?")[:60]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "?"
