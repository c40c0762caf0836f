"""The adapter: PEFT loads what is saved here to equal logits, and a vision tower is never touched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from curation.core.errors import ProjectError
from curation.core.model_files import ModelFiles
from curation.core.models import load_causal_lm
from curation.train import lora
from curation.train.recipe import PROJECTIONS, Base, Lora

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

IDS = torch.tensor([[1, 3, 300, 400, 500, 4, 600, 2]])
SETTINGS = Lora(r=3, alpha=5)


def saved(tiny: ModelFiles, folder: Path) -> MistralForCausalLM:
    model = load_causal_lm(tiny, "float32")
    layers = lora.inject(model, SETTINGS, seed=7)
    torch.manual_seed(0)
    for layer in layers.values():
        torch.nn.init.normal_(layer.lora_B, std=0.2)
    lora.save(folder, layers, SETTINGS, Base("base", "mistral-v7-tekken"), tiny)
    return model


@torch.no_grad()
def test_peft_loads_the_adapter_to_equal_logits(tiny: ModelFiles, tmp_path: Path, model: MistralForCausalLM) -> None:
    peft = pytest.importorskip("peft")
    ours = saved(tiny, tmp_path)(IDS, use_cache=False).logits
    theirs = peft.PeftModel.from_pretrained(load_causal_lm(tiny, "float32"), tmp_path)(IDS, use_cache=False).logits
    assert (ours - theirs).abs().max() <= 1e-6
    assert (ours - model(IDS, use_cache=False).logits).abs().max() > 1e-2, "the adapter does something"


@torch.no_grad()
def test_a_fresh_adapter_changes_nothing(tiny: ModelFiles, model: MistralForCausalLM) -> None:
    adapted = load_causal_lm(tiny, "float32")
    layers = lora.inject(adapted, SETTINGS, seed=7)
    assert len(layers) == 2 * len(PROJECTIONS)
    assert torch.equal(adapted(IDS, use_cache=False).logits, model(IDS, use_cache=False).logits)
    assert {name.rpartition(".")[2] for name, w in adapted.named_parameters() if w.requires_grad} == {
        "lora_A",
        "lora_B",
    }


def test_saving_is_free_of_paths_and_repeats_byte_for_byte(tiny: ModelFiles, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        saved(tiny, tmp_path / name)
    for name in (lora.WEIGHTS, lora.CONFIG):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    config = json.loads((tmp_path / "one" / lora.CONFIG).read_text())
    assert config["base_model_name_or_path"] == "tiny-base"


def test_the_pattern_takes_the_text_layers_of_the_wrapper_and_nothing_of_its_vision_tower() -> None:
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    text = {"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 64, "vocab_size": 64}
    vision = {"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 4}
    config = Mistral3Config(
        text_config={"model_type": "mistral", **text}, vision_config={"model_type": "pixtral", **vision}
    )
    with torch.device("meta"):
        wrapper = Mistral3ForConditionalGeneration(config)
    names = [name for name, module in wrapper.named_modules() if isinstance(module, torch.nn.Linear)]
    hit = [name for name in names if re.fullmatch(lora.target_pattern(PROJECTIONS), name)]
    assert len(hit) == 14
    assert all("language_model" in name for name in hit)
    assert any("vision_tower" in name and name.endswith("q_proj") for name in names), "there was something to avoid"


def test_a_target_the_base_lacks_is_refused(tiny: ModelFiles) -> None:
    model = load_causal_lm(tiny, "float32")
    for layer in model.model.layers:
        layer.mlp.gate_proj = torch.nn.Identity()
    with pytest.raises(ProjectError, match="gate_proj"):
        lora.inject(model, SETTINGS, seed=0)
