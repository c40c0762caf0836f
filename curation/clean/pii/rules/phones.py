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
    r"(?i)(?<![\w-])(?:extension|ext\.?)(?: (?:number|no\.?|is|was)){0,2}[ :]{1,2}(?P<value>\d{3,6})(?![\w%]|[.,/:-]\d| (?:words|pages|days|dollars))"
)
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
        yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _DICTATED.finditer(text):
        words = re.findall(r"\w+", match["value"].lower())
        if len(set(words)) > 2 and not any(
            len({b - a for a, b in itertools.pairwise(n)}) < 2 for n in [[_VALUES.get(w, 99) for w in words]]
        ):
            yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _ALOUD.finditer(text):
        if _is_dictated(match[0]):
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")


def _is_dictated(said: str) -> bool:
    """Whether spoken digits are a number: at least seven, and neither counting up nor down nor one digit over and over."""
    words = re.findall(r"\w+", said.lower())
    digits = [int(w) if w.isdigit() else _VALUES[w] for w in words if w.isdigit() or w in _VALUES]
    extra = sum({"double": 1, "triple": 2, "treble": 2, "hundred": 2}.get(w, 0) for w in words)
    steps = {b - a for a, b in itertools.pairwise(digits)}
    spoken = any(w in _VALUES for w in words)
    return spoken and 7 <= len(digits) + extra <= 15 and len(steps) > 1


RULES = (
    Rule(
        "phones",
        frozenset({"PHONE"}),
        rf"(?i)(?s)(?:\p{{Nd}}.{{0,3}}){{6}}\p{{Nd}}|(?:(?:{_SPOKEN_NUMBER}|double|triple|treble|\p{{Nd}})[ ,.\t-]{{1,3}}){{4}}|ext",
        _phones,
    ),
)
"""What finds telephone numbers."""
