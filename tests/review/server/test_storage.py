"""The file of the index, without a server."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import uuid

import pytest

import tests.review.server.site  # noqa: F401 - it makes the server's own modules importable
from curation.review.server import process

from curate_server import documents, storage  # isort: skip

DATASET = str(uuid.UUID(int=7))


def document(n, text="some words"):
    return documents.Document(str(uuid.UUID(int=n)), f"r{n}", "pending", 1.0, 2.0, [text], [("m.source", ["a", "b"])])


def write(path, *numbers):
    async def work():
        held = storage.Storage(str(path))

        def both(connection):
            if storage.fields_of(connection, DATASET) is None:
                storage.make_tables(connection, DATASET, ["text"])
            documents.put(connection, DATASET, [document(n) for n in numbers])

        await held.write(both)
        return held

    return asyncio.run(work())


def count(path, table="doc"):
    with sqlite3.connect(path) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}_{uuid.UUID(DATASET).hex}").fetchone()[0]


def test_only_its_owner_can_read_it(tmp_path):
    before = os.umask(0)
    try:
        write(tmp_path / "search.db", 1)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "search.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("harm", ["version", "header", "middle", "not a database"])
def test_what_cannot_be_used_is_begun_anew(tmp_path, harm):
    path = tmp_path / "search.db"
    write(path, *range(200))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if harm == "version":
            connection.execute(f"PRAGMA user_version={storage.VERSION + 1}")
    data = bytearray(path.read_bytes())
    if harm == "header":
        data[:100] = bytes(100)
    elif harm == "middle":
        data[8192:20480] = b"x" * 12288
    elif harm == "not a database":
        data = b"<html>"
    if harm != "version":
        path.write_bytes(data)
    write(path, 1, 2, 3)
    assert count(path) == 3


def test_a_record_is_replaced_whole(tmp_path):
    path = tmp_path / "search.db"
    held = write(path, 1)

    def again(connection):
        changed = document(1, "other")
        changed.values = []
        documents.put(connection, DATASET, [changed])

    asyncio.run(held.write(again))
    assert (count(path), count(path, "fts"), count(path, "val")) == (1, 1, 0)


def test_what_fails_half_way_leaves_nothing(tmp_path):
    path = tmp_path / "search.db"
    held = write(path, 1)

    def fails(connection):
        documents.put(connection, DATASET, [document(2)])
        raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(held.write(fails))
    assert count(path) == 1


def test_several_processes_write_at_once(tmp_path):
    path = tmp_path / "search.db"
    write(path, 0)
    each = "for n in range(40): write(sys.argv[1], int(sys.argv[2]) + n)"
    code = f"import sys; from tests.review.server.test_storage import write\n{each}"
    paths = os.pathsep.join([os.getcwd(), str(process.INSIDE)])
    given = {**os.environ, "PYTHONPATH": paths}
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), str(1000 * k)], env=given) for k in (1, 2, 3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert count(path) == count(path, "fts") == 121
