"""Making the index equal to the database at the server's start.

The server commits to its database first and writes to the index after, so a server that was killed may have an index
that lags. Every record, response, suggestion and vector has a moment of its last change; where those of the index
differ from those of the database, the record is indexed anew. An index that was deleted is thereby built.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from argilla_server.database import AsyncSessionLocal
from argilla_server.models import Dataset, DatasetStatus, Record, Response, Suggestion
from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from .documents import remove_strays
from .engine import EmbeddedSearchEngine
from .storage import Connection, drop_tables, fields_of, make_tables, suffix
from .values import stamp

_LOGGER = logging.getLogger("curate")
_BATCH = 200

_CHANGES = (
    "SELECT id, id, updated_at FROM records WHERE dataset_id=:d",
    "SELECT x.id, record_id, x.updated_at FROM responses x JOIN records r ON r.id=record_id WHERE dataset_id=:d",
    "SELECT x.id, record_id, x.updated_at FROM suggestions x JOIN records r ON r.id=record_id WHERE dataset_id=:d",
    "SELECT x.id, record_id, x.updated_at FROM vectors x JOIN records r ON r.id=record_id WHERE dataset_id=:d",
)

Changes = dict[str, tuple[str, str]]
"""id of anything -> (id of its record, when it was last changed)."""


async def reconcile() -> int:
    """Bring the index up to the database; returns how many records were written or removed."""
    engine = await EmbeddedSearchEngine.new_instance()
    count = 0
    async with AsyncSessionLocal() as session:
        relations = (Dataset.fields, Dataset.questions, Dataset.metadata_properties, Dataset.vectors_settings)
        select_all = select(Dataset).options(*(selectinload(each) for each in relations))
        datasets = list((await session.execute(select_all)).scalars())
        ready = [each for each in datasets if each.status == DatasetStatus.ready]
        await engine.storage.write(lambda c: _drop_others(c, {str(each.id) for each in ready}))
        for dataset in ready:
            count += await _dataset(session, engine, dataset)
    if count:
        _LOGGER.warning("the index lagged: %s records indexed anew", count)
    return count


def _drop_others(connection: Connection, ready: set[str]) -> None:
    for (dataset_id,) in connection.execute("SELECT id FROM datasets").fetchall():
        if dataset_id not in ready:
            drop_tables(connection, dataset_id)


async def _dataset(session: Any, engine: EmbeddedSearchEngine, dataset: Dataset) -> int:
    fields = [field.name for field in dataset.fields]

    def as_indexed(connection: Connection) -> Changes:
        if fields_of(connection, dataset.id) != fields:
            return {}
        h = suffix(dataset.id)
        rows = connection.execute(f"SELECT s.id, d.id, s.at FROM stamp_{h} s JOIN doc_{h} d USING(rid)")
        return {each: (record, at) for each, record, at in rows}

    if await engine.storage.read(lambda c: fields_of(c, dataset.id)) != fields:
        await engine.storage.write(lambda c: make_tables(c, dataset.id, fields))
    await engine.storage.write(lambda c: remove_strays(c, dataset.id))
    indexed = await engine.storage.read(as_indexed)
    stored = await _as_stored(session, dataset.id)
    differ = {record for each, (record, _) in (indexed.items() ^ stored.items())}
    present = {record for each, (record, _) in stored.items() if each == record}
    gone, stale = sorted(differ - present), sorted(differ & present)
    await engine.delete_records(dataset, [_Gone(record) for record in gone])
    for start in range(0, len(stale), _BATCH):
        ids = [UUID(each) for each in stale[start : start + _BATCH]]
        loaded = (
            selectinload(Record.responses).selectinload(Response.user),
            selectinload(Record.suggestions).selectinload(Suggestion.question),
            selectinload(Record.vectors),
        )
        found = await session.execute(select(Record).where(Record.id.in_(ids)).options(*loaded))
        await engine.index_records(dataset, list(found.scalars()))
        for record in [each for each in session.identity_map.values() if isinstance(each, Record)]:
            session.expunge(record)
    return len(gone) + len(stale)


class _Gone:
    def __init__(self, record_id: str) -> None:
        self.id = record_id


async def _as_stored(session: Any, dataset_id: UUID) -> Changes:
    sqlite = session.bind.dialect.name == "sqlite"
    stored: Changes = {}
    for statement in _CHANGES:
        rows = await session.execute(text(statement), {"d": dataset_id.hex if sqlite else dataset_id})
        for each, record, at in rows:
            stored[_spelt(each)] = (_spelt(record), stamp(at))
    return stored


def _spelt(identifier: Any) -> str:
    """An id in one spelling, however the database keeps it."""
    plain = str(identifier)
    return plain if len(plain) == 36 else f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
