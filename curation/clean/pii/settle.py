"""Of findings that overlap: which counts."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from curation.clean.pii.entries import DENY
from curation.clean.pii.finding import Finding

# EMAIL > URL > HANDLE, numbers with a check digit or a shape of their own > PHONE, ADDRESS > what stands in one.
# Of the same tier the longer finding counts.
_TIERS = {"EMAIL": 0, "URL": 1, "HANDLE": 2, "FINANCIAL": 3, "ID": 3, "IP": 3, "PHONE": 4, "ADDRESS": 4}
_LAST = 5


def settle(text: str, candidates: Sequence[Finding], *, public: bool = False) -> list[Finding]:
    """Of overlapping findings keep one: by tier, then the longer, then the better score, then the first.

    What a finding that loses holds beside the winner stays found, so that nothing is lost by finding more. An e-mail
    address inside a web address goes with it. A public figure is none, and shields its name from findings that know
    no role.

    Args:
        text: the text they were found in.
        candidates: findings in any order, each as often as it was found.
        public: keep public figures as the persons they are.

    Returns:
        Findings in reading order, none overlapping, each from its first letter or digit or sign to its last.
    """
    outer = _outer(candidates)
    found = sorted(outer if public else _people(outer))
    if all(a.end <= b.start for a, b in itertools.pairwise(found)):
        return [piece for one in found for piece in _trimmed(text, one, one.start, one.end)]
    taken: list[Finding] = []
    starts: list[int] = []
    for one in sorted(found, key=_rank):
        place = bisect.bisect_left(starts, one.end)
        first = place
        while first and taken[first - 1].end > one.start:
            first -= 1
        for piece in _beside(text, one, taken[first:place]):
            at = bisect.bisect_left(starts, piece.start)
            starts.insert(at, piece.start)
            taken.insert(at, piece)
    return taken


def joined(text: str, sure: Sequence[Finding], more: Sequence[Finding]) -> list[Finding]:
    """Findings, and what others add to them: a longer form of the same, or something beside them; never another label.

    Args:
        text: the text they were found in.
        sure: findings in reading order, none overlapping.
        more: others of the same kind.

    Returns:
        Findings in reading order, none overlapping, which hold every character of the first ones.
    """
    made = list(sure)
    for one in more:
        others = [o for o in sure if o.label != one.label and o.start < one.end and one.start < o.end]
        for piece in _beside(text, one, others):
            same = [o for o in made if o.label == one.label and o.start < piece.end and piece.start < o.end]
            if same:
                piece = max(same, key=lambda o: o.end - o.start)._replace(
                    start=min(piece.start, same[0].start), end=max(piece.end, same[-1].end)
                )
            made = sorted([*(o for o in made if o not in same), piece])
    return made


def _rank(one: Finding) -> tuple[Any, ...]:
    return _TIERS.get(one.label, _LAST), one.start - one.end, -one.score, one.start, one.label, one.recogniser


def _beside(text: str, one: Finding, taken: Iterable[Finding]) -> list[Finding]:
    """What is left of a finding beside others that are in order and do not overlap."""
    left: list[Finding] = []
    start = one.start
    for other in taken:
        left += _trimmed(text, one, start, other.start)
        start = other.end
    return [*left, *_trimmed(text, one, start, one.end)]


def _trimmed(text: str, one: Finding, start: int, end: int) -> Iterator[Finding]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    # Beside others, punctuation is nothing.
    if start < end and (end - start == one.end - one.start or any(map(str.isalnum, text[start:end]))):
        yield one._replace(start=start, end=end)


def _outer(candidates: Iterable[Finding]) -> Iterator[Finding]:
    reach = 0
    for one in sorted(set(candidates), key=lambda c: (c.start, -c.end, c.label != "URL")):
        if one.label == "URL":
            reach = max(reach, one.end)
        if one.label != "EMAIL" or one.end > reach:
            yield one


def _people(candidates: Iterable[Finding]) -> Iterator[Finding]:
    reach = 0
    for one in sorted(set(candidates), key=lambda c: (c.start, c.role != "public_figure", -c.end)):
        if one.role == "public_figure":
            reach = max(reach, one.end)
        elif one.label != "PERSON" or one.role or one.end > reach or one.recogniser == DENY:
            yield one
