"""Isolation: a packed document has the loss and the gradients it has alone, and feels nothing of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest
import torch

from curation.core.model_files import ModelFiles
from curation.core.models import load_causal_lm
from curation.train import attention, lora
from curation.train.encode import Document, Encoder, Row
from curation.train.evaluate import held_out
from curation.train.losses import document_losses
from curation.train.objectives import Conversations
from curation.train.pack import Bin, collate
from curation.train.pairs import Pair, PairRow, encode_pairs
from curation.train.preference import answer_logps
from curation.train.recipe import Lora

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

# Flex attention has no backward pass on a CPU; the library's other ways need a GPU.
WAYS = (attention.NAME, "sdpa", "eager")


@pytest.fixture(scope="module")
def held(encoder: Encoder, make_rows: Callable[..., list[Row]]) -> Bin:
    return tuple(encoder.encode(make_rows(8), 10**6, "drop")[0])


@pytest.fixture(scope="module")
def pairs(encoder: Encoder, make_pairs: Callable[..., list[PairRow]]) -> Sequence[Pair]:
    return encode_pairs(encoder, make_pairs(6), 10**6)[0]


def alone(pair: Pair) -> tuple[Document, Document]:
    """The two conversations of a pair as if they were rows of their own."""
    middle = pair.prompt + pair.chosen
    kept = [(0, middle), (middle, len(pair))]
    made = []
    for start, end in kept:
        places = [*range(pair.prompt), *range(max(start, pair.prompt), end)]
        ids, trained = pair.ids[:0], bytes(pair.trained[place] for place in places)
        ids.extend(pair.ids[place] for place in places)
        made.append(Document(ids, trained, pair.row, pair.persona, 0))
    return made[0], made[1]


def ready(tiny: ModelFiles, way: str) -> tuple[MistralForCausalLM, list[torch.Tensor]]:
    model = load_causal_lm(tiny, "float32")
    if way == attention.NAME:
        attention.use(model)
    else:
        model.set_attn_implementation(way)
    layers = lora.inject(model, Lora(r=4, alpha=8), 0)
    torch.manual_seed(0)
    for layer in layers.values():
        torch.nn.init.normal_(layer.lora_B, std=0.1)
    return model, [w for layer in layers.values() for w in (layer.lora_A, layer.lora_B)]


def assert_equal_gradients(ours: Sequence[torch.Tensor], theirs: Sequence[torch.Tensor]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).norm() <= 1e-5 * other.norm()


@pytest.mark.parametrize("way", WAYS)
def test_packed_equals_the_sum_of_singles(tiny: ModelFiles, held: Bin, way: str) -> None:
    model, weights = ready(tiny, way)
    packed = document_losses(model, collate(held))
    packed_gradients = torch.autograd.grad(packed.sum(), weights)
    single = torch.cat([document_losses(model, collate((d,))) for d in held])
    single_gradients = torch.autograd.grad(single.sum(), weights)
    torch.testing.assert_close(packed, single, rtol=1e-5, atol=1e-5)
    assert_equal_gradients(packed_gradients, single_gradients)


@pytest.mark.parametrize("way", WAYS)
def test_pairs_with_a_shared_prompt_equal_two_conversations(
    tiny: ModelFiles, pairs: Sequence[Pair], held: Bin, way: str
) -> None:
    model, weights = ready(tiny, way)
    packed = answer_logps(model, tuple(pairs), collate(tuple(pairs)))
    # An odd mixture, so that a gradient of the one cannot stand for that of the other.
    blend = torch.tensor([1.0, -0.3])
    packed_gradients = torch.autograd.grad((packed * blend).sum(), weights)
    single = torch.stack(
        [torch.cat([-document_losses(model, collate((answer,))) for answer in alone(pair)]) for pair in pairs]
    )
    single_gradients = torch.autograd.grad((single * blend).sum(), weights)
    torch.testing.assert_close(packed, single, rtol=1e-5, atol=1e-5)
    assert_equal_gradients(packed_gradients, single_gradients)


@pytest.mark.slow
@torch.no_grad()
def test_flex_attention_forward_equals_ours(tiny: ModelFiles, held: Bin, pairs: Sequence[Pair]) -> None:
    found = []
    for way in (attention.NAME, "flex_attention"):
        model, _ = ready(tiny, way)
        found.append(document_losses(model.eval(), collate(held)))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_has_a_gradient_in_another_document(
    tiny: ModelFiles, held: Bin, pairs: Sequence[Pair], way: str
) -> None:
    model, _ = ready(tiny, way)
    seen: list[torch.Tensor] = []

    def keep(_: object, __: object, output: torch.Tensor) -> torch.Tensor:
        seen.append(output.detach().requires_grad_())
        return seen[-1]

    model.model.embed_tokens.register_forward_hook(keep)
    tensors = collate((*held, *pairs))
    losses = document_losses(model, tensors)
    for number in range(len(losses)):
        (gradient,) = torch.autograd.grad(losses[number], seen[0], retain_graph=True)
        strength = gradient[0].abs().sum(-1)
        assert strength[tensors.document != number].max() == 0.0
        assert strength[tensors.document == number].max() > 0.0


@pytest.mark.parametrize("way", WAYS)
def test_the_answers_of_a_pair_do_not_see_each_other(tiny: ModelFiles, pairs: Sequence[Pair], way: str) -> None:
    model, _ = ready(tiny, way)
    seen: list[torch.Tensor] = []

    def keep(_: object, __: object, output: torch.Tensor) -> torch.Tensor:
        seen.append(output.detach().requires_grad_())
        return seen[-1]

    model.model.embed_tokens.register_forward_hook(keep)
    pair = pairs[0]
    logps = answer_logps(model, (pair,), collate((pair,)))
    middle = pair.prompt + pair.chosen
    for number, others in enumerate([slice(middle, None), slice(pair.prompt, middle)]):
        (gradient,) = torch.autograd.grad(logps[0, number], seen[0], retain_graph=True)
        assert gradient[0, others].abs().max() == 0.0
        assert gradient[0, : pair.prompt].abs().max() > 0.0


def test_losses_equal_those_of_transformers(model: MistralForCausalLM, held: Bin) -> None:
    tensors = collate(held[:1])
    theirs = model(input_ids=tensors.input_ids, labels=tensors.labels, use_cache=False).loss
    ours = document_losses(model, tensors).sum() / sum(held[0].trained)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_held_out_losses_are_means_by_persona(model: MistralForCausalLM, held: Bin) -> None:
    found = held_out(model, Conversations(), [held[:5], held[5:]], "cpu")
    assert found.keys() == {"all", "assistant", "client"}
    losses = document_losses(model, collate(held)).tolist()
    for persona in ("assistant", "client"):
        mine = [(loss, sum(d.trained)) for loss, d in zip(losses, held, strict=True) if d.persona == persona]
        assert found[persona] == pytest.approx(sum(x for x, _ in mine) / sum(n for _, n in mine), rel=1e-5)
