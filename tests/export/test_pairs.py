"""Pairs by rule: one context, the voice's own answer, and what the other side said next; nothing else is a pair."""

import pyarrow.parquet as pq
import pytest
from export_stand import make_project, pair, publish, record, turns

from curation.export.asked import Condition
from curation.export.export import export
from curation.export.recipe import MixRecipe, Persona, Portion, Splits, Where

VOICES = {"assistant": Persona(system="Help."), "client": Persona(system="Client.", opening="Hello."),
          "neutral": Persona()}  # fmt: skip
TALK = turns("u: I am tired.", "a: Since when?", "u: Since May.", "a: What happened?", "u: I moved.")


def made(folder, rows, **more):
    project = make_project(folder, {"one": {}})
    views = {"one": publish(project, "one", rows, digits=1)}
    recipe = MixRecipe(mix="m", task="dpo", personas=VOICES, splits=Splits(0.0), pairs=("persona",), **more)
    return export(project, recipe, views)


def read(found):
    return {row["id"]: row for row in pq.read_table(found.folder / "train.parquet").to_pylist()}


def said(row):
    return [m["content"] for m in row["prompt"]], row["chosen"][0]["content"], row["rejected"][0]["content"]


@pytest.fixture
def rows():
    return {
        "helper": record("one", 1, messages=TALK),
        "client": record("one", 2, persona="client", messages=TALK),
        "short": record("one", 3, messages=turns("u: Hi.", "a: Ho.")),
        "own": pair("one", 4),
    }


def test_each_voice_is_right_where_it_speaks_and_the_other_is_wrong(tmp_path, rows):
    found = read(made(tmp_path, list(rows.values())))
    helper, client, own = (found[rows[name]["id"]] for name in ("helper", "client", "own"))
    assert said(helper) == (["Help.", "I am tired.", "Since when?", "Since May."], "What happened?", "I moved.")
    prompt = ["Client.", "Hello.", "I am tired.", "Since when?"]
    assert said(client) == (prompt, "Since May.", "What happened?")
    assert {row["chosen"][0]["role"] for row in found.values()} == {"assistant"}
    assert {row["rejected"][0]["role"] for row in found.values()} == {"assistant"}
    assert [m["role"] for m in client["prompt"]] == ["system", "user", "assistant", "user"]
    assert (helper["rule"], client["rule"], own["rule"]) == ("persona", "persona", None)
    assert said(own) == (["one question 4"], "good 4", "bad 4") or said(own)[1:] == ("good 4", "bad 4")
    assert rows["short"]["id"] not in found


def test_tokens_follow_the_turns(tmp_path, rows):
    found = read(made(tmp_path, list(rows.values())))
    more = read(
        made(tmp_path / "more", [{**rows["helper"], "messages": [*TALK[:4], *turns("u: " + "I moved. " * 99)]}])
    )
    grown = more[rows["helper"]["id"]]["n_tokens"] - found[rows["helper"]["id"]]["n_tokens"]
    assert 200 < grown < 350  # the rejected answer is longer, and nothing else


def test_without_the_rule_no_conversation_becomes_a_pair(tmp_path, rows):
    project = make_project(tmp_path, {"one": {}})
    views = {"one": publish(project, "one", list(rows.values()))}
    plain = export(project, MixRecipe(mix="m", task="dpo", personas=VOICES, splits=Splits(0.0)), views)
    assert list(read(plain)) == [rows["own"]["id"]]
    assert "rule" not in pq.read_schema(plain.folder / "train.parquet").names
    with pytest.raises(ValueError, match="dpo"):
        MixRecipe(mix="m", task="sft", pairs=("persona",))


def test_a_portion_may_ask_for_pairs_by_rule_or_for_the_others(tmp_path, rows):
    portions = {
        "people": Portion(epochs=1, where=Where(tags={"rule": Condition(exists=False)})),
        "made": Portion(epochs=1, where=Where(tags={"rule": Condition(is_in=("persona",))})),
    }
    found = read(made(tmp_path, list(rows.values()), portions=portions))
    of = {name: found[rows[name]["id"]]["portion"] for name in ("helper", "client", "own")}
    assert of == {"helper": "made", "client": "made", "own": "people"}


def test_the_card_calls_them_synthetic(tmp_path, rows):
    card = (made(tmp_path, list(rows.values())).folder / "README.md").read_text()
    assert "synthetic pairs" in card
