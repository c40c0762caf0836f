"""Texts and places as Argilla's page has them."""

import html

from hypothesis import given
from hypothesis import strategies as st

from curation.review.on_page import MARKUP, TEXT, Places, escape, received, sent, unescape

WORDS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(["<b>", "&lt;", "&amp;", "&#128578;", "🙂", "a", "\r\n", "\x00", "&", ";", "é"])).map(
        "".join
    ),
)


@given(WORDS)
def test_what_is_escaped_comes_back_and_holds_no_markup(text):
    escaped = escape(text)
    assert unescape(escaped) == text
    assert not set("<>\r\x00") & set(escaped)
    if "\x00" not in text:
        assert html.unescape(escaped) == text


@given(WORDS)
def test_places_are_counted_as_javascript_does(text):
    places = Places(text)
    units = len(text.encode("utf-16-le")) // 2
    assert len(escape(text)) >= units
    for place in range(len(text) + 1):
        there = len(text[:place].encode("utf-16-le")) // 2
        assert places.there(place) == there
        assert places.here(there) == place
    assert places.here(units + 5) == len(text)


@given(WORDS, st.sampled_from([TEXT, MARKUP]))
def test_a_field_comes_back_and_is_long_enough_for_every_span(text, form):
    assert received(sent(text, form), form) == text
    assert len(sent(text, form)) >= len(text.encode("utf-16-le")) // 2
