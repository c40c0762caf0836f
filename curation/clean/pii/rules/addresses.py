"""Street addresses: number and street with what follows (flat, town, state, code), post boxes, streets where one lives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.gazetteer import key, towns
from curation.clean.pii.rules.known import PUBLIC
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import FUNCTION, GAP, TOKEN, WORD, around, low, trimmed, words_before

_TYPES = (
    "Street|Str|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Court|Ct|Boulevard|Blvd|Place|Pl|Terrace|Terr?|Close|Crescent|Cres|Grove|"
    "Gardens|Gdns|Square|Sq|Row|Mews|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Walk|Rise|Parade|Alley|Loop|Turnpike|"
    "Plaza|Quay|Wharf|Way|Hill|Green|View|Park|Path|Bend|Ridge|Point|Crossing|Run|Vale|Villas|Mount|Yard|Broadway"
)
_TYPE = rf"(?:{_TYPES}|St|Dr)"
_COMPASS = r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|Northeast|Northwest|Southeast|Southwest)\.?)"
_NUMBER = r"(?:\d{1,5}(?:[A-Za-z]|½)?(?:[-/–]\d{1,5}[A-Za-z]?)?)"
_STREET = (
    rf"(?:{_COMPASS}{GAP})?(?:\d{{1,3}}(?:st|nd|rd|th){GAP}(?:{TOKEN}{GAP}){{0,2}}?|(?:{TOKEN}{GAP}(?:(?:of|the|la|de|del|and)"
    rf"{GAP}){{0,2}}){{1,4}}?){_TYPE}(?:{GAP}{_TYPE}\b)?(?:(?<=St)\.|(?<=Rd)\.|(?<=Dr)\.|(?<=Ln)\.|(?<=Ct)\.|(?<=Ave)\.|(?<=Blvd)\.)?(?:{GAP}{_COMPASS}(?!\w))?"
)
_UNIT = (
    r"(?:(?:[Aa]pt|[Aa]partment|[Uu]nit|[Ss]uite|[Ss]te|[Ff]lat|[Rr]oom|[Rr]m|[Ff]loor|[Bb]uilding|[Bb]ldg|[Bb]lock|[Ll]ot)"
    r"\.?[ \t]{0,2}#?|#[ \t]?)(?:\d{1,4}-?[A-Za-z]?|[A-Z]\d{0,3})\b"
)
_POST = r"(?:\d{5}(?:-\d{4})?|[A-PR-UWYZ][A-HK-Y]?\d[\dA-Z]? ?\d[ABD-HJLNP-UW-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4})"
_TOWN = rf"{TOKEN}(?:{GAP}{TOKEN}){{0,2}}"
_ADDRESS = re.compile(
    rf"(?<![\w.,/$£€#-])(?:{_UNIT},?{GAP}|\d{{1,2}}/\d{{1,2}},?{GAP}(?=\d)|[Nn]umber{GAP}|[Nn]o\.?{GAP})?{_NUMBER},?{GAP}(?:{_UNIT},?{GAP})?{_STREET}"
    rf"(?:,?{GAP}{_UNIT})?(?:,?{GAP}{_POST}(?!\w))?"
)
_ELSEWHERE = re.compile(
    rf"(?<![\w.,/$£€#-])(?:{_NUMBER},?{GAP}(?i:rue|avenue|boulevard|place|calle|avenida|av\.|via|viale|piazza|rua|praça|carrer|paseo|"
    rf"chemin|impasse|allée|quai){GAP}(?:(?:de|des|du|del|della|dei|la|las|le|les|los|da|do|dos){GAP}){{0,2}}(?:[dl]['’])?{TOKEN}"
    rf"(?:{GAP}{TOKEN})?|(?:Rue|Avenue|Boulevard|Calle|Avenida|Via|Viale|Piazza|Rua|Praça|Carrer|Paseo|Chemin|Quai|Ulica|ul\.){GAP}"
    rf"(?:(?:de|des|du|del|della|dei|la|las|le|les|los|da|do|dos){GAP}){{0,2}}{TOKEN}(?:{GAP}{TOKEN}){{0,2}},?{GAP}\d{{1,4}}[a-z]?\b|[A-ZÄÖÜ]\w+(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|weg|gasse|allee|straat|laan|gracht){GAP}\d{{1,4}}[a-z]?\b)"
)
_BOX = re.compile(rf"(?i:\bp\.? ?o\.? ?box{GAP}#?\d{{1,6}})(?:,?{GAP}{_POST}(?!\w))?")
_AFTER = re.compile(
    rf",?{GAP}(?P<town>{_TOWN})(?=,|[.;!?]|\n|$|{GAP}{_POST})(?:,{GAP}(?:[A-Z]{{2}}\b|{_TOWN}))?(?:,?{GAP}(?P<code>{_POST})(?!\w))?"
)
_HIGHWAY = re.compile(
    rf"(?<![\w.,/$£€#-])\d{{1,5}}{GAP}(?:County{GAP}Road|State{GAP}Route|Highway|Hwy|Route|Rte|Rural{GAP}Route|FM){GAP}\d{{1,4}}\b"
)
_RURAL = re.compile(
    rf"(?<!\w)(?:(?:R\.?R\.?|(?i:rural route)|HC){GAP}#?\d{{1,3}}(?:,?{GAP}(?i:box){GAP}#?\d{{1,5}}[A-Z]?)?|\d{{1,5}}{GAP}(?:Broadway|Piccadilly)\b)(?!\w)"
)
_UNITS = re.compile(rf"(?<!\w){_UNIT},{GAP}{_UNIT}")
_UNITED = re.compile(
    rf"(?i:\b(?:live[sd]?|living|moved|address|staying|stays|reside[sd]?)\b(?: \w+){{0,3}}? (?:in|at|to|into|is) )(?P<unit>(?!(?i:room|rm|floor|building|bldg|lot|block)){_UNIT})"
)
_AT_NUMBER = re.compile(
    rf"(?i:\b(?:live[sd]?|living|house|flat|home|address|moved|stay|stays|staying|stayed|deliver\w*|mail|send|ship|meet|visit|visited|"
    rf"grew up|born|parked|outside)\b(?: \w+){{0,4}}?(?: (?:at|is|to)|:) (?:number |no\.? )?)(?P<place>(?:{_UNIT},?{GAP})?{_NUMBER},?{GAP}(?:The{GAP})?{TOKEN}(?:{GAP}{TOKEN}){{0,2}})"
)
_NO_PLACE = frozenset(
    """january february march april may june july august september october november december jan feb mar apr jun jul aug sep
    sept oct nov dec am pm mg mb gb km lbs monday tuesday wednesday thursday friday saturday sunday i""".split()
)
_HOUSE = re.compile(
    rf"(?<![\w'’-])(?:The{GAP})?{TOKEN}(?:{GAP}{TOKEN})?{GAP}(?:Cottage|Cottages|Farm|Farmhouse|Lodge|House|Manor|Rectory|Vicarage|Barn|"
    rf"Villa|Hall|Bungalow|Croft|Grange|Stables|Mill|Gatehouse|Chalet),{GAP}(?:(?:The{GAP})?{TOKEN}(?:{GAP}{TOKEN}){{0,2}}?{GAP})(?:{_TYPES}|St|Dr)\b"
)
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_SPELLED = re.compile(
    rf"(?<![\w-])(?i:(?:{_TENS})(?:[ -](?:{_ONES}))?|{_ONES}){GAP}(?:{TOKEN}{GAP}){{1,3}}?"
    rf"(?:Street|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Court|Boulevard|Blvd|Place|Terrace|Close|Crescent|Grove|Gardens|St|Dr)\b"
)
_GERMAN = re.compile(
    rf"(?<![\w-])(?<!I )(?:Am|An de[rn]|Im|Zum|Zur|Auf de[mr]|Unter den|In der){GAP}{TOKEN}(?:{GAP}{TOKEN})?{GAP}\d{{1,3}}[a-z]?\b(?!\.?\d)"
)
_ROAD = re.compile(
    rf"(?<![\w'’-])(?:{_COMPASS}{GAP})?(?:\d{{1,3}}(?:st|nd|rd|th)|{TOKEN}(?:{GAP}{TOKEN}){{0,2}}?){GAP}(?:{_TYPES}|St|Dr)\b\.?"
)
_CROSSED = rf"(?:\d{{1,3}}(?:st|nd|rd|th)|{TOKEN})(?:{GAP}{TOKEN})?"
_CORNER = re.compile(rf"(?i:\b(?:corner|intersection) of )(?P<corner>{_CROSSED}{GAP}and{GAP}{_CROSSED})")
_SMALL_TYPES = (
    "street|st|ln|avenue|ave|road|rd|lane|drive|boulevard|blvd|crescent|terrace|court|close|grove|place|way|gardens"
)
_SMALL = re.compile(
    rf"(?<![\w.,/$£€#-])(?P<number>\d{{1,5}}[a-z]?) (?P<street>(?:[nsew]\.? )?(?:[a-z]['’a-z-]+ ){{1,3}}?)(?:{_SMALL_TYPES})\b"
    rf"(?:,? (?:apt|apartment|unit|flat|#)\.? ?\d{{1,4}}[a-z]?\b)?"
)
_NO_STREET = frozenset(
    """
    a an the my our his her their your this that on of down up to from in along at by per across off into over and or for with
    is was miles mile minutes minute min mins blocks block houses house years year days day weeks week months month hours hour
    people times percent cars car lanes doors feet yards meters metres km other different more same wrong right long no
    good bad only way steps step ways of-the big new old dead busy quiet side main high one two three four five
    """.split()
)
_NO_ROAD = _NO_STREET | frozenset(
    """memory country dirt gravel fast slow bus bike back private residential toll bumpy rocky express passing left middle
    dark muddy winding narrow rural suburban city nearby nice lovely safe noisy""".split()
)
_SMALL_ROAD = re.compile(
    r"(?<![\w'’-])(?:on|off|down|in) (?P<road>(?P<name>[a-z]{3,}(?: [a-z]{3,})?) (?:street|avenue|ave|road|rd|lane|ln|drive|"
    r"boulevard|blvd|crescent|terrace|court|close|grove))(?![\w-])"
)
_LIVE = frozenset(
    """live lives lived living house home flat apartment place moved move staying stay grew up address street was born room
    building office clinic bungalow parked down it's is neighbours neighbors someone people""".split()
)
_FAMOUS = frozenset(
    {
        "wall street",
        "sesame street",
        "downing street",
        "easy street",
        "fleet street",
        "abbey road",
        "high street",
        "main road",
    }
)


_DIGIT = re.compile(r"\d")
_YEAR_OF_STREET = re.compile(r"(?:1[89]|20)\d\d [A-Z].*")


def _addresses(text: str) -> Iterator[Finding]:
    for start, end in around(text, _DIGIT, 120):
        yield from _numbered(text, start, end)
    for match in _CORNER.finditer(text):
        yield Finding(*match.span("corner"), "ADDRESS", 0.7, "addresses")


def _numbered(text: str, start: int, end: int) -> Iterator[Finding]:
    for pattern in (_UNITS, _RURAL, _GERMAN):
        for match in pattern.finditer(text, start, end):
            yield Finding(*match.span(), "ADDRESS", 0.9, "addresses")
    for match in _UNITED.finditer(text, start, end):
        yield Finding(*match.span("unit"), "ADDRESS", 0.75, "addresses")
    for match in _AT_NUMBER.finditer(text, start, end):
        if not {low(w) for w in WORD.findall(match["place"])} & _NO_PLACE:
            yield Finding(*match.span("place"), "ADDRESS", 0.8, "addresses")
    for pattern in (_ADDRESS, _ELSEWHERE, _BOX, _HIGHWAY):
        for match in pattern.finditer(text, start, end):
            if _YEAR_OF_STREET.fullmatch(match[0]) and low(match[0][5:]) in _FAMOUS:
                continue  # the crash of 1929
            yield Finding(*match.span(), "ADDRESS", 0.85, "addresses")
            yield from _behind(text, match.end())
    for match in _SMALL.finditer(text, start, end):
        if not any(w in _NO_STREET or w in FUNCTION for w in match["street"].split()):
            yield Finding(*match.span(), "ADDRESS", 0.7, "addresses")


def _behind(text: str, end: int) -> Iterator[Finding]:
    """The town and the code that follow a street: places of their own."""
    match = _AFTER.match(text, end)
    if match is None:
        return
    start, stop = trimmed(text, *match.span("town"))
    if start < stop and key(text[start:stop]) not in towns().wide and low(text[start:stop]) not in PUBLIC:
        yield Finding(start, stop, "LOCATION", 0.8, "addresses")
    if match["code"]:
        yield Finding(*match.span("code"), "LOCATION", 0.8, "addresses")


def _roads(text: str) -> Iterator[Finding]:
    """Streets without a number in digits: behind a house, a spelled number, or words that say that somebody lives there."""
    for pattern in (_HOUSE, _SPELLED):
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "ADDRESS", 0.9, "addresses")
    for match in _SMALL_ROAD.finditer(text):
        words = match["name"].split()
        if _LIVE & set(words_before(text, match.start())[-6:]) and not any(
            w in _NO_ROAD or w in FUNCTION for w in words
        ):
            yield Finding(*match.span("road"), "ADDRESS", 0.6, "addresses")
    for match in _ROAD.finditer(text):
        before = words_before(text, match.start())
        while before and before[-1] in ("the", "just"):
            before.pop()
        words = [low(w) for w in WORD.findall(match[0])]
        lived = before[-1:] and before[-1] in ("on", "off", "in", "at") and _LIVE & set(before[-6:-1])
        if (
            (lived or before[-1:] in (["on"], ["off"], ["past"], ["down"], ["along"]))
            and low(match[0]) not in _FAMOUS
            and (not set(words[:-1]) <= {"main", "high", "the"} or len(words) > 2)
        ):
            yield Finding(*match.span(), "ADDRESS", 0.65, "addresses")


_ADDRESS_LABEL = frozenset({"ADDRESS"})
RULES = (
    Rule(
        "addresses",
        frozenset({"ADDRESS", "LOCATION"}),
        rf"\p{{Nd}}[A-Za-z]?[,.]? .*\b(?:(?i:{_TYPES}|st|dr|fm|route|rte)\b|{_TYPE})|\p{{Nd}},? (?i:rue|avenue|boulevard|place|calle|av|via|piazza|"
        rf"rua|praça|carrer|paseo|chemin|impasse|all|quai)|(?:Rue|Avenue|Boulevard|Calle|Avenida|Via|Viale|Piazza|Rua|Praça|Carrer|Paseo|"
        rf"Chemin|Quai|Ulica|ul\.) .*\p{{Nd}}|(?:stra(?:ß|ss)e|str\.|weg|gasse|allee|straat|laan|gracht) \p{{Nd}}|(?i:box) #?\p{{Nd}}|"
        rf"(?i:corner|intersection) of|\b(?:R\.?R\.?|(?i:rural route)|HC) #?\p{{Nd}}|\p{{Nd}} (?:Broadway|Piccadilly)|"
        rf"(?i:apt|apartment|unit|suite|ste|flat|room|rm|floor|building|bldg|block|lot|#)\.?\s*#?(?:\p{{Nd}}|\p{{Lu}})|"
        rf"(?i:at|is|to|:) (?i:number |no\.? )?\p{{Nd}}.*\p{{Lu}}|(?:Am|An de[rn]|Im|Zum|Zur|Auf de[mr]|Unter den|In der)\s.*\p{{Nd}}",
        _addresses,
    ),
    Rule(
        "streets",
        _ADDRESS_LABEL,
        rf"(?:Cottages?|Farm|Farmhouse|Lodge|House|Manor|Rectory|Vicarage|Barn|Villa|Hall|Bungalow|Croft|Grange|Stables|Mill|Gatehouse|Chalet),|"
        rf"(?i:{_TENS}|{_ONES})[ \t\x{{A0}}]{{1,3}}\p{{Lu}}|(?:on|off|down|in) [a-z][a-z'’ ]{{2,40}} (?:street|avenue|ave|road|rd|lane|ln|drive|boulevard|"
        rf"blvd|crescent|terrace|court|close|grove)|(?:on|off|in|at|past|down|along) (?:the )?(?:\p{{Lu}}|\p{{Nd}}).{{1,40}}\b(?:{_TYPES}|St|Dr)\b",
        _roads,
    ),
)
"""What finds ADDRESS."""
