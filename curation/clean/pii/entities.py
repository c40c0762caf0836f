"""What a model must offer to search with, and which of its entities are personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from curation.core.errors import MissingError

# Dates, ages and nationalities of such models are left to the rules: "yesterday", "two weeks" and "Monday" are dates to
# a model, and personal data to nobody.
_NAMES: Mapping[str, str] = {
    "PERSON": "PERSON PER PS PRS PERSON_NAME NAME FIRSTNAME MIDDLENAME LASTNAME GIVENNAME SURNAME PATIENT STAFF HCW"
    " DOCTOR PRIVATE_PERSON PERSNAME",
    "LOCATION": "GPE LOC LOCATION LC LOC_GPE CITY TOWN COUNTY ZIP ZIPCODE",
    "FACILITY": "FAC FACILITY HOSP HOSPITAL SCHOOL",
    "ORG": "ORG ORGANIZATION ORGANISATION OG PATORG COMPANY COMPANYNAME VENDOR",
    "ADDRESS": "ADDRESS STREET STREET_ADDRESS STREETADDRESS PRIVATE_ADDRESS",
    "DATE": "DOB DATEOFBIRTH DATE_OF_BIRTH BIRTHDATE",
    "EMAIL": "EMAIL EMAIL_ADDRESS PRIVATE_EMAIL",
    "PHONE": "PHONE PHONENUMBER PHONE_NUMBER TELEPHONENUM PRIVATE_PHONE FAX",
    "URL": "URL PRIVATE_URL",
    "HANDLE": "USERNAME",
    "ID": "ID SSN SOCIALNUM IDCARDNUM DRIVERLICENSENUM PASSPORT MEDICALRECORD",
    "FINANCIAL": "ACCOUNTNUM ACCOUNTNUMBER ACCOUNT_NUMBER CREDITCARDNUMBER CREDIT_CARD IBAN",
    "IP": "IP IPADDRESS IP_ADDRESS",
}
_LABELS = {name: label for label, names in _NAMES.items() for name in names.split()}
_PREFIX = re.compile(r"^[BIELSU]-")

CANARIES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "Hello, my name is Sarah Lopez and I need to talk.",
        "My sister Emily Clark drove me to Springfield yesterday.",
        "I told John Miller about it, and he only laughed.",
        "My therapist, Anna Weber, thinks that I should sleep more.",
    ),
    "de": ("Ich heiße Anna Schneider und wohne in Berlin.", "Mein Bruder Thomas Müller hat mich gestern angerufen."),
    "es": ("Me llamo María García y vivo en Madrid.", "Mi hermano José Fernández me llamó ayer."),
    "fr": ("Je m'appelle Marie Dupont et j'habite à Paris.", "Mon frère Jean Martin m'a téléphoné hier."),
    "it": ("Mi chiamo Giulia Rossi e abito a Roma.", "Mio fratello Marco Bianchi mi ha chiamato ieri."),
    "nl": ("Ik heet Anna de Vries en ik woon in Amsterdam.", "Mijn broer Jan Jansen belde mij gisteren."),
    "pt": ("Eu me chamo Maria Silva e moro em Lisboa.", "O meu irmão João Santos ligou ontem."),
}
"""Sentences in which a model must find a person before it is let near anybody's text."""


SURE = 0.35
"""Scores below this do not count in the self-test; it is the default of `min_score`."""


class Entity(NamedTuple):
    """What a model takes for an entity: where it is, one of our labels, and how sure it is (above 0, at most 1)."""

    start: int
    end: int
    label: str
    score: float


class Model(Protocol):
    """A model that finds entities.

    Attributes:
        recogniser: stands in the audit as the one who found.
        labels: what it can find, in our labels.
        languages: ISO 639-1 codes of the languages it was made for.
    """

    recogniser: str
    labels: frozenset[str]
    languages: frozenset[str]

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """The entities in each text of bounded length."""
        ...


def label_of(name: str) -> str | None:
    """Our label for what a model calls an entity, with or without the prefix of its tagging scheme; None for others."""
    return _LABELS.get(_PREFIX.sub("", name).upper().replace("-", "_"))


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """Of a model's own labels those that are personal data, with ours."""
    return {name: label for name in names if (label := label_of(name)) is not None}


def check(model: Model, level: str) -> None:
    """See that a model finds persons, by itself, in a language it was made for.

    A model that is loaded without the part that finds entities says nothing at all: no error, and nobody found.

    Raises:
        MissingError: it knows no persons, or misses half of the sentences.
    """
    if "PERSON" not in model.labels:
        raise MissingError(
            f"the model of '{level}' finds no persons: it has no label for them",
            where="scrub",
            fix="choose a model that was trained to find names of people",
        )
    known = [code for code in sorted(model.languages or {"en"}) if code in CANARIES]
    # Of a language that no sentence here is in: names in any other.
    tries = [[text for code in known for text in CANARIES[code]]] if known else list(CANARIES.values())
    found = [sum(any(map(_is_person, there)) for there in model.entities(texts)) for texts in tries]
    best, texts = max(zip(found, tries, strict=True), key=lambda one: one[0] / len(one[1]))
    if 2 * best < len(texts):
        raise MissingError(
            f"the model of '{level}' failed its self-test: a person in {best} of {len(texts)} sentences",
            where="scrub",
            fix="choose a model that was trained to find names of people",
        )


def _is_person(one: Entity) -> bool:
    return one.label == "PERSON" and one.score >= SURE
