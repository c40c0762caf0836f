"""The stage `emotion`: every row stays, every turn has its entry, and no row's tags depend on the others."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from curation.core.engine import run_batches
from curation.core.stage import Call, Context, Step
from curation.tag import taggers
from curation.tag.emotion import EmotionSpec, emotion
from curation.tag.groups import labels
from tests.clean import helpers as h
from tests.clean.helpers import chat, table

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

MODELS = ["embedded", "embedded-linear"]


def run(rows, batch_rows=1000, **parameters):
    step = Step("emotion", (Call(emotion, EmotionSpec(**parameters)),))
    return run_batches(step, rows, Context(b"k" * 32, "s"), batch_rows)


def tags(*turns, **parameters):
    said = [h.turn(("user", "assistant")[place % 2], text) for place, text in enumerate(turns)]
    kept, _, _ = run(table([h.record(0, said)]), **parameters)
    return kept.column("emotion").to_pylist()[0]["turns"]


@pytest.mark.parametrize("model", MODELS)
def test_turns_are_tagged_in_order_and_empty_ones_are_null(model):
    rows = table([chat(0, "Thank you so much!", "I am so sorry."), chat(1, "  ", "This is great.")])
    kept, dropped, notes = run(rows, model=model)
    assert not len(dropped)
    first, second = kept.column("emotion").to_pylist()
    assert "gratitude" in first["turns"][0]["labels"] and "remorse" in first["turns"][1]["labels"]
    assert len(first["turns"][0]["probabilities"]) == len(labels()) == 28
    assert first["turns"][0]["missing"] is None
    empty = second["turns"][0]
    assert empty.pop("missing") == "empty" and set(empty.values()) == {None}
    assert first["quality"] == "preview (English, Reddit-domain)"
    assert first["model"] == taggers.load(model, {}, "auto", "auto").name
    assert notes["emotion.gratitude"] == 1 and notes["emotion.empty"] == 1


@pytest.mark.parametrize("model", MODELS)
def test_several_emotions_and_none_are_possible_and_groups_follow(model):
    mixed, plain = tags(
        "Thank you so much for this, I am so grateful! But I am terrified, I am so scared of it.",
        "The meeting is on tuesday.",
        model=model,
    )
    assert {"gratitude", "fear"} <= set(mixed["labels"])
    assert mixed["ekman7"]["fear"] == pytest.approx(mixed["probabilities"][labels().index("fear")])
    assert mixed["ekman7"]["joy"] == pytest.approx(mixed["probabilities"][labels().index("gratitude")])
    assert 0 <= plain["intensity"] < mixed["intensity"] <= 1
    assert plain["evidence"] == []


def test_valence_has_the_sign_of_what_is_felt():
    good, bad = tags("I am so happy, I love this!", "I hate this, it is awful and makes me sad.")
    assert good["valence"] > 0.5 and bad["valence"] < -0.5


@pytest.mark.parametrize("model", MODELS)
def test_evidence_is_where_the_emotion_is_said(model):
    text = "We met on monday. 😀 Then he left, thank you so much for asking, and that was that."
    (turn,) = tags(text, model=model)
    span = next(e for e in turn["evidence"] if e["label"] == "gratitude")
    assert "thank you" in text[span["start"] : span["end"]]
    assert len(text[span["start"] : span["end"]]) < 60 and span["drop"] > 0.3
    assert tags(text, model=model, evidence=0)[0]["evidence"] == []


def test_roles_that_are_not_asked_for_are_null():
    user, assistant = tags("Thank you so much!", "I am so sorry.", roles=("user",))
    assert user["labels"] and assistant["labels"] is None and assistant["missing"] == "role"


def test_other_languages_are_not_guessed_at():
    rows = table([chat(0, "Danke dir, ich bin so traurig.")])
    for code, said in (("de", "language"), ("en", None), (None, None)):
        place = rows.schema.get_field_index("language")
        told = rows.set_column(place, rows.schema.field(place), pa.array([code], pa.string()))
        kept, _, notes = run(told)
        assert kept.column("emotion").to_pylist()[0]["turns"][0]["missing"] == said
        assert notes.get("emotion.language", 0) == (2 if said else 0)


def test_what_the_model_cannot_read_is_null_and_emoji_are_read():
    crying, strange = tags("😭", "ሀሁሂ ሃሄ")
    assert "sadness" in crying["labels"]
    assert strange["missing"] == "unknown" and strange["probabilities"] is None


def test_a_turn_of_fifty_thousand_words_is_read_in_windows_and_says_so():
    long = "it is on the table " * 4_000 + "thank you so much, I am so grateful! " + "it is on the table " * 6_000
    rows = table([h.record(0, [h.turn("user", long)])])
    kept, _, notes = run(rows, evidence=1)
    (turn,) = kept.column("emotion").to_pylist()[0]["turns"]
    assert turn["windows"] > 300 and "gratitude" in turn["labels"]
    assert notes["emotion.read_in_windows"] == 1
    (span,) = turn["evidence"]
    assert "thank" in long[span["start"] : span["end"]] or "grateful" in long[span["start"] : span["end"]]
    _, _, notes = run(rows, model="embedded-linear", evidence=0)
    assert notes["emotion.not_read_to_the_end"] == 1


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=12)
@given(rows=h.records(["I am so happy. Thank you!", "", "That makes me furious!", "na ja", "I 😀"], most=6))
def test_laws(model: str, rows: pa.Table) -> None:
    whole, dropped, _ = run(rows, model=model)
    assert len(whole) == len(rows) and not len(dropped)
    assert whole.column("id").equals(rows.column("id"))
    lengths = [len(messages or []) for messages in rows.column("messages").to_pylist()]
    assert [len(found["turns"]) for found in whole.column("emotion").to_pylist()] == lengths
    for size in (1, 4):
        assert run(rows, size, model=model)[0].equals(whole)


def test_probabilities_are_in_the_order_of_the_taxonomy():
    (turn,) = tags("Thank you so much!")
    assert labels()[int(np.argmax(turn["probabilities"]))] == "gratitude"
    json.dumps(turn)
