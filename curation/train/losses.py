"""What is minimised on conversations: the negative log-likelihood of the trained tokens, kept apart by document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from curation.train import attention
from curation.train.encode import IGNORED

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

    from curation.train.pack import BinTensors


def token_losses(model: MistralForCausalLM, tensors: BinTensors) -> tuple[Tensor, Tensor]:
    """The loss of every trained token of a bin, in nats, float32, and the tokens' places in the bin.

    Logits are made for trained tokens only: at a vocabulary of 131,072 all of them would be the largest tensor of the
    step.
    """
    return losses_of(model, hidden_states(model, tensors), tensors)


def losses_of(model: MistralForCausalLM, hidden: Tensor, tensors: BinTensors) -> tuple[Tensor, Tensor]:
    """The same from hidden states that are there already."""
    # No document begins with a trained token, so none is predicted from the document before it.
    places = (tensors.labels[0] != IGNORED).nonzero()[:, 0]
    logits = model.lm_head(hidden[tensors.before[places]]).float()
    return functional.cross_entropy(logits, tensors.labels[0, places], reduction="none"), places


def hidden_states(model: MistralForCausalLM, tensors: BinTensors) -> Tensor:
    """The last hidden states of a bin, [tokens, width], no document seeing another, however the model attends."""
    seen: dict[str, object] = {}
    if attention.by_spans(model):
        seen["spans"] = tensors.spans
    elif any(span.below for span in tensors.spans):
        seen["attention_mask"] = attention.dense_mask(tensors.spans, tensors.input_ids.device)
    # A cache would let documents see each other without a word.
    found = model.model(input_ids=tensors.input_ids, position_ids=tensors.position_ids, use_cache=False, **seen)
    hidden: Tensor = found.last_hidden_state[0]
    return hidden


def document_losses(model: MistralForCausalLM, tensors: BinTensors) -> Tensor:
    """The summed loss of every document of a bin, in nats, float32, shape [documents]."""
    return by_document(*token_losses(model, tensors), tensors)


def by_document(losses: Tensor, places: Tensor, tensors: BinTensors) -> Tensor:
    """The losses of tokens, summed for every document of their bin."""
    count = int(tensors.document[-1]) + 1
    return losses.new_zeros(count).index_add(0, tensors.document[places], losses)
