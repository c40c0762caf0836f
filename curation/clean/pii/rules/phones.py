"""Telephone numbers that a cue tells, or that are said in words ("oh seven seven double oh …")."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.helplines import is_helpline
from curation.clean.pii.rules.rule import Rule

_CALL = re.compile(
    r"(?i)(?<![\w-])(?:call(?:s|ed|ing)?|text(?:s|ed|ing)?|phones?|phoned|cell|mobile|mob|number(?:['’]s)?|ring|rang|reach|dial|fax|"
    r"telephone|tel|contact|whatsapp|voicemail|pager|sms|landline|extension|ext|direct line|line|digits)\b[^\d\n]{0,28}?"
    r"(?P<value>\+?\(?\d(?:[ ().\u2010-\u2015-]{0,3}\d){6,18}(?:,? ?(?:ext|x|extension)\.? ?\d{1,5})?)(?![\w%]|[ ().,/:\u2010-\u2015-]{1,3}\d)"
)
_ABROAD = re.compile(
    r"(?<![\w+])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?:[ ,]{1,2}(?:ext|x|extension)\.? ?\d{1,5})?(?![\w%])"
)
_DIGIT = "zero|oh|o|nought|naught|one|two|three|four|five|six|seven|eight|nine"
_ALOUD = re.compile(
    rf"(?i)(?<![\w-])(?:(?:{_DIGIT}|double|triple|treble|\d)[ ,.\t-]{{1,3}}){{5,}}(?:hundred[ ,-]{{1,2}}(?:(?:{_DIGIT})[ ,-]{{1,2}})*)?(?:{_DIGIT}|hundred|\d)(?![\w-])"
)
_SPOKEN_NUMBER = (
    rf"(?:{_DIGIT}|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundred|thousand|double|triple|treble)"
)
_DICTATED = re.compile(
    rf"(?i)\b(?:numbers?|call|text|ring|phone|reach|dial|cell|mobile)\b[^\d\n.!?]{{0,24}}?(?<![\w-])(?P<value>(?:{_SPOKEN_NUMBER}[ ,-]{{1,3}}){{4,16}}{_SPOKEN_NUMBER})(?![\w-])"
)
_EXTENSION = re.compile(
    r"(?i)(?<![\w-])(?:extension|ext\.?)(?: (?:number|no\.?|is|was)){0,2}[ :]{1,2}\d{3,6}(?![\w%]|[.,/:-]\d| (?:words|pages|days|dollars))"
)
# Groups of digits and words in one: "07700 nine hundred 581".
_HALF_ALOUD = re.compile(
    rf"(?i)(?<![\w.-])\+?0\d{{2,5}}[ ,-]{{1,3}}(?:(?:{_SPOKEN_NUMBER}|\d{{1,6}})[ ,-]{{1,3}}){{1,12}}(?:{_SPOKEN_NUMBER}|\d{{1,6}})(?![\w-])"
)
# As it stands on a van: "1-555-NEW-ROOF".
_LETTERED = re.compile(
    r"(?<![\w.-])(?:\+?1[ .-])?\(?[2-9]\d{2}\)?[ .-]{1,2}(?:\d{3}[ .-]?[A-Z]{4}|\d[A-Z]{6}|[A-Z]{7,9}|[A-Z]{3}-[A-Z]{4}|[A-Z]{4}-[A-Z]{3}|[A-Z]{2,5}-\d{2,5})(?![\w-])"
)
_KEYS = {
    letter: digit
    for digit, keys in zip("23456789", "ABC DEF GHI JKL MNO PQRS TUV WXYZ".split(), strict=True)
    for letter in keys
}
_ENDS = re.compile(
    r"(?i)\b(?:mobile|mob|cell|phone|number|landline|sim)\b(?!\W+(?:plate|of)\b)[^\d\n.!?;]{0,32}?\b(?:ending|ends|finishing|finishes)"
    r"(?: (?:in|with|on|now)){0,2} (?P<value>\d{3,4})(?![\w%]|[.,:/-]\d)"
)
_OTHER_NUMBER = re.compile(r"(?i)\b(?:card|account|acct|visa|mastercard|policy|social)\b")
# With an area code and groups as some countries write them: "070-174 06 35", "030/23125 417".
_GROUPED = re.compile(
    r"(?<![\w+.,/:-])\(?0[1-9]\d{1,3}\)?[ ./-]{1,3}\d{2,6}(?:[ .-]\d{2,4}){1,3}(?![\w%]|[.,:/-]\d| \d)"
)
# Within a town nobody says the area code.
_LOCAL = re.compile(
    r"(?i)(?<![\w-])(?:(?:land ?line|telephone|phone number|phone|tel|mobile|mob|cell|home number|work number)(?:['’]s| is| was|[.:]|)|"
    r"(?:ring|rings|rang|reach|phone|phoned|call|called|get) (?:me|us|her|him|them|mum|mom|dad)(?: back)? (?:on|at))[ :]{1,2}(?P<value>\d{2,3}[ -]?\d{3})(?![\w%]|[.,:/ -]{1,2}\d)"
)
_SHORT_LINES = frozenset("116123 116111 116000 116006 116117 116016 131114 741741 686868 247247".split())
_VALUES = {
    word: index
    for index, words in enumerate(
        ("zero oh o nought naught", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
    for word in words.split()
}


def _phones(text: str) -> Iterator[Finding]:
    for match in _CALL.finditer(text):
        digits = "".join(c for c in match["value"] if c.isdigit())
        if (
            len(set(digits)) > 1
            and not is_helpline(digits)
            and not re.fullmatch(r"(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d", match["value"])
        ):
            yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _ABROAD.finditer(text):
        if 8 <= sum(c.isdigit() for c in match[0]) <= 19 and not is_helpline(match[0]):
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")
    for match in _EXTENSION.finditer(text):
        yield Finding(*match.span(), "PHONE", 0.7, "identifiers")
    yield from _in_part(text)
    yield from _by_form(text)
    for match in _DICTATED.finditer(text):
        words = re.findall(r"\w+", match["value"].lower())
        if len(set(words)) > 2 and not any(
            len({b - a for a, b in itertools.pairwise(n)}) < 2 for n in [[_VALUES.get(w, 99) for w in words]]
        ):
            yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _ALOUD.finditer(text):
        if _is_dictated(match[0]):
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")


def _in_part(text: str) -> Iterator[Finding]:
    """Numbers of which the area, or all but the end, goes without saying."""
    for match in _ENDS.finditer(text):
        if not _OTHER_NUMBER.search(match[0]):
            yield Finding(*match.span("value"), "PHONE", 0.6, "identifiers")
    for match in _LOCAL.finditer(text):
        digits = _digits(match["value"])
        if digits not in _SHORT_LINES and len(set(digits)) > 1:
            yield Finding(*match.span("value"), "PHONE", 0.6, "identifiers")


def _by_form(text: str) -> Iterator[Finding]:
    """Numbers that need no cue: letters for digits, words among digits, an area code before groups."""
    for match in _LETTERED.finditer(text):
        dialled = "".join(_KEYS.get(c, c) for c in match[0])
        if not any(is_helpline(_digits(dialled)[:size]) for size in (10, 11)):
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")
    for match in _HALF_ALOUD.finditer(text):
        if any(map(str.isalpha, match[0])) and _size(match[0]) >= 8:
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")
    for match in _GROUPED.finditer(text):
        if 8 <= len(_digits(match[0])) <= 12 and not is_helpline(match[0]) and len(set(_digits(match[0]))) > 2:
            yield Finding(*match.span(), "PHONE", 0.5, "identifiers")


def _digits(said: str) -> str:
    return "".join(c for c in said if c.isdecimal())


def _size(said: str) -> int:
    """How many digits are said: a word stands for one, `hundred` for two."""
    return sum(len(w) if w.isdecimal() else 2 if w == "hundred" else 1 for w in re.findall(r"\w+", said.lower()))


def _is_dictated(said: str) -> bool:
    """Whether spoken digits are a number: at least seven, and neither counting up nor down nor one digit over and over."""
    words = re.findall(r"\w+", said.lower())
    digits = [int(w) if w.isdigit() else _VALUES[w] for w in words if w.isdigit() or w in _VALUES]
    extra = sum({"double": 1, "triple": 2, "treble": 2, "hundred": 2}.get(w, 0) for w in words)
    steps = {b - a for a, b in itertools.pairwise(digits)}
    spoken = any(not w.isdigit() for w in words)
    return spoken and 7 <= len(digits) + extra <= 15 and len(steps) > 1


RULES = (
    Rule(
        "phones",
        frozenset({"PHONE"}),
        rf"(?i)(?s)(?:\p{{Nd}}.{{0,3}}){{6}}\p{{Nd}}|(?:(?:{_SPOKEN_NUMBER}|double|triple|treble|\p{{Nd}})[ ,.\t-]{{1,3}}){{4}}|ext|"
        rf"(?:ending|ends|finishing|finishes)(?: (?:in|with|on|now)){{0,2}} \p{{Nd}}{{3}}|\p{{Nd}}{{2,3}}[ -]?\p{{Nd}}{{3}}|\p{{Nd}}\)?[ .-]{{1,2}}(?-i:\p{{Nd}}*\p{{Lu}}{{2}})|"
        rf"\p{{Nd}}[ ,-]{{1,3}}{_SPOKEN_NUMBER}",
        _phones,
    ),
)
"""What finds telephone numbers."""
