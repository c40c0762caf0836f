"""The rule `people`: names of persons, with a capital letter or without, and who they are to the conversation."""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Iterator, Sequence

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules import capitals, cues, fields, lower, strangers, words
from curation.clean.pii.rules.capitals import LIKELY, POSSIBLE, Person
from curation.clean.pii.rules.lines import GIVEN, SHORTENED, UPPER, Line
from curation.clean.pii.rules.names import ACT, CITY, FIRST, HARD, LAST, PLAIN, THING, TOWN, Gazetteer, gazetteer
from curation.clean.pii.rules.rule import Rule

_CAPITALISED = re.compile(rf"(?<![^\W_])[{UPPER}][^\W\d_]*")
_LOWER = re.compile(r"(?<![^\W_])[^\W\d_A-Z][^\W\d_]+")
_CUED = re.compile(r"\b[A-Z]\.[A-Z]\.|(?i:\bname(?:'s|’s|s)?[ :]|\bcall(?:s|ed)? me\b|\b(?:dr|mrs?|ms)\b)")
_TITLES = cues.TITLES | cues.COMPANIONS | cues.CLINICIANS
_DOUBLE = THING | ACT | TOWN | CITY


def search(text: str) -> list[Finding]:
    """Find persons in a text, line by line; a name never reaches over a line feed."""
    findings: list[Finding] = []
    offset = 0
    closed = False  # whether the line before was a closing such as "Best,"
    for part in text.split("\n"):
        for first, last in _sentences(part):
            at = offset + first
            for start, end, score, role in _told(part[first:last], closed and not first):
                if not _in_address(text, at + start, at + end):
                    findings.append(Finding(at + start, at + end, "PERSON", score, "people", role))
        if part and not part.isspace():
            closed = len(part) < 40 and _closing(part)
        offset += len(part) + 1
    return findings


def _told(sentence: str, closed: bool) -> Sequence[tuple[int, int, float, str | None]]:
    """Start, end, score and role of the persons in a sentence."""
    return (_seen if len(sentence) < _LONG else _seen.__wrapped__)(sentence, closed)


# Chats repeat themselves, and what is searched again has changed in one sentence.
@functools.lru_cache(1 << 14)
def _seen(sentence: str, closed: bool) -> Sequence[tuple[int, int, float, str | None]]:
    if not _worth(sentence):
        return ()
    lists = gazetteer()
    line = Line(sentence, 0, lists)
    persons = _persons(line, lists, closed)
    return [(line.starts[one.first], line.ends[one.last], one.score, one.role) for one in persons]


def forget() -> None:
    """Forget the sentences seen, so that a measurement begins as a new process does."""
    _seen.cache_clear()
    _WORDS.clear()


_LONG = 500
"""Longer sentences are not remembered, so that what is takes some megabytes at most."""

# Not behind initials and "Dr."; a closing such as "Thanks!" is too short to be parted from its name.
_FULL_STOP = re.compile(r"[.!?](?<=[^\W_]{3}.)([\"')]? +)")
_SHORTEST = 30


def _sentences(part: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a line stand, so that only those that may hold a name are looked at closely."""
    start = 0
    if len(part) > 2 * _SHORTEST:
        for stop in _FULL_STOP.finditer(part):
            if stop.start(1) - start > _SHORTEST and not _shortened(part, stop.start(1)):
                yield start, stop.start(1)
                start = stop.end()
    yield start, len(part)


def _shortened(part: str, end: int) -> bool:
    return part[end - 1] == "." and part[max(0, end - 12) : end - 1].rpartition(" ")[2].lower() in SHORTENED


def _closing(part: str) -> bool:
    heard = part.lower().replace(",", " ").replace("!", " ").split()
    return bool(heard) and len(heard) < 5 and (heard[0] in cues.CLOSINGS or heard[-1] in cues.CLOSINGS)


_ADDRESS = re.compile(r"[@_/\\#]|\w\.[a-z]{2,}(?![.\w])")


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether the name is part of an e-mail or web address, a handle, a hashtag."""
    first = max(text.rfind(sign, max(0, start - 80), start) for sign in " \n\t") + 1
    before = text[max(first, start - 80) : start]
    after = text[end : end + 80].split(None, 1)[:1] if text[end : end + 1].strip() else []
    return bool(re.search(r"[@_/\\#.]$|[@/]|www\.", before)) or bool(
        after and re.match(r"[\w.+-]*@|_|/\w|\.[a-z]{2,3}\b", after[0])
    )


def _persons(line: Line, lists: Gazetteer, closed: bool) -> Iterator[Person]:
    found: list[Person] = []
    place = 0
    while place < len(line):
        person = None
        end = place + 1
        if line.caps[place]:
            told = (
                _signature(line, place, closed)
                or fields.field(line, place)
                or fields.surname_first(line, place)
                or fields.family(line, place)
            )
            if told:
                person, end = told, told.last + 1
            elif line.lows[place] in _TITLES and not line.kinds[place] & FIRST and line.cap(place + 1):
                pass  # the name begins behind the title
            elif line.lows[place] in fields.NOTED and line.cap(place + 1) and line.low(place + 2) == ",":
                pass  # "Pt Roe, Jane"
            elif _starts(line, place):
                end = capitals.extent(line, place)
                person = capitals.judge(line, place, end) or _label(line, place, end)
                if (
                    person is None
                    and not line.kinds[place] & FIRST
                    and (line.kinds[place] & PLAIN or line.lows[place] in _TITLES)
                ):
                    end = place + 1  # "Nurse Delgado": the name begins later
        elif closed and not place and line.kinds[0] & FIRST and not line.kinds[0] & PLAIN and _signs(line):
            person = Person(0, 0, LIKELY, None)
        elif line.lows[place][0].isalpha():
            person = lower.judge(line, place, lists)
        if person is not None:
            person = _with_nickname(line, person)
            found.append(person)
            end = max(end, person.last + 1)
        place = end
    yield from found
    yield from _joined(line, [person for person in found if person.role != "public_figure"])


def _signs(line: Line) -> bool:
    """Whether nothing but kisses stands behind the first word."""
    return all(not low.isalnum() or low in cues.CLOSINGS for low in line.lows[1:])


def _with_nickname(line: Line, person: Person) -> Person:
    """'Raymond "Ray" Pruitt': a name with another inside."""
    at = person.last + 1
    inside = (
        line.low(at) in ('"', "“", "'", "‘", "(") and line.cap(at + 1) and line.low(at + 2) in ('"', "”", "'", "’", ")")
    )
    whole = inside and line.cap(at + 3) and line.near(at + 3) and not line.kinds[at + 3] & (HARD | PLAIN)
    return person._replace(last=at + 3) if whole else person


def _starts(line: Line, place: int) -> bool:
    kind = line.kinds[place]
    return not kind & HARD or bool(kind & FIRST) or line.initial(place) or line.low(place - 1) in capitals.STRICT


def _label(line: Line, place: int, end: int) -> Person | None:
    """The speaker of 'Grace: hello'."""
    listed = place == 1 and line.low(0) in ("-", "*", "•")
    if (place and not listed) or line.low(end) != ":" or end > 3 + listed or line.titled:
        return None
    if listed and line.kinds[place] & _DOUBLE and (line.cap(end + 1) or line.low(end + 1) in _DEFINING):
        return None  # "- Patience: the art of …"
    if not line.kinds[place] & FIRST and (listed or not (end == 1 and strangers.sure(line, place))):
        return None
    return Person(place, end - 1, LIKELY, None)


_DEFINING = frozenset("the a an that this being your my our what when how to having feeling".split()) | {""}


def _signature(line: Line, place: int, closed: bool) -> Person | None:
    """A name that signs: alone in a line behind a closing or a dash, or behind a closing at the end of the line."""
    end = capitals.extent(line, place)
    rest = end + 1 if line.low(end) == "." and end < len(line) else end
    # The length first: a line may hold thousands of words behind this one.
    if rest + 2 < len(line) or any(low.isalnum() and low not in cues.CLOSINGS for low in line.lows[rest:]):
        return None
    if line.kinds[place] & (HARD | PLAIN) and not line.kinds[place] & FIRST:
        return None
    job = line.low(place + 1) in cues.CLINICIANS or strangers.unlikely(line, place)
    if not line.kinds[place] and not line.initial(place) and job:
        return None
    known = line.kinds[place] & (FIRST | LAST)
    dashed = (
        place > 0
        and line.low(place - 1) in ("-", "–", "—", "~")
        and (place == 1 or line.low(place - 2) in (".", "!", "?", ",", "x", "xx"))
    )
    behind = (
        place > 1 and line.low(place - 1) in (",", "!", "x", "xx", "xo", "xxx") and line.low(place - 2) in cues.CLOSINGS
    )
    first_of_line = place == 0 and closed
    if first_of_line or (behind and (place == 2 or line.opens[place - 2] or known)) or (dashed and known):
        last = end - 1
        while last > place and line.kinds[last] & PLAIN and not line.kinds[last] & LAST:
            last -= 1
        return Person(place, last, LIKELY if known else POSSIBLE, None)
    return None


def _joined(line: Line, found: list[Person]) -> Iterator[Person]:
    """'Xiomara and Tom', 'Tom, Xiomara and Joel': persons beside persons."""
    taken = {at for person in found for at in range(person.first, person.last + 1)}
    for person in found:
        if not line.caps[person.first]:
            continue
        at = person.last + 1
        while line.low(at) in (",", "and", "&", "or") and not line.owns[at - 1]:
            sign = line.low(at)
            at += 1 + (sign == "," and line.low(at + 1) in ("and", "&", "or"))
            if at >= len(line) or at in taken or not capitals.possible(line, at):
                break
            end = capitals.extent(line, at)
            if line.low(end - 1) in cues.PLACE_NOUNS:
                break  # "Dr Roe, Elm Tree Surgery, …"
            if sign == "," and line.low(end) not in (",", "and", "&", "or"):
                break
            yield Person(at, end - 1, POSSIBLE, None)
            taken.update(range(at, end))
            at = end
        at = person.first - 1
        while line.low(at) == "," and strangers.listed(line, at - 1) and at - 1 not in taken:
            yield Person(at - 1, at - 1, POSSIBLE, None)
            taken.add(at - 1)
            at -= 2
        at = person.first - 1
        pair = line.low(at) in ("and", "&", "or") and line.cap(at - 1) and at - 1 not in taken
        if pair and capitals.possible(line, at - 1) and (not line.opens[at - 1] or line.kinds[at - 1] & FIRST):
            yield Person(at - 1, at - 1, POSSIBLE, None)
            taken.add(at - 1)


RULES = (Rule("people", frozenset({"PERSON"}), "[[:alpha:]]{2}", search),)
"""The rule of this file."""


@functools.cache
def _dull() -> frozenset[str]:
    """Words that make no line worth a closer look, as they stand at the beginning of sentences."""
    plain = words.PLAIN - words.THINGS - words.ACTS - words.TOWNS - words.CITIES
    return frozenset(form for word in plain for form in (word.capitalize(), word.upper())) | frozenset(UPPER)


@functools.cache
def _names() -> frozenset[str]:
    kinds = gazetteer().kinds
    return frozenset(w for w, k in kinds.items() if k & FIRST and not k & (PLAIN | _DOUBLE) and len(w) > 2)


@functools.cache
def _families() -> frozenset[str]:
    return frozenset(f"{w}s" for w, k in gazetteer().kinds.items() if k & LAST and not k & (PLAIN | HARD | TOWN))


_BEFORE_CAPITAL = re.compile(rf"(?<![^\W\d_])([^\W\d_]++),? [{UPPER}][^\W\d_]")
_NOUNS = cues.KIN | cues.COMPANIONS | cues.CLINICIANS | frozenset({"Mr", "Mrs", "Ms", "Dr"})

_WEAK = words.THINGS | words.ACTS | words.TOWNS | words.CITIES
_BEFORE_WEAK = (
    cues.KIN
    | cues.COMPANIONS
    | cues.CLINICIANS
    | (cues.TITLES - cues.LOOSE_TITLES)
    | lower.BEFORE_NAMES
    | {"named", "called", "law", "&", "n"}
)
_BEHIND_WEAK = cues.DID | lower.OWNED | cues.REFUSED | {"and", "keeps", "from"}

# What one word, as blanks part them, tells of its line: a name for sure, or half of something that may hold one.
_SURE, _CUE, _NOUN, _CAPITAL, _PAIR = (1 << bit for bit in range(5))
_CUES = re.compile(r"(?i)[a-z]\.[a-z]\.|name|call|\b(?:dr|mrs?|ms)\b")


class _Words(dict[str, int]):
    """The bits of every word seen so far."""

    def __missing__(self, word: str) -> int:
        low = _LOWER.findall(word)
        sure = (
            not _dull().issuperset(_CAPITALISED.findall(word))
            or not _names().isdisjoint(low)
            or (word.partition("-")[0].lower() in GIVEN and "-" in word and word[0].isupper())
            or (not _families().isdisjoint(low) and any(fields.plural(one) for one in low))
        )
        bits = (
            _SURE * sure
            | _CUE * bool(_CUES.search(word))
            | _NOUN * (not _NOUNS.isdisjoint(_LETTERS.findall(word)))
            | _CAPITAL * (not word.islower())
            | _PAIR * (not _WEAK.isdisjoint(low) or not lower.NAMED_BESIDE.isdisjoint(low))
        )
        if len(self) < 200_000 and len(word) < 30:  # as much as a language has; not what a text makes up
            self[word] = bits
        return bits


_LETTERS = re.compile(r"[^\W\d_]+")
_WORDS = _Words()


def _worth(part: str) -> bool:
    """Whether a line may hold a name: a fast look at its words, wide enough for everything below."""
    told = functools.reduce(operator.or_, map(_WORDS.__getitem__, part.split()), 0)
    if told & _SURE or (told & _CUE and _CUED.search(part)):
        return True
    if told & _NOUN and told & _CAPITAL and not _NOUNS.isdisjoint(_BEFORE_CAPITAL.findall(part)):
        return True
    if not told & _PAIR:
        return False
    known = gazetteer().kinds
    return any(
        (b in _WEAK and a in _BEFORE_WEAK)
        or (a in _WEAK and b in _BEHIND_WEAK)
        or (a in lower.NAMED_BESIDE and b not in known)
        for a, b in itertools.pairwise(_LOWER.findall(part))
    )
