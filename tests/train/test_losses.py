"""Isolation: a packed document has the loss and the gradients it has alone, and feels nothing of its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch

from curation.core.models import ModelFiles, load_causal_lm
from curation.train import lora
from curation.train.encode import Encoder, Row
from curation.train.losses import document_losses, held_out
from curation.train.pack import Bin, collate
from curation.train.recipe import Lora

if TYPE_CHECKING:
    from transformers import MistralForCausalLM


@pytest.fixture(scope="module")
def held(encoder: Encoder, make_rows: Callable[..., list[Row]]) -> Bin:
    return tuple(encoder.encode(make_rows(8), 10**6, "drop")[0])


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_equals_the_sum_of_singles(tiny: ModelFiles, held: Bin, attention: str) -> None:
    model = load_causal_lm(tiny, "float32")
    model.set_attn_implementation(attention)
    layers = lora.inject(model, Lora(r=4, alpha=8), 0)
    for layer in layers.values():
        torch.nn.init.normal_(layer.lora_B, std=0.1)
    weights = [w for layer in layers.values() for w in (layer.lora_A, layer.lora_B)]

    packed = document_losses(model, collate(held))
    packed_gradients = torch.autograd.grad(packed.sum(), weights)
    alone = torch.cat([document_losses(model, collate((d,))) for d in held])
    alone_gradients = torch.autograd.grad(alone.sum(), weights)

    torch.testing.assert_close(packed, alone, rtol=1e-5, atol=1e-5)
    for one, other in zip(packed_gradients, alone_gradients, strict=True):
        assert (one - other).norm() <= 1e-5 * other.norm()


def test_the_loss_of_a_document_has_no_gradient_in_another(model: MistralForCausalLM, held: Bin) -> None:
    seen: list[torch.Tensor] = []

    def keep(_: object, __: object, output: torch.Tensor) -> torch.Tensor:
        seen.append(output.detach().requires_grad_())
        return seen[-1]

    hook = model.model.embed_tokens.register_forward_hook(keep)
    try:
        tensors = collate(held)
        losses = document_losses(model, tensors)
    finally:
        hook.remove()
    for number in range(len(held)):
        (gradient,) = torch.autograd.grad(losses[number], seen[0], retain_graph=True)
        strength = gradient[0].abs().sum(-1)
        assert strength[tensors.document != number].max() == 0.0
        assert strength[tensors.document == number].max() > 0.0


def test_losses_equal_those_of_transformers(model: MistralForCausalLM, held: Bin) -> None:
    tensors = collate(held[:1])
    theirs = model(input_ids=tensors.input_ids, labels=tensors.labels, use_cache=False).loss
    ours = document_losses(model, tensors).sum() / sum(held[0].trained)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_held_out_losses_are_means_by_persona(model: MistralForCausalLM, held: Bin) -> None:
    found = held_out(model, [held[:5], held[5:]], "cpu")
    assert found.keys() == {"all", "assistant", "client"}
    losses = document_losses(model, collate(held)).tolist()
    for persona in ("assistant", "client"):
        mine = [(loss, sum(d.trained)) for loss, d in zip(losses, held, strict=True) if d.persona == persona]
        assert found[persona] == pytest.approx(sum(x for x, _ in mine) / sum(n for _, n in mine), rel=1e-5)
