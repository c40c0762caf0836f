"""What a run minimises, behind one face: conversations (SFT) or preference pairs (DPO)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from curation.train.losses import by_document, document_losses, hidden_states, losses_of
from curation.train.preference import Reference, preferences

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import MistralForCausalLM

    from curation.train.encode import Document
    from curation.train.heads import Heads
    from curation.train.pack import Bin, BinTensors


class Objective(Protocol):
    """What is minimised: the sum of the losses of a step's documents over the sum of their counts."""

    def losses(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> Tensor:
        """The loss of every document of a bin, [documents]."""
        ...

    def learned(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The same for a step, and by head the loss of its labels, summed over the bin."""
        ...

    def counts(self, documents: Sequence[Document]) -> list[int]:
        """How much each document counts."""
        ...


@dataclass(frozen=True)
class Conversations:
    """SFT: every trained token of a step weighs the same, however the bins are filled. Heads may learn beside it."""

    heads: Heads | None = None

    def losses(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> Tensor:
        """The negative log-likelihood of each document's trained tokens."""
        return document_losses(model, tensors)

    def learned(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The same, and the losses of the heads over the same hidden states."""
        hidden = hidden_states(model, tensors)
        losses = by_document(*losses_of(model, hidden, tensors), tensors)
        return losses, self.heads.losses(hidden, held, tensors) if self.heads else {}

    def counts(self, documents: Sequence[Document]) -> list[int]:
        """Trained tokens."""
        return [sum(document.trained) for document in documents]


@dataclass(frozen=True)
class PreferencePairs:
    """DPO: every pair of a step weighs the same."""

    reference: Reference
    beta: float

    def losses(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> Tensor:
        """DPO's loss of each pair."""
        return preferences(model, held, tensors, self.reference, self.beta).losses

    def learned(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The same; pairs have no heads."""
        return self.losses(model, held, tensors), {}

    def counts(self, documents: Sequence[Document]) -> list[int]:
        """One each."""
        return [1] * len(documents)
