"""Real questions with several answers each: no held-out row whose question is trained on, whatever its id is."""

import csv
import random
import re

import pyarrow.parquet as pq
from export_stand import make_project, publish, record, turns

from curation.export.export import export
from curation.export.recipe import Budget, MixRecipe, Splits


def normal(text):
    """An independent idea of the same question: letters and digits, lower case."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def questions(shared):
    csv.field_size_limit(1 << 30)
    with open(shared / "data/counsel_chat/counsel_chat_dev_half.csv", encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["answerText"].strip() and r["questionText"].strip()]
    return [
        record(
            "counsel", n, group=f"q{r['questionID']}",
            messages=[*turns("u: x")[:0], {"role": "user", "content": r["questionText"], "reasoning": None},
                      {"role": "assistant", "content": r["answerText"], "reasoning": None}],
        )
        for n, r in enumerate(rows)
    ]  # fmt: skip


def leaked(train, held):
    """How many held-out rows ask something that a trained row asks."""
    known = {normal(r["messages"][0]["content"]) for r in train}
    return sum(normal(r["messages"][0]["content"]) in known for r in held)


def test_no_held_out_question_is_trained_on(shared, tmp_path, record_property):
    rows = questions(shared)
    project = make_project(tmp_path, {"counsel": {}})
    views = {"counsel": publish(project, "counsel", rows, digits=1)}
    found = {}
    for name, budget in (("everything", None), ("some", Budget(tokens=60_000))):
        made = export(project, MixRecipe(mix=name, task="sft", budget=budget, splits=Splits(0.1, 0.1)), views)
        train, *held = (
            pq.read_table(made.folder / f"{s}.parquet").to_pylist() for s in ("train", "validation", "test")
        )
        assert all(len(side) > 10 for side in held)
        assert [leaked(train, side) for side in held] == [0, 0] and leaked(*held) == 0
        assert set(made.manifest["split"]["leakage"].values()) == {0}
        found[name] = [len(train), *map(len, held)]
    # The same by random rows, and by the source's own groups alone.
    chance = random.Random(7)
    mixed = chance.sample(rows, len(rows))
    by_row = leaked(mixed[len(rows) // 10 :], mixed[: len(rows) // 10]) / (len(rows) // 10)
    groups = sorted({r["group"] for r in rows})
    test = set(chance.sample(groups, len(groups) // 10))
    held = [r for r in rows if r["group"] in test]
    by_group = leaked([r for r in rows if r["group"] not in test], held) / len(held)
    print(f"rows {found}; leaked: ours 0, by random rows {by_row:.1%}, by the source's groups {by_group:.1%}")
    assert by_row > 0.4
