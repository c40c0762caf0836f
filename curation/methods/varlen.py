"""Attention over windows that lie end to end, as an attention function of transformers: no window sees another.

On CUDA in half precision it is `torch.nn.attention.varlen` (FlashAttention-2, in torch itself); elsewhere
scaled_dot_product_attention, once for each run of equally long windows.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

NAME = "curate_varlen"


@functools.cache
def register() -> str:
    """Make the function known to transformers; returns the name to load a model with."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, attention)
    # Windows are kept apart by their bounds; a mask over T x T would be as large as what packing saves.
    AttentionMaskInterface.register(NAME, lambda *args, **kwargs: None)
    return NAME


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int = 0,
    runs: tuple[tuple[int, int, int], ...] = (),
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """Attend within each window.

    Args:
        module: the layer that asks; unused.
        query: (1, heads, T, width), as are `key` and `value`.
        key: see `query`.
        value: see `query`.
        attention_mask: None; `register` sees to that.
        scaling: of the scores.
        sliding_window: ModernBERT's local layers: a token sees those less than so many places away, on both sides.
        cu_seq_lens_q: int32 (n + 1,) on the device, where windows begin and end.
        max_length_q: the longest window.
        runs: (start, number, length) of each run of equally long windows; the same bounds, on the host.
        more: what transformers passes along besides.

    Returns:
        (1, T, heads, width), and no weights.
    """
    # transformers hands over local_attention // 2 + 1; of the places away, one less is seen.
    reach = -1 if sliding_window is None else sliding_window - 1
    if query.is_cuda and query.dtype != torch.float32:
        from torch.nn.attention.varlen import varlen_attn

        flat = (x[0].transpose(0, 1) for x in (query, key, value))
        bounds = cu_seq_lens_q
        seen = varlen_attn(*flat, bounds, bounds, max_length_q, max_length_q, scale=scaling, window_size=(reach, reach))
        return seen[None], None
    heads, width = query.shape[1], query.shape[3]
    out = torch.empty((query.shape[2], heads, width), dtype=query.dtype, device=query.device)
    for start, number, length in runs:
        end = start + number * length
        q, k, v = (
            x[0, :, start:end].reshape(heads, number, length, width).transpose(0, 1) for x in (query, key, value)
        )
        local = None if reach < 0 or length <= reach + 1 else _band(length, reach, query.device)
        seen = scaled_dot_product_attention(q, k, v, attn_mask=local, scale=scaling)
        out[start:end] = seen.transpose(1, 2).reshape(end - start, heads, width)
    return out[None], None


@functools.lru_cache(maxsize=64)
def _band(length: int, reach: int, device: torch.device) -> torch.Tensor:
    """Which places of a window see each other, bool (length, length)."""
    place = torch.arange(length, device=device)
    return (place[:, None] - place[None, :]).abs() <= reach
