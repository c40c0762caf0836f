"""No text makes a rule of places, bodies, dates, addresses or numbers slow: time grows with the length alone."""

from __future__ import annotations

import time

import pytest

from curation.clean.pii.rules import (
    addresses,
    dates,
    envelopes,
    identifiers,
    organisations,
    people,
    places,
    postcodes,
)

RULES = [
    rule
    for module in (addresses, dates, envelopes, identifiers, organisations, places, postcodes)
    for rule in module.RULES
]

SIZE = 20_000
UNITS = (
    "a", "7", "7 ", "A", "A1", "Abc ", "ABC DEF ", "😀", "<div class='a'><p>Hello</p></div>", "a.", "a-", "X-",
    "1-", "a@", "one two ", "a dot ", "a [at] ", "Jan 1 ", "St. ", "in Leeds, ", "12 Main ", "12 Main\n", "\n",
    "\t", " ", "'", "O'", "insta my ", "account number ", "account is is ", "zip code ", "at the at ",
    "call 1 ", "the 3rd ", "Abc and ", "University of ", "A & ", "at A, ", "\u200b", "1\u200b", "a_", "www.a/",
    "12, ", "Unit 1 ", "1/2/", "+1 ", "(1) ",
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_time_is_linear(rule) -> None:  # type: ignore[no-untyped-def]
    for unit in UNITS:
        list(rule.search(unit * 9))  # reads the lists and compiles what this text wants
        text = unit * (SIZE // len(unit))
        started = time.process_time()
        list(rule.search(text))
        # 50 µs for a character: a hundred times what is usual, a hundredth of what a quadratic pattern takes.
        assert time.process_time() - started < SIZE * 50e-6, repr(unit)


@pytest.mark.parametrize("unit", ["Anne-Marie, ", "Zyx-Qua/", "Anne-Marie & ", "Tom, ", "Dr Xolani and "])
def test_one_line_of_names_takes_linear_time(unit: str) -> None:
    people.search("Tom met Anne")  # reads the lists
    text = unit * (6 * SIZE // len(unit))
    started = time.process_time()
    people.search(text)
    assert time.process_time() - started < 6 * SIZE * 25e-6
