"""What the rules for places, organisations, addresses and dates share: shapes of words, and trimming of what they catch."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĪİŁŃŇŐŒŘŚŞŠŤŪŮŰŹŻŽ"

GAP = r"[ \t\xa0]{1,3}"
"""Between two words of one name. Never a line feed: a removed span is a line feed to every rule."""

CAP = rf"[{_UPPER}]\w*+(?:[&'’-]\w++)*+"
"""A capitalised word with its hyphens and apostrophes, such as `Stoke-on-Trent` or `Wendy's`."""

TOKEN = rf"(?:(?:St|Mt|Ft)\.|{CAP})"
"""A capitalised word, or `St.` before one."""

_INSIDE = r"[\w@#$/\\'’&.-]"

WORD = re.compile(TOKEN)

_RIVERS = "Sea|Trent|Thames|Tees|Avon|Wye|Tyne|Solent|Humber|Hudson"
_PARTNERS = "Sons?|Daughters|Partners?|Associates|Co|Company|Brothers|Bros"
_LINK = rf"(?:(?:&|upon|under|de|del|la|le|von|on(?= (?:{_RIVERS})\b)|and(?= (?:{_PARTNERS})\b)){GAP})?"
# Capital first, then a look back: the regex engine skips to capitals, where it would try a look back at every character.
HEAD = rf"[{_UPPER}](?<!{_INSIDE}[{_UPPER}])(?:(?<=S)t\.|(?<=M)t\.|(?<=F)t\.|\w*+(?:[&'’-]\w++)*+)"
RUN = re.compile(rf"{HEAD}(?:(?:(?<=s)['’])?{GAP}{_LINK}{TOKEN}){{0,9}}")
"""Capitalised words in a row, with the small words that names have inside."""

_IS_INSIDE = re.compile(_INSIDE)


def starting(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches that begin where a name can: not inside a word, an address, a path.

    A look back at the head of a pattern would say the same, ten times slower.
    """
    for match in pattern.finditer(text):
        if match.start() == 0 or not _IS_INSIDE.match(text, match.start() - 1):
            yield match


def around(text: str, anchor: re.Pattern[str], reach: int = 80) -> Iterator[tuple[int, int]]:
    """The stretches of a text within `reach` characters of something, merged and to the end of their last word."""
    start, end = 0, -1
    for match in anchor.finditer(text):
        if match.start() - reach > end:
            if end >= 0:
                yield start, end
            start = max(0, match.start() - reach)
        if match.end() + reach > end:
            end = match.end() + reach
            blank = text.find(" ", end, end + reach)
            end = min(len(text), end + reach if blank < 0 else blank)
    if end >= 0:
        yield start, end


LIKE_TOWN = re.compile(
    r"\w{2,}(?:ville|town|ton|burgh?|borough|bury|ford|field|wick|wich|worth|mouth|chester|cester|minster|stead|stow|"
    r"ham|hampton|shire|port|haven|view|dale|brook|wood|hurst|combe|ley|leigh|thorpe|pool|gate|bridge|bourne|burn|ridge|"
    r"vale|creek|falls|springs|lake|beach|shore|mere|moor|holm|meadows?|grange|side|combe|glen|marsh|heath|dene|bay|cliffe?|"
    r"head|keld|thwaite|wold|bank)$|(?:llan|aber|inver|ball[iy]|kil|strath|auchter|dun|glen|tre|pont|ynys|caer|merthyr)\w{4,}$"
)
"""How names of towns end, in lower case."""

_BEFORE = re.compile(r"[\w'’&-]+|[^\w\s]|\n")
_REACH = 64

FUNCTION = frozenset(
    """
    a about after again all also although always am an and another any anyway are aren't as at back be because been before
    being but by can can't could couldn't did didn't do does doesn't doing don't dr each either even ever every everyone
    everything except few finally for from had has hasn't have haven't having he he'd he'll he's hello her here hers hey hi
    him his hmm how however i i'd i'll i'm i've if im in instead into is isn't it it'd it'll it's its ive just last later
    let let's like lol lots many maybe me mine miss more most mr mrs ms much my myself near neither never next no nobody
    none nor not nothing now of off oh ok okay on once one only or other our ours out over perhaps please same she she'd
    she'll she's should since so some someone something sometimes soon sorry still such than thank thanks that that's the
    their them then there there's these they they'd they'll they're they've this those though through thus till to today
    together tomorrow tonight too under unless until up us very was wasn't we we'd we'll we're we've well were weren't
    what what's whatever when whenever where wherever whether which while who who's whoever whose why will with within
    without would wouldn't yeah yes yesterday yet you you'd you'll you're you've your yours
    """.split()
)
"""Words that a sentence starts with, in lower case: capitals at the edge of a name that are no part of it."""

_OPENING = frozenset(form for w in FUNCTION for form in (w.capitalize(), w.capitalize().replace("'", "’"), w.upper()))


def runs(text: str) -> Iterator[re.Match[str]]:
    """Runs of capitalised words, without those of one word that only opens a sentence."""
    for run in RUN.finditer(text):
        if run[0] not in _OPENING:
            yield run


def low(word: str) -> str:
    """A word as the lists have it: lower case, straight apostrophe."""
    return word.casefold().replace("’", "'")


def without_possessive(word: str) -> str:
    """A word without a possessive 's or ' at its end."""
    if word[-2:] in ("'s", "’s"):
        return word[:-2]
    return word.rstrip("'’")


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Cut sentence words off both edges of a run of capitalised words, and a possessive off its end.

    Returns:
        The narrower span; empty where nothing is left.
    """
    words = [(start + m.start(), start + m.end()) for m in WORD.finditer(text[start:end])]
    while words and low(text[slice(*words[0])]) in FUNCTION:
        words.pop(0)
    while words and low(text[slice(*words[-1])]) in FUNCTION:
        words.pop()
    if not words:
        return start, start
    first, last = words[0][0], words[-1]
    return first, last[0] + len(without_possessive(text[slice(*last)]))


def words_before(text: str, start: int) -> list[str]:
    """The words of the same sentence that stand before an offset, in lower case, at most the last 64 characters of them.

    A comma is a word; everything else that is no word ends what stands before.
    """
    begin = max(0, start - _REACH)
    words = [low(word) for word in _BEFORE.findall(text[begin:start])]
    if begin and words:
        words.pop(0)
    for index in range(len(words) - 1, -1, -1):
        if not (words[index][0].isalnum() or words[index][0] in ",_" or len(words[index]) > 1):
            return words[index + 1 :]
    return words
