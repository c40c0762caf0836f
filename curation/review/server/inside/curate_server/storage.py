"""The file of the index: tables per data set, a version, connections that are kept, and one writer at a time.

Everything here is derived from the server's database. A file of another version, or a damaged one, is begun anew, and
the reconciliation at the server's start fills it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from . import erase
from .words import TOKENIZER

VERSION = 1
"""Raise it whenever the tables below or what is written to them change."""

READERS = 4

_COMMON = """
CREATE TABLE IF NOT EXISTS datasets(
  id TEXT PRIMARY KEY, fields TEXT NOT NULL, keys TEXT NOT NULL DEFAULT '{}', vectors INTEGER NOT NULL DEFAULT 0);
"""
# doc: a record. val: its metadata and suggestions, typed. resp, ans: responses and the answers in them. vec: vectors.
# stamp: when the server last changed the record, response, suggestion or vector of that id.
_OF_A_DATASET = """
CREATE TABLE doc_{h}(rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, external_id TEXT, status TEXT,
  inserted_at REAL, updated_at REAL);
CREATE INDEX doc_status_{h} ON doc_{h}(status);
CREATE TABLE val_{h}(key INTEGER, rid INTEGER, n INTEGER, txt TEXT, num REAL, PRIMARY KEY(key, rid, n)) WITHOUT ROWID;
CREATE TABLE resp_{h}(id TEXT PRIMARY KEY, rid INTEGER NOT NULL, user TEXT NOT NULL, status TEXT NOT NULL)
  WITHOUT ROWID;
CREATE INDEX resp_rid_{h} ON resp_{h}(rid);
CREATE INDEX resp_user_{h} ON resp_{h}(user, status, rid);
CREATE TABLE ans_{h}(resp TEXT, question TEXT, n INTEGER, rid INTEGER, user TEXT, txt TEXT, num REAL,
  PRIMARY KEY(resp, question, n)) WITHOUT ROWID;
CREATE INDEX ans_question_{h} ON ans_{h}(question, user, rid);
CREATE TABLE vec_{h}(id INTEGER PRIMARY KEY, settings TEXT NOT NULL, rid INTEGER NOT NULL, v BLOB NOT NULL);
CREATE UNIQUE INDEX vec_settings_{h} ON vec_{h}(settings, rid);
CREATE INDEX vec_rid_{h} ON vec_{h}(rid);
CREATE TABLE stamp_{h}(id TEXT PRIMARY KEY, rid INTEGER NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX stamp_rid_{h} ON stamp_{h}(rid);
"""
_TABLES = ("doc", "val", "resp", "ans", "vec", "stamp", "fts", "words")

T = TypeVar("T")
Connection = sqlite3.Connection


def suffix(dataset_id: Any) -> str:
    """What the names of a data set's tables end with; only hex digits, whatever comes in."""
    return UUID(str(dataset_id)).hex


class Storage:
    """The index file, for all requests of a process."""

    _made: ClassVar[dict[str, Storage]] = {}
    _making = threading.Lock()

    @classmethod
    def at(cls, path: str) -> Storage:
        """The one storage of this process for a path: the server asks for an engine at every request."""
        with cls._making:
            if path not in cls._made:
                cls._made[path] = cls(path)
            return cls._made[path]

    def __init__(self, path: str) -> None:
        self.path = path
        self.vectors: dict[tuple[str, str], Any] = {}
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="search")
        self._local = threading.local()
        self._writing = threading.Lock()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if not self._usable():
            for each in (path, path + "-wal", path + "-shm"):
                Path(each).unlink(missing_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_COMMON.strip())
            connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute("COMMIT")

    def _usable(self) -> bool:
        with contextlib.closing(self._connect()) as connection:
            try:
                empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                return empty or (
                    version == VERSION and connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
                )
            except sqlite3.DatabaseError:
                return False

    def _connect(self) -> Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        with contextlib.suppress(sqlite3.DatabaseError):  # a damaged file is found by `_usable`
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")  # the server's database is the one that must not lose
            connection.execute("PRAGMA cache_size=-8000")
            erase.overwrite(connection)
        return connection

    def _connection(self) -> Connection:
        # A child process must not use the connections of its parent.
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.connection, self._local.pid = self._connect(), os.getpid()
        return self._local.connection

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a piece of reading outside the event loop; it sees one state of the index."""

        def run() -> T:
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("ROLLBACK")

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a piece of writing outside the event loop: all of it or nothing, and no two at once."""

        def run() -> T:
            connection = self._connection()
            with self._writing:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection)
                    connection.execute("COMMIT")
                    return result
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)


def make_tables(connection: Connection, dataset_id: Any, fields: list[str]) -> None:
    """Begin a data set with these fields, in place of what there was of it."""
    drop_tables(connection, dataset_id)
    h = suffix(dataset_id)
    for statement in _OF_A_DATASET.format(h=h).split(";"):
        connection.execute(statement)
    columns = ", ".join(f"c{i}" for i in range(max(1, len(fields))))
    connection.execute(f'CREATE VIRTUAL TABLE fts_{h} USING fts5({columns}, tokenize="{TOKENIZER}")')
    connection.execute(f"CREATE VIRTUAL TABLE words_{h} USING fts5vocab(fts_{h}, row)")
    connection.execute("INSERT INTO datasets(id, fields) VALUES(?, ?)", (str(dataset_id), json.dumps(fields)))


def drop_tables(connection: Connection, dataset_id: Any) -> None:
    """Remove a data set, if it is there."""
    for table in reversed(_TABLES):
        connection.execute(f"DROP TABLE IF EXISTS {table}_{suffix(dataset_id)}")
    connection.execute("DELETE FROM datasets WHERE id=?", (str(dataset_id),))


def fields_of(connection: Connection, dataset_id: Any) -> list[str] | None:
    """The fields of a data set in the order of their columns; None if the index does not know it."""
    row = connection.execute("SELECT fields FROM datasets WHERE id=?", (str(dataset_id),)).fetchone()
    return json.loads(row[0]) if row else None


def key_of(connection: Connection, dataset_id: Any, name: str, *, make: bool = False) -> int:
    """The number under which values of that name are kept; 0, which no value has, if there are none."""
    row = connection.execute("SELECT keys FROM datasets WHERE id=?", (str(dataset_id),)).fetchone()
    keys = json.loads(row[0]) if row else {}
    if name not in keys and make:
        keys[name] = len(keys) + 1
        connection.execute("UPDATE datasets SET keys=? WHERE id=?", (json.dumps(keys), str(dataset_id)))
    return keys.get(name, 0)
