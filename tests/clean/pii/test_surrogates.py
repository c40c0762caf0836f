from __future__ import annotations

import re

import pytest

from curation.clean.pii.surrogates import Surrogates, days

pytest.importorskip("faker")

KEY = b"s" * 32
KEYS = KEY, b"t" * 32


def made(texts: list[str] | None = None, record: str = "a:1", key: bytes = KEY) -> Surrogates:
    return Surrogates(key, record, texts or [])


@pytest.mark.parametrize(
    ("label", "value", "shape"),
    [
        ("ADDRESS", "14 Maple Avenue", r"\d{2,3} \w+ Avenue"),
        ("ADDRESS", "PO Box 112", r"PO Box \d{4}"),
        ("EMAIL", "a@b.com", r"\w+@example\.org"),
        ("FACILITY", "Mercy General Hospital", r"\w+ Hospital"),
        ("FINANCIAL", "DE89 3704 0044", r"[A-Z]{2}\d\d \d{4} \d{4}"),
        ("HANDLE", "@jo_91", r"@\w+"),
        ("HANDLE", "u/jo", r"u/\w+"),
        ("ID", "X48-213b", r"[A-Z]\d\d-\d{3}[a-z]"),
        ("IP", "10.0.0.1", r"192\.0\.2\.\d{1,3}"),
        ("IP", "fe80::1", r"2001:db8::[0-9a-f]{4}:[0-9a-f]{4}"),
        ("LOCATION", "springfield", r"[a-z]+"),
        ("LOCATION", "62704", r"\d{5}"),
        ("ORG", "Tolbury Motors Ltd.", r"\w+ Ltd"),
        ("PHONE", "+44 20 7946 0958", r"07700 900\d{3}"),
        ("PHONE", "202-555-0143", r"\d{3}-555-01\d\d"),
        ("URL", "https://me.example/x", r"https://example\.org/\w+"),
    ],
)
def test_what_is_made_up_has_the_kind_of_the_real_one(label: str, value: str, shape: str) -> None:
    new = made().value(label, value)
    assert re.fullmatch(shape, new), new
    assert new == made().value(label, value) != value
    assert new != made(key=b"t" * 32).value(label, value)


def test_a_name_of_a_woman_stays_one_and_a_spanish_one_spanish() -> None:
    from faker.providers.person.en_US import Provider as English
    from faker.providers.person.es_ES import Provider as Spanish

    for number in range(30):
        other = made(record=f"a:{number}")
        assert other.person(["Emily"])["Emily"] in English.first_names_female
        assert other.person(["Kevin"])["Kevin"] in English.first_names_male
        assert other.person(["Nuria Gutiérrez"])["Nuria Gutiérrez"].split()[0] in Spanish.first_names_female


def test_no_made_up_name_is_one_of_the_conversation() -> None:
    from faker.providers.person.en_US import Provider

    taken = [name for name in sorted(Provider.first_names_female) if name[0] not in "JKL"]
    for number in range(20):
        new = made([" ".join(taken)], f"a:{number}").person(["Emily"])["Emily"]
        assert new not in taken and new in Provider.first_names_female


VALUES = {
    "EMAIL": "a@b.com",
    "FINANCIAL": "4111 1111",
    "HANDLE": "@jo_91",
    "ID": "X48-213b",
    "IP": "10.0.0.1",
    "LOCATION": "springfield",
    "ORG": "Tolbury Motors Ltd.",
    "PHONE": "202-555-0143",
    "URL": "https://me.example/x",
}


@pytest.mark.parametrize("label", VALUES)
def test_nothing_made_up_is_a_real_value_of_the_conversation(label: str) -> None:
    value = VALUES[label]
    texts = [value]
    for _ in range(8):
        new = made(texts).value(label, value)
        assert new.casefold() not in "\n".join(texts).casefold()
        texts.append(f"and {new}")


def test_two_values_have_two_surrogates() -> None:
    one = made()
    assert len({one.value("IP", f"10.0.0.{n}") for n in range(60)}) == 60


def test_no_key_tells_what_another_makes() -> None:
    here, there = ({made(record=f"a:{n}", key=key).value("PHONE", "202-555-0143") for n in range(5)} for key in KEYS)
    assert not here & there


def test_two_persons_have_two_names() -> None:
    both = made()
    assert both.person(["Emily Clark"])["Emily Clark"] != both.person(["Emily Ross"])["Emily Ross"]


def test_names_in_every_shape() -> None:
    names = made().person(["Emily Clark", "Emily", "emily", "CLARK", "E.", "E. C."])
    given, family = names["Emily Clark"].split()
    assert names["Emily"] == given and names["emily"] == given.lower() and names["CLARK"] == family.upper()
    assert names["E."] == f"{given[0]}." and names["E. C."] == f"{given[0]}. {family[0]}."


def test_dates_of_a_conversation_move_together_by_at_least_a_month() -> None:
    moved = {days(KEY, f"a:{number}") for number in range(200)}
    assert all(30 <= abs(n) <= 365 for n in moved) and len(moved) > 100
    assert {n > 0 for n in moved} == {True, False}
