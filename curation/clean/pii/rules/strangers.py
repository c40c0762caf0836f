"""Capitalised words that no list has as a first name: people by where they stand in a sentence.

Inside a sentence English writes names with a capital and little else. So such a word is taken for a person where
people stand, unless the words around make it a place, a thing, a medicine or a programme. At the beginning of a
sentence a capital says nothing: there it has to look like a name, too.
"""

from __future__ import annotations

import re

from curation.clean.pii.rules import cues, leads
from curation.clean.pii.rules.gazetteer import key, towns
from curation.clean.pii.rules.leads import BESIDE, TREATED, Lead
from curation.clean.pii.rules.lines import Line
from curation.clean.pii.rules.looks import common, looks
from curation.clean.pii.rules.names import FIRST, HARD, LAST, PLAIN, TOWN

_PROBABLE, _EVEN, _DOUBTFUL, _HARDLY = 0.2, 0.0, -0.4, -0.7
"""How much a word must look like a name: where nothing else speaks for it, where something does, where much does."""

# Before things: what is used, taken, watched, spoken, what somebody is in or at.
_BEFORE_THINGS = frozenset(
    """
    the a an this that these those some any no each every another my your our his her their its in at into near onto on
    off of using use uses used take takes taking took taken try tried trying via watch watched watching play played
    playing read reading speak speaks speaking prescribed start started starting stop stopped stopping download
    downloaded join joined joining per as called mg in-the hate hated celebrate celebrated learn learned learning study
    studied studying buy bought wear wore drink drank eat ate drive drove lived live born from to
    """.split()
)
_TO = frozenset({"to", "from", "of", "on"})
# Behind people: not the noun that a name of a thing stands before.
_BEHIND = frozenset([".", ",", "!", "?", ";", ":", ")", "", "-", "–", "—", "…", '"', "”", "'", "’", "("])
_ASKED = frozenset(
    """
    i i'm i've i'll you you're can could please do did don't are would will what how why when where who it it's that
    that's this thank thanks we we're let is put stop go get come listen look sit stay take wait leave give tell try
    talk call have if sorry just help remember
    """.split()
)
_NO_VERBS = frozenset(
    """
    of and or for in on to with at by from as than that this the a an my your it i you we they he she if but so because
    when not no out up off into about over under before after like until since without between through against
    """.split()
)
# How words of medicine end, which are capitalised by some.
_MEDICAL = re.compile(
    r"(?:ph[oi]bia|phonia|phil[ei]a|phelia|opia|osis|itis|a?emia|pathy|pepsia|plegia|rrhea|azepam|zolam|etine|idone|apine"
    r"|iptan|azole|amine|amide|cillin|mycin|triptyline|barbital|olol|pril|sartan|statin|profen|codone|gabalin|vitamin)s?$"
)


def inside(line: Line, first: int, last: int, before: Lead, behind: Lead) -> bool:
    """Whether an unlisted word or run of words inside a sentence stands where people do: "then Xolani slammed …"."""
    if not all(_fits(line, at) for at in range(first, last + 1)) or _place(line, first, last):
        return False
    one, after = line.low(first - 1), line.low(last + 1)
    if line.cap(first - 1) and one != "i" and not line.opens[first - 1]:
        return False
    if one == "," and line.cap(first - 2):
        return False  # "Leeds, Wherever"
    owned = line.owns[last]
    alone = first == last
    if one == ")" or (alone and before.strength < TREATED and common(line.lows[first])):
        return False
    listed = bool(line.kinds[last] & LAST)
    if one in _BEFORE_THINGS:
        met = one in _TO and before.strength >= BESIDE and not leads.placed(line, first)
        if not met or not (listed or looks(line.lows[last]) > _EVEN):
            return False
    if not (owned or _follows(line, last + 1, after) or one in ("let", "lets")):
        return False
    least = _HARDLY if before.strength or behind.strength or not alone else _DOUBTFUL
    return listed or looks(line.lows[last]) > least or not line.words[last].isascii()


def opening(line: Line, first: int, last: int, behind: Lead) -> bool:
    """Whether an unlisted word or run of words that begins a sentence is somebody: "Oyelaran never rings"."""
    if not all(_fits(line, at) for at in range(first, last + 1)) or _place(line, first, last):
        return False
    after = line.low(last + 1)
    look = min(looks(line.lows[at]) for at in range(first, last + 1) if len(line.lows[at]) > 2)
    if first < last:
        named = bool(line.kinds[last] & LAST) or look > _EVEN
        return named and look > _DOUBTFUL and not line.cap(last + 1) and _follows(line, last + 1, after)
    if common(line.lows[first]):
        return False
    if line.lows[first].endswith("s") and not line.kinds[first] & LAST:
        look -= 0.3  # the plural of a noun, more often than not
    if behind.strength == BESIDE:
        return look > _EVEN or bool(line.kinds[first] & LAST)
    if after == ",":
        return look > _EVEN and spoken_to(line, first + 1)
    if line.kinds[first] & LAST and after[-1:] == "s" and len(after) > 3 and not line.cap(first + 1):
        return look > _EVEN  # "Lindgren apologises"
    return look > _PROBABLE and after.isalpha() and after not in _NO_VERBS and _follows(line, first + 1, after)


def sure(line: Line, at: int) -> bool:
    """Whether an unlisted word looks much like a name, as a speaker's name does."""
    return _fits(line, at) and not _place(line, at, at) and looks(line.lows[at]) > _PROBABLE


def unlikely(line: Line, at: int) -> bool:
    """Whether an unlisted word looks so little like a name that even a signature is none."""
    return looks(line.lows[at]) < _DOUBTFUL


def listed(line: Line, at: int) -> bool:
    """Whether an unlisted word may be one of those that are listed with commas before a person."""
    if not line.cap(at) or line.cap(at - 1) or line.owns[at] or not _fits(line, at) or _place(line, at, at):
        return False
    begins = line.opens[at] and line.low(at - 1) != ":"
    return looks(line.lows[at]) > (_PROBABLE if begins else _EVEN)


def spoken_to(line: Line, comma: int) -> bool:
    """Whether somebody is spoken to before a comma: "X, can you …", "X, put that down"; no list goes on."""
    return line.low(comma + 1) in _ASKED and line.low(comma + 2) not in (",", "and", "&", "or")


def _fits(line: Line, at: int) -> bool:
    word, kind = line.words[at], line.kinds[at]
    if not line.caps[at] or len(word) == 1 or line.lows[at] in cues.PARTICLES:
        return True
    shape = word[1:].islower() or "-" in word or "'" in word or "’" in word or word[:2] in ("Mc", "De", "Di", "Mac")
    if kind == 0 and _MEDICAL.search(line.lows[at]):
        return False
    return shape and len(word) > 2 and not kind & (PLAIN | HARD) and (not kind & TOWN or bool(kind & FIRST))


def _place(line: Line, first: int, last: int) -> bool:
    whole = key(" ".join(line.words[first : last + 1]))
    known = towns()
    return whole in known.towns or whole in known.wide or line.lows[last] in cues.PLACE_NOUNS


def _follows(line: Line, place: int, low: str) -> bool:
    kind = line.kinds[place] if 0 <= place < len(line) else 0
    return (
        low in _BEHIND
        or bool(kind & HARD and not line.cap(place))
        or low in cues.DO_SAY
        or low in cues.BE
        or (low.endswith("ed") and len(low) > 4)
        or low.endswith("ly")
    )
