"""Rights: which licence each source is used under, and the gate that no source of an unknown one passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from curation.core.errors import GateError
from curation.core.lock import Lock
from curation.core.project import SOURCES_FILE
from curation.core.sources import Accept, Source

LicenceClass = Literal["permissive", "attribution", "share-alike", "non-commercial", "unknown"]

CLASSES: tuple[LicenceClass, ...] = ("permissive", "attribution", "share-alike", "non-commercial", "unknown")
"""From the least to the most restrictive: the last one that occurs in a mix decides what may be done with it."""

_TABLE: Mapping[LicenceClass, str] = {
    "permissive": "0bsd afl apache blueoak bsd bsd-2-clause bsd-3-clause bsl cc0 cdla-permissive isc mit ncsa pddl "
    "postgresql unlicense upl wtfpl zlib",
    "attribution": "cc-by odc-by",
    "share-alike": "agpl cc-by-sa cdla-sharing epl eupl gfdl gpl lgpl mpl odbl",
    "non-commercial": "cc-by-nc cc-by-nc-sa",
}
_CLASS_OF = {name: kind for kind, names in _TABLE.items() for name in names.split()}
_VERSION = re.compile(r"(-v?\d+(\.\d+)*)(-only|-or-later|\+)?$")


@dataclass(frozen=True)
class Right:
    """What a source may be used under, and the word of a person where the licence alone does not say it."""

    licence: str
    kind: LicenceClass
    accept: Accept | None = None


def classify(licence: str | None) -> LicenceClass:
    """The class of an SPDX-like identifier, whatever its case and version.

    Licences that forbid derived works are unknown here on purpose: a mix is one, so a person has to decide.
    """
    return _CLASS_OF.get(_VERSION.sub("", (licence or "").strip().lower()), "unknown")


def rights(sources: Mapping[str, Source], lock: Lock) -> dict[str, Right]:
    """The right of each source: its own `accept`, else its `licence`, else what its data card said.

    Raises:
        GateError: names every source whose licence is unknown and has no `accept`.
    """
    found: dict[str, Right] = {}
    refused: list[str] = []
    for name, source in sorted(sources.items()):
        entry = lock.sources.get(name)
        stated = source.licence or (entry.licence if entry else None)
        licence = source.accept.licence if source.accept else stated
        found[name] = Right(licence or "unknown", classify(licence), source.accept)
        if found[name].kind == "unknown" and source.accept is None:
            refused.append(f"{name} ({stated or 'none stated'})")
    if refused:
        raise GateError(
            f"the licence of {len(refused)} source{'s' * (len(refused) > 1)} is unknown: {', '.join(refused)}",
            where=SOURCES_FILE,
            fix="give each its licence: SPDX-ID, or a person's word, accept: {licence: …, by: …, reason: …}, or "
            "leave it out of the recipe's sources",
        )
    return found


def most_restrictive(used: Iterable[Right]) -> LicenceClass:
    """The class that decides for a mix of all of them."""
    return max((right.kind for right in used), key=CLASSES.index, default="permissive")
