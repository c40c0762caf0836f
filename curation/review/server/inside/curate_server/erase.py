"""What is deleted is gone from the files, too: SQLite itself only calls its place free, and keeps a log beside it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any


def overwrite(connection: sqlite3.Connection | Any) -> None:
    """Have a connection write zeros over what it deletes or replaces."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def overwrite_in_the_database() -> None:
    """Have every connection of the server do so."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "connect", lambda connection, _: overwrite(connection))


def empty_log(path: str) -> None:
    """Write what the log of a database holds into it, and cut the log to nothing.

    While somebody reads it stays, and goes with the next one or when the server stops.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
