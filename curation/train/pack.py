"""Documents into bins of a fixed length, none padded, each isolated from its neighbours by its positions."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from curation.train.encode import IGNORED, Document
from curation.train.pairs import Pair

if TYPE_CHECKING:
    from torch import Tensor
Bin = tuple[Document, ...]


class Span(NamedTuple):
    """Tokens from `start` up to `end` that see those before them in the span, and all from `above` up to `below`."""

    start: int
    end: int
    above: int = 0
    below: int = 0


class BinTensors(NamedTuple):
    """A bin as tensors of shape [1, tokens], except `document`.

    Attributes:
        input_ids: token ids.
        labels: the ids to be learned, -100 elsewhere; the first of every document is -100.
        position_ids: positions, beginning at 0 in every document; the second answer of a pair begins where its prompt
            ends.
        document: [tokens], the index in the bin of the document each token belongs to.
        before: [tokens], the place of the token from which each one is predicted.
        spans: what each token may see.
    """

    input_ids: Tensor
    labels: Tensor
    position_ids: Tensor
    document: Tensor
    before: Tensor
    spans: tuple[Span, ...]


def pack(documents: Sequence[Document], max_tokens: int, seed: int, epoch: int) -> list[Bin]:
    """Fill bins by best-fit-decreasing, then shuffle them: a pure function of the documents, seed and epoch.

    Neither the order of `documents` nor any global state matters. The number of bins depends on the lengths only,
    so it is the same in every epoch.

    Raises:
        ValueError: a document is longer than a bin.
    """
    ranked = sorted(
        (-len(d), _rank(seed, epoch, f"{d.row}\n{d.persona}\n{d.piece}"), i) for i, d in enumerate(documents)
    )
    bins: list[list[int]] = []
    # Bins by the room they have left: the fullest that still fits is found by bisection, whatever their number.
    by_room: dict[int, list[int]] = {}
    rooms: list[int] = []
    for negative, _, index in ranked:
        length = -negative
        if length > max_tokens:
            raise ValueError(f"a document of {length} tokens does not fit a bin of {max_tokens}")
        at = bisect_left(rooms, length)
        if at == len(rooms):
            bins.append([])
            room, number = max_tokens, len(bins) - 1
        else:
            room = rooms[at]
            number = by_room[room].pop()
            if not by_room[room]:
                del by_room[room], rooms[at]
        bins[number].append(index)
        left = room - length
        if left not in by_room:
            by_room[left] = []
            insort(rooms, left)
        by_room[left].append(number)
    filled = [tuple(documents[index] for index in held) for held in bins]
    return sorted(
        filled, key=lambda held: _rank(seed, epoch, f"bin\n{held[0].row}\n{held[0].persona}\n{held[0].piece}")
    )


def stream(documents: Sequence[Document], max_tokens: int, seed: int, start: int = 0) -> Iterator[Bin]:
    """Bins without end, epoch after epoch, each packed anew; from the bin numbered `start`."""
    epoch, skip = 0, start
    while True:
        bins = pack(documents, max_tokens, seed, epoch)
        if skip >= len(bins):
            # As many in every epoch.
            epoch, skip = epoch + skip // len(bins), skip % len(bins)
            continue
        yield from bins[skip:]
        epoch, skip = epoch + 1, 0


def _rank(seed: int, epoch: int, what: str) -> bytes:
    return hashlib.blake2b(f"{seed}\n{epoch}\n{what}".encode(), digest_size=8).digest()


def collate(held: Bin, device: str = "cpu") -> BinTensors:
    """The tensors of one bin, on a device."""
    import torch

    ids = array("i")
    positions: list[Tensor] = []
    before: list[Tensor] = []
    spans: list[Span] = []
    for document in held:
        start = len(ids)
        ids.extend(document.ids)
        place, previous, seen = _layout(document, start)
        positions.append(place)
        before.append(previous)
        spans += seen
    trained = torch.frombuffer(bytearray(b"".join(document.trained for document in held)), dtype=torch.bool)
    input_ids = torch.frombuffer(ids, dtype=torch.int32).long()
    lengths = torch.tensor([len(document) for document in held])
    number = torch.repeat_interleave(torch.arange(len(held)), lengths)
    return BinTensors(
        input_ids=input_ids[None].to(device),
        labels=input_ids.masked_fill(~trained, IGNORED)[None].to(device),
        position_ids=torch.cat(positions)[None].to(device),
        document=number.to(device),
        before=torch.cat(before).to(device),
        spans=tuple(spans),
    )


def _layout(document: Document, start: int) -> tuple[Tensor, Tensor, list[Span]]:
    """Positions, predecessors and spans of a document whose first token has the place `start` in its bin."""
    import torch

    end = start + len(document)
    if not isinstance(document, Pair):
        place = torch.arange(end - start)
        return place, place + (start - 1), [Span(start, end)]
    prompt, middle = start + document.prompt, start + document.prompt + document.chosen
    place = torch.cat([torch.arange(middle - start), torch.arange(document.prompt, document.prompt + end - middle)])
    previous = torch.arange(start - 1, end - 1)
    # Both answers go on where the prompt ends.
    previous[middle - start] = prompt - 1
    spans = [Span(start, prompt), Span(prompt, middle, start, prompt), Span(middle, end, start, prompt)]
    return place, previous, spans
