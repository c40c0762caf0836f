"""sources.lock.yaml: what each source was when it was pulled, so that the next pull gets the same bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from curation.core import declare, files
from curation.core.errors import ProjectError

_HEADER = "# Written by `curate pull`. Commit it: it pins every source to exact bytes.\n"


@dataclass(frozen=True)
class Entry:
    """A pinned source.

    Attributes:
        id: the data set's id after renames; null for files.
        revision: the commit; for files the digest over their contents.
        licence: what the data card said at that commit.
        licence_text: git's blob id or SHA-256 of the licence's text at that commit: of LICENSE, else of the data card.
        gated: did access need a click or a token?
        left_out: files of the data set that the source's caps left out.
        selection: digest of the patterns and caps that chose the files; null for files.
        files: SHA-256 of each file that was read.
        identity: the source columns that ids are made of; fixed at the first pull, whatever the adapter becomes.
        schema: digest of the columns and their types.
        adapter: digest of the adapter that made the records.
        rows: records made.
        table: key of the raw table.
    """

    revision: str
    files: Mapping[str, str]
    identity: tuple[str, ...]
    schema: str
    adapter: str
    rows: int
    table: str
    id: str | None = None
    licence: str | None = None
    gated: bool = False
    left_out: int = 0
    selection: str | None = None
    licence_text: str | None = None


@dataclass(frozen=True)
class Lock:
    """The whole lock file.

    Attributes:
        sources: the pinned sources.
        key: fingerprint of the project key that ids were made with; tells nothing about the key.
        forgotten: how many records were withdrawn; with fewer tombstones than that some are lost.
    """

    sources: Mapping[str, Entry] = field(default_factory=dict)
    key: str | None = None
    forgotten: int = 0

    @classmethod
    def read(cls, path: Path) -> Lock:
        """The lock of a project; empty before the first pull.

        Raises:
            ProjectError: the file is not as `write` left it.
        """
        try:
            return declare.bind(cls, declare.load(path)) if path.exists() else cls()
        except ProjectError as error:
            fix = f"curate writes this file: take {path.name} from version control or a backup again"
            raise ProjectError(error.what, where=error.where, fix=fix) from None

    def with_entry(self, name: str, entry: Entry | None) -> Lock:
        """A copy with one source pinned anew, or without it."""
        rest = {n: e for n, e in self.sources.items() if n != name}
        return dataclasses.replace(self, sources=rest if entry is None else {**rest, name: entry})

    def write(self, path: Path) -> None:
        """Replace the lock file."""
        text = yaml.safe_dump(declare.plain(self), sort_keys=True, allow_unicode=True, width=1000)
        files.write_bytes(path, (_HEADER + text).encode(), mode=0o644)
