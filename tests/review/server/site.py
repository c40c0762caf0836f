"""A running review server of a test's own, and the few calls to it that tests need."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from curation.core import files
from curation.core.errors import RetryError
from curation.review.server import credentials, environment, process

sys.path.append(str(process.INSIDE))  # so that tests can import the parts that need no server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """A server over a home; `restart` and `kill` are how it ends."""

    def __init__(self, home: Path, names=()) -> None:
        self.home = files.make_dir(home)
        self.names = names
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        try:
            self.python = environment.bring(lambda text: None)
        except RetryError as error:
            pytest.skip(f"the review server cannot be installed here: {error.what}")
        credentials.ensure_secret(self.home)
        self.accounts = credentials.read(self.home) or credentials.begin(self.home, self.url)
        self.owner = self.accounts["owner"]["api_key"]
        self.annotators = [each["api_key"] for each in self.accounts["annotators"]]
        self._stack = contextlib.ExitStack()
        self.process = None

    def start(self) -> Site:
        self.process = self._stack.enter_context(
            process.running(self.python, self.home, "127.0.0.1", self.port, self.names)
        )
        return self

    def stop(self) -> None:
        self._stack.close()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._stack.close()

    def call(self, method, path, body=None, *, key=None, headers=None, timeout=60):
        """(status, headers, document) of a request; `key` is the owner's, if no other is given."""
        sent = {"X-Argilla-Api-Key": self.owner if key is None else key, **(headers or {})}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={k: v for k, v in sent.items() if v}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, got, raw = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, got, raw = error.code, error.headers, error.read()
        return status, got, json.loads(raw) if got.get("Content-Type") == "application/json" and raw else raw

    def ask(self, method, path, body=None, **options):
        """The document of a request that has to succeed."""
        status, _, document = self.call(method, "/api/v1" + path, body, **options)
        assert status < 300, (status, document)
        return document

    def dataset(self, name, *, questions=None, metadata=(), vectors=(), fields=("text",), min_submitted=1):
        """A published data set; returns its id."""
        (workspace,) = self.ask("GET", "/me/workspaces")["items"]
        made = self.ask(
            "POST",
            "/datasets",
            {
                "name": name,
                "workspace_id": workspace["id"],
                "distribution": {"strategy": "overlap", "min_submitted": min_submitted},
            },
        )
        at = f"/datasets/{made['id']}"
        for field in fields:
            settings = {"type": "text", "use_markdown": False}
            self.ask("POST", f"{at}/fields", {"name": field, "title": field, "required": True, "settings": settings})
        for question in questions or (label_question("label", "yes", "no"),):
            self.ask("POST", f"{at}/questions", question)
        for kind, prop in metadata:
            self.ask("POST", f"{at}/metadata-properties", {"name": prop, "title": prop, "settings": {"type": kind}})
        for title, dimensions in vectors:
            self.ask("POST", f"{at}/vectors-settings", {"name": title, "title": title, "dimensions": dimensions})
        self.ask("PUT", f"{at}/publish")
        return made["id"]

    def push(self, dataset, records):
        """Upsert records; returns their ids in the same order."""
        ids = []
        for start in range(0, len(records), 500):
            done = self.ask("PUT", f"/datasets/{dataset}/records/bulk", {"items": records[start : start + 500]})
            ids += [each["id"] for each in done["items"]]
        return ids

    def find(self, dataset, text=None, *, key=None, limit=100, **query):
        """(external ids, total) of a search; with a key, as that person."""
        body = dict(query)
        if text is not None:
            body["query"] = {"text": {"q": text}} if isinstance(text, str) else text
        mine = "/me" if key else ""
        found = self.ask("POST", f"{mine}/datasets/{dataset}/records/search?limit={limit}", body, key=key)
        return [each["record"]["external_id"] for each in found["items"]], found["total"]

    def answer(self, record, values, *, status="submitted", key):
        """A person's response; returns what the server acknowledged."""
        body = {
            "values": {name: {"value": value} for name, value in values.items()},
            "status": status,
            "record_id": record,
        }
        return self.ask("POST", "/me/responses/bulk", {"items": [body]}, key=key)["items"][0]["item"]


def label_question(name, *labels, required=True):
    options = [{"value": label, "text": label} for label in labels]
    settings = {"type": "label_selection", "options": options}
    return {"name": name, "title": name, "required": required, "settings": settings}


def record(external_id, text, **more):
    return {"external_id": external_id, "fields": {"text": text}, **more}


def words_in(log: Path, pattern: str) -> list[str]:
    return re.findall(pattern, log.read_text()) if log.exists() else []
