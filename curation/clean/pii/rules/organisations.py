"""Named clinics, schools, churches, prisons (FACILITY) and employers, companies, universities, teams (ORG).

Two ways to find one: by the word that ends its name ("Riverside Clinic", "Brightwell Logistics") and by what is said of
it ("admitted to Fairview", "I work at Brightwell").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.gazetteer import given_names, key, surnames, towns
from curation.clean.pii.rules.known import APPS, BODIES, PUBLIC
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import CAP, FUNCTION, GAP, LIKE_TOWN, RUN, START, TOKEN, WORD, low, without_possessive, words_before

# ----------------------------------------------------------------------------- names by their last word

_FACILITIES = frozenset(
    """
    hospital hospitals clinic infirmary hospice sanatorium surgery ward pharmacy center centre elementary high academy
    primary secondary comprehensive grammar prep preschool kindergarten montessori nursery daycare childcare school schools
    church cathedral chapel mosque synagogue parish tabernacle abbey convent monastery ministries gurdwara masjid minster
    fellowship prison jail penitentiary facility shelter refuge hostel library gym orphanage ymca ywca rehab rehabilitation
    practice treatment recovery dental medical healthcare health care lodge manor unit institution hall house
    """.split()
)
_ORGANISATIONS = frozenset(
    """
    inc llc llp ltd limited plc corp corporation gmbh co company sons daughters brothers bros group logistics solutions
    industries consulting consultants consultancy partners associates holdings bank insurance assurance technologies
    technology software systems foods motors autos airlines airways pharmaceuticals pharma biotech realty properties
    estates construction builders plumbing electrical electrics electronics engineering manufacturing enterprises ventures
    capital investments financial advisors advisers accountants accountancy solicitors attorneys architects design designs
    studio studios media marketing communications telecom energy electric steel mills works freight haulage trucking
    transport couriers bakery brewery brewing bistro diner grill cafe café coffee roasters restaurant pizzeria catering
    supermarket supermarkets groceries markets stores outfitters apparel furniture hardware garage cleaners cleaning
    landscaping farms dairy nurseries salon staffing recruitment security analytics robotics labs laboratories networks
    digital packaging printing press publishing books records housing homes hotel hotels resort theatre theater
    council police constabulary department trust foundation association society federation union alliance coalition
    charity guild institute club fc rfc afc rovers wanderers albion harriers choir orchestra philharmonic players warriors
    tigers panthers hawks wildcats bulldogs raiders sharks falcons cougars mustangs spartans stallions hornets rockets
    university college polytechnic uni district services agency united athletic
    """.split()
)
# These also end headlines ("Predictive Analytics", "Building Trust"): before them stands a surname or a town, or a cue.
_WEAK = frozenset(
    """
    primary secondary prep practice treatment recovery medical dental health healthcare care lodge manor unit hall house
    ward surgery rehab rehabilitation center centre institution facility fellowship library school schools
    capital works press books records homes housing media design designs studio studios security energy electric digital
    engineering manufacturing technology technologies software systems solutions networks analytics robotics labs
    insurance marketing communications construction financial investments properties enterprises ventures industries
    company department district services agency union society alliance coalition association foundation guild federation
    bank co united athletic players institute trust grammar hardware markets stores estates coffee hotel hotels theatre
    theater choir group partners associates club packaging printing publishing transport freight bros brothers sons
    tigers panthers hawks raiders sharks falcons comets warriors
    """.split()
)
_PUBLIC_FIRST = frozenset("national american international world global british royal european united federal".split())
# Words that say what kind of house it is and not which: a name needs one more.
_ORDINARY = frozenset(
    """
    children's general memorial community university regional district county city royal veterans va psychiatric behavioral
    behavioural mental health medical wellness recovery treatment counseling counselling therapy rehabilitation rehab trauma
    care crisis family surgery cancer heart day youth birth detox urgent primary nursing retirement assisted living dialysis
    surgical residential psychotherapy psychology psychological fertility elementary middle high junior senior secondary
    infant infants comprehensive grammar prep catholic public charter nursery boarding boys girls special christian
    international state baptist methodist lutheran presbyterian pentecostal episcopal evangelical orthodox unitarian parish
    bible free gospel federal juvenile women's men's maximum minimum security correctional detention remand homeless night
    domestic violence leisure sports sport senior animal resource drop-in local national american british private
    technical graduate grad law business english foreign police fire school student students social human support service
    services office center centre hospital clinic church prison first second third next last new old big small good great
    own home house main online dear the my our his her their your this that a an any every each another some and or of for
    military armed information computer software digital global world united central federal limited personal customer data machine
    learning artificial intelligence research environmental sustainable renewable solar project team department
    """.split()
)
_SMALL_LAST = re.compile(
    rf"{GAP}(?:(?:general|mental health|medical|community|elementary|middle|high|primary|secondary|grammar|baptist|"
    rf"methodist|treatment|recovery|rehab|nursing|care|county|state){GAP})?"
    r"(?:(?P<facility>hospital|clinic|infirmary|hospice|school|elementary|academy|church|cathedral|mosque|synagogue|prison|"
    r"jail|shelter|(?:care|nursing|retirement) home|(?:medical|health|treatment|recovery|community|rehab) cent(?:er|re))"
    r"|(?P<org>university|college|council|police|football club|law firm))(?![\w-])"
)
_OF = re.compile(
    rf"{START}(?:(?P<org>University|Uni|College|School|Institute|Bank|City|Borough|Archdiocese|Diocese)"
    rf"|(?P<facility>Hospital|Church|Cathedral|Chapel|Shrine|Basilica|Temple|Parish)){GAP}(?:of|for)(?:{GAP}the)?{GAP}"
    rf"{TOKEN}(?:(?:,{GAP}(?=[A-Z]\w+ ?(?:[.,;!?)]|$))|{GAP}(?:(?:of|at){GAP})?){TOKEN}){{0,3}}"
)
_SAINT = re.compile(
    rf"{START}(?:(?P<sure>Our{GAP}Lady(?:{GAP}of(?:{GAP}the)?{GAP}{CAP}(?:{GAP}{CAP})?)?|"
    rf"(?:HMP|HMYOI|YOI|HM{GAP}Prison)(?:{GAP}(?:and|&){GAP}YOI)?{GAP}{CAP}(?:{GAP}(?:Scrubs|Park|Hall|Road|Moor|Hey))?|"
    rf"(?:FCI|USP|FMC|MCI|SCI){GAP}{CAP}(?:{GAP}{CAP})?)"
    rf"|(?:St\.?|Saint|Ste\.?){GAP}{CAP}(?:{GAP}(?:and|&){GAP}(?:St\.?{GAP})?{CAP}|{GAP}(?:of|the){GAP}{CAP})?|"
    rf"(?:Holy|Sacred|Blessed|Immaculate){GAP}{CAP}|(?:Mount|Mt\.?){GAP}(?:Sinai|Carmel|Zion|Olive|Calvary)|"
    rf"Good{GAP}(?:Shepherd|Samaritan)|All{GAP}(?:Saints|Souls)|Corpus{GAP}Christi)"
)

# ------------------------------------------------------------------------------- names by what is said of them

_STAY_AT = """
    in-patient inpatient outpatient out-patient rehab detox treatment therapy counseling counselling session sessions group
    groups iop php chemo dialysis physio counselor counsellor therapist psychiatrist psychologist doctor doctors nurse nurses
    midwife surgeon oncologist appointment appointments intake assessment evaluation surgery operation programme program er
    ward bed icu hospitalized hospitalised sectioned stay stint weeks residential patient resident service mass worship
    choir pastor priest rabbi imam minister congregation baptised baptized christened inmate teacher teaches teach taught
    teaching pupil principal headteacher sophomore classmates bullied expelled suspended enrolled kids son daughter child
    children admitted seen treated locked scan mri bloods clinic hospital ward staff carer carers
"""
_WORK_AT = """
    work works worked working employed job jobs shift shifts internship interning interned intern position role career gig
    interview interviews interviewed interviewing hired boss bosses manager supervisor colleague colleagues coworker
    coworkers co-worker co-workers lead office engineer developer analyst assistant cashier barista receptionist accountant
    lawyer paralegal driver cleaner chef cook waiter waitress server clerk secretary technician mechanic apprentice
    apprenticeship temp temps temped temping volunteer volunteers volunteered volunteering consultant consulting contractor
    started starting start promoted promotion years management hr warehouse layoffs redundancies redundant placement
    lecturer professor postdoc researcher overtime ceo cto cfo founder director owner vp president partner employee study
    studies studied studying student students undergrad masters phd degree tutor course semester campus dorm halls
    fellowship scholarship major majoring majored sales accountant designer salesman buyer bartender stockroom shelf-stacking
"""
_WORK_FOR = """
    work works worked working volunteer volunteers volunteered volunteering freelance freelances freelanced freelancing drive
    drives driving drove deliver delivers delivered delivering temp temped temping intern interned interning contract
    contracted consult consulted consulting play plays played playing coach coaches coached coaching interview interviewed
    interviewing job shifts engineer manager rep lawyer buyer designer analyst contractor
"""
_FIRED = "hired employed fired sacked laid-off off dismissed headhunted recruited promoted poached redundant let go".split()
_LEFT = """
    resign resigned resigning quit quitting retire retired retiring graduate graduated graduating redundancy severance offer
    dropped dropping degree masters master's phd diploma transcript scholarship paycheck payslip fired sacked off go
""".split()
_OFFICE = """
    ceo cto cfo coo founder co-founder cofounder director owner vp president partner chairman captain employee
    employees head coach
""".split()
_COMPANY = """
    company firm startup start-up charity agency restaurant cafe café pub team club organization organisation non-profit
    nonprofit band bakery employer salon brewery university college
""".split()
_HOUSES = "school hospital clinic church rehab shelter prison nursery".split()

STAY = {
    "at": frozenset(_STAY_AT.split()),
    "to": frozenset("admitted readmitted committed sectioned checked transferred".split()),
    "into": frozenset("admitted readmitted checked check checking myself himself herself".split()),
    "from": frozenset("discharged released expelled suspended".split()),
    "in": frozenset("incarcerated imprisoned inmate inpatient hospitalized hospitalised sentence locked".split()),
    "called": frozenset(_HOUSES),
    "named": frozenset(_HOUSES),
    ",": frozenset(),
    "of": frozenset("principal headteacher pastor warden".split()),
}
WORK = {
    "at": frozenset(_WORK_AT.split()),
    "for": frozenset(_WORK_FOR.split()),
    "by": frozenset(_FIRED),
    "from": frozenset(_LEFT),
    "with": frozenset("interview interviewed interviewing job internship position contract placement career role".split()),
    "of": frozenset(_OFFICE),
    "called": frozenset(_COMPANY),
    "named": frozenset(_COMPANY),
    "is": frozenset({"employer"}),
    "was": frozenset({"employer"}),
    ",": frozenset({"employer", "company", "firm", "startup", "university"}),
}
_BETWEEN = frozenset(
    """
    here there now over down up back again full-time part-time full part time nights weekends days remotely out in a an as
    my his her their our new first second old current last only long entire whole and head night day early late
    """.split()
)
_TITLES = frozenset("dr mr mrs ms miss mx prof professor sir aunt uncle judge officer detective sergeant coach".split())


def said(words: list[str], table: dict[str, frozenset[str]]) -> bool:
    """Whether the words before a name tell that it is a body of this kind."""
    words = list(words)
    while words and words[-1] == "the":
        words.pop()
    if not words or words[-1] not in table:
        return False
    heads = table[words[-1]]
    for word in words[-2:-7:-1]:
        if word in heads:
            return True
        if word not in _BETWEEN:
            return False
    return False


def _bodies(text: str) -> Iterator[Finding]:
    for match in _OF.finditer(text):
        if low(match[0]) not in BODIES and key(match[0].split(" of ")[-1].removeprefix("the ")) not in towns().wide:
            yield _found(text, match.start(), match.end(), "FACILITY" if match["facility"] else "ORG")
    for match in _SAINT.finditer(text):
        before = words_before(text, match.start())
        town = key(without_possessive(match[0])) in towns().towns and match[0][-2:] not in ("'s", "’s")
        if match["sure"] or (not town and before[-1:] and before[-1] in _SAINT_BEFORE):
            yield Finding(match.start(), match.end(), "FACILITY", 0.7, "organisations")
    for run in RUN.finditer(text):
        yield from _in_run(text, run)


_SAINT_BEFORE = frozenset("at to from into in of leave left leaving by near the through outside attend attends attended attending joined called".split())


def _in_run(text: str, run: re.Match[str]) -> Iterator[Finding]:
    words = list(WORD.finditer(text, run.start(), run.end()))
    while words and low(words[0][0]) in FUNCTION:
        words.pop(0)
    first = 0
    for index, word in enumerate(words):
        last = low(without_possessive(word[0])).rstrip(".")
        label = "ORG" if last in _ORGANISATIONS else "FACILITY" if last in _FACILITIES else None
        following = low(words[index + 1][0]).rstrip(".") if index + 1 < len(words) else ""
        if label is None or following in _ORGANISATIONS or following in _FACILITIES:
            continue
        before = words_before(text, words[first].start())
        named = _is_named([low(without_possessive(w[0])) for w in words[first:index]], last, before)
        if named and not (text[words[first].start() : word.end()].isupper() and not said(before, WORK)):
            yield _found(text, words[first].start(), word.end(), _label(words, index, label))
            first = index + 1
    if first == 0 and words:
        yield from _without_kind(text, words)


def _label(words: list[re.Match[str]], index: int, label: str) -> str:
    pair = low(words[index - 1][0]), low(words[index][0])
    if pair[1] == "school" and pair[0] in ("law", "medical", "business"):
        return "ORG"
    return label


def _is_named(words: list[str], last: str, before: list[str]) -> bool:
    """Whether what stands before a kind of body is a name, not one more word for the kind."""
    gazetteer = towns()
    proper = [w for w in words if not (w in _ORDINARY or w in FUNCTION or w in PUBLIC or key(w) in gazetteer.wide)]
    if not proper:
        return last == "university" and bool(words) and key(" ".join(words)) not in _ORDINARY
    if " ".join([*words, last]) in BODIES:
        return False
    if last in _WEAK or words[0] in _PUBLIC_FIRST:
        at_home = any(w in surnames() or key(w) in gazetteer.towns or LIKE_TOWN.match(w) for w in proper)
        return (at_home and words[0] not in _PUBLIC_FIRST) or said(before, STAY) or said(before, WORK)
    return True


def _without_kind(text: str, words: list[re.Match[str]]) -> Iterator[Finding]:
    end = words[-1].end()
    small = _SMALL_LAST.match(text, end)
    plain = [low(without_possessive(w[0])) for w in words]
    before = words_before(text, words[0].start())
    if small and _is_named(plain, "hospital", before):
        yield _found(text, words[0].start(), small.end(), "FACILITY" if small["facility"] else "ORG")
        return
    stay, work = said(before, STAY), said(before, WORK)
    if (stay or work) and _is_body(text, words, plain, work):
        joined = re.compile(rf"{GAP}(?:and|&){GAP}({TOKEN})(?:{GAP}{TOKEN})?").match(text, end)
        if joined and work and low(joined[1]) not in FUNCTION | PUBLIC | given_names():
            end = joined.end()
        yield _found(text, words[0].start(), end, "ORG" if work else "FACILITY")


def _is_body(text: str, words: list[re.Match[str]], plain: list[str], work: bool) -> bool:
    if plain[0] in _TITLES or plain[0] in given_names():
        return False
    if key(" ".join(plain)) in towns().wide or " ".join(plain) in BODIES:
        return False
    return not all(w in _ORDINARY or (w in PUBLIC and not (work and w in APPS)) for w in plain)


def _found(text: str, start: int, end: int, label: str) -> Finding:
    return Finding(start, start + len(without_possessive(text[start:end])), label, 0.75, "organisations")


# ----------------------------------------------------------------------------------------------- lower case

_SHOPS = (
    "tesco|sainsbury'?s|asda|morrisons|waitrose|aldi|lidl|co-?op|walmart|costco|starbucks|mcdonald'?s|burger king|kfc|"
    "taco bell|wendy'?s|chipotle|domino'?s|pizza hut|dunkin'?|chick-?fil-?a|greggs|nando'?s|wetherspoons?|costa|ikea|b&q|"
    "argos|primark|amazon|google|microsoft|facebook|netflix|uber|walgreens|cvs|kroger|safeway|publix|whole foods|"
    "trader joe'?s|home depot|lowe'?s|best buy|kohl'?s|macy'?s|ups|usps|fedex|dhl|royal mail|verizon|at&t|comcast|"
    "t-?mobile|vodafone|barclays|hsbc|lloyds|natwest|wells fargo|citibank|goldman sachs|jp morgan|deloitte|kpmg|pwc|"
    "accenture|ibm|intel|boeing|tesla|toyota|gamestop|petco|petsmart|sephora"
)
_SHOP = re.compile(rf"(?<![\w'’-])(?:at|for|by|from) ({_SHOPS})(?![\w'’-])")
_SMALL_NAME = re.compile(
    r"(?<![\w'’-])(?:at|from|near|outside) ((?:st\.? )?[a-z][a-z'’-]{2,}(?: [a-z][a-z'’-]{2,}){0,3}?"
    r" (hospital|clinic|infirmary|hospice|school|elementary|academy|church|prison|university|college|(?:medical|treatment|"
    r"recovery|health) cent(?:er|re)))(?![\w-])"
)
_NO_NAMES = _ORDINARY - {"general"} | FUNCTION | frozenset(
    """
    going went go getting being been took taken take taking drove drive driven running walk walking back all both these
    which what psych mum's mom's dad's sister's brother's son's daughter's friend's uni finishing starting leaving during
    same different wrong right best nearest closest former entire whole early late sunday monday friday saturday saint
    full part half real actual certain top bottom middle open medical teaching cottage mental eye dental vet walk-in sexual
    gender pain sleep memory methadone abortion summer evening morning weekly
    """.split()
)


def _small(text: str) -> Iterator[Finding]:
    for match in _SHOP.finditer(text):
        if said(words_before(text, match.start(1)), WORK):
            yield Finding(*match.span(1), "ORG", 0.7, "organisations")
    for match in _SMALL_NAME.finditer(text):
        words = low(match[1][: -len(match[2]) - 1]).split()
        named = [w for w in words if w not in ("high", "general", "elementary", "primary", "community", "middle")]
        if named and not any(w in _NO_NAMES for w in named):
            label = "ORG" if match[2] in ("university", "college") else "FACILITY"
            yield Finding(*match.span(1), label, 0.5, "organisations")


_BOTH = frozenset({"FACILITY", "ORG"})
RULES = (
    Rule(
        "organisations",
        _BOTH,
        r"\p{Lu}[\p{L}.'’-]+ (?:& |and )?\p{Lu}\p{L}|(?i:at|to|into|from|in|called|named|for|by|with|of|is|was|,) (?:the )?\p{Lu}[\p{L}&]",
        _bodies,
    ),
    Rule(
        "organisations in lower case",
        _BOTH,
        rf"(?:at|for|by|from) (?:{_SHOPS})|(?:at|to|from|near|outside|in) [\p{{L}}.'’ -]+ (?:hospital|clinic|infirmary|hospice|"
        r"school|elementary|academy|church|prison|university|college|cent)",
        _small,
    ),
)
"""What finds FACILITY and ORG."""
