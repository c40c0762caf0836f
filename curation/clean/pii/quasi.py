"""Quasi-identifiers: what tells nobody's name, yet together may point at one person (age, occupation, place, illness).

k is the number of records of a source that tell the same (Sweeney 2002, k-anonymity). The lists are short and
English: a small k is a reason to look at a record, a large one is no proof of anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SMALL = 5
"""Fewer records than this that tell the same are few."""

_AGE = re.compile(
    r"\b(?:i['’]?m|i am|aged?|turned|turning) (?:a )?([1-9][0-9])(?! ?(?:%|min|hour|day|week|month|time|pound|lb|kg))\b"
    r"|\b([1-9][0-9])[ -]?(?:years?[ -]olds?|yrs? old|y/?o)\b"
    r"|[(\[]([1-9][0-9]) ?/?[fm][)\],]|\b([1-9][0-9])(?-i:[FM])\b",
    re.IGNORECASE,
)
# "works as a nurse", "I'm a retired bus driver": an occupation counts where somebody is said to have it.
_BEING = re.compile(
    r"(?:\bi['’]?m|\bam|\bwas|\bis|['’]s|\bas|\bbeen|\bbecame|\bbecoming|\bbeing)"
    r" an? (?:[0-9]{2}[ -]years?[ -]old )?((?:[a-z'’-]+ ?){1,4})",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z][a-z'-]*")

_LISTS: Mapping[str, str] = {
    "occupation": """
        accountant, actor, actress, architect, baker, banker, barber, barista, bartender, beekeeper, bricklayer,
        builder, bus driver, butcher, carpenter, cashier, chaplain, chef, chemist, chiropractor, cleaner, coroner,
        dancer, dentist, detective, diplomat, electrician, engineer, estate agent, farmer, firefighter, fisherman,
        flight attendant, florist, forester, funeral director, gardener, goldsmith, hairdresser, imam, jeweller,
        jockey, journalist, lawyer, librarian, locksmith, machinist, mechanic, midwife, miner, musician, nurse,
        optician, paramedic, pastor, pharmacist, photographer, physicist, pilot, plumber, police officer, politician,
        postman, priest, prison guard, prison officer, professor, programmer, rabbi, radiologist, realtor, roofer,
        sailor, scientist, sculptor, secretary, security guard, shepherd, software developer, soldier, solicitor,
        stonemason, surgeon, surveyor, tailor, taxi driver, teacher, teaching assistant, tour guide, train driver,
        translator, truck driver, undertaker, vet, veteran, veterinarian, vicar, violinist, waiter, waitress, welder,
        zookeeper""",
    "place": """
        alabama, alaska, arizona, arkansas, california, colorado, connecticut, delaware, florida, hawaii, idaho,
        illinois, indiana, iowa, kansas, kentucky, louisiana, maine, maryland, massachusetts, michigan, minnesota,
        mississippi, missouri, montana, nebraska, nevada, new hampshire, new jersey, new mexico, new york,
        north carolina, north dakota, ohio, oklahoma, oregon, pennsylvania, rhode island, south carolina,
        south dakota, tennessee, texas, utah, vermont, virginia, washington, west virginia, wisconsin, wyoming,
        ontario, quebec, alberta, manitoba, saskatchewan, nova scotia, newfoundland, england, scotland, wales,
        ireland, northern ireland, canada, mexico, australia, new zealand, india, pakistan, bangladesh, nepal,
        sri lanka, china, japan, korea, philippines, vietnam, thailand, indonesia, malaysia, singapore, germany,
        france, spain, portugal, italy, switzerland, austria, belgium, netherlands, denmark, norway, sweden, finland,
        iceland, poland, ukraine, russia, romania, bulgaria, hungary, greece, croatia, serbia, albania, iran, iraq,
        syria, lebanon, israel, egypt, morocco, algeria, tunisia, nigeria, ghana, kenya, uganda, ethiopia, somalia,
        sudan, south africa, zimbabwe, brazil, argentina, chile, colombia, peru, venezuela, ecuador, bolivia, cuba,
        jamaica, haiti""",
    "condition": """
        achondroplasia, addison's, albinism, amputee, ataxia, cerebral palsy, crohn's, cushing's, cystic fibrosis,
        deaf, deafblind, dissociative identity, down syndrome, down's syndrome, dwarfism, ehlers-danlos, epilepsy,
        fragile x, gaucher, guillain-barre, haemophilia, hemophilia, hiv, huntington's, hydrocephalus, ichthyosis,
        intersex, klinefelter, leukaemia, leukemia, lupus, marfan, mesothelioma, multiple sclerosis,
        muscular dystrophy, myasthenia, narcolepsy, neurofibromatosis, osteogenesis, paraplegic, parkinson's,
        phenylketonuria, porphyria, prader-willi, quadriplegic, rett, sarcoidosis, schizoaffective, scleroderma,
        selective mutism, sickle cell, spina bifida, tay-sachs, tourette's, transplant, trichotillomania,
        turner syndrome, vitiligo, wilson's disease""",
}


def _terms(text: str) -> dict[str, list[tuple[str, ...]]]:
    """The terms of a list by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for term in sorted((tuple(t.split()) for t in text.split(",")), key=len, reverse=True):
        found.setdefault(term[0], []).append(term)
    return found


_TERMS = {kind: _terms(text) for kind, text in _LISTS.items()}


@dataclass
class Quasi:
    """The combinations that the records of a source tell, and who tells them.

    Attributes:
        told: combination -> ids. It names each kind that the record tells; there are at least two.
        records: records looked at.
    """

    told: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    records: int = 0

    def add(self, record: str, texts: Iterable[str]) -> None:
        """Look at what the people of a record say of themselves."""
        self.records += 1
        found = combination("\n".join(texts))
        if len(found) > 1:
            self.told.setdefault(tuple(f"{kind}={value}" for kind, value in found.items()), []).append(record)

    def document(self, most_ids: int) -> dict[str, Any]:
        """Counts by k and by the kinds that are combined, and the ids where k is small. No value is shown."""
        ks = {ids[0]: len(ids) for ids in self.told.values()}
        small = sorted(record for ids in self.told.values() if len(ids) < SMALL for record in ids)
        kinds = Counter(
            " + ".join(part.partition("=")[0] for part in told) for told, ids in self.told.items() for _ in ids
        )
        return {
            "records": self.records,
            "combined": sum(ks.values()),
            "k": {
                "1": sum(k for k in ks.values() if k == 1),
                f"2-{SMALL - 1}": sum(k for k in ks.values() if 1 < k < SMALL),
                f"{SMALL}+": sum(k for k in ks.values() if k >= SMALL),
            },
            "kinds": dict(sorted(kinds.items())),
            "small": len(small),
            "ids": small[:most_ids],
        }


def combination(text: str) -> dict[str, str]:
    """What a text tells, by kind; several values of a kind together."""
    lower = text.lower().replace("’", "'")
    found: dict[str, set[str]] = {"age": {next(filter(None, m.groups())) for m in _AGE.finditer(text)}}
    said = "\n".join(m[1] for m in _BEING.finditer(lower))
    for kind, terms in _TERMS.items():
        found[kind] = set(_find(said if kind == "occupation" else lower, terms))
    return {kind: " ".join(sorted(values)) for kind, values in found.items() if values}


def _find(text: str, terms: Mapping[str, list[tuple[str, ...]]]) -> Iterator[str]:
    words = _WORD.findall(text)
    if terms.keys().isdisjoint(words):
        return
    skip = 0
    for place, word in enumerate(words):
        for term in terms.get(word, ()) if place >= skip else ():
            if tuple(words[place : place + len(term)]) == term:
                yield " ".join(term)
                skip = place + len(term)  # "west virginia" is no Virginia
                break
