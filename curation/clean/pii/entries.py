"""Entries: what people said the search misses (deny) and what it takes for personal data that is none (allow).

A value is compared word by word: its words, case-folded, in their order. What stands between two words does not
count, as long as it is short and no line feed. Nothing here needs the value itself: an entry holds a keyed digest.
"""

from __future__ import annotations

import bisect
import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from curation.clean.pii.finding import LABELS, ROLES, Finding
from curation.core.declare import doc
from curation.core.records import keyed, prefix_of, source_of
from curation.core.store import WHOLE

MOST_WORDS = 16
"""An entry is a name, an address, a number; whoever denies a sentence wants the record withdrawn."""

DENY = "deny"
"""The recogniser that the audit names for a finding of an entry."""

# Scripts that put no blanks between words: there every sign is a word of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_GAP = re.compile(r"[^\n]{0,3}")

# Words, first digits of the first word's digest, digest of all words.
_KEYED = re.compile(r"([1-9][0-9]?)\.([0-9a-f]{3})\.([0-9a-f]{32})")
_HINT = 3
_SCOPE = re.compile(r"project|source:[A-Za-z0-9_-]+|conversation:[A-Za-z0-9_-]+:[0-9a-f]{16}(?:-[0-9]+)?")
_RANKS = ("project", "source", "conversation")
_NARROWEST = len(_RANKS) - 1


@dataclass(frozen=True)
class Entry:
    """A value that is personal data (deny) or is none (allow), somewhere."""

    kind: Literal["deny", "allow"] = doc("deny: always personal data; allow: never")
    label: str | None = doc("of a deny entry, what it is; of an allow entry, what it is not (any label)", default=None)
    value: str | None = doc("the words in the clear, where they are no personal data", default=None)
    keyed: str | None = doc("instead of the value: its digest under the project key", default=None)
    scope: str = doc("project, source:NAME or conversation:ID", default="project")
    role: str | None = doc(f"of a person: {', '.join(ROLES)}", default=None)
    note: str | None = doc("for people; decides nothing", default=None)

    def __post_init__(self) -> None:
        """Refuse what can match nothing, or says less than it has to. The message never quotes the value."""
        if (self.value is None) == (self.keyed is None):
            raise ValueError("an entry has either a 'value' or a 'keyed' one")
        if self.value is not None and not 1 <= len(words(self.value)) <= MOST_WORDS:
            raise ValueError(f"the 'value' must have 1 to {MOST_WORDS} words")
        if self.keyed is not None and not _KEYED.fullmatch(self.keyed):
            raise ValueError("'keyed' is written by curate scrub deny|allow; this one is cut or changed")
        if self.label not in (*LABELS, None) or (self.kind == "deny" and self.label is None):
            raise ValueError(f"'label' must be one of: {', '.join(LABELS)}")
        if not _SCOPE.fullmatch(self.scope):
            raise ValueError("'scope' must be project, source:NAME or conversation:ID")
        if self.role is not None and (self.role not in ROLES or self.label != "PERSON"):
            raise ValueError(f"'role' is for PERSON, one of: {', '.join(ROLES)}")

    @property
    def where(self) -> str:
        """The source or record that the scope names; empty for the project."""
        return self.scope.partition(":")[2]

    @property
    def rank(self) -> int:
        """How narrow the scope is. The narrower entry wins, and of equals deny."""
        return _RANKS.index(self.scope.partition(":")[0])

    @property
    def size(self) -> int:
        """How many words a keyed entry has."""
        return int((self.keyed or "0").partition(".")[0])

    def hidden(self, key: bytes) -> Entry:
        """The entry with its value keyed."""
        return dataclasses.replace(self, value=None, keyed=self.keyed or digest(key, self.value or ""))

    def covers(self, record: str) -> bool:
        """Is this record in the scope?"""
        return self.scope == "project" or self.where in (record, source_of(record))


def words(text: str) -> list[str]:
    """The words of a text as entries compare them."""
    return [_fold(word) for word in _WORD.findall(unicodedata.normalize("NFKC", text))]


def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()


def digest(key: bytes, value: str) -> str:
    """The `keyed` of a value: how many words, a hint of the first one, and a keyed digest of all.

    The hint lets the search hash only windows that can begin a match. Without the key neither can be tested
    against guessed names; two entries that begin with the same word show the same hint.
    """
    found = words(value)
    return f"{len(found)}.{_hash(key, found[:1])[:_HINT]}.{_hash(key, found)}"


def _hash(key: bytes, found: Sequence[str]) -> str:
    return keyed(key, "entry", " ".join(found))


def sealed(entries: Iterable[Entry], key: bytes) -> tuple[Entry, ...]:
    """Entries as a spec holds them: keyed, without notes, each once, in an order of their own."""
    bare = {dataclasses.replace(entry.hidden(key), note=None) for entry in entries}
    return tuple(sorted(bare, key=lambda e: (e.scope, e.kind, e.label or "", e.role or "", e.keyed or "")))


def within(entries: Iterable[Entry], source: str, parts: Sequence[str]) -> tuple[Entry, ...]:
    """The entries that can touch these parts of a source, in their order."""

    def touches(entry: Entry) -> bool:
        if entry.rank == _NARROWEST and source_of(entry.where) == source:
            return any(part == WHOLE or prefix_of(entry.where, len(part)) == part for part in parts)
        return entry.covers(f"{source}:")

    return tuple(filter(touches, entries))


def narrow(spec: Any, source: str, parts: Sequence[str]) -> Any:
    """The spec of scrub with the entries that can touch these parts of a source."""
    return dataclasses.replace(spec, entries=within(spec.entries, source, parts))


class Matcher:
    """Entries, ready to be applied to a batch of texts; it remembers the digests of the words it has seen.

    Attributes:
        records: ids that have entries of their own, so that their texts cannot be searched once for all.
    """

    def __init__(self, entries: Iterable[Entry], key: bytes) -> None:
        self._key = key
        self._known: dict[str, list[Entry]] = {}
        sizes: dict[str, set[int]] = {}
        for entry in sealed(entries, key):
            size, hint, value = (entry.keyed or "").split(".")
            self._known.setdefault(value, []).append(entry)
            sizes.setdefault(hint, set()).add(int(size))
        self._sizes = {hint: tuple(sorted(found)) for hint, found in sizes.items()}
        self._begin: dict[str, tuple[int, ...]] = {}  # word -> how many words an entry beginning with it may have
        self._hashes: dict[str, str] = {}
        self.records = frozenset(e.where for found in self._known.values() for e in found if e.rank == _NARROWEST)

    def apply(
        self, texts: Sequence[str], candidates: Sequence[Sequence[Finding]], records: Sequence[str]
    ) -> list[list[Finding]]:
        """Add what is denied and take away what is allowed.

        A narrower scope wins over a wider one, and of equals deny wins. An allowed value frees findings that lie
        within it, not larger ones around it. A finding around a denied value stays and swallows it; of one that
        overlaps it only the rest stays.

        Args:
            texts: what is searched; line feeds part what never belongs together.
            candidates: for each text what was found in it.
            records: for each text the id of its record, or `source:` for a text of records without own entries.

        Returns:
            For each text its findings, those of entries with score 1, not overlapping each other.
        """
        return [
            self._apply(text, found, record) for text, found, record in zip(texts, candidates, records, strict=True)
        ]

    def matches(self, text: str, record: str) -> Iterator[tuple[int, int, Entry]]:
        """Every place in a text that an entry whose scope holds the record speaks of, in reading order."""
        spots = [(m.start(), m.end(), m[0]) for m in _WORD.finditer(text)]
        for first, (start, _, word) in enumerate(spots):
            for size in self._sizes_of(word):
                window = spots[first : first + size]
                if len(window) < size or not all(_GAP.fullmatch(text, a[1], b[0]) for a, b in pairwise(window)):
                    continue
                for entry in self._known.get(self._hash_of(" ".join(_fold(w) for _, _, w in window)), ()):
                    if entry.size == size and entry.covers(record):
                        yield start, window[-1][1], entry

    def stands(self, text: str, record: str) -> list[tuple[int, int, Entry]]:
        """As `matches`, without the denied places that a narrower entry allows."""
        spoken = list(self.matches(text, record)) if self._opens(text) else []
        allowed = _Allowed(spoken)
        return [
            (start, end, entry)
            for start, end, entry in spoken
            if entry.kind == "allow" or not allowed.hold(start, end, entry.label, above=entry.rank)
        ]

    def _opens(self, text: str) -> bool:
        return any(map(self._sizes_of, set(_WORD.findall(text))))

    def _sizes_of(self, word: str) -> tuple[int, ...]:
        found = self._begin.get(word)
        if found is None:
            found = self._begin[word] = self._sizes.get(self._hash_of(_fold(word))[:_HINT], ())
        return found

    def _hash_of(self, joined: str) -> str:
        found = self._hashes.get(joined)
        if found is None:
            found = self._hashes[joined] = _hash(self._key, [joined])
        return found

    def _apply(self, text: str, candidates: Sequence[Finding], record: str) -> list[Finding]:
        stands = self.stands(text, record)
        if not stands:
            return list(candidates)
        allowed = _Allowed(stands)
        denied = _apart(text, (place for place in stands if place[2].kind == "deny"))
        kept = [c for c in candidates if not allowed.hold(c.start, c.end, c.label, above=-1)]
        return _merge(text, kept, denied)


class _Allowed:
    """The allowed places of a text, asked in logarithmic time whether one of them holds another place whole."""

    def __init__(self, places: Iterable[tuple[int, int, Entry]]) -> None:
        found: dict[tuple[str | None, int], tuple[list[int], list[int]]] = {}
        for start, end, entry in places:  # in the order of their starts
            if entry.kind == "deny":
                continue
            starts, reach = found.setdefault((entry.label, entry.rank), ([], []))
            starts.append(start)
            reach.append(max(end, reach[-1] if reach else 0))
        self._found = found

    def hold(self, start: int, end: int, label: str | None, *, above: int) -> bool:
        """Does a place of this label, or of any, whose scope is narrower than `above` hold it?"""
        for (named, rank), (starts, reach) in self._found.items():
            place = bisect.bisect_right(starts, start)
            if rank > above and named in (None, label) and place and reach[place - 1] >= end:
                return True
        return False


def _apart(text: str, places: Iterable[tuple[int, int, Entry]]) -> list[Finding]:
    """Denied places as findings that do not overlap and leave no word out: the first and longest whole."""
    found: list[Finding] = []
    order = sorted(places, key=lambda p: (p[0], -p[1], -p[2].rank, p[2].label or "", p[2].role or ""))
    for start, end, entry in order:
        rest = _WORD.search(text, max(start, found[-1].end if found else 0), end)
        if rest:
            found.append(Finding(rest.start(), end, entry.label or "", 1.0, DENY, entry.role))
    return found


def _merge(text: str, candidates: Iterable[Finding], denied: Sequence[Finding]) -> list[Finding]:
    starts, ends = [d.start for d in denied], [d.end for d in denied]
    swallowed: set[Finding] = set()
    found: list[Finding] = []
    for one in candidates:
        touched = denied[bisect.bisect_right(ends, one.start) : bisect.bisect_left(starts, one.end)]
        around = bool(touched) and one.start <= touched[0].start and touched[-1].end <= one.end
        if not touched or (around and one[:2] != touched[0][:2]):
            found.append(one)
            swallowed.update(touched)
        else:
            found += _rest(text, one, touched)
    return [*found, *(d for d in denied if d not in swallowed)]


def _rest(text: str, one: Finding, gone: Sequence[Finding]) -> Iterator[Finding]:
    """What is left of a finding beside denied places, from its first word to its last."""
    bounds = [one.start, *(edge for d in gone for edge in (d.start, d.end)), one.end]
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        inside = list(_WORD.finditer(text, start, end)) if start < end else []
        if inside:
            yield one._replace(start=inside[0].start(), end=inside[-1].end())
