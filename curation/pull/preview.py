"""What a pull would do to each source, and what a person has to do first; nothing is downloaded or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curation.core import made, transcripts
from curation.core.adapter import names
from curation.core.errors import CurateError, MissingError
from curation.core.lock import Entry
from curation.core.project import Project
from curation.core.sources import FileSource, HubSource, MadeSource, Source, YoutubeSource
from curation.methods.licences import asks_for_a_word, that_counts
from curation.pull import huggingface, local
from curation.pull.pull import pin


@dataclass(frozen=True)
class Preview:
    """A source as a pull would find it now; what is not known is None.

    Attributes:
        id: the data set's id after renames, or the paths of local files.
        revision: the commit that would be pulled.
        licence: the one that it would be used under.
        gated: does access need a click or a token?
        files: how many would be read; `left_out` are those that the caps leave out.
        size: their bytes.
        cached: are they here already?
        pinned: the commit of the last pull, where it is another one.
        todo: what a person has to do, or None.
        error: what stands in the way of the pull.
    """

    id: str
    revision: str | None = None
    licence: str | None = None
    gated: bool | None = None
    files: int | None = None
    left_out: int = 0
    size: int | None = None
    cached: bool = False
    pinned: str | None = None
    todo: str | None = None
    error: CurateError | None = None


def preview(project: Project, sources: Mapping[str, Source], *, update: bool = False) -> dict[str, Preview]:
    """Look at each source as `bring_all` would: a hub is asked for its listings, never for a file.

    One source that cannot be looked at never hides the others.
    """
    lock = project.lock()
    return {name: _preview(project, name, source, lock.sources.get(name), update) for name, source in sources.items()}


def _preview(project: Project, name: str, source: Source, entry: Entry | None, update: bool) -> Preview:
    try:
        if isinstance(source, HubSource):
            return _of_hub(project, name, source, entry, update)
        if isinstance(source, MadeSource):
            return _of_made(project, name, source)
        return _of_files(project, name, source)
    except CurateError as error:
        place = source.id if isinstance(source, HubSource) else _place(source)
        return Preview(place, licence=source.licence, todo=error.fix, error=error)


def _of_hub(project: Project, name: str, source: HubSource, entry: Entry | None, update: bool) -> Preview:
    listing, cached = huggingface.survey(project, name, source, None if update else pin(source, entry))
    error = None
    if listing.gated and not cached:
        try:
            huggingface.check_access(listing)
        except CurateError as found:
            error = found
    licence = that_counts(source.licence, listing.licence)
    return Preview(
        id=listing.id,
        revision=listing.sha,
        licence=licence,
        gated=listing.gated,
        files=len(listing.chosen(source)),
        left_out=listing.left_out(source),
        size=listing.size(source),
        cached=cached,
        pinned=entry.revision if entry and entry.revision != listing.sha else None,
        todo=error.fix if error else _rights(source, licence),
        error=error,
    )


def _of_made(project: Project, name: str, source: MadeSource) -> Preview:
    if isinstance(source, YoutubeSource) and not source.revoked and transcripts.note(project, name) is None:
        # Lists are asked when they are pulled, and only then.
        return Preview(_place(source), licence=source.licence, gated=False, todo=_rights(source, source.licence))
    found = made.material(project, name, source)
    here = made.note(project, name, made.revision(project, name, source)) is not None
    return Preview(
        _place(source),
        licence=source.licence,
        gated=False,
        files=len(found),
        size=0,
        cached=here,
        todo=_rights(source, source.licence),
    )


def _place(source: FileSource | MadeSource) -> str:
    return ", ".join((*names(source.path), *(names(source.urls) if isinstance(source, YoutubeSource) else ())))


def _of_files(project: Project, name: str, source: FileSource) -> Preview:
    place = ", ".join(names(source.path))
    todo = _rights(source, source.licence)
    try:
        data = local.locate(project, name, source, fetch=False)
    except MissingError:
        if project.settings.offline:
            raise
        return Preview(place, licence=source.licence, gated=False, todo=todo)  # an address: asked when it is pulled
    size = sum(f.path.stat().st_size for f in data)
    return Preview(place, licence=source.licence, gated=False, files=len(data), size=size, cached=True, todo=todo)


def _rights(source: Source, licence: str | None) -> str | None:
    if source.accept is None and asks_for_a_word(licence):
        return "before an export: accept its licence in sources.yaml"
    return None
