"""What a scrubbed text still shows that could be a name or a number: counted, never quoted."""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.clean.pii.canonical import STANDING
from curation.core.records import keyed

# A capitalised word after a blank, before which no sentence ends. What stands for removed data ends none.
_CAPITAL = re.compile(r"(?<=[^\s.!?…:\"“”(*_>–—-]) (?!I['’])([A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*)")
_LOWER = re.compile(r"(?<![^\W_])[a-zß-öø-ÿ]+(?:['’-][^\W\d_]+)*")
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ./()-]{0,2}\d){4,}(?!\w)")
_YEARS = re.compile(r"(?:(?:19|20)\d\d[ ./-]*)+")

# Capitals that name nobody.
_HARMLESS = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday mondays fridays saturdays sundays january february march
    april may june july august september october november december christmas easter thanksgiving halloween ramadan
    hanukkah god lord jesus christ bible english french german spanish italian dutch polish russian chinese japanese
    korean arabic hindi portuguese turkish latin american british canadian australian indian irish scottish welsh
    mexican european african asian hispanic latino christian catholic muslim islam jewish hindu buddhist internet
    """.split()
)


@dataclass
class Unresolved:
    """Counts over all scrubbed texts of a source.

    Attributes:
        capitals: capitalised words inside sentences, by word; with the records that hold them.
        lower: the words seen in lower case.
        digits: runs of five digits or more that are no years, by record.
        texts: strings looked at.
    """

    capitals: dict[str, dict[str, int]] = field(default_factory=dict)
    lower: set[str] = field(default_factory=set)
    digits: dict[str, int] = field(default_factory=dict)
    texts: int = 0
    _shapes: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, record: str, text: str, key: bytes | None = None) -> None:
        """Look at a scrubbed text, whose replaced places are bare labels.

        Args:
            record: its id.
            text: the text.
            key: the project key, where shapes are wanted: it picks them.
        """
        self.texts += 1
        text = STANDING.sub("[]", text)
        self.lower.update(_LOWER.findall(text))
        for match in _CAPITAL.finditer(text):
            # All capitals are mostly abbreviations, of which this field is full.
            if not match[1].isupper() and match[1].casefold() not in _HARMLESS:
                found = self.capitals.setdefault(match[1], {})
                found[record] = found.get(record, 0) + 1
                self._keep(record, match[1], key)
        for match in _DIGITS.finditer(text):
            if not _YEARS.fullmatch(match[0]):
                self.digits[record] = self.digits.get(record, 0) + 1
                self._keep(record, match[0], key)

    def _keep(self, record: str, found: str, key: bytes | None) -> None:
        if key is not None:
            self._shapes.append((keyed(key, "sample", f"{record} {found}"), record, found))

    @property
    def names(self) -> dict[str, dict[str, int]]:
        """The capitalised words that nobody wrote in lower case: the likeliest names."""
        return {word: found for word, found in self.capitals.items() if word.lower() not in self.lower}

    def document(self, most_ids: int) -> dict[str, Any]:
        """Counts and ids, as JSON-ready values; of more than `most_ids` ids the first."""
        return {
            "texts": self.texts,
            "capitalised": _counted(self.capitals, most_ids),
            "never_lower_case": _counted(self.names, most_ids),
            "digit_runs": _told(self.digits, most_ids),
        }

    def shapes(self, most: int) -> list[tuple[str, str]]:
        """Some of what was counted as (record, shape), a keyed draw: `Xxxxx`, `999-999`."""
        names = self.names
        likely = {shape for shape in self._shapes if not shape[2][0].isalpha() or shape[2] in names}
        return [(record, _shape(found)) for _, record, found in heapq.nsmallest(most, likely)]


def _counted(words: Mapping[str, Mapping[str, int]], most_ids: int) -> dict[str, Any]:
    places: dict[str, int] = {}
    for found in words.values():
        for record, count in found.items():
            places[record] = places.get(record, 0) + count
    return {"words": len(words), **_told(places, most_ids)}


def _told(places: Mapping[str, int], most_ids: int) -> dict[str, Any]:
    # The records with the most places first.
    ids = sorted(places, key=lambda record: (-places[record], record))
    return {"places": sum(places.values()), "records": len(places), "ids": ids[:most_ids]}


def _shape(text: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", lambda m: "X" if m[0].isupper() else "x", text))
