"""Checkpoints as taggers: what is refused and how, what is mapped, and that a plan of batches changes no label."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from curation.core.engine import run_batches  # noqa: E402
from curation.core.errors import CurateError, IntegrityError, MissingError, ProjectError  # noqa: E402
from curation.core.model_files import resolve  # noqa: E402
from curation.core.stage import Call, Context, Step  # noqa: E402
from curation.methods.encoder import Encoder  # noqa: E402
from curation.methods.packing import Windows  # noqa: E402
from curation.tag import taggers  # noqa: E402
from curation.tag.calibrate import write  # noqa: E402
from curation.tag.calibration import CURVE  # noqa: E402
from curation.tag.checkpoint import BESIDE, CheckpointTagger  # noqa: E402
from curation.tag.emotion import EmotionSpec, emotion  # noqa: E402
from curation.tag.groups import labels  # noqa: E402
from curation.tag.taggers import ModelFolder  # noqa: E402
from tests.clean.helpers import chat, record, table, turn  # noqa: E402
from tests.methods.encoders import build, edit  # noqa: E402

torch.set_num_threads(1)
SHA = "0123456789abcdef0123456789abcdef01234567"
SEVEN = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "no emotion"]
MAP = {"anger": "anger", "Happiness": "joy", "sadness": "sadness", "no emotion": "neutral"}


@pytest.fixture
def model(tmp_path):
    return build(tmp_path / "goemo", "roberta", [label.upper() for label in reversed(labels())])


def load(folder, mapping=None, **more):
    return CheckpointTagger.load(resolve(folder), mapping or {}, precision="float32", **more)


def tag(rows, folder, batch_rows=1000, **spec):
    made = EmotionSpec(model=ModelFolder.of(folder), precision="float32", **spec)
    return run_batches(Step("emotion", (Call(emotion, made),)), rows, Context(b"k" * 32, "s"), batch_rows)


def test_a_models_own_order_of_labels_becomes_ours(model):
    tagger = load(model)
    texts = pa.array(["i am so happy", "thank you", "you never feel sad"])
    scores, _ = tagger.scores(texts)
    raw = tagger.encoder.logits(Windows.of(tagger.tokeniser.tokens(texts), 60), tagger.tokeniser.around)
    assert np.array_equal(scores, raw[:, ::-1])
    found = tagger.score(texts)
    assert np.allclose(found.probabilities, 1 / (1 + np.exp(-scores)))
    assert tagger.quality.startswith("uncalibrated") and (tagger.thresholds == 0.5).all()
    assert tagger.name.startswith("goemo/")


def test_other_labels_are_refused_or_mapped(tmp_path):
    folder = build(tmp_path / "ekman", "distilbert", SEVEN)
    with pytest.raises(ProjectError, match="7 labels that are not the 28"):
        load(folder)
    with pytest.raises(ProjectError, match="no label 'rage'"):
        load(folder, {"rage": "anger"})
    with pytest.raises(ProjectError, match="'wrath' is no emotion"):
        load(folder, {"anger": "wrath"})
    kept, _, _ = tag(table([chat(0, "i am so happy")]), folder, labels=MAP, activation="softmax")
    found = kept.column("emotion").to_pylist()[0]["turns"][0]
    assert [p is not None for p in found["probabilities"]] == [label in MAP.values() for label in labels()]
    assert sum(p for p in found["probabilities"] if p is not None) < 1
    assert found["ekman7"]["fear"] is None and found["ekman7"]["joy"] is not None
    assert set(found["labels"]) <= set(MAP.values()) and -1 <= found["valence"] <= 1


def test_softmax_and_sigmoid_are_told_apart_or_asked_for(tmp_path):
    folder = build(tmp_path / "m", "bert", list(labels()))
    edit(folder, problem_type="single_label_classification")
    assert load(folder).score(pa.array(["i am so sad"])).probabilities.sum() == pytest.approx(1, abs=1e-4)
    edit(folder, problem_type=None)
    with pytest.raises(ProjectError, match="one label or several"):
        load(folder)
    assert load(folder, activation="sigmoid").activation == "sigmoid"


def spoil_head(folder):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["classifier.out_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


SPOILT = {
    "no safetensors": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), ProjectError, "pickles"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), MissingError, "weights of the model are missing"),
    "cut weights": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-9]),
        IntegrityError, "cannot be read"),
    "no head": (spoil_head, IntegrityError, "1 tensors are not in the weights"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), MissingError, "no tokenizer.json"),
    "not a classifier": (lambda f: edit(f, model_type="vits"), ProjectError, "no model that classifies"),
    "calibration of other labels": (
        lambda f: (f / BESIDE).write_text(json.dumps({"labels": ["a"]})), IntegrityError, "calibration cannot be read"),
    "own code": (lambda f: edit(f, auto_map={"AutoModel": "x.Y"}), ProjectError, "run code of its own"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_what_cannot_be_trusted_is_refused_in_few_lines(model, how):
    spoil, kind, said = SPOILT[how]
    spoil(model)
    with pytest.raises(CurateError, match=said) as error:
        load(model)
    assert type(error.value) is kind and len(str(error.value).splitlines()) <= 6


def test_a_model_that_is_not_there_is_said_with_its_download():
    with pytest.raises(ProjectError, match="no tagger is called 'embeded'"):
        taggers.files_of("embeded")
    with pytest.raises(ProjectError, match="must be pinned"):
        taggers.files_of("owner/name")
    with pytest.raises(MissingError) as error:
        taggers.files_of(f"owner/name@{SHA}")
    assert f"hf download owner/name --revision {SHA}" in str(error.value)


def test_outputs_that_are_no_numbers_are_null_with_a_reason(model, monkeypatch):
    real = Encoder.run

    def run(self, batch):
        found = real(self, batch)
        found[batch.lengths == 5] = np.nan  # texts of three words
        return found

    monkeypatch.setattr(Encoder, "run", run)
    kept, _, notes = tag(table([chat(0, "so very happy", "i am not sad because you feel happy")]), model, evidence=0)
    broken, whole = kept.column("emotion").to_pylist()[0]["turns"]
    assert broken["missing"] == "not_a_number" and broken["labels"] is None and broken["valence"] is None
    assert whole["missing"] is None and notes["emotion.not_a_number"] == 1


def test_a_long_turn_is_cut_into_windows_and_has_the_labels_of_all(model):
    tagger = load(model)
    texts = pa.array(["i am so happy " * 100, "i am so happy"])
    found = tagger.score(texts)
    scores, owner = tagger.scores(texts)
    assert found.windows.tolist() == [7, 1] and owner.tolist() == [0] * 7 + [1]
    neutral = labels().index("neutral")
    expected = 1 / (1 + np.exp(-scores[:7].max(axis=0)))
    expected[neutral] = 1 / (1 + np.exp(-scores[:7, neutral].min()))
    assert np.allclose(found.probabilities[0], expected)


def test_batches_order_and_their_number_change_no_label(model):
    rng = np.random.default_rng(2)
    words = ["i", "am", "so", "happy", "sad", "angry", "you", "never", "because"]
    said = [" ".join(rng.choice(words, n)) for n in rng.integers(1, 40, 30)]
    rows = table([record(i, [turn("user", text), turn("assistant", "thank you")]) for i, text in enumerate(said)])
    whole = tag(rows, model)[0].column("emotion").combine_chunks()
    for other in (tag(rows, model, 7)[0], tag(rows, model, 1)[0]):
        assert_alike(whole, other.column("emotion").combine_chunks())
    mixed = rng.permutation(len(rows))
    again = tag(rows.take(mixed), model)[0].column("emotion").combine_chunks()
    assert_alike(whole.take(pa.array(mixed)), again)


def assert_alike(one, two):
    one, two = (x.field("turns").flatten() for x in (one, two))
    assert one.field("labels").equals(two.field("labels"))
    for name in ("probabilities", "evidence"):
        left, right = (x.field(name).flatten() for x in (one, two))
        if name == "evidence":
            left, right = left.field("drop"), right.field("drop")
        assert np.abs(left.to_numpy(zero_copy_only=False) - right.to_numpy(zero_copy_only=False)).max() < 1e-6


def test_calibration_lies_beside_the_model_and_is_part_of_its_name(model, tmp_path):
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(4)
    data = tmp_path / "data"
    data.mkdir()
    words = ["i", "am", "so", "happy", "sad", "angry", "you", "never"]
    lines = [f"{' '.join(rng.choice(words, 6))}\t{i % 28}\tid{i}\n" for i in range(140)]
    (data / "dev.tsv").write_text("".join(lines))
    before = load(model)
    assert "macro-F1" in write(model, data, "calibrated on made-up words")
    after = load(model)
    assert after.quality == "calibrated on made-up words" and after.name != before.name
    told = json.loads((model / BESIDE).read_text())
    assert set(told) == {"labels", *CURVE, "thresholds", "most_neutral", "quality"}
    assert np.allclose(after.thresholds, told["thresholds"])
    found = after.score(pa.array(["i am so happy"])).probabilities
    assert found.max() < 0.5  # labels were given by chance: nothing is likely


def test_a_folder_of_the_project_is_named_without_its_place(tmp_path, model):
    class Project:
        root = tmp_path

    placed = taggers.placed("goemo", Project)
    assert placed == "goemo" and Path(placed.path) == model
    assert taggers.placed("embedded", Project) == "embedded"
    assert taggers.identity(placed) == taggers.identity(ModelFolder.of(model))
    import pickle

    assert pickle.loads(pickle.dumps(placed)).path == placed.path
