"""A base in four bits: its numbers, what a step keeps, a whole run, and what it says where it cannot."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from curation.core import files
from curation.core.errors import MissingError, ProjectError
from curation.core.model_files import ModelFiles
from curation.core.models import load_causal_lm
from curation.train.handoff import handoff
from curation.train.loop import train
from curation.train.publish import MANIFEST
from curation.train.recipe import Dpo, Optim, TrainRecipe

packed = pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")


def test_without_bitsandbytes_nothing_starts(
    recipe: TrainRecipe, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "bitsandbytes" else real(name))
    with pytest.raises(MissingError, match="'nf4' extra") as caught:
        train(replace(recipe, dtype="nf4"), export, tmp_path / "out", lambda *_: None)
    assert caught.value.fix == "pip install 'curation[nf4]'"
    assert not (tmp_path / "out").exists()


def test_it_is_not_handed_over(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="four bits"):
        handoff(replace(recipe, dtype="nf4"), export, tmp_path / "out", 8)


@packed
def test_a_layer_and_its_gradient_are_those_of_the_unpacked_weight() -> None:
    from curation.train.nf4 import Nf4Linear

    torch.manual_seed(0)
    plain = nn.Linear(96, 40, bias=True)
    small = Nf4Linear(plain, "cpu")
    weight = small.unpacked()
    # Blocks of 64 with 16 steps between them: at most a step of the widest gap off.
    assert 0 < (weight - plain.weight).abs().max() < 0.2 * plain.weight.abs().max()
    ours, theirs = (torch.randn(3, 5, 96, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    for x in (ours, theirs):
        x.requires_grad_()
    found, wanted = small(ours), functional.linear(theirs, weight, plain.bias)
    assert torch.equal(found, wanted)
    found.square().sum().backward()
    wanted.square().sum().backward()
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)
    # Neither a second pass nor evaluation changes what it computes.
    assert torch.equal(small.eval()(ours.detach()), wanted.detach())


@packed
def test_it_is_bitsandbytes_own_layer_in_numbers() -> None:
    import bitsandbytes as bnb

    from curation.train.nf4 import Nf4Linear

    torch.manual_seed(0)
    plain = nn.Linear(128, 64, bias=False)
    theirs = bnb.nn.Linear4bit(128, 64, bias=False, compute_dtype=torch.float32, quant_type="nf4")
    theirs.weight = bnb.nn.Params4bit(plain.weight.detach(), requires_grad=False, quant_type="nf4")
    x = torch.randn(4, 128, requires_grad=True)
    assert torch.allclose(Nf4Linear(plain, "cpu")(x), theirs.to("cpu")(x), atol=1e-6)


@packed
def test_only_the_blocks_are_packed_and_take_what_was_planned(tiny: ModelFiles) -> None:
    from curation.train.nf4 import Nf4Linear, shrink

    model = load_causal_lm(tiny, "bfloat16")
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    shrink(model, "cpu")
    kinds = {name: isinstance(module, Nf4Linear) for name, module in model.named_modules() if hasattr(module, "weight")}
    assert {name for name, small in kinds.items() if small} == {n for n in kinds if n.endswith("_proj")}
    for name, weight in model.named_parameters():
        if name.endswith("_proj.weight"):
            assert weight.dtype == torch.uint8 and weight.numel() * 2 == before[name].numel()
        else:
            assert torch.equal(weight, before[name])


@packed
@pytest.mark.parametrize("recompute", [False, True])
def test_a_run_learns_and_gives_equal_bytes(recipe: TrainRecipe, export: Path, tmp_path: Path, recompute: bool) -> None:
    mine = replace(recipe, dtype="nf4", recompute=recompute, optim=Optim(lr=1e-2, steps=12, warmup_steps=2))
    one, two = (train(mine, export, tmp_path / name, lambda *_: None) for name in ("one", "two"))
    assert one.last_loss < one.first_loss - 0.3
    assert one.after["all"] < one.before["all"]
    assert one.digest == two.digest
    assert "bitsandbytes" in files.read_sealed(tmp_path / "one" / MANIFEST)["libraries"]


@packed
def test_preferences_are_learned_from_a_base_in_four_bits(
    recipe: TrainRecipe, tmp_path: Path, make_pairs: Callable[..., Any], write_pairs: Callable[..., Path]
) -> None:
    pairs = write_pairs(tmp_path / "pairs", make_pairs(12))
    mine = replace(recipe, dtype="nf4", dpo=Dpo(0.1), max_tokens=256, optim=Optim(lr=1e-2, steps=8))
    done = train(mine, pairs, tmp_path / "out", lambda *_: None)
    assert done.first_loss == pytest.approx(0.6931, abs=1e-3)
    assert done.last_loss < done.first_loss
