"""The ledger: what was done for each item, what failed and why, and when it is worth another try.

Kept by us, for what yt-dlp keeps knows successes only: it asks for dead videos at every run, and takes a video whose
captions could not be had for done.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from curation.core import files
from curation.core.errors import IntegrityError, RetryError
from curation.pull.media.troubles import CLASSES, LONGEST_PAUSE_S

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
  item TEXT PRIMARY KEY, place INTEGER NOT NULL, url TEXT NOT NULL, extractor TEXT NOT NULL, video TEXT NOT NULL,
  origin TEXT NOT NULL, listed INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_place ON items (place);
CREATE TABLE IF NOT EXISTS work (
  item TEXT NOT NULL, stage TEXT NOT NULL, artefact TEXT NOT NULL, state TEXT NOT NULL, error TEXT,
  attempts INTEGER NOT NULL, next_retry REAL, sha256 TEXT, at REAL NOT NULL, PRIMARY KEY (item, stage, artefact)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

FILE = "file"
"""The extractor of items that are files of the project."""

STAGES = ("list", "info", "captions", "audio", "transcript")


@dataclass(frozen=True)
class Item:
    """A video, an episode or a file. `origin`: the list that it was found in; `listed`: is it still there?"""

    key: str
    url: str
    extractor: str
    video: str
    origin: str
    listed: bool = True


@dataclass(frozen=True)
class Line:
    """One line of the ledger: a stage of an item, what it made or read, and how it went."""

    item: str
    stage: str
    artefact: str
    state: str
    error: str | None
    attempts: int
    next_retry: float | None
    sha256: str | None


def item_key(extractor: str, video: str) -> str:
    """The key of an item: 20 hex digits that say nothing and are safe in any name."""
    return hashlib.sha256(f"{extractor}\n{video}".encode("utf-8", "surrogatepass")).hexdigest()[:20]


class Ledger:
    """The ledger of one source, a SQLite file of mode 0600; every line is on disk before the next thing is tried."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        files.make_dir(path.parent)
        self._clock = clock
        self._path = path
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, files.PRIVATE_FILE))
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from None

    def _explain(self, error: sqlite3.DatabaseError) -> Exception:
        if isinstance(error, sqlite3.OperationalError):
            return RetryError("the ledger cannot be written", where=str(self._path), fix="is the disk full?")
        return IntegrityError(
            "the ledger of a media source is damaged",
            where=str(self._path),
            fix="put a backup of it back, or remove the folder it is in: everything is then fetched again",
        )

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, found: Iterable[tuple[str, str, str]], origin: str) -> list[str]:
        """Take note of items of a list, each as (url, extractor, id), in their order; returns their keys.

        One that is known keeps its place and everything that is known of it.
        """
        keys = []
        with self._transaction():
            [[place]] = self._db.execute("SELECT coalesce(max(place), -1) + 1 FROM items").fetchall()
            for url, extractor, video in found:
                key = item_key(extractor, video)
                self._db.execute(
                    "INSERT INTO items (item, place, url, extractor, video, origin) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (item) DO UPDATE SET url = excluded.url, origin = excluded.origin, listed = 1",
                    (key, place, _storable(url), _storable(extractor), _storable(video), _storable(origin)),
                )
                keys.append(key)
                place += 1
        return keys

    def unlist(self, but: Iterable[str]) -> int:
        """Mark the items that are gone from their lists; what was made of them stays. Returns how many are gone."""
        with self._transaction():
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS still (item TEXT PRIMARY KEY)")
            self._db.execute("DELETE FROM still")
            self._db.executemany("INSERT OR IGNORE INTO still VALUES (?)", ((key,) for key in but))
            self._db.execute("UPDATE items SET listed = item IN (SELECT item FROM still)")
        [[gone]] = self._db.execute("SELECT count(*) FROM items WHERE NOT listed").fetchall()
        return int(gone)

    def items(self) -> Iterator[Item]:
        """The items in the order in which they were found."""
        last = -1
        while rows := self._db.execute(
            "SELECT place, item, url, extractor, video, origin, listed FROM items "
            "WHERE place > ? ORDER BY place LIMIT 200",
            (last,),
        ).fetchall():
            for place, key, url, extractor, video, origin, listed in rows:
                last = place
                yield Item(key, url, extractor, video, origin, bool(listed))

    def line(self, item: str, stage: str, artefact: str = "") -> Line | None:
        """What is known of a stage of an item."""
        with closing(
            self._db.execute(
                "SELECT item, stage, artefact, state, error, attempts, next_retry, sha256 FROM work "
                "WHERE item = ? AND stage = ? AND artefact = ?",
                (item, stage, artefact),
            )
        ) as found:
            row = found.fetchone()
        return Line(*row) if row else None

    def lines(self, item: str | None = None) -> list[Line]:
        """All lines, or those of an item, in order of item and stage."""
        where, given = ("WHERE item = ?", (item,)) if item is not None else ("", ())
        rows = self._db.execute(
            f"SELECT item, stage, artefact, state, error, attempts, next_retry, sha256 FROM work {where} "
            "ORDER BY item, stage, artefact",
            given,
        )
        return [Line(*row) for row in rows]

    def done(self, item: str, stage: str, artefact: str = "", *, sha256: str | None = None) -> None:
        """Record that something succeeded."""
        before = self.line(item, stage, artefact)
        self._write(item, stage, artefact, "done", None, (before.attempts if before else 0) + 1, None, sha256)

    def failed(self, item: str, stage: str, artefact: str, kind: str) -> Line:
        """Record that something failed; returns the line, which says whether and when it is tried again."""
        before = self.line(item, stage, artefact)
        attempts = (before.attempts if before and before.state != "done" else 0) + 1
        patience = CLASSES[kind]
        again = attempts < patience.tries
        when = self._clock() + min(patience.pause_s * 2 ** (attempts - 1), LONGEST_PAUSE_S) if again else None
        state = "waiting" if again else "given_up"
        self._write(item, stage, artefact, state, kind, attempts, when, None)
        return Line(item, stage, artefact, state, kind, attempts, when, None)

    def may(self, item: str, stage: str, artefact: str = "") -> bool:
        """Is it time to try something: never done, and not given up or waiting?"""
        line = self.line(item, stage, artefact)
        if line is None:
            return True
        return line.state == "waiting" and (line.next_retry or 0) <= self._clock()

    def lift(self, kinds: Iterable[str] | None = None) -> None:
        """Let what failed be tried once more, or only what failed for some reasons."""
        chosen = list(CLASSES if kinds is None else kinds)
        self._db.execute(
            "UPDATE work SET state = 'waiting', next_retry = 0, attempts = 0 WHERE state <> 'done' "
            f"AND error IN ({', '.join('?' * len(chosen))})",
            chosen,
        )

    def remove(self, item: str) -> None:
        """Forget an item."""
        with self._transaction():
            self._db.execute("DELETE FROM work WHERE item = ?", (item,))
            self._db.execute("DELETE FROM items WHERE item = ?", (item,))

    def drop(self, item: str, *stages: str) -> None:
        """Forget stages of an item, whatever the artefact."""
        for stage in stages:
            self._db.execute("DELETE FROM work WHERE item = ? AND stage = ?", (item, stage))

    def drop_line(self, item: str, stage: str, artefact: str = "") -> None:
        """Forget one line."""
        self._db.execute("DELETE FROM work WHERE item = ? AND stage = ? AND artefact = ?", (item, stage, artefact))

    def about(self, name: str) -> str | None:
        """A fact about the whole source."""
        row = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_about(self, name: str, value: str) -> None:
        """Record a fact about the whole source."""
        self._db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def _write(
        self,
        item: str,
        stage: str,
        artefact: str,
        state: str,
        error: str | None,
        attempts: int,
        when: float | None,
        sha256: str | None,
    ) -> None:
        try:
            self._db.execute(
                "INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (item, stage, artefact, state, error, attempts, when, sha256, self._clock()),
            )
        except sqlite3.DatabaseError as trouble:
            raise self._explain(trouble) from None

    def _transaction(self) -> sqlite3.Connection:
        # As a context it commits, or rolls back where the block raises.
        self._db.execute("BEGIN")
        return self._db


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
