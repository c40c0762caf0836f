"""Bring sources up to date: resolve, fetch, ingest, pin."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from curation.core import files, made
from curation.core.adapter import names
from curation.core.declare import plain
from curation.core.errors import CurateError, IntegrityError
from curation.core.lock import Entry
from curation.core.made import Make
from curation.core.project import Project
from curation.core.sources import FileSource, HubSource, MadeSource, Source, YoutubeSource
from curation.core.store import StoredTable
from curation.methods.licences import asks_for_a_word, that_counts
from curation.pull import huggingface, local
from curation.pull.ingest import DataFile, Material, Progress, ingest, ingredients, raw_store
from curation.pull.media import gather
from curation.pull.schema import check_confirmed
from curation.pull.tombstones import check, fingerprint, has_withdrawn

Say = Callable[[str], None]

_COMMIT = re.compile(r"[0-9a-f]{40}")


def _silent(text: str) -> None:
    """Say nothing."""


def _unseen(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Pulled:
    """A source that is up to date. `changed`: this pull wrote another entry into the lock file."""

    name: str
    table: StoredTable
    entry: Entry
    changed: bool


@dataclass(frozen=True)
class Outcome:
    """What came of several sources: those that are up to date, and what stood in the way of the others."""

    pulled: Mapping[str, Pulled]
    errors: Mapping[str, CurateError]


def bring(
    project: Project,
    name: str,
    source: Source,
    *,
    update: bool = False,
    accept_schema: bool = False,
    make: Make | None = None,
    say: Say = _silent,
    progress: Progress = _unseen,
) -> Pulled:
    """Bring the raw table of a source up to date and pin it. Hold `project.writing()` around it.

    A hub source that is pinned stays at its commit, unless `update`; one that names another full commit in
    sources.yaml follows that. Local files are read as they are now; rows that are made of other material are made by
    `make`. Where the table is up to date nothing is
    fetched; and of a source with withdrawn rows no download is kept. Columns that the adapter was not confirmed for
    (see `schema`) are refused, unless `accept_schema`.

    Raises:
        CurateError: as `huggingface.fetch`, `local.locate`, `ingest` and `tombstones.check`; the lock file then stays
            as it was.
    """
    stones = check(project)
    entry = project.lock().sources.get(name)
    if entry and not update and _is_remote(source) and not _has_more(project, name, source):
        current = raw_table(project, name, source)
        if current and current.key == entry.table:
            _clear_downloads(project, name, current)
            return Pulled(name, current, entry, False)
    identity = entry.identity if entry else tuple(dict.fromkeys(source.adapter.text_columns()))
    if isinstance(source, HubSource):
        listing, data = huggingface.fetch(project, name, source, None if update else pin(source, entry), say, progress)
        repo, revision, gated, card = listing.id, listing.sha, listing.gated, listing.licence
        licence_text = listing.licence_text()
        left_out = listing.left_out(source)
    else:
        data, revision = _here(project, name, source, update, make, say)
        repo, gated, card, left_out = None, False, None, 0
        licence_text = None
    other = [f.name for f in data if entry and entry.files.get(f.name, f.sha256) != f.sha256]
    if entry and entry.revision == revision and other:
        if not update:
            # Or else the next pull would find these bytes here, whatever the hub then has.
            if isinstance(source, HubSource):
                huggingface.discard(project, name, revision)
            raise IntegrityError(
                "the files of the pinned commit are not those that were pulled before",
                where=name,
                fix=f"look at what changed upstream; to take the files as they are now: curate pull {name} --update",
            )
        say(f"{name}: {len(other)} files changed although the commit did not")
    licence = source.licence or card

    def confirm(schema: str) -> None:
        if not accept_schema:
            check_confirmed(name, source, entry, schema)

    table = ingest(project, name, source, Material(data, revision, licence, identity), progress, confirm)
    new = Entry(
        revision=revision,
        files={f.name: f.sha256 for f in data},
        identity=identity,
        schema=table.manifest["ingredients"]["schema"],
        adapter=files.digest(plain(source.adapter)),
        rows=table.rows,
        table=table.key,
        id=repo,
        licence=card,
        gated=gated,
        licence_text=licence_text,
        selection=_selection(source),
        left_out=left_out,
    )
    lock = dataclasses.replace(
        project.lock().with_entry(name, new), key=fingerprint(project), forgotten=len(stones.records)
    )
    if lock != project.lock():
        lock.write(project.lock_path)
    if new != entry:
        _say_changes(name, entry, new, say)
        _say_rights(name, source, card, say)
    _clear_downloads(project, name, table)
    if not table.rows and table.manifest["rows_in"]:
        said = ", ".join(f"{count} {reason}" for reason, count in table.totals("reasons").items())
        say(f"{name}: none of {table.manifest['rows_in']} rows became a record ({said}); check its adapter")
    return Pulled(name, table, new, new != entry)


def bring_all(
    project: Project,
    sources: Mapping[str, Source],
    *,
    update: bool = False,
    accept_schema: bool = False,
    make: Make | None = None,
    say: Say = _silent,
    progress: Progress = _unseen,
) -> Outcome:
    """Bring several sources up to date; one that cannot be brought never stops the others."""
    pulled: dict[str, Pulled] = {}
    errors: dict[str, CurateError] = {}
    for name, source in sources.items():
        try:
            pulled[name] = bring(
                project, name, source, update=update, accept_schema=accept_schema, make=make, say=say, progress=progress
            )
        except CurateError as error:
            errors[name] = error
    return Outcome(pulled, errors)


def raw_table(project: Project, name: str, source: Source) -> StoredTable | None:
    """The published raw table of the source as it is declared now, or None. Uses no network and reads no row."""
    lock = project.lock()
    entry = lock.sources.get(name)
    material = pinned(project, name, source, entry) if entry else None
    if material is None or lock.key not in (None, fingerprint(project)):
        return None
    return raw_store(project).find(name, "raw", files.digest(ingredients(project, name, source, material)))


def pinned(project: Project, name: str, source: Source, entry: Entry) -> Material | None:
    """What a source is made of, by its pin; None where the declaration has moved away from it. Uses no network."""
    data: tuple[DataFile, ...] | None = None
    if isinstance(source, HubSource):
        if pin(source, entry) != entry.revision or _selection(source) != entry.selection:
            return None
        found = huggingface.cached(project, name, source, entry.revision)
        data = found[1] if found else None
    elif isinstance(source, MadeSource):
        try:
            if made.revision(project, name, source) != entry.revision:
                return None
        except CurateError:
            return None
    else:
        try:
            data = local.locate(project, name, source, fetch=False)
        except CurateError:
            data = None
    if data is None:
        # The files were cleared away; what they were stands in the lock.
        data = tuple(DataFile(n, project.root, sha256, "") for n, sha256 in sorted(entry.files.items()))
    return Material(data, entry.revision, source.licence or entry.licence, entry.identity)


def _selection(source: Source) -> str | None:
    """What decides which files of a commit are read; a change of it must be seen when none of them is here."""
    if not isinstance(source, HubSource):
        return None
    return files.digest([source.files, source.max_files, source.max_bytes])


def pin(source: HubSource, entry: Entry | None) -> str | None:
    """The commit to stay at: the one that sources.yaml names in full, or else that of the last pull."""
    if source.revision and _COMMIT.fullmatch(source.revision):
        return source.revision
    return entry.revision if entry else None


def _is_remote(source: Source) -> bool:
    """Does all of it have to be fetched, or made?"""
    return isinstance(source, (HubSource, MadeSource)) or all("://" in place for place in names(source.path))


def _has_more(project: Project, name: str, source: Source) -> bool:
    """Is there something that could not be had before, and is worth another try now?"""
    return isinstance(source, YoutubeSource) and gather.due(project, name, source)


def _here(
    project: Project, name: str, source: FileSource | MadeSource, update: bool, make: Make | None, say: Say
) -> tuple[tuple[DataFile, ...], str]:
    """The files of a source that no hub has, made first where they have to be, and their revision."""
    if not isinstance(source, MadeSource):
        data = local.locate(project, name, source, update=update, say=say)
        return data, _contents(data)
    if isinstance(source, YoutubeSource):
        gather.bring(project, name, source, update=update, say=say)
    revision = made.revision(project, name, source)
    if make is not None and made.note(project, name, revision) is None:
        make(project, name, source, say)
    return tuple(DataFile(f.name, f.path, f.sha256, f.uri) for f in made.located(project, name, source)), revision


def _clear_downloads(project: Project, name: str, table: StoredTable) -> None:
    """Keep no download of a source with withdrawn rows: it holds them too."""
    if has_withdrawn(project, name, table):
        shutil.rmtree(project.raw / "downloads" / name, ignore_errors=True)


def _contents(data: tuple[DataFile, ...]) -> str:
    return files.digest({f.name: f.sha256 for f in data})


def _say_rights(name: str, source: Source, card: str | None, say: Say) -> None:
    counting = that_counts(source.licence, card)
    if source.accept is None and asks_for_a_word(counting):
        say(f"{name}: licence {counting or 'unknown'}: its rows leave in no mix before a person has set 'accept'")


def _say_changes(name: str, old: Entry | None, new: Entry, say: Say) -> None:
    if old is None:
        capped = f", {new.left_out} files left out by its caps" if new.left_out else ""
        say(f"{name}: pinned at {new.revision[:12]}, {new.rows} records{capped}")
        return
    for field in dataclasses.fields(Entry):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after and field.name not in ("files", "table", "identity"):
            short = [str(v)[:12] if field.name in ("revision", "schema", "adapter") else v for v in (before, after)]
            say(f"{name}: {field.name} {short[0]} -> {short[1]}")
