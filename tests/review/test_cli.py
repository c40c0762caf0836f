import json
import shutil

import pytest

from tests.laws.projects import Made, clear, make_project


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("review") / "project", chats=4, questions=0, pairs=0)
    made.run("pull", "chats")
    return made


@pytest.fixture
def own(pulled, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(pulled.root, tmp_path / "project")
    return Made(tmp_path / "project")


def test_an_answer_about_no_record_is_refused(own):
    clear(own.fails(3, "review", "answer", "chats:0000000000000000", "decision", "approve"), "no record")
    clear(own.fails(3, "review", "answer", "chats:zz", "decision", "approve", "--by", "ann"), "no record")
    assert not (own.root / "annotations" / "answers.jsonl").exists()


def test_an_answer_is_signed_with_a_pseudonym(own, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "jane.canary")
    record = sorted(own.ids("chats"))[0]
    own.run("review", "answer", record, "decision", "approve")
    own.run("review", "answer", record, "risk", "release")
    lines = (own.root / "annotations" / "answers.jsonl").read_text().splitlines()
    names = {json.loads(line)["annotator"] for line in lines}
    assert len(names) == 1 and "jane" not in str(lines)
    monkeypatch.setattr("getpass.getuser", lambda: "someone else")
    own.run("review", "answer", record, "decision", "approve")
    lines = (own.root / "annotations" / "answers.jsonl").read_text().splitlines()
    assert len({json.loads(line)["annotator"] for line in lines}) == 2

    def nobody():
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    own.run("review", "answer", record, "decision", "approve")


def test_a_file_that_is_no_backup_is_not_restored(own):
    record = sorted(own.ids("chats"))[0]
    own.run("review", "answer", record, "decision", "approve", "--by", "ann")
    before = (own.root / "annotations" / "answers.jsonl").read_bytes()
    for text in ("id,answer\n1,yes\n", "", "no line end"):
        (own.root / "q.csv").write_text(text)
        for command in ("restore", "merge"):
            if command == "merge" and text != "id,answer\n1,yes\n":
                continue
            said = own.fails(4, "review", command, str(own.root / "q.csv"))
            clear(said, "q.csv", "curate review backup")
            assert "review restore FILE" not in said
        assert (own.root / "annotations" / "answers.jsonl").read_bytes() == before
