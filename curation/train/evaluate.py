"""How well a model does on rows it has not learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from curation.train.encode import Document, Encoder, Row, Turn
from curation.train.objectives import Conversations
from curation.train.pack import Bin, collate, pack
from curation.train.preference import answer_logps

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

    from curation.train.objectives import Objective
    from curation.train.pairs import Pair

Groups = Callable[[Document], Iterable[str]]


@torch.no_grad()
def held_out(
    model: MistralForCausalLM, objective: Objective, bins: Iterable[Bin], device: str, groups: Groups | None = None
) -> dict[str, float]:
    """The mean loss on held-out bins by group: by default over all rows under `all`, and under each persona's name."""
    model.eval()
    sums: dict[str, float] = {}
    weights: dict[str, int] = {}
    for held in bins:
        losses = objective.losses(model, held, collate(held, device)).tolist()
        for document, loss, weight in zip(held, losses, objective.counts(held), strict=True):
            for name in groups(document) if groups else ("all", document.persona):
                sums[name] = sums.get(name, 0.0) + loss
                weights[name] = weights.get(name, 0) + weight
    return {name: sums[name] / weights[name] for name in sorted(sums)}


@torch.no_grad()
def pair_logps(
    model: MistralForCausalLM, pairs: Sequence[Pair], max_tokens: int, device: str
) -> dict[str, list[float]]:
    """The log-probabilities of both answers of each row's pair."""
    model.eval()
    found: dict[str, list[float]] = {}
    for held in pack(pairs, max_tokens, 0, 0):
        logps = answer_logps(model, held, collate(held, device)).tolist()
        found.update((document.row, two) for document, two in zip(held, logps, strict=True))
    return found


def preference(before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """How a model treats pairs, compared with the model it comes from.

    Returns:
        `accuracy`: share of pairs in which the better answer gained more; `likelier`: share in which it is the likelier
        one; `margin`: how much more it gained, in nats, on average.
    """
    gains = [(a[0] - b[0]) - (a[1] - b[1]) for a, b in ((after[row], before[row]) for row in sorted(after))]
    likelier = [two[0] > two[1] for two in after.values()]
    count = len(gains)
    return {
        "accuracy": sum(gain > 0 for gain in gains) / count,
        "likelier": sum(likelier) / count,
        "margin": sum(gains) / count,
    }


def persona_switch(
    model: MistralForCausalLM, encoder: Encoder, rows: Sequence[Row], max_tokens: int, device: str
) -> dict[str, dict[str, float]]:
    """The loss of each voice's turns under each voice's system prompt: {voice: {prompt: loss}}.

    The prompt of a voice is its most frequent one. A model that has learned two voices loses more where a voice is
    spoken under the other's prompt; one that has not hardly cares. Empty where the rows have fewer than two voices
    with a system prompt.
    """
    prompts: dict[str, Counter[str]] = {}
    spoken: dict[str, list[Row]] = {}
    for row in rows:
        if row.turns[0].role == "system":
            prompts.setdefault(row.persona, Counter())[row.turns[0].content] += 1
            spoken.setdefault(row.persona, []).append(row)
    # Of two that are as frequent, the one that comes first in the alphabet.
    usual = {voice: min(counted, key=lambda text: (-counted[text], text)) for voice, counted in prompts.items()}
    found: dict[str, dict[str, float]] = {}
    for voice in sorted(spoken) if len(usual) > 1 else ():
        for prompt in sorted(usual):
            turned = [r._replace(turns=(Turn("system", usual[prompt], False), *r.turns[1:])) for r in spoken[voice]]
            documents, _ = encoder.encode(turned, max_tokens, "drop")
            losses = held_out(model, Conversations(), pack(documents, max_tokens, 0, 0), device, lambda _: ("all",))
            found.setdefault(voice, {})[prompt] = losses["all"] if losses else float("nan")
    return found


def switch_gap(matrix: Mapping[str, Mapping[str, float]]) -> float | None:
    """How much is lost, in nats per token, by speaking under another voice's prompt, the mean over the voices."""
    gaps = [
        sum(loss for prompt, loss in row.items() if prompt != voice) / (len(row) - 1) - row[voice]
        for voice, row in matrix.items()
    ]
    return sum(gaps) / len(gaps) if gaps else None
