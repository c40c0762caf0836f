"""Heads: fitted on answers, measured on what they did not see, refused where their file is not theirs."""

import json
import random

import numpy as np
import pytest

import curation
from curation.commands.init import create
from curation.core.annotations import Annotations, Answer
from curation.core.engine import run_batches
from curation.core.errors import IntegrityError, ProjectError
from curation.core.stage import Call, Step
from curation.tag import answered, fit_head, heads
from curation.tag.empathy import MECHANISMS, EmpathySpec, empathy
from curation.tag.strategies import StrategiesSpec, strategies
from tests.clean import helpers as h
from tests.laws.projects import Made, clear, write_jsonl

pytest.importorskip("safetensors")

SAID = {
    "emotional_reactions": ["", "I'm sorry.", "I'm so sorry, my heart goes out to you, I feel for you."],
    "interpretations": ["", "I understand.", "It sounds like you felt left behind when that happened to you."],
    "explorations": ["", "What happened?", "Are you feeling alone with it right now, and since when is it so heavy?"],
}
FILL = ["Work has been long.", "The train was late again.", "My cousin is moving.", "It rained.", "We had soup.",
        "The doctor called.", "There is a form to fill in.", "It is the second week."]  # fmt: skip


def answers(count, seed=1):
    """Turns whose wording shows each level, with some that people rated otherwise."""
    deal = random.Random(seed)
    made = []
    for number in range(count):
        levels = {name: deal.choice((0, 0, 0, 1, 2)) for name in MECHANISMS}
        text = " ".join([deal.choice(FILL), *(SAID[n][level] for n, level in levels.items()), deal.choice(FILL)])
        told = {n: deal.choice((0, 1, 2)) if deal.random() < 0.1 else level for n, level in levels.items()}
        made.append(answered.Example(text, {n: str(v) for n, v in told.items()}, f"g{number}"))
    return made


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    data, measured = fit_head.fit(heads.known("empathy"), answers(240))
    (folder / "empathy.safetensors").write_bytes(data)
    return folder, data, measured


def placed(folder):
    made = heads.ModelFolder.of(folder)
    assert made.path
    return made


def test_a_head_beats_the_majority_on_folds_that_it_did_not_see(fitted):
    _, _, measured = fitted
    for name, one in measured.items():
        print(name, one)
        assert one.macro_f1 > one.majority_f1 + 0.3, name
        assert sum(one.examples.values()) == 240


def test_the_same_answers_give_the_same_bytes(fitted):
    assert fit_head.fit(heads.known("empathy"), answers(240))[0] == fitted[1]


def test_shuffled_answers_are_measured_as_worth_nothing():
    made = answers(240)
    deal = random.Random(3)
    labels = [one.answers for one in made]
    deal.shuffle(labels)
    shuffled = [answered.Example(one.text, told, one.group) for one, told in zip(made, labels, strict=True)]
    _, measured = fit_head.fit(heads.known("empathy"), shuffled)
    assert all(one.macro_f1 < 0.45 for one in measured.values()), "held out means held out"


def test_copies_of_one_group_are_never_on_both_sides():
    deal = random.Random(5)
    made = []
    for number in range(60):  # the text tells nothing but which group it is
        told = {"mi-client": deal.choice(("change", "neutral", "sustain"))}
        made += [answered.Example(f"word{number} token{number}", told, f"g{number}")] * 3
    _, measured = fit_head.fit(heads.known("mi-client"), made)
    assert measured["mi-client"].accuracy < 0.6


def test_empathy_rates_the_answering_side_and_shows_where(fitted):
    folder, *_ = fitted
    said = SAID["emotional_reactions"][2] + " We had soup."
    rows = h.table([h.record(0, [h.turn("user", said), h.turn("assistant", said), h.turn("assistant", " ")]),
                    h.record(1, [h.turn("assistant", "ሀሁሂ")])])  # fmt: skip
    (first, second), notes = tags(empathy, EmpathySpec(heads=placed(folder)), rows)
    user, turn, empty = first["turns"]
    assert user["missing"] == "role" and empty["missing"] == "empty" and user["explorations"] is None
    assert second["turns"][0]["missing"] == "unknown"
    reaction = turn["emotional_reactions"]
    assert reaction["level"] == 2 and sum(reaction["probabilities"]) == pytest.approx(1)
    assert "soup" not in said[reaction["start"] : reaction["end"]]
    assert turn["explorations"]["level"] == 0 and turn["explorations"]["start"] is None
    assert first["model"].startswith("empathy/") and "macro-F1" in first["quality"]
    assert notes["empathy.emotional_reactions.2"] == 1


def tags(stage, spec, rows, batch_rows=1000):
    kept, dropped, notes = run_batches(Step("t", (Call(stage, spec),)), rows, h.CONTEXT, batch_rows)
    assert not len(dropped) and len(kept) == len(rows)
    return kept.column(stage.name).to_pylist(), notes


def test_no_row_depends_on_the_others(fitted):
    folder, *_ = fitted
    spec = EmpathySpec(heads=placed(folder))
    rows = h.table([h.chat(i, "Hello.", one.text) for i, one in enumerate(answers(30, seed=9))])
    whole, _ = tags(empathy, spec, rows)
    for size in (1, 7):
        assert tags(empathy, spec, rows, size)[0] == whole


def test_without_a_head_the_tag_is_null():
    rows = h.table([h.chat(0, "Hello.")])
    assert tags(empathy, EmpathySpec(), rows) == ([None], {"empathy.no_head": 1})
    assert tags(strategies, StrategiesSpec(), rows) == ([None], {"strategies.no_head": 1})


def test_strategies_label_each_side_by_its_own_head(tmp_path):
    deal = random.Random(2)
    words = {"change": "I want to stop now", "neutral": "It is tuesday", "sustain": "I like it as it is"}
    made = [answered.Example(f"{words[k]}, {deal.choice(FILL)}", {"mi-client": k}, str(i))
            for i, k in enumerate(deal.choice(list(words)) for _ in range(60))]  # fmt: skip
    (tmp_path / "mi-client.safetensors").write_bytes(fit_head.fit(heads.known("mi-client"), made)[0])
    rows = h.table([h.chat(0, "I want to stop now.", "I want to stop now.")])
    (found,), notes = tags(strategies, StrategiesSpec(heads=placed(tmp_path)), rows)
    client, other = found["turns"]
    assert client["client"]["label"] == "change" and client["client"]["probability"] > 0.5
    assert client["support"] is None and other == {"support": None, "counsellor": None, "client": None}
    assert notes == {"strategies.client.change": 1}


@pytest.mark.parametrize("harm", ["cut", "other", "nan"])
def test_a_file_that_is_not_the_heads_is_refused(tmp_path, fitted, harm):
    _, data, _ = fitted
    if harm == "cut":
        data = data[:-100]
    elif harm == "nan":
        from safetensors.numpy import load, save

        size = int.from_bytes(data[:8], "little")
        about = json.loads(data[8 : 8 + size])["__metadata__"]
        data = save({**load(data), "bias": np.full(9, np.nan)}, about)
    name = "mi-client" if harm == "other" else "empathy"
    (tmp_path / f"{name}.safetensors").write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        heads.load(placed(tmp_path), name)
    assert caught.value.fix == f"fit it anew: curate tag fit {name}"


def test_too_few_answers_are_said():
    with pytest.raises(ProjectError, match="12 answers"):
        fit_head.fit(heads.known("empathy"), answers(12))
    same = [answered.Example(f"text {i}", {"mi-client": "neutral"}, str(i)) for i in range(50)]
    with pytest.raises(ProjectError, match="0 of them other"):
        fit_head.fit(heads.known("mi-client"), same)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("[1]", "no JSON object"),
        ('{"text": "x"}', "no answers"),
        ('{"text": "x", "label": {"explorations": 3}}', "none of the head's"),
        ('{"text": "x", "label": {"exploration": 1}}', "none of the head's"),
        ('{"label": {"explorations": 1}}', "neither"),
        ('{"messages": [], "turn": "a", "label": {"explorations": 1}}', "whole number"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path, row, what):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "x", "label": {"explorations": 1}}\n' + row + "\n")
    with pytest.raises(ProjectError, match=what) as caught:
        answered.from_files(heads.known("empathy"), [path])
    assert caught.value.where == "rows.jsonl:2"


def test_rows_name_their_turn_or_mean_the_last_of_the_heads_side(tmp_path):
    turns = [{"role": "assistant", "content": "One?"}, {"role": "user", "content": "Two."},
             {"role": "assistant", "content": "Three?"}, {"role": "user", "content": "Four."}]  # fmt: skip
    rows = [{"messages": turns, "label": {"explorations": 1}, "group": "a"},
            {"messages": turns, "turn": 0, "label": {"explorations": 2}},
            {"messages": turns, "turn": 1, "label": {"explorations": 2}}]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = answered.from_files(heads.known("empathy"), [path])
    assert [(e.text, e.group) for e in found.examples] == [("Three?", "a"), ("One?", "rows.jsonl:2")]
    assert found.left_out == {"no turn of the head's side": 1}


SOURCES = """
sources:
  chats: {kind: files, path: chats.jsonl, licence: mit, persona: assistant, adapter: {kind: turns}}
"""


_QUICK = """
[stages.scrub]
level = "patterns"
[stages.emotion]
model = "embedded-linear"
evidence = 0
"""


def test_fit_learns_from_annotations_and_tag_uses_it(tmp_path):
    """People rate turns, `tag fit` learns from them, `tag run` uses the head, and no other step runs again."""
    made = answers(120)
    project = Made(tmp_path / "project")
    create(project.root, sources=SOURCES)
    (project.root / "curate.toml").write_text(_QUICK)
    write_jsonl(project.root / "chats.jsonl", [
        {"messages": [{"role": "user", "content": f"Hello, this is entry {i}."}, {"role": "assistant",
         "content": one.text}]} for i, one in enumerate(made)])  # fmt: skip
    project.run("tag", "run")
    rows = rows_of(project)
    assert rows[0]["empathy"] is None and len(rows) > 110
    by_text = {row["messages"][1]["content"]: row["id"] for row in rows}
    people = [
        Answer(by_text[one.text], name if place % 2 else f"{name}@1", int(level), person)
        for place, one in enumerate(made) if one.text in by_text
        for name, level in one.answers.items() for person in ("p-1", "p-2")
    ]  # fmt: skip
    first = by_text[made[1].text]
    people += [Answer(first, "explorations@0", 1, "p-1"), Answer("gone:0000000000000000", "explorations", 1, "p-1"),
               Answer(first, "explorations", 9, "p-3"), Answer(by_text[made[2].text], "explorations@1", 1, "p-4"),
               Answer(by_text[made[2].text], "explorations@1", 2, "p-5")]  # fmt: skip
    Annotations(project.root / "annotations").add(people)
    told = project.json("tag", "fit", "empathy")
    assert told["examples"] > 110
    assert told["left_out"]["the record or the turn is not here"] == 2
    assert told["left_out"]["no answer that this head knows"] == 1
    for name, one in told["held_out"].items():
        print(name, one)
        assert one["macro_f1"] > one["majority_f1"] + 0.2, name
    steps, _ = project.written_by("tag", "run")
    assert steps == ["chats/eq", "chats/heads"]
    rated = rows_of(project)
    assert {row["empathy"]["turns"][1]["explorations"]["level"] for row in rated} == {0, 1, 2}
    assert project.written_by("tag", "run")[0] == []


def rows_of(project):
    return curation.open(project.root).read("tagged", "chats").to_arrow().to_pylist()


def test_fit_without_answers_says_what_to_do(tmp_path):
    project = Made(tmp_path / "project")
    create(project.root, sources=SOURCES)
    clear(project.fails(3, "tag", "fit", "empathy"), "nobody answered", "explorations")
    clear(project.fails(3, "tag", "fit", "empathi"), "did you mean 'empathy'")
