"""Names in lower case: behind a cue, or where the word is nothing but a name."""

from __future__ import annotations

from curation.clean.pii.rules import capitals, cues, leads, public
from curation.clean.pii.rules.capitals import LIKELY, POSSIBLE, SURE, Person, wordish
from curation.clean.pii.rules.leads import NAMED, TREATED, Lead
from curation.clean.pii.rules.lines import Line
from curation.clean.pii.rules.looks import common, looks
from curation.clean.pii.rules.names import ACT, CITY, FIRST, HARD, LAST, MONTH, PLAIN, THING, TOWN, Gazetteer
from curation.clean.pii.rules.words import SLANG

_DOUBLE = THING | ACT
_ENDS = frozenset(
    ["", ".", ",", "!", "?", ")", ";", ":", "-", "and", "btw", "from", "here", "by", "but", "who", "lol", "x"]
)
_FINITE = frozenset("is was has had said says told tells keeps left died wants called calls texted hates loves".split())
_FINITE |= cues.DO_SAY - {"always", "never", "put", "hit"}
_MAY_NAME = cues.TITLES | {".", "name", "me"}
_STRICT = frozenset("dr mr mrs ms mx prof".split())


def judge(line: Line, place: int, lists: Gazetteer) -> Person | None:
    """Whether a word in lower case is a name, and how far the name reaches."""
    low, kind = line.lows[place], line.kinds[place]
    one = line.low(place - 1)
    listed = bool(kind & FIRST) and not kind & PLAIN
    if not kind and one in cues.ADULTS:
        return _beside_kin(line, place)
    if not listed and one not in _MAY_NAME and line.low(place - 2) != "name":
        return None  # nearly every word of a text ends here
    if len(low) < 2 or not low[0].isalpha():
        return None
    lead = leads.left(line, place)
    if lead.title:
        end = capitals.after_particles(line, place) if low in cues.PARTICLES else 0
        if end:
            return Person(place, end - 1, SURE, lead.role)  # Mrs. van der Berg
        return _titled(line, place, lead.title, lead.role)
    if kind & HARD and not kind & FIRST:
        return None
    if lead.strength == NAMED and _naming(line, place):
        return _introduced(line, place, lead.role)
    return _listed(line, place, lead, lists) if kind & FIRST and not kind & PLAIN else None


def _listed(line: Line, place: int, lead: Lead, lists: Gazetteer) -> Person | None:
    """A word that the lists have as a first name, by what stands around it."""
    low, kind = line.lows[place], line.kinds[place]
    one, after = line.low(place - 1), line.low(place + 1)
    if public.FULL.intersection(((one, low), (low, after))):
        return None
    if _acts(line, place):
        return Person(place, _surname(line, place), POSSIBLE, lead.role)  # "grace told me": neither virtue nor verb
    if lead.strength >= TREATED and one in ("i'm", "im", "am", "its", "it"):
        fits = not kind & _DOUBLE and after in (_ENDS if one not in ("its", "it") else cues.SELF_ENDS)
        return Person(place, place, LIKELY, lead.role) if fits else None
    if lead.strength == NAMED:
        acts = after in _FINITE or (after.endswith("ed") and len(after) > 4)
        if kind & _DOUBLE and not (line.owns[place] or acts or after in (",", ".")):
            return None
        return Person(place, _surname(line, place), SURE, lead.role)
    if low in lists.usual:
        return Person(place, _surname(line, place), SURE if lead.strength == TREATED else POSSIBLE, lead.role)
    if kind & (_DOUBLE | TOWN | CITY | HARD) or low in SLANG or len(low) < 4 or wordish(low):
        return None
    likely = looks(low) > 0 and not common(low)
    beside = one in _NEAR_NAMES and (after in _ENDS or after in cues.BE or after in cues.DO_SAY)
    acts = after in cues.DO_SAY or after in ("is", "was", "has", "and")
    if lead.strength == TREATED or (likely and (beside or (acts and (place == 0 or one in _BEFORE_SUBJECTS)))):
        return Person(place, place, POSSIBLE, lead.role)
    return None


_NEAR_NAMES = frozenset("with about from for to and say says said think thinks like than because that when if".split())


def _acts(line: Line, place: int) -> bool:
    """Whether a word that may be a name stands where only a name can, whatever else it means: 'asked rob', "mark's mum"."""
    one, after, kind = line.low(place - 1), line.low(place + 1), line.kinds[place]
    begins = one in _BEFORE_SUBJECTS or place == 0
    if line.owns[place]:
        return after in OWNED and one not in cues.OWNERS
    joined = after == "and" and line.low(place + 2) in ("i", "me")
    if begins and (after in cues.DID or joined) and not kind & MONTH:
        return True
    ends = after in _ENDS or after in _AGAIN
    if one == "and" and line.low(place - 2) in ("me", "i"):
        return ends or after in cues.DID or after in _WE
    if one in _TOLD and not kind & (TOWN | CITY):
        return ends or after in _TOLD_THAT
    if one == "with" and line.low(place - 2) in _IN and not kind & (TOWN | CITY):
        return ends or after in ("already", "now", "instead")
    return one in ("with", "from", "about") and bool(kind & ACT) and line.lows[place] in _VERBS and ends


_TOLD = frozenset("told texted messaged phoned emailed dating dumped asked confronted divorced".split())
_IN = frozenset("in living lives cheated cheating flirting slept sleeping affair together out".split())
OWNED = cues.BELONGINGS - frozenset("side behaviour behavior place day friends parents school".split())
BEFORE_NAMES = _TOLD | {"with", "from", "about", "and"}
_AGAIN = frozenset("again today yesterday tonight anymore lately about for because when if so then last at on".split())
_WE = frozenset("are were have had got went broke fought argued used live lived split talk talked both".split())
_TOLD_THAT = frozenset("that to i he she how what why where about he's she's i'm we they the my everything".split())
_VERBS = frozenset("drew grant jack mark mo pat rob skip sue wade will chuck max frank rich dean don gene".split())

_BEFORE_SUBJECTS = frozenset(
    ["when", "and", "but", "so", "because", "cause", "cuz", "bc", "that", "then", "if", "after", "since", "until", "why",
     ",", ".", "!", "?", "lol", "omg", "like", "how", "what", "where", "before", "ok", "once"]
)  # fmt: skip


def _beside_kin(line: Line, place: int) -> Person | None:
    """'my sister shonagh put me …': a word that no list has, between kin and what people do."""
    low = line.lows[place]
    lead = leads.left(line, place)
    acts = line.low(place + 1) in cues.DO_SAY - {"always", "never"} or line.low(place + 1) in (
        "is",
        "was",
        "has",
        "had",
    )
    owned = line.low(place - 2) in ("my", "his", "her", "our", "your") or line.low(place - 2) in cues.ADJECTIVES
    fits = lead.strength == NAMED and not lead.title and owned and acts
    if not fits or len(low) < 4 or not low.isalpha() or wordish(low) or low.endswith("s"):
        return None
    return Person(place, place, POSSIBLE, lead.role)


def _naming(line: Line, place: int) -> bool:
    one, two = line.low(place - 1), line.low(place - 2)
    return "name" in (one, two) or (one == "me" and two == "call")


def _introduced(line: Line, place: int, role: str | None) -> Person | None:
    """'my name is tariq', whatever the lists say of it."""
    low, kind = line.lows[place], line.kinds[place]
    if kind & PLAIN and not kind & FIRST:
        return None
    if line.low(place - 1) == "me" and (not kind & FIRST or kind & _DOUBLE):
        return None
    if not kind & FIRST and wordish(low):
        return None
    last = place
    if line.near(place + 1) and line.kinds[place + 1] & LAST and not line.kinds[place + 1] & (PLAIN | _DOUBLE):
        last += 1
    return Person(place, last, SURE, role)


def _titled(line: Line, place: int, title: str, role: str | None) -> Person | None:
    """'dr patel', 'mrs kowalczyk', 'aunt sue'."""
    low, kind = line.lows[place], line.kinds[place]
    if kind & HARD and not kind & FIRST:
        return None
    if title not in _STRICT:
        fits = bool(kind & FIRST) and not kind & PLAIN
    elif kind & PLAIN:
        fits = bool(kind & LAST) and title != "dr"
    else:
        alone = title != "dr" or line.low(place + 1) in _ENDS | cues.DO_SAY | cues.BE
        fits = bool(kind) or (not wordish(low) and alone)
    if not fits:
        return None
    last = place
    if kind & FIRST and title in _STRICT:
        last = _surname(line, place)
    return Person(place, last, SURE, role)


def _surname(line: Line, place: int) -> int:
    """The last token of 'sarah lopez': a family name that is nothing else."""
    at = place + 1
    if line.owns[place] or not line.near(at) or line.caps[at] != line.caps[place]:
        return place
    if (
        len(line.lows[at]) == 1
        and line.lows[at] not in "aiuxnr"
        and line.low(at + 1) in cues.DO_SAY | {"is", "was", "has"}
    ):
        return at  # "hannah b wants"
    kind = line.kinds[at]
    if kind & LAST and not kind & (PLAIN | _DOUBLE) and not wordish(line.lows[at]) and line.low(at) not in cues.DO_SAY:
        return at
    return place
