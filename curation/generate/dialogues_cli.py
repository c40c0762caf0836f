"""`curate generate dialogues` and `curate generate transcript`."""

from __future__ import annotations

from typing import Any

import click

from curation.core.app import App, pass_app
from curation.core.project import Project
from curation.core.sources import YoutubeSource
from curation.core.ui import count
from curation.generate.chosen import of_kind


def _chosen(project: Project, names: tuple[str, ...]) -> dict[str, YoutubeSource]:
    fix = "add one: {kind: youtube, urls: https://…, language: en, permission: …}; see docs/voice.md"
    return of_kind(project, names, YoutubeSource, "recordings", fix)


@click.command()
@click.argument("sources", nargs=-1)
@pass_app
def dialogues(app: App, sources: tuple[str, ...]) -> None:
    """Make dialogues of what was said in videos and recordings.

    Of interviews in which captions show who speaks, and of questions that
    somebody answers themselves. The words stay as they were spoken. Without
    SOURCES: all sources of recordings.
    """
    from curation.core import made

    project = app.project
    chosen = _chosen(project, sources)
    views = app.bring("raw", tuple(chosen))
    told: dict[str, dict[str, Any]] = {}
    for name, source in chosen.items():
        note = made.note(project, name, made.revision(project, name, source)) or {}
        told[name] = {"records": views[name].rows, **{what: note[what] for what in _TOLD if what in note}}
    if app.ui.json:
        app.ui.emit(told)
        return
    for name, what in told.items():
        methods = ", ".join(f"{method} {number}" for method, number in what.get("methods", {}).items())
        gone = "; transcripts went with a withdrawn record"
        of = f" of {count(what['items'], 'transcript')}" if "items" in what else gone
        app.ui.out(f"{name}: {count(what['records'], 'record')}{of}" + (f" ({methods})" if methods else ""))
        if what.get("without"):
            app.ui.out(f"  {what['without']:>6} transcripts without a dialogue: nobody asks, or nobody punctuated")
    app.ui.say("next: curate run")


_TOLD = ("items", "without", "dialogues", "methods")


@click.command()
@click.argument("source")
@click.argument("item")
@pass_app
def transcript(app: App, source: str, item: str) -> None:
    """Print the transcript of an ITEM of a source as Markdown, to be read.

    ITEM is a key of the table `media`, or the site's own id, or a file's name.
    The text is what was said, not scrubbed.
    """
    from curation.generate.transcript_page import lines

    _chosen(app.project, (source,))
    for line in lines(app.project, source, item):
        app.ui.out(line)
