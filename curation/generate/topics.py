"""What a claim is about, by the terms of the knowledge taxonomies.

A proxy: a term in a sentence makes the sentence neither about the idea nor right about it. People may correct it.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from curation.core import taxonomies


@dataclass(frozen=True)
class Topic:
    """A label of a set.

    Attributes:
        id: `set.label`. None has a `_`, for the search for personal data takes words so joined for a handle.
        label: what people read.
    """

    id: str
    label: str


@functools.cache
def _rules(names: tuple[str, ...]) -> tuple[tuple[Topic, re.Pattern[str]], ...]:
    made = []
    for name in names:
        for label in taxonomies.load(name).labels:
            terms = "|".join(_pattern(term) for term in label.terms)
            made.append((Topic(f"{name}.{label.id}", label.label), re.compile(rf"\b(?:{terms})", re.I)))
    return tuple(made)


def _pattern(term: str) -> str:
    words = re.escape(term.removesuffix("*")).replace(r"\ ", r"[\s-]+")
    return words if term.endswith("*") else words + r"\b"


def topic(text: str, names: tuple[str, ...]) -> Topic | None:
    """The label with the most different terms in a text, the first in the order of the sets among equals; or None."""
    best, most = None, 0
    for found, pattern in _rules(names):
        hits = len({hit.casefold() for hit in pattern.findall(text)})
        if hits > most:
            best, most = found, hits
    return best
