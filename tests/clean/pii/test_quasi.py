from __future__ import annotations

import time

import pytest

from curation.clean.pii.quasi import Quasi, combination


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I'm 34 and a nurse in Ohio", {"age": "34", "place": "ohio"}),
        ("I work as a nurse. I’m a 52 year old widow", {"age": "52", "occupation": "nurse"}),
        ("my (23F) brother was a retired bus driver", {"age": "23", "occupation": "bus driver"}),
        ("I saw a nurse and a Surgeon", {}),
        ("from West Virginia to Virginia", {"place": "virginia west virginia"}),
        ("My mum has Huntington’s, I am 20 minutes late", {"condition": "huntington's"}),
        ("I was 45% sure it is a matter of 50 dollars", {}),
        ("Als ik, alive, chronic, Mainely", {}),
    ],
)
def test_what_a_text_tells(text: str, told: dict[str, str]) -> None:
    assert combination(text) == told


def test_k_counts_records_that_tell_the_same() -> None:
    found = Quasi()
    for number in range(6):
        found.add(f"s:{number}", ["I'm 34", "we live in Ohio"])
    found.add("s:6", ["I am 34 years old and live in Texas"])
    found.add("s:7", ["I'm a teacher in Kansas"])
    found.add("s:8", ["I'm a teacher in Kansas, 34F."])
    found.add("s:9", ["I live in Kansas and I'm a teacher."])
    found.add("s:x", ["only Ohio"])
    told = found.document(2)
    assert told["records"] == 11 and told["combined"] == 10
    assert told["k"] == {"1": 2, "2-4": 2, "5+": 6}
    assert told["small"] == 4 and told["ids"] == ["s:6", "s:7"]
    assert told["kinds"] == {"age + place": 7, "age + occupation + place": 1, "occupation + place": 2}
    assert "ohio" not in str(told) and "34" not in str(told)


@pytest.mark.parametrize(
    "text", ["i'm a " * 200_000, "a" * 10**6, "(34" * 300_000, "new " * 200_000, "I'm a b c d e " * 80_000]
)
def test_long_texts_take_bounded_time(text: str) -> None:
    start = time.process_time()
    combination(text)
    assert time.process_time() - start < 5
