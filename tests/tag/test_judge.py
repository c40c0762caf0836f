"""An endpoint as judge: what it is sent, which of its answers count, and that they are nobody else's."""

import http.server
import json
import threading

import pytest

from curation.commands.init import create
from curation.core.annotations import Annotations
from curation.methods.eq import JUDGE, ratings
from tests.laws.projects import Made, clear, write_jsonl

SOURCES = """
sources:
  chats: {kind: files, path: chats.jsonl, licence: mit, persona: assistant, adapter: {kind: turns}}
"""


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        seen, answer = [], None

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.seen.append(body["messages"])
            text = json.dumps(type(self).answer(body["messages"]))
            reply = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "model": "m"}
            data = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        Handler.url = f"http://127.0.0.1:{running.server_port}/v1"
        yield Handler
        running.shutdown()


@pytest.fixture
def project(tmp_path, server):
    project = Made(tmp_path / "project")
    create(project.root, sources=SOURCES)
    (project.root / "curate.toml").write_text(
        f"[stages.scrub]\nlevel = 'patterns'\n[endpoints.rater]\nurl = '{server.url}'\nmodel = 'any-7b'\nretries = 0\n"
        "[stages.risk]\nthreshold = 'patterns'\n"
    )
    talks = [
        ["My sister moved away.", "That is sad. What do you miss most?"],
        ["I sleep badly.", "Go to bed early."],
        ["I want to kill myself tonight.", "Please call somebody."],
    ]
    write_jsonl(project.root / "chats.jsonl", [
        {"messages": [{"role": r, "content": t} for r, t in zip(("user", "assistant"), talk, strict=True)]}
        for talk in talks])  # fmt: skip
    return project


def warm(messages):
    level = 2 if "sad" in messages[1]["content"] else 0
    names = ("emotional_reactions", "interpretations", "explorations")
    return {n: {"level": level, "sentence": 2 if level else 0} for n in names}


def test_verdicts_stand_apart_and_a_second_run_asks_nothing(project, server):
    server.answer = staticmethod(warm)
    told = project.json("tag", "judge", "empathy", "--endpoint", "rater", "--dry-run")
    assert told["requests"] == 2 and not server.seen
    assert project.json("tag", "judge", "empathy", "--endpoint", "rater") == {"rated": 2}
    sent = json.dumps(server.seen)
    assert "[1] That is sad. [2] What do you miss most?" in sent
    assert "kill" not in sent, "a row that waits for a person is sent nowhere"
    found = Annotations(project.root / "annotations").current()
    assert {(a.dataset, a.annotator) for a in found} == {(JUDGE, "judge any-7b")}
    assert sorted(a.value for a in found if a.question == "explorations@1") == [0, 2]
    assert project.json("tag", "judge", "empathy", "--endpoint", "rater") == {} and len(server.seen) == 2
    clear(project.fails(3, "tag", "fit", "empathy"), "nobody answered")
    clear(project.fails(3, "tag", "fit", "empathy", "--judges"), "2 answers")


def test_domains_are_rated_by_the_record(project, server):
    server.answer = staticmethod(lambda messages: {
        n: {"level": 3, "sentence": 1} for n in ("emotional_awareness", "empathy_recognition", "emotional_regulation",
                                                 "social_cognition", "interpersonal_skills")})  # fmt: skip
    assert project.json("tag", "judge", "eq", "--endpoint", "rater", "--limit", "1") == {"rated": 1}
    found = ratings(Annotations(project.root / "annotations").current())
    assert {(domain, r.value, r.method) for (_, domain), r in found.items()} >= {("social_cognition", 0.75, "judge")}
    report = project.json("report")
    assert report["eq"][3]["records"] == {"judge": 1} and report["eq"][3]["mean"] == {"judge": 0.75}


@pytest.mark.parametrize(
    "one", [{"level": 3, "sentence": 1}, {"level": 2, "sentence": 0}, {"level": 2, "sentence": 9},
            {"level": True, "sentence": 1}, {"level": 1}, 2, None],
)  # fmt: skip
def test_a_verdict_without_evidence_or_outside_the_scale_does_not_count(project, server, one):
    server.answer = staticmethod(lambda messages: {**warm(messages), "explorations": one})
    assert project.json("tag", "judge", "empathy", "--endpoint", "rater", "--limit", "1") == {"refused": 1}
    assert not Annotations(project.root / "annotations").current()


def test_unknown_rubrics_and_endpoints_are_named(project):
    clear(project.fails(3, "tag", "judge", "empaty", "--endpoint", "rater"), "did you mean 'empathy'")
    clear(project.fails(3, "tag", "judge", "empathy", "--endpoint", "other"), "allows no endpoint called 'other'")
