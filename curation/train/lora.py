"""LoRA on frozen linear layers, saved so that PEFT, and whatever reads PEFT's format, loads it.

Our own few lines rather than PEFT's wrappers: names, numbers and files are the same (a test lets PEFT load what is
saved here), and the forward pass stays open to be fused. Method: Hu et al. 2021, arXiv 2106.09685.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from curation.core.errors import IntegrityError, ProjectError
from curation.core.model_files import ModelFiles
from curation.train.recipe import Base, Lora

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
WRAPPER = "wrapper"
"""The folder of the adapter for the whole Mistral3 model, vision and all."""


class LoraLinear(nn.Module):
    """A frozen linear layer plus `alpha / r * B A x`; A and B are kept in float32 whatever the base is in."""

    def __init__(self, base: nn.Linear, lora: Lora, generator: torch.Generator) -> None:
        """Wrap `base`; A is Kaiming-uniform and B zero, as PEFT begins, so the model is unchanged at first."""
        super().__init__()
        self.base = base
        self.scaling = lora.alpha / lora.r
        self.dropout = lora.dropout
        self.off = False
        bound = 1 / math.sqrt(base.in_features)
        first = (torch.rand(lora.r, base.in_features, generator=generator) * 2 - 1) * bound
        self.lora_A = nn.Parameter(first.to(base.weight.device))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, lora.r, device=base.weight.device))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for `x` of shape [..., in], in the type of the base."""
        result: Tensor = self.base(x)
        if self.off:
            return result
        # In the type of the base: a float32 copy of every input would be the largest part of what a step keeps.
        first, second = self.lora_A.to(x.dtype), self.lora_B.to(x.dtype)
        given = functional.dropout(x, self.dropout, self.training)
        return result + functional.linear(functional.linear(given, first), second) * self.scaling


@contextmanager
def switched_off(layers: dict[str, LoraLinear]) -> Iterator[None]:
    """Within the block the model is its base."""
    for layer in layers.values():
        layer.off = True
    try:
        yield
    finally:
        for layer in layers.values():
            layer.off = False


def target_pattern(targets: tuple[str, ...]) -> str:
    """The regex of the adapted modules' full names, in the text class and in the Mistral3 wrapper alike.

    Bare names would also match the wrapper's vision tower (`self_attn` is `attention` there, its projections are
    named alike), and PEFT would adapt it silently.
    """
    return rf"model\.(language_model\.)?layers\.\d+\.(self_attn|mlp)\.({'|'.join(targets)})"


def inject(model: PreTrainedModel, lora: Lora, seed: int) -> dict[str, LoraLinear]:
    """Freeze the model and put LoRA on the text layers that `lora` names.

    Returns:
        The new layers by the full name of the module they stand for, in the model's order.

    Raises:
        ProjectError: a target that the model does not have.
    """
    model.requires_grad_(False)
    pattern = re.compile(target_pattern(lora.targets))
    names = [
        name for name, module in model.named_modules() if isinstance(module, nn.Linear) and pattern.fullmatch(name)
    ]
    absent = set(lora.targets) - {name.rpartition(".")[2] for name in names}
    if absent:
        raise ProjectError(f"the base has no text layer called {min(absent)}", where="training recipe: lora.targets")
    generator = torch.Generator().manual_seed(seed)
    layers = {}
    for name in names:
        parent, _, child = name.rpartition(".")
        layers[name] = LoraLinear(model.get_submodule(name), lora, generator)
        setattr(model.get_submodule(parent), child, layers[name])
    return layers


def load(folder: Path, layers: dict[str, LoraLinear]) -> None:
    """Give layers the weights of a saved adapter.

    Raises:
        IntegrityError: it cannot be read, or does not fit layer for layer.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    wanted = _tensors(layers)
    try:
        found = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError):
        found = {}
    if {n: t.shape for n, t in found.items()} != {n: t.shape for n, t in wanted.items()}:
        raise IntegrityError("the adapter does not fit layer for layer", where=folder.name, fix="train it anew")
    with torch.no_grad():
        for name, weight in wanted.items():
            weight.copy_(found[name])


def save(folder: Path, layers: dict[str, LoraLinear], lora: Lora, base: Base, files: ModelFiles) -> None:
    """Write the adapter in PEFT's format; equal layers give equal bytes.

    A base that comes in the Mistral3 wrapper gets two: one for its text model and, in the folder `wrapper`, one for the
    whole. The tensors are the same, but each class looks for them under names of its own, and says nothing where it
    finds none.

    Args:
        folder: where `adapter_model.safetensors` and `adapter_config.json` go.
        layers: what `inject` returned.
        lora: the settings they were made with.
        base: the base they belong to.
        files: its files.
    """
    _save(folder, _tensors(layers), lora, base, files.name)
    if files.config.get("model_type") == "mistral3":
        tensors = {
            name.replace("base_model.model.model.", "base_model.model.model.language_model.", 1): tensor
            for name, tensor in _tensors(layers).items()
        }
        (folder / WRAPPER).mkdir()
        _save(folder / WRAPPER, tensors, lora, base, files.name)


def _tensors(layers: dict[str, LoraLinear]) -> dict[str, Tensor]:
    return {
        f"base_model.model.{name}.{part}.weight": getattr(layer, part)
        for name, layer in layers.items()
        for part in ("lora_A", "lora_B")
    }


def _save(folder: Path, tensors: dict[str, Tensor], lora: Lora, base: Base, base_name: str) -> None:
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(plain, folder / WEIGHTS, metadata={"format": "pt"})
    config = {
        "base_model_name_or_path": base_name,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "peft_type": "LORA",
        "r": lora.r,
        "revision": base.revision,
        "target_modules": target_pattern(lora.targets),
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": False,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
