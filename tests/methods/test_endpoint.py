"""The endpoint client against a loopback server that behaves in every way servers do."""

from __future__ import annotations

import http.server
import json
import threading
import time
from typing import Any

import pytest

from curation.core.endpoints import EndpointSpec
from curation.core.errors import CurateError, GateError, ProjectError, RetryError
from curation.methods.endpoint import Client, Request, client


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: list[Any]
    seen: list[dict[str, Any]]

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append({"body": body, "key": self.headers.get("Authorization"), "path": self.path})
        step = type(self).script.pop(0) if type(self).script else {}
        if step == "hang":
            time.sleep(1.0)
            return
        status = step.get("status", 200) if isinstance(step, dict) else 200
        if isinstance(step, bytes):
            data = step
        else:
            message = {"role": "assistant", "content": step.get("text", "I hear you."), **step.get("message", {})}
            document = {
                "model": "served-7b",
                "choices": [{"message": message, "finish_reason": step.get("finish", "stop")}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 20},
            }
            data = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (step.get("headers", {}) if isinstance(step, dict) else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server():
    handler = type("Scripted", (Endpoint,), {"script": [], "seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{running.server_port}/v1"
        yield handler
        running.shutdown()


@pytest.fixture
def made(server, tmp_path):
    def make(**more: Any) -> Client:
        spec = {"url": server.url, "model": "any-7b", "concurrency": 1, "timeout_s": 0.5, **more}
        return Client("sim", EndpointSpec(**spec), tmp_path / "cache", sleep=waits.append)

    waits: list[float] = []
    make.waits = waits
    return make


def asked(text: str = "hello", **more: Any) -> Request:
    return Request(({"role": "user", "content": text},), **more)


def test_a_reply_and_what_it_used(server, made):
    one = made(price_in=1.0, price_out=2.0)
    reply = one.ask(asked())
    assert (reply.text, reply.model, reply.tokens_in, reply.tokens_out) == ("I hear you.", "served-7b", 10, 20)
    assert server.seen[0]["path"] == "/v1/chat/completions"
    assert server.seen[0]["body"]["messages"] == [{"role": "user", "content": "hello"}]
    assert one.usage.cost == pytest.approx((10 + 40) / 1e6)


def test_a_second_run_asks_nothing(server, made):
    first = made().ask(asked())
    again = made(concurrency=3, timeout_s=9).ask(asked())
    assert again.cached and (again.text, again.prompt) == (first.text, first.prompt)
    assert len(server.seen) == 1


@pytest.mark.parametrize("more", [{"seed": 1}, {"want_json": True}])
def test_another_request_is_asked_anew(server, made, more):
    server.script += [{"text": "{}"}, {"text": "{}"}]
    made().ask(asked())
    assert not made().ask(asked(**more)).cached


@pytest.mark.parametrize("change", [{"model": "other"}, {"temperature": 0.1}, {"max_tokens": 7}])
def test_what_shapes_a_reply_is_part_of_its_key(server, made, change):
    made().ask(asked())
    assert not made(**change).ask(asked()).cached


@pytest.mark.parametrize(
    ("step", "trouble"),
    [
        ({"finish": "length"}, "cut"),
        ({"finish": "content_filter", "text": ""}, "refused"),
        ({"message": {"refusal": "no"}}, "refused"),
        ({"text": "  "}, "empty"),
        ({"message": {"content": None}}, "empty"),
    ],
)
def test_a_reply_of_no_use_says_why(server, made, step, trouble):
    server.script.append(step)
    assert made().ask(asked()).trouble == trouble


@pytest.mark.parametrize(("text", "trouble"), [('{"a": 1}', None), ("[1]", "broken"), ('{"a":', "broken")])
def test_json_that_is_broken(server, made, text, trouble):
    server.script.append({"text": text})
    assert made().ask(asked(want_json=True)).trouble == trouble


def test_a_busy_server_is_asked_again_when_it_says(server, made):
    server.script += [{"status": 429, "headers": {"Retry-After": "7"}}, {"status": 503}, {}]
    assert made().ask(asked()).text == "I hear you."
    assert [round(w) for w in made.waits] == [7, 2]


def test_a_server_that_stays_busy_is_given_up(server, made):
    server.script += [{"status": 500}] * 3
    with pytest.raises(RetryError):
        made(retries=2).ask(asked())
    assert len(server.seen) == 3


def test_a_slow_and_a_dead_server(server, made):
    server.script += ["hang"]
    assert made().ask(asked()).text == "I hear you."
    dead = made(url="http://127.0.0.1:9/v1", retries=1)
    with pytest.raises(RetryError):
        dead.ask(asked("another"))
    assert dead.usage.cost == 0


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"text": "x"}]}', b"\xff"])
def test_an_answer_that_is_no_completion(server, made, body):
    server.script += [body]
    with pytest.raises(RetryError) as error:
        made().ask(asked("CANARY7391"))
    assert "CANARY7391" not in str(error.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, GateError), (403, GateError), (404, ProjectError), (400, ProjectError)]
)
def test_what_asking_again_would_not_mend(server, made, status, kind):
    server.script += [{"status": status}] * 9
    with pytest.raises(kind):
        made().ask(asked())
    assert len(server.seen) == 1


def test_the_key_comes_from_the_environment_and_stands_nowhere(server, made, monkeypatch, tmp_path):
    with pytest.raises(GateError):
        made(key_env="SIM_KEY").ask(asked())
    monkeypatch.setenv("SIM_KEY", "sk-verysecret1234567890")
    made(key_env="SIM_KEY").ask(asked())
    assert server.seen[0]["key"] == "Bearer sk-verysecret1234567890"
    assert not any(b"verysecret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_a_key_with_a_line_break_adds_no_header(server, made, monkeypatch):
    monkeypatch.setenv("SIM_KEY", "a\r\nX-Other: b")
    with pytest.raises(CurateError):
        made(key_env="SIM_KEY").ask(asked())
    assert not server.seen


def test_the_cap_holds_before_it_is_passed_and_the_replies_stay(server, made):
    one = made(price_out=1000.0, max_tokens=100, max_cost=0.25, concurrency=4)
    with pytest.raises(GateError) as error:
        one.ask_all([asked(str(i)) for i in range(50)])
    assert one.usage.cost <= 0.25
    assert 1 <= len(server.seen) < 50 and "max_cost" in str(error.value)
    # Which of the four at once came first is not told.
    paid = [call["body"]["messages"][0]["content"] for call in server.seen]
    assert all(made(price_out=1000.0, max_tokens=100).ask(asked(text)).cached for text in paid)


def test_an_estimate_sends_nothing_and_leaves_out_what_is_there(server, made):
    one = made(price_in=1.0, price_out=2.0, max_tokens=100)
    one.ask(asked("a"))
    total = one.estimate([asked("a"), asked("b" * 400)])
    assert (total.requests, total.cached, total.tokens_in, total.tokens_out) == (1, 1, 104, 100)
    assert len(server.seen) == 1


def test_the_pace_is_kept(server, made):
    one = made(requests_per_minute=60)
    for i in range(3):
        one.ask(asked(str(i)))
    assert sum(made.waits) == pytest.approx(1 + 2, abs=0.5)


def test_replies_come_in_the_order_of_the_requests(server, made):
    one = made(concurrency=4)
    server.script += [{"text": str(i)} for i in range(12)]
    replies = one.ask_all([asked(str(i)) for i in range(12)])
    by_question = {s["body"]["messages"][0]["content"] for s in server.seen}
    assert by_question == {str(i) for i in range(12)} and len({r.prompt for r in replies}) == 12
    assert [r.prompt for r in made().ask_all([asked(str(i)) for i in range(12)])] == [r.prompt for r in replies]


def test_an_endpoint_that_the_project_does_not_name(tmp_path):
    with pytest.raises(ProjectError):
        client({}, "judge", tmp_path)
