"""The embedded tagger's network as torch trains it; `curation.tag.cnn` computes the same from the file."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import dropout, layer_norm

from curation.tag.cnn import DILATIONS, WIDTH


class Net(nn.Module):
    """Residual text CNN. Texts are rows of token numbers, padded with -1.

    Args:
        pieces: size of the vocabulary.
        labels: number of labels.
    """

    def __init__(self, pieces: int, labels: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(pieces, WIDTH)
        nn.init.normal_(self.embed.weight, 0, 0.1)
        self.blocks = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, padding=d, dilation=d) for d in DILATIONS)
        self.attend = nn.Linear(WIDTH, 2 * labels)
        self.pooled = nn.Linear(2 * WIDTH, labels)
        self.largest: dict[str, float] = {}

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Scores (n, labels) of texts (n, longest)."""
        mask = (ids >= 0).float()[..., None]
        x = self.embed(ids.clamp(min=0))
        if self.training:
            x = x * (torch.rand(*ids.shape, 1) > 0.15)  # whole words go missing
        x = dropout(x, 0.3, self.training)
        for place, block in enumerate(self.blocks):
            inputs = self._seen(f"block{place}", layer_norm(x, (WIDTH,)) * mask)
            x = x + dropout(torch.relu(block(inputs.transpose(1, 2)).transpose(1, 2)), 0.2, self.training)
        hidden = self._seen("attention", layer_norm(x, (WIDTH,)) * mask)
        weight, value = self.attend(hidden).chunk(2, dim=-1)
        attended = (weight.masked_fill(mask == 0, -1e4).softmax(dim=1) * value).sum(dim=1)
        largest = hidden.masked_fill(mask == 0, -1e4).amax(dim=1)
        pooled = self._seen("pooled", torch.cat([largest, hidden.sum(dim=1) / mask.sum(dim=1)], dim=1))
        return attended + self.pooled(dropout(pooled, 0.3, self.training))

    def _seen(self, name: str, inputs: torch.Tensor) -> torch.Tensor:
        if not self.training:
            self.largest[name] = max(self.largest.get(name, 0.0), float(inputs.abs().max()))
        return inputs

    def largest_inputs(self, ids: list[list[int]]) -> dict[str, float]:
        """The largest input of every layer over some texts, by the layer's name."""
        self.eval()
        self.largest = {}
        with torch.inference_mode():
            for one in ids:
                self(torch.tensor([one]))
        return self.largest
