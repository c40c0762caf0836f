"""What a person entered is what the annotation table holds: every kind of question, A and B turned round included."""

import json
import random

import pytest

from curation.core.annotations import Annotations
from curation.review import items
from curation.review.answers import pseudonym
from curation.review.lines import Lines
from curation.review.pull import pull
from tests.review.annotators import KEY, TASKS, mean, row

CASES = 200


def made_items(rng, number):
    """Rows and items of every task, `number` of them in all."""
    found = []
    for n in range(number):
        task = list(TASKS.values())[n % len(TASKS)]
        made = row(rng, n, "preference" if task.task == "preference" else "chat")
        found.append((task, made, items.stamped(items.build(KEY, task, made), "2026-01-01T00:00:00.000+00:00")))
    return found


def in_table(notes):
    """The values that the table holds, by data set, record, person and question."""
    found = {}
    for line in notes.table().to_pylist():
        key = (line["dataset"], line["record"], line["annotator"], line["question"])
        found[key] = (json.loads(line["value"]), line["status"])
    return found


def test_what_is_entered_is_what_the_table_holds(tmp_path):
    rng = random.Random(5)
    desk, notes, wanted, orders = Lines(tmp_path / "out.jsonl"), Annotations(tmp_path / "annotations"), {}, set()
    cases = made_items(rng, CASES)
    for name in TASKS:
        desk.put(name, [item for task, _, item in cases if task.task == name])
    lines = {(line["dataset"], line["id"]): line for line in map(json.loads, desk.path.read_text("utf-8").splitlines())}
    for task, made, item in cases:
        line = lines[task.task, item.id]
        orders.add(item.metadata["order"])
        for user in rng.sample(["ann", "bea", "cid"], 2):
            meant = mean(rng, task, made, line["fields"], utf16=False)
            status = rng.choice(["submitted", "submitted", "draft", "discarded"])
            line["responses"].append(
                {"user": user, "status": status, "values": meant.sent, "at": "2026-02-01T10:00:00"}
            )
            wanted |= {
                (task.task, item.id, pseudonym(KEY, user), name): (value, status) for name, value in meant.kept.items()
            }
    desk.path.write_text("".join(json.dumps(line) + "\n" for line in lines.values()))
    for name, task in TASKS.items():
        pull(desk, task, name, notes, KEY)
    assert orders == {"ab", "ba"}
    assert in_table(notes) == wanted
    assert len({key[:2] for key in wanted}) == CASES
    size = notes.path.stat().st_size
    assert [pull(desk, task, name, notes, KEY).written for name, task in TASKS.items()] == [0] * len(TASKS)
    assert notes.path.stat().st_size == size


@pytest.mark.parametrize("line", ["nothing", "[]", '{"dataset": "sft"}', '{"dataset": "sft", "id": "x:1"}'])
def test_a_line_that_is_none_is_named(tmp_path, line):
    path = tmp_path / "in.jsonl"
    path.write_text(line + "\n")
    from curation.core.errors import ProjectError

    with pytest.raises(ProjectError) as refused:
        list(Lines(path).items("sft"))
    assert refused.value.where == "in.jsonl:1"
