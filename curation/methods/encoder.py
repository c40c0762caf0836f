"""Texts through a sequence-classification encoder of transformers: every window to its logits, without padding.

A packed model is held against the padded one before it is used. Where the two differ, or where packing is not
known to be exact (DeBERTa), batches are sorted and padded, and a warning names the model.
"""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from curation.core.errors import MissingError, RetryError
from curation.core.model_files import ModelFiles
from curation.core.models import load_sequence_classifier
from curation.methods.packing import Batch, Windows, next_batch, order
from curation.methods.varlen import register

Floats = npt.NDArray[np.float32]
Precision = Literal["auto", "float32"]
Head = Callable[[Any, torch.Tensor], torch.Tensor]

CPU_TOKENS, CUDA_TOKENS = 2048, 65_536
"""Tokens of a batch. On a CPU more does not pay, for activations leave the cache; a GPU waits with fewer."""

HEADS: Mapping[str, Head] = {
    "bert": lambda model, first: model.classifier(model.bert.pooler(first[:, None])),
    "camembert": lambda model, first: model.classifier(first[:, None]),
    "distilbert": lambda model, first: model.classifier(torch.relu(model.pre_classifier(first))),
    "electra": lambda model, first: model.classifier(first[:, None]),
    "modernbert": lambda model, pooled: model.classifier(model.head(pooled)),
    "roberta": lambda model, first: model.classifier(first[:, None]),
    "xlm-roberta": lambda model, first: model.classifier(first[:, None]),
}
"""By model type: from what stands for each window, (n, width), to logits (n, labels)."""

FROM_PADDING = ("camembert", "roberta", "xlm-roberta")
"""Their positions are counted from the padding token's number + 1. From 0, scores are wrong and nothing fails."""

_PROBE = (3, 7, 7, 160)
"""Window lengths of the check: two alike, one longer than the local attention of ModernBERT (128)."""
_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 6e-2}
"""Of probabilities, between packed and padded; the known mistakes are off by .09 to .96."""


@dataclass
class Encoder:
    """A loaded model.

    Attributes:
        model: in evaluation mode, on its device.
        kind: its architecture, as `model_type` names it.
        name: as messages may name it.
        pad: its padding token.
        budget: tokens of a batch; halved for good when memory runs out.
        unpacked: why batches are padded, None where they are not.
    """

    model: Any
    kind: str
    name: str
    pad: int
    budget: int
    unpacked: str | None = None

    @classmethod
    def load(cls, files: ModelFiles, precision: Precision = "auto", budget: int | None = None) -> Encoder:
        """Load a model on the GPU, if there is one, or the CPU.

        Args:
            files: from `core.models.resolve`.
            precision: `auto` computes in bf16 where the device does so natively.
            budget: tokens of a batch; by default what suits the device.

        Raises:
            CurateError: what `load_sequence_classifier` raises.
        """
        if multiprocessing.parent_process() is not None:
            torch.set_num_threads(1)  # the engine runs as many processes as there are cores
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        kind = str(files.config.get("model_type"))
        unpacked = None if kind in HEADS else f"packing is not known to be exact for {kind}"
        model = load_sequence_classifier(files, None if unpacked else register())
        pad = model.config.pad_token_id
        made = cls(model, kind, files.name, 0 if pad is None else int(pad), 0, unpacked)
        if not unpacked and not made._packs_right():
            made.unpacked = f"packed and padded {kind} differ with this version of transformers"
        dtype = torch.bfloat16 if precision == "auto" and computes_bf16(device) else torch.float32
        made.model.to(device=device, dtype=dtype)
        if not made.unpacked and device.type == "cuda" and not made._packs_right():
            made.unpacked = f"packed and padded {kind} differ on this GPU"
        if made.unpacked:
            if kind in HEADS:
                made.model.set_attn_implementation("sdpa")
            warnings.warn(f"{files.name}: {made.unpacked}; batches are sorted and padded instead", stacklevel=2)
        made.budget = budget or (CUDA_TOKENS if device.type == "cuda" else CPU_TOKENS)
        return made

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a GPU."""
        return bool(self.model.device.type == "cuda")

    @property
    def labels(self) -> int:
        """How many logits a window has."""
        return int(self.model.config.num_labels)

    @property
    def longest(self) -> int:
        """The longest window the model can read, special tokens included."""
        places = int(getattr(self.model.config, "max_position_embeddings", 512))
        return places - self._first_position

    @property
    def _first_position(self) -> int:
        return self.pad + 1 if self.kind in FROM_PADDING else 0

    def logits(self, windows: Windows, around: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())) -> Floats:
        """The logits of every window, float32 (n, labels), in the order of the windows.

        Args:
            windows: token runs, none longer than the model can read with `around`.
            around: the special tokens before and after every window.

        Raises:
            MissingError: the longest window alone does not fit into memory.
            RetryError: the device failed.
        """
        result = np.empty((len(windows), self.labels), np.float32)
        queue = order(windows)
        while len(queue):
            batch = next_batch(windows, queue, self.budget, around, padded=self.unpacked is not None)
            try:
                result[batch.which] = self.run(batch)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                self._shrink(error, batch)
                continue
            queue = queue[len(batch.which) :]
        return result

    def run(self, batch: Batch) -> Floats:
        """The logits of one batch, float32 (n, labels)."""
        with torch.inference_mode():
            found = self._padded(batch) if self.unpacked else self._packed(batch)
            return found.float().cpu().numpy()

    def _packed(self, batch: Batch) -> torch.Tensor:
        device = self.model.device
        lengths = batch.lengths
        longest = int(lengths.max())
        bounds = torch.from_numpy(batch.bounds).to(device)
        hidden = self.model.base_model(
            input_ids=torch.from_numpy(batch.tokens)[None].to(device),
            position_ids=torch.from_numpy(batch.positions(self._first_position))[None].to(device),
            attention_mask=None,
            cu_seq_lens_q=bounds,
            cu_seq_lens_k=bounds,
            max_length_q=longest,
            max_length_k=longest,
            runs=_runs(lengths),
        ).last_hidden_state[0]
        if getattr(self.model.config, "classifier_pooling", "cls") == "mean":
            owner = torch.repeat_interleave(torch.from_numpy(lengths)).to(device)
            total = torch.zeros((len(lengths), hidden.shape[1]), dtype=hidden.dtype, device=device)
            pooled = total.index_add_(0, owner, hidden) / bounds.diff()[:, None].to(hidden.dtype)
        else:
            pooled = hidden[bounds[:-1].long()]
        return HEADS[self.kind](self.model, pooled)

    def _padded(self, batch: Batch) -> torch.Tensor:
        rows, mask = batch.padded(self.pad)
        device = self.model.device
        return self.model(
            input_ids=torch.from_numpy(rows).to(device), attention_mask=torch.from_numpy(mask).long().to(device)
        ).logits

    def _packs_right(self) -> bool:
        """Whether windows that lie end to end get the probabilities that each gets by itself."""
        lengths = [min(length, self.longest) for length in _PROBE]
        rng = np.random.default_rng(0)
        tokens = rng.integers(self.pad + 1, self.model.config.vocab_size, sum(lengths))
        bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        batch = Batch(np.arange(len(lengths)), tokens, bounds)
        with torch.inference_mode():
            try:
                packed = self._packed(batch).float()
            except (AttributeError, TypeError, RuntimeError, NotImplementedError):
                return False
            self.model.set_attn_implementation("sdpa")
            padded = self._padded(batch).float()
            self.model.set_attn_implementation(register())
        gap = (packed.sigmoid() - padded.sigmoid()).abs().max()
        return bool(gap <= _TOLERANCE[self.model.dtype])

    def _shrink(self, error: Exception, batch: Batch) -> None:
        """Go on with half the budget after an error of memory; others are said."""
        short = isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)
        if not short:
            if "CUDA" in str(error):
                raise RetryError(
                    "the GPU failed while it scored texts; finished parts are kept",
                    where=self.name,
                    fix="see nvidia-smi, then run the command again",
                ) from None
            raise error
        if len(batch.which) == 1:
            raise MissingError(
                f"there is not enough memory to score one window of {len(batch.tokens)} tokens",
                where=self.name,
                fix="free memory, or choose a smaller model",
            ) from None
        self.budget = max(len(batch.tokens) // 2, 1)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def computes_bf16(device: torch.device) -> bool:
    """Whether the device has instructions for bf16; elsewhere it is emulated, and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _runs(lengths: npt.NDArray[np.int64]) -> tuple[tuple[int, int, int], ...]:
    """(start, number, length) of each run of equal lengths."""
    runs, start = [], 0
    for length, group in groupby(lengths.tolist()):
        number = sum(1 for _ in group)
        runs.append((start, number, length))
        start += number * length
    return tuple(runs)
