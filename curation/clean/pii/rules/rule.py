"""A rule: a search over one text, and the gate that says which texts are worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from curation.clean.pii.finding import Finding


@dataclass(frozen=True)
class Rule:
    """One family of cues and lists.

    Attributes:
        name: stands in the audit as the recogniser.
        labels: what it can find.
        gate: an RE2 pattern that every text it can find something in matches; it only has to be wide enough.
        search: from one text to its findings, in any order; overlaps are settled elsewhere. The result depends on
            the text alone, and it takes time linear in the text.
    """

    name: str
    labels: frozenset[str]
    gate: str
    search: Callable[[str], Iterable[Finding]]
