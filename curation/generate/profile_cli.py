"""`curate generate profile`."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curation.core.app import App, pass_app
from curation.core.errors import GateError, ProjectError
from curation.core.sources import YoutubeSource
from curation.core.ui import count
from curation.methods.style.voice import Passage


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--against", multiple=True, metavar="SOURCE", help="Whose words are others'. May be given several times.")
@click.option("--file", "paths", type=click.Path(path_type=Path, dir_okay=False), multiple=True,
              help="Others' words as JSON lines: text, author. May be given several times.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Measure, but keep nothing.")
@pass_app
def profile(
    app: App, sources: tuple[str, ...], against: tuple[str, ...], paths: tuple[Path, ...], dry_run: bool
) -> None:
    """Learn how the person of SOURCES speaks, and say what that is worth.

    Writes voices/voice.json: numbers about small words, nothing of what was
    said. From then on curate tag run and curate try voice tell how much a text
    sounds like the person. Others are whoever else is heard there, and the
    answers of all other sources; with --against or --file, those.
    """
    from curation.methods.style import profile as home
    from curation.methods.style.measures import measures
    from curation.methods.style.voice import LEAST, LENGTHS, learn

    own, others = _gathered(app, sources, against, paths)
    voice = learn(own, others)
    words = Counter[str]()
    for passage in own:
        words[passage.kind] += len(passage.text.split())
    if not voice.delta:
        raise ProjectError(
            f"too little to learn a voice from: {words.total()} words of the person, "
            f"{sum(len(p.text.split()) for p in others)} of others",
            where=", ".join(sources),
            fix=f"of both at least {LEAST} times {min(LENGTHS)} words; others' words: --against SOURCE, --file X.jsonl",
        )
    found = home.Profile(
        sources=tuple(sources),
        kinds=dict(sorted(words.items())),
        against=dict(sorted(Counter(a.partition(": ")[0] for a in {p.author for p in others}).items())),
        own=measures(p.text for p in own),
        others=measures(p.text for p in others),
        voice=voice,
    )
    path = home.place(app.project)
    if not dry_run:
        with app.project.writing():
            found.write(path)
    if app.ui.json:
        app.ui.emit({**found.document(), "file": None if dry_run else path.name})
        return
    _show(app, found)
    app.ui.say("nothing was kept: this was a dry run" if dry_run else f"wrote {path.name}; next: curate tag run")


def _gathered(
    app: App, sources: Sequence[str], against: Sequence[str], paths: Sequence[Path]
) -> tuple[list[Passage], list[Passage]]:
    """What the person says, and what others say."""
    from curation.generate.speakers import PERSON, in_file, in_recordings, in_records

    project = app.project
    chosen = project.enabled(tuple(sources))
    if twice := sorted(set(sources) & set(against)):
        raise ProjectError(f"'{twice[0]}' cannot be both the person's and others'", fix="name it once")
    elsewhere = tuple(against) or (() if paths else tuple(n for n in project.enabled() if n not in chosen))
    own: list[Passage] = []
    others: list[Passage] = [passage for path in paths for passage in in_file(path)]
    for name, source in {**chosen, **(project.enabled(elsewhere) if elsewhere else {})}.items():
        mine = name in chosen
        if isinstance(source, YoutubeSource):
            if source.revoked:
                if mine:
                    raise GateError(f"the permission for '{name}' was taken back", where=f"source '{name}'")
                continue
            app.bring("raw", (name,))
            for passage in in_recordings(project, name, source):
                is_own = mine and passage.author == PERSON
                author = passage.author if passage.author != PERSON or mine else f"{name}: {PERSON}"
                (own if is_own else others).append(dataclasses.replace(passage, author=author))
            continue
        found = in_records(name, app.bring("records", (name,))[name])
        if mine:
            own += [dataclasses.replace(passage, author=PERSON) for passage in found]
        else:
            others += found
    return own, others


def _show(app: App, found: Any) -> None:
    from curation.methods.style.separation import LIMITS

    mine, theirs = dataclasses.asdict(found.own), dataclasses.asdict(found.others)
    app.ui.table(("per 100 words", "person", "others"), [
        (name.replace("_", " "), mine[name], theirs[name]) for name in mine
    ])  # fmt: skip
    more, less = found.habits()
    app.ui.out(f"says more often: {', '.join(more)}")
    app.ui.out(f"says less often: {', '.join(less)}")
    lines = [
        (length, f"{s.auc:.3f}", f"{s.low:.3f} to {s.high:.3f}", "" if s.same_kind is None else f"{s.same_kind:.3f}",
         s.own.windows, s.others.windows, s.others.units)
        for length, s in found.voice.separation.items()
    ]  # fmt: skip
    app.ui.table(("words", "AUC", "95 % interval", "same kind", "own", "others'", "people"), lines)
    for limit in dict.fromkeys(name for s in found.voice.separation.values() for name in s.limits()):
        app.ui.say(f"  note: {LIMITS[limit]}")
    app.ui.say(f"learned from {count(found.own.words, 'word')} of the person")
