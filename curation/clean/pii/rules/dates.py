"""Dates finer than a year, and ages above 89.

Years, weekdays, seasons, holidays, times of day and vague spans ("three weeks ago") stay. A month alone counts where
words before it date something by it ("since October", "back in March").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import around

_B = r"[ \t\xa0]{1,2}"
_LONG = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_SHORT = r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
_MONTH = rf"(?:{_LONG}\b|{_SHORT})"
_YEAR = r"(?:(?:19|20)\d\d|['’‘]\d\d)(?!\d)"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_NTH = r"(?:st|nd|rd|th)"
_UNITS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_SPELLED = (
    rf"(?:(?:twenty|thirty)[- ](?:{_UNITS})|{_UNITS}|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|"
    r"seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_ORDINAL = rf"(?:{_DAY}{_NTH}|{_SPELLED})"
_AND_YEAR = rf"(?:,?{_B}(?:of{_B})?{_YEAR})?"
_RANGE = rf"(?: ?(?:-|–|to|and|until|through|&) ?(?:the{_B})?(?:{_DAY}{_NTH}?|{_SPELLED}))?"

_WRITTEN = re.compile(
    rf"(?i:(?<![\w.,/:-])(?P<ordinal>{_ORDINAL}{_RANGE}(?:{_B}of|{_B}day{_B}of)?{_B}{_MONTH}{_AND_YEAR})(?!\w))"
    rf"|(?i:(?<![\w.,/:-])(?P<day>{_DAY}{_RANGE}(?:{_B}|-)(?P<m1>{_MONTH})(?:-(?:19|20)?\d\d|{_AND_YEAR}))(?!\w))"
    rf"|(?i:(?<![\w-])(?P<m2>{_MONTH}){_B}(?:the{_B})?(?:{_ORDINAL}|(?P<bare>{_DAY}(?!\d|:\d| ?[ap]\.?m\b| (?:years?|days?|weeks?|months?|hours?|minutes?|people|times|percent)\b))){_RANGE}"
    rf"{_AND_YEAR}(?!\w|[.,]\d))"
    rf"|(?i:(?<![\w-])(?:{_MONTH})(?:,?{_B}|{_B}of{_B}|{_B}in{_B}|-|/)(?P<year>{_YEAR})(?!\w))"
)
# May, March, Mar in lower case are words: only an ordinal or a year makes a month of them.
_WORDS = re.compile(r"(?:may|march|mar|jan|sep|dec|oct|jun)\.?")
_HOLIDAY = re.compile(r"(?i)(?:the )?(?:4th|fourth) of july|july (?:4th|fourth)|(?:september|sept?\.?) 11(?:th)?")

_NUMERIC = re.compile(
    r"(?<![\w./:$£€-])(?:"
    r"(?P<iso>(?:19|20)\d\d[-/.](?:1[0-2]|0?[1-9])[-/.](?:3[01]|[12]\d|0?[1-9]))"
    r"|(?P<slash>\d{1,2}(?P<sep>[/.-])\d{1,2}(?P=sep)(?:(?:19|20)\d\d|\d\d))"
    r"|(?P<my>(?:1[0-2]|0?[1-9])[/-](?:19|20)\d\d)"
    r")(?![\w/-]|[.:]\d)|(?<![\w./-])(?P<stamp>(?:19|20)\d\d-(?:1[0-2]|0[1-9])-(?:3[01]|[12]\d|0[1-9]))(?=[T_]\d)"
)
_SHORTLY = re.compile(
    r"(?i:(?<![\w-])(?:on|since|by|until|till|before|after|dated?|from|due|born|d\.?o\.?b\.?:?|around|between|appointment|"
    r"session|scheduled for|starting|start(?:ed)?|effective|visit of|back on|as of|for|(?:birthday|anniversary|deadline|hearing|date|appointment|session|wedding|funeral) (?:is|was|on|:))(?: the)? )"
    r"(?P<short>(?P<one>\d{1,2})/(?P<two>\d{1,2})(?: ?(?:-|–|to|and) ?\d{1,2}/\d{1,2})?)(?![\w/]|[.,]\d| ?(?:of|cup|inch|mile|full)\b|%)"
)
_BORN = re.compile(
    r"(?i:(?<![\w-])(?:d\.?o\.?b\.?|date of birth|birth ?date|birthday)(?: is| was)?[:= ]{1,3})"
    r"(?P<born>\d{6}|\d{8}|\d{1,2}[ .]\d{1,2}[ .]\d{2,4})(?!\w)"
)

_DATING = (
    r"(?<![\w-])(?:in|since|until|till|by|last|this past|next|early|late|mid|(?:middle|end|start|beginning|rest|most) of|from|"
    r"between|before|after|around|during|through|this)[ \t\xa0-]{1,2}(?:early |late |mid[ -])?"
)
_ALONE = re.compile(
    rf"(?i:{_DATING})(?P<month>January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|"
    rf"Aug|Sept|Oct|Nov|Dec)\b(?!['’]s|(?:{_B})?\d|{_B}[A-Z][a-z])"
)
_ALONE_SMALL = re.compile(
    rf"{_DATING}(?P<month>january|february|april|june|july|august|september|october|november|december)\b(?!['’]s|(?:{_B})?\d)"
)
_OF_MONTH = re.compile(
    rf"(?i:(?<![\w-])(?:on|since|until|till|by|before|after|from|around){_B}the{_B})(?P<nth>{_DAY}{_NTH})"
    r"(?=[.,;!?)]|$|\n| (?:and|at|but|for|when|with|because|so|i|we|he|she|they|my|if|or|which|that|it|in the (?:morning|"
    r"afternoon|evening))\b(?! (?:floor|grade|place|time)))"
)


_DIGIT = re.compile(r"\d")
_DIGIT_OR_MONTH = re.compile(rf"\d|{_LONG}", re.IGNORECASE)
_MONTHS = tuple(_LONG[3:-1].split("|"))


def _dates(text: str) -> Iterator[Finding]:
    small = text.lower()
    anchor = _DIGIT_OR_MONTH if any(month in small for month in _MONTHS) else _DIGIT
    for start, end in around(text, anchor):
        yield from _dates_between(text, start, end)


def _dates_between(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _WRITTEN.finditer(text, start, end):
        if _HOLIDAY.fullmatch(match[0]):
            continue
        month = match["m1"] or match["m2"]
        weak = month is not None and _WORDS.fullmatch(month) and not re.search(r"\d{4}|['’‘]\d\d|\d-\w", match[0])
        if weak and (match["day"] or match["bare"]):
            continue
        yield Finding(match.start(), match.end(), "DATE", 0.85, "dates")
    for match in _NUMERIC.finditer(text, start, end):
        if match["slash"] is None or _is_date(match["slash"], match["sep"]):
            yield Finding(match.start(), match.end(), "DATE", 0.8, "dates")
    for match in _SHORTLY.finditer(text, start, end):
        one, two = int(match["one"]), int(match["two"])
        if match["short"] not in ("9/11", "24/7", "50/50") and 0 < min(one, two) <= 12 and 0 < max(one, two) <= 31:
            yield Finding(*match.span("short"), "DATE", 0.6, "dates")
    for match in _BORN.finditer(text, start, end):
        yield Finding(*match.span("born"), "DATE", 0.8, "dates")


def _is_date(text: str, separator: str) -> bool:
    """Whether three numbers can be day, month and year in some order of the first two."""
    one, two, year = text.split(separator)
    if separator in ".-" and len(year) == 2 and not (len(one) == len(two) == 2):
        return False
    return 0 < min(int(one), int(two)) <= 12 and 0 < max(int(one), int(two)) <= 31


_YEARLY = re.compile(r"(?i)[^.!?\n]{0,60}?\b(?:every year|each year|always|usually|annually|typically|tends? to)\b")
_EVERY = re.compile(r"(?i)\b(?:every|each|always|usually)\b[^.!?\n]{0,24}$")


def _months(text: str) -> Iterator[Finding]:
    for pattern in (_ALONE, _ALONE_SMALL):
        for match in pattern.finditer(text):
            if _YEARLY.match(text, match.end()) or _EVERY.search(text[max(0, match.start() - 40) : match.start()]):
                continue
            yield Finding(*match.span("month"), "DATE", 0.55, "dates")
    for match in _OF_MONTH.finditer(text):
        yield Finding(*match.span("nth"), "DATE", 0.55, "dates")


# ------------------------------------------------------------------------------------------------------- ages

_TEENS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
_NUMBER = (
    rf"(?:9\d|1[0-2]\d|ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one)[- ]hundred(?:(?:[- ]and)?"
    rf"[- ](?:{_TEENS}))?)"
)
_OLD = r"[- ]?(?:years?[- ]?old|yrs?[- ]?old|y[./]?o\.?|years of age|yrs? of age)\b"
_KIN = (
    r"(?:grand(?:mother|father|ma|pa|dad|mum|mom|parents?)|great[- ](?:aunt|uncle|grand\w+)|gran|granny|nan|nana|nanna|"
    r"nannan|grandad|grampa|gramps|grampy|pop|papa|oma|opa|abuela|abuelo|nonna|nonno|bubbe|mother|father|mum|mom|dad|"
    r"mother[- ]in[- ]law|father[- ]in[- ]law|aunt|auntie|uncle|neighbou?r|husband|wife|partner|client|patient|resident)"
)
_WHO = rf"(?:he|she|he['’]ll|she['’]ll|he['’]d|she['’]d|they|who|(?:my|his|her|our|their|the|whose)(?: \w+)? {_KIN}|{_KIN})"
_UNIT = (
    r"(?![\w.,]?\d|%| ?(?:%|per ?cent|pounds?|lbs?|kgs?|kilos?|stone|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|miles?|km|"
    r"degrees?|dollars?|quid|points?|percentile|cm|mph|bpm|calories|times?|out of|days|mg|ml|over|feet|followers?)\b"
    r"| years? (?!old|young|of age)\w| ?[:/]|-[a-z])"
)
# Whatever else is ninety-odd: the subjects that measure something.
_MEASURED = (
    r"(?:it|that|this|there|what|which|temperatures?|temp|fever|heat|weather|humidity|scores?|grades?|marks?|results?|iq|bmi|weight|rate|"
    r"pulse|hr|heart|sats|saturation|oxygen|pressure|sugars?|glucose|readings?|levels?|count|average|total|bill|price|cost|rent|fare|fee|"
    r"limit|speed|dose|dosage|number|answer|percentage|battery|page|channel|room|bus|route|size|waist|bust|chest|gpa|mean|median|"
    r"high|low|max|maximum|minimum|rank|percentile|pace|volume|length|height|distance|balance|debt|charge|phq|today|outside)"
)
_NOT_MEASURED = rf"(?<![\w'’-])(?!{_MEASURED}\b)[^\W\d_][\w'’-]{{0,30}}"
_SO_OLD = r"(?:9\d|10\d|ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?)"
_AGES = re.compile(
    rf"(?i:(?<![\w.,/:$£€-])(?P<old>{_NUMBER}){_OLD})"
    rf"|(?i:\b(?:aged?|age of|ages|age (?:is|was))[: ]{{1,2}}(?P<aged>{_NUMBER})(?![\w.-]?\d|%))"
    rf"|(?i:\b(?:turn(?:s|ed|ing)?|lived to(?: be)?|made it to|died at|passed(?: away)? at|pushing|nearly|almost|reach(?:ed|ing)|"
    rf"celebrat(?:ed|ing) (?:her|his)|hit|until (?:she|he) was|live to(?: be)?|at) (?P<turned>{_NUMBER})\b{_UNIT}(?=[^\w]|$))"
    rf"|(?i:\b{_WHO}(?:['’]?s| is| was| just turned| will be| would be| would have been| must be| be|['’]ll be|['’]d be|,)"
    rf"(?: now| about| nearly| almost| only| already| around| actually| like| just)? (?P<is>{_NUMBER})\b{_UNIT})"
    rf"|(?i:{_NOT_MEASURED} (?:is|was|turns|is (?:now|nearly|almost|about to be)|was (?:already|nearly|almost)|will be|would be|would have been)"
    rf" (?P<someone>{_SO_OLD}){_UNIT}(?=[,.;!?)]|$|\n| (?:and|but|when|now|so|or|with|by|this|next|last|today|tomorrow|then|before|at)\b))"
    rf"|(?i:(?<![\w'’-])(?:i|i['’]?m|i am|i was|i['’]ll be|i will be|at) (?P<me>{_SO_OLD}){_UNIT}(?=[,.;!?)]|$|\n| (?:and|but|now|so|next|this|i|he|she|it)\b))"
    rf"|(?i:(?<![\w'’-])(?:got to|gets to|saw|past|making it to|see|rising|going on|well into|ripe old) (?P<reached>{_SO_OLD}){_UNIT}(?=[,.;!?)]|$|\n))"
    rf"|(?<![\w'’-])[A-Z][a-z]+(?:, (?P<apposed>9\d|10\d)(?=, [a-z])| \((?P<bracketed>9\d|10\d)(?=[),;]))"
    rf"|(?i:(?<![\w.,/:$£€-])(?P<still>{_SO_OLD}),? and (?:still|counting|sharp|frail|blind|deaf|widowed|alone|dying|living)\b)"
    rf"|(?<![\w.,/:$£€-])(?P<sexed>9\d|10\d) ?(?:[MF]|yo|y/o)(?=[ ,.;)]|$)"
    rf"|(?i:\b{_KIN} ?\((?P<beside>{_NUMBER})(?=[),;]))"
    rf"|(?i:\b(?P<birthday>(?:9\d|1[0-2]\d)(?:st|nd|rd|th)|ninetieth|ninety-(?:{_UNITS})|(?:one )?hundredth) (?:birthday|b-?day))"
)


def _ages(text: str) -> Iterator[Finding]:
    for match in _AGES.finditer(text):
        yield Finding(*match.span(match.lastgroup or 0), "AGE", 0.8, "ages")


RULES = (
    Rule(
        "dates",
        frozenset({"DATE"}),
        rf"(?i)\b(?:{_LONG}|{_SHORT})[ ,./-]{{1,3}}(?:(?:of|the|in) )?(?:\p{{Nd}}|['’‘]\p{{Nd}}|{_SPELLED})"
        rf"|(?:\p{{Nd}}|st|nd|rd|th|of)[ -]{_MONTH}|\p{{Nd}}[/.-]\p{{Nd}}|b\.?:? \p{{Nd}}|birth",
        _dates,
    ),
    Rule(
        "months",
        frozenset({"DATE"}),
        r"(?i)(?:in|since|till?|until|by|last|past|next|early|late|mid|of|from|between|before|after|around|during|through|this)"
        rf"[ -](?:jan|feb|march|april?|may|june|july|aug|sept|oct|nov|dec)|the \p{{Nd}}{{1,2}}{_NTH}",
        _months,
    ),
    Rule("ages", frozenset({"AGE"}), r"(?i)\b(?:9\p{Nd}|1[0-2]\p{Nd})(?:\P{Nd}|$)|ninet|hundred", _ages),
)
"""What finds DATE and AGE."""
