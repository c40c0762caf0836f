"""What is minimised on preference pairs: DPO's loss, over bins in which each prompt is computed once.

Method: Rafailov et al. 2023, arXiv 2305.18290. The reference is the model as it is before the first step, so its
log-probabilities are computed once and kept: no second model stands in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from curation.train.losses import token_losses
from curation.train.pack import Bin, collate
from curation.train.pairs import Pair

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

    from curation.train.pack import BinTensors

Reference = dict[bytes, tuple[float, float]]
"""By `Document.content`, the log-probabilities of both answers under the reference."""


def answer_logps(model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> Tensor:
    """The log-probability of both answers of every pair of a bin: [pairs, 2], the better first, in nats."""
    losses, places = token_losses(model, tensors)
    starts, total = [], 0
    for pair in held:
        assert isinstance(pair, Pair)
        starts.append(total + pair.prompt + pair.chosen)
        total += len(pair)
    document = tensors.document[places]
    worse = places >= torch.tensor(starts, device=places.device)[document]
    sums = losses.new_zeros(2 * len(held)).index_add(0, 2 * document + worse, losses)
    return -sums.view(-1, 2)


class Preferences(NamedTuple):
    """The loss of every pair of a bin, [pairs], and how much further apart the answers are than for the reference."""

    losses: Tensor
    margins: Tensor


def preferences(
    model: MistralForCausalLM, held: Bin, tensors: BinTensors, reference: Reference, beta: float
) -> Preferences:
    """DPO's loss of every pair: -log sigmoid of beta times how much more the better answer gained."""
    logps = answer_logps(model, held, tensors)
    known = torch.tensor([reference[pair.content] for pair in held], dtype=logps.dtype, device=logps.device)
    gains = logps - known
    margins = beta * (gains[:, 0] - gains[:, 1])
    return Preferences(-functional.logsigmoid(margins), margins)


@torch.no_grad()
def reference_logps(model: MistralForCausalLM, bins: Iterable[Bin], device: str) -> Reference:
    """The log-probabilities of all answers under the model as it is."""
    model.eval()
    found: Reference = {}
    for held in bins:
        logps = answer_logps(model, held, collate(held, device)).tolist()
        found.update((pair.content, (better, worse)) for pair, (better, worse) in zip(held, logps, strict=True))
    return found
