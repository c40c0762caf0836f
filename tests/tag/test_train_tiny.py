from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curation.core.errors import MissingError, ProjectError
from curation.tag.fitting import best_threshold, calibrate, calibration_error, f1_scores, read_split
from curation.tag.tiny import TinyTagger

LABELS = ("glad", "angry", "neutral")
WORDS = {
    "glad": ["happy", "great", "wonderful"],
    "angry": ["hate", "awful", "furious"],
    "neutral": ["table", "bus"],
}


@pytest.fixture()
def data(tmp_path: Path) -> Path:
    """A small data set in the form of GoEmotions, with some labels wrong, so that nothing is certain."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "emotions.txt").write_text("\n".join(LABELS) + "\n")
    for split, size in (("train", 400), ("dev", 200), ("test", 200)):
        lines = []
        for number in range(size):
            label = int(rng.integers(3))
            said = rng.choice(WORDS[LABELS[label]], 2)
            given = label if rng.random() > 0.1 else int(rng.integers(3))
            lines.append(f"it is {said[0]} and {said[1]} {number}\t{given}\tid{number}\n")
        (folder / f"{split}.tsv").write_text("".join(lines))
    return folder


def test_the_script_learns_and_gives_the_same_bytes_again(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    outs = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for seed, out in enumerate(outs):
        ran = subprocess.run(
            [sys.executable, "-m", "curation.tag.train_tiny", "--data", str(data), "--out", str(out)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": "."},
        )
        assert "macro-F1" in ran.stdout
    assert outs[0].read_bytes() == outs[1].read_bytes()
    tagger = TinyTagger.load(outs[0])
    assert tagger.labels == LABELS
    found = tagger.predict(pa.array(["what a happy and wonderful day", "I hate this awful thing"]))
    assert found.argmax(axis=1).tolist() == [0, 1]


def test_a_missing_split_and_a_broken_line_are_said_without_the_text(data: Path) -> None:
    (data / "dev.tsv").write_text("good\t0\tx\nsecret words without a label\n")
    with pytest.raises(ProjectError) as broken:
        read_split(data, "dev", LABELS)
    assert "dev.tsv:2" in str(broken.value)
    assert "secret" not in str(broken.value)
    (data / "dev.tsv").write_text("good\t7\tx\n")
    with pytest.raises(ProjectError, match="text, labels, id"):
        read_split(data, "dev", LABELS)
    with pytest.raises(MissingError):
        read_split(data, "other", LABELS)


def test_calibration_recovers_known_odds() -> None:
    pytest.importorskip("scipy")
    rng = np.random.default_rng(0)
    score = rng.normal(size=(40_000, 1))
    # A bend at 1, above which lie .16 of the scores; -.4 makes that the share of the label, too.
    odds = -0.4 + np.where(score < 1, 2, 0.5) * (score - 1)
    truth = rng.random(score.shape) < 1 / (1 + np.exp(-odds))
    found = calibrate(score, truth).probability(score)
    assert np.abs(found - 1 / (1 + np.exp(-odds))).mean() < 0.02
    assert calibration_error(found, truth) < 0.02
    assert calibration_error(np.sqrt(found), truth) > 0.05


def test_the_threshold_is_the_one_of_best_expected_f1() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        probability = rng.integers(0, 12, 40).astype(np.float32) / 16  # with ties

        def expected(cut: float, p: np.ndarray = probability) -> float:
            return float(2 * p[p >= cut].sum() / ((p >= cut).sum() + p.sum()))

        best = max(expected(cut) for cut in np.arange(1, 13) / 16)
        assert expected(float(best_threshold(probability))) == pytest.approx(best)


def test_f1_by_hand() -> None:
    given = np.array([[1, 0], [1, 0], [0, 0]], bool)
    truth = np.array([[1, 0], [0, 1], [1, 0]], bool)
    each, micro = f1_scores(given, truth)
    assert each.tolist() == [0.5, 0.0]
    assert micro == pytest.approx(2 / 5)
