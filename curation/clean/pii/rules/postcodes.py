"""Postcodes and ZIPs that stand alone, and coordinates: places below a state, too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.rule import Rule

_US = "A[LKZR]|C[AOT]|DE|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[TA]|W[AVIY]"
_CODES = re.compile(
    r"(?i:\b(?:zip(?: ?code)?|post ?code|postal code)\b[^\d\n.;]{0,24}?[ #:])"
    r"(?P<code>(?:[A-Za-z]{1,2}\d[A-Za-z\d]? ?(?:\d[A-Za-z]{2})?|\d{4,5}(?:-\d{4})?))\b"
    r"|(?<![\w-])(?P<uk>(?:[A-PR-UWYZ][A-HK-Y]?\d[\dA-HJKPSTUW]?) \d[ABD-HJLNP-UW-Z]{2})(?![\w-])"
    r"|(?<![\w-])(?P<ca>[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d)(?![\w-])"
    rf"|\b(?:{_US}) (?P<us>\d{{5}}(?:-\d{{4}})?)\b"
    r"|(?<![\w.])(?P<grid>-?\d{1,3}\.\d{3,8}°?[NS]?, ?-?\d{1,3}\.\d{3,8}°?[EW]?)(?![\w.])"
)


def _codes(text: str) -> Iterator[Finding]:
    for match in _CODES.finditer(text):
        yield Finding(*match.span(match.lastgroup or 0), "LOCATION", 0.8, "postcodes")


RULES = (
    Rule(
        "postcodes",
        frozenset({"LOCATION"}),
        r"\p{Nd} ?\p{Lu}{2}|(?i:zip|post ?code|postal)|\p{Lu}{2} \p{Nd}{5}|\p{Nd}\.\p{Nd}{3}|\p{Lu}\p{Nd}\p{Lu} ",
        _codes,
    ),
)
"""What finds a LOCATION by a code."""
