from __future__ import annotations

from curation.clean.pii.finding import Finding
from curation.clean.pii.settle import joined

TEXT = "Sarah Lopez Brown went to Mercy Hospital in May."


def found(value: str, label: str, role: str | None = None, by: str = "rules") -> Finding:
    start = TEXT.index(value)
    return Finding(start, start + len(value), label, 0.9, by, role)


def values(findings: list[Finding]) -> list[tuple[str, str, str | None]]:
    return [(TEXT[one.start : one.end], one.label, one.role) for one in findings]


def test_a_longer_form_of_the_same_keeps_what_was_known_of_it() -> None:
    sure = [found("Sarah", "PERSON", "client"), found("Brown", "PERSON")]
    assert values(joined(TEXT, sure, [found("Sarah Lopez Brown", "PERSON")])) == [
        ("Sarah Lopez Brown", "PERSON", "client")
    ]
    assert values(joined(TEXT, [found("Sarah Lopez", "PERSON", "client")], [found("Lopez Brown", "PERSON")])) == [
        ("Sarah Lopez Brown", "PERSON", "client")
    ]


def test_nothing_is_renamed_and_what_stands_beside_is_found() -> None:
    sure = [found("Mercy Hospital", "FACILITY"), found("May", "DATE")]
    more = [found("Sarah", "PERSON"), found("Mercy", "PERSON"), found("Hospital in May", "ORG")]
    assert values(joined(TEXT, sure, more)) == [
        ("Sarah", "PERSON", None),
        ("Mercy Hospital", "FACILITY", None),
        ("in", "ORG", None),
        ("May", "DATE", None),
    ]
    assert joined(TEXT, sure, []) == sure
