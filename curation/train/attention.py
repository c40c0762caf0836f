"""Attention inside documents only: what a token may see is said by spans, not guessed from masks and positions.

Registered with transformers under `NAME`. The library's own ways keep packed documents apart only while nobody passes
a cache or a mask of ones, and build a mask over the whole bin; here another document's keys are never even read.
A span may share a prefix with others: that is how one prompt serves two answers (a tree instead of a row).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from curation.train.pack import Span

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "curate_documents"

kernel = functional.scaled_dot_product_attention
"""What computes one span; `estimate` puts its own in this place, which computes nothing."""


def use(model: PreTrainedModel) -> None:
    """Make a model attend by spans."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attend)
    model.set_attn_implementation(NAME)


def by_spans(model: PreTrainedModel) -> bool:
    """Whether `use` was called on a model."""
    return bool(model.config._attn_implementation == NAME)


def dense_mask(spans: Sequence[Span], device: torch.device | str = "cpu") -> Tensor:
    """The same as a mask [1, 1, tokens, tokens] to be added to the scores, for implementations that know no spans."""
    size = spans[-1].end
    seen = torch.zeros(size, size, dtype=torch.bool, device=device)
    for span in spans:
        length = span.end - span.start
        seen[span.start : span.end, span.start : span.end] = torch.ones(length, length, device=device).tril().bool()
        seen[span.start : span.end, span.above : span.below] = True
    return torch.zeros(size, size, device=device).masked_fill(~seen, -torch.inf)[None, None]


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    dropout: float = 0.0,
    spans: Sequence[Span],
    **_: Any,
) -> tuple[Tensor, None]:
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        key, value = (kv.repeat_interleave(repeats, dim=1) for kv in (key, value))
    parts = []
    for span in spans:
        asked = query[:, :, span.start : span.end]
        keys, values = (_seen(kv, span) for kv in (key, value))
        above = span.below - span.above
        mask = _below(span.end - span.start, above, query.device) if above else None
        parts.append(
            kernel(asked, keys, values, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scaling)
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def _seen(states: Tensor, span: Span) -> Tensor:
    own = states[:, :, span.start : span.end]
    return torch.cat([states[:, :, span.above : span.below], own], dim=2) if span.below > span.above else own


def _below(length: int, above: int, device: torch.device) -> Tensor:
    """What a span under a prefix sees: all of the prefix, and its own tokens up to each one's place."""
    return torch.ones(length, above + length, dtype=torch.bool, device=device).tril(above)
