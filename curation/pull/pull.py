"""Bring sources up to date: resolve, fetch, ingest, pin."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from curation.core import files
from curation.core.declare import plain
from curation.core.errors import CurateError, IntegrityError
from curation.core.lock import Entry
from curation.core.project import Project
from curation.core.sources import HubSource, Source
from curation.core.store import StoredTable
from curation.methods.licences import asks_for_a_word, that_counts
from curation.pull import huggingface, local
from curation.pull.ingest import DataFile, Material, Progress, ingest, ingredients, raw_store
from curation.pull.schema import check_confirmed

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
    say: Say = _silent,
    progress: Progress = _unseen,
) -> Pulled:
    """Bring the raw table of a source up to date and pin it. Hold `project.writing()` around it.

    A hub source that is pinned stays at its commit, unless `update`; one that names another full commit in
    sources.yaml follows that. Local files are read as they are now. Columns that the adapter was not confirmed for
    (see `schema`) are refused, unless `accept_schema`.

    Raises:
        CurateError: as `huggingface.fetch`, `local.locate` and `ingest`; the lock file then stays as it was.
    """
    entry = project.lock().sources.get(name)
    identity = entry.identity if entry else tuple(dict.fromkeys(source.adapter.text_columns()))
    if isinstance(source, HubSource):
        listing, data = huggingface.fetch(project, name, source, None if update else _pin(source, entry), say)
        repo, revision, gated, card = listing.id, listing.sha, listing.gated, listing.licence
    else:
        data = local.locate(project, name, source, update=update, say=say)
        repo, revision, gated, card = None, _contents(data), False, None
    if entry and entry.revision == revision and any(entry.files.get(f.name, f.sha256) != f.sha256 for f in data):
        raise IntegrityError(
            "the files of the pinned commit are not those that were pulled before",
            where=name,
            fix=f"look at what changed upstream, then: curate pull {name} --update",
        )
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
    )
    if new != entry:
        project.lock().with_entry(name, new).write(project.lock_path)
        _say_changes(name, entry, new, say)
        counting = that_counts(source.licence, card)
        if source.accept is None and asks_for_a_word(counting):
            say(f"{name}: licence {counting or 'unknown'}: its rows leave in no mix before a person has set 'accept'")
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
    say: Say = _silent,
    progress: Progress = _unseen,
) -> Outcome:
    """Bring several sources up to date; one that cannot be brought never stops the others."""
    pulled: dict[str, Pulled] = {}
    errors: dict[str, CurateError] = {}
    for name, source in sources.items():
        try:
            pulled[name] = bring(
                project, name, source, update=update, accept_schema=accept_schema, say=say, progress=progress
            )
        except CurateError as error:
            errors[name] = error
    return Outcome(pulled, errors)


def raw_table(project: Project, name: str, source: Source) -> StoredTable | None:
    """The published raw table of the source as it is declared now, or None. Uses no network and reads no row."""
    entry = project.lock().sources.get(name)
    material = pinned(project, name, source, entry) if entry else None
    if material is None:
        return None
    return raw_store(project).find(name, "raw", files.digest(ingredients(project, name, source, material)))


def pinned(project: Project, name: str, source: Source, entry: Entry) -> Material | None:
    """What a source is made of, by its pin; None where the declaration has moved away from it. Uses no network."""
    data: tuple[DataFile, ...] | None = None
    if isinstance(source, HubSource):
        if _pin(source, entry) != entry.revision:
            return None
        found = huggingface.cached(project, name, source, entry.revision)
        data = found[1] if found else None
    else:
        try:
            data = local.locate(project, name, source, fetch=False)
        except CurateError:
            data = None
    if data is None:
        # The files were cleared away; what they were stands in the lock.
        data = tuple(DataFile(n, project.root, sha256, "") for n, sha256 in sorted(entry.files.items()))
    return Material(data, entry.revision, source.licence or entry.licence, entry.identity)


def _pin(source: HubSource, entry: Entry | None) -> str | None:
    """The commit to stay at: the one that sources.yaml names in full, or else that of the last pull."""
    if source.revision and _COMMIT.fullmatch(source.revision):
        return source.revision
    return entry.revision if entry else None


def _contents(data: tuple[DataFile, ...]) -> str:
    return files.digest({f.name: f.sha256 for f in data})


def _say_changes(name: str, old: Entry | None, new: Entry, say: Say) -> None:
    if old is None:
        say(f"{name}: pinned at {new.revision[:12]}, {new.rows} records")
        return
    for field in dataclasses.fields(Entry):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after and field.name not in ("files", "table", "identity"):
            short = [str(v)[:12] if field.name in ("revision", "schema", "adapter") else v for v in (before, after)]
            say(f"{name}: {field.name} {short[0]} -> {short[1]}")
