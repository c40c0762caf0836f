"""`curate scrub`: teach the search for personal data, score it on marked texts, and see what risk is left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from curation.clean.pii.finding import LABELS, ROLES
from curation.core.app import App, pass_app
from curation.core.errors import GateError, UsageError
from curation.core.ui import count


@click.group()
def scrub() -> None:
    """Teach the search for personal data, score it, see what is left.

    What `curate clean` replaces, and with what, is set in curate.toml under
    [stages.scrub]; what people say about single values stands in scrub.yaml.
    """


def _scoped(command: Any) -> Any:
    for option in (
        click.option("--source", metavar="NAME", help="Only in this source."),
        click.option("--conversation", metavar="ID", help="Only in this record."),
        click.option("--note", help="For people; not about the value itself."),
        click.option("--clear", is_flag=True, help="Keep the value readable: it is no personal data."),
    ):
        command = option(command)
    return command


@scrub.command()
@click.option("--label", type=click.Choice(LABELS), required=True, help="What the value is.")
@click.option("--role", type=click.Choice(ROLES), help="Who a PERSON is.")
@_scoped
@pass_app
def deny(app: App, **given: Any) -> None:
    """Say that a value is personal data wherever it stands.

    The value is asked for; or put values into standard input, one a line. They
    are no arguments, so that no shell remembers them, and scrub.yaml keeps
    only keyed digests. Upper and lower case are the same, words are whole.
    """
    _add(app, "deny", **given)


@scrub.command()
@click.option("--label", type=click.Choice(LABELS), help="What the value is not [any].")
@_scoped
@pass_app
def allow(app: App, **given: Any) -> None:
    """Say that a value is no personal data and stays.

    The value is asked for; or put values into standard input, one a line. The
    narrower scope wins, and of equals deny.
    """
    _add(app, "allow", **given)


def _add(app: App, kind: str, *, source: str | None, conversation: str | None, clear: bool, **given: Any) -> None:
    from curation.clean.pii import entries_file
    from curation.clean.pii.entries import Entry

    if source and conversation:
        raise UsageError("give --source or --conversation, not both")
    scope = "project"
    if source:
        app.project.enabled((source,))
        scope = f"source:{source}"
    if conversation:
        app.check_known(conversation)
        scope = f"conversation:{conversation}"
    try:
        entries = [Entry(kind, value=value, scope=scope, **given) for value in _values()]  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(str(error), fix="a value is a name, an address, a number: one a line") from None
    with app.project.writing():
        added = entries_file.add(
            app.project, entries if clear else [entry.hidden(app.project.key) for entry in entries]
        )
    if app.ui.json:
        app.ui.emit({"added": added, "known": len(entries) - added})
        return
    app.ui.say(f"added to {entries_file.FILE}: {added}" + (", the rest was there" if added < len(entries) else ""))
    app.ui.say("next: curate run; curate scrub check; then curate gc, for the tables of before are as they were")


def _values() -> list[str]:
    """What to deny or allow: asked for at a terminal, else the lines of standard input."""
    if sys.stdin.isatty():
        return [click.prompt("value", err=True)]
    values = [line.strip() for line in sys.stdin if line.strip()]
    if not values:
        raise UsageError("no value was given", fix="put values into standard input, one a line")
    return values


@scrub.command()
@pass_app
def entries(app: App) -> None:
    """List the entries of scrub.yaml. Keyed values are not shown, for nobody knows them."""
    from curation.clean.pii import entries_file

    found = entries_file.read(app.project)
    if app.ui.json:
        app.ui.emit([{k: v for k, v in vars(entry).items() if v is not None} for entry in found])
        return
    rows = [
        (number, e.kind, e.label or "any", e.value or f"({count(e.size, 'word')})", e.scope, e.note or "")
        for number, e in enumerate(found, start=1)
    ]
    app.ui.table(("", "kind", "label", "value", "scope", "note"), rows)


@scrub.command()
@click.argument("sources", nargs=-1)
@pass_app
def check(app: App, sources: tuple[str, ...]) -> None:
    """Prove that every entry holds in the scrubbed tables.

    What is denied stands nowhere in its scope, what is allowed still stands.
    Cleans first what is not clean yet.
    """
    from curation.clean.pii import entries_file, regression

    found = entries_file.read(app.project)
    cases = regression.check(found, app.bring("records", sources), app.project.key) if found else []
    if app.ui.json:
        app.ui.emit(
            [{"number": c.number, "state": c.state, "places": c.places, "records": c.records[:20]} for c in cases]
        )
    else:
        app.ui.table(
            ("", "kind", "label", "scope", "places", "state"),
            [(c.number, c.entry.kind, c.entry.label or "any", c.entry.scope, c.places, c.state) for c in cases],
        )
    broken = [case for case in cases if case.state == "broken"]
    if broken:
        numbers = ", ".join(str(case.number) for case in broken[:10])
        where = next((case.records[0] for case in broken if case.records), None)
        raise GateError(
            f"{len(broken)} of {len(cases)} entries of scrub.yaml do not hold: {numbers}",
            where=where,
            fix="two entries may contradict each other (curate scrub entries); else this is a bug of curate",
        )
    app.ui.say(f"{len(cases) or 'no'} entries, none broken")


@scrub.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--level", help="Engine level [the project's].")
@pass_app
def score(app: App, file: Path, level: str | None) -> None:
    """Measure the search on texts in which people marked what there is.

    FILE holds rows of presidio-research ({"full_text", "spans": [{"entity_type",
    "start_position", "end_position"}]}) or {"text", "spans": [{"label",
    "start", "end"}]}, as a JSON list or one a line. A span is found when
    findings cover 90 % of its characters, whatever their label; a finding is
    right when half of it lies in spans.
    """
    from curation.clean import scrub_show, searching
    from curation.clean.pii import score as scoring

    samples = scoring.read(file)
    spec = searching.spec(app, level)
    result = scoring.score(samples, searching.spans([sample.text for sample in samples], spec))
    if app.ui.json:
        app.ui.emit({"file": file.name, **result.document()})
        return
    scrub_show.show_score(app.ui, result)


@scrub.command()
@click.argument("sources", nargs=-1)
@click.option("--samples", type=click.IntRange(0), default=0, help="Show shapes (Xxxxx) of so many words left.")
@pass_app
def residual(app: App, sources: tuple[str, ...], samples: int) -> None:
    """Report what risk is left after scrubbing: counts and ids, never text.

    Planted canaries, a second pass over the output, words and numbers that
    look like somebody's, combinations that may point at one person, what
    people missed, and the languages. Cleans first what is not clean yet.
    """
    from curation.clean import scrub_show
    from curation.clean.residual import collect

    found = collect(app.project, app.bring("records", sources), samples=samples)
    if app.ui.json:
        app.ui.emit(found.document())
        return
    scrub_show.show_residual(app.ui, found)
