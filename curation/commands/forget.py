"""`curate forget`: remove a record, or a whole source, everywhere and for good."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass

import click

from curation.commands import occurrences
from curation.commands.gc import sweep
from curation.commands.pipeline import missing
from curation.core.annotations import HASH_DIGITS, Annotations
from curation.core.app import App, pass_app
from curation.core.errors import CurateError, IntegrityError, ProjectError
from curation.core.project import Project
from curation.core.records import prefix_of, source_of
from curation.core.ui import count
from curation.methods.style import profile

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ID = re.compile(_NAME.pattern + r":[0-9a-f]{16}(-[0-9]+)?")

_MOST_LINES = 10
"""Above so many a list of ids becomes a count."""


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="ID|SOURCE…")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def forget(app: App, targets: tuple[str, ...], yes: bool) -> None:
    """Remove records, or whole sources, from every table, download, annotation
    and known backup; a tombstone keeps them from coming back.

    Rows of the same text in the same source go with them. Exports and adapters
    that had them are listed: they have left your hands. What was cut off is
    finished by the same command.
    """  # noqa: D205 - the first sentence is what help shows
    wanted = find(app.project, targets)
    if not yes:
        click.confirm(f"Remove {count(len(wanted.records), 'record')} for good?", abort=True, err=True)
    remove(app, wanted)


@dataclass(frozen=True)
class Wanted:
    """What to remove.

    Attributes:
        sources: whole sources that were named.
        named: records that were named.
        records: every id that goes.
        hashes: the hashes of these ids.
        elsewhere: records of the same text in other sources, which stay.
        exports: how many of the records each export has.
        adapters: how many of them each adapter learned from.
        unread: files of exports and adapters that cannot be read.
    """

    sources: frozenset[str]
    named: frozenset[str]
    records: frozenset[str]
    hashes: frozenset[str]
    elsewhere: frozenset[str]
    exports: dict[str, int]
    adapters: dict[str, int]
    unread: list[str]


def find(project: Project, targets: tuple[str, ...]) -> Wanted:
    """Everything that the targets name, wherever something of it is left.

    Raises:
        ProjectError: a target that nothing here knows, or a source without any record.
    """
    sources = frozenset(t for t in targets if ":" not in t)
    named = frozenset(targets) - sources
    hashes = {prefix_of(record, HASH_DIGITS) for record in named}
    for name in sources:
        of_source = occurrences.of_source(project, name)
        if not of_source and (name in project.sources or not _has_leftovers(project, name)):
            project.enabled((name,))
            raise ProjectError(
                f"'{name}' has no record here", fix=f"nothing to forget; to fetch it: curate pull {name}"
            )
        hashes |= of_source
    found = occurrences.find(project, hashes)
    exports, adapters, unread = occurrences.left_in(project, found.hashes)
    stones = Annotations(project.root / "annotations").tombstones()
    known = {prefix_of(r, HASH_DIGITS) for r in found.ids | occurrences.answered(project)}
    for record in sorted(named):
        digits = prefix_of(record, HASH_DIGITS)
        if not _ID.fullmatch(record) or not (
            digits in known or record in stones or any(map(any, occurrences.left_in(project, {digits})[:2]))
        ):
            raise missing("is called", record)
    records = found.ids | named
    return Wanted(
        sources,
        named,
        frozenset(records),
        frozenset(found.hashes),
        frozenset(found.elsewhere),
        exports,
        adapters,
        unread,
    )


def _has_leftovers(project: Project, name: str) -> bool:
    # A name becomes a folder that is deleted: nothing that is no name may pass.
    known = name in project.lock().sources or (project.raw / "downloads" / name).is_dir()
    return known and _NAME.fullmatch(name) is not None


def remove(app: App, wanted: Wanted) -> None:
    """Remove records everywhere below the project and say where they went before.

    Raises:
        IntegrityError: some place could not be looked into; everything else is done by then.
    """
    project = app.project
    names = {source_of(record) for record in wanted.records} | wanted.sources
    with project.writing():
        answers, unreached = _bury(project, wanted, names)
        for name in names:
            shutil.rmtree(project.raw / "downloads" / name, ignore_errors=True)
        if profile.drop(project, names):
            app.ui.say("  the profile of a voice went, too, for it was learned there: curate generate profile SOURCE")
        if _drop_unfinished(project):
            app.ui.say("  training that was cut off begins anew, for it may have learned from it: curate train run")
    unreached += wanted.unread + _from_server(app, wanted)
    deleted = 0
    try:
        # Made anew first, so that the sweep deletes what held the rows and nothing else.
        if again := tuple(sorted(name for name in names if name in project.sources)):
            app.bring("tagged", again)
    except IntegrityError as error:
        unreached.append(error.where or error.what)
    except CurateError:
        # `bring` has said it. What was not made anew is swept away whole, so nothing of the rows is left.
        app.ui.say("  these tables were removed and not made anew; next: curate run")
    finally:
        with project.writing():
            try:
                deleted, _ = sweep(project)
            except CurateError as error:
                unreached.append(error.where or error.what)
    app.ui.say(f"forgot {count(len(wanted.records), 'record')}: {deleted} files and {answers} answers deleted")
    _tell(app, wanted, names)
    if unreached:
        for place in unreached:
            app.ui.say(f"  not reached: {place}")
        raise IntegrityError(
            f"{count(len(unreached), 'place')} could not be looked into and may still hold what was withdrawn",
            where=unreached[0],
            fix="bring or mend it (curate verify names what is damaged), then run the same command again",
        )


def _bury(project: Project, wanted: Wanted, names: set[str]) -> tuple[int, list[str]]:
    """Tombstones, answers, entries, and the raw tables without the rows; returns what `Annotations.erase` does."""
    from curation.clean.pii import entries_file
    from curation.pull.tombstones import FILE, fingerprint, lost
    from curation.pull.withdraw import without

    records = set(wanted.records)
    annotations = Annotations(project.root / "annotations")
    # The tombstones come first: if the power fails now, the next run still leaves the rows out.
    new = annotations.bury(
        records, identity=occurrences.identities(project, names), key=project.lock().key or fingerprint(project)
    )
    lock = project.lock()
    gone = {n for n in wanted.sources if n not in project.sources}
    dataclasses.replace(
        lock,
        sources={n: e for n, e in lock.sources.items() if n not in gone},
        forgotten=max(lock.forgotten + new, len(annotations.forgotten())),
    ).write(project.lock_path)
    try:
        answers, unreached = annotations.erase(records)
    except CurateError as error:
        answers, unreached = 0, [error.where or error.what]
    try:
        entries_file.forget(project, wanted.hashes)
    except CurateError as error:
        unreached.append(error.where or error.what)
    if earlier := lost(project):
        unreached.append(f"{FILE}: {count(earlier, 'earlier withdrawal')} lost from it")
    for name in names:
        # Where this fails, the source is pulled again, or else its tables are swept away.
        with contextlib.suppress(CurateError):
            without(project, name)
    return answers, unreached


def _drop_unfinished(project: Project) -> bool:
    """Delete the training that was cut off: what its weights learned cannot be told apart."""
    from curation.train.state import FOLDER

    folder = project.data / FOLDER
    begun = folder.is_dir() and any(folder.iterdir())
    shutil.rmtree(folder, ignore_errors=True)
    return begun


def _from_server(app: App, wanted: Wanted) -> list[str]:
    """Take the records off the annotation server, if there is one; returns what could not be reached."""
    from curation.review.argilla import SERVER_FILE, server_of

    if not ((app.project.data / SERVER_FILE).exists() or os.environ.get("ARGILLA_API_URL")):
        return []
    try:
        desk = server_of(app.project.data)
        gone = sum(desk.remove(name, wanted.records) for name in desk.names())
    except CurateError:
        return ["the annotation server; start it (curate review serve)"]
    if gone:
        app.ui.say(f"  taken off the annotation server: {count(gone, 'record')}, with the answers there")
    return []


def _tell(app: App, wanted: Wanted, names: set[str]) -> None:
    from curation.pull.withdraw import still_held

    many = bool(wanted.sources) or len(wanted.records) > _MOST_LINES
    more = sorted(r for r in wanted.records - wanted.named if source_of(r) not in wanted.sources)
    for record in more[:_MOST_LINES]:
        app.ui.say(f"  the same row or the same text, gone too: {record}")
    if len(more) > _MOST_LINES:
        app.ui.say(f"  and {len(more) - _MOST_LINES} more of the same row or the same text")
    for record in sorted(wanted.elsewhere)[:_MOST_LINES]:
        app.ui.say(f"  the same text stays in another source; if it must go too: curate forget {record}")
    if len(wanted.elsewhere) > _MOST_LINES:
        app.ui.say(f"  and {len(wanted.elsewhere) - _MOST_LINES} more of the same text in other sources")
    held: list[tuple[str, str, int]] = []
    for name in sorted(names):
        with contextlib.suppress(CurateError):
            held += still_held(app.project, name, set(wanted.hashes))
    if len(held) <= _MOST_LINES and not wanted.sources:
        for record, file, row in held:
            app.ui.say(f"  your own file still holds {record}: {file}, row {row}")
    else:
        for file, rows in sorted(Counter(file for _, file, _ in held).items()):
            app.ui.say(f"  your own file still holds {rows} of them: {file}")
    for path, rows in wanted.exports.items():
        app.ui.say(f"  this export had {f'{rows} of them' if many else 'it'}: {path}")
    for path, rows in wanted.adapters.items():
        app.ui.say(f"  this adapter learned from {f'{rows} of them' if many else 'it'}: {path}")
