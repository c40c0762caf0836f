"""Packing: every document once, no bin too long, and the order a pure function of documents, seed and epoch."""

from __future__ import annotations

from array import array
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.train.encode import Document
from curation.train.pack import collate, pack, stream


def documents(lengths: list[int]) -> list[Document]:
    return [
        Document(array("i", range(100, 100 + n)), bytes([0] + [1] * (n - 1)), f"row-{i}", "assistant", 0)
        for i, n in enumerate(lengths)
    ]


@given(st.lists(st.integers(2, 50), max_size=60), st.integers(0, 5), st.randoms(use_true_random=False))
def test_bins_hold_every_document_once_whatever_their_order(lengths: list[int], epoch: int, draw: object) -> None:
    given_order = documents(lengths)
    shuffled = list(given_order)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    bins = pack(given_order, 50, seed=1, epoch=epoch)
    assert bins == pack(shuffled, 50, seed=1, epoch=epoch)
    assert sorted(d.row for held in bins for d in held) == sorted(d.row for d in given_order)
    assert all(sum(map(len, held)) <= 50 for held in bins)
    assert len(bins) == len(pack(given_order, 50, seed=2, epoch=9)), "the number of bins depends on lengths only"
    # No two bins could be one: at most one is half empty.
    assert sum(sum(map(len, held)) <= 25 for held in bins) <= 1


def test_seed_and_epoch_change_the_order() -> None:
    some = documents([20] * 40)
    orders = {tuple(d.row for held in pack(some, 50, seed, epoch) for d in held) for seed in (0, 1) for epoch in (0, 1)}
    assert len(orders) == 4


def test_a_stream_is_its_epochs_in_a_row() -> None:
    some = documents([20] * 10)
    assert list(islice(stream(some, 50, 3), 10)) == pack(some, 50, 3, 0) + pack(some, 50, 3, 1)


def test_a_document_longer_than_a_bin_is_never_cut() -> None:
    with pytest.raises(ValueError, match="51 tokens"):
        pack(documents([51]), 50, 0, 0)


def test_positions_and_labels_begin_anew_in_every_document() -> None:
    tensors = collate(tuple(documents([3, 2])))
    assert tensors.input_ids.tolist() == [[100, 101, 102, 100, 101]]
    assert tensors.position_ids.tolist() == [[0, 1, 2, 0, 1]]
    assert tensors.labels.tolist() == [[-100, 101, 102, -100, 101]]
    assert tensors.document.tolist() == [0, 0, 0, 1, 1]
