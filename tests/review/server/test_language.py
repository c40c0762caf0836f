"""The query language, without a server: whatever is typed, FTS5 takes what becomes of it."""

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tests.review.server.site  # noqa: F401 - it makes the server's own modules importable

from curate_server.language import Both, Either, Not, Term, distance_at_most, parse, to_match  # isort: skip
from curate_server.words import TOKENIZER, spaced  # isort: skip


@pytest.fixture(scope="module")
def index():
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE t USING fts5(c0, tokenize="{TOKENIZER}")')
    connection.execute("INSERT INTO t VALUES(?)", (spaced("I lost my card 睡不着 😀"),))
    return connection


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a b", Both((Term("a"), Term("b")))),
        ("a + b", Both((Term("a"), Term("b")))),
        ("a | b c", Either((Term("a"), Both((Term("b"), Term("c")))))),
        ("-a", Not(Term("a"))),
        ("--a", Term("a")),
        ("well-known", Term("well-known")),
        ("a -(b | c)", Both((Term("a"), Not(Either((Term("b"), Term("c"))))))),
        ('"a b"', Term("a b", phrase=True)),
        ('"a b"~4', Term("a b", away=4, phrase=True)),
        ("a*", Term("a", prefix=True)),
        ("a~", Term("a", away=2)),
        ("a~1", Term("a", away=1)),
        (r"\"a\*", Term('"a*')),
        (r"\-a", Term("-a")),
        ('"open', Term("open")),
        ("(a", Term("a")),
        ("a)", Term("a")),
        ("| a |", Term("a")),
        ("", None),
        ("+ - | ( )", None),
        ("!!! ???", None),
    ],
)
def test_how_a_query_is_read(typed, read):
    assert parse(typed) == read


_PIECES = st.sampled_from(
    ['"', "(", ")", "+", "-", "|", "*", "~", "~2", "\\", " ", "card", "睡", "不", "NEAR", "AND", "c0", ":"]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=30).map("".join)))
@example('"' * 50)
@example("a\x00b")
def test_what_a_query_becomes_is_always_understood(index, typed):
    node = parse(typed)
    expression = None if node is None else to_match(node, lambda word, away: [])
    if expression is not None:
        index.execute("SELECT count(*) FROM t WHERE t MATCH ?", (expression,)).fetchone()


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.integers(0, 2))
def test_words_that_are_near(a, b, most):
    def distance(x, y):
        if not x or not y:
            return len(x) + len(y)
        return min(distance(x[1:], y) + 1, distance(x, y[1:]) + 1, distance(x[1:], y[1:]) + (x[0] != y[0]))

    assert distance_at_most(a, b, most) == (distance(a, b) <= most)
