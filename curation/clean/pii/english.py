"""Words of English in lower case, with how common they are."""

from __future__ import annotations

import functools
import lzma
import re

from curation.clean.pii import shipped

SHORT = frozenset("a an and as at by for he i in is it me my no not of on or so the to up we".split())
"""What joins the parts of a word that somebody made of words."""

RUN_ON = frozenset(
    """everytime eachother bestfriend highschool boyfriend girlfriend stepmum stepdad stepmom someones
    everyones anymore alright aswell infact atleast alittle abit incase forever nevermind workmate sometime
    anytime anyday everyday thankyou goodnight goodmorning somuch imsorry healthcare childcare bathroom
    smalltalk caregiver caretaker videogame videogames lifestyle selfcare selfharm selfesteem overthink
    overthinking panicattack breakup hangout longterm parttime fulltime email website livestream voicemail
    laptop username screenname nickname gamertag password screenshot screenshots""".split()
)
"""What people write in one word, and nobody is called."""

_DERIVED = re.compile(
    r"(?:over|under|out|psycho|neuro|hyper|inter|micro|multi|anti|super)|.*(?:ness|able|less|like|wise|ship|hood|land)$"
)


@functools.cache
def english() -> dict[str, int]:
    """Words of English in lower case, with a bit for how common they are; and those that are written with a capital."""
    told: dict[str, int] = {}
    for line in lzma.decompress(shipped.read(shipped.ENGLISH)).decode().splitlines():
        tier, _, words = line.partition(" ")
        for word in words.split():
            told[word] = 1 << int(tier)
    return told


@functools.lru_cache(4096)
def compound(word: str) -> bool:
    """Whether a word that English does not have is made of words that it has: `softlybonked`, `crumbsofcarl`.

    Args:
        word: lower case.
    """
    if not 7 <= len(word) <= 30 or word in english() or word in RUN_ON or _DERIVED.match(word):
        return False
    # A form of a word is none that is made of two.
    if any(word.endswith(end) and word.removesuffix(end) in english() for end in ("s", "es", "ed", "ing", "ly", "er")):
        return False
    return any(_parts(word, size) for size in range(3, min(len(word) - 2, 15)) if _is_part(word[:size]))


def _parts(word: str, begin: int) -> bool:
    rest = word[begin:]
    if _is_part(rest):
        return True
    return any(
        _is_part(rest[:size]) or rest[:size] in SHORT for size in range(1, len(rest) - 2) if _is_part(rest[size:])
    )


def _is_part(word: str) -> bool:
    return len(word) > 2 and english().get(word, 16) <= (2 if len(word) < 4 else 8)
