"""Addresses as they stand on an envelope, over several lines: street, town, state or country, code.

In a sentence, street, town and code are findings of their own; written one below the other they are one address, with
the state and the country between them. Streets of any country count here, since the lines below tell what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.gazetteer import key, towns
from curation.clean.pii.rules.known import NO_NAME, PUBLIC
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import CAP, GAP, low

_MOST_LINES = 6
_LONGEST = 90

_SMALL = (
    r"(?:de|des|du|del|della|di|da|do|dos|la|le|les|las|los|van|von|der|den|het|of|the|na|av|an|am|im|bei|ul\.|ulica|os\.|al\.|pl\.|plac|"
    r"c/|calle|rue|via|rua|avenue|boulevard|place|chemin|impasse|quai|utca|tér|út|y|e)"
)
_WORD = rf"(?:(?:[dl]['’])?{CAP}\.?|{_SMALL})"
_UNIT = r"(?:(?:Apt|Apartment|Unit|Suite|Ste|Flat|Room|Floor|Bldg|Building|Block|Lot|Box|PSC|CMR)\.?,? ?#?[A-Z]?\d{1,5}[A-Z]?|#\d{1,5})"
_NUMBER = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
# The street stands at the end of its line; a sentence may lead up to it.
_STREET = re.compile(
    rf"(?:^|(?<=[\s:,(]))(?:{_UNIT},?{GAP})?(?:{_NUMBER},?{GAP}{_WORD}(?:{GAP}{_WORD}){{0,4}}(?:,?{GAP}{_NUMBER})?"
    rf"|(?:{_UNIT}|P\.? ?O\.? Box{GAP}\d{{1,6}})|(?:{_SMALL}{GAP})?{CAP}\.?(?:{GAP}{_WORD}){{0,4}},?{GAP}{_NUMBER})(?:,?{GAP}{_UNIT})?[ ,]{{0,2}}$"
)
_POST = (
    r"(?:[A-Z]{1,2}-)?(?:\d{4,6}(?:-\d{3,4})?|\d{3} \d{2}|\d{2}-\d{3}|[A-PR-UWYZ][A-HK-Y]?\d[\dA-Z]? ?\d[ABD-HJLNP-UW-Z]{2}"
    r"|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} [A-Z]{2})(?![\w-])"
)
_NAME = rf"{_WORD}(?:{GAP}{_WORD}){{0,3}}?"
_BELOW = re.compile(
    rf"[ ,]{{0,3}}(?:(?P<unit>{_UNIT})(?=[ ,]*$)|(?P<first>{_POST}),?{GAP}{CAP}(?:{GAP}(?:{_SMALL}{GAP}){{0,2}}{CAP}){{0,2}}"
    rf"|(?:(?P<name>{_NAME}))??(?:,?{GAP}(?P<state>[A-Z]{{2,3}}))?(?:,?(?:{GAP})?(?P<post>{_POST})|(?=[ ,.!?]*$)))"
)


_NO_STREETS = (NO_NAME | PUBLIC) - {
    "via",
    "unit",
    "flat",
    "box",
    "suite",
    "apartment",
    "building",
    "room",
    "floor",
    "block",
    "lot",
}


def _envelopes(text: str) -> Iterator[Finding]:
    lines = [(match.start(), match[0]) for match in re.finditer(r"[^\n]*", text) if match[0]]
    last = -1
    for place, (offset, line) in enumerate(lines[:-1]):
        tail = max(0, len(line) - _LONGEST, last - offset)
        street = _STREET.search(line, tail)
        if street is None or low(street[0].split()[0]) in _NO_STREETS:
            continue
        end = _end(text, lines[place + 1 : place + _MOST_LINES], offset + len(line))
        if end:
            yield Finding(offset + street.start(), end, "ADDRESS", 0.85, "envelopes")
            last = end


def _end(text: str, below: list[tuple[int, str]], reached: int) -> int | None:
    """Where the lines below a street stop being an address; None if nothing in them is sure to be one."""
    end = None
    for offset, line in below:
        if text.count("\n", reached, offset) != 1:
            return end
        match = _BELOW.match(line[:_LONGEST])
        if match is None or not match[0].strip(" ,"):
            return end
        reached = offset + len(line)
        stop = offset + len(match[0].rstrip(" ,"))
        name = key(match["name"] or "")
        if match["post"] or match["first"]:
            end = stop
            if stop < offset + len(line.rstrip(" ,")):
                return end
        elif match["state"] or name in towns().wide or name in towns().towns:
            end = stop
        elif not (match["unit"] or name):
            return end
    return end


RULES = (
    Rule(
        "envelopes",
        frozenset({"ADDRESS"}),
        r"\p{Nd}[A-Za-z]?[ ,]{0,2}\n[ ,]{0,3}[\p{Lu}\p{Nd}]|\p{Nd}[A-Za-z]?,? [\p{L} .,'’-]*\n[ ,]{0,3}[\p{Lu}\p{Nd}]",
        _envelopes,
    ),
)
"""What finds an ADDRESS over several lines."""
