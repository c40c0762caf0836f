"""Heads beside the language model: each tells a row's label from the hidden states of the answer's tokens.

Every head is learned twice in the same run: as a linear probe on their mean, and as a small residual network of 1-D
convolutions over the tokens in their order. The second is kept only where it wins on held-out rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from curation.core.errors import IntegrityError
from curation.train import marks
from curation.train.encode import IGNORED, Document
from curation.train.labels import HEADS, Answers, Asked, Labels
from curation.train.losses import hidden_states
from curation.train.pack import Bin, collate
from curation.train.recipe import Head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers import MistralForCausalLM

    from curation.train.pack import BinTensors

WEIGHTS = "heads.safetensors"
_NARROW = 64
_DILATIONS = (1, 2)
# As far as the widest convolution reaches: so many zeros between documents, and none sees another.
_GAP = max(_DILATIONS)


class States(NamedTuple):
    """The normed hidden states of a bin's answer tokens, [tokens, width], their documents, and how many these are."""

    tokens: Tensor
    document: Tensor
    documents: int

    def mean(self, values: Tensor) -> Tensor:
        """The mean of something over the tokens of each document."""
        total = values.new_zeros(self.documents, values.shape[-1]).index_add(0, self.document, values)
        count = torch.bincount(self.document, minlength=self.documents).clamp(min=1)
        return total / count[:, None]


def answer_states(hidden: Tensor, tensors: BinTensors) -> States:
    """The states that heads read."""
    places = (tensors.labels[0] != IGNORED).nonzero()[:, 0]
    tokens = functional.layer_norm(hidden[places].float(), hidden.shape[-1:])
    return States(tokens, tensors.document[places], int(tensors.document[-1]) + 1)


class LinearHead(nn.Module):
    """A linear probe on the mean state of a document's answer tokens."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, outputs)

    def forward(self, states: States) -> Tensor:
        """Scores, [documents, outputs]."""
        found: Tensor = self.out(states.mean(states.tokens))
        return found


class ConvHead(nn.Module):
    """Residual 1-D convolutions over a document's answer tokens, then their mean."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(width, _NARROW)
        self.blocks = nn.ModuleList(nn.Conv1d(_NARROW, _NARROW, 3, padding=d, dilation=d) for d in _DILATIONS)
        self.out = nn.Linear(_NARROW, outputs)

    def forward(self, states: States) -> Tensor:
        """Scores, [documents, outputs]."""
        narrow = self.narrow(states.tokens)
        place = torch.arange(len(narrow), device=narrow.device) + _GAP * (states.document + 1)
        size = len(narrow) + _GAP * (states.documents + 1)
        there = narrow.new_zeros(size, 1).index_fill(0, place, 1.0)
        row = narrow.new_zeros(size, _NARROW).index_copy(0, place, narrow)
        for block in self.blocks:
            normed = functional.layer_norm(row, (_NARROW,)) * there
            row = row + functional.relu(block(normed.T[None])[0].T) * there
        found: Tensor = self.out(states.mean(row[place]))
        return found


KINDS: dict[str, type[LinearHead | ConvHead]] = {"linear": LinearHead, "convolutional": ConvHead}


class Pair(nn.Module):
    """Both ways to one head."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.linear = LinearHead(width, outputs)
        self.convolutional = ConvHead(width, outputs)


@dataclass(frozen=True)
class Heads:
    """The heads of a run.

    Attributes:
        settings: weights and modes, by head.
        asked: what each is asked.
        labels: the answers of the rows to learn.
        begins: by phase the number of its first bin.
        pairs: both ways to each.
    """

    settings: Mapping[str, Head]
    asked: Mapping[str, Asked]
    labels: Labels
    begins: Mapping[str, int]
    pairs: Mapping[str, Pair]

    @property
    def groups(self) -> list[tuple[float, list[Tensor]]]:
        """The learning rate and the weights of each head, in an order that is the same in every process."""
        return [(self.settings[name].lr, list(pair.parameters())) for name, pair in self.pairs.items()]

    def weight(self, name: str, number: int) -> float:
        """How much a head counts in a bin."""
        phase = [phase for phase, first in self.begins.items() if first <= number][-1]
        head = self.settings[name]
        return head.phases.get(phase, head.weight)

    def labelled(self, name: str, documents: Sequence[Document]) -> int:
        """How many documents have a label."""
        return int((~np.isnan(self.labels.of(name, documents))).any(axis=1).sum())

    def losses(self, hidden: Tensor, held: Bin, tensors: BinTensors) -> dict[str, Tensor]:
        """By head its loss, summed over the documents that have a label; the mean of both ways to it."""
        joint = answer_states(hidden, tensors)
        probe = joint._replace(tokens=joint.tokens.detach())
        found = {}
        for name, pair in self.pairs.items():
            states = joint if self.settings[name].mode == "joint" else probe
            answers = self.labels.of(name, held)
            ways = [loss(self.asked[name], way(states), answers) for way in (pair.linear, pair.convolutional)]
            found[name] = sum(ways) / len(ways)
        return found


def make(
    settings: Mapping[str, Head],
    asked: Mapping[str, Asked],
    labels: Labels,
    begins: Mapping[str, int],
    width: int,
    seed: int,
    device: str,
) -> Heads:
    """Heads as they are before the first step: a function of the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pairs = {name: Pair(width, known.outputs).to(device) for name, known in asked.items()}
    return Heads(settings, asked, labels, begins, pairs)


def loss(asked: Asked, scores: Tensor, answers: Answers) -> Tensor:
    """The summed loss of the documents that have a label; the others add nothing, to it or to any gradient."""
    wanted = torch.from_numpy(marks.steps(asked, answers)).to(scores.device, scores.dtype)
    known = ~wanted.isnan()
    wanted = wanted.nan_to_num()
    if asked.kind == "one":
        each = functional.cross_entropy(scores, wanted[:, 0].long(), reduction="none")
        return (each * known[:, 0]).sum()
    each = functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none") * known
    return (each.sum(dim=1) / known.sum(dim=1).clamp(min=1)).sum()


@torch.no_grad()
def judge(
    model: MistralForCausalLM,
    asked: Mapping[str, Asked],
    ways: Mapping[str, Mapping[str, nn.Module]],
    bins: Iterable[Bin],
    labels: Labels,
    device: str,
) -> tuple[dict[str, dict[str, marks.Floats]], dict[str, Answers]]:
    """Probabilities of every way to every head for the labelled documents of held-out bins, and the right answers."""
    model.eval()
    told: dict[str, dict[str, list[Any]]] = {name: {way: [] for way in known} for name, known in ways.items()}
    right: dict[str, list[Answers]] = {name: [] for name in ways}
    for held in bins:
        tensors = collate(held, device)
        states = answer_states(hidden_states(model, tensors), tensors)
        for name, known in ways.items():
            answers = labels.of(name, held)
            there = ~np.isnan(answers).all(axis=1)
            right[name].append(answers[there])
            for way, head in known.items():
                scores = head(states)
                sure = scores.softmax(dim=1) if asked[name].kind == "one" else scores.sigmoid()
                told[name][way].append(sure.double().cpu().numpy()[there])
    stacked = {n: {way: np.concatenate(parts) for way, parts in known.items()} for n, known in told.items() if right[n]}
    return stacked, {name: np.concatenate(parts) for name, parts in right.items() if parts}


def settle(
    heads: Heads, model: MistralForCausalLM, bins: Sequence[Bin], held_out: Labels | None, seed: int, device: str
) -> dict[str, Any]:
    """Which way to each head is kept, and how both do on held-out rows; without such rows the linear one.

    Returns:
        By head `kept`, `mode`, `asked`, and `marks` by way.
    """
    ways = {name: {"linear": pair.linear, "convolutional": pair.convolutional} for name, pair in heads.pairs.items()}
    told, right = judge(model, heads.asked, ways, bins, held_out, device) if held_out else ({}, {})
    found = {}
    for name, asked in heads.asked.items():
        kept, measured = "linear", {}
        if len(right.get(name, ())):
            both, answers = told[name], right[name]
            measured = {way: marks.marks(asked, sure, answers)._asdict() for way, sure in both.items()}
            if marks.wins(asked, both["convolutional"], both["linear"], answers, seed):
                kept = "convolutional"
        found[name] = {
            "kept": kept, "mode": heads.settings[name].mode, "asked": asdict(asked), "marks": measured,
        }  # fmt: skip
    return found


def save(folder: Path, heads: Heads, settled: Mapping[str, Any]) -> None:
    """Write what is kept of each head; equal heads give equal bytes."""
    from safetensors.torch import save_file

    tensors = {
        f"{name}.{key}": value.detach().cpu().contiguous()
        for name, pair in heads.pairs.items()
        for key, value in pair.get_submodule(settled[name]["kept"]).state_dict().items()
    }
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / HEADS).write_text(json.dumps(settled, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load(folder: Path, device: str) -> tuple[dict[str, Asked], dict[str, dict[str, nn.Module]]]:
    """What each head of an adapter is asked, and the way to it that was kept.

    Raises:
        IntegrityError: they cannot be read, or do not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(folder / WEIGHTS, device=device)
        settled: dict[str, Any] = json.loads((folder / HEADS).read_bytes())
        asked, ways = {}, {}
        for name, known in settled.items():
            said = known["asked"]
            asked[name] = Asked(said["kind"], tuple(said["names"]), tuple(said["levels"]))
            mine = {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
            width = mine["narrow.weight" if known["kept"] == "convolutional" else "out.weight"].shape[1]
            head: nn.Module = KINDS[known["kept"]](width, asked[name].outputs).to(device)
            head.load_state_dict(mine)
            ways[name] = {known["kept"]: head}
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError):
        raise IntegrityError("the heads cannot be read", where=folder.name, fix="train the adapter anew") from None
    return asked, ways
