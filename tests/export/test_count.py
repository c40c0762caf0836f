"""Tokens are counted as the trainer will see them, kept, and counted anew only where the text is new."""

import json

import pyarrow.parquet as pq
import pytest
from export_stand import make_project, pair, publish, record, turns

from curation.core.errors import MissingError, ProjectError
from curation.demo.tiny_base import build_tiny_base
from curation.export import count
from curation.export.export import export
from curation.export.recipe import MixRecipe, Persona, Splits, TokenizerAt

VOICES = {
    "assistant": Persona(system="Help.", opening="Hi"),
    "client": Persona(system="Client.", opening="Hello there."),
    "neutral": Persona(),
}
ROWS = [
    record("one", 1, messages=turns("u: I feel anxious about work.", "a: Since when?", "u: Since May.")),
    record("one", 2, messages=turns("s: Own prompt.", "u: x", "a: [INST] not a token </s>")),
    record("one", 3, persona="client", messages=turns("u: I cannot sleep.", "a: How long?", "u: Weeks.")),
    record("one", 4, messages=turns("a: It begins here.", "u: Yes.", "a: Good.")),
    record("one", 5, persona="neutral", messages=turns("u: é☃ \U0001f600", "a: " + "long " * 300)),
]
PAIRS = [pair("one", n, chosen=turns(f"a: better {n}"), rejected=turns(f"a: worse by far {n}")) for n in range(4)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    build_tiny_base(folder)
    return folder


def stand(folder, rows, base=None):
    project = make_project(folder, {"one": {}})
    if base:
        (project.root / "models").symlink_to(base)
    return project, {"one": publish(project, "one", rows, digits=1)}


def recipe(task="sft", **at):
    asked = TokenizerAt("models", **at) if at is not None else None
    return MixRecipe(mix="m", task=task, personas=VOICES, splits=Splits(0.0), tokenizer=asked)


def read(made):
    return pq.read_table(made.folder / "train.parquet").to_pylist()


@pytest.mark.parametrize("template", ["mistral-v7-tekken", "chatml"])
def test_counts_are_those_of_the_trainers_own_encoder(tmp_path, base, template):
    from curation.core.model_files import resolve
    from curation.train.encode import TEMPLATES, Encoder, Row, Turn

    encode = pytest.importorskip("curation.train.encode")
    project, views = stand(tmp_path, [*ROWS, *PAIRS], base)
    encoder = Encoder(count.Tokeniser.load(resolve(base))._tokenizer, TEMPLATES[template])
    rows = read(export(project, recipe(template=template), views))
    assert len(rows) == 5
    for row in rows:
        said = tuple(Turn(m["role"], m["content"], m["train"]) for m in row["messages"])
        (document,), _ = encoder.encode([Row(row["id"], row["persona"], said)], 10_000, "drop")
        assert (row["n_tokens"], row["n_trained"]) == (len(document), sum(document.trained))
    for row in read(export(project, recipe("dpo", template=template), views)):
        total = learned = 0
        for answer in ("chosen", "rejected"):
            said = (*(Turn(m["role"], m["content"], False) for m in row["prompt"]),)
            said = (*said, Turn("assistant", row[answer][0]["content"], True))
            (document,), _ = encoder.encode([Row(row["id"], "", said)], 10_000, "drop")
            total, learned = total + len(document), learned + sum(document.trained)
        assert row["n_tokens"] == total - _prompt(encoder, row, encode) and row["n_trained"] == learned


def _prompt(encoder, row, encode):
    said = [encode.Turn(m["role"], m["content"], False) for m in row["prompt"]]
    (tokens,) = list(getattr(encoder, "turns", getattr(encoder, "_turns", None))([encode.Row("x", "", tuple(said))]))
    return sum(map(len, tokens)) + len(getattr(encoder, "bos", getattr(encoder, "_bos", ())))


def test_numbers_are_kept_and_only_new_text_is_counted(tmp_path, base, monkeypatch):
    project, views = stand(tmp_path, ROWS, base)
    first = read(export(project, recipe(template="chatml"), views))
    counted = []
    real = count.Counted.texts
    monkeypatch.setattr(count.Counted, "texts", lambda self, texts: counted.append(len(texts)) or real(self, texts))
    other = MixRecipe(**{**vars(recipe(template="chatml")), "mix": "n"})
    again = read(export(project, other, views))
    assert [r["n_tokens"] for r in again] == [r["n_tokens"] for r in first]
    prompts_only = sum(counted)
    views["one"] = publish(project, "one", [*ROWS, record("one", 77)], digits=1)
    counted.clear()
    export(project, other, views)
    # One part of sixteen, with the new row's two turns and those of the rows beside it.
    assert sum(counted) - prompts_only <= 2 + max(len(r["messages"]) for r in ROWS) * 2


def test_without_a_template_only_texts_are_counted(tmp_path, base):
    project, views = stand(tmp_path, ROWS[:1], base)
    bare, whole = (read(export(project, recipe(template=t), views))[0] for t in (None, "chatml"))
    assert bare["n_trained"] == whole["n_trained"] and bare["n_tokens"] < whole["n_tokens"]
    card = next((project.data / "exports" / "m").glob("*/README.md")).parent.parent
    assert any("no template" in p.read_text() for p in card.glob("*/README.md"))


def test_a_tokenizer_that_lacks_the_templates_tokens_is_refused(tmp_path, base):
    folder = tmp_path / "other"
    folder.mkdir()
    text = json.loads((base / "tokenizer.json").read_text())
    text["added_tokens"] = [t for t in text["added_tokens"] if t["content"] != "<|im_end|>"]
    text["model"]["vocab"] = {k: v for k, v in text["model"]["vocab"].items() if k != "<|im_end|>"}
    (folder / "tokenizer.json").write_text(json.dumps(text))
    project, views = stand(tmp_path / "p", ROWS, folder)
    with pytest.raises(ProjectError, match="im_end") as caught:
        export(project, recipe(template="chatml"), views)
    assert "template" in caught.value.fix
    assert export(project, recipe(), views).new


def test_a_tokenizer_that_is_not_here_is_refused_or_estimated_and_said(tmp_path):
    project, views = stand(tmp_path, ROWS)
    with pytest.raises(MissingError) as caught:
        export(project, recipe(), views)
    assert "or_estimate" in caught.value.fix
    made = export(project, recipe(or_estimate=True), views)
    assert made.manifest["tokenizer"] == {"version": 1, "estimate": 1.35, "wanted": "models"}
    assert "**estimated** at 1.35 a word (models was not at hand)" in (made.folder / "README.md").read_text()
    assert min(r["n_tokens"] for r in read(made)) > 5


def test_a_row_of_two_hundred_thousand_tokens(tmp_path, base):
    rows = [record("one", 1, messages=turns("u: x", "a: " + "word " * 200_000)), *ROWS]
    project, views = stand(tmp_path, rows, base)
    from curation.export.recipe import Budget

    every = read(export(project, recipe(template="chatml"), views))
    assert max(r["n_tokens"] for r in every) > 200_000
    small = MixRecipe(**{**vars(recipe(template="chatml")), "budget": Budget(tokens=500), "mix": "s"})
    assert all(r["n_tokens"] <= 500 for r in read(export(project, small, views)))
