"""What the words before and behind a possible name say: that it is one, and whose."""

from __future__ import annotations

from typing import NamedTuple

from curation.clean.pii.rules import cues
from curation.clean.pii.rules.lines import Line
from curation.clean.pii.rules.names import FIRST, HARD

NAMED, TREATED, BESIDE, NOTHING = 3, 2, 1, 0
"""How sure a cue is: it names somebody; something is done to somebody; a person is possible; none."""


class Lead(NamedTuple):
    """A cue.

    Attributes:
        strength: one of the constants above.
        role: who the person is, where the cue tells it.
        title: the title that stands before the name, in lower case.
    """

    strength: int
    role: str | None = None
    title: str | None = None


NONE = Lead(NOTHING)


def left(line: Line, place: int) -> Lead:
    """The best cue that ends before a word."""
    return (
        _title(line, place)
        or _naming(line, place)
        or _in_law(line, place)
        or _beside(line, place)
        or _doing(line, place)
        or NONE
    )


def right(line: Line, place: int, owned: bool) -> Lead:
    """The best cue that begins at a word, the one behind a possible name.

    Args:
        line: the line.
        place: the word behind the name.
        owned: whether the name ends in 's.
    """
    low, after = line.low(place), line.low(place + 1)
    if credentials(line, place):
        return Lead(NAMED, "clinician")
    if owned:
        if low in cues.BELONGINGS or (low in cues.ADJECTIVES and after in cues.BELONGINGS):
            return Lead(TREATED)
        return NONE
    if low == "and" and after in ("i", "me", "myself"):
        return Lead(TREATED)
    if low in (",", "(", "-", "–", "—", "is", "was", "as") and (after in cues.OWNERS or low == "("):
        skip = place + 2 if after in cues.OWNERS else place + 1
        noun = _over_adjectives(line, skip)
        role = _noun(line, noun, line.low(skip - 1)) or (
            _noun(line, noun - 1, line.low(skip - 1)) if noun > skip else None
        )
        if role is not None and (low not in ("is", "was") or after in ("my", "our", "his", "her", "their", "your")):
            return Lead(NAMED if low not in ("is", "was", "as") else TREATED, role.role)
    if low in cues.DO_STRONG or (low, after) in cues.WHERE_PEOPLE_ARE:
        return Lead(TREATED)
    return Lead(BESIDE) if low in cues.DO_SAY else NONE


def credentials(line: Line, place: int) -> bool:
    """Whether letters of a clinician's licence or degree stand there: ", LMFT", ", Ph.D."."""
    at = place + 1 if line.low(place) in (",", "(", "-", "–") else place
    if not line.cap(at) or (at == place and not line.words[at].isupper()):
        return False
    if line.low(at) in cues.CREDENTIALS:
        return True
    return line.low(at) in ("ph", "psy", "ed") and line.low(at + 1) == "." and line.low(at + 2) == "d"


def _over_adjectives(line: Line, place: int) -> int:
    for _ in range(3):
        if line.low(place) not in cues.ADJECTIVES:
            break
        place += 1
    return place


def _noun(line: Line, place: int, owner: str) -> Lead | None:
    """The role that a noun gives to the name beside it; None if it gives none and is no noun for people."""
    low = line.low(place)
    if low in cues.KIN:
        return Lead(NAMED, "relative" if owner not in ("his", "her", "their", "your") else None)
    if low in cues.CLINICIANS:
        return Lead(NAMED, "clinician")
    if low in cues.CLIENTS:
        return Lead(NAMED, "client")
    return Lead(NAMED) if low in cues.COMPANIONS else None


def _title(line: Line, place: int) -> Lead | None:
    at = place - 1
    if line.low(at) == "." and line.near(at + 1):
        at -= 1
        if line.low(at) not in ("dr", "mr", "mrs", "ms", "mx", "prof", "rev", "fr", "sgt", "capt", "lt"):
            return None
    low = line.low(at)
    if low not in cues.TITLES or line.owns[at] or not line.near(at + 1):
        return None
    if low in cues.LOOSE_TITLES and not line.caps[at]:
        return None
    if low in cues.CLINICAL_TITLES:
        return Lead(NAMED, "clinician", low)
    kin = low in cues.KIN_TITLES or (low in ("father", "brother", "sister") and line.low(at - 1) in ("my", "our"))
    return Lead(NAMED, "relative" if kin else None, low)


_BE = frozenset({"is", "was", "are", "were", ":", "'s", "be", "being"})


def _naming(line: Line, place: int) -> Lead | None:
    """'my name is X', 'her name's X', 'call me X', "I'm X", 'this is X', 'goes by X'."""
    one, two, three = line.low(place - 1), line.low(place - 2), line.low(place - 3)
    if (one in _BE and two in ("name", "names", "nickname")) or (one == "name" and place and line.owns[place - 1]):
        noun = place - (2 if one == "name" else 3)
        return _of_name(line, noun)
    if (one, two) in (("me", "call"), ("me", "calls"), ("me", "called"), ("by", "go")):
        return Lead(NAMED, "client")
    if (one == "by" and two == "goes") or (one == "as" and two == "known"):
        return Lead(NAMED)
    if one in ("i'm", "im", "i’m") or (one == "am" and two == "i"):
        return Lead(TREATED, _speaker(line))
    itself = one == "its" or (one == "it" and line.owns[place - 1])
    if itself and (place == 1 or two in cues.GREETINGS or two == ",") and line.low(place + 1) in cues.SELF_ENDS:
        return Lead(TREATED, _speaker(line))  # "hey its dani again"
    if (one == "is" and two == "this") or (one == "it" and place == 1 and line.owns[0]):
        sure = one == "is" and line.low(place + 1) in cues.SELF_ENDS
        return Lead(TREATED if sure else BESIDE, _speaker(line))
    if one == "name" and two in ("preferred", "chosen", "legal") and line.cap(place):
        return Lead(NAMED)
    if one in ("him", "her", "them") and two in ("named", "naming", "christened", "baptised", "baptized"):
        return Lead(NAMED)
    if one in ("called", "named") and not (two in cues.THINGS_NAMED or three in cues.THINGS_NAMED):
        lead = _noun(line, place - 2 - (two in ("is", "was", "i", "who", "also")), "")
        if lead is not None:
            return lead
        who = three if two in ("is", "was") else two
        return Lead(NAMED if one == "named" or who in ("he", "she", "him", "her", "who") else BESIDE)
    return None


def _of_name(line: Line, noun: int) -> Lead | None:
    owner = line.low(noun)
    if owner in ("first", "full", "last", "real", "middle", "legal", "maiden", "birth", "preferred", "chosen"):
        noun -= 1
        owner = line.low(noun)
    if owner == "my":
        return Lead(NAMED, _speaker(line))
    if owner in ("his", "her", "their", "your", "the", "whose", "our"):
        return Lead(NAMED)
    if line.low(noun + 1) in ("preferred", "chosen"):
        return Lead(NAMED)
    if 0 <= noun < len(line) and line.owns[noun]:
        return _noun(line, noun, "my") or Lead(NAMED)
    return Lead(BESIDE) if noun < 0 or line.opens[noun + 1] else None


def _speaker(line: Line) -> str:
    """Who introduces themself: a clinician if the line says so."""
    for place, low in enumerate(line.lows):
        one, two = line.low(place - 1), line.low(place - 2)
        theirs = one in ("your", "the", "psychiatric", "clinical", "health") or (
            one == "a" and two in ("i'm", "am", "and")
        )
        if low in cues.CLINICIANS and theirs:
            return "clinician"
    return "client"


def _in_law(line: Line, place: int) -> Lead | None:
    """'my sister in law X'."""
    if line.low(place - 1) != "law" or line.low(place - 2) != "in" or line.low(place - 3) not in cues.KIN:
        return None
    return Lead(NAMED, "relative" if line.low(place - 4) not in ("his", "her", "their", "your") else None)


def _beside(line: Line, place: int) -> Lead | None:
    """'my sister X', 'my boss, X,', 'his therapist (X)', 'a girl called X', 'patient X'."""
    at = place - 1
    sign = ""
    if line.low(at) in (",", "(", "-", "–", "—", ":"):
        sign = line.low(at)
        at -= 1
    if at < 0 or line.owns[at] or (line.caps[at] and not line.opens[at] and not sign):
        return None  # "an Employee Assistance Program"
    noun = _noun(line, at, "my")
    if noun is None:
        return None
    if at and line.owns[at - 1] and sign != ":":
        return Lead(NAMED, noun.role if noun.role != "relative" else None)  # "Dad's carer X"
    owner = at - 1
    for _ in range(4):
        low = line.low(owner)
        if low in cues.ADJECTIVES or (owner >= 0 and line.owns[owner] and low not in cues.OWNERS):
            owner -= 1
        else:
            break
    low = line.low(owner)
    if low in cues.OWNERS and owner < at:
        role = None if noun.role == "relative" and low in ("his", "her", "their", "your") else noun.role
        return Lead(NAMED if sign != ":" else TREATED, role)
    if sign == "(" and noun.role and line.low(place + 1) in (")", ","):
        return Lead(TREATED, noun.role)  # "Mother (Soo-jin)"
    if sign == ":" and owner < at:
        return Lead(TREATED, noun.role) if line.opens[at] or at < 3 else None
    if noun.role in ("client", "clinician") and not sign:
        return Lead(NAMED, noun.role)
    if noun.role == "relative" and not sign:
        return Lead(TREATED, noun.role)
    return None


def _doing(line: Line, place: int) -> Lead | None:
    """'told X', 'spoke to X', 'me and X', 'Hi X', 'Thanks, X', 'with X'; something against it as `NOTHING`."""
    one, two, three = line.low(place - 1), line.low(place - 2), line.low(place - 3)
    if one in cues.TO_PEOPLE:
        return Lead(TREATED)
    if one in ("to", "with", "on", "from", "about", "at", "by"):
        if two in cues.TALK or (two in ("up", "out", "off", "in", "back", "him", "her") and three in cues.TALK):
            return Lead(TREATED if one in ("to", "with") and two not in ("go", "went", "going", "moved") else BESIDE)
        if two in cues.DO_SAY or two in ("happened", "hear", "heard", "from", "hearing"):
            return Lead(BESIDE)
    if (one == "and" and two in ("me", "i")) or one == "between":
        return Lead(TREATED)
    if one in cues.DO_STRONG and two in (",", '"', "”", "’", "'", "!", "?"):
        return Lead(TREATED)  # "…," says X
    if one == "," and two == "you" and three == "thank" and line.low(place + 1) in (".", "!", ",", ""):
        return Lead(TREATED)
    greeting = one if one in cues.GREETINGS else two if one == "," and two in cues.GREETINGS else ""
    if greeting and line.low(place + 1) in (",", "!", ".", "", "-", "—", "?", "and", "for"):
        return Lead(TREATED)
    if greeting:
        return Lead(BESIDE)
    if one in (
        "to",
        "with",
        "from",
        "for",
        "about",
        "by",
        "than",
        "like",
        "because",
        "when",
        "if",
        "that",
        "and",
        "but",
    ):
        return Lead(BESIDE)
    return None


def pet(line: Line, first: int, end: int) -> bool:
    """Whether a name is an animal's: 'my dog X', 'a cat called X', 'X, our spaniel', 'X the cat'."""
    one, two = line.low(first - 1), line.low(first - 2)
    if one in cues.PETS and not line.owns[first - 1]:
        return True
    if one in (",", "called", "named", "(", "is", "-") and two in cues.PETS and not line.owns[first - 2]:
        return True
    if one in ("called", "named") and line.low(first - 3) in cues.PETS:
        return True  # a dog who is called
    if line.owns[end - 1]:
        return False
    at = end + (line.low(end) in (",", "(", "-", "is", "was"))
    if line.low(at) not in ("my", "our", "the", "a", "his", "her", "their"):
        return False
    at += 1 + (line.low(at + 1) in cues.ADJECTIVES)
    return line.low(at) in cues.PETS and not line.owns[at]


def placed(line: Line, place: int) -> bool:
    """Whether the words before make a place of what follows: 'in X', 'moved to X', 'Lake X'."""
    one, two, three = line.low(place - 1), line.low(place - 2), line.low(place - 3)
    if one in cues.PLACED or one in ("the", "a", "an", "'s"):
        return True
    if one in ("to", "from", "for", "around"):
        return two in cues.GOING or (two in ("back", "down", "up", "over", "away", "home") and three in cues.GOING)
    return line.cap(place - 1) and one in cues.SAINTLY


def first_name(kind: int) -> bool:
    """Whether the lists have the word as a first name."""
    return bool(kind & FIRST) and not kind & HARD
