from __future__ import annotations

import dataclasses
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.clean.pii import canonical, levels
from curation.clean.pii.find import find
from curation.clean.pii.helplines import HELPLINES
from curation.core.errors import CurateError, MissingError

pytest.importorskip("presidio_analyzer")

PIECES = [
    "bob@x.com",
    "a.b+c@mail.example.co.uk",
    "@jane_doe",
    "@user@host.social",
    "u/some_one",
    "name#1234",
    "http://",
    "https://",
    "http\u017f://x.org",
    "www.",
    "\u212aelly.com",
    "example.com",
    "/path?q=1",
    "sad.my",
    "4111 1111 1111 1111",
    "4111111111111111",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "202-555-0143",
    "+44 20 7946 0958",
    "(202) 555-0143",
    "0176 12345678",
    "219-09-4321",
    "912-70-1234",
    "AB 12 34 56 C",
    "192.0.2.1",
    "fe80::1",
    "::",
    "2001:db8::8a2e:370:7334",
    "00:1B:44:11:3A:B7",
    "0012.3456.789A",
    "123e4567-e89b-42d3-a456-426614174000",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "٢٠٢-٥٥٥-٠١٤٣",
    "12345",
    "1.5",
    "-",
    ".",
    ":",
    "@",
    "/",
    "(",
    ")",
    " ",
    "\n",
    "#",
    "[EMAIL_1]",
    "[PERSON_12]",
    "\u00df",
    "9",
    "0",
    "a",
]

PEOPLE = [
    " Sarah Lopez ",
    "my sister Emily ",
    "Dr. Patel",
    "May 3rd, 2019",
    "March",
    " in ",
    " 2019",
    "14 Maple Street",
    "Springfield, IL 62704",
    " aged 93",
    "90+",
    "[2019]",
    "St. Mary's Hospital",
    "I work at Brightwell Logistics",
    "MRN 00482913",
    "J\u043ehn Smith",
    "Sa\u200brah",
    "'s ",
    ", ",
]


LEVELS = ("patterns", "rules")


def values(text: str, level: str = "patterns") -> list[tuple[str, str]]:
    return [(text[s.start : s.end], s.label) for s in find([text], 0.35, level=level)[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail bob@x.com or BOB@x.com.", [("bob@x.com", "EMAIL"), ("BOB@x.com", "EMAIL")]),
        ("bob@clinic.internal", [("bob@clinic.internal", "EMAIL")]),
        ("see https://x.org/?q=bob@x.com&y=1, ok", [("https://x.org/?q=bob@x.com&y=1", "URL")]),
        ("http://user:pw@host.com/a", [("http://user:pw@host.com/a", "URL")]),
        ("(www.example.community/me)", [("www.example.community/me", "URL")]),
        ("jane-doe.com and wa.me/12025550143", [("jane-doe.com", "URL"), ("wa.me/12025550143", "URL")]),
        ("I'm so sad.my mom left.how are you", []),
        ("@jane.doe. and @home @app.get('/x') bob@home", [("@jane.doe", "HANDLE")]),
        (
            "u/throwaway_12, jane#1234, @a@b.social",
            [("u/throwaway_12", "HANDLE"), ("jane#1234", "HANDLE"), ("a@b.social", "EMAIL")],
        ),
        ("+1 (202) 555-0143 or 202.555.0144", [("+1 (202) 555-0143", "PHONE"), ("202.555.0144", "PHONE")]),
        ("0.3571428571 and 1685 and (223905 - 1858)", []),
        ("4111 1111 1111 1111, 4111 1111 1111 1112", [("4111 1111 1111 1111", "FINANCIAL")]),
        ("219-09-4321", [("219-09-4321", "ID")]),
        ("A1 H1 D3 and room 12345", []),
        ("192.168.0.1 fe80::1 12:30:45 std::vector", [("192.168.0.1", "IP"), ("fe80::1", "IP")]),
        ("[PHONE_1] 202-555-0143 [EMAIL_2]", [("202-555-0143", "PHONE")]),
        ("555 [PHONE_1] 0143 bob@[EMAIL_1].com", []),
    ],
)
def test_findings(text: str, expected: list[tuple[str, str]]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "call 988 or 911, in Europe 112 or 116 123, text HOME to 741741",
        "1-800-273-8255",
        "+1 800 273 8255",
        "(800) 273-8255",
        "0800 111 0 111",
        "+49 800 1110111",
        "0800 1111",
        "+44 116 123",
        "13 11 14",
        "1300 659 467",
        "1-866-488-7386",
    ],
)
def test_help_lines_are_kept(text: str) -> None:
    assert values(text) == []


def test_findings_are_the_same_without_gates() -> None:
    rng = random.Random(20261123)
    texts = ["".join(rng.choices(PIECES, k=rng.randint(1, 9))) for _ in range(1500)]
    texts += [
        "".join(chr(rng.choice([rng.randint(33, 126), rng.randint(48, 58), 0x17F, 0x212A])) for _ in range(25))
        for _ in range(500)
    ]
    from curation.clean.pii.driver import Driver
    from curation.clean.pii.patterns import recognisers

    found, open_ = Driver(recognisers()), Driver([dataclasses.replace(one, gate="") for one in recognisers()])
    gated, plain = ([sorted(there) for there in one.search(texts, 0.05)] for one in (found, open_))
    wrong = [i for i in range(len(texts)) if gated[i] != plain[i]]
    assert wrong == []
    assert sum(map(len, plain)) > 1000


@pytest.mark.parametrize("level", LEVELS)
@given(text=st.lists(st.sampled_from([*PIECES, *PEOPLE]) | st.text(max_size=6), max_size=9).map("".join))
def test_what_is_replaced_leaves_nothing_to_find(level: str, text: str) -> None:
    (spans,) = find([text], 0.35, level=level)
    parts, last = [], 0
    for number, span in enumerate(spans):
        assert span.start >= last and span.end > span.start
        assert not canonical.STANDING.search(text[span.start : span.end])
        parts += [text[last : span.start], f"[{span.label}_{number + 1}]"]
        last = span.end
    assert find(["".join([*parts, text[last:]])], 0.35, level=level) == [()]


def test_texts_longer_than_a_window() -> None:
    filler = "lorem ipsum dolor sit amet. " * 40
    text = "".join(f"{filler}write to person{i}@example.org or 202-555-{i:04d} now. " for i in range(100, 160))
    found = values(text)
    assert found == [
        v for i in range(100, 160) for v in ((f"person{i}@example.org", "EMAIL"), (f"202-555-{i:04d}", "PHONE"))
    ]
    url = "https://example.org/?" + "token=abc&" * 3000
    assert values(f"{filler * 8}{url} end {url}") == [(url, "URL"), (url, "URL")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My sister \u0415mily drove me.", [("\u0415mily", "PERSON")]),
        ("J\u043ehn Smith called.", [("J\u043ehn Smith", "PERSON")]),
        ("mail b\u043eb@x.com", [("b\u043eb@x.com", "EMAIL")]),
        ("call 202\u200b-555\u2060-0143 now", [("202\u200b-555\u2060-0143", "PHONE")]),
        ("my sis\u200bter Emi\u200bly cried", [("Emi\u200bly", "PERSON")]),
        ("\u202emy sister Emily\u202c שלום mail bob@x.com", [("Emily", "PERSON"), ("bob@x.com", "EMAIL")]),
        ("אחותי, mail bob@x.com שלום 202-555-0143 תודה", [("bob@x.com", "EMAIL"), ("202-555-0143", "PHONE")]),
        ("２０２-５５５-０１４３ ｂｏｂ@x.com", [("２０２-５５５-０１４３", "PHONE"), ("ｂｏｂ@x.com", "EMAIL")]),
        (
            '<p>My name is <b>Sarah Lopez</b>.</p><br>Call&nbsp;202-555-0143 <a href="mailto:bob@x.com">me</a>',
            [("Sarah Lopez", "PERSON"), ("202-555-0143", "PHONE"), ("bob@x.com", "EMAIL")],
        ),
        ("My sister Grace told me that grace and hope may rise.", [("Grace", "PERSON")]),
        ("I hope Will will mark it.", [("Will", "PERSON")]),
        ("😀😀 my sister Emily 😀 202-555-0143😀", [("Emily", "PERSON"), ("202-555-0143", "PHONE")]),
    ],
)
def test_what_hides_or_poses_is_found_where_it_stands(text: str, expected: list[tuple[str, str]]) -> None:
    assert values(text, "rules") == expected


HOSTILE = {
    "digits": "7" * 100_000,
    "spaced digits": "123 " * 25_000,
    "emoji": "😀" * 1_000_000,
    "right to left": "שלום " * 200_000,
    "at": "a@" * 500_000,
    "hyphens": "a-" * 500_000 + "@x.com",
    "colons": ":" * 1_000_000,
    "dots": "a." * 500_000,
    "schemes": "http://" * 140_000,
    "hex": "deadbeef-" * 110_000,
    "brackets": "(" * 1_000_000,
    "one word": "x" * 1_000_000 + "@y.org",
    "capitals": "Xa " * 330_000,
    "shouting": "ABC " * 250_000,
    "names": "Sarah " * 160_000,
    "markup": "<p class='a'>" * 75_000,
    "zero width": "2\u200b0\u200b" * 250_000,
    "homoglyphs": "J\u043ehn " * 200_000,
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_bounded_time(name: str, level: str) -> None:
    find(["warm up"], 0.35, level=level)
    start = time.process_time()
    find([HOSTILE[name]], 0.35, level=level)
    assert time.process_time() - start < 30


def test_a_recogniser_that_fails_its_self_test_stops_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "CANARIES", (("nothing to find here", "EMAIL"),))
    with pytest.raises(MissingError, match="self-test") as caught:
        levels.check(levels.finder("patterns"))
    assert "nothing to find" not in str(caught.value)


def test_a_pattern_that_gives_up_is_an_error_and_the_log_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    find(["x"], 0.35)
    logger = logging.getLogger("presidio-analyzer")
    logger.error("Failed to validate text %s", "secret value")
    assert not caplog.records
    with pytest.raises(CurateError, match="ran out of time"):
        logger.warning("Regex pattern '%s' timed out after %s seconds, skipping.", "x", 60)


def test_nobody_who_hushes_the_library_hides_a_pattern_that_gave_up() -> None:
    import logging

    logger = logging.getLogger("presidio-analyzer")
    logger.setLevel(logging.ERROR)
    logger.disabled = True
    logging.disable(logging.CRITICAL)
    try:
        find(["x"], 0.35)
        with pytest.raises(CurateError, match="ran out of time"):
            logger.warning("Regex pattern '%s' timed out after %s seconds, skipping.", "x", 60)
    finally:
        logging.disable(logging.NOTSET)


def test_nothing_reaches_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    levels._made.cache_clear()
    assert values("bob@some-new.ending") == [("bob@some-new.ending", "EMAIL")]


def test_help_lines_hold_digits_only() -> None:
    assert all(re.fullmatch(r"[0-9]+", number) for number in HELPLINES)


def test_a_few_texts_need_no_gates() -> None:
    rng = random.Random(7)
    texts = ["".join(rng.choices([*PIECES, *PEOPLE], k=rng.randint(1, 9))) for _ in range(100)]
    search = levels.finder("patterns").search
    together, alone = search(texts, 0.05), [search([text], 0.05)[0] for text in texts]
    assert [i for i in range(len(texts)) if sorted(together[i]) != sorted(alone[i])] == []
