"""The scorecard: what an adapter does to held-out rows, beside its base and beside earlier adapters."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curation.core.errors import MissingError, ProjectError
from curation.core.model_files import ModelFiles
from curation.core.models import load_causal_lm
from curation.train import lora
from curation.train.encode import Encoder, Row, Turn
from curation.train.evaluate import persona_switch, preference, switch_gap
from curation.train.loop import train
from curation.train.pairs import PairRow
from curation.train.recipe import Dpo, Optim, TrainRecipe
from curation.train.scorecard import Exam, scorecard


def quiet(*_: object) -> None:
    pass


def voices(count: int, seed: int) -> list[Row]:
    """Two personas that answer the same in words of their own, each under its prompt."""
    draw = random.Random(seed)
    words = {
        "assistant": ("gently", "slowly", "that sounds", "would you", "share", "breathe"),
        "client": ("tight", "chest", "argue", "money", "lonely", "anxious"),
    }
    rows = []
    for number in range(count):
        persona = ("assistant", "client")[number % 2]
        said = " ".join(draw.choice(words[persona]) for _ in range(10))
        turns = (
            Turn("system", {"assistant": "listen and ask", "client": "you came for help"}[persona], False),
            Turn("user", draw.choice(("feel", "people", "memory", "summer")), False),
            Turn("assistant", said, True),
        )
        rows.append(Row(f"{persona}:{number}", persona, turns))
    return rows


def test_preference_compares_what_was_gained() -> None:
    before = {"a": [-10.0, -9.0], "b": [-10.0, -9.0], "c": [-5.0, -9.0]}
    after = {"a": [-8.0, -9.0], "b": [-10.0, -8.0], "c": [-5.0, -8.0]}
    found = preference(before, after)
    assert found == {
        "accuracy": pytest.approx(1 / 3),
        "likelier": pytest.approx(2 / 3),
        "margin": pytest.approx((2.0 - 1.0 - 1.0) / 3),
    }


@pytest.fixture
def two_voices(recipe: TrainRecipe) -> Iterator[TrainRecipe]:
    yield replace(recipe, optim=Optim(lr=2e-2, steps=40), max_tokens=400, lora=replace(recipe.lora, r=8))


def test_the_persona_probe_tells_who_has_learned_two_voices(
    two_voices: TrainRecipe, tiny: ModelFiles, encoder: Encoder, tmp_path: Path, write_export: Callable[..., Path]
) -> None:
    export = write_export(tmp_path / "export", voices(120, 0), voices(20, 1))
    train(two_voices, export, tmp_path / "out", quiet)
    card = scorecard(two_voices, tmp_path / "out", [Exam(two_voices, export)])
    exam = card["mixes"]["demo"]
    for voice, other in (("assistant", "client"), ("client", "assistant")):
        matrix = exam["adapter"]["persona_switch"][voice]
        assert matrix[other] > matrix[voice] + 0.3, "each voice is unlikelier under the other's prompt"
    assert exam["adapter"]["switch_gap"] > 0.3 > 10 * abs(exam["base"]["switch_gap"])
    assert exam["adapter"]["loss"]["all"] < exam["base"]["loss"]["all"] - 1
    assert {name for name, _, _ in card["lines"]} >= {
        "demo: loss, all",
        "demo: loss, persona client",
        "demo: loss, source made",
        "demo: loss, phase foundation",
        "demo: cost of the other voice's prompt",
    }


def test_one_voice_alone_has_no_probe(tiny: ModelFiles, encoder: Encoder) -> None:
    model = load_causal_lm(tiny, "float32")
    rows = [row for row in voices(8, 0) if row.persona == "client"]
    assert persona_switch(model, encoder, rows, 400, "cpu") == {}
    assert switch_gap({}) is None


def test_preferences_from_an_sft_adapter(
    recipe: TrainRecipe, export: Path, tmp_path: Path, make_pairs: Callable[..., list[PairRow]],
    write_pairs: Callable[..., Path],
) -> None:  # fmt: skip
    train(recipe, export, tmp_path / "sft", quiet)
    dpo = replace(
        recipe, name="after", mix="pairs", start="tiny", dpo=Dpo(), max_tokens=400, optim=Optim(2e-2, steps=8)
    )
    pairs = write_pairs(tmp_path / "pairs", make_pairs(30), make_pairs(8, 0))
    with pytest.raises(MissingError, match="'tiny' is not here"):
        train(dpo, pairs, tmp_path / "dpo", quiet)
    result = train(dpo, pairs, tmp_path / "dpo", quiet, start_dir=tmp_path / "sft")
    # Before the first step the model is its own reference.
    assert result.first_loss == pytest.approx(0.693147, abs=1e-5)
    assert result.before["all"] == pytest.approx(0.693147, abs=1e-5)
    assert result.last_loss < 0.6
    card = scorecard(dpo, tmp_path / "dpo", [Exam(recipe, export), Exam(dpo, pairs)])
    assert list(card["mixes"]) == ["demo", "pairs"]
    assert card["mixes"]["pairs"]["adapter"]["accuracy"] > 0.8


def test_an_adapter_of_another_base_shape_or_template_is_refused(
    recipe: TrainRecipe, export: Path, tmp_path: Path
) -> None:
    train(recipe, export, tmp_path / "out", quiet)
    other = replace(recipe, base=replace(recipe.base, template="chatml"))
    with pytest.raises(ProjectError, match="another template"):
        scorecard(other, tmp_path / "out", [Exam(other, export)])
    for changed, what in (
        (other, "template"),
        (replace(recipe, lora=lora.Lora(r=2, alpha=8.0)), "shape"),
    ):
        with pytest.raises(ProjectError, match=f"another {what}"):
            train(
                replace(changed, name="next", start="tiny"),
                export,
                tmp_path / "next",
                quiet,
                start_dir=tmp_path / "out",
            )


def test_a_mix_without_held_out_rows_cannot_judge(
    recipe: TrainRecipe, tmp_path: Path, write_export: Callable[..., Path], make_rows: Callable[..., list[Row]]
) -> None:
    export = write_export(tmp_path / "export", make_rows(10))
    train(recipe, export, tmp_path / "out", quiet)
    with pytest.raises(MissingError, match="held-out rows"):
        scorecard(recipe, tmp_path / "out", [Exam(recipe, export)])
