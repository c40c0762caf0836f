"""The base in four bits: the frozen layers as NF4 with constants that are quantised once more, as in QLoRA.

Method: Dettmers et al. 2023, arXiv 2305.14314. The numbers are bitsandbytes', the layer is our own: its `Linear4bit`
packs the weights anew when a model is evaluated on a CPU, and training and measuring would see two models.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from curation.core.errors import MissingError

if TYPE_CHECKING:
    from transformers import MistralForCausalLM


class Nf4Linear(nn.Linear):
    """A frozen linear layer whose weight is unpacked for a product and then forgotten."""

    def __init__(self, plain: nn.Linear, device: str) -> None:
        """Pack the weight of `plain` on `device`."""
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        packed, self.state = _library().quantize_4bit(
            plain.weight.detach().to(device), quant_type="nf4", compress_statistics=True
        )
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.register_parameter("bias", plain.bias)

    def unpacked(self) -> Tensor:
        """The weight as the layer multiplies by it, [out, in]."""
        plain: Tensor = _library().dequantize_4bit(self.weight, self.state)
        return plain

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for `x` of shape [..., in]."""
        product: Tensor = _Product.apply(x, self)
        return product if self.bias is None else product + self.bias


class _Product(torch.autograd.Function):
    """Keeps nothing for the backward pass, which unpacks the weight again."""

    @staticmethod
    def forward(context: Any, x: Tensor, layer: Nf4Linear) -> Tensor:
        context.layer = layer
        return functional.linear(x, layer.unpacked().to(x.dtype))

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return gradient @ context.layer.unpacked().to(gradient.dtype), None


def shrink(model: MistralForCausalLM, device: str) -> None:
    """Pack the linear layers of a model's blocks, one after the other, onto `device`.

    Embeddings, norms and the head stay as they are: they are few, and cost most where they are wrong.

    Raises:
        MissingError: bitsandbytes has no code for this device.
    """
    blocks = model.model.layers
    names = [name for name, module in blocks.named_modules() if isinstance(module, nn.Linear)]
    for name in names:
        parent, _, child = name.rpartition(".")
        try:
            small = Nf4Linear(blocks.get_submodule(name), device)
        except (NotImplementedError, AttributeError, RuntimeError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise MissingError(
                f"bitsandbytes cannot pack weights on {device.partition(':')[0]} here: {error}",
                where="training recipe: dtype",
                fix="python -m bitsandbytes tells what it lacks; or set dtype: bfloat16",
            ) from error
        setattr(blocks.get_submodule(parent), child, small)


def _library() -> Any:
    if "bitsandbytes" not in sys.modules:
        with _no_downloads():
            import bitsandbytes
    import bitsandbytes.functional

    return bitsandbytes.functional


@contextmanager
def _no_downloads() -> Iterator[None]:
    """On some CPUs bitsandbytes fetches compiled code by way of `kernels` when it is imported; here it cannot."""
    log = logging.getLogger("bitsandbytes")
    level, known = log.level, sys.modules.get("kernels")
    log.setLevel(logging.ERROR)
    sys.modules["kernels"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        log.setLevel(level)
        del sys.modules["kernels"]
        if known is not None:
            sys.modules["kernels"] = known
