"""Dialogues by an endpoint on loopback: two roles, gates, what bad replies cost, the cache, and a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import curation
from curation.generate.endpoint import ATTEMPTS, EndpointSimulator, Useless, dialogue
from curation.generate.scenario import load
from curation.generate.simulate import fill
from curation.methods.endpoint import Reply, Request
from tests.generate.conftest import SCENARIOS, copy_scenario, curate, is_client, played, with_endpoint

SHIPPED = load(SCENARIOS)


def records(root):
    return curation.open(root).read("raw").to_dicts()


def test_two_roles_play_and_every_record_says_by_whom(root, server, capsys):
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    said = capsys.readouterr().err
    assert "roles (any-7b): 120 requests (0 replies were here)" in said and "used " in said and "no cap" in said
    found = records(root)
    assert len(found) == 4 and {r["synthetic"] for r in found} == {"endpoint"}
    for row in found:
        meta = {m["key"]: m["value"] for m in row["meta"]}
        assert meta["model"] == "roles-1" and len(meta["prompt"]) == 16 and "told" in meta
        assert [t["role"] for t in row["messages"]] == ["assistant", "user"] * (len(row["messages"]) // 2)
    assert {is_client(body) for body in server.seen} == {True, False}
    first = (root / "data/raw/downloads/clients").glob("*/*.jsonl")
    assert all(line for path in first for line in path.read_bytes().splitlines())


def test_a_client_is_told_nothing_that_its_gates_keep_back(root, server):
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    checked = 0
    for scenario in (SHIPPED["mm"], SHIPPED["night-porter"]):
        calls = [b for b in server.seen if is_client(b) and scenario.who in b["messages"][0]["content"]]
        for body in calls:
            system, whole = body["messages"][0]["content"], json.dumps(body["messages"], ensure_ascii=False)
            assert scenario.history[:40] not in whole
            said = "\n".join(m["content"] for m in body["messages"][1:])
            secrets = [(i, line) for i, step in enumerate(scenario.steps) for line in as_tuple(step.opens)]
            spoken = {i for i, line in secrets if fragment(line) in said}
            told = {i for i, line in secrets if fragment(line) in system}
            assert told <= {len(spoken)} or told <= spoken  # the next one at most, and only when its gate is open
            if told - spoken:
                checked += 1
                assert "You now tell this" in system
    assert checked >= 8


def as_tuple(lines):
    return (lines,) if isinstance(lines, str) else lines


def fragment(line):
    return max((part for part in line.replace("}", "{").split("{")), key=len)[:60]


def test_a_second_run_is_free_and_brings_the_same_records(root, server, capsys):
    with_endpoint(root, server, price_in=1.0, price_out=2.0)
    assert curate(root, "generate", "scenarios") == 0
    asked, before = len(server.seen), records(root)
    import shutil

    for place in ("tables",):
        shutil.rmtree(root / "data/raw" / place)
    for path in (root / "data/raw/downloads/clients").iterdir():
        if path.name != "replies":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "sources.lock.yaml").unlink()
    capsys.readouterr()
    assert curate(root, "generate", "scenarios", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)["clients"]
    assert (plan["requests"], plan["cost"], plan["cached"]) == (0, 0.0, asked)
    assert curate(root, "generate", "scenarios") == 0
    assert len(server.seen) == asked and records(root) == before


def test_a_dry_run_estimates_and_sends_nothing(root, server, capsys):
    with_endpoint(root, server, price_in=1.0, price_out=2.0, max_tokens=100, max_cost=9.0)
    assert curate(root, "generate", "scenarios", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)["clients"]
    most = 2 * (SHIPPED["mm"].turns.most + SHIPPED["night-porter"].turns.most)
    assert not server.seen and plan["requests"] == most and plan["tokens_out"] == 100 * most
    assert plan["cost"] == pytest.approx((plan["tokens_in"] + 2 * plan["tokens_out"]) / 1e6, abs=1e-4)
    assert plan["max_cost"] == 9.0
    assert curate(root, "generate", "scenarios") == 0
    assert len(server.seen) <= most


def test_the_cap_stops_it_and_nothing_is_published(root, server, capsys):
    with_endpoint(root, server, price_out=1000.0, max_tokens=20, max_cost=0.2)
    assert curate(root, "generate", "scenarios") == 5
    assert 1 <= len(server.seen) <= 10 and not (root / "data/raw/tables").exists()
    assert "capped at 0.2" in capsys.readouterr().err
    assert not list((root / "data/raw/downloads/clients").glob("*.json"))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"text": "{not json"}, "broken"),
        ({"text": '{"text": 7}'}, "broken"),
        ({"text": '{"emotion": "joy"}'}, "broken"),
        ({"text": json.dumps({"text": "x" * 5000})}, "broken"),
        ({"finish": "length"}, "cut"),
        ({"finish": "content_filter"}, "refused"),
        ({"text": ""}, "empty"),
    ],
)
def test_replies_of_no_use_are_asked_again_then_counted(root, server, step, reason, capsys):
    # Of the harmless scenario every client turn is of no use, of the other one none.
    server.answer = lambda body, n: (
        step if is_client(body) and SHIPPED["mm"].who in body["messages"][0]["content"] else {}
    )
    with_endpoint(root, server)
    code = curate(root, "generate", "scenarios", "--json")
    out = capsys.readouterr()
    # Two of four are of no use: too many for a data set.
    assert code == 3 and f"2 of 4 dialogues of 'clients' were of no use ({reason} 2)" in out.err
    assert not (root / "data/raw/tables").exists()


def test_some_rejects_are_counted_and_the_rest_is_published(root, server, capsys):
    bad = SHIPPED["mm"].who
    server.answer = lambda body, n: {"finish": "length"} if bad in body["messages"][0]["content"] else {}
    with_endpoint(root, server)
    text = (root / "sources.yaml").read_text()
    (root / "sources.yaml").write_text(text.replace("only: [mm, night-porter]", "only: [mm, night-porter, signal-red]"))
    assert curate(root, "generate", "scenarios", "--json") == 0
    report = json.loads(capsys.readouterr().out)["clients"]
    assert report["rejected"] == {"cut": 2} and report["records"] == 4
    tried = [b for b in server.seen if bad in b["messages"][0]["content"]]
    assert len(tried) == 2 * ATTEMPTS


def test_one_bad_reply_is_mended_by_another_seed(root, server):
    server.answer = lambda body, n: {"text": "{"} if n == 3 else {}
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    assert len(records(root)) == 4


@pytest.mark.parametrize(("answer", "code"), [({"status": 500}, 75), ({"status": 404}, 3), ({"status": 401}, 5)])
def test_an_endpoint_that_fails_ends_it_with_its_own_error(root, server, answer, code, capsys):
    server.answer = lambda body, n: answer
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == code
    assert "roles" in capsys.readouterr().err and not (root / "data/raw/tables").exists()


def test_an_endpoint_that_is_down_and_one_that_is_slow(root, server, capsys):
    with_endpoint(root, server, url="http://127.0.0.1:9/v1")
    assert curate(root, "generate", "scenarios") == 75
    server.pause = 1.0
    with_endpoint_again(root, server, timeout_s=0.2)
    assert curate(root, "generate", "scenarios") == 75


def with_endpoint_again(root, server, **more):
    text = (root / "sources.yaml").read_text()
    with_endpoint(root, server, **more)
    (root / "sources.yaml").write_text(text)


def test_a_client_that_never_ends_is_ended_by_the_turn_policy(root, server):
    def endless(body, n):
        if is_client(body):
            return {"text": json.dumps({"text": f"And another thing, number {n}.", "leaves": False})}
        return {"text": json.dumps({"move": "reassurance", "text": f"It will be fine {n}."})}

    server.answer = endless
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    for row in records(root):
        assert len(row["messages"]) <= 30


def test_a_client_may_leave_but_not_at_once(root, server):
    def leaving(body, n):
        said = played(body, n)
        return {"text": json.dumps({**said, "leaves": True})}

    server.answer = leaving
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    assert all(len(r["messages"]) >= 8 for r in records(root))


def test_an_endpoint_that_the_project_does_not_name_and_one_offline(root, server, capsys):
    with_endpoint(root, server)
    assert curate(root, "--offline", "generate", "scenarios") == 6
    (root / "curate.toml").write_text("")
    assert curate(root, "generate", "scenarios") == 3
    assert "allows no endpoint called 'roles'" in capsys.readouterr().err
    assert not server.seen


def test_another_model_makes_other_rows_and_a_cap_does_not(root, server, capsys):
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    asked = len(server.seen)
    with_endpoint_again(root, server, max_cost=3.0)
    assert curate(root, "generate", "scenarios") == 0 and len(server.seen) == asked
    with_endpoint_again(root, server, model="other")
    assert curate(root, "generate", "scenarios") == 0 and len(server.seen) > asked


def test_a_kill_in_the_middle_costs_no_reply(root, server):
    with_endpoint(root, server, concurrency=1)
    server.pause = 0.05
    command = [sys.executable, "-m", "curation", "--project", str(root), "generate", "scenarios"]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(server.seen) < 12 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = len(server.seen)
    assert before >= 12 and not (root / "data/raw/tables").exists()
    server.pause = 0.0
    assert curate(root, "generate", "scenarios") == 0
    asked = [json.dumps(body, sort_keys=True) for body in server.seen]
    assert len(asked) - len(set(asked)) <= 1  # the one that was on its way
    killed = records(root)
    text = (root / "sources.yaml").read_text()
    import shutil

    shutil.rmtree(root / "data")
    (root / "sources.lock.yaml").unlink()
    (root / "sources.yaml").write_text(text)
    assert curate(root, "generate", "scenarios") == 0
    assert records(root) == killed


def test_the_simulator_from_python():
    def ask(request: Request) -> Reply:
        text = json.dumps({"emotion": "fear", "text": f"Mm. {request.seed % 7}"})
        return Reply(text, "m", "0" * 16, 1, 1)

    client = EndpointSimulator(ask)
    with pytest.raises(ValueError, match="reset"):
        client.step("Hello.")
    client.reset(SHIPPED["mm"])
    said = client.step("Hello.")
    assert said.emotion == "fear" and said.text.startswith("Mm.") and not said.done
    broken = EndpointSimulator(lambda request: Reply("", "m", "0" * 16, 1, 1, "empty"))
    broken.reset(SHIPPED["mm"])
    with pytest.raises(Useless, match="empty"):
        broken.step("Hello.")


def test_an_endpoints_dialogue_passes_the_same_gates():
    def ask(request: Request) -> Reply:
        body = {"messages": list(request.messages), "seed": request.seed}
        return Reply(json.dumps(played(body, 0)), "m", "0" * 16, 1, 1)

    for scenario in SHIPPED.values():
        turns = dialogue(scenario, ask, seed=3, variation=2)
        trust, heard, steps = scenario.trust.start, set(), iter(scenario.steps)
        assert len(turns) <= scenario.turns.most and turns[0].role == "assistant"
        for said, answer in zip(turns[2::2], turns[3::2], strict=True):
            trust = max(0, min(10, trust + scenario.trust.of(said.move)))
            heard.add(said.move)
            if answer.told:
                step = next(steps)
                assert answer.told == step.id and trust >= step.needs.trust
                assert not step.needs.after or heard & set(step.needs.after)
                heard = set()


def test_no_text_in_notes_and_messages(root, server, capsys):
    secret = "CANARY5512"
    copy_scenario(root / "scenarios", "mm", lambda t: t.replace('"Mm."', f'"Mm {secret}."'))
    with_endpoint(root, server)
    assert curate(root, "generate", "scenarios") == 0
    out = capsys.readouterr()
    notes = b"".join(p.read_bytes() for p in (root / "data/raw/downloads/clients").glob("*.json"))
    assert secret not in out.out + out.err and secret.encode() not in notes
    assert fill("{a}", {"a": "b"}) == "B"
