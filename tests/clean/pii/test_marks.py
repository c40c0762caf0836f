from __future__ import annotations

import random

from curation.clean.pii.entries import Entry, digest
from curation.clean.pii.marks import Mark, propose

KEY = b"k" * 32
A, B, C = "chats:" + "a" * 16, "chats:" + "b" * 16, "calls:" + "c" * 16


def mark(record: str, verdict: str, label: str = "PERSON") -> Mark:
    return Mark(record, "messages", 0, 4, 9, verdict, label)  # type: ignore[arg-type]


def entry(kind: str, value: str, scope: str, label: str = "PERSON") -> Entry:
    return Entry(kind, label, keyed=digest(KEY, value), scope=scope)  # type: ignore[arg-type]


def test_what_is_missed_more_widely_is_denied_more_widely() -> None:
    marks = [
        mark(A, "missed"),
        mark(A, "missed"),
        mark(B, "missed"),
        mark(A, "missed", "ORG"),
        mark(C, "missed", "ORG"),
    ]
    values = ["Ann Lee", "Bo", "bo", "Acme", "ACME"]
    assert set(propose(marks, values, KEY)) == {
        entry("deny", "Ann Lee", f"conversation:{A}"),
        entry("deny", "Bo", "source:chats"),
        entry("deny", "Acme", "project", "ORG"),
    }


def test_what_was_wrong_is_allowed_only_where_it_was_marked_and_not_where_people_disagree() -> None:
    marks = [mark(A, "wrong"), mark(B, "wrong"), mark(B, "missed")]
    assert set(propose(marks, ["Hope", "hope", "Hope"], KEY)) == {
        entry("allow", "Hope", f"conversation:{A}"),
        entry("deny", "Hope", f"conversation:{B}"),
    }


def test_marks_without_a_value_propose_nothing_and_order_does_not_count() -> None:
    assert propose([mark(A, "missed")] * 3, [None, "?!", "word " * 20], KEY) == ()
    marks = [mark(r, v) for r in (A, B, C) for v in ("missed", "wrong")] * 2
    values = ["one", "two", "three", "four", "five", "six"] * 2
    pairs = list(zip(marks, values, strict=True))
    random.Random(3).shuffle(pairs)
    assert propose(*map(list, zip(*pairs, strict=True)), KEY) == propose(marks, values, KEY)  # type: ignore[arg-type]
