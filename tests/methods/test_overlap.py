import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.methods import overlap
from curation.methods.overlap import overlaps


def index(items, n=overlap.N):
    return overlap.index(*overlap.split(items, n), n)


def slow(texts, items, n, share):
    """The rule word by word: for each text its item and share, and the items that any text gives away."""
    found, given = [], set()
    for text in texts:
        spoken = re.findall(r"\w+", text.lower())
        best = (-1, 0.0)
        for number, item in enumerate(items):
            asked = re.findall(r"\w+", item.lower())
            size = min(n, len(asked))
            covered = set()
            for p in range(len(asked) - size + 1):
                gram = asked[p : p + size]
                if size == n and any(spoken[q : q + n] == gram for q in range(len(spoken) - n + 1)):
                    covered.update(range(p, p + n))
                elif 0 < size < n and spoken == asked:
                    covered.update(range(size))
            part = len(covered) / len(asked) if asked else 0.0
            if part > share:
                given.add(number)
                if np.float32(part) > np.float32(best[1]):
                    best = (number, part)
        found.append(best)
    return found, given


WORDS = st.sampled_from(["a", "b", "c", "A", "é", "É", "ок", "x_1"])
GAPS = st.sampled_from([" ", ", ", "\n", " – ", "…", "’"])
TEXT = st.lists(st.tuples(WORDS, GAPS), max_size=30).map(lambda pieces: "".join(word + gap for word, gap in pieces))
TEXTS = st.lists(TEXT, min_size=1, max_size=6)


@given(TEXTS, TEXTS, st.sampled_from([2, 3, 8]), st.sampled_from([0.3, 0.5]))
@settings(deadline=None)
def test_every_overlap_is_found_and_no_other(texts, items, n, share):
    found = overlaps(pa.array(texts), index(pa.array(items), n), share)
    expected, given = slow(texts, items, n, share)
    assert found.item.tolist() == [number for number, _ in expected]
    assert found.share.tolist() == pytest.approx([part for _, part in expected], abs=1e-6)
    assert set(np.flatnonzero(found.given)) == given


def test_a_text_gives_away_every_item_it_holds():
    items = [" ".join(f"{letter}{i}" for i in range(12)) for letter in "xyz"]
    found = overlaps(pa.array([f"{items[2]}! {items[0]}"]), index(pa.array(items)))
    assert found.given.tolist() == [True, False, True] and found.item.tolist() == [0]


def test_an_item_inside_a_long_text_is_found_however_it_is_written():
    item = "Compose an engaging travel blog post about a recent trip to Hawaii, highlighting cultural experiences"
    text = "please help me. " * 40 + item.upper().replace(",", " –") + " thanks" * 40
    found = overlaps(pa.array([text, "nothing of the kind at all in here, is there? no"]), index(pa.array([item])))
    assert found.item.tolist() == [0, -1] and found.share[0] == 1.0


def test_of_two_items_covered_alike_the_first_is_named():
    item = " ".join("a" * 9) + " b"
    assert overlaps(pa.array(["a a"]), index(pa.array([item, item]), 2)).item.tolist() == [0]


def test_half_is_not_more_than_half():
    item = " ".join(f"w{i}" for i in range(16))
    found = overlaps(pa.array([" ".join(f"w{i}" for i in range(8))]), index(pa.array([item])))
    assert found.item.tolist() == [-1]
    nine = overlaps(pa.array([" ".join(f"w{i}" for i in range(9))]), index(pa.array([item])))
    assert nine.item.tolist() == [0] and nine.share[0] == pytest.approx(9 / 16)


def test_pieces_from_two_texts_do_not_add_up():
    item = " ".join(f"w{i}" for i in range(20))
    halves = [" ".join(f"w{i}" for i in range(10)), " ".join(f"w{i}" for i in range(10, 20))]
    assert overlaps(pa.array(halves), index(pa.array([item]))).item.tolist() == [-1, -1]


@pytest.mark.parametrize("items", [[], [""], ["…"], [None]])
def test_items_without_words_are_given_away_by_nothing(items):
    assert overlaps(pa.array(["a b c", ""]), index(pa.array(items, pa.string()))).item.tolist() == [-1, -1]
