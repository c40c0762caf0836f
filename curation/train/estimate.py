"""What a run will need, before a GPU is touched: memory by rehearsing one step without numbers, work by counting it.

The rehearsal runs the real forward pass of one and of two layers on torch's `meta` device, which has shapes but no
memory, and adds up what autograd would keep. What a change to the loop costs is so known without anybody's formula.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from curation.train.recipe import TrainRecipe

if TYPE_CHECKING:
    from torch import Tensor

_BYTES = {"float32": 4, "bfloat16": 2}
# Four bits, a byte for each 64 weights, and four bytes for each 256 of those.
_NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
# Weight, gradient and the two moments of AdamW, in float32 each.
_ADAPTER_BYTES = 16
# The CUDA context and the libraries' workspaces.
_RUNTIME = 1.5e9
_LENGTHS = (256, 512)


@dataclass(frozen=True)
class Need:
    """Bytes that a run needs, and its work for one token.

    Attributes:
        base: the frozen weights.
        adapter: the adapter with gradients and optimiser.
        activations: what the backward pass of one bin needs.
        logits: those of the trained tokens of one bin.
        flops: floating point operations for a token, forward and backward.
        parameters: of the adapter.
    """

    base: float
    adapter: float
    activations: float
    logits: float
    flops: float
    parameters: int

    @property
    def memory(self) -> float:
        """Everything together, with what CUDA takes for itself."""
        return self.base + self.adapter + self.activations + self.logits + _RUNTIME


def need(recipe: TrainRecipe, config: Any, trained: float) -> Need:
    """Estimate a run.

    Args:
        recipe: the run.
        config: the `MistralConfig` of the base.
        trained: the share of a bin's tokens that is trained.
    """
    one, two = (_rehearse(recipe, config, layers) for layers in (1, 2))
    layers = config.num_hidden_layers
    tokens = recipe.max_tokens
    # What does not grow with the layers, and what each layer keeps.
    kept = one.kept(tokens) + (layers - 1) * (two.kept(tokens) - one.kept(tokens))
    # When recomputing, one layer at a time is there as a whole.
    peak = _rehearse(recipe, config, 1, again=False).kept(tokens) if recipe.recompute else 0.0
    embedding = config.vocab_size * config.hidden_size
    per_layer = two.weights - one.weights
    embeddings = embedding * (1 if config.tie_word_embeddings else 2)
    each = _BYTES[recipe.computed_in]
    base = embeddings * each + layers * per_layer * (_NF4 if recipe.dtype == "nf4" else each)
    # The largest weight, unpacked for a product.
    unpacked = each * config.hidden_size * config.intermediate_size if recipe.dtype == "nf4" else 0
    adapter = layers * (two.adapter - one.adapter)
    matmuls = layers * per_layer + embedding * trained
    attention = layers * 2 * config.num_attention_heads * config.head_dim * tokens / 2
    # Forward 2 a weight; backward 2, for the frozen weights need no gradient; forward again when recomputing.
    passes = 6 if recipe.recompute else 4
    flops = passes * (matmuls + adapter) + 2 * adapter + (passes + 2) * attention
    return Need(
        base=base,
        adapter=adapter * _ADAPTER_BYTES,
        activations=kept + peak + unpacked + _heads(recipe, config, trained),
        logits=trained * tokens * config.vocab_size * (each + 2 * 4),
        flops=flops,
        parameters=int(adapter),
    )


def _heads(recipe: TrainRecipe, config: Any, trained: float) -> float:
    """What heads keep: the trained tokens' states in float32, normed, once more where the gradient goes on."""
    copies = 2 + any(head.mode == "joint" for head in recipe.heads.values())
    return copies * 4.0 * trained * recipe.max_tokens * config.hidden_size if recipe.heads else 0.0


def recompute(model: Any) -> None:
    """Let a model keep the inputs of its layers only, and compute the rest again in the backward pass."""
    kind = {"use_reentrant": False}
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable(kind)
    else:
        # Its name before transformers 5.23.
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=kind)


def fitting(recipe: TrainRecipe, config: Any, trained: float, memory: float) -> str:
    """Settings under which a run fits into so many bytes, as a line for the user; what changes least comes first."""
    tried = [
        replace(recipe, max_tokens=recipe.max_tokens // 2**n, bins_per_step=recipe.bins_per_step * 2**n)
        for n in range(5)
    ]
    # Four bits change what is learned; everything else only how long it takes.
    tried += [replace(candidate, dtype="nf4") for candidate in tried]
    for candidate in (c for smaller in tried for c in (smaller, replace(smaller, recompute=True))):
        if candidate.max_tokens >= 256 and need(candidate, config, trained).memory <= memory:
            changed = [
                f"{name}: {str(getattr(candidate, name)).lower()}"
                for name in ("max_tokens", "bins_per_step", "recompute", "dtype")
                if getattr(candidate, name) != getattr(recipe, name)
            ]
            return "set " + ", ".join(changed) if changed else "these settings fit"
    return "no bins of 256 tokens or more fit: take a larger GPU, or a smaller base"


@dataclass(frozen=True)
class _Rehearsal:
    """What autograd keeps of a bin: bytes whatever its length, and bytes for a token; and numbers of weights."""

    fixed: float
    each: float
    weights: int
    adapter: int

    def kept(self, tokens: int) -> float:
        return self.fixed + self.each * tokens


def _rehearse(recipe: TrainRecipe, config: Any, layers: int, *, again: bool | None = None) -> _Rehearsal:
    import torch
    from transformers import MistralForCausalLM

    from curation.train import attention, lora

    smaller = type(config)(**{**config.to_dict(), "num_hidden_layers": layers})
    with torch.device("meta"):
        model = MistralForCausalLM(smaller).to(getattr(torch, recipe.computed_in))
        attention.use(model)
        weights = sum(weight.numel() for weight in model.model.layers.parameters())
        made = lora.inject(model, recipe.lora, 0)
        if recipe.recompute if again is None else again:
            recompute(model)
        model.train()
        short, long = (_kept(model, length) for length in _LENGTHS)
    each = (long - short) / (_LENGTHS[1] - _LENGTHS[0])
    adapter = sum(layer.lora_A.numel() + layer.lora_B.numel() for layer in made.values())
    return _Rehearsal(short - each * _LENGTHS[0], each, weights, adapter)


def _kept(model: Any, tokens: int) -> int:
    """The bytes that autograd keeps of a forward pass, the model's own weights left out."""
    import torch

    from curation.train import attention
    from curation.train.pack import Span

    own = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
    found: dict[int, int] = {}
    alive: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage.nbytes()
            # Kept alive, or its number would be given to another.
            alive.append(tensor)
        return tensor

    class Flash(torch.autograd.Function):
        """Keeps what a fused kernel keeps. Without a device to choose one for, torch would take the unfused way."""

        @staticmethod
        def forward(context: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            out = torch.empty_like(query)
            sums = torch.empty(query.shape[:-1], dtype=torch.float32, device=query.device)
            context.save_for_backward(query, key, value, out, sums)
            return out

    place = torch.arange(tokens, device="meta")[None]
    real = attention.kernel
    attention.kernel = lambda query, key, value, **_: Flash.apply(query, key, value)
    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            model.model(input_ids=place, position_ids=place, use_cache=False, spans=(Span(0, tokens),))
    finally:
        attention.kernel = real
    return sum(found.values())
