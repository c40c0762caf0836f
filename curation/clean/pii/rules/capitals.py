"""Names with a capital letter: where one begins and ends, and whether grammar and lists make it a person."""

from __future__ import annotations

import re
from typing import NamedTuple

from curation.clean.pii.rules import cues, leads, public, strangers
from curation.clean.pii.rules.gazetteer import key, towns
from curation.clean.pii.rules.known import PUBLIC
from curation.clean.pii.rules.leads import BESIDE, NAMED, TREATED, Lead
from curation.clean.pii.rules.lines import UPPER, Line
from curation.clean.pii.rules.names import ACT, CITY, FIRST, HARD, LAST, MONTH, PLAIN, THING, TOWN

SURE, LIKELY, POSSIBLE = 0.95, 0.85, 0.65
"""Scores: a cue names the person; lists and grammar agree; one of them only."""

_DOUBLE = THING | ACT | TOWN | CITY

# A word that no list has is taken for an English one if it ends like one.
_WORDISH = re.compile(
    r"(?:ly|ing|ed|tion|sion|ness|ment|ity|ous|ful|less|able|ible|ism|ists?|ally|wise|ward|ology|ative|apy|ies|ics)$"
)
_CAMEL = re.compile(rf"[a-zß-ÿ][{UPPER}]")
_CAMEL_NAME = re.compile(
    r"^(?:Mc|Mac|De|Di|Du|La|Le|Fitz|Van|Von|El|Al|Ja|Ta|Da|Ra|Ke|Sha|Ni|Ca|Mari|Jo|Ro)[A-Z]|[-'’]"
)

_ASKED = frozenset("i you can could please do are would what how it that this thank thanks we".split())
_AGAINST = frozenset("the a an my your his her our their this that of in any some no own such much more god".split())
_AGENT = cues.DO_STRONG | frozenset("wants hates hated knew thought called calls met hit works lives wanted".split())
_COPULAR = frozenset("will mark bill rob sue pat drew chase grant frank rich dean gene jack don max walker".split())
_TIMES = frozenset("in since until till by before after last next this every late early mid during from of to".split())
_GENERIC = frozenset("karen chad stacy becky kevin brad".split())

# Titles that a name always follows, and words that are none even behind one.
STRICT = frozenset("mr mrs ms mx dr prof".split())
_NO_SURNAMES = frozenset("i a the an and or my your you he she they we it is was no who what not".split())

# Capitalised inside a sentence by some, though they name nobody; and what only a person turns to.
_LOFTY = frozenset(
    "summer winter autumn spring heaven mercury venus karma trinity christian roman valentine liberty zen sky star rocky"
    " gaia glory liberty art journey pandora phoenix gala".split()
)
# Before "by", what somebody wrote: an author is a public figure.
_WORKS = frozenset(
    ['"', "”", "’", "book", "books", "written", "article", "novel", "memoir", "workbook", "poem", "song"]
)
_PREPOSITIONS = frozenset("to with from about for like and than".split())
_LEAVES = frozenset("left turned moved went got lives works put hung ran drove".split())
_ABBREVIATIONS = frozenset(
    "us uk ad pe pt tv ie eg pm am ny la dc ob er od rn md phd ra vp hr it id ok ps re ed".split()
)

_SEASONS = frozenset("summer autumn winter".split())
# Family names that are also what a place or thing is called.
_NOUN_NAMES = frozenset("park hill hall house lake church day court place law mills banks falls bridges farm".split())


class Person(NamedTuple):
    """A name in a line: its first and last token, how sure it is, whose it is."""

    first: int
    last: int
    score: float
    role: str | None


def extent(line: Line, place: int) -> int:
    """The end (exclusive) of the run of words that may be one name, from a capitalised word on."""
    end = place + 1
    if line.initial(place) and line.low(end) == ".":
        end += 1
    named = 0
    while end < len(line) and named < 5 and not line.owns[end - 1] and _joined(line, end):
        if line.shouts and (not line.kinds[end] & (FIRST | LAST) or line.kinds[end] & (PLAIN | HARD | _DOUBLE)):
            break
        if line.initial(end) and (line.words[end] != "I" or line.low(end + 1) == "."):
            end += 2 if line.low(end + 1) == "." and line.starts[end + 1] == line.ends[end] else 1
        elif line.caps[end] and not (line.kinds[end] & HARD and not line.kinds[end] & FIRST):
            end += 1
        elif line.lows[end] in cues.PARTICLES and after_particles(line, end):
            end = after_particles(line, end)
        else:
            break
        named += 1
    return end


def _joined(line: Line, place: int) -> bool:
    return line.near(place) and (line.starts[place] > line.ends[place - 1] or line.words[place - 1] == ".")


def after_particles(line: Line, place: int) -> int:
    """The end of 'van der Berg' from its first word on; 0 if no capital follows."""
    while line.low(place) in cues.PARTICLES and line.near(place):
        place += 1
    return place + 1 if line.cap(place) and line.near(place) and not line.kinds[place] & HARD else 0


def judge(line: Line, first: int, end: int) -> Person | None:
    """Whether the run of words is a person, and which of them are the name."""
    before = leads.left(line, first)
    behind = leads.right(line, end, line.owns[end - 1])
    famous = (before.strength < NAMED or before.title) and _famous(line, first, end, before.title)
    if famous or (line.low(first - 1) == "by" and line.low(first - 2) in _WORKS and end - first > 1):
        return Person(first, end - 1, LIKELY, "public_figure")
    if leads.pet(line, first, end):
        return None
    role = before.role or behind.role
    if before.strength == NAMED:
        return _cued(line, first, end, role, bool(before.title))
    strong = next((at for at in range(first, end) if _strong(line, at)), None)
    if strong is not None:
        return _listed(line, first, strong, end, before, behind, role)
    if line.kinds[first] & _DOUBLE:
        return _double(line, first, end, before, behind, role)
    return _unknown(line, first, end, before, behind, role)


def _strong(line: Line, at: int) -> bool:
    return bool(line.kinds[at] & FIRST) and not line.kinds[at] & (_DOUBLE | PLAIN) and len(line.words[at]) > 1


def _famous(line: Line, first: int, end: int, title: str | None) -> bool:
    lows = [line.lows[at] for at in range(first, end) if line.lows[at] != "."]
    if title and (title, lows[0]) in public.FULL:
        return True
    if title is None and len(lows) == 1 and lows[0] in public.SINGLE:
        return True
    if len(lows) > 1 and (
        tuple(lows) in public.FULL or tuple(lows[:2]) in public.FULL or tuple(lows[-2:]) in public.FULL
    ):
        return True
    if len(lows) > 1 and lows[-1] in public.SINGLE:
        return title is None
    partner = line.low(end + 1) if line.low(end) in ("and", "&") else ""
    ahead = line.low(first - 2) if line.low(first - 1) in ("and", "&") else ""
    return len(lows) == 1 and ((lows[0], partner) in public.FULL or (ahead, lows[0]) in public.FULL)


def _cued(line: Line, first: int, end: int, role: str | None, titled: bool) -> Person | None:
    kind, word = line.kinds[first], line.words[first]
    if line.initial(first) and line.low(first + 1) == "." and len(line.words[end - 1]) > 1:
        return Person(first, _last(line, first, end), SURE, role)
    if kind & HARD and not kind & FIRST:
        surname = titled and line.low(first - 1) in STRICT | {"."} and line.lows[first] not in _NO_SURNAMES
        return Person(first, first, SURE, role) if surname and word.isalpha() else None
    if kind & PLAIN and not kind & FIRST and not (titled and kind & LAST):
        return (
            None
            if line.titled or line.shouts or line.opens[first]
            else Person(first, _last(line, first, end), LIKELY, role)
        )
    shortened = word.isupper() and 1 < len(word) < 5 and not line.shouts
    if not titled and not kind and (shortened or _brand(line, first)):
        return None
    if not titled and line.lows[first] in public.SINGLE and not kind & FIRST:
        return None
    return Person(first, _last(line, first, end), SURE, role)


def _last(line: Line, first: int, end: int) -> int:
    """The last token of the name that begins at `first`: not an English word behind it."""
    last = first
    for at in range(first + 1, end):
        kind = line.kinds[at]
        if line.caps[at] and len(line.words[at]) > 1:
            if kind & PLAIN and not kind & (FIRST | LAST):
                break
            if kind == 0 and (_brand(line, at) or (_WORDISH.search(line.lows[at]) and not line.near(at))):
                break
        last = at
    while last > first and (line.lows[last] in cues.PARTICLES or line.words[last] == "&"):
        last -= 1
    return last


def _brand(line: Line, at: int) -> bool:
    word = line.words[at]
    return bool(_CAMEL.search(word)) and not _CAMEL_NAME.search(word)


def _listed(
    line: Line, first: int, strong: int, end: int, before: Lead, behind: Lead, role: str | None
) -> Person | None:
    """A run that holds an unmistakable first name."""
    start = strong
    while start > first and _joins(line, start - 1, first):
        start -= 1
    last = _last(line, strong, end)
    word = line.words[strong]
    alone = start == last
    if _thing_named(line, start, last, end):
        return None
    if line.cap(first - 1) and line.low(first - 1) in cues.SAINTLY and line.near(first) and before.strength < TREATED:
        return None
    if line.low(first - 1) == "." and line.low(first - 2) == "st":
        return None
    cued = before.strength >= TREATED or behind.strength >= TREATED
    if alone and word.isupper() and len(word) > 1 and not cued:
        if line.shouts:
            return Person(start, last, POSSIBLE, role) if word.lower() in _usual() else None
        if len(word) < 4:
            return None
    if alone and line.lows[strong] in _GENERIC and line.low(strong - 1) in ("a", "an", "such", "total", "typical"):
        return None
    if alone and line.opens[strong] and line.low(strong + 1) in _DETERMINERS and line.lows[strong] not in _usual():
        return None  # "Cherish the …"
    if alone and len(word) == 2 and not cued and line.lows[strong] not in _SHORT:
        return None
    score = SURE if cued else LIKELY
    return Person(start, last, score, role)


_DETERMINERS = frozenset("the a an your my his her their our this that these those it".split())
_SHORT = frozenset("jo mo bo ed ty al vi cy oz".split())


def _usual() -> frozenset[str]:
    from curation.clean.pii.rules.names import gazetteer

    return gazetteer().usual


def _joins(line: Line, at: int, first: int) -> bool:
    """Whether the token before a first name belongs to the name: an initial, another name, an unknown word."""
    kind, word = line.kinds[at], line.words[at]
    if word == "." or line.initial(at):
        return not (line.opens[at] and word in "ABCDEI")
    if line.lows[at] in cues.PARTICLES:
        return at > first
    if kind & PLAIN and not kind & FIRST:
        return False
    if line.opens[at] and (kind & (THING | ACT) or _WORDISH.search(line.lows[at]) or not kind):
        return bool(kind & (THING | ACT)) and line.lows[at] not in ("will", "may", "mark", "hope", "grant", "bill")
    return not _brand(line, at) and not (kind & (TOWN | CITY) and leads.placed(line, at))


def _thing_named(line: Line, start: int, last: int, end: int) -> bool:
    """'Beth Israel Hospital', 'Turner syndrome', "Bell's palsy": named after somebody, but no person."""
    nouns = [
        at for at in range(start + 1, min(last + 2, len(line))) if line.lows[at] in cues.PLACE_NOUNS and line.caps[at]
    ]
    for at in nouns:
        if line.owns[at - 1] and at > last:
            if line.lows[at] == "day":
                return True  # Valentine's Day
            continue
        preceded = line.low(start - 1) in ("at", "in", "the", "near", "on", "to", "from", "outside")
        if line.lows[at] not in _NOUN_NAMES or (preceded and line.low(start - 1) != "to") or at < last:
            return True
    follower = line.low(last + 1)
    if line.owns[last] and follower == "law" and line.lows[last] in _LAWS:
        return True
    if follower in cues.EPONYMS and line.near(last + 1):
        personal = follower in ("law", "effect", "theory", "model", "test", "stages", "triangle", "dogs", "principle")
        return not (line.owns[last] and personal)
    return False


_LAWS = frozenset("murphy goodhart hofstadter godwin moore parkinson newton hooke ohm".split())


def _double(line: Line, first: int, end: int, before: Lead, behind: Lead, role: str | None) -> Person | None:
    """A run that begins with a name that is a word or a place, too."""
    kind = line.kinds[first]
    last = _last(line, first, end)
    if _thing_named(line, first, last, end):
        return None
    surname = last > first and not any(
        line.kinds[at] & PLAIN and not line.kinds[at] & LAST for at in range(first + 1, last + 1)
    )
    if before.strength == TREATED or behind.strength == NAMED:
        faith = line.lows[first] in ("christian", "roman") and line.low(first - 1) in ("i'm", "im", "am")
        return None if faith and last == first else Person(first, last, SURE, role)
    if line.titled or line.shouts:
        surname = surname and bool(line.kinds[last] & LAST)
        return Person(first, last, POSSIBLE, role) if surname and not line.shouts and kind & ACT else None
    if kind & (TOWN | CITY):
        return _place_name(line, first, last, surname, before, behind, role)
    if kind & MONTH and (line.low(first - 1) in _TIMES or line.low(end).isdigit() or line.low(first - 1).isdigit()):
        return None
    if surname and line.low(first - 1) not in ("the", "a", "an", "of") and (kind & ACT or line.kinds[last] & LAST):
        return Person(first, last, LIKELY, role)
    if last > first:
        return None
    if line.opens[first]:
        return _opening(line, first, behind, role)
    return _inside(line, first, before, behind, role)


def _inside(line: Line, first: int, before: Lead, behind: Lead, role: str | None) -> Person | None:
    """A single capitalised word inside a sentence that may be a name, a thing or a month."""
    low, kind, one = line.lows[first], line.kinds[first], line.low(first - 1)
    said = one == "that" and (
        behind.strength == BESIDE or line.low(first + 1) in cues.MODALS
    )  # "you said that Hope hasn't called"
    if (one in _AGAINST and not said) or (first and line.owns[first - 1]):
        return None
    if kind & ACT or behind.strength == TREATED:
        return Person(first, first, LIKELY, role)
    if kind & MONTH:
        does = line.low(first + 1) in cues.MODALS and line.low(first + 2) not in ("be", "have", "also", "mark", "bring")
        month = not does and (one not in ("with", "and") or line.low(first + 1) in cues.OF_MONTHS)
        return None if month else Person(first, first, POSSIBLE, role)
    if before.strength == BESIDE and (behind.strength == BESIDE or one in _PREPOSITIONS):
        return Person(first, first, LIKELY if behind.strength == BESIDE else POSSIBLE, role)
    lofty = line.cap(first - 1) or (low in _LOFTY and not line.owns[first])
    return None if lofty and line.low(first + 1) not in cues.DO_SAY else Person(first, first, POSSIBLE, role)


def _place_name(
    line: Line, first: int, last: int, surname: bool, before: Lead, behind: Lead, role: str | None
) -> Person | None:
    placed = leads.placed(line, first)
    if behind.strength == TREATED and line.low(first - 1) not in ("in", "near"):
        return Person(first, last, LIKELY, role)
    if line.low(last + 1) == "," and line.cap(last + 2) and line.kinds[last + 2] & HARD:
        return None  # Charlotte, North Carolina
    if placed or (first and line.cap(first - 1) and line.low(first - 1) in cues.SAINTLY):
        return None
    if surname and line.kinds[last] & (LAST | FIRST) and not line.kinds[last] & PLAIN:
        return Person(first, last, LIKELY, role)
    if line.kinds[first] & CITY and last == first:
        return Person(first, last, POSSIBLE, role)
    beside = before.strength == BESIDE and line.low(first - 1) not in ("to", "from", "for", "by", "than")
    if last == first and not line.opens[first] and (behind.strength == BESIDE or beside):
        return Person(first, last, POSSIBLE, role)
    return None


def _opening(line: Line, first: int, behind: Lead, role: str | None) -> Person | None:
    """A sentence that begins with a word that may be a name: the words behind decide."""
    low, after, kind = line.lows[first], line.low(first + 1), line.kinds[first]
    if behind.strength == TREATED or (after in _AGENT and low not in _SEASONS):
        return Person(first, first, LIKELY, role)
    if after in cues.REFUSED and line.low(first + 2) in cues.REFUSABLE:
        return Person(first, first, POSSIBLE, role)  # "Summer won't eat with us"
    if after == "to" and line.low(first + 2) in cues.PLANNED and not kind & MONTH:
        return Person(first, first, POSSIBLE, role)  # "Joy to see the nurse"
    if after in (cues.DO_SAY - cues.OF_MONTHS if kind & MONTH else _LEAVES):
        return Person(first, first, POSSIBLE, role)
    if after == "," and strangers.spoken_to(line, first + 1):
        return Person(first, first, POSSIBLE, role)
    if kind & ACT and (behind.strength == BESIDE or (low in _COPULAR and after in cues.BE)) and after != "and":
        return Person(first, first, POSSIBLE, role)
    if after == "," and line.low(first + 2) in _ASKED and not kind & MONTH:
        return Person(first, first, POSSIBLE, role)
    return None


def _unknown(line: Line, first: int, end: int, before: Lead, behind: Lead, role: str | None) -> Person | None:
    """A run of words that no list has as a first name: cues or a listed family name must speak for it."""
    if line.initial(first):
        return _initials(line, first, end, before, role)
    kind, word, low = line.kinds[first], line.words[first], line.lows[first]
    if kind & PLAIN or _brand(line, first) or (word.isupper() and len(word) > 1) or len(word) < 3:
        return None
    if low in public.SINGLE or low in PUBLIC or _is_place(line, first, before, behind):
        return None
    last = _last(line, first, end)
    if _thing_named(line, first, last, end) or line.low(first - 1) in ("the", "a", "an"):
        return None
    if behind.strength == NAMED and behind.role == "clinician" and last > first:
        return Person(first, last, LIKELY, role)  # a name before its licence
    wordish = bool(_WORDISH.search(low))
    if line.titled:
        return None
    if line.opens[first]:
        aside = before.strength == TREATED and line.low(first - 1) == "("
        meant = aside or behind.strength >= TREATED or strangers.opening(line, first, last, behind)
        return Person(first, last, POSSIBLE, role) if meant and not wordish else None
    if before.strength == TREATED or behind.strength >= TREATED:
        return None if wordish and last == first else Person(first, last, LIKELY, role)
    if not wordish and strangers.inside(line, first, last, before, behind):
        return Person(first, last, POSSIBLE, role)
    family = last > first and line.kinds[last] & LAST and not line.kinds[last] & (PLAIN | TOWN)
    beside = before.strength == BESIDE or behind.strength == BESIDE
    return Person(first, last, POSSIBLE, role) if family and beside and not leads.placed(line, first) else None


def _is_place(line: Line, first: int, before: Lead, behind: Lead) -> bool:
    """Whether a word that no list has as a name stands where a place does, or is a town and nothing else."""
    if behind.strength == NAMED:
        return False
    asked = before.strength < TREATED and leads.placed(line, first)
    return asked or (not before.title and behind.strength < TREATED and key(line.lows[first]) in towns().sure)


def _initials(line: Line, first: int, end: int, before: Lead, role: str | None) -> Person | None:
    """'J. Okafor', 'J.R. Smith', 'with R.T.'."""
    name = next((at for at in range(first, end) if len(line.words[at]) > 1), None)
    if name is not None and line.kinds[name] & PLAIN and name == first + 4:
        end, name = name, None  # "with A.J. Client arrived …"
    noted = line.opens[first] and line.low(end) in cues.REPORTED
    if name is None and end - first == 4 and (before.strength >= BESIDE or noted):
        short = line.lows[first] + line.lows[first + 2]
        return None if short in _ABBREVIATIONS or not short.isalpha() else Person(first, end - 1, POSSIBLE, role)
    if name is None or line.words[first] == "I" or line.low(first + 1) != ".":
        return None
    if line.kinds[name] & PLAIN and not line.kinds[name] & LAST:
        return None
    if line.opens[first] and line.words[first] in "ABCDE" and name == first + 2 and not line.kinds[name] & LAST:
        return None
    return Person(first, _last(line, name, end), LIKELY, role)


def wordish(low: str) -> bool:
    """Whether a word in lower case ends as English words do and names seldom do."""
    return bool(_WORDISH.search(low))


def possible(line: Line, at: int) -> bool:
    """Whether a word beside a person's name, joined by "and", may be another person's name."""
    kind = line.kinds[at]
    return (
        line.caps[at]
        and len(line.words[at]) > 1
        and not (kind & (HARD | PLAIN) and not kind & FIRST)
        and not (line.words[at].isupper() and not line.shouts)
        and not kind & TOWN
        and not _brand(line, at)
    )
