"""Who is who in one conversation: the names that mean the same person, and where else that person is named."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules import words
from curation.clean.pii.rules.names import ACT, FIRST, HARD, PLAIN, THING, fold, gazetteer

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SCORE = 0.9

# Short forms with what they may stand for, in lower case. Written for this file.
_SHORT = """
abby abigail; al albert alan alfred alexander; alex alexander alexandra alexandria; andy andrew andrea; angie angela;
annie ann anne anna; bea beatrice; becca rebecca; becky rebecca; ben benjamin benedict; bernie bernard; bert albert
robert; beth elizabeth bethany; betty elizabeth; bill william; billy william; bob robert; bobby robert; brad bradley;
cam cameron; carrie caroline; cass cassandra; cathy catherine; charlie charles charlotte; chris christopher christine
christina christian; chuck charles; cindy cynthia; connie constance; dan daniel; danny daniel; dani danielle daniela;
dave david; davey david; deb deborah debra; debbie deborah debra; dee deirdre; dick richard; don donald; dot dorothy;
drew andrew; ed edward edwin; eddie edward; ellie eleanor ellen elizabeth; em emma emily; fran frances francesca;
frank francis franklin; fred frederick alfred; gabe gabriel; gabby gabriella gabrielle; gene eugene; gina regina;
greg gregory; gus augustus; hal harold henry; hank henry; harry harold henry; izzy isabel isabella; jack john jackson;
jackie jacqueline; jake jacob; jamie james; jan janet janice; jeff jeffrey geoffrey; jen jennifer; jenny jennifer;
jerry gerald jerome; jess jessica; jessie jessica; jim james; jimmy james; jo joanna joanne josephine; joe joseph;
joey joseph; johnny john; jon jonathan; josh joshua; judy judith; kat katherine kathryn katrina; kate katherine
catherine kaitlyn; kathy katherine kathleen; katie katherine catherine kathryn; ken kenneth; kenny kenneth; kim
kimberly; kit christopher; kris kristin kristina kristopher; larry lawrence laurence; leo leonard leonardo; liam
william;
lexi alexandra alexis; libby elizabeth; lil lillian; lily lillian; liz elizabeth; lizzie elizabeth; lou louis louise;
maddie madeline madison; mags margaret; maggie margaret; mandy amanda; marty martin; matt matthew; max maxwell
maximilian; meg margaret megan; mel melanie melissa; mick michael; mickey michael; mike michael; mikey michael; millie
mildred amelia; mo mohammed mohamed muhammad; molly mary; nan nancy; nat natalie nathan nathaniel natasha; nate
nathan nathaniel; ned edward; nell eleanor helen; nick nicholas nicola; nicky nicholas nicole; ollie oliver olivia; pam
pamela; pat patrick patricia; patty patricia; peg margaret; peggy margaret; pete peter; phil philip phillip; polly
mary; rach rachel; ray raymond; reg reginald; rich richard; richie richard; rick richard frederick; ricky richard; rob
robert; robbie robert; ron ronald; ronnie ronald veronica; rosie rose rosemary; sal sally salvatore; sally sarah; sam
samuel samantha; sammy samuel samantha; sandy sandra alexander; shelly michelle rachel; sid sidney; sophie sophia; stan
stanley; steph stephanie stephen; steve stephen steven; stu stuart; sue susan suzanne; susie susan; tammy tamara; ted
theodore edward; teddy theodore; terry terence teresa; tess theresa teresa; theo theodore; tim timothy; timmy timothy;
tina christina; toby tobias; tom thomas; tommy thomas; toni antonia; tony anthony antonio; tracy theresa; val valerie
valentina; vicky victoria; vic victor; viv vivian vivienne; walt walter; wendy gwendolyn; will william; willie william;
zac zachary; zach zachary; zoey zoe; pepe jose; paco francisco; lupe guadalupe; manny manuel; lalo eduardo; nacho
ignacio; sasha alexander alexandra; misha mikhail; dima dmitri; kolya nikolai; vanya ivan; katya ekaterina; masha maria;
misia maria; ula ursula; gosia malgorzata; wojtek wojciech
"""


@functools.cache
def _long_forms() -> Mapping[str, frozenset[str]]:
    rows = (entry.split() for entry in _SHORT.replace("\n", " ").split(";"))
    return {short: frozenset(long) for short, *long in rows}


_GENDERS = {"mr": "m", "mister": "m", "sir": "m", "mrs": "f", "ms": "f", "miss": "f", "madam": "f"}
_TITLE = re.compile(rf"(?i)\b({'|'.join(_GENDERS)})\b\.? $")


def addressed(text: str, start: int) -> str | None:
    """Whether the title before a name is a man's ("m") or a woman's ("f")."""
    title = _TITLE.search(text, max(0, start - 10), start)
    return _GENDERS[title[1].lower()] if title else None


def link(mentions: Sequence[tuple[str, str | None]]) -> list[int]:
    """Tell which names of a conversation mean the same person.

    Names of several words come first: the same given name (or a short form of it) and the same family name are one
    person. A single word then belongs to the nearest such person before it, else to the first behind it, whose given
    or family name it is; an initial to the only one it fits. What fits nobody is a person of its own, the same
    wherever it stands. Mr. and Mrs. are never one person.

    Args:
        mentions: name, without titles and possessive s, and what `addressed` says, in reading order.

    Returns:
        For each mention the number of its person, from 1 in the order of their first mention.
    """
    names = [_words(name) for name, _ in mentions]
    titles: list[str | None] = []
    people: list[set[str]] = []  # of each person the words of all names
    givens: list[set[str]] = []
    families: list[str | None] = []
    owner: list[int | None] = [None] * len(names)

    def new(given: str, family: str | None, said: tuple[str, ...], title: str | None) -> int:
        people.append(set(said))
        titles.append(title)
        givens.append({given})
        families.append(family)
        return len(people) - 1

    for place, said in enumerate(names):
        if len(said) > 1 and not all(len(word) == 1 for word in said):
            same = (
                person
                for person in range(len(people))
                if _families_agree(families[person], said[-1]) and any(_same_given(said[0], g) for g in givens[person])
            )
            person = next(same, None)
            owner[place] = new(said[0], said[-1], said, mentions[place][1]) if person is None else person
            people[owner[place] or 0].update(said)
            givens[owner[place] or 0].add(said[0])
    for place, said in enumerate(names):
        if owner[place] is None:
            title = mentions[place][1]
            fits = [p for p in range(len(people)) if _fits(said, givens[p], families[p], people[p])]
            fits = [p for p in fits if title is None or titles[p] in (None, title)]
            fits = [p for p in fits if titles[p] == title] or fits
            if len(said[0]) == 1 and len(fits) != 1:
                fits = [p for p in fits if families[p] is None and said[0] in givens[p]]
            chosen = _nearest(place, owner, fits)
            owner[place] = new(said[0], None, said, title) if chosen is None else chosen
            if chosen is not None:
                titles[chosen] = titles[chosen] or title
            if chosen is not None and families[chosen] != said[-1]:
                givens[chosen].add(said[0])
    numbers: dict[int, int] = {}
    return [numbers.setdefault(person if person is not None else -1, len(numbers) + 1) for person in owner]


def _words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case without accents; of "van der Berg", a family name alone, the last."""
    said = tuple(fold(word.casefold()) for word in _WORD.findall(name)) or (name.casefold(),)
    while len(said) > 1 and said[0] in _PARTICLES:
        said = said[1:]
    return said


def _nearest(place: int, owner: Sequence[int | None], fits: Sequence[int]) -> int | None:
    """Of the persons that fit, the one named last before a place, else the one named first behind it."""
    for other in [*range(place - 1, -1, -1), *range(place + 1, len(owner))] if fits else ():
        if owner[other] in fits:
            return owner[other]
    return fits[0] if fits else None


def _families_agree(one: str | None, other: str) -> bool:
    return one is not None and (
        one == other or (len(other) == 1 and one[0] == other) or (len(one) == 1 and other[0] == one)
    )


def _same_given(one: str, other: str) -> bool:
    if one == other or {one[0], one} == {other[0], other}:
        return True
    if len(one) == 1 or len(other) == 1:
        return one[0] == other[0]
    longs = _long_forms()
    first, second = longs.get(one, frozenset()), longs.get(other, frozenset())
    return other in first or one in second or not first.isdisjoint(second)


def _fits(said: tuple[str, ...], given: set[str], family: str | None, known: set[str]) -> bool:
    if len(said) > 1:  # initials
        return family is not None and said[-1] == family[0] and any(said[0] == name[0] for name in given)
    word = said[0]
    if len(word) == 1:
        return any(name[0] == word for name in given)
    return word == family or word in known or any(len(name) > 1 and _same_given(word, name) for name in given)


def mentions(known: Sequence[str], texts: Sequence[str]) -> list[list[Finding]]:
    """Find further places where people already found are named: whole words of their names.

    A word that is also a common one (hope, will, may) counts with a capital letter inside a sentence only. An
    initial never counts alone.

    Args:
        known: names found in the conversation.
        texts: its strings, what was found blanked; searched in time linear in their length.

    Returns:
        For each text the places.
    """
    told = {word for name in known for word in _WORD.findall(name) if len(word) > 1 and not _grammar(word)}
    if not told:
        return [[] for _ in texts]
    forms = sorted({re.escape(word) for word in told}, key=lambda form: (-len(form), form))
    pattern = re.compile(rf"(?i)(?<![^\W_])(?:{'|'.join(forms)})(?![^\W_])(?:[ -](?:{'|'.join(forms)})(?![^\W_]))*")
    return [list(_in(text, pattern)) for text in texts]


def _in(text: str, pattern: re.Pattern[str]) -> Iterator[Finding]:
    for found in pattern.finditer(text):
        said = _WORD.findall(found[0])
        if len(said) > 1 or not _common(said[0]) or (said[0][0].isupper() and _inside(text, found.start())):
            yield Finding(found.start(), found.end(), "PERSON", _SCORE, "aliases")


def _inside(text: str, start: int) -> bool:
    """Whether a place is inside a sentence, so that a capital letter there is no accident."""
    before = text[max(0, start - 2) : start]
    return len(before) == 2 and before[1] == " " and (before[0].isalnum() or before[0] in ",;'’-")


def _common(word: str) -> bool:
    low = word.casefold()
    return low in words.PLAIN or low in words.SLANG or bool(gazetteer().kind(low) & (PLAIN | HARD | THING | ACT))


def _grammar(word: str) -> bool:
    """Particles of names and words that no name gives away: of, the, van."""
    kind = gazetteer().kind(word.casefold())
    return word.casefold() in _PARTICLES or bool(kind & HARD and not kind & FIRST)


_PARTICLES = frozenset(
    "a al and bin da de del den der di do dos du el i ibn ii iii jr la le las los of sr st the van von y".split()
)
