"""`curate pull` and `curate sources`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TextIO

import click
import yaml

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.declare import MAX_BYTES, Document, bind, parse_yaml, plain
from curation.core.errors import CurateError, GateError, ProjectError, RetryError
from curation.core.project import SOURCES_FILE
from curation.core.sources import Source, Sources
from curation.methods.licences import asks_for_a_word, that_counts


@click.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]…")
@click.option("--update", is_flag=True, help="Move the pin of hub sources to what is newest now.")
@click.option("--accept-schema", is_flag=True, help="The adapters fit although the columns changed.")
@click.option("--dry-run", is_flag=True, help="Only show sizes, licences and what a person has to do.")
@pass_app
def pull(app: App, names: tuple[str, ...], update: bool, accept_schema: bool, dry_run: bool) -> None:
    """Fetch sources at their pinned commits and make records of them.

    One blocked source never stops the others.
    """
    from curation.pull.pull import bring_all

    if dry_run:
        _preview(app, names, update)
        return
    app.project.lock()  # where it is wrong, no source can be pulled: say so once
    with app.project.writing(), app.ui.progress("pull") as progress:
        outcome = bring_all(
            app.project,
            app.project.enabled(names),
            update=update,
            accept_schema=accept_schema,
            make=app.make,
            say=app.ui.say,
            progress=progress,
        )
    if app.ui.json:
        app.ui.emit(
            {
                "pulled": {n: {"rows": p.table.rows, "changed": p.changed} for n, p in outcome.pulled.items()},
                "blocked": {name: _blocked(error) for name, error in outcome.errors.items()},
            }
        )
    else:
        rows: list[tuple[object, ...]] = [
            (name, p.table.rows, p.table.manifest["rows_dropped"], "pulled" if p.changed else "up to date", "")
            for name, p in outcome.pulled.items()
        ]
        rows += [(name, None, None, "blocked", error.fix) for name, error in outcome.errors.items()]
        width = 5 if outcome.errors else 4
        app.ui.table(("source", "records", "rejected", "state", "to do")[:width], [row[:width] for row in rows])
    if outcome.errors:
        *others, worst = _by_weight(outcome.errors)
        for error in others:
            app.ui.error(error)
        raise worst


def _preview(app: App, names: tuple[str, ...], update: bool) -> None:
    from curation.pull.preview import preview

    found = preview(app.project, app.project.enabled(names), update=update)
    if app.ui.json:
        fields = {n: {k: v for k, v in vars(p).items() if k != "error"} for n, p in found.items()}
        app.ui.emit({n: {**f, "blocked": (e := found[n].error) and _blocked(e)} for n, f in fields.items()})
    else:
        rows = [
            (
                name,
                p.id,
                (f"{p.pinned[:12]} -> " if p.pinned else "") + (p.revision or "")[:12],
                p.licence or "unknown",
                p.gated,
                f"{p.files} of {p.files + p.left_out}" if p.files and p.left_out else p.files,
                None if p.size is None else p.size / 1e6,
                p.cached,
                f"{p.error.what}: {p.todo or ''}" if p.error else p.todo,
            )
            for name, p in found.items()
        ]
        app.ui.table(("source", "id", "revision", "licence", "gated", "files", "MB", "here", "to do"), rows)
        fetched = sum(p.size or 0 for p in found.values() if not p.cached)
        app.ui.say(f"a pull would download {fetched / 1e6:.1f} MB; nothing was done: this was a dry run")
    if errors := {name: p.error for name, p in found.items() if p.error}:
        raise _by_weight(errors)[-1]


def _blocked(error: CurateError) -> dict[str, object]:
    return {"what": error.what, "mend": error.fix, "exit_code": error.exit_code}


def _by_weight(errors: Mapping[str, CurateError]) -> list[CurateError]:
    """The errors, and last the one to end with: a click or a token, then what else a person must do, another try."""

    def weight(item: tuple[str, CurateError]) -> tuple[bool, bool, int]:
        return not isinstance(item[1], GateError), isinstance(item[1], RetryError), item[1].exit_code

    ordered = sorted(errors.items(), key=weight)
    return [type(e)(e.what, where=f"{n}: {e.where}" if e.where else n, fix=e.fix) for n, e in reversed(ordered)]


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
    try:
        found = parse_yaml(declaration.read(MAX_BYTES), declaration.name)
    except UnicodeDecodeError:
        raise ProjectError("not UTF-8 text", where=declaration.name, fix="save it as UTF-8") from None
    bind(Sources, dataclasses.replace(found, value={"sources": {name: found.value}}))
    _add(app, name, found.value)


@sources.command()
@click.argument("place", metavar="ID|PATH")
@click.option("--name", help="Name of the source [from its id or path].")
@click.option("--accept", is_flag=True, help="Write the first proposal into sources.yaml.")
@pass_app
def detect(app: App, place: str, name: str | None, accept: bool) -> None:
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
    if app.ui.json:
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
    wanted = bind(Sources, Document({"sources": {name: entry}}, {}, name)).sources[name]
    path = app.project.root / SOURCES_FILE
    with app.project.writing(), files.os_errors(path):
        text = _appended(path.read_text("utf-8-sig"), name, entry)
        if not _holds(text, {**app.project.sources, name: wanted}):
            app.ui.out(_entry(name, entry, 2).rstrip())
            raise ProjectError(
                f"{SOURCES_FILE} is laid out in a way that this command cannot add to; nothing was changed",
                where=SOURCES_FILE,
                fix="add the entry printed above by hand, below 'sources:'",
            )
        files.write_bytes(path, text.encode(), mode=0o644)
    app.ui.say(f"added; next: curate pull {name}")


def _entry(name: str, value: dict[str, object], indent: int) -> str:
    text = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=120)
    return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


def _appended(text: str, name: str, value: dict[str, object]) -> str:
    """sources.yaml with one more entry; comments and order of the others stay. Only a guess: `_holds` checks it."""
    none_yet = re.compile(r"^sources:[ \t]*\{[ \t]*\}[ \t]*(#.*)?$", re.M)
    if none_yet.search(text):
        return none_yet.sub(
            lambda m: f"sources:{' ' + m[1] if m[1] else ''}\n{_entry(name, value, 2).rstrip()}", text, 1
        )
    first = re.search(r"^sources:.*\n(?:[ \t]*(?:#.*)?\n)*( +)\S", text, re.M)
    head = "" if first else "sources:\n"
    return (text.rstrip("\n") + "\n").lstrip("\n") + head + _entry(name, value, len(first[1]) if first else 2)


def _holds(text: str, wanted: Mapping[str, Source]) -> bool:
    try:
        return dict(bind(Sources, parse_yaml(text, SOURCES_FILE)).sources) == dict(wanted)
    except ProjectError:
        return False
