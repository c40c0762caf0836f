"""A base in the Mistral3 wrapper: its text is trained, and the adapter fits the text class and the whole."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.core.errors import ProjectError
from curation.core.model_files import resolve
from curation.core.models import load_causal_lm
from curation.train.adapters import verify_folder
from curation.train.encode import Row
from curation.train.loop import train
from curation.train.recipe import Base, Optim, TrainRecipe

IDS = torch.tensor([[1, 17, 50, 60, 18, 3, 300, 400, 500, 4, 600, 2]])


def wrapped(tiny_folder: Path, folder: Path, layout: str) -> Any:
    """The tiny base as the text model of a whole Mistral3 with a small Pixtral tower, saved in one of its layouts."""
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration, MistralConfig

    text = MistralConfig.from_pretrained(tiny_folder).to_dict()
    vision = {"model_type": "pixtral", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    vision |= {"num_attention_heads": 4, "image_size": 56, "patch_size": 14, "head_dim": 8}
    config = Mistral3Config(text_config=text, vision_config=vision, image_token_index=10, tie_word_embeddings=False)
    torch.manual_seed(3)
    whole = Mistral3ForConditionalGeneration(config)
    ours = load_causal_lm(resolve(tiny_folder), "float32").state_dict()
    state = whole.state_dict()
    for name, tensor in ours.items():
        key = name if name.startswith("lm_head") else name.replace("model.", "model.language_model.", 1)
        state[key].copy_(tensor)
    if layout == "published":
        names = {name: _published(name) for name in state}
        folder.mkdir()
        config.architectures = ["Mistral3ForConditionalGeneration"]
        config.save_pretrained(folder)
        save_file({names[n]: t.contiguous() for n, t in state.items()}, folder / "model.safetensors", {"format": "pt"})
    else:
        # As this version of transformers lays out its own modules.
        folder.mkdir()
        config.architectures = ["Mistral3ForConditionalGeneration"]
        config.save_pretrained(folder)
        save_file({n: t.contiguous() for n, t in state.items()}, folder / "model.safetensors", {"format": "pt"})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_folder / name, folder / name)
    return whole.eval()


def _published(name: str) -> str:
    if name.startswith("lm_head"):
        return f"language_model.{name}"
    return name.replace("model.language_model.", "language_model.model.", 1).removeprefix("model.")


@pytest.mark.parametrize("layout", ["published", "modules"])
def test_the_adapter_fits_the_text_class_and_the_wrapper(
    recipe: TrainRecipe, export: Path, tiny_folder: Path, tmp_path: Path, layout: str
) -> None:
    peft = pytest.importorskip("peft")
    from transformers import Mistral3ForConditionalGeneration

    whole = wrapped(tiny_folder, tmp_path / "base", layout)
    mine = replace(recipe, base=Base(str(tmp_path / "base"), "mistral-v7-tekken"), optim=Optim(lr=1e-2, steps=4))
    train(mine, export, tmp_path / "out", lambda *_: None)
    assert list(verify_folder(tmp_path / "out")) == []
    for name, marks in (("out", "base_model.model.model.layers."), ("out/wrapper", "language_model.layers.")):
        tensors = load_file(tmp_path / name / "adapter_model.safetensors")
        assert len(tensors) == 2 * 2 * 7
        assert all(marks in key and "vision" not in key and "projector" not in key for key in tensors)

    plain = load_causal_lm(resolve(tmp_path / "base"), "float32")
    with warnings.catch_warnings(), torch.no_grad():
        # PEFT only warns of tensors that found no place.
        warnings.filterwarnings("error", message=".*missing adapter keys.*")
        warnings.filterwarnings("error", message=".*unexpected.*")
        before = plain(IDS, use_cache=False).logits
        text = peft.PeftModel.from_pretrained(plain, tmp_path / "out")(IDS, use_cache=False).logits
        assert torch.equal(before, whole(input_ids=IDS, use_cache=False).logits)
        reloaded = Mistral3ForConditionalGeneration.from_pretrained(tmp_path / "base", dtype=torch.float32)
        adapted = peft.PeftModel.from_pretrained(reloaded.eval(), tmp_path / "out" / "wrapper")
        both = adapted(input_ids=IDS, use_cache=False).logits
    assert (text - before).abs().max() > 1e-2, "the adapter does something"
    assert (text - both).abs().max() <= 1e-6
    touched = [name for name, module in adapted.named_modules() if hasattr(module, "lora_A")]
    assert len(touched) == 14
    assert not any("vision" in name or "projector" in name for name in touched)


def test_a_plain_base_gets_no_adapter_for_a_wrapper(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    train(recipe, export, tmp_path / "out", lambda *_: None)
    assert not (tmp_path / "out" / "wrapper").exists()


def test_mistral_small_has_363_text_tensors() -> None:
    from transformers import Mistral3Config, MistralForCausalLM

    config = Mistral3Config().text_config
    config.tie_word_embeddings = False
    with torch.device("meta"):
        assert len(MistralForCausalLM(config).state_dict()) == 363


def test_rows_beyond_the_reach_of_the_base_are_refused(
    recipe: TrainRecipe, tmp_path: Path, make_rows: Callable[..., list[Row]], write_export: Callable[..., Path],
    tiny_folder: Path,
) -> None:  # fmt: skip
    import json

    shutil.copytree(tiny_folder, tmp_path / "base")
    config = json.loads((tmp_path / "base" / "config.json").read_text())
    (tmp_path / "base" / "config.json").write_text(json.dumps({**config, "sliding_window": 32}))
    mine = replace(recipe, base=Base(str(tmp_path / "base"), "chatml"))
    with pytest.raises(ProjectError, match="sees no more than 32 at once"):
        train(mine, write_export(tmp_path / "export", make_rows(10)), tmp_path / "out", lambda *_: None)
