"""A project with the real annotation server beside it, as a person would start it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Serving:
    """A running server."""

    root: Path
    process: subprocess.Popen

    @property
    def facts(self):
        return json.loads((self.root / "data" / "review" / "server.json").read_text())

    @property
    def annotators(self):
        return {person["username"]: person["api_key"] for person in self.facts["annotators"]}

    def as_user(self, key):
        import httpx

        return httpx.Client(base_url=self.facts["url"], headers={"X-Argilla-Api-Key": key}, timeout=60)

    def records(self, name, http):
        """The records of a data set as an annotator's page gets them: raw fields and ids."""
        owner = self.as_user(self.facts["owner"]["api_key"])
        sets = {d["name"]: d["id"] for d in owner.get("/api/v1/me/datasets").json()["items"]}
        found, offset = [], 0
        while True:
            page = owner.get(
                f"/api/v1/datasets/{sets[name]}/records",
                params={"limit": 200, "offset": offset, "include": "suggestions"},
            ).json()["items"]
            found += page
            offset += len(page)
            if len(page) < 200:
                return found

    def answer(self, http, record_id, values, status="submitted"):
        """What the page sends when somebody presses Submit."""
        body = {"status": status, "values": {name: {"value": value} for name, value in values.items()}}
        sent = http.post(f"/api/v1/records/{record_id}/responses", json=body)
        if sent.status_code == 409:
            owner = self.as_user(self.facts["owner"]["api_key"])
            mine = http.get("/api/v1/me").json()["id"]
            for response in owner.get(f"/api/v1/records/{record_id}").json()["responses"]:
                if response["user_id"] == mine:
                    sent = http.put(f"/api/v1/responses/{response['id']}", json=body)
        assert sent.status_code in (200, 201), sent.text
        return sent.json()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def start(root: Path) -> Serving:
    """`curate review serve` in a project; the test is skipped where the server is not installed."""
    environment = pytest.importorskip("curation.review.server.environment")
    pytest.importorskip("httpx")
    pytest.importorskip("argilla")
    if not any(environment.place().glob("*/.complete")):
        pytest.skip("the annotation server is not installed here: curate review serve")
    port = free_port()
    command = [sys.executable, "-m", "curation", "--project", str(root), "review", "serve", "--port", str(port)]
    log = (root / "serve.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    serving = Serving(root, process)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if serving.as_user("").get("/api/v1/version").status_code == 200:
                return serving
        except Exception:  # it is not up yet
            time.sleep(0.3)
    raise AssertionError((root / "serve.log").read_text())
