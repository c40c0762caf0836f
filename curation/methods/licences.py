"""Classes of licences: what may be done with the rows of a source, as far as the name of its licence says it."""

from __future__ import annotations

import re
from typing import Literal

LicenceClass = Literal["permissive", "attribution", "share-alike", "non-commercial", "unknown"]

_GRADES: tuple[tuple[LicenceClass, str], ...] = (
    (
        "permissive",
        "0bsd, afl, apache, blueoak, blue oak model, bsd, bsd clause, boost, cc0, cdla permissive, isc, mit, "
        "ncsa, pddl, postgresql, unlicense, upl, wtfpl, zlib",
    ),
    ("attribution", "cc by, etalab, odc by, ogl"),
    ("share-alike", "cc by sa, cdla sharing, epl, eupl, gfdl, gpl, lgpl, mpl, odbl"),
    # Like the grade before, and whoever offers a service with it has to give it away, too.
    ("share-alike", "agpl"),
    ("non-commercial", "cc by nc"),
    ("non-commercial", "cc by nc sa"),
)
"""From the least to the most restrictive; a licence that is not here is more restrictive than all of them.

Left out on purpose, so that a person has to decide: licences that forbid derived works, for a mix is one; and the
RAIL family, which forbids uses (medical advice among them) that only somebody who knows the mix can rule out.
"""

CLASSES: tuple[LicenceClass, ...] = (*dict.fromkeys(kind for kind, _ in _GRADES), "unknown")
"""From the least to the most restrictive: the last one that occurs in a mix decides what may be done with it."""

_GRADE_OF = {name.strip(): grade for grade, (_, names) in enumerate(_GRADES) for name in names.split(",")}
_UNKNOWN = len(_GRADES)
_ASKS = _GRADE_OF["agpl"]

# What licences are called in full, by the words of the table; longer names first.
_IN_FULL = (
    (r"(?:https?://)?(?:www\.)?creativecommons\.org/(?:licenses/|publicdomain/)?(zero\b)?", r"cc \1 "),
    (r"\b(?:gnu )?affero (?:general )?public\b", "agpl"),
    (r"\b(?:gnu )?(?:lesser|library) general public\b", "lgpl"),
    (r"\b(?:gnu )?free documentation\b", "gfdl"),
    (r"\b(?:gnu )?general public\b", "gpl"),
    (r"\bmozilla public\b", "mpl"),
    (r"\beclipse public\b", "epl"),
    (r"\beuropean union public\b", "eupl"),
    (r"\bopen data commons attribution\b", "odc by"),
    (r"\b(?:open data commons )?open database\b", "odbl"),
    (r"\b(?:open data commons )?public domain dedication(?: and|&)? licen[cs]e\b(?: \(?pddl\)?)?", "pddl"),
    (r"\bcommunity data licen[cs]e agreement\b", "cdla"),
    (r"\bopen government\b", "ogl"),
    (r"\bcreative commons\b(?: \(?cc\b)?", "cc"),
    (r"\bcc[ -]?(?:0|zero)\b(?:[ -]?1\.0)?(?: universal)?(?: public domain(?: dedication)?)?", "cc0"),
    (r"\bcc-? ?(?=by\b)", "cc "),
    (r"\bnon[ -]?commercial\b", "nc"),
    (r"\bshare[ -]?alike\b", "sa"),
    (r"\bno[ -]?deriv(?:ative)?s?(?: works)?\b", "nd"),
    (r"\bmit no attribution\b", "mit"),
    (r"\battribution\b", "by"),
    (r"^by(?=[ -])", "cc by"),
    # Boost; the Business Source Licence is called BSL 1.1.
    (r"\bbsl-1\.0\b", "boost"),
    (r"\bnew\W+or\W+revised\b|\bsimplified\b", ""),
)
_LATER = re.compile(r"[ -]or[ -](?:any[ -])?(?:later|newer)(?:[ -]versions?)?\b|[ -]only\b|\+(?=$|[\s,;)])")
_VERSION = re.compile(r"(?<![a-z0-9])v?\d+(?:\.\d+)*(?![a-z0-9])|(?<=gpl)v?\d(?:\.\d+)*|(?<=apache)\d(?:\.0)?\b")
_NOISE = frozenset(
    "the a license licence licensed under version v international unported universal deed software legalcode".split()
)
_SEVERAL = re.compile(r"[,;|&/+()]|\b(?:and|or|with)\b")
_MOST_CHARS = 300


def classify(licence: str | None) -> LicenceClass:
    """The class of a licence by its SPDX identifier or by its name as people write it, whatever case and version.

    Of several licences in one text the most restrictive counts, however they are joined: whether they are a choice or
    apply side by side cannot be told from what data cards say. A word that belongs to no known name makes it unknown.
    """
    grade = severity(licence)
    return "unknown" if grade == _UNKNOWN else _GRADES[grade][0]


def severity(licence: str | None) -> int:
    """How restrictive a licence is, as a number to compare: finer than its class, in the same order."""
    text = " ".join((licence or "").lower().replace("_", "-").split())
    whole = _grade(text) if len(text) <= _MOST_CHARS else _UNKNOWN
    if whole != _UNKNOWN or len(text) > _MOST_CHARS:
        return whole
    pieces = (piece.strip() for piece in _SEVERAL.split(_LATER.sub("", text)))
    return max((_grade(piece) for piece in pieces if piece), default=_UNKNOWN)


def asks_for_a_word(licence: str | None) -> bool:
    """Whether rows may leave only on a person's recorded word: unknown, non-commercial, or AGPL."""
    return severity(licence) >= _ASKS


def that_counts(declared: str | None, card: str | None) -> str | None:
    """Of the licence in sources.yaml and that of the data card the one that decides.

    What a person declared wins over the card, unless the card names a licence that asks for more than a declaration:
    otherwise a card that became non-commercial upstream would go unnoticed.
    """
    if declared is None:
        return card
    stricter = classify(card) != "unknown" and asks_for_a_word(card) and severity(card) > severity(declared)
    return card if stricter else declared


def _grade(text: str) -> int:
    for pattern, words in _IN_FULL:
        text = re.sub(pattern, words, text)
    text = _VERSION.sub(" ", _LATER.sub("", text))
    return _GRADE_OF.get(" ".join(w for w in re.findall(r"[a-z0-9]+", text) if w not in _NOISE), _UNKNOWN)
