"""A sample as the rules of `detect` look at it, and the adapters that they propose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.pull.sample import Profile, Sample
from curation.pull.vocabulary import plain_name

Declared = dict[str, Any]

MARKED = re.compile(
    r"<\|im_start\|>|\[INST\]|(?m:^\s*###\s*\w+\s*:)|(?m:^\s*<?(?:human|assistant|user)>?\s*:)", re.IGNORECASE
)
"""Marks of speakers inside of a text."""


@dataclass(frozen=True)
class Candidate:
    """An adapter that may fit.

    Attributes:
        declared: what would stand in sources.yaml.
        score: from 0 to 1, how sure the columns make it; the trial on the sample comes on top.
        why: what told it.
        warnings: what a person should look at.
    """

    declared: Declared
    score: float
    why: str
    warnings: tuple[str, ...] = ()


@dataclass
class Look:
    """A sample, its columns by what their names mean, and what was noticed on the way."""

    sample: Sample
    notes: list[str] = field(default_factory=list)

    def first(self, meanings: Sequence[str], kinds: Iterable[str] = ("text",), but: Iterable[str] = ()) -> str | None:
        """The column whose name stands first among `meanings`."""
        return next(iter(self.all(meanings, kinds, but)), None)

    def all(self, meanings: Sequence[str], kinds: Iterable[str] = ("text",), but: Iterable[str] = ()) -> list[str]:
        """Columns with such a name and such values, by the order of the names; whole columns before parts of them."""
        found = [
            (name.count("."), meanings.index(plain_name(name)), name)
            for name, profile in self.sample.columns.items()
            if plain_name(name) in meanings and profile.kind in kinds and name not in but
        ]
        return [name for _, _, name in sorted(found)]

    def profile(self, name: str) -> Profile:
        """What a column looks like."""
        return self.sample.columns[name]
