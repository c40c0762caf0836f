"""Pairs that people made: the answer they wrote above the one they replaced, and how far ahead the better one is."""

import pyarrow.parquet as pq
import pytest
from export_stand import make_project, pair, publish, record, turns

from curation.core.annotations import Annotations, Answer
from curation.export.asked import Condition
from curation.export.export import export
from curation.export.recipe import MixRecipe, Persona, Portion, Splits, Where
from curation.methods.text_version import version_of

VOICES = {"assistant": Persona(), "client": Persona(system="Client.", opening="Hello."), "neutral": Persona()}
TALK = turns("u: I am tired.", "a: Pull yourself together.", "u: I try.", "a: Good.")


def edited(project, row, at, text, who=("ann",)):
    """What somebody answers who lets a record go only with another text in a turn."""
    talk = [{k: v for k, v in turn.items() if k != "reasoning"} for turn in row["messages"]]
    talk[at] = {**talk[at], "content": text}
    about = {"version": version_of(project.key, row)}
    return [
        a
        for name in who
        for a in (
            Answer(row["id"], "decision", "edit", name, "sft"),
            Answer(row["id"], "edited", talk, name, "sft", about=about),
        )
    ]


def compared(row, *values, dataset="preference"):
    return [Answer(row["id"], "preference", v, f"p{n}", dataset) for n, v in enumerate(values)]


def made(folder, rows, answers, *rules, **more):
    project = make_project(folder, {"one": {}})
    views = {"one": publish(project, "one", rows)}
    said = [a for each in answers for a in (each(project) if callable(each) else each)]
    Annotations(project.root / "annotations").add(said)
    recipe = MixRecipe(mix="m", task="dpo", personas=VOICES, splits=Splits(0.0), pairs=rules, **more)
    found = export(project, recipe, views)
    return found, {row["id"]: row for row in pq.read_table(found.folder / "train.parquet").to_pylist()}


def shown(row):
    return [m["content"] for m in row["prompt"]], row["chosen"][0]["content"], row["rejected"][0]["content"]


def test_the_answer_that_people_wrote_is_better_than_the_one_they_replaced(tmp_path):
    helper, client = record("one", 1, messages=TALK), record("one", 2, persona="client", messages=TALK)
    answers = [
        lambda p: edited(p, helper, 1, "Since when?", who=("ann", "ben")),
        lambda p: edited(p, client, 2, "Leave me alone."),
    ]
    done, rows = made(tmp_path, [helper, client, record("one", 3, messages=TALK)], answers, "edits")
    assert shown(rows[helper["id"]]) == (["I am tired."], "Since when?", "Pull yourself together.")
    prompt = ["Client.", "Hello.", "I am tired.", "Pull yourself together."]
    assert shown(rows[client["id"]]) == (prompt, "Leave me alone.", "I try.")
    facts = {i: (r["rule"], r["margin"], r["annotators"]) for i, r in rows.items()}
    assert facts == {helper["id"]: ("edits", None, 2), client["id"]: ("edits", None, 1)}
    assert rows[helper["id"]]["n_tokens"] > rows[helper["id"]]["n_trained"] > 0
    assert "a person wrote the better answer" in (done.folder / "README.md").read_text()


@pytest.mark.parametrize("why", ["other side", "name", "marked", "unchanged", "earlier text"])
def test_an_edit_that_shows_no_better_answer_or_took_out_something_personal_is_no_pair(tmp_path, why):
    row = record("one", 1, messages=TALK)

    def answers(project):
        if why == "other side":
            return edited(project, row, 0, "I am very tired.")
        if why == "name":
            return edited(project, row, 1, "Pull yourself together, [PERSON_1].")
        if why == "unchanged":
            return edited(project, row, 1, TALK[1]["content"])
        if why == "earlier text":
            return edited(project, {**row, "messages": TALK[:2]}, 1, "Since when?")
        spans = [{"start": 0, "end": 4, "label": "PERSON"}]
        return [*edited(project, row, 1, "Since when?"), Answer(row["id"], "pii_missed", spans, "ben", "sft")]

    done, rows = made(tmp_path, [row], [answers], "edits")
    assert not rows
    assert done.manifest["sources"]["one"]["left_out"] in ({"kind": 1}, {"edit_missing": 1})


def test_people_that_compared_answers_say_by_how_much(tmp_path):
    rows = [pair("one", n) for n in range(5)]
    answers = [
        compared(rows[0], "chosen_much", "chosen"),
        compared(rows[1], "rejected", "rejected_much", "chosen"),
        compared(rows[2], "chosen", "rejected"),
        [*compared(rows[3], "chosen", "rejected"), *compared(rows[3], "rejected_much", dataset="project")],
    ]
    _, found = made(tmp_path, rows, answers, "reviewed")
    facts = {n: (r["rule"], r["margin"], r["annotators"]) for n, row in enumerate(rows) if (r := found.get(row["id"]))}
    assert facts[0] == ("reviewed", 0.75, 2) and facts[4] == (None, None, None) and 2 not in facts
    assert facts[1][1] == pytest.approx(1 / 3) and facts[1][2] == 3 and facts[3] == ("reviewed", 1.0, 1)
    assert found[rows[1]["id"]]["chosen"][0]["content"] == "bad 1"


def test_a_portion_may_ask_for_a_margin_and_rules_go_together(tmp_path):
    rows = [pair("one", 0), pair("one", 1), record("one", 2, messages=[*TALK, *turns("u: Yes.")])]
    portions = {
        "sure": Portion(epochs=1, where=Where(tags={"margin": Condition(min=0.7)})),
        "rest": Portion(epochs=1),
    }
    answers = [compared(rows[0], "chosen_much"), compared(rows[1], "chosen")]
    _, found = made(tmp_path, rows, answers, "reviewed", "persona", portions=portions)
    assert [found[r["id"]]["portion"] for r in rows] == ["sure", "rest", "rest"]
    assert [found[r["id"]]["rule"] for r in rows] == ["reviewed", "reviewed", "persona"]


def test_without_the_rules_answers_make_no_pair_and_no_column(tmp_path):
    row, one = record("one", 1, messages=TALK), pair("one", 2)
    answers = [lambda p: edited(p, row, 1, "Since when?"), compared(one, "chosen")]
    done, found = made(tmp_path, [row, one], answers)
    assert list(found) == [one["id"]]
    assert not {"rule", "margin", "annotators"} & set(pq.read_schema(done.folder / "train.parquet").names)
