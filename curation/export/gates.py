"""Rights: which licence each source is used under, and the gate for those that leave only on a person's word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curation.core.errors import GateError
from curation.core.lock import Lock
from curation.core.project import SOURCES_FILE
from curation.core.sources import Accept, Source, YoutubeSource
from curation.methods.licences import CLASSES, LicenceClass, asks_for_a_word, classify, severity, that_counts

__all__ = ["CLASSES", "LicenceClass", "Right", "classify", "most_restrictive", "rights"]


@dataclass(frozen=True)
class Right:
    """What a source may be used under, and the word of a person where the licence alone does not say it.

    `stated` is the licence of `sources.yaml` or of the data card, where the person's word names another one.
    """

    licence: str
    kind: LicenceClass
    accept: Accept | None = None
    stated: str | None = None

    @property
    def severity(self) -> int:
        """How restrictive it is, finer than its class."""
        return severity(self.licence)


def rights(sources: Mapping[str, Source], lock: Lock) -> dict[str, Right]:
    """The right of each source: its own `accept`, else its `licence`, else what its data card said.

    Raises:
        GateError: names every source that has no `accept` and whose licence is unknown, non-commercial or AGPL; before
            that, every source of recordings whose speakers did not allow it.
    """
    _check_permissions(sources)
    found: dict[str, Right] = {}
    refused: list[str] = []
    for name, source in sorted(sources.items()):
        entry = lock.sources.get(name)
        stated = that_counts(source.licence, entry.licence if entry else None)
        licence = source.accept.licence if source.accept else stated
        found[name] = Right(licence or "unknown", classify(licence), source.accept, stated)
        if source.accept is None and asks_for_a_word(stated):
            refused.append(f"{name} ({stated or 'none stated'})")
    if refused:
        raise GateError(
            f"{len(refused)} source{'s' * (len(refused) > 1)} may leave only on a person's word, for the licence is "
            f"unknown, non-commercial or AGPL: {', '.join(refused)}",
            where=SOURCES_FILE,
            fix="read the licence, then give the source accept: {licence: …, by: …, reason: …}; where the card only "
            "fails to name it, licence: SPDX-ID; or leave the source out of the recipe",
        )
    return found


def _check_permissions(sources: Mapping[str, Source]) -> None:
    """A recording's licence gives no right to anybody's voice: that is for whoever speaks to give."""
    refused = {
        name: why
        for name, source in sorted(sources.items())
        if isinstance(source, YoutubeSource) and (why := _not_permitted(source))
    }
    if refused:
        raise GateError(
            "what people say in recordings leaves only with their permission: "
            + ", ".join(f"{name} ({why})" for name, why in refused.items()),
            where=SOURCES_FILE,
            fix="ask them, then set permission: {reference: …, by: …, scope: training, others: none or agreed}; or "
            "leave the source out of the recipe",
        )


def _not_permitted(source: YoutubeSource) -> str | None:
    given = source.permission
    if given is None:
        return "no permission is recorded"
    if given.revoked:
        return "the permission was taken back"
    if given.scope != "training":
        return "the permission is for analysis"
    return "other speakers were not asked" if given.others == "not asked" else None


def most_restrictive(used: Iterable[Right]) -> LicenceClass:
    """The class that decides for a mix of all of them."""
    return max((right.kind for right in used), key=CLASSES.index, default="permissive")
