"""What is minimised: the negative log-likelihood of the trained tokens, kept apart by document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from curation.train.encode import IGNORED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers import MistralForCausalLM

    from curation.train.pack import Bin, BinTensors


def document_losses(model: MistralForCausalLM, tensors: BinTensors) -> Tensor:
    """The summed loss of every document of a bin, in nats, float32, shape [documents].

    Logits are made for trained tokens only: at a vocabulary of 131,072 all of them would be the largest tensor of the
    step.
    """
    hidden = model.model(
        input_ids=tensors.input_ids,
        position_ids=tensors.position_ids,
        # A cache, or an attention mask of ones, would let documents see each other without a word.
        use_cache=False,
    ).last_hidden_state[0]
    # No document begins with a trained token, so none is predicted from the document before it.
    following = tensors.labels[0, 1:]
    learned = following != IGNORED
    logits = model.lm_head(hidden[:-1][learned]).float()
    losses = functional.cross_entropy(logits, following[learned], reduction="none")
    count = int(tensors.document[-1]) + 1
    return losses.new_zeros(count).index_add(0, tensors.document[1:][learned], losses)


@torch.no_grad()
def held_out(model: MistralForCausalLM, bins: Iterable[Bin], device: str) -> dict[str, float]:
    """Mean loss per trained token on held-out bins: over all rows under `all`, and under each persona's name."""
    from curation.train.pack import collate

    model.eval()
    sums: dict[str, float] = {}
    tokens: dict[str, int] = {}
    for held in bins:
        losses = document_losses(model, collate(held, device)).tolist()
        for document, loss in zip(held, losses, strict=True):
            for name in ("all", document.persona):
                sums[name] = sums.get(name, 0.0) + loss
                tokens[name] = tokens.get(name, 0) + sum(document.trained)
    return {name: sums[name] / tokens[name] for name in sorted(sums)}
