"""Small projects of scenarios, and an endpoint on loopback that plays both roles."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.cli import main
from curation.commands.init import create

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of two scenarios, one harmless, one at risk, with a key that is the same in every run."""
    return project(tmp_path / "p")


def project(folder: Path, only: tuple[str, ...] = ("mm", "night-porter"), extra: str = "") -> Path:
    wanted = ", ".join(only)
    create(
        folder,
        sources=f"sources:\n  clients:\n    kind: scenarios\n    licence: apache-2.0\n    only: [{wanted}]\n{extra}",
    )
    (folder / "keys" / "project.key").write_text("ab" * 32)
    # The rules that find names take seconds to load, and nothing here needs them.
    (folder / "curate.toml").write_text('[stages.scrub]\nlevel = "patterns"\n')
    for recipe in (folder / "exports" / "mixes").glob("*.yaml"):
        recipe.write_text(recipe.read_text("utf-8") + "gates: {scrub: patterns}\n", "utf-8")
    return folder


def curate(root: Path, *words: str) -> int:
    return main(["--project", str(root), "--workers", "1", *words])


def copy_scenario(folder: Path, name: str, change: Callable[[str], str] = lambda text: text) -> Path:
    shutil.copy(SCENARIOS / f"{name}.yaml", folder / f"{name}.yaml")
    path = folder / f"{name}.yaml"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    return path


class Roles(http.server.BaseHTTPRequestHandler):
    """Answers as a client where it is told to play one, else as a therapist; `answer` may say otherwise."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, Any]]
    answer: Callable[[dict[str, Any], int], Any] | None = None
    lock: threading.Lock
    pause = 0.0

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        kind = type(self)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with kind.lock:
            kind.seen.append(body)
            number = len(kind.seen)
        time.sleep(kind.pause)
        step = kind.answer(body, number) if kind.answer else {}
        status, finish = step.get("status", 200), step.get("finish", "stop")
        content = step.get("text", json.dumps(played(body, number)))
        message = {"role": "assistant", "content": content}
        document = {
            "model": "roles-1",
            "choices": [{"message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20},
        }
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def is_client(body: dict[str, Any]) -> bool:
    return "You play a client" in body["messages"][0]["content"]


def played(body: dict[str, Any], number: int) -> dict[str, Any]:
    """What a cooperative model says: a client echoes what it was told to say, a therapist makes good moves in turn."""
    system = body["messages"][0]["content"]
    if is_client(body):
        told = system.partition("Now: ")[2].partition("“")[2].partition("”")[0]
        return {"emotion": "sadness", "text": f"{told} ({body['seed'] % 997})"}
    move = ("reflection", "safety_check", "information", "validation")[len(body["messages"]) // 2 % 4]
    return {"move": move, "text": f"I hear you ({body['seed'] % 997})."}


@pytest.fixture
def server() -> Iterator[type[Roles]]:
    handler = type("Handler", (Roles,), {"seen": [], "lock": threading.Lock()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{running.server_port}/v1"  # type: ignore[attr-defined]
        yield handler
        running.shutdown()


def with_endpoint(root: Path, server: Any, **more: Any) -> None:
    """Let the project's scenarios be played by the server."""
    path = root / "sources.yaml"
    path.write_text(path.read_text("utf-8") + "    endpoint: roles\n    variations: 2\n", "utf-8")
    spec = {"url": server.url, "model": "any-7b", "concurrency": 2, "timeout_s": 5.0, "retries": 0, **more}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in spec.items())
    (root / "curate.toml").write_text(f"[stages.scrub]\nlevel = 'patterns'\n[endpoints.roles]\n{lines}\n", "utf-8")
