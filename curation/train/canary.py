"""Canaries: made-up secrets among the rows, by which it is told whether a run learns rows by heart.

A secret's exposure says how far up it stands among others that might as well have been planted: 0 bits in the middle of
the lower half, `log2` of their number at the very top. Method: Carlini et al. 2019, arXiv 1802.08232.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from curation.core.errors import GateError
from curation.train.encode import Document, Encoder, Row, Turn
from curation.train.recipe import Canaries

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

_OTHERS = 255
_DIGITS = 6


def plant(canaries: Canaries, encoder: Encoder, seed: int) -> list[Document]:
    """The documents to be learned: every secret as often as the recipe says."""
    made = []
    for number in range(canaries.count):
        (document,) = _encode(encoder, number, [_secrets(seed, number)[0]])
        made += [replace(document, piece=repeat) for repeat in range(canaries.repeats)]
    return made


def measure(
    canaries: Canaries, model: MistralForCausalLM, encoder: Encoder, seed: int, max_tokens: int, device: str
) -> dict[str, Any]:
    """The exposure of every secret, in bits, and whether their mean is above the recipe's limit."""
    import torch

    from curation.train.losses import document_losses
    from curation.train.pack import collate, pack

    model.eval()
    exposures = []
    for number in range(canaries.count):
        documents = _encode(encoder, number, _secrets(seed, number))
        losses: dict[int, float] = {}
        numbered = [replace(document, piece=place) for place, document in enumerate(documents)]
        with torch.no_grad():
            for held in pack(numbered, max_tokens, 0, 0):
                found = document_losses(model, collate(held, device)).tolist()
                losses.update((document.piece, loss) for document, loss in zip(held, found, strict=True))
        rank = 1 + sum(losses[place] < losses[0] for place in range(1, len(documents)))
        exposures.append(math.log2(len(documents)) - math.log2(rank))
    mean = sum(exposures) / len(exposures)
    return {"exposure": exposures, "mean": mean, "limit": canaries.limit, "memorised": mean > canaries.limit}


def gate(name: str, measured: dict[str, Any] | None) -> None:
    """Let an adapter go, or not.

    Raises:
        GateError: it has learned its canaries by heart, or none were planted.
    """
    where = f"the adapter of '{name}'"
    if measured is None:
        raise GateError(
            "no canaries were planted, so nobody knows whether it has learned rows by heart",
            where=where,
            fix="add to its recipe: canaries: {count: 8}   and train it again",
        )
    if measured["memorised"]:
        raise GateError(
            f"it has learned by heart: its canaries are exposed by {measured['mean']:.1f} bits, and "
            f"{measured['limit']:g} are allowed",
            where=where,
            fix="fewer epochs, a lower rate or rank, or fewer near-duplicates in the mix; then train it again",
        )


def _secrets(seed: int, number: int) -> list[str]:
    """The planted secret, then others that might have been planted."""
    draw = random.Random(f"canary {seed} {number}")
    return [f"{value:0{_DIGITS}}" for value in draw.sample(range(10**_DIGITS), 1 + _OTHERS)]


def _encode(encoder: Encoder, number: int, secrets: Sequence[str]) -> list[Document]:
    asked = Turn("user", f"What is the number of locker {number}?", False)
    rows = [
        Row(f"canary:{number}", "canary", (asked, Turn("assistant", f"The number is {secret}.", True)))
        for secret in secrets
    ]
    return encoder.encode(rows, 1 << 30, "drop")[0]
