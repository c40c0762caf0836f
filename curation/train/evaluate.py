"""How well a model does on rows it has not learned from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from curation.train.pack import Bin, collate

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

    from curation.train.objectives import Objective


@torch.no_grad()
def held_out(model: MistralForCausalLM, objective: Objective, bins: Iterable[Bin], device: str) -> dict[str, float]:
    """The mean loss on held-out bins: over all rows under `all`, and under each persona's name."""
    model.eval()
    sums: dict[str, float] = {}
    weights: dict[str, int] = {}
    for held in bins:
        losses = objective.losses(model, held, collate(held, device)).tolist()
        for document, loss, weight in zip(held, losses, objective.counts(held), strict=True):
            for name in ("all", document.persona):
                sums[name] = sums.get(name, 0.0) + loss
                weights[name] = weights.get(name, 0) + weight
    return {name: sums[name] / weights[name] for name in sorted(sums)}
