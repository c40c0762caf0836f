"""What is said before a name that makes a place of it: "moved back to", "grew up near", "a town called"."""

from __future__ import annotations

# It comes as a head and a preposition: "moved (back) to", "grew up near". STRONG heads make a place
# of any name, LOOSE ones ("went to", "job in") only of a listed one.

_RESIDE = """
    live lives lived living reside resides resided residing settle settled settling based born raised up brought stay stays
    stayed staying stuck stationed homeless childhood upbringing house home flat apartment condo cottage farm studio
    bungalow hometown residence neighborhood neighbourhood rent renting mortgage squat lodging roots posted
"""
_AROUND = """
    family parents mum mom dad mother father brother sister son daughter relatives cousin cousins friends job office branch
    church practice clinic hospital school uni university college wedding funeral conference festival hostel hotel airbnb
    place retreat working work works worked studied studying study meet met meeting happened back over down out lost
    somewhere anywhere arrived arrive landed training rehab camp grave buried died accident weekend holiday vacation summer
    therapist doctor store shop bar beach party people life everything everyone apartment-hunting month year years day
"""
_MOVE = """
    move moves moved moving relocate relocates relocated relocating emigrated immigrated fled evacuated commute commutes
    commuted commuting drive drives drove driving fly flies flew flying flight flights travel travels traveled travelled
    traveling travelling trip hitchhiked deported
"""
_GO = """
    come comes came coming go goes went going gone get gets got getting head heads headed heading return returns returned
    returning visit visits back over down up out away train bus transferred transfer ran run running took take taking ride
    sent close next invited bring brought journey way miles minutes hour hours home drive
"""
_FROM = """
    i'm im am was he's she's we're they're you're hail hails hailed originally is are were come comes came family moved
    move moving relocated fled emigrated drove flew travelled traveled commute commutes commuted commuting away home back evacuated
"""
STRONG = {
    "in": frozenset(_RESIDE.split()),
    "near": frozenset(_RESIDE.split()),
    "outside": frozenset(_RESIDE.split()),
    "around": frozenset(_RESIDE.split()),
    "to": frozenset(_MOVE.split()),
    "from": frozenset(_FROM.split()) - {"is", "are", "were", "was", "back", "come", "comes", "came", "family"},
}
LOOSE = {
    "in": frozenset(_AROUND.split()),
    "near": frozenset(_AROUND.split()),
    "outside": frozenset(_AROUND.split()),
    "to": frozenset(_GO.split()),
    "into": frozenset(_GO.split()) | frozenset(_MOVE.split()),
    "from": frozenset(_FROM.split()) | {"guy", "girl", "man", "woman", "people", "kid", "someone", "train", "far"},
}
_BETWEEN = frozenset(
    """
    here there back home away out over up down all the way my life originally now still alone together again right just
    somewhere most whole for a while years year months weeks with his her our their husband wife partner kids family mum mom
    dad parents boyfriend girlfriend him them me us abroad overseas actually recently first once also both always mostly
    currently permanently temporarily , only born
    """.split()
)
_KINDS = frozenset(
    """
    city town village suburb suburbs outskirts borough hamlet neighborhood neighbourhood parish county area part side
    centre center middle estate place north south east west community
    """.split()
)

NONE, LOOSELY, STRONGLY = 0, 1, 2
"""How strongly a place is asked for: for no name, for a listed one, for any."""

_BY_NAME = ("called", "named", "of")
_LEFT = ("left", "leave", "leaving", "headed", "heading", "bound")
_WHO = ("he", "she", "i", "we", "they", "family", "husband", "wife", "mum", "mom", "dad")


_SEASIDE = frozenset(
    """pier beach harbour harbor port docks marina seafront promenade station airport seaside campsite crematorium cemetery
    racecourse lighthouse""".split()
)


def asked(words: list[str]) -> int:
    """How strongly the words before a name, in lower case, ask for a place."""
    words = list(words)
    while words and words[-1] in ("the", "downtown", "central", "rural", "sunny", "nearby", "good", "old"):
        words.pop()
    if not words:
        return NONE
    by_kind = _by_kind(words)
    if by_kind:
        return by_kind
    if words[-2:] in (["out", "of"], ["outside", "of"], ["close", "to"], ["next", "to"]):
        words[-2:] = ["outside" if words[-1] == "of" else "near"]
    bound = words[-1] == "for" and words[-2:-1] and words[-2] in _LEFT
    if words[-1] == "at" and words[-2:-1] and words[-2] in _SEASIDE:
        return LOOSELY
    preposition = "to" if words[-1] in ("towards", "toward") or bound else words[-1]
    if preposition not in LOOSE and preposition != "around":
        return NONE
    words.pop()
    if preposition == "to" and "from" in words[-5:]:
        words = words[: len(words) - 1 - words[::-1].index("from")]
    if preposition == "from" and words[-1:] in (["is"], ["are"], ["was"], ["were"]):
        return STRONGLY if words[-2:-1] and words[-2] in _WHO else NONE
    return _by_head(words, preposition)


def _by_kind(words: list[str]) -> int:
    """For a name behind the word for what it is: "a village called", "the outskirts of", "my hometown,"."""
    if words[-1] not in (*_BY_NAME, "like", "near", "outside", "is", "was", ",") or not _KINDS & set(words[-4:-1]):
        return NONE
    if words[-1] == "," and words[-2] in ("village", "town", "city", "hometown", "suburb"):
        return STRONGLY
    if words[-1] in _BY_NAME or "hometown" in words[-4:]:
        vague = {"part", "side", "centre", "center", "area", "place"} & set(words[-4:]) and words[-1] == "of"
        return STRONGLY if words[-1] in _BY_NAME and not vague else LOOSELY
    return NONE


def _by_head(words: list[str], preposition: str) -> int:
    for word in words[:-6:-1]:
        if word in STRONG.get(preposition, ()):
            return STRONGLY
        if word in LOOSE.get(preposition, ()):
            return LOOSELY
        if word not in _BETWEEN:
            break
    return NONE
