"""Made-up values that read like the real ones: the same for the same value, conversation and key, no one's otherwise.

Names come from the lists of Faker's person providers, numbers from ranges that are set aside for fiction and
documentation: 555-01xx (NANP), 07700 900xxx (Ofcom), RFC 2606 host names, RFC 5737 and RFC 3849 addresses.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from curation.core.records import keyed

# English first: a name that several peoples share stays among English ones. All are written in Latin letters.
_LOCALES = ("en_US", "en_IN", "es_ES", "es_MX", "pt_BR", "fr_FR", "de_DE", "it_IT", "pl_PL", "nl_NL", "sv_SE", "tr_TR")

_WORD = re.compile(r"[^\W\d_]+")
_TRIES = 64


class _Names(NamedTuple):
    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]


class Surrogates:
    """The made-up values of one conversation."""

    def __init__(self, key: bytes, record: str, texts: Iterable[str]) -> None:
        """Begin a conversation.

        Args:
            key: the project key: without it nothing links a value to its surrogate.
            record: the conversation's id.
            texts: what is said in it, whose words no surrogate may use.
        """
        self._key = key
        self._record = record
        self._taken = {word.casefold() for text in texts for word in _WORD.findall(text)}

    def person(self, mentions: Sequence[str]) -> dict[str, str]:
        """For every way in which one person is named, another person's name in the same way.

        Args:
            mentions: the names as they stand in the text, titles not among them, in reading order.
        """
        full = max(mentions, key=lambda name: (len(_WORD.findall(name)), len(name)))
        words = [word.casefold() for word in _WORD.findall(full)]
        locale, female, male = _origin(words)
        lists = _names(locale)
        given = (
            lists.female if female and not male else lists.male if male and not female else lists.female + lists.male
        )
        seed = "person", " ".join(words)
        first = self._free(seed, lambda digest: _pick(given, digest))
        last = self._free(("family", words[-1] if words else ""), lambda digest: _pick(lists.last, digest))
        family = {words[-1]} if len(words) > 1 else set()
        return {name: _in_the_shape_of(name, first, last, family) for name in mentions}

    def value(self, label: str, value: str) -> str:
        """Something made up of the same kind, in the same shape where it has one."""
        made = _MAKERS[label]
        return self._free((label, value.casefold()), lambda digest: made(value, digest))

    def _free(self, seed: tuple[str, str], make: Callable[[str], str]) -> str:
        """The first thing made from the seed that uses no word of the conversation and of what was made before."""
        made = ""
        for attempt in range(_TRIES):
            made = make(keyed(self._key, "surrogate", "\n".join((self._record, *seed, str(attempt)))))
            words = {word.casefold() for word in _WORD.findall(made) if len(word) > 2 and word[0].isupper()}
            if self._taken.isdisjoint(words):
                self._taken |= words
                return made
        return made


def days(key: bytes, record: str) -> int:
    """By how many days the dates of a conversation are moved: 30 to 365, back or forth."""
    number = int(keyed(key, "shift", record), 16)
    return (30 + number % 336) * (1 if number >> 64 & 1 else -1)


def _in_the_shape_of(name: str, first: str, last: str, family: set[str]) -> str:
    words = _WORD.findall(name)
    if not words:
        return first
    if len(words) == 1:
        made = last if words[0].casefold() in family else first
        if len(words[0]) == 1:
            return name.replace(words[0], made[0] if words[0].isupper() else made[0].lower())
    elif all(len(word) == 1 for word in words):
        return name.replace(words[0], first[0], 1).replace(words[-1], last[0])
    else:
        made = f"{first} {last}"
    if name.islower():
        return made.lower()
    return made.upper() if name.isupper() and len(words[0]) > 1 else made


@functools.cache
def _names(locale: str) -> _Names:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    both = tuple(provider.first_names)
    female = tuple(getattr(provider, "first_names_female", both))
    male = tuple(getattr(provider, "first_names_male", both))
    return _Names(
        *(tuple(sorted({n for n in names if _WORD.fullmatch(n)})) for names in (female, male, provider.last_names))
    )


@functools.cache
def _known() -> Mapping[str, tuple[str, bool, bool]]:
    known: dict[str, tuple[str, bool, bool]] = {}
    for locale in reversed(_LOCALES):
        lists = _names(locale)
        female, male = ({name.casefold() for name in names} for names in lists[:2])
        for name in female | male:
            known[name] = locale, name in female, name in male
    return known


def _origin(words: Sequence[str]) -> tuple[str, bool, bool]:
    """Locale, and whether the name is a woman's, a man's; both where nothing tells."""
    return next((_known()[word] for word in words[:1] if word in _known()), (_LOCALES[0], True, True))


def _pick(values: Sequence[str], digest: str, at: int = 0) -> str:
    return values[int(digest[at : at + 8], 16) % len(values)]


def _number(digest: str, at: int, low: int, high: int) -> int:
    return low + int(digest[at : at + 6], 16) % (high - low + 1)


def _last(digest: str) -> str:
    return _pick(_names(_LOCALES[0]).last, digest)


def _alike(value: str, digest: str) -> str:
    """Digits for digits, letters for letters."""
    stream = iter(digest * (len(value) // len(digest) + 1))
    return "".join(
        str(int(next(stream), 16) % 10)
        if c.isdigit()
        else "ABCDEFGHJKLMNPRS"[int(next(stream), 16)]
        if c.isalpha() and c.isupper()
        else "abcdefghjkmnprst"[int(next(stream), 16)]
        if c.isalpha()
        else c
        for c in value
    )


def _ending(value: str, digest: str, kinds: Mapping[str, str], otherwise: Sequence[str]) -> str:
    said = [kinds[word.casefold()] for word in _WORD.findall(value) if word.casefold() in kinds]
    return said[-1] if said else _pick(otherwise, digest, 8)


def _words(text: str) -> dict[str, str]:
    return {word.casefold(): word for word in text.split()}


_STREETS = _words("Street Road Avenue Lane Drive Court Close Way Place Terrace Boulevard Crescent Square Gardens Row")
_HOUSES = _words(
    "Hospital Clinic School Church Prison Shelter Centre Center College Academy Hospice Ward Mosque Temple Synagogue"
    " Chapel House Jail Infirmary Surgery Practice Kindergarten Nursery Cathedral Parish Rehab Unit Library"
)
_BODIES = _words(
    "University College Bank Ltd Inc LLC LLP Group Logistics Association Society Club Foundation Trust Union Council"
    " Company Corporation Partners Solutions Services Academy Institute Motors Insurance"
)
_CITIES = ("ton", "ville", "field", "bury", "ford", "ham", "burgh", "mouth")


def _address(value: str, digest: str) -> str:
    if re.search(r"(?i)\bbox\b", value):
        return f"PO Box {_number(digest, 8, 1000, 9899)}"
    return f"{_number(digest, 16, 11, 989)} {_last(digest)} {_ending(value, digest, _STREETS, ('Street', 'Road'))}"


def _location(value: str, digest: str) -> str:
    if any(map(str.isdigit, value)):
        return _alike(value, digest)
    made = _last(digest) + _pick(_CITIES, digest, 8)
    return made.lower() if value.islower() else made


def _facility(value: str, digest: str) -> str:
    return f"{_last(digest)} {_ending(value, digest, _HOUSES, ('House', 'Centre'))}"


def _body(value: str, digest: str) -> str:
    return f"{_last(digest)} {_ending(value, digest, _BODIES, ('Group', 'Ltd', 'Partners'))}"


def _phone(value: str, digest: str) -> str:
    digits = "".join(filter(str.isdigit, value))
    if digits.startswith(("44", "07")) and len(digits) > 10:
        return f"07700 900{_number(digest, 0, 0, 999):03}"
    return (
        f"{'+1 ' if value.startswith('+') else ''}{_number(digest, 0, 202, 989)}-555-01{_number(digest, 8, 0, 99):02}"
    )


def _slug(digest: str) -> str:
    return f"{_last(digest).lower()}{_number(digest, 8, 10, 99)}"


def _handle(value: str, digest: str) -> str:
    prefix = re.match(r"@|/?u/", value)
    return (prefix[0] if prefix else "") + _slug(digest)


def _ip(value: str, digest: str) -> str:
    return f"2001:db8::{digest[:4]}:{digest[4:8]}" if ":" in value else f"192.0.2.{_number(digest, 0, 1, 254)}"


_MAKERS: Mapping[str, Callable[[str, str], str]] = {
    "ADDRESS": _address,
    "EMAIL": lambda value, digest: f"{_slug(digest)}@example.org",
    "FACILITY": _facility,
    "FINANCIAL": _alike,
    "HANDLE": _handle,
    "ID": _alike,
    "IP": _ip,
    "LOCATION": _location,
    "ORG": _body,
    "PHONE": _phone,
    "URL": lambda value, digest: f"https://example.org/{_slug(digest)}",
}
