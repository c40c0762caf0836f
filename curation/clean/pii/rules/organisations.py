"""Named clinics, schools, churches, prisons (FACILITY) and employers, companies, universities, teams (ORG).

Two ways to find one: by the word that ends its name ("Riverside Clinic", "Brightwell Logistics") and by what is said of
it ("admitted to Fairview", "I work at Brightwell").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.gazetteer import WORDS, given_names, key, surnames, towns
from curation.clean.pii.rules.kinds import (
    BETWEEN,
    FACILITIES,
    HOMES,
    ORDINARY,
    ORGANISATIONS,
    PUBLIC_FIRST,
    SHOPS,
    STAY,
    STUDY,
    TRADES,
    UNIVERSITIES,
    WEAK,
    WORK,
    is_job,
)
from curation.clean.pii.rules.known import APPS, BODIES, CALENDAR, NO_NAME, PUBLIC
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import (
    CAP,
    FUNCTION,
    GAP,
    HEAD,
    LIKE_TOWN,
    TOKEN,
    WORD,
    low,
    runs,
    starting,
    without_possessive,
    words_before,
)

# ------------------------------------------------------------------------------------------ shapes of their own

_OF = re.compile(
    rf"(?:(?P<org>University|Uni|College|School|Institute|Bank|Archdiocese|Diocese|Transport)"
    rf"|(?P<facility>Hospital|Church|Cathedral|Chapel|Shrine|Basilica|Temple|Parish)){GAP}(?:of|for)(?:{GAP}the)?{GAP}"
    rf"{TOKEN}(?:(?:,{GAP}(?=[A-Z]\w+ ?(?:[.,;!?)]|$))|{GAP}(?:(?:of|at){GAP})?){TOKEN}){{0,3}}"
)
_SAINT = re.compile(
    rf"(?:(?P<sure>Our{GAP}Lady(?:{GAP}of(?:{GAP}the)?{GAP}{CAP}(?:{GAP}{CAP})?)?|"
    rf"(?:HMP|HMYOI|YOI|HM{GAP}Prison)(?:{GAP}(?:and|&){GAP}YOI)?{GAP}{CAP}(?:{GAP}(?:Scrubs|Park|Hall|Road|Moor|Hey))?|"
    rf"(?:FCI|USP|FMC|MCI|SCI){GAP}{CAP}(?:{GAP}{CAP})?|"
    rf"(?:Gaelscoil|Scoil|Ysgol|École|Ecole|Escuela|Colegio|Lycée|Collège|Gymnasium|Grundschule|Kita|Klinik|Clínica|"
    rf"Clinique|Hôpital|Krankenhaus|Iglesia|Église|Masjid|Gurdwara|Congregation|Beth|Camp)(?:{GAP}(?:de|du|des|la|el|al){GAP}?)?"
    rf"(?:{GAP}{CAP}){{1,3}}|Ward{GAP}(?:\d{{1,2}}[A-Z]?|[A-Z]\d{{0,2}})\b)"
    rf"|(?:Sts?\.?|Saints?|SS\.?|Ste\.?){GAP}{CAP}(?:{GAP}(?:and|&){GAP}(?:St\.?{GAP})?{CAP}|{GAP}(?:of|the){GAP}{CAP})?|"
    rf"(?:Holy|Sacred|Blessed|Immaculate){GAP}{CAP}|(?:Mount|Mt\.?){GAP}(?:Sinai|Carmel|Zion|Olive|Calvary)|"
    rf"Good{GAP}(?:Shepherd|Samaritan)|All{GAP}(?:Saints|Souls)|Corpus{GAP}Christi)"
)
_BRANCH = re.compile(rf"(?:Local|Lodge|Chapter|Troop|Post|Branch){GAP}(?:No\.?{GAP})?\d{{2,4}}(?!\w|[.,]\d)")
_BRANCH_BEFORE = frozenset("union at with in by from of for joined my our".split())
_SAINT_BEFORE = frozenset(
    """at to from into in of leave left leaving by near the through outside attend attends attended attending joined
    called""".split()
)
_FIRM_BEFORE = frozenset("at for with by from left joined founded quit".split())
_FIRM = re.compile(rf"{HEAD}(?:,{GAP}{CAP}){{0,3}},?{GAP}(?:&|and){GAP}{CAP}")
_LEGAL = re.compile(
    rf"{HEAD}(?:{GAP}(?:(?:&|e|y|et|und|del|de){GAP})?{CAP}){{0,4}},?{GAP}(?:(?:S\.A|S\.L|S\.R\.L|S\.p\.A|S\.r\.l|B\.V|N\.V|A/S|"
    r"s\.r\.o|a\.s|e\.V|s\.c|v\.o\.s|Sp\. z o\.o)\.?|Ltda\b\.?|Oyj?\b|& [Cc]o\b\.?(?: KG(?:aA)?\b)?)"
)
_SMALL_LAST = re.compile(
    rf"{GAP}(?:(?:general|mental health|medical|community|elementary|middle|high|primary|secondary|grammar|baptist|"
    rf"methodist|treatment|recovery|rehab|nursing|care|county|state){GAP})?"
    r"(?:(?P<facility>hospital|clinic|infirmary|hospice|school|elementary|academy|church|cathedral|mosque|synagogue|prison|"
    r"jail|shelter|(?:care|nursing|retirement) home|(?:medical|health|treatment|recovery|community|rehab) cent(?:er|re))"
    r"|(?P<org>university|college|council|police|football club|law firm))(?![\w-])"
)
_TITLES = frozenset("dr mr mrs ms miss mx prof professor sir aunt uncle judge officer detective sergeant coach".split())
_STAFF = re.compile(
    r" (?:(?:had |has |have |just |finally |then )?(?:fired|sacked|hired|dismissed|headhunted|recruited|employs|employed) "
    r"(?:me|him|her|us|them|my|his|half|everyone)|(?:let|laid) (?:me|him|her|us|them|my \w+|half|everyone|people) (?:go|off)|"
    r"made (?:me|him|her|us|them|my \w+) redundant|cut (?:my|his|her|our|their) (?:hours|shifts|pay)|"
    r"(?:HQ|headquarters|head office)\b)"
)


_FOR_YEARS = re.compile(
    r" (?:for )?(?:(?:about|over|nearly|almost|around) )?(?:\w+|\d+) (?:years|yrs|months)\b(?! (?:old|ago))"
)


def said(words: list[str], table: dict[str, frozenset[str]]) -> bool:
    """Whether the words before a name tell that it is a body of the table's kind."""
    words = list(words)
    while words and words[-1] == "the":
        words.pop()
    if words[-1:] == ["employer"]:
        return table is WORK
    if not words or words[-1] not in table:
        return False
    heads = table[words[-1]]
    for word in words[-2:-8:-1]:
        if word in heads or (table is WORK and words[-1] in ("at", "with") and is_job(word)):
            return True
        if word not in BETWEEN and not word.isdigit():
            return False
    return False


# --------------------------------------------------------------------------------------------------- the search


def _bodies(text: str) -> Iterator[Finding]:
    for match in starting(_OF, text):
        if low(match[0]) not in BODIES and key(match[0].split(" of ")[-1].removeprefix("the ")) not in towns().wide:
            yield _found(text, match.start(), match.end(), "FACILITY" if match["facility"] else "ORG")
    for match in starting(_BRANCH, text):
        if _BRANCH_BEFORE & set(words_before(text, match.start())[-3:]):
            yield Finding(match.start(), match.end(), "ORG", 0.7, "organisations")
    for match in _LEGAL.finditer(text):
        if low(WORD.search(match[0])[0]) not in FUNCTION:  # type: ignore[index]
            yield _found(text, match.start(), match.end(), "ORG", 0.97)
    sure = set()
    for match in starting(_SAINT, text):
        if match["sure"]:
            sure.add(match.start())
        before = words_before(text, match.start())
        town = key(without_possessive(match[0])) in towns().towns and match[0][-2:] not in ("'s", "’s")
        if match["sure"] or (not town and before[-1:] and before[-1] in _SAINT_BEFORE):
            yield Finding(match.start(), match.end(), "FACILITY", 0.97 if match["sure"] else 0.7, "organisations")
    yield from _partners(text)
    for run in runs(text):
        if run.start() not in sure:
            yield from _in_run(text, run)


def _partners(text: str) -> Iterator[Finding]:
    """Firms called by their partners: "Hale & Worth", "Hale, Worth and Moss"."""
    for match in _FIRM.finditer(text):
        before = words_before(text, match.start())
        partners = "&" in match[0] and ("," in match[0] or (before[-1:] and before[-1] in _FIRM_BEFORE))
        if partners or said(before, WORK):
            names = [low(w) for w in WORD.findall(match[0])]
            if not any(n in given_names() or n in FUNCTION or n in PUBLIC for n in names):
                yield _found(text, match.start(), match.end(), "ORG")


def _in_run(text: str, run: re.Match[str]) -> Iterator[Finding]:
    words = list(WORD.finditer(text, run.start(), run.end()))
    while words and low(words[0][0]) in FUNCTION:
        words.pop(0)
    plain = [low(without_possessive(w[0])).rstrip(".") for w in words]
    first = 0
    for index, last in enumerate(plain):
        label = _label(plain, index)
        if label is None or (index + 1 < len(plain) and (_label(plain, index + 1) or plain[index + 1] == "therapy")):
            continue
        before = words_before(text, words[first].start())
        start, end = words[first].start(), words[index].end()
        if _is_named(plain[first:index], last, before) and not (text[start:end].isupper() and not said(before, WORK)):
            sure = last not in WEAK or before[-1:] in _AT or said(before, STAY) or said(before, WORK)
            yield _found(text, start, end, _kept(last, label, before), 0.97 if sure else 0.75)
            first = index + 1
    if first == 0 and words:
        yield from _without_kind(text, words, plain)


def _label(words: list[str], index: int) -> str | None:
    word, previous = words[index], words[index - 1] if index else ""
    if word == "home":
        return "FACILITY" if previous in HOMES else "ORG" if previous == "funeral" else None
    if word == "school" and previous in ("law", "medical", "business"):
        return "ORG"
    return "ORG" if word in ORGANISATIONS else "FACILITY" if word in FACILITIES else None


_TOWARDS = frozenset("at from outside near joined quit founded left".split())
_JOINED = frozenset("joined quit founded co-founded cofounded".split())
_CORPORATE = frozenset("university college uni polytechnic council police inc llc ltd plc corp state".split())
_CARERS = frozenset("care health healthcare medical dental".split())


def _kept(last: str, label: str, before: list[str]) -> str:
    """The label by kind, but where what is said of the name knows better: a patient is at no company."""
    if label == "ORG" and last not in _CORPORATE and said(before, STAY):
        return "FACILITY"
    if label == "FACILITY" and last in _CARERS and said(before, WORK) and not said(before, STAY):
        return "ORG"
    return label


_IN_HEADLINES = frozenset("your my our his their a an how why what when to use using build".split())


def _is_plain(word: str) -> bool:
    """Whether a word in front of a kind says nothing of whose it is: a plain word or a gerund, and nobody's town."""
    if word in towns().towns:
        return False
    return word in NO_NAME or word in TRADES or (word.endswith("ing") and word not in surnames())


def _is_named(words: list[str], last: str, before: list[str]) -> bool:
    """Whether what stands before a kind of body is a name, not one more word for the kind."""
    gazetteer = towns()
    proper = [w for w in words if not (w in ORDINARY or w in FUNCTION or w in PUBLIC or key(w) in gazetteer.wide)]
    if not proper:
        taught = last in ("university", "college") or (last == "state" and (_studied(before) or said(before, WORK)))
        return taught and any(key(w) in gazetteer.wide for w in words)
    if " ".join([*words, last]) in BODIES or _IN_HEADLINES & set(words):
        return False
    cued = said(before, STAY) or said(before, WORK)
    gerund = words[0].endswith("ing") and words[0] not in surnames() and words[0] not in gazetteer.towns
    if not cued and (gerund or (last in WEAK and all(_is_plain(w) for w in words))):
        return False
    if last not in WEAK and words[0] not in PUBLIC_FIRST:
        return True
    if cued:
        return True
    if words[0] in PUBLIC_FIRST:
        return False
    if before[-1:] == [","] and _TITLES & set(before[-4:-1]):
        return True  # "Dr Roe, Elm Tree Surgery"
    if words[-1] in ORDINARY - TRADES or (before[-1:] and before[-1] in _TOWARDS):
        return True
    if last in FACILITIES and last not in _CARERS and before[-1:] and before[-1] in ("in", "on", "to", "into"):
        return True
    return any(w in surnames() or key(w) in gazetteer.towns or LIKE_TOWN.match(w) for w in proper)


def _without_kind(text: str, words: list[re.Match[str]], plain: list[str]) -> Iterator[Finding]:
    while len(words) > 1 and plain[-1] in CALENDAR:
        words, plain = words[:-1], plain[:-1]
    end = words[-1].end()
    small = _SMALL_LAST.match(text, end)
    before = words_before(text, words[0].start())
    if small and _is_named(plain, "hospital", before):
        yield _found(text, words[0].start(), small.end(), "FACILITY" if small["facility"] else "ORG")
        return
    stay = said(before, STAY)
    work = not stay and said(before, WORK)
    work = work or (not stay and before[-1:] == ["at"] and _FOR_YEARS.match(text, end) is not None)
    work = work or (not stay and before[-1:] != [] and before[-1] in _JOINED and plain[0] not in NO_NAME)
    if plain[0] in UNIVERSITIES and len(plain) == 1 and _studied(before):
        yield _found(text, words[0].start(), end, "ORG")
        return
    if not (stay or work) and _STAFF.match(text, end):
        work = plain[0] not in surnames() or plain[0] in APPS
    loose = len(plain) == 1 and before[-1:] and before[-1] in _LOOSE_BEFORE
    if loose and (plain[0] in NO_NAME or _ADJECTIVE.match(text, end)):
        return
    if (stay or work) and _is_body(plain, work, before[-1:] == ["at"] and text[end - 2 : end] not in ("'s", "’s")):
        yield _found(text, words[0].start(), end, "ORG" if work else "FACILITY")


_AT = (["on"], ["at"], ["in"], ["leaving"], ["joined"])
_LOOSE_BEFORE = frozenset("from in of to the by".split())
_ADJECTIVE = re.compile(
    r" (?!(?:in|on|at|for|last|this|next|when|after|before|and|but|or|by|with|because|as|to|a|an|the|again|twice|from|came|was|is|has|had|said|did|who|which|that|while|since|until|over|without|went|gave|made)\b)[a-z]"
)


def _studied(before: list[str]) -> bool:
    return before[-1:] != [] and before[-1] in ("at", "into", "to", "from", "of") and bool(STUDY & set(before))


def _is_body(plain: list[str], work: bool, at: bool) -> bool:
    if plain[0] in _TITLES or (plain[0] in given_names() and not (at and len(plain) > 1)):
        return False
    if not work and len(plain) > 1 and plain[0] == "royal":
        return True  # "Royal Free": all of it are words for a kind of house
    if key(" ".join(plain)) in towns().wide or " ".join(plain) in BODIES:
        return False
    return not all(w in ORDINARY or (w in PUBLIC and not (work and w in APPS)) for w in plain)


def _found(text: str, start: int, end: int, label: str, score: float = 0.9) -> Finding:
    return Finding(start, start + len(without_possessive(text[start:end])), label, score, "organisations")


# ----------------------------------------------------------------------------------------------- lower case

_SHOP = re.compile(rf"(?i)(?<![\w'’-])(?:{SHOPS})(?![\w'’-])")
_SMALL_KIND = (
    "hospital|clinic|infirmary|hospice|school|elementary|academy|church|prison|university|college|high(?: school)?|primary(?: school)?|grammar(?: school)?|"
    "(?:medical|treatment|recovery|health) cent(?:er|re)|(?:care|nursing) home|general|memorial"
)
_SMALL_NAME = re.compile(
    rf"(?<![\w'’-])(at|from|near|outside|to|into|in) ((?:st\.? )?[a-z][a-z'’-]{{2,}}(?: [a-z][a-z'’-]{{2,}}){{0,3}}? ({_SMALL_KIND}))(?![\w-])"
)
_SMALL_FIRM = re.compile(
    r"(?<![\w'’-])(?:at|for) ([a-z][a-z'’-]{2,}(?: [a-z][a-z'’-]{2,})? (?:logistics|solutions|foods|motors|consulting|insurance|"
    r"council|construction|bakery|pharma|holdings|electronics|freight|industries|associates|university|college|uni|state))(?![\w-])"
)
_SMALL_WORKS = re.compile(
    r"(?<![\w'’-])(?:work|works|worked|working|job|shifts?) (?:at|for) ([a-z]{4,} [a-z]{4,})(?= (?:on|in|as|and|but|for|doing|since)\b|[.,;!?\n]|$)"
)
_SMALL_SAINT = re.compile(r"(?<![\w'’-])(?:at|to|from|in|near|outside) (st\.? ([a-z]{3,}?)(?:['’]?s)?)(?![\w'’-])")
_NO_NAMES = (
    ORDINARY - {"general"}
    | FUNCTION
    | frozenset(
        """
    going went go getting being been took taken take taking drove drive driven running walk walking back all both these
    which what psych mum's mom's dad's sister's brother's son's daughter's friend's uni finishing starting leaving during
    same different wrong right best nearest closest former entire whole early late sunday monday friday saturday saint
    full part half real actual certain top bottom middle open medical teaching cottage mental eye dental vet walk-in sexual
    gender pain sleep memory methadone abortion summer evening morning weekly all-time feeling pretty really super least
    graduating dropping attending coming
    """.split()
    )
)


def _small(text: str) -> Iterator[Finding]:
    for match in _SHOP.finditer(text):
        before = words_before(text, match.start())
        if (
            said(before, WORK)
            or before[-1:] in (["left"], ["quit"], ["joined"], ["leaving"])
            or _STAFF.match(text, match.end())
        ):
            yield Finding(*match.span(), "ORG", 0.7, "organisations")
    for match in _SMALL_NAME.finditer(text):
        words = low(match[2][: -len(match[3]) - 1]).split()
        named = [w for w in words if w not in ("high", "general", "elementary", "primary", "community", "middle")]
        vague = match[3] in ("high", "primary", "grammar") or match[1] in ("to", "into", "in")
        sure = not vague or (words[-1:] and _is_proper(words[-1]))
        if named and sure and not any(w in _NO_NAMES for w in named):
            label = "ORG" if match[3] in ("university", "college") else "FACILITY"
            yield Finding(*match.span(2), label, 0.5, "organisations")
    for match in _SMALL_FIRM.finditer(text):
        if said(words_before(text, match.start(1)), WORK) and not any(w in _NO_NAMES for w in match[1].split()[:-1]):
            yield Finding(*match.span(1), "ORG", 0.6, "organisations")

    for match in _SMALL_WORKS.finditer(text):
        words = match[1].split()
        if words[0] not in WORDS and _is_proper(words[0]) and not any(w in _NO_NAMES or w in NO_NAME for w in words):
            yield Finding(*match.span(1), "ORG", 0.5, "organisations")
    for match in _SMALL_SAINT.finditer(text):
        if match[2] in given_names() and key(match[1]) not in towns().towns:
            yield Finding(*match.span(1), "FACILITY", 0.6, "organisations")


_LIKE_A_SCHOOL = re.compile(
    r"[a-z]{3,}(?:way|ridge|wood|view|brook|field|gate|hill|crest|dale|lake|side|mount|land|grove)$"
)


def _is_proper(word: str) -> bool:
    return (
        word in surnames()
        or word in towns().towns
        or LIKE_TOWN.match(word) is not None
        or _LIKE_A_SCHOOL.match(word) is not None
    )


_BOTH = frozenset({"FACILITY", "ORG"})
RULES = (
    Rule(
        "organisations",
        _BOTH,
        r"\p{Lu}[\p{L}\p{Nd}_.'’-]*,? (?:& |and )?\p{Lu}|(?:Ward|Local|Lodge|Chapter|Troop|Post|Branch) \p{Nd}|\p{Lu}\p{L}+ (?:general|mental|medical|community|elementary|middle|"
        r"high|primary|secondary|grammar|baptist|methodist|treatment|recovery|rehab|nursing|care|county|state|hospital|clinic|"
        r"infirmary|hospice|school|academy|church|cathedral|mosque|synagogue|prison|jail|shelter|retirement|health|university|"
        r"college|council|police|football|law|let|laid|made|cut|fired|sacked|hired|dismissed|had|has|have|just|finally|then|"
        r"headhunted|recruited|employ|HQ|headquarters|head)"
        r"|(?i:at|to|into|from|in|called|named|for|by|with|of|is|was|employer|joined|quit|founded|,) (?:the )?\p{Lu}[\p{L}\p{Nd}_&'’-]",
        _bodies,
    ),
    Rule(
        "organisations in lower case",
        _BOTH,
        rf"\b(?i:{SHOPS})\b|\b(?:at|from|near|outside|to|into|in|for) (?:[\p{{L}}.'’-]+ ){{1,4}}(?:{_SMALL_KIND}|logistics|solutions|foods|motors|"
        r"consulting|insurance|council|construction|bakery|pharma|holdings|electronics|freight|industries|associates|uni|state)\b"
        r"|(?:at|for) [a-z]{4,} [a-z]{4,}|(?:at|to|from|in|near|outside) st\.? [a-z]",
        _small,
    ),
)
"""What finds FACILITY and ORG."""
