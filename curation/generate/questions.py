"""Questions that a claim answers, made of its own words by templates; a claim that none fits gets none.

Each template looks at the first sentence of a claim. What it takes over into the question is a noun phrase that can
stand alone, or a condition; a phrase with a pronoun, a number, a citation or a clause inside is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from curation.generate.topics import Topic

_SINGULAR, _PLURAL = "is", "are"

_PHRASE = r"(?P<subject>[A-Z][^,;:()\[\]“”\"?!—–]{2,79}?)"
_BE = r"(?P<be>is|are)"
_ADVERB = r"(?:(?:often|usually|typically|generally|commonly|sometimes|frequently|primarily|mainly|simply) )?"

_DEFINED = re.compile(rf"{_PHRASE} {_BE} {_ADVERB}(?:defined as|understood as|described as|a term for)\b")
_REFERS = re.compile(rf"{_PHRASE} {_ADVERB}(?P<verb>refers?|means?|denotes?)\b(?: to\b| that\b|(?= (?:an?|the)\b))")
_KIND = re.compile(
    rf"{_PHRASE} {_BE} {_ADVERB}(?P<rest>(?:(?:an?|the|any|those)\b|[a-z]{{3,}}[^\Ws]s (?:of|that|who|in which)\b).*)"
)
_NO_KIND = re.compile(
    r"(?:an?|the|any|those)(?: very| most| more| less| least| relatively)? (?:small|large|important|good|great|common|major|key|crucial|critical|useful|big"
    r"|significant|bit|lot|matter|way|result|part|proportion|number|majority|topic|product|function|first|second|third|only|main|best|same"
    r"|other|primary|focus|subject|reason|cause|case|goal|aim|problem|point|time|place|one|ones|risk factor|risk|sign|predictor|example)\b"
)
"""What follows `is` where a sentence praises or places its subject rather than saying what it is."""
_SHOULD = re.compile(
    r"(?P<who>(?:[Aa]n? |[Tt]he )?(?:therapist|counsell?or|clinician|interviewer|practitioner|psychologist|helper|nurse"
    r"|social worker)s?) (?:should|must|needs? to|ha(?:s|ve) to|(?:is|are) advised to|(?:does|do) well to)\b"
)
_TYPICAL = re.compile(
    r"(?P<subject>(?:People|Persons|Individuals|Children|Adults|Adolescents|Infants|Clients|Patients|Parents|Couples|Those)"
    r"(?: (?:high|low|with|who|in|of|whose|under)\b[^,;:()\[\]“”\"?!—–]{2,60}?)?) "
    r"(?:tend to|often|usually|typically|generally|are (?:more |less |most )?likely to|are prone to|rarely|seldom)\b"
)
_LINKED = re.compile(
    rf"{_PHRASE} {_BE} {_ADVERB}(?:associated|linked|correlated|connected|related)(?P<prep> with| to)\b"
)
_EFFECT = re.compile(
    rf"{_PHRASE} {_ADVERB}(?P<verb>(?:can|may) (?:cause|lead to|reduce|increase|lower|raise|help|protect|improve|worsen)"
    r"|leads? to|causes?|increases?|reduces?|contributes? to|affects?|influences?|impairs?|promotes?|improves?|worsens?) "
)
_THE_ONE = re.compile(r"(?:The|An?|Other|One) \w+")
"""`The exact causes` is no subject with its verb; `the disturbances` are those of the sentence before."""
_PARTS = re.compile(rf"{_PHRASE} {_ADVERB}(?P<verb>includes?|consists? of|involves?|comprises?)\b")
_CONDITION = re.compile(r"(?P<word>When|If) (?P<rest>(?!(?:the|that)\b)[^,;:()\[\]“”\"?!—–]{6,90}), ")

_TOLD = re.compile(
    r"^\w+(?:ing|ed)\b|\b(?:was|were|had|did|came|said|went|began|got|saw|told|took|gave|made|felt|thought|knew|found|left)\b"
    r"|(?<!\bis )(?<!\bare )(?<!\bbe )(?<!\bfeels )(?<!\bfeel )(?<!\bgets )(?<!\bget )(?<!\bbeing )\b[a-z]{3,}ed\b"
)
"""A condition that tells a story, or that is no clause."""

_UNFIT = re.compile(
    r"\b(?:I|he|she|it|they|we|you|his|her|hers|its|their|theirs|him|them|himself|herself|itself|themselves|this|that"
    r"|these|those|such|here|there|one|ones|others?|another|same|former|latter|which|not|no|never|none|but|because|although"
    r"|though|while|whereas|when|if|is|are|was|were|has|have|had|does|did|do|can|could|may|might|must|should|will|would"
    r"|first|second|third|next|following|key|main|final|above|below|study|studies|research|researchers|results?|findings"
    r"|evidence|data|example|examples|reason|reasons|goal|question|problem|point|author|authors|chapter|according|goes?|said|having|being|topics?|approach|approaches|new|exact|obvious|participants?"
    r"|subjects?|purpose|perceived|number|only|how|what|why|where|who|whose|also|typical|significant|common|popular|strategies|recent|early|later|earlier|current|previous)\b|\d|[’']s$",
    re.I,
)
"""Words of a phrase that leans on what was said before, or that holds a clause of its own."""
_SURVIVES = frozenset("that who when if have has is are do not".split())
"""Those that a condition, or a group of people described by a clause, may hold all the same."""
_NAMES_OF_PEOPLE = re.compile(r"^(?:[A-Z][a-z]+ ){1,3}(?:and|&) [A-Z][a-z]+$|^[A-Z][a-z]+ [A-Z][a-z]+$")
_MOST_WORDS = 8
_KEEPS_CAPITAL = re.compile(r"^(?:[A-Z]{2,}|[A-Z][a-z]*[A-Z]|[A-Z][a-z]+['’]s\b|[A-Z]-)")
_PROPER_LEADS = frozenset(
    "American British European African Asian Western Eastern Freud Freudian Jung Jungian Bowlby Ainsworth Erikson Piaget "
    "Piagetian Maslow Rogers Rogerian Skinner Pavlov Pavlovian Beck Socratic Kohlberg Alzheimer Parkinson Tourette "
    "Broca Wernicke English Latin Greek Christian Buddhist Muslim Jewish Hispanic Latino Gestalt Asperger Down Rorschach "
    "Stanford Wechsler Likert Cartesian Darwinian".split()
)


def question(claim: str, topic: Topic | None) -> str | None:
    """A question that the claim answers, or None where no template fits it well.

    Args:
        claim: one or two whole sentences.
        topic: what it is about.
    """
    for make in _TEMPLATES:
        if asked := make(claim, topic):
            return asked
    return None


def _definition(claim: str, topic: Topic | None) -> str | None:
    if found := _DEFINED.match(claim):
        subject = _noun(found["subject"])
        return subject and f"How {found['be']} {subject} defined?"
    if found := _REFERS.match(claim):
        subject = _noun(found["subject"])
        many = not found["verb"].endswith("s")
        return (
            subject
            and f"What {'do' if many else 'does'} {subject} {'refer to' if 'refer' in found['verb'] else 'mean'}?"
        )
    return None


def _kind(claim: str, topic: Topic | None) -> str | None:
    found = _KIND.match(claim)
    subject = found and _noun(found["subject"])
    if not found or not subject or _NO_KIND.match(found["rest"]):
        return None
    return f"What {found['be']} {subject}?" if len(found["subject"].split()) <= 5 else None


def _advice(claim: str, topic: Topic | None) -> str | None:
    found = _SHOULD.match(claim)
    if not found or topic is None:
        return None
    who = found["who"][0].lower() + found["who"][1:]
    return f"What should {who} keep in mind about {topic.label}?"


def _typical(claim: str, topic: Topic | None) -> str | None:
    found = _TYPICAL.match(claim)
    if not found or len(found["subject"].split()) < 2 or not _stands(found["subject"], most=12, spared=_SURVIVES):
        return None
    return f"What is typical of {found['subject'][0].lower() + found['subject'][1:]}?"


def _linked(claim: str, topic: Topic | None) -> str | None:
    found = _LINKED.match(claim)
    subject = found and _noun(found["subject"])
    return f"What {found['be']} {subject} {found[0].rsplit(' ', 2)[-2]}{found['prep']}?" if found and subject else None


def _effect(claim: str, topic: Topic | None) -> str | None:
    found = _EFFECT.match(claim)
    subject = found and _noun(found["subject"])
    if not found or not subject:
        return None
    verb = found["verb"].split()[0]
    if verb in ("can", "may"):
        return f"What effect {verb} {subject} have?"
    if _THE_ONE.fullmatch(found["subject"]):
        return None
    one = verb.endswith("s")
    if one == _is_many(found["subject"]):
        return None
    return f"What effect {'does' if one else 'do'} {subject} have?"


def _parts(claim: str, topic: Topic | None) -> str | None:
    found = _PARTS.match(claim)
    subject = found and _noun(found["subject"])
    if not found or not subject:
        return None
    first, *rest = found["verb"].split()
    one = first.endswith("s")
    if one == _is_many(found["subject"]):
        return None
    return f"What {'does' if one else 'do'} {subject} {' '.join([first.removesuffix('s') if one else first, *rest])}?"


def _condition(claim: str, topic: Topic | None) -> str | None:
    found = _CONDITION.match(claim)
    if not found or not _stands(found["rest"], most=16, spared=_SURVIVES) or _TOLD.search(found["rest"]):
        return None
    advised = re.search(r"\b(?:should|must|needs? to|it helps|it is (?:best|wise|important))\b", claim[found.end() :])
    word = found["word"].lower()
    return f"What {'is advised' if advised else 'happens'} {word} {found['rest']}?"


_TEMPLATES: tuple[Callable[[str, Topic | None], str | None], ...] = (
    _definition,
    _condition,
    _typical,
    _advice,
    _linked,
    _parts,
    _effect,
    _kind,
)
"""In the order in which they are asked: the surest first."""


def _is_many(subject: str) -> bool:
    """Whether a noun phrase looks like a plural, by the word before its first preposition."""
    head = re.split(r" (?:of|in|with|for|to|from|on|at|by|between|among)\b", subject)[0].split()[-1]
    return head in ("people", "children", "women", "men") or (
        head.endswith("s") and not head.endswith(("ss", "us", "is", "ics"))
    )


def _stands(phrase: str, most: int = _MOST_WORDS, spared: frozenset[str] = frozenset()) -> bool:
    """Whether a phrase can stand alone."""
    found = {hit.casefold() for hit in _UNFIT.findall(phrase)}
    return len(phrase.split()) <= most and not found - spared


def _noun(subject: str) -> str | None:
    """A subject as it stands inside a question, or None where it is no noun phrase that stands alone."""
    if (
        not _stands(subject)
        or _NAMES_OF_PEOPLE.match(subject)
        or re.search(r"\b(?:to|and|or|the|an?|of|in|for|with)$", subject)
    ):
        return None
    if " the " in subject:
        return None
    first = subject.split()[0]
    if first.endswith("ly") or first in (
        "In",
        "At",
        "On",
        "For",
        "From",
        "By",
        "With",
        "As",
        "To",
        "Of",
        "Some",
        "Many",
        "Most",
    ):
        return None
    if first in (
        "Although",
        "Since",
        "Unlike",
        "During",
        "Among",
        "Through",
        "Under",
        "Over",
        "Between",
        "About",
        "Not",
    ):
        return None
    proper = _KEEPS_CAPITAL.match(subject) or first in _PROPER_LEADS
    return subject if proper else subject[0].lower() + subject[1:]
