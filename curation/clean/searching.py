"""The search for personal data on texts that belong to no record: for scoring it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from curation.clean.pii.find import Search
from curation.clean.pii.score import Spans
from curation.clean.scrub import ScrubSpec, scrub
from curation.core.app import App
from curation.core.errors import UsageError
from curation.core.stage import Step, require_step

_BATCH = 1000


def spec(app: App, level: str | None) -> ScrubSpec:
    """The project's settings of scrub, or the defaults outside a project, without entries: they may know the file.

    Raises:
        UsageError: there is no such level.
        MissingError: what scrub needs is not installed.
    """
    call = scrub.called(app.settings_of)
    require_step((Step("score", (call,)),))
    try:
        return dataclasses.replace(call.spec, entries=(), level=level or call.spec.level)
    except ValueError as error:
        raise UsageError(str(error)) from None


def spans(texts: Sequence[str], spec: ScrubSpec) -> Iterator[Spans]:
    """For each text its findings, as scrub would have them if it were a record of its own."""
    search = Search(spec.level, spec.min_score)
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        for text, found in zip(batch, search.find(batch), strict=True):
            search.spread([text], [found], "")
            yield [(span.start, span.end, span.label) for span in found]
