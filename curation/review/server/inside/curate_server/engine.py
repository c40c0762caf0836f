"""The search engine `embedded` of argilla-server: SQLite and numpy inside the server's process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.search_engine.base import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
)
from argilla_server.settings import settings

from . import documents, erase, searching, vectors
from .storage import Storage, drop_tables, fields_of, key_of, make_tables, suffix

NAME = "embedded"
_MOST_TERMS = 2**14


@SearchEngine.register(engine_name=NAME)
class EmbeddedSearchEngine(SearchEngine):
    """All that the server asks of a search engine. It is made anew for every request, hence holds nothing itself."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    @classmethod
    async def new_instance(cls) -> EmbeddedSearchEngine:
        """The engine over the index in the server's home."""
        return cls(Storage.at(os.path.join(settings.home_path, "search.db")))

    async def close(self) -> None:
        """Nothing: connections are kept for the next request."""

    async def ping(self) -> bool:
        """Whether the index can be read."""
        return await self.storage.read(lambda c: c.execute("SELECT 1").fetchone() == (1,))

    async def info(self) -> dict[str, Any]:
        """What the server's status page shows."""
        size = await self.storage.read(lambda c: c.execute("SELECT count(*) FROM datasets").fetchone()[0])
        return {"name": NAME, "version": {"number": sqlite3.sqlite_version}, "datasets": size}

    # ------------------------------------------------------------------------------------------- data sets

    async def create_index(self, dataset: Any) -> None:
        """Begin the index of a data set."""
        fields = [field.name for field in dataset.fields]
        await self.storage.write(lambda c: make_tables(c, dataset.id, fields))

    async def delete_index(self, dataset: Any) -> None:
        """Forget a data set."""
        await self.storage.write(lambda c: drop_tables(c, dataset.id))
        await self._empty_logs()

    async def configure_metadata_property(self, dataset: Any, metadata_property: Any) -> None:
        """Nothing: a property gets its place with its first value."""

    async def configure_index_vectors(self, vector_settings: Any) -> None:
        """Nothing: a vector needs no declaration."""

    # --------------------------------------------------------------------------------------------- records

    async def index_records(self, dataset: Any, records: Iterable[Any]) -> None:
        """Write records with their suggestions, responses and vectors."""
        fields, names = list(dataset.fields), [each.name for each in dataset.metadata_properties]
        taken = [documents.document_of(record, fields, names) for record in records]
        declared = [field.name for field in fields]

        def write(connection: Any) -> None:
            if fields_of(connection, dataset.id) is None:
                make_tables(connection, dataset.id, declared)
            documents.put(connection, dataset.id, taken)

        await self.storage.write(write)

    async def partial_record_update(self, record: Any, **update: Any) -> None:
        """Change properties of a record."""
        facts = dict(update, updated_at=record.__dict__.get("updated_at"))
        dataset_id, record_id = record.dataset_id, record.id
        await self.storage.write(lambda c: self._if_known(c, dataset_id, documents.put_facts, record_id, facts))

    async def delete_records(self, dataset: Any, records: Iterable[Any]) -> None:
        """Forget records."""
        ids = [str(record.id) for record in records]
        await self.storage.write(lambda c: self._if_known(c, dataset.id, documents.remove, ids))
        await self._empty_logs()

    async def _empty_logs(self) -> None:
        # The server has committed before it tells the index.
        for path in (self.storage.path, os.path.join(settings.home_path, "argilla.db")):
            if os.path.exists(path):
                await asyncio.to_thread(erase.empty_log, path)

    async def update_record_response(self, response: Any) -> None:
        """Write a response in place of the older one."""
        taken, dataset_id, record_id = documents.response_of(response), response.record.dataset_id, response.record_id
        await self.storage.write(lambda c: self._if_known(c, dataset_id, documents.put_response, record_id, taken))

    async def delete_record_response(self, response: Any) -> None:
        """Forget a response."""
        dataset_id, response_id = response.record.dataset_id, str(response.id)
        await self.storage.write(
            lambda c: self._if_known(c, dataset_id, lambda c, d: documents.remove_response(c, suffix(d), response_id))
        )

    async def update_record_suggestion(self, suggestion: Any) -> None:
        """Write a suggestion in place of the older one to the same question."""
        await self._suggestion(suggestion, (str(suggestion.id), documents.stamp(suggestion.updated_at)))

    async def delete_record_suggestion(self, suggestion: Any) -> None:
        """Forget a suggestion."""
        await self._suggestion(suggestion, None)

    async def _suggestion(self, suggestion: Any, stamped: tuple[str, str] | None) -> None:
        values = documents.values_of(suggestion)
        dataset_id, record_id = suggestion.record.dataset_id, suggestion.record_id
        await self.storage.write(
            lambda c: self._if_known(c, dataset_id, documents.put_suggestion, record_id, values, stamped)
        )

    @staticmethod
    def _if_known(connection: Any, dataset_id: Any, work: Any, *args: Any) -> None:
        # A data set that the index does not know is indexed whole at the next start.
        if fields_of(connection, dataset_id) is not None:
            work(connection, dataset_id, *args)

    # --------------------------------------------------------------------------------------------- figures

    async def get_dataset_progress(self, dataset: Any) -> dict[str, int]:
        """How many records there are of each status."""
        if dataset.is_draft:
            return {}
        return await self._counts(dataset.id, "SELECT status, count(*) FROM doc_{h} GROUP BY status")

    async def get_dataset_user_progress(self, dataset: Any, user: Any) -> dict[str, int]:
        """How many responses a person has of each status."""
        if dataset.is_draft:
            return {}
        select = "SELECT status, count(*) FROM resp_{h} WHERE user=? GROUP BY status"
        return await self._counts(dataset.id, select, str(user.id))

    async def _counts(self, dataset_id: Any, select: str, *args: Any) -> dict[str, int]:
        rows = await self._rows(dataset_id, select, *args)
        return {"total": sum(n for _, n in rows), **dict(rows)}

    async def _rows(self, dataset_id: Any, select: str, *args: Any) -> list[Any]:
        def read(connection: Any) -> list[Any]:
            if fields_of(connection, dataset_id) is None:
                return []
            return connection.execute(select.format(h=suffix(dataset_id)), args).fetchall()

        return await self.storage.read(read)

    async def compute_metrics_for(self, metadata_property: Any) -> Any:
        """The values of a metadata property with their counts, or the range of its numbers."""
        dataset_id = metadata_property.dataset_id
        key = await self.storage.read(lambda c: key_of(c, dataset_id, f"m.{metadata_property.name}"))
        if metadata_property.type == MetadataPropertyType.terms:
            select = "SELECT txt, count(*) FROM val_{h} WHERE key=? GROUP BY txt ORDER BY 2 DESC, 1"
            rows = await self._rows(dataset_id, select, key)
            counts = [TermsMetrics.TermCount(term=term, count=n) for term, n in rows[:_MOST_TERMS]]
            return TermsMetrics(total=sum(n for _, n in rows), values=counts)
        rows = await self._rows(dataset_id, "SELECT min(num), max(num) FROM val_{h} WHERE key=?", key)
        low, high = rows[0] if rows else (None, None)
        if metadata_property.type == MetadataPropertyType.integer:
            return IntegerMetadataMetrics(
                min=None if low is None else int(low), max=None if high is None else int(high)
            )
        return FloatMetadataMetrics(min=_single(low), max=_single(high))

    # ---------------------------------------------------------------------------------------------- search

    async def search(
        self,
        dataset: Any,
        query: Any = None,
        filter: Any = None,
        sort: Any = None,
        offset: int = 0,
        limit: int = 100,
        user_id: Any = None,
    ) -> SearchResponses:
        """Records by text and filters; without an order of their own, for each person in another one."""
        dataset_id = dataset.id
        found, total = await self.storage.read(
            lambda c: searching.search(
                c, dataset_id, query=query, filter=filter, sort=sort, offset=offset, limit=limit, user_id=user_id
            )
        )
        return _responses(found, total)

    async def similarity_search(
        self,
        dataset: Any,
        vector_settings: Any,
        value: list[float] | None = None,
        record: Any = None,
        query: Any = None,
        filter: Any = None,
        max_results: int = 100,
        order: SimilarityOrder = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> SearchResponses:
        """Records whose vectors are near to, or far from, a vector or that of a record.

        Raises:
            ValueError: neither or both of vector and record, or a record without such a vector.
        """
        if bool(value) == bool(record):
            raise ValueError("Must provide either vector value or record to compute the similarity search")
        without = None
        if not value:
            without, value = str(record.id), record.vector_value_by_vector_settings(vector_settings)
        if not value:
            raise ValueError("Cannot find a vector value to apply with provided info")
        wanted = value if order == SimilarityOrder.most_similar else [-x for x in value]
        dataset_id, settings_id = dataset.id, str(vector_settings.id)
        found = await self.storage.read(
            lambda c: vectors.similar(
                self.storage,
                c,
                dataset_id,
                settings_id,
                wanted,
                query=query,
                filter=filter,
                without=without,
                limit=max_results,
            )
        )
        total = len(found)
        if threshold is not None:
            found = [(each, score) for each, score in found if score >= threshold]
        return _responses(found, total)


def _responses(found: list[tuple[str, float]], total: int) -> SearchResponses:
    items = [SearchResponseItem(record_id=UUID(record_id), score=score) for record_id, score in found]
    return SearchResponses(items=items, total=total)


def _single(value: float | None) -> float | None:
    """In single precision, as the other engines keep such numbers."""
    return None if value is None else float(np.float32(value))
