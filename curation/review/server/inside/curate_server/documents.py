"""Writing to the index: records as the server hands them over, and the small changes that a click makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .storage import Connection, key_of, suffix
from .values import keyword, pairs, plain, seconds, stamp
from .words import spaced

Value = tuple[str, Any]
"""(name, value) as it is looked for: `m.<metadata>`, `s.<question>.<property>`."""


@dataclass
class Response:
    """A person's response, as the index keeps it."""

    id: str
    user: str
    status: str
    answers: Mapping[str, Any]
    at: str


@dataclass
class Document:
    """A record with all that hangs on it, taken from the server's objects before a thread gets it."""

    id: str
    external_id: str | None
    status: str
    inserted_at: float | None
    updated_at: float | None
    texts: list[str]
    values: list[Value] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    vectors: list[tuple[str, bytes]] = field(default_factory=list)
    stamps: list[tuple[str, str]] = field(default_factory=list)


def document_of(record: Any, fields: Iterable[Any], metadata: Iterable[str]) -> Document:
    """Take from a record what the index needs."""
    found = record.metadata_ or {}
    values: list[Value] = [(f"m.{name}", found[name]) for name in metadata if found.get(name) is not None]
    for suggestion in record.suggestions:
        values += values_of(suggestion)
    stamps = [(str(each.id), stamp(each.updated_at)) for each in (record, *record.suggestions, *record.vectors)]
    return Document(
        id=str(record.id),
        external_id=None if record.external_id is None else keyword(record.external_id),
        status=keyword(plain(record.status)),
        inserted_at=seconds(record.inserted_at),
        updated_at=seconds(record.updated_at),
        texts=[text_of(each, record.fields.get(each.name)) for each in fields],
        values=values,
        responses=[response_of(each) for each in record.responses],
        vectors=[
            (str(each.vector_settings_id), np.asarray(each.value, np.float32).tobytes()) for each in record.vectors
        ],
        stamps=stamps,
    )


def response_of(response: Any) -> Response:
    """Take from a response what the index needs."""
    answers = {name: (answer or {}).get("value") for name, answer in (response.values or {}).items()}
    status = keyword(plain(response.status))
    return Response(str(response.id), str(response.user_id), status, answers, stamp(response.updated_at))


def values_of(suggestion: Any) -> list[Value]:
    """The properties of a suggestion that are filtered and sorted."""
    name = suggestion.question.name
    kept = ("value", "score", "agent", "type")
    return [(f"s.{name}.{prop}", getattr(suggestion, prop)) for prop in kept]


def text_of(declared: Any, value: Any) -> str:
    """What is searched of a field: all turns of a chat, with their roles; nothing of a picture."""
    if value is None or declared.is_image:
        return ""
    if declared.is_chat:
        turns = (turn for turn in value if isinstance(turn, dict)) if isinstance(value, list) else ()
        return spaced("\n".join(f"{turn.get('role', '')} {turn.get('content', '')}" for turn in turns))
    return spaced(str(value))


def put(connection: Connection, dataset_id: Any, documents: Iterable[Document]) -> None:
    """Write documents, in place of older ones of the same id."""
    h = suffix(dataset_id)
    keys: dict[str, int] = {}
    vectors = False
    for doc in documents:
        row = connection.execute(f"SELECT rid FROM doc_{h} WHERE id=?", (doc.id,)).fetchone()
        facts = (doc.external_id, doc.status, doc.inserted_at, doc.updated_at)
        if row:
            rid = row[0]
            vectors |= _clear(connection, h, rid)
            changed = "external_id=?, status=?, inserted_at=?, updated_at=?"
            connection.execute(f"UPDATE doc_{h} SET {changed} WHERE rid=?", (*facts, rid))
        else:
            insert = f"INSERT INTO doc_{h}(id, external_id, status, inserted_at, updated_at) VALUES(?,?,?,?,?)"
            rid = connection.execute(insert, (doc.id, *facts)).lastrowid
        columns = ", ".join(f"c{i}" for i in range(len(doc.texts)))
        if columns:
            marks = ", ".join("?" * (len(doc.texts) + 1))
            connection.execute(f"INSERT INTO fts_{h}(rowid, {columns}) VALUES({marks})", (rid, *doc.texts))
        for name, value in doc.values:
            if name not in keys:
                keys[name] = key_of(connection, dataset_id, name, make=True)
            _put_value(connection, h, keys[name], rid, value)
        for response in doc.responses:
            _put_response(connection, h, rid, response)
        insert = f"INSERT OR REPLACE INTO vec_{h}(settings, rid, v) VALUES(?,?,?)"
        connection.executemany(insert, [(settings, rid, blob) for settings, blob in doc.vectors])
        vectors |= bool(doc.vectors)
        _put_stamps(connection, h, rid, doc.stamps)
    if vectors:
        touch_vectors(connection, dataset_id)


def _clear(connection: Connection, h: str, rid: int) -> bool:
    """Remove what hangs on a record; returns whether a vector did."""
    connection.execute(f"DELETE FROM fts_{h} WHERE rowid=?", (rid,))
    # All keys there are, so that the primary key finds the few rows of a record.
    connection.execute(
        f"DELETE FROM val_{h} WHERE rid=? AND key IN "
        "(SELECT json_each.value FROM datasets, json_each(datasets.keys) WHERE replace(datasets.id, '-', '')=?)",
        (rid, h),
    )
    connection.execute(f"DELETE FROM ans_{h} WHERE resp IN (SELECT id FROM resp_{h} WHERE rid=?)", (rid,))
    connection.execute(f"DELETE FROM resp_{h} WHERE rid=?", (rid,))
    connection.execute(f"DELETE FROM stamp_{h} WHERE rid=?", (rid,))
    return connection.execute(f"DELETE FROM vec_{h} WHERE rid=?", (rid,)).rowcount > 0


def touch_vectors(connection: Connection, dataset_id: Any) -> None:
    """Say that vectors have changed, to every process that keeps them in memory."""
    connection.execute("UPDATE datasets SET vectors=vectors+1 WHERE id=?", (str(dataset_id),))


def _put_value(connection: Connection, h: str, key: int, rid: int, value: Any) -> None:
    rows = [(key, rid, n, text, num) for n, (text, num) in enumerate(pairs(value))]
    connection.executemany(f"INSERT OR REPLACE INTO val_{h}(key, rid, n, txt, num) VALUES(?,?,?,?,?)", rows)


def _put_response(connection: Connection, h: str, rid: int, response: Response) -> None:
    remove_response(connection, h, response.id)
    row = (response.id, rid, response.user, response.status)
    connection.execute(f"INSERT INTO resp_{h}(id, rid, user, status) VALUES(?,?,?,?)", row)
    rows = [
        (response.id, question, n, rid, response.user, text, num)
        for question, value in response.answers.items()
        for n, (text, num) in enumerate(pairs(value))
    ]
    connection.executemany(f"INSERT INTO ans_{h}(resp, question, n, rid, user, txt, num) VALUES(?,?,?,?,?,?,?)", rows)
    _put_stamps(connection, h, rid, [(response.id, response.at)])


def remove_response(connection: Connection, h: str, response_id: str) -> None:
    """Forget a response."""
    connection.execute(f"DELETE FROM ans_{h} WHERE resp=?", (response_id,))
    connection.execute(f"DELETE FROM resp_{h} WHERE id=?", (response_id,))
    connection.execute(f"DELETE FROM stamp_{h} WHERE id=?", (response_id,))


def _put_stamps(connection: Connection, h: str, rid: int, stamps: Iterable[tuple[str, str]]) -> None:
    insert = f"INSERT OR REPLACE INTO stamp_{h}(id, rid, at) VALUES(?,?,?)"
    connection.executemany(insert, [(each, rid, at) for each, at in stamps])


def rid_of(connection: Connection, h: str, record_id: Any) -> int | None:
    """The row of a record; None if it is not indexed (the next reconciliation brings it)."""
    row = connection.execute(f"SELECT rid FROM doc_{h} WHERE id=?", (str(record_id),)).fetchone()
    return row[0] if row else None


def put_response(connection: Connection, dataset_id: Any, record_id: Any, response: Response) -> None:
    """Write what a person has just answered."""
    h = suffix(dataset_id)
    if (rid := rid_of(connection, h, record_id)) is not None:
        _put_response(connection, h, rid, response)


def put_suggestion(
    connection: Connection, dataset_id: Any, record_id: Any, values: list[Value], stamped: tuple[str, str] | None
) -> None:
    """Write a suggestion in place of an older one to the same question; without a stamp, only remove that."""
    h = suffix(dataset_id)
    if (rid := rid_of(connection, h, record_id)) is None:
        return
    for name, value in values:
        key = key_of(connection, dataset_id, name, make=stamped is not None)
        connection.execute(f"DELETE FROM val_{h} WHERE key=? AND rid=?", (key, rid))
        if stamped is not None:
            _put_value(connection, h, key, rid, value)
    if stamped is not None:
        _put_stamps(connection, h, rid, [stamped])


def put_facts(connection: Connection, dataset_id: Any, record_id: Any, facts: Mapping[str, Any]) -> None:
    """Change a record's own properties, such as its status."""
    h = suffix(dataset_id)
    if (rid := rid_of(connection, h, record_id)) is None:
        return
    for name, value in facts.items():
        if name in ("inserted_at", "updated_at"):
            connection.execute(f"UPDATE doc_{h} SET {name}=? WHERE rid=?", (seconds(value), rid))
        elif name in ("status", "external_id"):
            connection.execute(f"UPDATE doc_{h} SET {name}=? WHERE rid=?", (keyword(plain(value)), rid))
    if facts.get("updated_at") is not None:
        _put_stamps(connection, h, rid, [(str(record_id), stamp(facts["updated_at"]))])


def remove_strays(connection: Connection, dataset_id: Any) -> None:
    """Forget what belongs to no record: an index that lags may hold words whose record it has lost."""
    h = suffix(dataset_id)
    for table, column in (
        ("val", "rid"),
        ("resp", "rid"),
        ("ans", "rid"),
        ("vec", "rid"),
        ("stamp", "rid"),
        ("fts", "rowid"),
    ):
        connection.execute(f"DELETE FROM {table}_{h} WHERE {column} NOT IN (SELECT rid FROM doc_{h})")


def remove(connection: Connection, dataset_id: Any, record_ids: Iterable[str]) -> None:
    """Forget records."""
    h = suffix(dataset_id)
    vectors = False
    for record_id in record_ids:
        if (rid := rid_of(connection, h, record_id)) is not None:
            vectors |= _clear(connection, h, rid)
            connection.execute(f"DELETE FROM doc_{h} WHERE rid=?", (rid,))
    # Only then the words are gone: until its parts are joined, the index notes that they no longer count.
    connection.execute(f"INSERT INTO fts_{h}(fts_{h}) VALUES('optimize')")
    if vectors:
        touch_vectors(connection, dataset_id)
