"""The search itself: recognisers, rules and a model over texts of any length, window by window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from curation.clean.pii.driver import Driver, Hit, passing
from curation.clean.pii.entities import Model
from curation.clean.pii.finding import LABELS, Finding
from curation.clean.pii.helplines import is_helpline
from curation.clean.pii.settle import joined, settle

if TYPE_CHECKING:
    from curation.clean.pii.rules.rule import Rule

WINDOW = 10_000
OVERLAP = 1_000
"""Recognisers see at most this many characters at once, so that no pattern runs long; windows overlap by so many."""

Learned = Callable[[Sequence[str]], list[list[Finding]]]
"""What was learned from marked texts: findings in each of some texts, whatever the others are."""

_URL_REST = re.compile(r"[^\s<>\"]*")


class _Window(NamedTuple):
    """A stretch of a text: which, from where on, its characters, and whether the text goes on behind it."""

    place: int
    offset: int
    text: str
    cut: bool


class Finder:
    """Finds personal data at one level.

    Attributes:
        level: its name, as it stands in the audit.
        labels: what it can find.
        languages: ISO 639-1 codes of the languages it can read; None for any.
        model: what finds entities beside recognisers and rules, if anything does.
    """

    def __init__(
        self,
        level: str,
        driver: Driver,
        rules: Sequence[Rule] = (),
        languages: frozenset[str] | None = None,
        model: Model | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.level = level
        self.languages = languages
        self.model = model
        self.labels = driver.labels.union(*(one.labels for one in rules))
        self._driver = driver
        self._rules = rules
        self._learned = learned

    def search(self, texts: Sequence[str], min_score: float) -> list[list[Finding]]:
        """Candidates in each text, overlapping ones and all; the result for a text depends on nothing else.

        Args:
            texts: any strings; give each once.
            min_score: findings below this score (0 to 1) do not count.
        """
        windows = list(_windows(texts))
        seen = [one.text for one in windows]
        found: list[list[Finding]] = [[] for _ in texts]
        for window, hits in zip(windows, self._driver.search(seen, min_score), strict=True):
            if hits:
                found[window.place] += _whole(texts[window.place], window, self._labelled(window.text, hits))
        array = pa.array(seen, pa.string())
        for rule in self._rules:
            for index in passing(array, rule.gate):
                window = windows[index]
                told = (one for one in rule.search(window.text) if one.score >= min_score)
                found[window.place] += _whole(texts[window.place], window, told)
        if self._learned is not None:
            more: dict[int, list[Finding]] = {}
            for window, fresh in zip(windows, self._learned(seen), strict=True):
                if fresh:
                    told = (one for one in fresh if one.score >= min_score)
                    more.setdefault(window.place, []).extend(_whole(texts[window.place], window, told))
            for place, fresh in more.items():
                found[place] += _added(texts[place], found[place], fresh)
        return found

    def _labelled(self, text: str, hits: Iterable[Hit]) -> Iterator[Finding]:
        for hit in hits:
            label = self._driver.label_of(hit)
            if label in LABELS and not (label == "PHONE" and is_helpline(text[hit.start : hit.end])):
                yield Finding(hit.start, hit.end, label, hit.score, hit.recogniser)


def _added(text: str, told: Sequence[Finding], learned: Iterable[Finding]) -> list[Finding]:
    """What was learned adds to what the rules tell; it renames nothing, and knows no public figure better."""
    public = [one for one in told if one.role == "public_figure"]
    fresh = [one for one in learned if not any(p.start < one.end and one.start < p.end for p in public)]
    if not fresh:
        return []
    settled = settle(text, told)
    return [one for one in joined(text, settled, fresh) if one not in settled]


def _windows(texts: Sequence[str]) -> Iterator[_Window]:
    for place, text in enumerate(texts):
        if len(text) <= WINDOW:
            yield _Window(place, 0, text, False)
            continue
        for offset in range(0, len(text) - OVERLAP, WINDOW - OVERLAP):
            yield _Window(place, offset, text[offset : offset + WINDOW], offset + WINDOW < len(text))


def _whole(text: str, window: _Window, hits: Iterable[Finding]) -> Iterable[Finding]:
    """Findings in a window as findings in its text, without those that the window cuts: a neighbour has them whole."""
    if not window.offset and not window.cut:
        return hits
    return _placed(text, window, hits)


def _placed(text: str, window: _Window, hits: Iterable[Finding]) -> Iterator[Finding]:
    for hit in hits:
        at_edge = (window.offset > 0 and hit.start == 0) or (window.cut and hit.end == len(window.text))
        if at_edge and hit.end - hit.start < OVERLAP:
            continue
        start, end = hit.start + window.offset, hit.end + window.offset
        if at_edge and hit.label == "URL" and (rest := _URL_REST.match(text, end)):
            end = rest.end()
        yield hit._replace(start=start, end=end)
