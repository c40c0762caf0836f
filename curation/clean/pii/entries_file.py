"""scrub.yaml: the entries of a project, beside curate.toml."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from curation.clean.pii.entries import Entry, sealed
from curation.core import declare, files
from curation.core.declare import doc
from curation.core.project import Project
from curation.core.records import prefix_of, source_of

FILE = "scrub.yaml"

_HEAD = """\
# yaml-language-server: $schema=schemas/scrub.schema.json
# What the search for personal data misses (deny) and what it takes for personal data that is none (allow).
# `curate scrub deny|allow` adds entries and keeps their values keyed. What is worth saying goes into `note`: the
# commands write this file anew and keep no comments.
"""


@dataclass(frozen=True)
class ScrubFile:
    """The entries of a project: what people said the search for personal data gets wrong."""

    entries: tuple[Entry, ...] = doc("deny and allow entries, in any order", default=())


def read(project: Project) -> tuple[Entry, ...]:
    """The entries as they stand in the file; none where there is no file.

    Raises:
        ProjectError: an entry that is wrong, or speaks of a source that is none.
    """
    path = project.root / FILE
    with files.os_errors(path):
        if not path.exists():
            return ()
    document = declare.load(path)
    entries = declare.bind(ScrubFile, document).entries
    for number, entry in enumerate(entries):
        if entry.rank and source_of(entry.where) not in project.sources:
            raise document.error(
                ("entries", number, "scope"),
                f"no source is called '{source_of(entry.where)}'",
                f"sources here: {', '.join(project.sources) or 'none yet'}; or take the entry out",
            )
    return entries


def prepare(spec: Any, project: Project) -> Any:
    """The spec of scrub with the project's entries, keyed.

    Raises:
        ProjectError: the file is wrong, or entries stand in curate.toml.
    """
    if spec.entries:
        raise project.document.error(
            ("stages", "scrub", "entries"), "entries do not stand among the settings", f"put them into {FILE}"
        )
    return dataclasses.replace(spec, entries=sealed(read(project), project.key))


def add(project: Project, entries: Iterable[Entry]) -> int:
    """Add entries that are not there yet, whatever their notes; returns how many. Call it under the lock."""
    known = list(read(project))
    there = set(sealed(known, project.key))
    new: list[Entry] = []
    for entry in entries:
        (one,) = sealed([entry], project.key)
        if one not in there:
            there.add(one)
            new.append(entry)
    if new:
        _write(project, [*known, *new])
    return len(new)


def forget(project: Project, hashes: Iterable[str]) -> int:
    """Take out what is scoped to conversations whose ids have these hashes; returns how many. Under the lock."""
    gone = set(hashes)
    known = read(project)
    kept = [e for e in known if not (e.where.count(":") and prefix_of(e.where, 16) in gone)]
    if len(kept) < len(known):
        _write(project, kept)
    return len(known) - len(kept)


def _write(project: Project, entries: Sequence[Entry]) -> None:
    lines = [_HEAD + "entries:" + ("" if entries else " []")]
    for entry in entries:
        given = {name: value for name, value in vars(entry).items() if value is not None}
        lines.append("- " + yaml.safe_dump(given, default_flow_style=True, sort_keys=False, width=10**6).strip())
    files.write_bytes(project.root / FILE, ("\n".join(lines) + "\n").encode())
