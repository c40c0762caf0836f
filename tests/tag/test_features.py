from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.tag.features import BITS, TEXT_BYTES, Classes, blocks, occurrences, weigh

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz'"


def tokens(text: str) -> list[tuple[bytes, bytes]]:
    """The lower-case words between spaces, each with its tokens joined by spaces, in plain Python."""
    folded = "".join(c.lower() if c.isascii() else c for c in text.replace("’", "'"))
    words = "".join(" " if c.isascii() and (c.isspace() or not c.isprintable()) else c for c in folded).split(" ")
    found: list[tuple[bytes, bytes]] = []
    for word in filter(None, words):
        parts: list[str] = []
        before = ""
        for char in word:
            kind = "letter" if char in LETTERS else "sign" if char.isascii() else "foreign"
            joins = kind == before != "sign" and len(char.encode()) < 4
            if joins:
                parts[-1] += char
            else:
                parts.append(char)
            before = kind
        found.append((word.encode(), " ".join(parts).encode()))
    return found


def grams(text: str) -> Counter[tuple[str, bytes]]:
    """Every n-gram of a text by the definition, without hashing."""
    words = tokens(text)
    found: Counter[tuple[str, bytes]] = Counter()
    for word, _ in words:
        padded = b" " + word + b" "
        found.update(("bytes", padded[i : i + n]) for n in range(2, 6) for i in range(len(padded) - n + 1))
    flat = [part for _, parts in words for part in parts.split(b" ")]
    found.update((f"words{n}", b" ".join(flat[i : i + n])) for n in (1, 2, 3) for i in range(len(flat) - n + 1))
    return found


def counted(texts: list[str | None]) -> list[dict[int, int]]:
    rows: list[dict[int, int]] = [{} for _ in texts]
    for block in blocks(pa.array(texts, pa.string())):
        for row, bucket, count in zip(block.rows, block.buckets, block.counts, strict=True):
            rows[block.first + row][int(bucket)] = int(count)
    return rows


TEXTS = st.text(st.sampled_from("aB '’.!?é😂中 \n\t7\x00"), max_size=40)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | TEXTS, max_size=8))
def test_counts_are_those_of_the_definition(texts: list[str | None]) -> None:
    for text, row in zip(texts, counted(texts), strict=True):
        expected = grams(text or "")
        assert sum(row.values()) == expected.total()
        # Two grams rarely share a bucket, so the counts as a multiset are nearly those of the grams.
        assert len(expected) - len(row) <= 2


def test_a_gram_has_one_bucket_wherever_it_stands() -> None:
    alone, late, folded = counted(["dog", "a cat, a dog", "DOG"])
    assert alone == folded
    assert alone.keys() <= late.keys()
    assert max(bucket for row in (alone, late) for bucket in row) < 1 << BITS


def test_order_of_words_counts() -> None:
    assert len(set(map(str, counted(["a b", "b a", "ab", "a  b"])))) == 3


def test_scrubbed_names_and_typographic_apostrophes_are_those_of_the_training_data() -> None:
    person, numbered, name, curly, straight = counted(["[PERSON]!", "[PERSON_12]!", "[NAME]!", "I’m", "I'm"])
    assert person == numbered == name
    assert curly == straight


@pytest.mark.parametrize("nothing", [None, "", " ", "\n\t \x00"])
def test_nothing_has_no_features(nothing: str | None) -> None:
    assert counted([nothing, "word", nothing])[::2] == [{}, {}]


def test_a_long_text_is_cut_and_stays_within_its_row() -> None:
    word = "abcdefg "
    long = word * (TEXT_BYTES // len(word))
    short, cut, after = counted([long, long + "unseen", "tail"])
    assert short == cut
    assert after == counted(["tail"])[0]


def test_no_input_gives_no_blocks() -> None:
    assert list(blocks(pa.array([], pa.string()))) == []


def test_values_are_bounded_whole_numbers_and_norms_exact() -> None:
    (block,) = blocks(pa.array(["no " * 500, None, "yes"]))
    values, squares = weigh(block, np.full(1 << BITS, 88, np.uint8))
    assert values.dtype == np.int16
    assert values.max() == 127
    by_row = [int((values[block.rows == row].astype(object) ** 2).sum()) for row in range(3)]
    assert squares.tolist() == by_row
    assert by_row[1] == 0


def test_occurrences_are_the_grams_that_blocks_count():
    texts = pa.array(["Give the dog away, the dog!", "", None, "caf\u00e9 \U0001f602 ok"])
    classes = Classes.of({"animal": ["dog", "cat"], "part": ["away", "dog"]})
    (block,) = blocks(texts)
    counted = Counter()
    for kind in ("bytes", "words"):
        for row, bucket in occurrences(texts, kind, classes):
            counted.update(zip(row.tolist(), bucket.tolist(), strict=True))
    assert counted == dict(
        zip(zip(block.rows.tolist(), block.buckets.tolist(), strict=True), block.counts.tolist(), strict=True)
    )


def test_words_of_one_class_have_grams_in_common_and_other_words_none():
    classes = Classes.of({"animal": ["dog", "cat"], "part": ["away", "dog"]})

    def grams(text):
        return sorted(bucket for _, buckets in occurrences(pa.array([text]), "classes", classes) for bucket in buckets)

    assert grams("my Dog ran") == grams("my cat ran") and len(grams("my dog ran")) == 4
    assert grams("the bus") == []
