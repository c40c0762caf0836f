from __future__ import annotations

import time

import pytest

from curation.clean.pii.unresolved import Unresolved

KEY = b"k" * 32


def looked(*texts: str) -> Unresolved:
    found = Unresolved()
    for number, text in enumerate(texts):
        found.add(f"s:{number}", text, KEY)
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Then I saw Quill and O'Brien at Fenwick-Hall.", {"Quill", "O'Brien", "Fenwick-Hall"}),
        ('Then. Nothing? Here! "So" it is: Well… Yes', set()),
        ("[PERSON_1] Quill said no", {"Quill"}),
        ("We met [ORG_2] on Monday, in March, with God", set()),
        ("my friend\nQuill came", set()),
        ("my NHS doctor, McQuill, said I'm fine", {"McQuill"}),
    ],
)
def test_capitals_inside_sentences(text: str, words: set[str]) -> None:
    assert set(looked(text).capitals) == words


def test_a_word_that_somebody_wrote_in_lower_case_is_less_likely_a_name() -> None:
    found = looked("I told my Therapist and Quill", "the therapist said so", "and Quill again, Quill")
    assert set(found.names) == {"Quill"}
    told = found.document(1)
    assert told["capitalised"] == {"words": 2, "places": 4, "records": 2, "ids": ["s:0"]}
    assert told["never_lower_case"] == {"words": 1, "places": 3, "records": 2, "ids": ["s:2"]}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("it was 123 456 78 there", 1),
        ("12345 and 98765", 2),
        ("in 1998-2003, 2019/2020", 0),
        ("1234, 10 of 12, v1.2.3.4.5", 0),
        ("[PHONE_12] 5", 0),
        ("call 988", 0),
    ],
)
def test_digit_runs(text: str, count: int) -> None:
    assert sum(looked(text).digits.values()) == count


def test_shapes_show_no_letter_and_are_drawn_by_the_key() -> None:
    texts = [f"and Quill{'abcdefgh'[i]} has {10000 + i}" for i in range(8)]
    shapes = looked(*texts).shapes(5)
    assert len(shapes) == 5 and {shape for _, shape in shapes} <= {"Xxxxxx", "99999"}
    assert shapes == looked(*texts).shapes(5) and looked(*texts).shapes(0) == []
    other = Unresolved()
    for number, text in enumerate(texts):
        other.add(f"s:{number}", text, b"x" * 32)
    assert other.shapes(5) != shapes


@pytest.mark.parametrize("text", ["A" * 10**6, "1" * 10**5, "1 " * 10**5, " Ab" * 300_000, "a'" * 300_000, "[" * 10**6])
def test_long_texts_take_bounded_time(text: str) -> None:
    start = time.process_time()
    looked(text)
    assert time.process_time() - start < 5
