"""Padding-free batches: texts as runs of tokens, cut into windows and put end to end up to a token budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """Texts cut into runs that a model can read. A text without a token has none.

    Attributes:
        tokens: int32 (all tokens,), of one text after another.
        start: int64 (n,), where each window starts in `tokens`.
        length: int64 (n,), its tokens, at least 1.
        text: int64 (n,), the text it belongs to, ascending.
    """

    tokens: npt.NDArray[np.int32]
    start: Ints
    length: Ints
    text: Ints

    @classmethod
    def of(cls, tokens: pa.ListArray, room: int) -> Windows:
        """Cut texts into the fewest windows of at most `room` tokens, all windows of a text about equally long.

        Equal ones, for a last window of three words would be judged out of all context.
        """
        bounds = tokens.offsets.to_numpy().astype(np.int64)
        length = np.diff(bounds)
        pieces = -(-length // room)
        text = np.repeat(np.arange(len(length)), pieces)
        place = np.arange(len(text)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        ends = length[text] * (place + 1) // pieces[text]
        begins = length[text] * place // pieces[text]
        return cls(tokens.values.to_numpy(), bounds[:-1][text] + begins, ends - begins, text)

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class Batch:
    """Windows put end to end.

    Attributes:
        which: int64 (n,), the windows, by number.
        tokens: int64 (T,), with the model's special tokens around each window.
        bounds: int32 (n + 1,), window i is `tokens[bounds[i]:bounds[i + 1]]`; what kernels call cu_seqlens.
    """

    which: Ints
    tokens: Ints
    bounds: npt.NDArray[np.int32]

    @property
    def lengths(self) -> Ints:
        """Tokens of each window, int64 (n,)."""
        return np.diff(self.bounds).astype(np.int64)

    def positions(self, first: int) -> Ints:
        """The place of each token in its window, int64 (T,), counted from `first`."""
        return first + np.arange(len(self.tokens)) - np.repeat(self.bounds[:-1], self.lengths)

    def padded(self, pad: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """The windows as rows of equal length (n, longest), and which places hold a token."""
        lengths = self.lengths
        mask = np.arange(lengths.max())[None, :] < lengths[:, None]
        rows = np.full(mask.shape, pad, np.int64)
        rows[mask] = self.tokens
        return rows, mask


def order(windows: Windows) -> Ints:
    """Windows by length, the longest first: equal lengths stand together, and what is too large fails at once."""
    return np.argsort(-windows.length, kind="stable")


def next_batch(
    windows: Windows, queue: Ints, budget: int, around: tuple[tuple[int, ...], tuple[int, ...]], *, padded: bool = False
) -> Batch:
    """The first windows of a queue that fill a budget; at least one.

    Args:
        windows: all windows.
        queue: int64, numbers of the windows that wait, the longest first, at least one.
        budget: tokens of a batch, special ones included; with `padded`, padding too.
        around: the special tokens before and after every window.
        padded: whether the batch will be padded to its longest window.
    """
    extra = len(around[0]) + len(around[1])
    lengths = windows.length[queue[:budget]] + extra
    filled = np.arange(1, len(lengths) + 1) * lengths[0] if padded else np.cumsum(lengths)
    which = queue[: max(int(np.searchsorted(filled, budget, side="right")), 1)]
    length = windows.length[which]
    bounds = np.concatenate([[0], np.cumsum(length + extra)])
    tokens = np.empty(bounds[-1], np.int64)
    for place, token in enumerate(around[0]):
        tokens[bounds[:-1] + place] = token
    for place, token in enumerate(reversed(around[1])):
        tokens[bounds[1:] - 1 - place] = token
    inner = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    tokens[np.repeat(bounds[:-1] + len(around[0]), length) + inner] = windows.tokens[
        np.repeat(windows.start[which], length) + inner
    ]
    return Batch(which, tokens, bounds.astype(np.int32))


def batches(
    windows: Windows, budget: int, around: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
) -> Iterator[Batch]:
    """All windows in packed batches of one budget."""
    queue = order(windows)
    while len(queue):
        batch = next_batch(windows, queue, budget, around)
        yield batch
        queue = queue[len(batch.which) :]
