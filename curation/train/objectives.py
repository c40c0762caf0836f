"""What a run minimises, behind one face: conversations (SFT) or preference pairs (DPO)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from curation.train.losses import document_losses
from curation.train.preference import Reference, preferences

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import MistralForCausalLM

    from curation.train.encode import Document
    from curation.train.pack import Bin, BinTensors


class Objective(Protocol):
    """What is minimised: the sum of the losses of a step's documents over the sum of their counts."""

    def losses(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> Tensor:
        """The loss of every document of a bin, [documents]."""
        ...

    def counts(self, documents: Sequence[Document]) -> list[int]:
        """How much each document counts."""
        ...


class Conversations:
    """SFT: every trained token of a step weighs the same, however the bins are filled."""

    def losses(self, model: MistralForCausalLM, held: Bin, tensors: BinTensors) -> Tensor:
        """The negative log-likelihood of each document's trained tokens."""
        return document_losses(model, tensors)

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

    def counts(self, documents: Sequence[Document]) -> list[int]:
        """One each."""
        return [1] * len(documents)
