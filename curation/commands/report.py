"""`curate report`: one HTML page with what became of every row."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click

from curation.commands import pipeline, runs
from curation.core import files
from curation.core.annotations import Annotations
from curation.core.app import App, pass_app
from curation.core.errors import CurateError, IntegrityError
from curation.core.project import Project
from curation.core.store import StoredTable, View
from curation.methods import eq, hold
from curation.methods.style import profile
from curation.report import collect
from curation.report.page import render
from curation.report.summary import Notice, NoticeKind, SourceSummary, Summary, VoiceSummary

PAGE = "report.html"


@click.command()
@pass_app
def report(app: App) -> None:
    """Write data/report.html: what became of every row.

    Every stage's counts and reasons, personal data, languages, emotions, arcs,
    empathy, domains of emotional ability, a voice, risk, mixes, adapters. It
    shows the tables as they stand and brings nothing up to date. Numbers and names only,
    no text of a row.
    """
    path, summary = _write(app.project)
    if app.ui.json:
        app.ui.emit(summary.document())
    else:
        app.ui.out(str(path))


def write_report(app: App) -> Path:
    """Write the report of a project and return its path; where it already says the same, nothing is written."""
    return _write(app.project)[0]


def _write(project: Project) -> tuple[Path, Summary]:
    path = project.data / PAGE
    with project.writing():
        summary = summarise(project)
        page = render(summary).encode()
        with files.os_errors(path):
            same = path.exists() and path.read_bytes() == page
        if not same:
            files.write_bytes(path, page)
    return path, summary


def summarise(project: Project) -> Summary:
    """Collect what is known of a project. What cannot be read is named in a notice, the rest is shown."""
    history = runs.history(project)
    seconds = collect.latest_seconds(history)
    pins = project.lock().sources
    sources: list[SourceSummary] = []
    unreadable: list[str] = []
    previews: set[str] = set()
    views: list[View] = []
    every = pipeline.every_table(project)
    for name, source in project.sources.items():
        facts = (name, source, pins.get(name))
        try:
            tables = every[name] if source.enabled else []
            if isinstance(tables, CurateError):
                raise tables
            found, models = collect.source_summary(*facts, tables, tuple(pipeline.STEPS), seconds)
        except IntegrityError:
            unreadable.append(name)
            tables = []
            found, models = collect.source_summary(*facts, tables, tuple(pipeline.STEPS), seconds)
        sources.append(_with_people(project, found, tables))
        views += [View(tuple(tables[1:]))] if len(tables) > 1 else []
        previews |= models
    mixes, broken_mixes = collect.mixes(project.data / "exports")
    adapters, broken_adapters = collect.adapters(project.data / "adapters")
    unreadable += [*broken_mixes, *broken_adapters]
    return Summary(
        project=project.root.name,
        sources=tuple(sources),
        mixes=tuple(mixes),
        adapters=tuple(adapters),
        eq=collect.eq_summaries(eq.summarise(views, Annotations(project.root / "annotations"))),
        voice=_voice(project, unreadable),
        notices=_notices(sources, previews, unreadable),
        last_run=history[-1]["at"] if history else None,
    )


def _voice(project: Project, unreadable: list[str]) -> VoiceSummary | None:
    """The project's profile of a voice, unless the permission for it was taken back."""
    path = profile.place(project)
    try:
        if not path.is_file() or profile.withdrawn(project, path):
            return None
        return collect.voice_summary(profile.read(path))
    except IntegrityError:
        unreadable.append(path.name)
        return None


def _with_people(project: Project, found: SourceSummary, tables: Sequence[StoredTable]) -> SourceSummary:
    """A source with the rows that wait for people, and those that people have released."""
    if not found.risk or len(tables) < 2:
        return found
    said, settings = hold.released(Annotations(project.root / "annotations")), project.settings.risk
    views = {found.name: View(tuple(tables[1:]))}
    held = hold.count_waiting(views, settings, frozenset()).get(found.name, 0)
    waiting = hold.count_waiting(views, settings, said).get(found.name, 0)
    return dataclasses.replace(found, waiting=waiting, released=held - waiting)


def _notices(sources: list[SourceSummary], previews: set[str], unreadable: list[str]) -> tuple[Notice, ...]:
    from curation.methods.licences import asks_for_a_word

    used = [source for source in sources if source.enabled]
    found: dict[NoticeKind, list[str]] = {
        "licence": [s.name for s in used if asks_for_a_word(s.licence) and not s.accepted_by],
        "accepted": [s.name for s in used if s.accepted_by],
        "disabled": [s.name for s in sources if not s.enabled],
        "unfinished": [s.name for s in used if s.unfinished],
        "preview": sorted(previews),
        "unreadable": sorted(unreadable),
    }
    return tuple(Notice(kind, tuple(names)) for kind, names in found.items() if names)
