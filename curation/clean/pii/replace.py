"""Replace what was found in one record: numbers, surrogates, years and hashes, with an audit of every place."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from curation.clean.pii import aliases, shift
from curation.clean.pii.audit import Replaced
from curation.clean.pii.canonical import OVER_89, plain
from curation.clean.pii.finding import PLACEHOLDER, Finding
from curation.clean.pii.policy import Action
from curation.clean.pii.surrogates import Surrogates, days
from curation.core.records import keyed

_ANY_CASE = frozenset({"EMAIL", "URL", "HANDLE", "PERSON", "LOCATION", "FACILITY", "ORG", "ADDRESS", "DATE"})


class Spot(NamedTuple):
    """A string of a record.

    Attributes:
        column: messages, chosen, rejected or meta; with `.reasoning`, what came before an answer.
        turn: which of the column, from 0.
        text: the string.
        found: what is to be replaced in it, in reading order.
    """

    column: str
    turn: int
    text: str
    found: Sequence[Finding]


class Policy(NamedTuple):
    """What becomes of findings.

    Attributes:
        actions: for every label.
        key: the project key.
        engine: the level that searched, for the audit.
        draw: which of the values is taken that could be made up.
    """

    actions: Mapping[str, Action]
    key: bytes
    engine: str
    draw: int = 0


def replace(spots: Sequence[Spot], record: str, policy: Policy) -> tuple[list[str], list[Replaced]] | str:
    """Replace what was found in a record.

    Within it values are numbered by label in reading order, and the same value has the same number; people have one
    number however they are named. Numbers that placeholders of the source already use are not given again.

    Args:
        spots: all strings of the record, in reading order.
        record: its id.
        policy: what becomes of findings.

    Returns:
        The new strings and the audit, or the label for which the whole record is to be dropped.
    """
    labels = {one.label for spot in spots for one in spot.found}
    for label in sorted(labels):
        if policy.actions[label] == "drop":
            return label
    stands = _Stands(spots, record, policy)
    texts: list[str] = []
    audit: list[Replaced] = []
    for spot in spots:
        parts: list[str] = []
        last = length = 0
        for one in spot.found:
            action, new = stands.of(spot.text, one)
            parts += [spot.text[last : one.start], new]
            at = length + one.start - last
            length, last = at + len(new), one.end
            audit.append(
                Replaced(
                    spot.column,
                    spot.turn,
                    one.start,
                    one.end,
                    at,
                    length,
                    one.label,
                    one.role,
                    one.recogniser,
                    one.score,
                    policy.engine,
                    action,
                    new,
                    keyed(policy.key, "pii", f"{one.label}\n{_same(one.label, spot.text[one.start : one.end])}"),
                )
            )
        texts.append("".join([*parts, spot.text[last:]]))
    return texts, audit


class _Stands:
    """What stands for the values of a record; they are asked for in reading order."""

    def __init__(self, spots: Sequence[Spot], record: str, policy: Policy) -> None:
        self._policy = policy
        # What is made up hangs on this; the first draw is that of the record's id alone.
        self._drawn = f"{record}\ndraw {policy.draw}" if policy.draw else record
        self._texts = [spot.text for spot in spots]
        self._numbers: dict[tuple[str, str], int] = {}
        self._highest: dict[str, int] = {}
        for text in self._texts:
            for label, number in PLACEHOLDER.findall(text) if "[" in text else ():
                self._highest[label] = max(self._highest.get(label, 0), int(number))
        named = [
            (plain(spot.text[one.start : one.end]), aliases.addressed(spot.text, one.start))
            for spot in spots
            for one in spot.found
            if one.label == "PERSON"
        ]
        people = [str(number) for number in aliases.link(named)]
        self._people = iter(people)
        self._mentions: dict[str, list[str]] = {}
        for person, (name, _) in zip(people, named, strict=True):
            self._mentions.setdefault(person, []).append(name)
        self._made: dict[tuple[str, str], str] = {}

    def of(self, text: str, one: Finding) -> tuple[Action, str]:
        """The action taken and what stands for the finding now."""
        value, action = plain(text[one.start : one.end]), self._policy.actions[one.label]
        # People are told apart by who they are, everything else by how it is written.
        same = next(self._people) if one.label == "PERSON" else _same(one.label, value)
        new: str | None = None
        if action == "surrogate":
            new = self._surrogate(one.label, value, same)
        elif action == "hash":
            new = self._hash(one.label, same)
        elif action == "shift":
            new = shift.shifted(value, days(self._policy.key, self._drawn))
        elif action == "generalise":
            new = _general(one.label, value, text[one.start - 1 : one.start] + text[one.end : one.end + 1])
        return ("placeholder", self._placeholder(one.label, same)) if new is None else (action, new)

    def _placeholder(self, label: str, same: str) -> str:
        if (label, same) not in self._numbers:
            self._highest[label] = self._highest.get(label, 0) + 1
            self._numbers[label, same] = self._highest[label]
        return f"[{label}_{self._numbers[label, same]}]"

    def _surrogate(self, label: str, value: str, same: str) -> str:
        if label != "PERSON":
            if (label, same) not in self._made:
                self._made[label, same] = self._surrogates.value(label, value)
            return self._made[label, same]
        if (same, value) not in self._made:
            made = self._surrogates.person(self._mentions[same])
            self._made.update({(same, name): new for name, new in made.items()})
        return self._made[same, value]

    @functools.cached_property
    def _surrogates(self) -> Surrogates:
        return Surrogates(self._policy.key, self._drawn, self._texts)

    def _hash(self, label: str, same: str) -> str:
        if label == "PERSON":
            same = _same(label, max(self._mentions[same], key=lambda name: (len(name.split()), len(name), name)))
        return hashed(self._policy.key, label, same)


def hashed(key: bytes, label: str, same: str) -> str:
    """A keyed hash as it stands in texts: the same for the same value in every conversation of a project."""
    digests = (keyed(key, "hash", f"{label}\n{same}\n{attempt}")[:16] for attempt in itertools.count())
    return f"[{label}:{next(digest for digest in digests if not digest.isdecimal())}]"


def _general(label: str, value: str, beside: str) -> str | None:
    if label == "AGE":
        # Beside other characters it would not be known again for what it is.
        return OVER_89 if not beside.strip(" \n?!;:)(-'\"") else None
    found = shift.year(value)
    return f"[{found}]" if found else None


def _same(label: str, value: str) -> str:
    value = plain(value)
    return " ".join(value.casefold().split()) if label in _ANY_CASE else "".join(filter(str.isalnum, value)).upper()
