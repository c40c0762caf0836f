"""The embedded CNN: the same bytes for a text whatever stands beside it, and nothing of it that is taken on trust."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.core.errors import IntegrityError, MissingError
from curation.tag.cnn import WEIGHTS, CnnTagger
from curation.tag.groups import labels

pytest.importorskip("tokenizers")

GOEMOTIONS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "goemotions"
CLEAR = {
    "thank you so much": "gratitude",
    "I am so sorry": "remorse",
    "this makes me furious": "anger",
    "I love you with all my heart": "love",
    "I'm scared of what will happen": "fear",
    "I feel so sad today": "sadness",
    "haha that's hilarious": "amusement",
    "that is disgusting": "disgust",
    "the meeting is on tuesday": "neutral",
}

_loaded: list[CnnTagger] = []


def tagger() -> CnnTagger:
    if not _loaded:
        _loaded.append(CnnTagger.load())
    return _loaded[0]


@pytest.mark.parametrize("text", CLEAR)
def test_clear_sentences_have_their_label_among_the_first_three(text):
    order = np.argsort(-tagger().predict(pa.array([text]))[0])
    assert CLEAR[text] in [labels()[j] for j in order[:3]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text(max_size=60) | st.sampled_from(list(CLEAR)), max_size=9), st.integers(0, 9))
def test_any_cut_and_order_of_any_texts_does_not_change_a_bit(texts, at):
    whole = tagger().predict(pa.array(texts, pa.string()))
    parts = [tagger().predict(pa.array(part, pa.string())) for part in (texts[:at], texts[at:])]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    back = tagger().predict(pa.array(texts[::-1], pa.string()))
    assert back[::-1].tobytes() == whole.tobytes()


def test_small_blocks_do_not_change_a_bit(monkeypatch):
    rng = np.random.default_rng(5)
    words = " ".join(CLEAR).split()
    texts = pa.array([" ".join(rng.choice(words, n)) for n in rng.integers(1, 300, 30)])
    whole = tagger().predict(texts)
    monkeypatch.setattr("curation.tag.cnn._BLOCK_TOKENS", 40)
    assert tagger().predict(texts).tobytes() == whole.tobytes()


def test_sums_of_whole_numbers_stay_exact():
    network = tagger().network
    for layer in (*network.blocks, network.attention, network.pooled):
        assert (layer.weight == np.rint(layer.weight)).all() and np.abs(layer.weight).max() <= 127
        assert np.abs(layer.weight).sum(axis=0).max() * 340 < 2**24


def test_what_no_piece_is_known_of_is_nan_and_only_that():
    found = tagger().score(pa.array(["", " \n", "ሀሁሂ", "fine", "<unk> <pad>"]))
    assert np.isnan(found.probabilities).all(axis=1).tolist() == [True, True, True, False, False]
    assert (found.windows > 0).tolist() == [False, False, False, True, True]


def test_names_are_read_as_in_the_data_it_learned_from():
    one, two, other = tagger().predict(pa.array(["[PERSON_1] hurt me", "[NAME] hurt me", "paul hurt me"]))
    assert one.tobytes() == two.tobytes() != other.tobytes()


def test_the_file_is_small_and_says_what_it_is():
    raw = WEIGHTS.read_bytes()
    assert len(raw) <= 5_000_000
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(header["__metadata__"]["cnn"])
    assert "GoEmotions, Demszky et al. 2020, Google, CC BY 4.0" in about["attribution"]
    assert tagger().labels == labels() and tagger().fingerprint == hashlib.sha256(raw).hexdigest()
    assert tagger().quality == "preview (English, Reddit-domain)"


@pytest.mark.parametrize("spoil", ["gone", "cut", "garbage", "other"])
def test_broken_and_foreign_weights_are_refused(tmp_path, spoil):
    path = tmp_path / "spoilt.safetensors"
    shutil.copy(WEIGHTS, path)
    if spoil == "gone":
        path.unlink()
    elif spoil == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif spoil == "garbage":
        path.write_bytes(b"\xff" * 1000)
    else:
        shutil.copy(WEIGHTS.with_name("tiny.safetensors"), path)
    with pytest.raises(MissingError if spoil == "gone" else IntegrityError):
        CnnTagger.load(path)


def test_inference_needs_neither_scipy_sklearn_nor_torch():
    code = (
        "import sys, pyarrow as pa; from curation.tag.cnn import CnnTagger;"
        "CnnTagger.load().predict(pa.array(['hello']));"
        "sys.exit(any(heavy in sys.modules for heavy in ('scipy', 'sklearn', 'torch')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.skipif(not GOEMOTIONS.is_dir(), reason="needs GoEmotions in ../shared")
def test_dev_macro_f1_holds():
    from curation.tag.fitting import measures, read_split

    texts, truth = read_split(GOEMOTIONS, "dev", labels())
    macro, _, error = measures(tagger().predict(texts), tagger().thresholds, truth)
    assert macro >= 0.48 and error <= 0.04
