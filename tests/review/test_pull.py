"""What a pull makes of answers that change, go, or come from nobody."""

import json

import pytest

from curation.core.annotations import Annotations
from curation.review import items
from curation.review.answers import pseudonym
from curation.review.pull import take
from curation.review.seam import Response, Shown
from tests.review.annotators import KEY, TASKS

TASK = TASKS["sft"]
ROW = {
    "id": "s:0000000000000001",
    "kind": "chat",
    "persona": "client",
    "messages": [{"role": "user", "content": "I am here."}, {"role": "assistant", "content": "Good."}],
}
SINCE = "2026-01-01T00:00:00.000+00:00"


def shown(*responses, row=ROW, since=SINCE):
    return Shown(items.stamped(items.build(KEY, TASK, row), since), responses)


def said(values, *, key="r1", user="ann", status="submitted", at="2026-02-01T00:00:00.000+00:00"):
    return Response(key, user, status, values, at)


@pytest.fixture
def notes(tmp_path):
    return Annotations(tmp_path / "annotations")


def pulled(notes, *some):
    return take(some, TASK, "sft", notes, KEY)


def current(notes):
    return {a.question: (a.value, a.status) for a in notes.current()}


def test_an_answer_that_changes_is_added_and_the_last_one_counts(notes):
    pulled(notes, shown(said({"decision": "approve", "safety": "none"}, status="draft")))
    assert current(notes)["decision"] == ("approve", "draft")
    pulled(notes, shown(said({"decision": "reject", "safety": "none"})))
    assert current(notes)["decision"] == ("reject", "submitted")
    assert len(list(notes.history())) == 4
    assert pulled(notes, shown(said({"decision": "reject", "safety": "none"}))).written == 0


def test_what_is_no_longer_answered_is_taken_back(notes):
    marks = [{"start": 9, "end": 10, "label": "PERSON"}]
    pulled(notes, shown(said({"decision": "approve", "safety": "none", "pii_missed": marks})))
    assert notes.values("pii_missed")
    pulled(notes, shown(said({"decision": "approve", "safety": "none"})))
    assert not notes.values("pii_missed") and notes.values("decision")
    assert current(notes)["pii_missed"] == (None, "submitted")


def test_a_discard_without_values_is_kept_as_such(notes):
    pulled(notes, shown(said({"decision": "approve", "safety": "none"})))
    pulled(notes, shown(said({}, status="discarded")))
    assert current(notes) == {"decision": (None, "discarded"), "safety": (None, "discarded")}
    assert pulled(notes, shown(said({}, status="discarded"))).written == 0


def test_an_answer_about_an_earlier_text_stays_as_it_was_read(notes):
    marks = [{"start": 9, "end": 15, "label": "PERSON"}]
    given = said({"decision": "approve", "safety": "none", "pii_missed": marks})
    pulled(notes, shown(given))
    before = {a.key: a for a in notes.current()}
    other = {**ROW, "messages": [{"role": "user", "content": "[PERSON_1] is here."}, ROW["messages"][1]]}
    later = "2026-03-01T00:00:00.000+00:00"
    found = pulled(notes, shown(given, row=other, since=later))
    assert (found.written, found.earlier) == (0, 1)
    assert {a.key: a for a in notes.current()} == before
    again = said({"decision": "approve", "safety": "none"}, at="2026-04-01T00:00:00.000+00:00")
    pulled(notes, shown(again, row=other, since=later))
    version = {a.about["version"] for a in notes.current() if a.question == "decision"}
    assert version == {shown(row=other).item.metadata["version"]}


def test_an_answer_that_nobody_pulled_in_time_is_kept_without_places(notes):
    given = said({"decision": "edit", "safety": "none", "pii_missed": [{"start": 9, "end": 15, "label": "PERSON"}]})
    found = pulled(notes, shown(given, since="2026-03-01T00:00:00.000+00:00"))
    assert found.earlier == 1
    assert current(notes)["pii_missed"][0] == [{"label": "PERSON"}]
    assert {a.about["version"] for a in notes.current()} == {"earlier"}


def test_users_are_pseudonyms_and_a_deleted_one_keeps_theirs(notes):
    pulled(notes, shown(said({"decision": "approve", "safety": "none"})))
    pulled(notes, shown(said({"decision": "reject", "safety": "none"}, user=None)))
    assert {a.annotator for a in notes.current()} == {pseudonym(KEY, "ann")}
    assert current(notes)["decision"][0] == "reject"
    pulled(notes, shown(said({"decision": "approve", "safety": "none"}, user=None, key="never seen")))
    assert len({a.annotator for a in notes.current()}) == 2
    assert "ann" not in {a.annotator for a in notes.current()}


def test_what_was_suggested_is_told(notes):
    task, row = TASKS["emotion"], {**ROW, "emotion": None}
    item = items.stamped(items.build(KEY, task, row, blind=False), SINCE)
    from dataclasses import replace

    from curation.review.seam import Suggestion

    item = replace(item, suggestions={"emotions": Suggestion(["joy", "love"], "m")})
    both = [said({"emotions": ["love", "joy"]}), said({"emotions": ["joy"]}, key="r2", user="bea")]
    found = take([Shown(item, tuple(both))], task, "emotion", notes, KEY)
    about = {a.annotator: a.about for a in notes.current()}
    assert about[pseudonym(KEY, "ann")]["same"] is True and about[pseudonym(KEY, "bea")]["same"] is False
    assert sum(found.same.values()) == 1 and sum(found.shown.values()) == 2
    assert "1 of 1 answers are what was suggested" in "\n".join(found.told("emotion"))


def test_questions_that_the_task_does_not_ask_are_named_and_withdrawn_rows_left(notes):
    found = pulled(notes, shown(said({"decision": "approve", "safety": "none", "mood": "x"})))
    assert found.unknown == {"mood"} and "mood" in "\n".join(found.told("sft"))
    assert "mood" not in current(notes)
    notes.forget({ROW["id"]})
    assert pulled(notes, shown(said({"decision": "approve", "safety": "none"}))).written == 0
    assert notes.current() == []


def test_a_table_of_it_is_json_in_arrow(notes):
    pulled(notes, shown(said({"decision": "approve", "safety": "none"})))
    row = notes.table().to_pylist()[0]
    assert json.loads(row["value"]) == "approve" and json.loads(row["about"])["version"]
