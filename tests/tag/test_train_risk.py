from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest

from curation.core.errors import ProjectError
from curation.tag.risk import model as risk_model
from curation.tag.risk.model import HEADS, RiskModel
from curation.tag.train_risk import lesson

BAD, FINE = ["razor", "ledge", "stash", "bruises"], ["garden", "bus", "meeting", "tea"]


@pytest.fixture()
def marked(tmp_path: Path) -> list[Path]:
    """Three files of marked texts, some of them marked wrongly, so that nothing is certain."""
    rng, paths = np.random.default_rng(5), []
    for name in ("one", "two", "old"):
        rows = []
        for number in range(70):
            bad = bool(rng.integers(2))
            said = rng.choice(BAD if bad else FINE, 2)
            level = int(rng.integers(2, 6)) if bad ^ (rng.random() < 0.05) else 0
            flags = [risk_model.FLAGS[number % len(risk_model.FLAGS)]] if level else []
            rows.append({"text": f"there is the {said[0]} and the {said[1]} {number}", "level": level, "flags": flags})
        paths.append(tmp_path / f"{name}.jsonl")
        paths[-1].write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return paths


def test_the_script_learns_and_gives_the_same_bytes_again(marked: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    scenarios = Path(__file__).parents[2] / "scenarios"
    outs = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for seed, out in enumerate(outs):
        files = ["--blind", *map(str, marked[:2]), "--seen", str(marked[2]), "--scenarios", str(scenarios)]
        ran = subprocess.run(
            [sys.executable, "-m", "curation.tag.train_risk", *files, "--out", str(out)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": "."},
        )
        assert ran.stdout.startswith("bar")
    assert outs[0].read_bytes() == outs[1].read_bytes()
    model = RiskModel.load(outs[0])
    texts = pa.array(["there is the razor and the ledge", "there is the bus and the tea", ""])
    found = model.score(texts, np.zeros((3, len(risk_model.SIGNALS))))
    assert found.shape == (3, len(HEADS)) and np.isfinite(found).all()
    assert found[0, 0] > model.bars["0.90"] > found[1, 0]
    assert list(model.bars.values()) == sorted(model.bars.values(), reverse=True), "who asks for more finds less"


def test_a_text_scores_the_same_whatever_is_beside_it() -> None:
    model = risk_model.shipped()
    texts = [
        "I can't see the point of next week.",
        "",
        "The bus was late, that's all.",
        "ok",
        "\U0001f602 so tired",
    ] * 9
    signal = np.zeros((len(texts), len(risk_model.SIGNALS)))
    signal[::4, 7] = 0.15
    whole = model.score(pa.array(texts), signal)
    for row in range(0, len(texts), 7):
        assert (model.score(pa.array(texts[row : row + 1]), signal[row : row + 1]) == whole[row]).all()
    assert (model.score(pa.array(texts), signal, 1) == whole[:, :1]).all()


def test_what_patterns_found_in_texts_they_were_developed_on_teaches_nothing(marked: list[Path]) -> None:
    marked[0].write_text('{"text": "I want to kill myself.", "level": 3, "flags": ["self_harm"]}\n')
    for blind, seen in ((marked[:1], marked[1:2]), (marked[1:2], marked[:1])):
        made = lesson(blind, seen, None, None, 0)
        row = made.texts.to_pylist().index("I want to kill myself.")
        assert bool(made.signal[row].any()) == (marked[0] in blind)


def test_a_row_without_marks_is_an_error_with_its_line(marked: list[Path]) -> None:
    marked[1].write_text('{"text": "x", "level": 9, "flags": []}\n')
    with pytest.raises(ProjectError, match=r"two\.jsonl:1"):
        lesson(marked, [], None, None, 0)
