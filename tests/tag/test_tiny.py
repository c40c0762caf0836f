from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.core.errors import IntegrityError, MissingError
from curation.tag import tiny
from curation.tag.tiny import WEIGHTS, TinyTagger

GOEMOTIONS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "goemotions"

CLEAR = {
    "thank you so much": "gratitude",
    "I am so sorry": "remorse",
    "this makes me furious": "anger",
    "I love you with all my heart": "love",
    "I'm scared of what will happen": "fear",
    "I feel so sad today": "sadness",
    "haha that's hilarious": "amusement",
    "why would you do that?": "curiosity",
    "that is disgusting": "disgust",
    "I hope tomorrow will be better": "optimism",
    "I feel nervous about the exam": "nervousness",
    "I am so proud of you": "pride",
    "the meeting is on tuesday": "neutral",
}


@pytest.fixture(scope="module")
def tagger() -> TinyTagger:
    return TinyTagger.load()


@pytest.fixture(scope="module")
def texts() -> list[str | None]:
    """300 texts of very unequal length, some without anything to say."""
    rng = np.random.default_rng(5)
    words = [*" ".join(CLEAR).split(), "😂", "naïve", "[PERSON_1]", "--", "I’m", "\n"]
    lengths = np.minimum(rng.geometric(0.04, 300), 400)
    made: list[str | None] = [" ".join(rng.choice(words, n)) for n in lengths]
    made[17] = "sorry " * 30_000  # more than one block, and more than is read of one text
    for place, nothing in ((0, None), (60, ""), (61, None), (150, " \n"), (299, None)):
        made[place] = nothing
    return made


def same(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> bool:
    """Equal to the last bit, NaN included."""
    return left.shape == right.shape and left.tobytes() == right.tobytes()


def test_the_result_is_28_calibrated_probabilities(tagger: TinyTagger, texts: list[str | None]) -> None:
    found = tagger.predict(pa.array(texts))
    assert found.dtype == np.float32
    assert found.shape == (300, 28)
    said = found[[bool(text and text.strip()) for text in texts]]
    assert len(said) == 295
    assert said.min() >= 0
    assert said.max() <= 1


@pytest.mark.parametrize("text", CLEAR)
def test_clear_sentences_have_their_label_among_the_first_three(tagger: TinyTagger, text: str) -> None:
    order = np.argsort(-tagger.predict(pa.array([text]))[0])
    assert CLEAR[text] in [tagger.labels[j] for j in order[:3]]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_batch_does_not_change_a_bit(tagger: TinyTagger, texts: list[str | None], size: int) -> None:
    whole = tagger.predict(pa.array(texts))
    parts = [tagger.predict(pa.array(texts[i : i + size], pa.string())) for i in range(0, len(texts), size)]
    assert same(np.concatenate(parts), whole)


@pytest.mark.parametrize("seed", range(3))
def test_order_does_not_change_a_bit(tagger: TinyTagger, texts: list[str | None], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(texts))
    assert same(tagger.predict(pa.array([texts[i] for i in order])), tagger.predict(pa.array(texts))[order])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.text(max_size=60), max_size=12), st.integers(0, 12))
def test_any_cut_of_any_texts_does_not_change_a_bit(texts: list[str | None], at: int) -> None:
    tagger = _loaded()
    whole = tagger.predict(pa.array(texts, pa.string()))
    parts = [tagger.predict(pa.array(part, pa.string())) for part in (texts[:at], texts[at:])]
    assert same(np.concatenate(parts), whole)


_cache: list[TinyTagger] = []


def _loaded() -> TinyTagger:
    if not _cache:
        _cache.append(TinyTagger.load())
    return _cache[0]


def test_small_blocks_do_not_change_a_bit(
    tagger: TinyTagger, texts: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tagger.predict(pa.array(texts))
    monkeypatch.setattr("curation.tag.features._BLOCK_BYTES", 100)
    monkeypatch.setattr("curation.tag.tiny._SEGMENT", 3)
    assert same(tagger.predict(pa.array(texts)), whole)


def test_nothing_to_judge_is_nan_and_only_that(tagger: TinyTagger) -> None:
    found = tagger.predict(pa.array([None, "", " \n\t", "fine", None]))
    assert np.isnan(found).all(axis=1).tolist() == [True, True, True, False, True]
    assert np.isnan(found).any(axis=1).tolist() == [True, True, True, False, True]


def test_no_texts_and_no_values_are_fine(tagger: TinyTagger) -> None:
    assert tagger.predict(pa.array([], pa.string())).shape == (0, 28)
    assert np.isnan(tagger.predict(pa.nulls(3, pa.string()))).all()


def test_text_under_a_null_is_not_read(tagger: TinyTagger) -> None:
    full = pa.array(["sad", "thank you", "sad"])
    masked = pa.StringArray.from_buffers(3, full.buffers()[1], full.buffers()[2], pa.py_buffer(b"\x05"))
    found = tagger.predict(masked)
    assert np.isnan(found[1]).all()
    assert same(found[[0, 2]], tagger.predict(full)[[0, 2]])


def test_slices_and_large_strings_are_the_same_texts(tagger: TinyTagger, texts: list[str | None]) -> None:
    whole = tagger.predict(pa.array(texts))
    for kind in (pa.string(), pa.large_string()):
        array = pa.array(texts, kind)
        assert same(tagger.predict(array), whole)
        for start, length in ((1, 299), (17, 1), (55, 10), (100, 200), (300, 0)):
            assert same(tagger.predict(array.slice(start, length)), whole[start : start + length])


def test_the_tagger_says_what_it_is(tagger: TinyTagger) -> None:
    assert len(set(tagger.labels)) == 28
    assert tagger.labels[-1] == "neutral"
    assert tagger.quality == "preview (English, Reddit-domain)"
    assert tagger.fingerprint == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert tagger.thresholds.shape == (28,)
    assert tagger.thresholds.min() > 0
    assert tagger.thresholds.max() < 1


def test_the_weights_are_small_and_name_their_licence() -> None:
    raw = WEIGHTS.read_bytes()
    assert len(raw) <= 4_000_000
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(header["__metadata__"]["tiny"])
    assert "GoEmotions, Demszky et al. 2020, Google, CC BY 4.0" in about["attribution"]
    assert {"labels", "version", "licence", "bits", "seed"} <= about.keys()


def test_a_higher_score_is_never_less_likely(tagger: TinyTagger) -> None:
    curve = tagger.calibration.probability(np.linspace(-300, 300, 2001)[:, None] + np.zeros(28))
    assert (np.diff(curve, axis=0) >= 0).all()


def test_missing_weights_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as error:
        TinyTagger.load(tmp_path / "none.safetensors")
    assert "train_tiny" in str(error.value)


@pytest.mark.parametrize("spoil", ["cut", "garbage", "other"])
def test_broken_and_foreign_weights_are_refused(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "spoilt.safetensors"
    shutil.copy(WEIGHTS, path)
    if spoil == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif spoil == "garbage":
        path.write_bytes(b"\xff" * 1000)
    else:
        from safetensors.numpy import save_file

        save_file({"weights": np.zeros((2, 2), np.int8)}, path)
    with pytest.raises(IntegrityError):
        TinyTagger.load(path)


def test_weights_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "VERSION", tiny.VERSION + 1)
    with pytest.raises(IntegrityError, match="another version"):
        TinyTagger.load()


def test_inference_needs_neither_scipy_sklearn_nor_torch() -> None:
    code = (
        "import sys, pyarrow as pa; from curation.tag.tiny import TinyTagger;"
        "TinyTagger.load().predict(pa.array(['hello']));"
        "sys.exit(any(heavy in sys.modules for heavy in ('scipy', 'sklearn', 'torch')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.skipif(not GOEMOTIONS.is_dir(), reason="needs GoEmotions in ../shared")
def test_dev_macro_f1_holds(tagger: TinyTagger) -> None:
    from curation.tag.fitting import calibration_error, f1_scores, read_split

    texts, truth = read_split(GOEMOTIONS, "dev", tagger.labels)
    found = tagger.predict(texts)
    each, _ = f1_scores(found >= tagger.thresholds, truth)
    assert each.mean() >= 0.44
    assert calibration_error(found, truth) <= 0.04
