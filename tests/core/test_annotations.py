import json

import pytest

from curation.core.annotations import SCHEMA, Annotations, Answer
from curation.core.errors import IntegrityError


@pytest.fixture
def notes(tmp_path):
    return Annotations(tmp_path / "annotations")


def test_the_last_answer_counts_and_nothing_is_lost(notes):
    assert notes.add([Answer("s:1", "decision", "approve", "ann"), Answer("s:1", "decision", "reject", "bob")]) == 2
    assert notes.add([Answer("s:1", "decision", "reject", "ann")]) == 1
    assert notes.add([Answer("s:1", "decision", "reject", "ann")]) == 0
    assert len(list(notes.history())) == 3
    assert [(a.annotator, a.value) for a in notes.current()] == [("ann", "reject"), ("bob", "reject")]
    assert notes.values("decision") == {"s:1": "reject"}
    assert notes.values("risk") == {}


def test_drafts_do_not_count(notes):
    notes.add([Answer("s:1", "decision", "approve", "ann", status="draft")])
    assert notes.values("decision") == {}
    assert notes.table().schema == SCHEMA
    assert notes.table().to_pylist()[0]["value"] == '"approve"'


def test_a_damaged_or_missing_line_is_found(notes):
    notes.add([Answer(f"s:{i}", "decision", "approve", "ann") for i in range(4)])
    lines = notes.path.read_bytes().splitlines(keepends=True)
    for broken in (lines[:1] + lines[2:], [lines[0].replace(b"approve", b"reject"), *lines[1:]], [b"{}\n", *lines]):
        notes.path.write_bytes(b"".join(broken))
        with pytest.raises(IntegrityError, match="damaged or missing"):
            list(notes.history())


def test_a_line_cut_off_by_a_crash_was_never_acknowledged(notes):
    notes.add([Answer("s:1", "decision", "approve", "ann")])
    with notes.path.open("ab") as stream:
        stream.write(b'{"record": "s:2"')
    assert [a.record for a in notes.current()] == ["s:1"]
    notes.add([Answer("s:3", "decision", "approve", "ann")])
    assert [a.record for a in notes.current()] == ["s:1", "s:3"]


def test_backup_restore_and_merge(notes, tmp_path):
    notes.add([Answer("s:1", "decision", "approve", "ann", at="2026-01-01T00:00:00")])
    assert notes.backup(tmp_path / "backup.jsonl") == 1
    notes.add([Answer("s:2", "decision", "approve", "ann", at="2026-01-02T00:00:00")])
    other = Annotations(tmp_path / "other")
    other.add(
        [
            Answer("s:1", "decision", "reject", "ann", at="2026-01-03T00:00:00"),
            Answer("s:3", "decision", "approve", "bob", at="2026-01-01T00:00:00"),
        ]
    )
    assert notes.merge(other.path) == 2
    assert notes.merge(other.path) == 0
    assert notes.values("decision") == {"s:1": "reject", "s:2": "approve", "s:3": "approve"}
    assert notes.restore(tmp_path / "backup.jsonl") == 1
    assert notes.values("decision") == {"s:1": "approve"}


def test_an_older_answer_does_not_override_by_merge(notes, tmp_path):
    notes.add([Answer("s:1", "decision", "approve", "ann", at="2026-02-01")])
    other = Annotations(tmp_path / "other")
    other.add([Answer("s:1", "decision", "reject", "ann", at="2026-01-01")])
    assert notes.merge(other.path) == 0
    assert notes.values("decision") == {"s:1": "approve"}


def test_forget_reaches_answers_and_known_backups(notes, tmp_path):
    notes.add([Answer(f"s:{i}", "edit", f"text {i}", "ann") for i in range(3)])
    notes.backup(tmp_path / "backup.jsonl")
    assert notes.forget({"s:1"}) == 2
    assert notes.forgotten() == {"s:1"}
    for path in (notes.path, tmp_path / "backup.jsonl"):
        assert b"text 1" not in path.read_bytes()
        assert len(path.read_bytes().splitlines()) == 2
    assert [a.record for a in notes.current()] == ["s:0", "s:2"]
    other = Annotations(tmp_path / "other")
    other.add([Answer("s:1", "edit", "text 1", "bob")])
    assert notes.merge(other.path) == 0


def test_lines_are_plain_json(notes):
    notes.add([Answer("s:1", "eq", {"empathy": 3}, "ann")])
    assert json.loads(notes.path.read_text())["value"] == {"empathy": 3}


def test_the_order_of_the_file_decides_not_the_clock(notes):
    notes.add([Answer("s:1", "decision", "approve", "ann", at="2026-05-01")])
    notes.add([Answer("s:1", "decision", "reject", "bob", at="2026-01-01")])
    assert notes.values("decision") == {"s:1": "reject"}
    notes.add([Answer("s:1", "decision", "reject", "bob", status="discarded", at="2026-01-02")])
    assert notes.values("decision") == {"s:1": "approve"}
