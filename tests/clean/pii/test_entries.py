from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.clean.pii.entries import DENY, Entry, Matcher, digest, narrow, sealed, words
from curation.clean.pii.finding import Finding
from curation.clean.scrub import ScrubSpec

KEY = b"k" * 32
ONE, TWO = "chats:00000000000000aa", "chats:f0000000000000bb-2"


def deny(value: str, label: str = "PERSON", **more: str) -> Entry:
    return Entry("deny", label, value, **more)


def allow(value: str, label: str | None = None, **more: str) -> Entry:
    return Entry("allow", label, value, **more)


def applied(text: str, *entries: Entry, found: tuple[Finding, ...] = (), record: str = ONE) -> list[tuple[str, str]]:
    (result,) = Matcher(entries, KEY).apply([text], [found], [record])
    return [(text[f.start : f.end], f.label) for f in sorted(result)]


def person(text: str, value: str, label: str = "PERSON") -> Finding:
    start = text.index(value)
    return Finding(start, start + len(value), label, 0.8, "people")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I saw Sarah Lopez there", ["Sarah Lopez"]),
        ("sarah  lopez, SARAH-LOPEZ; Sarah Lopez's", ["sarah  lopez", "SARAH-LOPEZ", "Sarah Lopez"]),
        ("Sarah\nLopez, Sarah and Lopez, Sarahs Lopez, Sarah Lopezo, xSarah Lopez", []),
        ("Sarah .... Lopez", []),
        ("", []),
    ],
)
def test_words_count_and_little_between_them(text: str, found: list[str]) -> None:
    assert [value for value, _ in applied(text, deny("sarah LOPEZ"))] == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Straße 7b", "in der STRASSE 7B wohnt"),
        ("jo_91@mail.example", "at jo_91@mail.example."),
        ("José", "und Jose\u0301 kam".replace("e\u0301", "é")),
        ("田中", "昨日田中さんに会った"),
        ("O'Brien", "Mrs O’Brien said"),
    ],
)
def test_values_of_many_kinds_are_found(value: str, text: str) -> None:
    assert len(applied(text, deny(value))) == 1


def test_a_finding_of_an_entry_says_who_found_it_and_who_it_is() -> None:
    (found,) = Matcher([deny("Bo", role="relative")], KEY).apply(["my bo"], [()], [ONE])
    assert found == [Finding(3, 5, "PERSON", 1.0, DENY, "relative")]


def test_overlapping_values_leave_nothing_out() -> None:
    entries = [deny("Ann Lee"), deny("Lee Gray", "ORG"), deny("Lee")]
    assert applied("Ann Lee Gray, Lee", *entries) == [("Ann Lee", "PERSON"), ("Gray", "ORG"), ("Lee", "PERSON")]


def test_an_allowed_value_frees_what_lies_in_it_and_nothing_larger() -> None:
    text = "Hope said hope at Hope House"
    small = (person(text, "Hope"), person(text, "Hope House", "FACILITY"))
    assert applied(text, allow("hope"), found=small) == [("Hope House", "FACILITY")]
    assert applied(text, allow("hope", "FACILITY"), found=small[:1]) == [("Hope", "PERSON")]
    assert applied(text, allow("hope house"), found=small) == [("Hope", "PERSON")]
    twain = "I read Mark Twain"
    assert applied(twain, allow("Mark Twain"), found=(person(twain, "Mark"),)) == []


def test_the_narrower_scope_wins_and_of_equals_deny() -> None:
    here = {"scope": f"conversation:{ONE}"}
    text = "so May came"
    found = (person(text, "May"),)
    assert applied(text, deny("may"), allow("may")) == [("May", "PERSON")]
    assert applied(text, deny("may"), allow("may", **here), found=found) == []
    assert applied(text, deny("may"), allow("may", **here), found=found, record=TWO) == [("May", "PERSON")]
    assert applied(text, allow("may", scope="source:chats"), deny("may", **here), found=found) == [("May", "PERSON")]
    assert applied(text, deny("may"), allow("may", scope="source:chats"), record="calls:" + "0" * 16) == [
        ("May", "PERSON")
    ]


def test_a_finding_around_a_denied_value_swallows_it_and_of_another_the_rest_stays() -> None:
    text = "at 12 Sarah Lopez Road, 4"
    around = person(text, "12 Sarah Lopez Road", "ADDRESS")
    assert applied(text, deny("Sarah Lopez"), found=(around,)) == [("12 Sarah Lopez Road", "ADDRESS")]
    assert applied(text, deny("Sarah Lopez"), found=(person(text, "Lopez Road", "LOCATION"),)) == [
        ("Sarah Lopez", "PERSON"),
        ("Road", "LOCATION"),
    ]
    assert applied(text, deny("Sarah Lopez", "ORG"), found=(person(text, "Sarah Lopez"),)) == [("Sarah Lopez", "ORG")]
    assert applied(text, deny("Sarah Lopez"), found=(person(text, "Sarah"),)) == [("Sarah Lopez", "PERSON")]


def test_a_keyed_entry_does_what_its_value_does_and_shows_nothing_of_it() -> None:
    keyed = Entry("deny", "PERSON", keyed=digest(KEY, "Sarah Lopez"))
    assert sealed([keyed], KEY) == sealed([deny("SARAH  lopez", note="from a mark")], KEY)
    assert applied("I saw Sarah Lopez", keyed) == [("Sarah Lopez", "PERSON")]
    assert Matcher([keyed], b"x" * 32).apply(["I saw Sarah Lopez"], [()], [ONE]) == [[]]  # another key finds nothing
    assert "sarah" not in str(keyed).casefold() and "lopez" not in str(sealed([keyed], KEY)).casefold()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "deny", "label": "PERSON"}, "either"),
        ({"kind": "deny", "label": "PERSON", "value": "a", "keyed": "b"}, "either"),
        ({"kind": "deny", "value": "secret"}, "label"),
        ({"kind": "deny", "label": "NAME", "value": "secret"}, "label"),
        ({"kind": "allow", "value": "?!"}, "words"),
        ({"kind": "allow", "value": "secret " * 17}, "words"),
        ({"kind": "allow", "value": "secret", "scope": "conversation:chats"}, "scope"),
        ({"kind": "allow", "value": "secret", "scope": "sources:chats"}, "scope"),
        ({"kind": "deny", "label": "ORG", "value": "secret", "role": "client"}, "role"),
        ({"kind": "deny", "label": "PERSON", "value": "secret", "role": "aunt"}, "role"),
        ({"kind": "allow", "keyed": "1.abc.0"}, "keyed"),
    ],
)
def test_what_can_match_nothing_is_refused_without_quoting_it(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Entry(**given)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_only_what_touches_a_part_stays_in_its_spec() -> None:
    everywhere, there = deny("a"), deny("b", scope="source:chats")
    one, two = deny("c", scope=f"conversation:{ONE}"), deny("d", scope=f"conversation:{TWO}")
    spec = ScrubSpec(entries=(everywhere, there, one, two))
    assert narrow(spec, "chats", ("0", "f")).entries == spec.entries
    assert narrow(spec, "chats", ("all",)).entries == spec.entries
    assert narrow(spec, "chats", ("0",)).entries == (everywhere, there, one)
    assert narrow(spec, "chats", ("1",)).entries == (everywhere, there)
    assert narrow(spec, "chat", ("0", "f")).entries == (everywhere,)


WORDS = st.lists(st.sampled_from(["Ann", "ann", "Lee", "May", "ß", "x1", "田", ",", "\n", " ", "'", "  "]), max_size=12)


@given(WORDS.map("".join), WORDS.map(" ".join))
def test_a_value_is_found_exactly_where_its_words_stand(text: str, value: str) -> None:
    wanted = words(value)
    if not 1 <= len(wanted) <= 16:
        return
    found = {(start, end) for start, end, _ in Matcher([deny(value)], KEY).matches(text, ONE)}
    spots = [m.span() for m in re.finditer(r"田|[^\W田]+", text)]
    expected = set()
    for i in range(len(spots) - len(wanted) + 1):
        run = spots[i : i + len(wanted)]
        gaps = [text[a[1] : b[0]] for a, b in pairwise(run)]
        near = all(len(gap) <= 3 and "\n" not in gap for gap in gaps)
        if near and [words(text[a:b])[0] for a, b in run] == wanted:
            expected.add((run[0][0], run[-1][1]))
    assert found == expected


@given(WORDS.map(" ".join), st.lists(st.sampled_from(["Ann", "Ann Lee", "Lee May", "May"]), min_size=1, max_size=4))
def test_denied_findings_do_not_overlap_and_leave_no_denied_word(text: str, values: list[str]) -> None:
    entries = [deny(value) for value in values]
    (found,) = Matcher(entries, KEY).apply([text], [()], [ONE])
    spans = sorted((f.start, f.end) for f in found)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    left = text
    for start, end in spans:
        left = left[:start] + "\n" * (end - start) + left[end:]
    assert not list(Matcher(entries, KEY).matches(left, ONE))


@pytest.mark.parametrize("text", ["a" * 10**6, "7" * 10**6, "Ann " * 250_000, "\u200d😀" * 300_000])
def test_a_megabyte_takes_bounded_time(text: str) -> None:
    matcher = Matcher([deny("Ann"), allow("Ann", "ORG"), deny("Ann Ann Lee")], KEY)
    start = time.process_time()
    matcher.apply([text], [()], [ONE])
    assert time.process_time() - start < 10
