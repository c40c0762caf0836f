"""Find personal data in texts: gates first, recognisers where a gate opens, overlaps settled once."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.entries import Matcher
from curation.clean.pii.finding import Finding
from curation.clean.pii.helplines import is_helpline
from curation.core.errors import MissingError

if TYPE_CHECKING:
    from curation.clean.pii.patterns import Guarded

LABELS = ("EMAIL", "FINANCIAL", "HANDLE", "ID", "IP", "PHONE", "URL")

# EMAIL > URL > HANDLE and FINANCIAL, ID > PHONE; an address of the web that holds a number is one thing.
_TIERS = {"EMAIL": 0, "URL": 1, "HANDLE": 2, "FINANCIAL": 3, "ID": 3, "IP": 3, "PHONE": 4}

PLACEHOLDER = re.compile(r"\[([A-Z]{2,12})_([0-9]{1,6})\]")
"""What stands for removed data, ours or another tool's: never searched, never part of a finding."""

# Recognisers see at most this much at once, so that no pattern runs long and no number search stops half-way.
_WINDOW = 10_000
_OVERLAP = 1_000

_CANARIES = (
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
)


class Span(NamedTuple):
    """Personal data in a text: character offsets, and what it is."""

    start: int
    end: int
    label: str


def find(
    texts: Sequence[str],
    min_score: float,
    *,
    gated: bool = True,
    entries: Matcher | None = None,
    records: Sequence[str] = (),
) -> list[tuple[Span, ...]]:
    """Find personal data.

    The search is repeated on what the last round left until it finds nothing more, so that a text whose findings
    are replaced holds no finding.

    Args:
        texts: any strings; give each once.
        min_score: findings below this score of Presidio's (0 to 1) do not count.
        gated: ask the gates first; without them the result is the same and comes later.
        entries: what people said the recognisers get wrong.
        records: for each text the record that `entries` are asked about.

    Returns:
        For each text its spans, in reading order, none overlapping.

    Raises:
        MissingError: the recognisers do not find what they must.
    """
    found: list[list[Span]] = [[] for _ in texts]
    left = dict(enumerate(PLACEHOLDER.sub(_blank, text) for text in texts))
    guarded = _recognisers()
    while left:
        places, masked = list(left), list(left.values())
        hits = _scan(masked, guarded, min_score, gated)
        if entries is not None:
            raw = [hits.get(index, []) for index in range(len(masked))]
            applied = entries.apply(masked, raw, [records[place] for place in places])
            hits = {index: found for index, found in enumerate(applied) if found}
        left = {}
        for index, candidates in hits.items():
            spans = _settle(candidates)
            found[places[index]] += spans
            left[places[index]] = _mask(masked[index], spans)
    return [tuple(sorted(spans)) for spans in found]


def _scan(texts: Sequence[str], guarded: Iterable[Guarded], min_score: float, gated: bool) -> dict[int, list[Finding]]:
    array = pa.array(texts, pa.string())
    hits: dict[int, list[Finding]] = {}
    for one in guarded:
        opened = pc.match_substring_regex(array, one.gate).to_numpy(zero_copy_only=False)
        for index in np.flatnonzero(opened).tolist() if gated else range(len(texts)):
            for candidate in _search(texts[index], one):
                if candidate.score >= min_score:
                    hits.setdefault(index, []).append(candidate)
    return hits


def _search(text: str, one: Guarded) -> Iterator[Finding]:
    for offset in range(0, max(1, len(text) - _OVERLAP), _WINDOW - _OVERLAP):
        window = text[offset : offset + _WINDOW]
        cut = offset + _WINDOW < len(text)
        for result in one.recogniser.analyze(window, [], None):
            at_edge = (offset > 0 and result.start == 0) or (cut and result.end == len(window))
            if at_edge and result.end - result.start < _OVERLAP:
                continue  # half a finding; the neighbouring window holds it whole
            start, end = result.start + offset, result.end + offset
            if at_edge and one.label == "URL":
                end = _URL_REST.match(text, end).end()  # type: ignore[union-attr]
            if one.label == "PHONE" and is_helpline(text[start:end]):
                continue
            yield Finding(start, end, one.label, result.score, one.recogniser.name)


_URL_REST = re.compile(r"[^\s<>\"]*")


def _settle(candidates: list[Finding]) -> list[Span]:
    """Of overlapping findings keep one: by tier, then the longer, then the better score, then the first.

    An e-mail address inside a web address goes with it, so that nothing of that address is left behind.
    """
    starts: list[int] = []
    ends: list[int] = []
    order = sorted(
        _outer(candidates), key=lambda c: (_TIERS.get(c.label, 5), c.start - c.end, -c.score, c.start, c.label)
    )
    taken = []
    for one in order:
        place = bisect.bisect_left(starts, one.end)  # the first taken span that begins at or after this one's end
        if place == 0 or ends[place - 1] <= one.start:
            starts.insert(place, one.start)
            ends.insert(place, one.end)
            taken.append(Span(one.start, one.end, one.label))
    return taken


def _outer(candidates: Iterable[Finding]) -> Iterator[Finding]:
    reach = 0
    for one in sorted(set(candidates), key=lambda c: (c.start, -c.end, c.label != "URL")):
        if one.label == "URL":
            reach = max(reach, one.end)
        if one.label != "EMAIL" or one.end > reach:
            yield one


def _blank(match: re.Match[str]) -> str:
    # Line feeds: no pattern reaches over them, and every other character keeps its place.
    return "\n" * len(match[0])


def _mask(text: str, spans: Iterable[Span]) -> str:
    parts, last = [], 0
    for span in sorted(spans):
        parts += [text[last : span.start], "\n" * (span.end - span.start)]
        last = span.end
    return "".join([*parts, text[last:]])


@functools.cache
def _recognisers() -> tuple[Guarded, ...]:
    """The recognisers, after they have shown in this process that they work."""
    from curation.clean.pii.patterns import recognisers

    made = recognisers()
    for index, (text, label) in enumerate(_CANARIES):
        labels = {c.label for hits in _scan([text], made, 0.35, True).values() for c in hits}
        if label not in labels:
            raise MissingError(
                f"the recognisers failed their self-test: {label} in sentence {index + 1} was not found",
                where="scrub",
                fix="pip install --upgrade --force-reinstall 'curation[pii]'",
            )
    return made
