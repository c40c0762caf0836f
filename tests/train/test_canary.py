"""Canaries that were learned by heart keep an adapter from being let go."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from curation.core.errors import GateError, IntegrityError, UsageError
from curation.core.files import read_sealed
from curation.train.adapters import Adapter, release
from curation.train.loop import train
from curation.train.recipe import PROJECTIONS, Canaries, Lora, Optim, TrainRecipe


def trained(recipe: TrainRecipe, export: Path, folder: Path) -> Adapter:
    result = train(recipe, export, folder, lambda *_: None)
    return Adapter(folder, result.steps, result.first_loss, result.last_loss, True)


def test_a_memorised_canary_blocks_release(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    greedy = replace(
        recipe,
        canaries=Canaries(count=2, repeats=12),
        lora=Lora(r=16, alpha=32.0, targets=PROJECTIONS),
        optim=Optim(lr=2e-2, epochs=12),
        max_tokens=600,
    )
    made = trained(greedy, export, tmp_path / "adapters" / "tiny" / "aa")
    found = read_sealed(made.folder / "manifest.json")["canaries"]
    assert found["memorised"] and found["mean"] > 6
    with pytest.raises(GateError, match="learned by heart"):
        release({"tiny": greedy}, "tiny", made, tmp_path / "away", tmp_path / "adapters")
    assert not (tmp_path / "away").exists()
    assert "has learned them by heart" in (made.folder / "README.md").read_text()


def test_a_run_that_hardly_learns_is_let_go_without_its_ledger(
    recipe: TrainRecipe, export: Path, tmp_path: Path
) -> None:
    mild = replace(recipe, canaries=Canaries(count=8), optim=Optim(lr=1e-4, steps=2))
    made = trained(mild, export, tmp_path / "adapters" / "tiny" / "aa")
    found = read_sealed(made.folder / "manifest.json")["canaries"]
    assert not found["memorised"] and len(found["exposure"]) == 8
    release({"tiny": mild}, "tiny", made, tmp_path / "away", tmp_path / "adapters")
    assert {p.name for p in made.folder.iterdir()} - {p.name for p in (tmp_path / "away").iterdir()} == {
        "ledger.parquet"
    }
    with pytest.raises(UsageError, match="already"):
        release({"tiny": mild}, "tiny", made, tmp_path / "away", tmp_path / "adapters")
    (made.folder / "metrics.jsonl").write_text("")
    with pytest.raises(IntegrityError, match="not what was written"):
        release({"tiny": mild}, "tiny", made, tmp_path / "else", tmp_path / "adapters")


def test_without_canaries_nobody_knows(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    made = trained(recipe, export, tmp_path / "adapters" / "tiny" / "aa")
    with pytest.raises(GateError, match="no canaries were planted"):
        release({"tiny": recipe}, "tiny", made, tmp_path / "away", tmp_path / "adapters")
    after = replace(recipe, name="after", start="tiny", canaries=Canaries(), optim=Optim(lr=1e-4, steps=2))
    start = train(after, export, tmp_path / "adapters" / "after" / "bb", lambda *_: None, start_dir=made.folder)
    last = Adapter(start.out_dir, start.steps, 0.0, 0.0, True)
    with pytest.raises(GateError, match="'tiny'"):
        release({"tiny": recipe, "after": after}, "after", last, tmp_path / "away", tmp_path / "adapters")
    shutil.rmtree(made.folder)
    with pytest.raises(IntegrityError, match="is gone"):
        release({"tiny": recipe, "after": after}, "after", last, tmp_path / "away", tmp_path / "adapters")
