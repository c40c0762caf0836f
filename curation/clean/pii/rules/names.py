"""Gazetteers: which words are names, read at run time from the packages `faker` and `names`, corrected by our lists.

Both packages are MIT-licensed and come with the extra `pii`; `names` holds the first and last names of the United
States census of 1990 with their shares, Faker the usual names of some eighty locales. Nothing of them is copied.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import pkgutil
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from curation.clean.pii.rules import words
from curation.clean.pii.rules.more_names import FURTHER
from curation.core.errors import MissingError

FIRST, LAST, PLAIN, HARD, THING, ACT, MONTH, TOWN, CITY = (1 << bit for bit in range(9))
"""What a word may be; one word may be several. See `words` for all but `FIRST` and `LAST`."""

# The census lists 88,799 last names; beyond this rank they are rarer than one in 100,000 and more often a word.
_LAST_RANK = 20_000

# Usual first names are known in lower case without a cue, too: those of at least this share (per cent) of the census,
# those of Faker's British and American lists, and ours.
_USUAL_SHARE = 0.02
_USUAL_LOCALES = ("en_GB", "en_US")


@dataclass(frozen=True)
class Gazetteer:
    """What the lists know.

    Attributes:
        kinds: from a word in lower case to its kinds, a sum of the constants above; other words are unknown.
        usual: first names that mean nothing else, so that they count in lower case without any cue.
        digest: SHA-256 of all that, which changes with the installed packages.
    """

    kinds: dict[str, int]
    usual: frozenset[str]
    digest: str

    def kind(self, word: str) -> int:
        """The kinds of a word in lower case, accents aside; 0 if it is unknown."""
        found = self.kinds.get(word)
        if found is None and not word.isascii():
            found = self.kinds.get(fold(word))
        return found or 0


@functools.cache
def gazetteer() -> Gazetteer:
    """Read the lists, once per process (about a second).

    Raises:
        MissingError: one of the packages is not installed, or holds no names.
    """
    shares, ranks = _census()
    first = {part for name in [*shares, *_faker("first"), *FURTHER] for part in _parts(name)}
    last = {part for name in [*ranks, *_faker("last")] for part in _parts(name)}
    if len(first) < 10_000 or len(last) < 10_000:
        raise MissingError("the lists of names are not what they were", where="names, faker", fix=_FIX)
    kinds: dict[str, int] = {}
    for kind, group in (
        (FIRST, first - words.PLAIN),
        (LAST, last - words.HARD),
        (PLAIN, words.PLAIN),
        (HARD, words.HARD),
    ):
        for word in group:
            kinds[word] = kinds.get(word, 0) | kind
    double = (
        (THING, words.THINGS),
        (ACT, words.ACTS),
        (MONTH, words.MONTHS),
        (TOWN, words.TOWNS),
        (CITY, words.CITIES),
    )
    for kind, group in double:
        for word in group:
            kinds[word] = kinds.get(word, 0) & ~(PLAIN | HARD) | FIRST | kind
    plain = words.PLAIN | words.SLANG | frozenset().union(*(group for _, group in double))
    often = {name for name, share in shares.items() if share >= _USUAL_SHARE}.union(
        part for name in _faker("first", _USUAL_LOCALES) for part in _parts(name)
    )
    usual = frozenset({n for n in often if len(n) > 3} | {n for n in FURTHER if len(n) > 4}) - plain
    content = repr((sorted(kinds.items()), sorted(usual)))
    return Gazetteer(kinds, usual, hashlib.sha256(content.encode()).hexdigest())


def fold(word: str) -> str:
    """The word without accents: José is Jose."""
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("ı", "i").replace("ł", "l")


_FIX = "pip install 'curation[pii]'"


def _census() -> tuple[dict[str, float], dict[str, int]]:
    """First names with their share in per cent, last names with their rank."""
    try:
        folder = Path(str(importlib.import_module("names").__file__)).parent
        first, last = (
            [line.split() for file in files for line in (folder / file).read_text("ascii").splitlines()]
            for files in (("dist.female.first", "dist.male.first"), ("dist.all.last",))
        )
    except (ImportError, OSError) as error:
        raise MissingError("the package `names` is not here, or holds no lists", where="rules", fix=_FIX) from error
    shares: dict[str, float] = {}
    for name, share, *_ in first:
        shares[name.lower()] = max(float(share), shares.get(name.lower(), 0.0))
    return shares, {name.lower(): int(rank) for name, _, _, rank in last if int(rank) <= _LAST_RANK}


def _faker(which: str, locales: Container[str] | None = None) -> Iterator[str]:
    """First or last names of these locales, or of all of them."""
    try:
        person = importlib.import_module("faker.providers.person")
    except ImportError as error:
        raise MissingError("the package `faker` is not here", where="rules", fix=_FIX) from error
    for module in pkgutil.iter_modules(person.__path__):
        if locales is not None and module.name not in locales:
            continue
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            if which in attribute and "name" in attribute and "format" not in attribute:
                value = getattr(provider, attribute)
                if isinstance(value, tuple | list | dict):
                    yield from _strings(value)


def _strings(value: Iterable[object]) -> Iterator[str]:
    for one in value:
        if isinstance(one, str):
            yield one
        elif isinstance(one, Iterable):  # some locales pair a name with its romanised form
            yield from _strings(one)


def _parts(name: str) -> Iterator[str]:
    for part in name.lower().replace(".", " ").split():
        if len(part) > 1 and part[0].isalpha() and "LATIN" in unicodedata.name(part[0], ""):
            yield part
            if not part.isascii():
                yield fold(part)
