"""Places below a state: towns, counties and neighbourhoods by gazetteer, unknown ones by cue, postcodes, coordinates.

A name that the gazetteer is sure of counts wherever it stands with a capital. A name that is also somebody's
(`Charlotte`, `Jackson`) or a word (`Reading`, `Hope`) counts only behind words that ask for a place, and behind the
strongest of these ("I live in …") every capitalised name counts, listed or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.gazetteer import WORDS, given_names, key, surnames, towns
from curation.clean.pii.rules.known import BODY_WORDS, NO_NAME, PUBLIC
from curation.clean.pii.rules.placing import LOOSE, LOOSELY, NONE, STRONGLY, asked
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import FUNCTION, LIKE_TOWN, WORD, low, runs, without_possessive, words_before

_TITLES = frozenset("dr mr mrs ms miss mx prof professor sir aunt auntie uncle rev sister nurse judge coach".split())
_PREFIXES = frozenset(
    """north south east west northern southern eastern western central greater downtown inner upper lower old new outer
    northeast northwest southeast southwest mid uptown rural metro""".split()
)
_PARTS = frozenset(
    """city centre center downtown area county north south east west heights central suburbs suburb borough village town
    metro airport station""".split()
)
_PART_OF_NAME = frozenset(
    """county borough heights beach bay springs township parish hills park island islands valley village estate
    estates""".split()
)
_WATERS = frozenset("county river lake isle loch lough port fort mount glen".split())
_BEHIND_WATERS = frozenset("river lake estate island valley bay beach heights harbour harbor marina".split())
_BESIDE = frozenset("the on by along near in at from to beside outside around of".split())
_STATE_BEHIND = re.compile(r", ?([A-Z][a-z]+(?: [A-Z][a-z]+)?|[A-Z]{2}\b|D\.C\.)")
_STATE_CODES = frozenset(
    """AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY DC D.C. UK BC QC AB NSW VIC QLD""".split()
)
_ALIKE = re.compile(r"(?:,? (?:and|or|then|and then|to)|,) ")

_NATIVE = re.compile(
    r"(?:-|[ ])(?:girl|boy|lad|lass|native|accent|suburbs?|area|born|based)\b"
    r"| (?:is|was|will always be) (?:where|home|supposed to be|full of people|too (?:big|small|expensive|far)|(?:cold|hot|boring|lonely)\b)"
    r"| (?:winters|summers|traffic|weather|airport)\b"
)
_TEAM = re.compile(r" (?:fans?|supporters?|game|match|shirt|jersey|vs|v)\b")
_OF_A_TOWN = frozenset("whole rest centre center streets outskirts people part side end middle suburb half".split())
_QUARTER = re.compile(
    r" (?:council )?(?:estate|neighbou?rhood|district|area|projects|housing scheme|valley|peninsula)\b"
)
_PEOPLE_IN = frozenset(
    """
    believe believed believing believes confide confided confiding disappointed disappointment interest interested trust
    trusted faith love change changes changed invest see seen saw engaged anger something notice noticed good bad best worst
    behind failed failing fail passed pass major majoring majored degree grade grades class classes lesson lessons score
    scores better struggling test tests exam exams tutor a an b c d f taught fluent spoken said speak
    """.split()
)


def _runs(text: str) -> Iterator[Finding]:
    """Look at every run of capitalised words: for a listed name in it, else for a cue before it."""
    towns()
    last, strength = -1, NONE
    for run in runs(text):
        words = list(WORD.finditer(text, run.start(), run.end()))
        while words and low(words[0][0]) in FUNCTION:
            words.pop(0)
        if not words:
            continue
        name = _listed(text, words)
        begin = words[0].start()
        before = words_before(text, begin)
        strong = strength if last >= 0 and _ALIKE.fullmatch(text, last, begin) else asked(before)
        if name:
            first, behind = name
            found = _judged(text, words, first, behind, before, strong)
            if found is None and before[-1:] in _WEAKLY and _LINKED.search(text, begin, words[-1].end()):
                plain = low(words[0][0])
                found = None if plain in given_names() or plain in PUBLIC else _span(text, words, 0.6)
        else:
            found = _unlisted(text, words, before, strong)
        if found:
            last, strength = found.end, max(strong, LOOSELY)
            yield found


def _listed(text: str, words: list[re.Match[str]]) -> tuple[int, int] | None:
    gazetteer = towns()
    for first in range(len(words)):
        if key(without_possessive(words[first][0])).split(" ")[0] not in gazetteer.first:
            continue
        for behind in range(min(len(words), first + gazetteer.longest), first, -1):
            name = key(without_possessive(text[words[first].start() : words[behind - 1].end()]))
            if name in gazetteer.towns:
                return first, behind
    return None


def _span(text: str, words: list[re.Match[str]], score: float) -> Finding:
    start, end = words[0].start(), words[-1].end()
    return Finding(start, start + len(without_possessive(text[start:end])), "LOCATION", score, "places")


def _judged(
    text: str, words: list[re.Match[str]], first: int, behind: int, before: list[str], strong: int
) -> Finding | None:
    """Decide on words[first:behind] of a run by what stands before and behind them."""
    gazetteer = towns()
    name = key(without_possessive(text[words[first].start() : words[behind - 1].end()]))
    after = low(words[behind][0]) if behind < len(words) else ""
    if first and key(without_possessive(text[words[first - 1].start() : words[behind - 1].end()])) in gazetteer.wide:
        return None
    if first and low(words[first - 1][0]) in _PREFIXES | _WATERS:
        first -= 1
    if first and strong != STRONGLY:
        inner = low(words[first - 1][0])
        if inner not in PUBLIC and inner not in FUNCTION and not (first == 1 and _is_opening(text, words[0])):
            return None
        before = [*before, *(low(w[0]) for w in words[:first])]
    elif first:
        return None if BODY_WORDS & {low(w[0]) for w in words} else _span(text, words[:behind], 0.8)
    titled = before[-1:] and before[-1] in _TITLES and not (before[-1] == "miss" and len(before) > 1)
    if titled or (before[-1:] and before[-2:-1] == ["of"]):
        return None
    if after and not (after in _PARTS or after in _PART_OF_NAME or after in FUNCTION or key(after) in gazetteer.wide):
        if after in BODY_WORDS:
            return None
        return _unlisted(text, words, before, strong)
    if after in _PART_OF_NAME:
        behind += 1
    sure = strong == STRONGLY or name in gazetteer.sure
    found = _span(text, words[first:behind], 0.9 if sure else 0.7)
    return found if _trusted(name, before, strong, text[found.end : found.end + 24]) else None


_NO_TOWN = re.compile(r" (?:protocol|scale|method|process|syndrome|w(?:asn['’]t|as not) built)\b")


def _is_opening(text: str, word: re.Match[str]) -> bool:
    """Whether a word has its capital from the start of a sentence: "Honestly Glasgow saved me"."""
    plain = low(word[0])
    opens = word.start() == 0 or text[: word.start()].rstrip(" \"'“‘(")[-1:] in ("", ".", "!", "?", "\n")
    return opens and plain not in given_names() and plain not in surnames() and plain not in _TITLES


# Of towns that bear a first name, those with fewer people (those of English-speaking countries count eight times) are
# named less often than people: "away from David".
_SMALL_FOR_A_NAME = 150_000


def _trusted(name: str, before: list[str], strong: int, behind: str) -> bool:
    """Whether a listed name means the town here."""
    gazetteer = towns()
    state = _STATE_BEHIND.match(behind)
    small = name in given_names() and gazetteer.towns[name] < _SMALL_FOR_A_NAME
    if small and not (state and (state[1] in _STATE_CODES or key(state[1]) in gazetteer.wide)):
        return False
    if _NO_TOWN.match(behind) or name in BODY_WORDS or (_TEAM.match(behind) and strong != STRONGLY):
        return False
    if name in gazetteer.sure or strong == STRONGLY:
        return True
    if state and (state[1] in _STATE_CODES or key(state[1]) in gazetteer.wide):
        return True
    if strong and not (name in WORDS and gazetteer.towns[name] < 300_000):
        return True
    if _NATIVE.match(behind) or (before[-1:] == ["of"] and before[-2:-1] and before[-2] in _OF_A_TOWN):
        return True
    preposition = before[-1] if before else ""
    people = gazetteer.towns[name]
    if preposition in ("in", "near", "outside", "around", "across", "throughout", "between"):
        if _PEOPLE_IN & set(before[-3:-1]):
            return False
        return people >= 800_000 if name in WORDS else people >= 40_000 or name not in gazetteer.people
    if preposition in ("to", "from", "via", "through", "at", "leaving", "left", "visiting", "miss", "missed"):
        somebody = name in given_names() or surnames().get(name, 9999) <= 400
        return name not in WORDS and not somebody and people >= 40_000
    return False


def _unlisted(text: str, words: list[re.Match[str]], before: list[str], strong: int) -> Finding | None:
    gazetteer = towns()
    whole = len(words)
    if strong != STRONGLY and _is_no_end(text, words[-1].end()):
        return None
    while len(words) > 1 and (
        key(words[-1][0]) in gazetteer.wide or low(words[-1][0]) in PUBLIC or low(words[-1][0]) in FUNCTION
    ):
        words = words[:-1]
    words = words[:4]
    plain = [low(without_possessive(w[0])) for w in words]
    name = key(" ".join(plain))
    named = len(plain) > 1 and not PUBLIC & set(plain) and not all(w in WORDS for w in plain)
    if named and _is_feature(plain, before):
        return _span(text, words, 0.75)
    if name in gazetteer.wide or len(name) < 3 or any(w in PUBLIC or w in BODY_WORDS for w in plain):
        return None
    if len(plain) == 1 and (plain[0] in NO_NAME or _ABSTRACT.match(plain[0])) and not LIKE_TOWN.match(plain[0]):
        return None
    if _QUARTER.match(text, words[-1].end()) and before[-1:] == ["the"] and name not in given_names():
        return _span(text, words, 0.6)
    state = _STATE_BEHIND.match(text, words[-1].end())
    if state and (state[1] in _STATE_CODES or key(state[1]) in gazetteer.wide):
        return _span(text, words, 0.8) if before[-1:] and before[-1] in ("of", "at", *LOOSE) else None
    if strong == STRONGLY:
        alone = len(words) == 1 and (name in given_names() or words[0][0].isupper())
        return None if alone else _span(text, words, 0.9)
    if not (strong or before[-1:] in _WEAKLY or before[-2:] == ["out", "of"] or _is_distinct(plain, before)):
        return None
    if len(words) < whole or not _may_be_town(text, words, plain, before):
        return None
    return _span(text, words, 0.88 if LIKE_TOWN.match(plain[-1]) else 0.6)


_WEAKLY = (["in"], ["near"], ["outside"], ["past"], ["beyond"], ["via"])


def _is_feature(plain: list[str], before: list[str]) -> bool:
    """Whether a name is that of a county, or of a river, a lake, a bay somebody is at."""
    if "county" in (plain[0], plain[-1]):
        return True
    named = plain[0] in _WATERS or plain[-1] in _BEHIND_WATERS
    return named and before[-1:] != [] and before[-1] in _BESIDE


def _is_no_end(text: str, end: int) -> bool:
    """Whether what follows makes a heading, a number's noun or an owner of a word: "Episode 2", "Node.js", "Hamlet's"."""
    return _NUMBERED.match(text, end) is not None or text.startswith(("'s", "’s"), end - 2)


_ABSTRACT = re.compile(
    r"\w{3,}(?:ism|tion|sion|ness|ing|ity|ment|ology|ics|ship|ence|ance|graphy|mode|less|ful|tude|ysis|ive|al|ed)$"
)
_NUMBERED = re.compile(r"\.?(?: ?[:#]? ?\d|\w)")
_IN_TITLE = re.compile(r"[A-Z][a-z]+ (?:in|near|of|outside) (?:the )?$")


def _in_title(text: str, words: list[re.Match[str]]) -> bool:
    """Whether the word before the preposition has a capital, too: a heading, where capitals say nothing."""
    start = words[0].start()
    match = _IN_TITLE.search(text, max(0, start - 40), start)
    return (
        match is not None
        and low(match[0].split(" ")[0]) not in FUNCTION
        and text[match.start() - 2 : match.start()] not in (". ", "", "? ", "! ")
    )


def _is_distinct(plain: list[str], before: list[str]) -> bool:
    """Whether a name behind "from" looks like a town's and like nobody's."""
    return before[-1:] == ["from"] and LIKE_TOWN.match(plain[-1]) is not None and plain[-1] not in surnames()


_LINKED = re.compile(r" (?:de|del|la|upon|on|under|sur|am) ")  # "Oaxaca de Juárez", of which only the end is listed


def _may_be_town(text: str, words: list[re.Match[str]], plain: list[str], before: list[str]) -> bool:
    """Whether an unlisted name behind a weak cue is a place: neither somebody's name nor a subject, a title, an acronym."""
    if _PEOPLE_IN & set(before[-3:-1]) or plain[0] in given_names():
        return False
    if LIKE_TOWN.match(plain[-1]):
        return True
    if (
        before[-1] not in ("in", "near", "outside", "of")
        or len(plain) > 2
        or _ABSTRACT.match(plain[-1])
        or _in_title(text, words)
    ):
        return False
    ordinary = any(w in WORDS or w in NO_NAME or surnames().get(w, 99_999) <= 4000 for w in plain)
    return not ordinary and all(w[0].isalpha() and w[0][1:].islower() for w in words)


_SMALL = re.compile(
    r"(?<![\w'’-])(?:in|near|outside|from|to|around|(?:leaving|left|headed|heading|bound|moving) for) (?:the )?(?=([a-z][a-z'’-]+(?: [a-z][a-z'’-]+){0,3}))"
)


def _in_lower_case(text: str) -> Iterator[Finding]:
    gazetteer = towns()
    for match in _SMALL.finditer(text):
        words = match[1].split(" ")
        if words[0].split("-")[0].removesuffix("'s") not in gazetteer.first and not _DISTINCT.match(words[0]):
            continue
        for count in range(len(words), 0, -1):
            name = without_possessive(" ".join(words[:count]))
            people = gazetteer.towns.get(key(name), 0)
            unlisted = count == 1 and _DISTINCT.match(name) and key(name) not in gazetteer.towns
            if not unlisted and (people < 30_000 or len(name) < 4 or key(name) in WORDS):
                continue
            before = words_before(text, match.start(1))
            strong = asked(before)
            inside = (
                match[0].startswith(
                    ("in ", "near ", "outside ", "leaving ", "left ", "headed ", "heading ", "bound ", "moving ")
                )
                and name not in given_names()
            )
            sure = (strong and key(name) in gazetteer.sure) or (inside and not _PEOPLE_IN & set(before[-3:-1]))
            if strong == STRONGLY or (sure and not unlisted):
                yield Finding(match.start(1), match.start(1) + len(name), "LOCATION", 0.75, "places")
            break
    if text.islower():
        for match in _SMALL_WORD.finditer(text):
            if gazetteer.towns.get(match[0], 0) >= _FAMOUS and match[0] in gazetteer.sure:
                yield Finding(*match.span(), "LOCATION", 0.6, "places")


_FAMOUS = 2_000_000
_SMALL_WORD = re.compile(r"(?<![\w'’-])[a-z]{5,}(?![\w-])")
_DISTINCT = re.compile(
    r"[a-z]{4,}(?:ville|bury|burgh|borough|chester|combe|haven|hurst|thorpe|wick|mouth|shire|stead|minster)$"
)


_LOCATION = frozenset({"LOCATION"})
RULES = (
    Rule("places", _LOCATION, r"\p{Lu}\p{L}", _runs),
    Rule(
        "places in lower case",
        _LOCATION,
        r"^\P{Lu}+$|(?:in|near|outside|from|to|around|for) (?:the )?[a-z]{3}",
        _in_lower_case,
    ),
)
"""What finds LOCATION."""
