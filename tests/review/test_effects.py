"""Files of JSON lines all the way: push, answers, pull, agreement, adjudication, and what an export makes of it."""

import datetime
import json
import shutil

import polars as pl
import pytest

from curation.review.flatten import flatten
from tests.laws.projects import Made, clear, make_project


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("effects") / "project", chats=0, questions=26, pairs=4)
    (made.root / "chats.jsonl").unlink()
    sources = (made.root / "sources.yaml").read_text()
    start, end = sources.index("  chats:"), sources.index("  questions:")
    (made.root / "sources.yaml").write_text(sources[:start] + sources[end:])
    folder = made.root / "exports" / "mixes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sft.yaml").write_text("mix: sft\ntask: sft\nsources: [questions]\nsplits: {validation: 0}\n")
    (folder / "dpo.yaml").write_text("mix: dpo\ntask: dpo\nsources: [pairs]\nsplits: {validation: 0}\n")
    made.run("tag", "run")
    return made


class Desk:
    """A file of items, and people who write their answers into it."""

    def __init__(self, made, *tasks, **more):
        self.made, self.file = made, made.root / "items.jsonl"
        self.pushed = made.json("review", "push", *tasks, "--to", str(self.file))

    def lines(self, dataset):
        return [
            line for line in map(json.loads, self.file.read_text("utf-8").splitlines()) if line["dataset"] == dataset
        ]

    def answer(self, dataset, user, values_of, status="submitted"):
        lines = [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]
        now = datetime.datetime.now(datetime.UTC).isoformat()
        for number, line in enumerate(line for line in lines if line["dataset"] == dataset):
            values = values_of(number, line)
            if values is not None:
                line["responses"].append({"user": user, "status": status, "values": values, "at": now})
        self.file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def pull(self):
        return self.made.json("review", "pull", "--from", str(self.file))


@pytest.fixture
def own(tagged, tmp_path):
    shutil.copytree(tagged.root, tmp_path / "project")
    return Made(tmp_path / "project")


def exported(made, mix):
    made.run("export", mix)
    (pointer,) = (made.root / "data" / "exports" / mix).glob("latest.json")
    folder = pointer.parent / json.loads(pointer.read_text())["folder"]
    rows = {row["id"]: row for row in pl.read_parquet(folder / "train.parquet").to_dicts()}
    left = {row["id"]: row["reason"] for row in pl.read_parquet(folder / "left_out.parquet").to_dicts()}
    return rows, left, (folder / "README.md").read_text()


def test_decisions_and_edits_leave_and_why_names_the_people(own):
    desk = Desk(own, "sft")
    ids = [line["id"] for line in desk.lines("sft")]

    def one(number, line):
        text = line["fields"]["transcript"]
        if number == 0:
            return {"decision": "approve", "safety": "none", "edited": text}
        if number == 1:
            return {"decision": "edit", "safety": "none", "edited": text + " Take your time."}
        if number == 2:
            return {"decision": "reject", "safety": "unsafe_advice"}
        if number == 3:
            return {"decision": "edit", "safety": "none", "edited": text + "\n\n"}
        if number == 4:
            return {"decision": "edit", "safety": "none", "edited": "no turns at all"}
        if number == 5:
            return {"decision": "approve", "safety": "none", "edited": text + " But changed."}
        return None

    desk.answer("sft", "ann", one)
    flags = {f["flag"]: f["answers"] for f in desk.pull()["sft"]["flags"]}
    assert flags == {"unchanged": 1, "unreadable": 1, "changed": 1}
    rows, left, card = exported(own, "sft")
    assert rows[ids[1]]["messages"][-1]["content"].endswith("Take your time.")
    assert not rows[ids[5]]["messages"][-1]["content"].endswith("But changed.")
    assert ids[0] in rows
    assert (left[ids[2]], left[ids[3]], left[ids[4]]) == ("rejected", "edit_missing", "edit_missing")
    assert "1 rows approved as people edited them" in card
    told = own.run("why", ids[1])
    assert "decision: edit (p-" in told and "edited: 2 turns" in told
    assert "edited nothing" in own.run("why", ids[3])


def test_an_edit_of_a_text_that_was_cleaned_anew_does_not_bring_the_old_one_back(own):
    desk = Desk(own, "sft")
    ids = [line["id"] for line in desk.lines("sft")]
    desk.answer(
        "sft",
        "ann",
        lambda number, line: {"decision": "edit", "safety": "none", "edited": line["fields"]["transcript"] + " More."},
    )
    desk.pull()
    assert len(exported(own, "sft")[0]) == len(ids)
    from curation.clean.pii import entries_file
    from curation.clean.pii.entries import Entry

    entries_file.add(own.project, [Entry("deny", label="ORG", value="naming it aloud")])
    entries_file.add(own.project, [Entry("deny", label="ORG", value="makes sense")])
    rows, left, _ = exported(own, "sft")
    assert not rows and set(left.values()) == {"edit_missing"}
    assert "about an earlier text" in own.run("why", ids[0])
    pushed = own.json("review", "push", "sft", "--to", str(desk.file))["sft"]
    assert (pushed["changed"], pushed["added"]) == (len(ids), 0)
    assert desk.pull()["sft"]["written"] == 0


def test_preferences_are_turned_back_and_act(own):
    desk = Desk(own, "preference")
    originals = {line["id"]: line["fields"] for line in desk.lines("preference")}
    wanted = ["chosen", "rejected_much", "tie", "both_bad"]

    def one(number, line):
        meant = wanted[number]
        if meant in ("tie", "both_bad"):
            return {"preference": meant, "crisis": "no"}
        good = line["fields"]["answer_a"].startswith("You have carried") == meant.startswith("chosen")
        return {"preference": ("a" if good else "b") + "_much" * meant.endswith("_much"), "crisis": "no"}

    desk.answer("preference", "ann", one)
    desk.pull()
    rows, left, card = exported(own, "dpo")
    first, second, third, fourth = originals
    assert rows[first]["chosen"][0]["content"].startswith("You have carried")
    assert rows[second]["chosen"][0]["content"].startswith("Get over")
    assert rows[second]["rejected"][0]["content"].startswith("You have carried")
    assert (left[third], left[fourth]) == ("no_preference", "no_preference")
    assert "1 rows of these" in card


def test_corrected_emotions_leave(own):
    desk = Desk(own, "emotion")
    line = next(line for line in desk.lines("emotion") if line["id"].startswith("questions:"))
    desk.answer("emotion", "ann", lambda _, one: {"emotions": ["grief"]} if one["id"] == line["id"] else None)
    desk.pull()
    rows, _, _ = exported(own, "sft")
    assert rows[line["id"]]["emotion"] == ["grief"]
    own.run("export", "sft")
    (own.root / "exports" / "mixes" / "sft.yaml").write_text(
        "mix: sft\ntask: sft\nsources: [questions]\nsplits: {validation: 0}\nwhere: {emotions: [grief]}\n"
    )
    assert set(exported(own, "sft")[0]) == {line["id"]}


def test_too_little_agreement_stops_the_export_and_adjudication_lets_it_go(own):
    desk = Desk(own, "sft")
    ids = [line["id"] for line in desk.lines("sft")]

    def decide(turned):
        def one(number, line):
            approve = (number % 2 == 0) != (turned and number % 3 == 0)
            return {"decision": "approve" if approve else "reject", "safety": "none"}

        return one

    desk.answer("sft", "ann", decide(False))
    desk.answer("sft", "bea", decide(True))
    desk.pull()
    said = own.fails(5, "export", "sft")
    clear(said, "people agree too little on 'decision'", "curate review adjudicate sft", "labeling/tasks/sft.yaml")
    clear(own.fails(5, "review", "agreement", "sft", "--check"), "sft/decision")
    (measured,) = [q for q in own.json("review", "agreement", "sft")["questions"] if q["question"] == "decision"]
    assert measured["passed"] is False and measured["all"]["records"] == len(ids) >= 20
    assert measured["all"]["low"] < measured["all"]["alpha"] < measured["all"]["high"]
    assert len(measured["people"]) == 2
    # Disagreements, and then everything else that annotators alone would decide.
    found = own.json("review", "adjudicate", "sft", "--file", str(desk.file))["sft"]
    disputed = [number for number in range(len(ids)) if number % 3 == 0]
    assert (found["disputed"], found["added"]) == (len(disputed), len(disputed))
    line = desk.lines("sft-adjudication")[0]
    assert "≠ May a model learn" in line["fields"]["votes"] and line["fields"]["votes"].count("p-") == 4
    desk.answer("sft-adjudication", "chief", lambda number, one: {"decision": "approve", "safety": "none"})
    own.json("review", "adjudicate", "sft", "--file", str(desk.file))
    assert own.json("review", "adjudicate", "sft", "--file", str(desk.file))["sft"]["disputed"] == 0
    own.fails(5, "export", "sft")
    for number, record in enumerate(ids):
        if number % 3:
            own.run("review", "answer", record, "decision", "approve" if number % 2 == 0 else "reject")
    rows, _, _ = exported(own, "sft")
    assert set(rows) == {r for n, r in enumerate(ids) if n % 3 == 0 or n % 2 == 0}
    assert "deliberate" in own.run("why", ids[0])


def test_what_people_differ_about_waits(own):
    desk = Desk(own, "sft")
    ids = [line["id"] for line in desk.lines("sft")]
    for user, decision in (("ann", "approve"), ("bea", "reject")):
        desk.answer("sft", user, lambda n, line, d=decision: {"decision": d, "safety": "none"} if n == 0 else None)
    desk.pull()
    rows, left, _ = exported(own, "sft")
    assert left[ids[0]] == "disputed" and len(rows) == len(ids) - 1
    assert "decision of 2 comes to nothing" in own.run("why", ids[0])


def test_nothing_to_review_is_said(own):
    assert own.json("review", "agreement") == {"questions": [], "pace": []}
    clear(own.fails(2, "review", "push", "nonsense"), "tasks:")
    (own.root / "empty.jsonl").write_text("")
    clear(own.fails(6, "review", "pull", "--from", str(own.root / "empty.jsonl")), "curate review push")
    clear(own.fails(6, "review", "pull"), "curate review serve")


def test_flatten_is_what_people_see(own):
    desk = Desk(own, "sft")
    row = json.loads(own.run("--json", "show", desk.lines("sft")[0]["id"]))["stages"]["records"]
    assert desk.lines("sft")[0]["fields"]["transcript"] == flatten(row, ("messages",))
