"""The measures of variety against hand-made cases and a slow count of the same definition."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from curation.generate.diversity import distinct, held, measured, ngrams, self_bleu, words


def test_words_keep_apostrophes_and_part_marks():
    assert words("It's late, isn’t it?") == ["it's", "late", ",", "isn’t", "it", "?"]


def test_distinct_n():
    assert distinct([["a", "b", "a"], ["a", "b"]], 1) == 2 / 5
    assert distinct([["a", "b", "a"], ["a", "b"]], 2) == 2 / 3
    assert distinct([["a"]], 2) is None


def test_texts_that_are_the_same_and_texts_that_share_nothing():
    same = [["one", "two", "three", "four", "five"]] * 3
    assert self_bleu(same) == pytest.approx(1)
    assert self_bleu([list("abcdefgh"), list("ijklmnop")]) < 0.1
    assert self_bleu([["a"]]) is None


def slow(texts):
    scores = []
    for i, text in enumerate(texts):
        others = [t for j, t in enumerate(texts) if j != i]
        log = 0.0
        for n in range(1, 5):
            own = ngrams(text, n)
            best = Counter()
            for other in others:
                best |= ngrams(other, n)
            hit = sum((own & best).values())
            log += math.log(hit / own.total() if hit else 1 / (2 * max(own.total(), 1))) / 4
        near = min((abs(len(o) - len(text)), len(o)) for o in others)[1]
        scores.append(math.exp(log + min(0.0, 1 - near / len(text))))
    return sum(scores) / len(scores)


def test_self_bleu_is_what_its_definition_says():
    pick = random.Random(5)
    for _ in range(20):
        texts = [[pick.choice("abcde") for _ in range(pick.randint(1, 30))] for _ in range(pick.randint(2, 6))]
        assert self_bleu(texts) == pytest.approx(slow(texts))


def test_resistance_held_counts_the_dialogues_that_get_so_far():
    assert held([[4, 4, 2], [5, 5]]) == [1.0, 1.0, 0.5]
    assert held([]) == []


def test_no_rows_are_no_numbers():
    assert measured([])["distinct_1"] is None and measured([])["resistance_held"] == []
