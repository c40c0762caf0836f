"""The processes of one run: who of them has which bins, and how they add up what they found.

Adapters are small, so their gradients are summed by hand once a step; every rank then makes the same step. Which rows
a step has is decided without asking how many ranks there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run: `rank` of `size`, from 0, and on its own machine the `local`th."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes what the run leaves behind."""
        return self.rank == 0

    def mine(self, bins: Sequence[T]) -> Sequence[T]:
        """This rank's share of the bins of a step."""
        return bins[self.rank :: self.size]

    def in_order(self, shares: Sequence[Sequence[T]]) -> list[T]:
        """The shares of all ranks in the order of the bins."""
        whole = [None] * sum(map(len, shares))
        for rank, share in enumerate(shares):
            whole[rank :: self.size] = share  # type: ignore[assignment]
        return whole  # type: ignore[return-value]

    def gather(self, value: T) -> list[T]:
        """The value of every rank, on every rank."""
        if self.size == 1:
            return [value]
        from torch import distributed

        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their sums over the ranks."""
        if self.size == 1:
            return
        import torch
        from torch import distributed

        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))


@contextmanager
def joined() -> Iterator[Ranks]:
    """This process's place among the ranks, as the variables say that `launch` sets and torchrun would."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Ranks()
        return
    import torch
    from torch import distributed

    place = Ranks(int(os.environ["RANK"]), size, int(os.environ.get("LOCAL_RANK", "0")))
    if torch.cuda.is_available():
        torch.cuda.set_device(place.local)
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield place
    finally:
        distributed.destroy_process_group()
