"""What people said becomes entries of scrub and training sets, and only by command."""

import json
import shutil

import pytest

from curation.tag.fitting import read_split
from tests.laws.projects import Made, make_project, write_jsonl
from tests.review.test_effects import Desk


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("learn") / "project", chats=6, questions=6, pairs=0)
    rows = [json.loads(line) for line in (made.root / "chats.jsonl").read_text().splitlines()]
    rows[0]["conversations"][0]["value"] = "I was at the blue kettle again, and I was furious."
    rows[1]["conversations"][0]["value"] = "My friend Tom Miller calls me every day and I like it."
    write_jsonl(made.root / "chats.jsonl", rows)
    made.run("tag", "run")
    return made


@pytest.fixture
def own(tagged, tmp_path):
    shutil.copytree(tagged.root, tmp_path / "project")
    return Made(tmp_path / "project")


def mark(line, words, label):
    text = line["fields"]["transcript"]
    start = text.index(words)
    return {"start": start, "end": start + len(words), "label": label}


def test_missed_and_wrong_personal_data_become_entries(own):
    desk = Desk(own, "sft")
    lines = {line["id"]: line for line in desk.lines("sft")}
    missed = next(i for i, line in lines.items() if "blue kettle" in line["fields"]["transcript"])
    replaced = next(i for i, line in lines.items() if "[PERSON" in line["fields"]["transcript"])

    def one(_, line):
        marks = []
        if line["id"] == missed:
            marks = [mark(line, "blue kettle", "ORG"), mark(line, line["fields"]["transcript"][9:60], "ID")]
        if line["id"] == replaced:
            shown = line["fields"]["transcript"]
            start = shown.index("[PERSON")
            marks = [{"start": start, "end": shown.index("]", start) + 1, "label": "HARMLESS"}]
        return {"decision": "approve", "safety": "none", "pii_missed": marks}

    desk.answer("sft", "ann", one)
    desk.pull()
    residual = own.json("scrub", "residual")["people"]
    assert residual["records"] == len(lines) and residual["unread"] == 0
    assert not (own.root / "scrub.yaml").exists()
    found = own.json("review", "learn")
    assert found["proposed"]["deny ORG"] == 1 and found["proposed"]["allow PERSON"] == 1 and found["added"] == 0
    assert not (own.root / "scrub.yaml").exists()
    assert own.json("review", "learn", "--apply")["added"] >= 2
    text = (own.root / "scrub.yaml").read_text()
    assert "kettle" not in text and "Miller" not in text
    assert own.json("review", "learn", "--apply")["added"] == 0
    own.run("clean")
    shown = {i: own.run("show", i) for i in (missed, replaced)}
    assert "blue kettle" not in shown[missed].split("== records")[1]
    assert "Tom Miller" in shown[replaced].split("== records")[1]
    assert own.json("review", "learn")["stale"] >= 2


def test_emotions_and_ratings_become_training_sets(own):
    desk = Desk(own, "emotion", "eq")

    def felt(_, line):
        text = line["fields"]["transcript"]
        if "furious" in text:
            return {"emotions": ["anger", "fear"], "spans": [mark(line, "I was furious", "anger")]}
        return {"emotions": ["joy"]} if "questions:" in line["id"] else None

    desk.answer("emotion", "ann", felt)
    desk.answer(
        "eq",
        "ann",
        lambda n, line: dict.fromkeys(("attunement", "validation", "exploration", "autonomy", "boundaries"), 2),
    )
    desk.answer(
        "eq",
        "bea",
        lambda n, line: dict.fromkeys(("attunement", "validation", "exploration", "autonomy", "boundaries"), 5),
    )
    desk.pull()
    own.run("review", "learn")
    folder = own.root / "data" / "review" / "training"
    labels = (folder / "emotion" / "emotions.txt").read_text().split()
    known = {}
    for side in ("train", "dev"):
        texts, truth = read_split(folder / "emotion", side, labels)
        known |= {
            text: [labels[j] for j in row.nonzero()[0]] for text, row in zip(texts.to_pylist(), truth, strict=True)
        }
    assert [v for k, v in known.items() if "furious" in k] == [["anger"]]
    assert list(known.values()).count(["joy"]) == 6
    rated = [json.loads(line) for line in (folder / "empathy.jsonl").read_text().splitlines()]
    assert len(rated) == 12 and all(r["ratings"]["attunement"] == 3.5 and r["people"] == 2 for r in rated)
    assert (folder / "empathy.jsonl").stat().st_mode & 0o077 == 0
