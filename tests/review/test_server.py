"""Against the real annotation server, started as a person starts it."""

import json
import random
import shutil

import pytest

from curation.core.annotations import Annotations
from curation.core.errors import MissingError, ProjectError
from curation.methods import tasks
from curation.review import items
from curation.review.answers import pseudonym
from curation.review.flatten import Transcript
from curation.review.on_page import received
from curation.review.pull import pull
from tests.laws.projects import clear, make_project, write_jsonl
from tests.review import serving
from tests.review.annotators import KEY, TASKS, mean
from tests.review.test_round_trip import CASES, in_table, made_items

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("served") / "project", chats=24, questions=6, pairs=6)
    made.run("tag", "run")
    return made


@pytest.fixture(scope="module")
def server(project):
    running = serving.start(project.root)
    yield running
    running.stop()


@pytest.fixture
def desk(server):
    from curation.review.argilla import Server, server_of

    made = server_of(server.root / "data")
    assert isinstance(made, Server)
    return made


def as_shown(record):
    return {name: received(text, record["metadata"]["form"]) for name, text in record["fields"].items()}


def test_what_is_entered_in_the_page_is_what_the_table_holds(desk, server, tmp_path):
    rng = random.Random(9)
    notes, wanted = Annotations(tmp_path / "annotations"), {}
    cases = made_items(rng, CASES)
    from curation.review.argilla import Server

    desk = Server(server.facts["url"], server.facts["owner"]["api_key"], server.facts["workspace"])
    names = {name: f"trip-{name}" for name in TASKS}
    people = {user: server.as_user(key) for user, key in server.annotators.items()}
    for name, task in TASKS.items():
        desk.open(task, names[name], "Guideline")
        desk.put(names[name], [item for t, _, item in cases if t.task == name])
    rows = {(task.task, item.id): made for task, made, item in cases}
    for name, task in TASKS.items():
        for record in server.records(names[name], None):
            made = rows[name, record["external_id"]]
            for user, http in rng.sample(sorted(people.items()), 1):
                meant = mean(rng, task, made, as_shown(record), utf16=True)
                status = rng.choice(["submitted", "submitted", "draft", "discarded"])
                server.answer(http, record["id"], meant.sent, status)
                wanted |= {
                    (names[name], record["external_id"], pseudonym(KEY, user), question): (value, status)
                    for question, value in meant.kept.items()
                }
    for name, task in TASKS.items():
        pull(desk, task, names[name], notes, KEY)
    assert in_table(notes) == wanted
    assert len({key[:2] for key in wanted}) == CASES
    assert [pull(desk, task, names[name], notes, KEY).written for name, task in TASKS.items()] == [0] * len(TASKS)


def test_suggestions_arrive_at_their_words(desk, server):
    task = TASKS["emotion"]
    said = "🙂 <i>so</i> & sad, [2 user] and then I was furious 🙂."
    probabilities = [0.0] * 28
    labels = list(task["emotions"].offered)
    probabilities[labels.index("anger")] = 0.8
    tag = {"labels": ["anger"], "probabilities": probabilities, "missing": None}
    evidence = [{"label": "anger", "start": said.index("furious"), "end": said.index("furious") + 7, "drop": 0.5}]
    row = {
        "id": "made:00000000000000ff", "kind": "chat", "persona": "client", "language": "en",
        "messages": [{"role": "user", "content": said, "reasoning": None}],
        "emotion": {"model": "m", "turns": [{**tag, "evidence": evidence}]},
    }  # fmt: skip
    item = items.stamped(items.build(KEY, task, row, blind=False), desk.now())
    desk.open(task, "words", "Guideline")
    desk.put("words", [item])
    (record,) = server.records("words", None)
    span = next(s["value"] for s in record["suggestions"] if isinstance(s["value"][0], dict))[0]
    shown = as_shown(record)["transcript"].encode("utf-16-le")
    assert shown[2 * span["start"] : 2 * span["end"]].decode("utf-16-le") == "furious"
    (back,) = desk.items("words")
    assert back.item.suggestions == item.suggestions and dict(back.item.fields) == dict(item.fields)
    # The same item without an opinion takes it away again.
    desk.put("words", [items.stamped(items.build(KEY, task, row, blind=True), desk.now())])
    (back,) = desk.items("words")
    assert back.item.suggestions == {}


def test_a_conversation_of_100_000_characters_goes_and_comes(desk, server, tmp_path):
    task = TASKS["sft"]
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"{n} " + "word 🙂 <b> " * 40} for n in range(220)]
    row = {"id": "made:00000000000000aa", "kind": "chat", "persona": "client", "messages": turns}
    item = items.stamped(items.build(KEY, task, row), desk.now())
    assert len(item.fields["transcript"]) > 100_000
    desk.open(task, "long", "Guideline")
    desk.put("long", [item])
    (record,) = server.records("long", None)
    part = Transcript.of(item.fields["transcript"]).part("messages", 219)
    last = item.fields["transcript"]
    place = len(last[: part.start].encode("utf-16-le")) // 2
    http = server.as_user(next(iter(server.annotators.values())))
    values = {"decision": "reject", "safety": "none", "pii_missed": [{"start": place, "end": place + 3, "label": "ID"}]}
    server.answer(http, record["id"], values)
    notes = Annotations(tmp_path / "annotations")
    pull(desk, task, "long", notes, KEY)
    found = {a.question: a.value for a in notes.current()}
    assert found["pii_missed"] == [{"column": "messages", "turn": 219, "start": 0, "end": 3, "label": "ID"}]


def test_the_whole_way_on_the_command_line(project, server):
    """One test, for each step stands on the one before, and tests run in any order."""
    _all_six_tasks_go_out_and_come_back(project, server)
    _answers_stay_attached_when_the_text_is_cleaned_another_way(project, server)
    _what_is_forgotten_leaves_the_server(project, server)


def _all_six_tasks_go_out_and_come_back(project, server):
    """Risk rows first, then everything, pushed again without touching answers."""
    before = (project.root / "chats.jsonl").read_text()
    at_risk = {
        "conversations": [
            {"from": "human", "value": "I want to kill myself, I have the pills here."},
            {"from": "gpt", "value": "Thank you for telling me. Are you alone right now?"},
            {"from": "human", "value": "My sister is here."},
            {"from": "gpt", "value": "Please give her the pills, and call for help together now."},
        ],
        "note": "n",
        "family": "f",
    }
    write_jsonl(project.root / "chats.jsonl", [*map(json.loads, before.splitlines()), at_risk])
    project.run("pull", "chats")
    pushed = project.json("review", "push")
    assert {name for name, one in pushed.items() if one["added"]} == set(TASKS)
    again = project.json("review", "push")
    assert all(one["added"] == one["changed"] == one["refreshed"] == 0 for one in again.values()), again
    rng = random.Random(3)
    for name, task in tasks.load(project.root).items():
        for record in server.records(name, None):
            for key in server.annotators.values():
                values = {q.name: _some(rng, q) for q in task.questions if q.required}
                if "risk" in values:
                    values["risk"] = "release"
                server.answer(server.as_user(key), record["id"], values)
    pulled = project.json("review", "pull")
    assert all(one["by_status"] == {"submitted": 2 * one["records"]} for one in pulled.values())
    assert all(one["written"] == 0 for one in project.json("review", "pull").values())
    kept = project.json("review", "push")
    assert all(one["pulled"] == 0 and one["changed"] == 0 for one in kept.values())
    # A release given in the page lets the row into the export.
    (record,) = [r["external_id"] for r in server.records("risk", None)]
    assert "risk: release" in project.run("why", record)
    (project.root / "exports" / "mixes").mkdir(parents=True, exist_ok=True)
    (project.root / "exports" / "mixes" / "all.yaml").write_text("mix: all\ntask: sft\n")
    # People who answer by lot agree as by chance.
    clear(project.fails(5, "export", "all"), "people agree too little", "curate review adjudicate")
    clear(project.fails(5, "review", "agreement", "--check"), "people agree too little")
    for name, asked in tasks.load(project.root).items():
        if any(q.gate for q in asked.questions):
            _without_gates(project, name)
    project.run("review", "answer", record, "decision", "approve")
    project.run("export", "all")
    assert "in data/exports/all" in project.run("why", record)


def _some(rng, question):
    if question.kind == "rating":
        return rng.choice(question.numbers)
    value = rng.choice(list(question.offered))
    return [value] if question.kind == "labels" else value


def _without_gates(project, name):
    import re

    from curation.core.declare import declarations

    folder = project.root / "labeling" / "tasks"
    folder.mkdir(parents=True, exist_ok=True)
    text = (declarations() / "labeling" / "tasks" / f"{name}.yaml").read_text()
    (folder / f"{name}.yaml").write_text(re.sub(r"\n    gate: \{[^}]*\}", "", text))


def _answers_stay_attached_when_the_text_is_cleaned_another_way(project, server):
    """Another setting of scrub: the same ids, other texts; every answer stays, those about the old text are marked."""
    copy = server.root / "annotations" / "answers.jsonl"
    before = {a.key: (a.value, a.status) for a in Annotations(copy.parent).current()}
    from curation.clean.pii import entries_file
    from curation.clean.pii.entries import Entry

    entries_file.add(project.project, [Entry("deny", label="ORG", value="bad days")])
    pushed = project.json("review", "push")
    assert pushed["emotion"]["changed"] > 0 and all(one["gone"] == 0 for one in pushed.values()), pushed
    pulled = project.json("review", "pull")
    after = {a.key: (a.value, a.status) for a in Annotations(copy.parent).current()}
    assert after == before
    assert sum(one["written"] for one in pulled.values()) == 0
    assert pulled["emotion"]["earlier"] == 2 * pushed["emotion"]["changed"]
    (record, *_) = [r["external_id"] for r in server.records("emotion", None) if "[ORG" in r["fields"]["transcript"]]
    assert "about an earlier text" in project.run("why", record)
    # Whoever answers again answers about the text of now.
    (raw,) = [r for r in server.records("emotion", None) if r["external_id"] == record]
    server.answer(server.as_user(next(iter(server.annotators.values()))), raw["id"], {"emotions": ["grief"]})
    project.json("review", "pull", "emotion")
    latest = [a for a in Annotations(copy.parent).standing() if a.record == record and a.dataset == "emotion"][-1]
    assert latest.value == ["grief"] and latest.about["version"] not in ("earlier", "")


def test_bad_input_gets_a_clear_error(project, server, desk, tmp_path, monkeypatch):
    from curation.review.argilla import Server, server_of

    facts = server.facts
    with pytest.raises(ProjectError, match="does not accept the key"):
        Server(facts["url"], "wrong", "curate").names()
    with pytest.raises(MissingError, match="does not answer"):
        Server(f"http://127.0.0.1:{serving.free_port()}", "x", "curate")
    with pytest.raises(ProjectError, match="in the clear"):
        Server("http://example.org", "x", "curate")
    copied = tmp_path / "data"
    (copied / "review").mkdir(parents=True)
    shutil.copy(server.root / "data" / "review" / "server.json", copied / "review")
    (copied / "review" / "server.json").chmod(0o644)
    with pytest.raises(ProjectError, match="others can read"):
        server_of(copied)
    monkeypatch.setenv("ARGILLA_API_URL", f"http://127.0.0.1:{serving.free_port()}")
    clear(project.fails(6, "review", "pull"), "curate review serve")
    monkeypatch.undo()
    # A data set that asks something else than its task.
    desk.open(TASKS["eq"], "changed", "Guideline")
    with pytest.raises(ProjectError, match="asks something else"):
        desk.open(TASKS["sft"], "changed", "Guideline")


def test_two_at_once_make_one_data_set(server):
    from concurrent.futures import ThreadPoolExecutor

    from curation.review.argilla import Server

    def once(_):
        Server(server.facts["url"], server.facts["owner"]["api_key"], "curate").open(TASKS["eq"], "race", "Guideline")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(once, range(3)))
    desk = Server(server.facts["url"], server.facts["owner"]["api_key"], "curate")
    assert desk.names().count("race") == 1 and list(desk.items("race")) == []


def test_a_server_that_fails_while_others_write_is_asked_again(server, monkeypatch):
    import argilla as rg
    from argilla._exceptions import InternalServerError

    from curation.review.argilla import Server

    create, failures = rg.Dataset.create, iter([True, True])

    def failing(self):
        if next(failures, False):
            raise InternalServerError("database is locked")
        return create(self)

    monkeypatch.setattr(rg.Dataset, "create", failing)
    desk = Server(server.facts["url"], server.facts["owner"]["api_key"], "curate")
    desk.open(TASKS["eq"], "busy", "Guideline")
    assert desk.names().count("busy") == 1


def _what_is_forgotten_leaves_the_server(project, server):
    held = {name: {r["external_id"] for r in server.records(name, None)} for name in ("sft", "eq")}
    record = sorted(held["sft"] & held["eq"])[0]
    project.run("forget", record, "--yes")
    assert "taken off the annotation server" in project.said
    for name in held:
        assert record not in {r["external_id"] for r in server.records(name, None)}
    assert all(one["written"] == 0 for one in project.json("review", "pull").values())


def test_answers_of_a_deleted_user_stay_with_their_pseudonym(desk, server, tmp_path):
    owner = server.as_user(server.facts["owner"]["api_key"])
    made = owner.post(
        "/api/v1/users", json={"username": "leaver", "first_name": "l", "role": "annotator", "password": "12345678"}
    ).json()
    workspace = {w["name"]: w["id"] for w in owner.get("/api/v1/me/workspaces").json()["items"]}["curate"]
    owner.post(f"/api/v1/workspaces/{workspace}/users", json={"user_id": made["id"]}).raise_for_status()
    from curation.review.argilla import Server

    def fresh():
        return Server(server.facts["url"], server.facts["owner"]["api_key"], "curate")

    task, _, item = next(case for case in made_items(random.Random(1), 12) if case[0].task == "eq")
    desk.open(task, "leaving", "Guideline")
    desk.put("leaving", [item])
    (record,) = server.records("leaving", None)
    server.answer(server.as_user(made["api_key"]), record["id"], {q.name: 3 for q in task.questions})
    notes = Annotations(tmp_path / "annotations")
    pull(fresh(), task, "leaving", notes, KEY)
    owner.delete(f"/api/v1/users/{made['id']}").raise_for_status()
    again = pull(fresh(), task, "leaving", notes, KEY)
    assert again.written == 0
    assert {a.annotator for a in notes.current()} == {pseudonym(KEY, "leaver")}
