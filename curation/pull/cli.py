"""`curate pull` and `curate sources`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.declare import Document, bind, parse_yaml, plain
from curation.core.errors import CurateError, ProjectError, RetryError
from curation.core.project import SOURCES_FILE
from curation.core.sources import Sources
from curation.methods.licences import asks_for_a_word, that_counts


@click.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]…")
@click.option("--update", is_flag=True, help="Move the pin of hub sources to what is newest now.")
@click.option("--accept-schema", is_flag=True, help="The adapters fit although the columns changed.")
@pass_app
def pull(app: App, names: tuple[str, ...], update: bool, accept_schema: bool) -> None:
    """Fetch sources at their pinned commits and make records of them.

    One blocked source never stops the others.
    """
    from curation.pull.pull import bring_all

    with app.project.writing(), app.ui.progress("pull") as progress:
        outcome = bring_all(
            app.project,
            app.project.enabled(names),
            update=update,
            accept_schema=accept_schema,
            say=app.ui.say,
            progress=progress,
        )
    if app.ui.json:
        app.ui.emit(
            {
                "pulled": {n: {"rows": p.table.rows, "changed": p.changed} for n, p in outcome.pulled.items()},
                "blocked": {
                    name: {"what": error.what, "mend": error.fix, "exit_code": error.exit_code}
                    for name, error in outcome.errors.items()
                },
            }
        )
    else:
        rows: list[tuple[object, ...]] = [
            (name, p.table.rows, p.table.manifest["rows_dropped"], "pulled" if p.changed else "up to date", None)
            for name, p in outcome.pulled.items()
        ]
        rows += [(name, None, None, error.what, error.fix) for name, error in outcome.errors.items()]
        shown = 5 if outcome.errors else 4
        head = ("source", "records", "rejected", "state", "to do")
        app.ui.table(head[:shown], [row[:shown] for row in rows])
    if outcome.errors:
        raise _worst(outcome.errors)


def _worst(errors: Mapping[str, CurateError]) -> CurateError:
    """The error to end with: what a person must act on comes before what merely needs another try."""
    name, error = min(errors.items(), key=lambda item: (isinstance(item[1], RetryError), item[1].exit_code))
    return type(error)(error.what, where=error.where or name, fix=error.fix)


@click.group()
def sources() -> None:
    """List the sources, add one, or find out how one is read."""


@sources.command("list")
@pass_app
def list_sources(app: App) -> None:
    """Every source with its licence, its pin and its rows."""
    lock = app.project.lock()
    rows = []
    for name, source in app.project.sources.items():
        entry = lock.sources.get(name)
        licence = that_counts(source.licence, entry.licence if entry else None)
        known = licence is not None or entry is not None
        leaves = "accepted" if source.accept else "" if not known else "no" if asks_for_a_word(licence) else "yes"
        pin = entry.revision[:12] if entry else "not pulled"
        rows.append(
            (
                name,
                source.kind,
                licence or "unknown",
                leaves,
                source.persona,
                pin if source.enabled else "off",
                entry.rows if entry else None,
            )
        )
    if app.ui.json:
        app.ui.emit({name: plain(source) for name, source in app.project.sources.items()})
    else:
        app.ui.table(("source", "kind", "licence", "may leave", "persona", "pin", "records"), rows)


@sources.command()
@click.argument("name")
@click.argument("declaration", type=click.File("r", encoding="utf-8"))
@pass_app
def add(app: App, name: str, declaration: TextIO) -> None:
    """Add a source: NAME and a YAML file with its declaration ('-' reads stdin)."""
    text = declaration.read()
    found = parse_yaml(text, declaration.name)
    bind(Sources, dataclasses.replace(found, value={"sources": {name: found.value}}))
    _add(app, name, found.value)


@sources.command()
@click.argument("place", metavar="ID|PATH")
@click.option("--name", help="Name of the source [from its id or path].")
@click.option("--accept", is_flag=True, help="Write the first proposal into sources.yaml.")
@click.option("--json", "as_json", is_flag=True, help="Data as JSON.")
@pass_app
def detect(app: App, place: str, name: str | None, accept: bool, as_json: bool) -> None:
    """Propose an adapter for a data set of the hub or for files.

    Looks at the columns and the first 200 rows of each file, and shows what
    would become of them: records, rejects with their reasons, three examples.
    The examples are texts as they are, not scrubbed yet.
    """
    from curation.pull.detect import detect as look
    from curation.pull.detect import entry_for, source_name
    from curation.pull.detect_show import document, lines

    if accept:
        _free(app, name or source_name(place))
    found = look(place, lambda: app.project, name, app.ui.say)
    if app.ui.json or as_json:
        app.ui.emit(document(found))
    else:
        for line in lines(found):
            app.ui.out(line)
    if accept:
        _add(app, name or source_name(place), entry_for(app.project, found))


def _free(app: App, name: str) -> None:
    """Check that a name can be given to a new source."""
    if name in app.project.sources:
        raise ProjectError(f"there is a source called '{name}' already", where=SOURCES_FILE, fix="choose another name")


def _add(app: App, name: str, entry: dict[str, Any]) -> None:
    _free(app, name)
    bind(Sources, Document({"sources": {name: entry}}, {}, name))
    path = app.project.root / SOURCES_FILE
    with app.project.writing():
        files.write_bytes(path, _appended(path, name, entry).encode(), mode=0o644)
    app.ui.say(f"added; next: curate pull {name}")


def _appended(path: Path, name: str, value: dict[str, object]) -> str:
    """sources.yaml with one more entry; comments and order of the others stay."""
    text = path.read_text("utf-8")
    entry = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=120)
    block = "".join(f"  {line}\n" for line in entry.splitlines())
    if "\nsources: {}" in "\n" + text:
        return text.replace("sources: {}", "sources:\n" + block.rstrip("\n"), 1)
    return text.rstrip("\n") + "\n" + block
