"""Names in lower case: behind a cue, or where the word is nothing but a name."""

from __future__ import annotations

from curation.clean.pii.rules import capitals, cues, fields, leads, public
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
    if not kind and one in NAMED_BESIDE:
        return _beside_kin(line, place)
    if not kind and one == "the":
        return fields.lower_family(line, place)
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
        acts = acts or (one in ("named", "called") and after in _WHO)
        if kind & _DOUBLE and not (line.owns[place] or acts or after in (",", ".")):
            return None
        return Person(place, _surname(line, place), SURE, lead.role)
    if low in lists.usual:
        return Person(place, _surname(line, place), SURE if lead.strength == TREATED else POSSIBLE, lead.role)
    if _pair(line, place):
        return Person(place, place, POSSIBLE, lead.role)
    if kind & (_DOUBLE | TOWN | CITY | HARD) or low in SLANG or len(low) < 3 or wordish(low):
        return None
    likely = looks(low) > 0 and not common(low)
    beside = one in _NEAR_NAMES and (after in _ENDS or after in cues.BE or after in cues.DO_SAY)
    acts = after in cues.DO_SAY or after in ("is", "was", "has", "and")
    if len(low) < 4:
        acts = (acts or after == "is") and one in _BEFORE_SUBJECTS | _SIGHS | {"said"} and looks(low) > _SHORT_LOOK
        beside = beside and one in ("with", "about", "from") and looks(low) > _SHORT_LOOK
    elif (likely or (looks(low) > -0.2 and not common(low))) and _told_of(line, place):
        return Person(place, place, POSSIBLE, lead.role)
    if (lead.strength == TREATED and (len(low) > 3 or (likely and one not in cues.KIN))) or (
        likely and (beside or (acts and (place == 0 or one in _BEFORE_SUBJECTS | _SIGHS | {"said"})))
    ):
        return Person(place, place, POSSIBLE, lead.role)
    return None


_SHORT_LOOK = 0.2
_PEOPLE = cues.COMPANIONS | cues.CLINICIANS | cues.ADULTS | {"partner"}


def _told_of(line: Line, place: int) -> bool:
    """'my only mate there is agnieszka', 'thank you farida', 'went to see maya'."""
    one, two = line.low(place - 1), line.low(place - 2)
    if one in ("is", "was"):
        noun = place - 3 if two in ("here", "there", "now", "then") else place - 2
        owner = noun - 1 - (line.low(noun - 1) in cues.ADJECTIVES)
        return line.low(noun) in _PEOPLE and line.low(owner) in ("my", "our")
    return (one, two) in (("you", "thank"), ("see", "to")) or one in cues.GREETINGS - {"morning", "evening", "yo"}


def _pair(line: Line, place: int) -> bool:
    """'so jas and tanisha both …': two names that the lists have, of which one is nothing else."""
    other = place + 2 if line.low(place + 1) in _AND else place - 2 if line.low(place - 1) in _AND else -1
    if not 0 <= other < len(line) or line.caps[other]:
        return False
    pair = (place, other)
    if any(not line.kinds[at] & FIRST or line.kinds[at] & (PLAIN | HARD | TOWN | CITY | _DOUBLE) for at in pair):
        return False
    lows = [line.lows[at] for at in pair]
    sure = [
        len(low) > 3 and looks(low) > 0 and not common(low) and low not in SLANG and not wordish(low) for low in lows
    ]
    return any(sure) and all(low not in SLANG or len(low) > 2 for low in lows)


_AND = frozenset({"and", "&", "n"})
_NEAR_NAMES = frozenset("with about from for to and say says said think thinks like than because that when if".split())


def _acts(line: Line, place: int) -> bool:
    """Whether a word that may be a name stands where only a name can, whatever else it means: 'asked rob', "mark's mum"."""
    one, after, kind = line.low(place - 1), line.low(place + 1), line.kinds[place]
    begins = one in _BEFORE_SUBJECTS or place == 0 or one in _SIGHS
    if line.owns[place]:
        return after in OWNED and one not in cues.OWNERS
    joined = after == "and" and line.low(place + 2) in ("i", "me")
    if begins and (after in cues.DID or joined) and not kind & MONTH:
        return True
    if begins and (after, line.low(place + 2)) in cues.WHERE_PEOPLE_ARE and not kind & MONTH:
        return True  # "ugh bill from accounts"
    if begins and after in cues.REFUSED and line.low(place + 2) in cues.REFUSABLE and not kind & MONTH:
        return True  # "what if hope doesnt want me there"
    if begins and after == "keeps" and line.low(place + 2) in _KEEPS:
        return True
    ends = after in _ENDS or after in _AGAIN
    if one in _AND and line.low(place - 2) in ("me", "i"):
        return ends or after in cues.DID or after in _WE
    if one in _TOLD and not kind & (TOWN | CITY):
        return ends or after in _TOLD_THAT
    if one == "with" and line.low(place - 2) in _IN and not kind & (TOWN | CITY):
        return ends or after in ("already", "now", "instead")
    return one in ("with", "from", "about") and bool(kind & ACT) and line.lows[place] in _VERBS and ends


_SIGHS = frozenset("think thought says said ugh heard sure guess yeah well so".split())
_KEEPS = frozenset("asking texting calling saying telling messaging emailing staring lying crying drinking".split())
_WHO = frozenset(["who", "i", "in", "at", "from", "and", "that", "he", "she", "but", "", "!", "?", ")"])
NAMED_BESIDE = cues.ADULTS | frozenset(
    "friend bestie bff mate boss roommate flatmate housemate neighbour neighbor coworker colleague therapist counsellor"
    " partner".split()
)
"""People beside whom a word that no list has may be a name, in lower case."""
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
    short = len(low) < 4 or line.low(place - 1) not in cues.ADULTS
    if (
        not fits
        or len(low) < 2
        or (short and looks(low) < _SHORT_LOOK)
        or not low.isalpha()
        or wordish(low)
        or low.endswith("s")
    ):
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
