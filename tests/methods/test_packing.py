"""Windows and batches: nothing is lost, nothing is twice, and a budget is kept."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curation.methods.packing import Windows, batches, next_batch, order

TEXTS = st.lists(st.lists(st.integers(3, 60), max_size=40), max_size=12)
AROUND = ((0,), (2, 2))


def windows(texts, room):
    return Windows.of(pa.array(texts, pa.list_(pa.int32())), room)


@given(TEXTS, st.integers(1, 50))
def test_windows_hold_every_token_once_and_are_about_equally_long(texts, room):
    found = windows(texts, room)
    back = [[] for _ in texts]
    for start, length, text in zip(found.start, found.length, found.text, strict=True):
        back[text] += found.tokens[start : start + length].tolist()
    assert back == texts
    for number, text in enumerate(texts):
        lengths = found.length[found.text == number]
        assert len(lengths) == -(-len(text) // room)
        assert not len(lengths) or (lengths.max() - lengths.min() <= 1 and lengths.max() <= room)


@given(TEXTS, st.integers(1, 90))
def test_batches_hold_every_window_once_within_the_budget(texts, budget):
    cut = windows(texts, 30)
    seen = []
    for batch in batches(cut, budget, AROUND):
        assert len(batch.tokens) <= budget or len(batch.which) == 1
        assert (np.diff(batch.lengths) <= 0).all()
        for which, start, end in zip(batch.which, batch.bounds[:-1], batch.bounds[1:], strict=True):
            inner = cut.tokens[cut.start[which] : cut.start[which] + cut.length[which]]
            assert batch.tokens[start:end].tolist() == [0, *inner.tolist(), 2, 2]
        places = batch.positions(2)
        assert places.tolist() == [2 + p for n in batch.lengths for p in range(n)]
        seen += batch.which.tolist()
    assert sorted(seen) == list(range(len(cut)))


def test_padding_counts_where_a_batch_will_be_padded():
    cut = windows([[9] * 10, [9] * 2, [9] * 2, [9] * 2], 30)
    assert len(next_batch(cut, order(cut), 20, ((), ())).which) == 4
    assert len(next_batch(cut, order(cut), 20, ((), ()), padded=True).which) == 2


def test_padded_rows_say_which_places_hold_a_token():
    cut = windows([[7, 8, 9], [5]], 30)
    rows, mask = next_batch(cut, order(cut), 20, ((), ())).padded(1)
    assert rows.tolist() == [[7, 8, 9], [5, 1, 1]]
    assert mask.tolist() == [[True] * 3, [True, False, False]]


def test_slices_of_an_array_are_their_own_texts():
    whole = pa.array([[4, 5], [6], [7, 8, 9], []], pa.list_(pa.int32()))
    cut = Windows.of(whole.slice(1, 3), 2)
    tokens = [cut.tokens[s : s + n].tolist() for s, n in zip(cut.start, cut.length, strict=True)]
    assert tokens == [[6], [7], [8, 9]] and cut.text.tolist() == [0, 1, 1]
