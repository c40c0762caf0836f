"""Rights: which licence each source is used under, and the gate that no source of an unknown one passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curation.core.errors import GateError
from curation.core.lock import Lock
from curation.core.project import SOURCES_FILE
from curation.core.sources import Accept, Source
from curation.methods.licences import CLASSES, LicenceClass, classify

__all__ = ["CLASSES", "LicenceClass", "Right", "classify", "most_restrictive", "rights"]


@dataclass(frozen=True)
class Right:
    """What a source may be used under, and the word of a person where the licence alone does not say it."""

    licence: str
    kind: LicenceClass
    accept: Accept | None = None


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
