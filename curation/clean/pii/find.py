"""Find personal data in texts: search a copy, settle overlaps once, and search again what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from curation.clean.pii import aliases
from curation.clean.pii.canonical import Edited, copy, plain
from curation.clean.pii.entries import Matcher
from curation.clean.pii.finding import Finding
from curation.clean.pii.hushed import listen
from curation.clean.pii.levels import finder
from curation.clean.pii.settle import joined, settle

# Stands for a finding while the search goes on. Whatever replaces it later is the same blank in the searched copy.
_STAND_IN = "[XX_1]"


class Told(NamedTuple):
    """A record: its id, its strings in reading order, and for each what was found in it."""

    record: str
    texts: Sequence[str]
    found: Sequence[list[Finding]]


class Search:
    """One way to search: a level, a threshold, and what people said it gets wrong.

    A text is searched until nothing more is found in what the findings leave. So a text whose findings are replaced
    by anything that `canonical` blanks holds no finding.
    """

    def __init__(
        self, level: str = "rules", min_score: float = 0.35, *, entries: Matcher | None = None, public: bool = False
    ) -> None:
        """Load the level.

        Args:
            level: see `levels`.
            min_score: findings below this score (0 to 1) do not count.
            entries: what people said the recognisers get wrong.
            public: whether public figures are personal data, too.

        Raises:
            UsageError: there is no such level.
            MissingError: its model is not here, or it does not find what it must.
        """
        self.finder = finder(level)
        self._min_score = min_score
        self._entries = entries
        self._public = public
        # A model adds to what is found without it: it may hide no cue from the rules, and rename nothing they found.
        self._without = Search("rules", min_score, entries=entries, public=public) if self.finder.model else None

    def find(self, texts: Sequence[str], records: Sequence[str] = ()) -> list[list[Finding]]:
        """Find personal data in texts that know nothing of each other.

        Args:
            texts: any strings; give each once.
            records: for each text the record that entries are asked about.

        Returns:
            For each text its findings in reading order, none overlapping.
        """
        listen()
        if self._without is None:
            found: list[list[Finding]] = [[] for _ in texts]
            self._exhaust(texts, found, records, range(len(texts)))
            return found
        found = self._without.find(texts, records)
        masked = [_Masked(text, ()) for text in texts]
        hits = self.finder.search([one.text for one in masked], self._min_score)
        for place, (one, more) in enumerate(zip(masked, hits, strict=True)):
            if fresh := self._counting(one, more, records[place] if records else ""):
                found[place] = joined(texts[place], found[place], fresh)
        self._exhaust(texts, found, records, [place for place, there in enumerate(found) if there])
        return found

    def spread(self, told: Sequence[Told]) -> None:
        """Find the people of each record wherever else in it they are meant, until nothing more is found.

        Args:
            told: records that know nothing of each other; findings are added. They are searched together, because
                every search costs some milliseconds whatever it searches.
        """
        known: list[list[str]] = [[] for _ in told]
        open_ = list(range(len(told)))
        while open_:
            texts: list[str] = []
            found: list[list[Finding]] = []
            records: list[str] = []
            still = []
            for number in open_:
                one = told[number]
                names = people(one.texts, one.found)
                if len(names) == len(known[number]):
                    continue
                known[number] = names
                still.append(number)
                masked = [_Masked(text, there) for text, there in zip(one.texts, one.found, strict=True)]
                hits = aliases.mentions(names, [each.text for each in masked])
                for index, more in enumerate(hits):
                    if self._add(masked[index], more, one.found[index], one.record):
                        texts.append(one.texts[index])
                        found.append(one.found[index])
                        records.append(one.record)
            self._exhaust(texts, found, records, range(len(texts)))
            open_ = still

    def _exhaust(
        self, texts: Sequence[str], found: list[list[Finding]], records: Sequence[str], places: Sequence[int]
    ) -> None:
        while places:
            masked = [_Masked(texts[place], found[place]) for place in places]
            hits = self.finder.search([one.text for one in masked], self._min_score)
            places = [
                place
                for place, one, more in zip(places, masked, hits, strict=True)
                if self._add(one, more, found[place], records[place] if records else "")
            ]

    def _add(self, masked: _Masked, candidates: Sequence[Finding], found: list[Finding], record: str) -> bool:
        """Add what counts of some candidates to the findings of a text; whether there was any."""
        fresh = self._counting(masked, candidates, record)
        found += fresh
        found.sort()
        return bool(fresh)

    def _counting(self, masked: _Masked, candidates: Sequence[Finding], record: str) -> list[Finding]:
        """What counts of some candidates, in the offsets of the text."""
        if self._entries is not None:
            candidates = self._entries.apply([masked.text], [candidates], [record])[0]
        return list(masked.original(settle(masked.text, candidates, public=self._public))) if candidates else []


def find(texts: Sequence[str], min_score: float, *, level: str = "rules") -> list[tuple[Finding, ...]]:
    """Find personal data in texts that belong to no record; see `Search`."""
    return [tuple(found) for found in Search(level, min_score).find(texts)]


def people(texts: Sequence[str], found: Sequence[Sequence[Finding]]) -> list[str]:
    """The names found, in reading order, as the search saw them."""
    return [
        plain(text[one.start : one.end])
        for text, there in zip(texts, found, strict=True)
        for one in there
        if one.label == "PERSON"
    ]


class _Masked:
    """What is searched of a text once its findings are out, and the way back to its offsets."""

    def __init__(self, text: str, found: Sequence[Finding]) -> None:
        self._whole = text
        self._stood = Edited(text, [(one.start, one.end, _STAND_IN) for one in found])
        self._copy = copy(self._stood.text)
        self.text = self._copy.text

    def original(self, found: Sequence[Finding]) -> Iterator[Finding]:
        for one in found:
            for start, end in self._copy.outside(one.start, one.end):
                first, last = self._stood.back(*self._copy.back(start, end))
                while first < last and self._whole[first].isspace():
                    first += 1
                while first < last and self._whole[last - 1].isspace():
                    last -= 1
                if first < last:
                    yield one._replace(start=first, end=last)
