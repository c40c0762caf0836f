"""Filters and orders of the server as SQL over the table of records, which the statements call `d`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from argilla_server.enums import ResponseStatusFilter, SortOrder
from argilla_server.search_engine.base import (
    AndFilter,
    MetadataFilterScope,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)

from .storage import Connection, key_of, suffix
from .values import keyword, number, plain, seconds


@dataclass
class Sql:
    """A piece of SQL and the values for its question marks."""

    text: str
    args: list[Any] = field(default_factory=list)


def all_of(parts: list[Sql]) -> Sql:
    """Every one of the conditions."""
    if not parts:
        return Sql("1")
    return Sql(" AND ".join(f"({p.text})" for p in parts), [a for p in parts for a in p.args])


def condition(connection: Connection, dataset_id: Any, asked: Any) -> Sql:
    """What a filter asks of a record.

    Raises:
        ValueError: a filter of a kind that the server does not know itself.
    """
    if isinstance(asked, AndFilter):
        return all_of([condition(connection, dataset_id, each) for each in asked.filters])
    scope = asked.scope
    if isinstance(scope, ResponseFilterScope):
        return _of_responses(suffix(dataset_id), asked, scope)
    if isinstance(scope, RecordFilterScope):
        return _of_record(asked, str(plain(scope.property)))
    h, key = suffix(dataset_id), key_of(connection, dataset_id, _name(scope))
    inside = _compare(asked)
    return Sql(f"d.rid IN (SELECT rid FROM val_{h} WHERE key=? AND ({inside.text}))", [key, *inside.args])


def _name(scope: Any) -> str:
    if isinstance(scope, MetadataFilterScope):
        return f"m.{scope.metadata_property}"
    if isinstance(scope, SuggestionFilterScope):
        return f"s.{scope.question}.{plain(scope.property)}"
    raise ValueError(f"Cannot process request for search scope {scope}")


def _compare(asked: Any, text: str = "txt", num: str = "num") -> Sql:
    if isinstance(asked, TermsFilter):
        wanted = [keyword(plain(value)) for value in asked.values]
        # A number may be spelled in several ways (1, 1.0): it is compared as a number, too.
        numbers = [n for n in map(number, wanted) if n is not None]
        parts = [Sql(f"{text} IN ({_marks(wanted)})", wanted)]
        if numbers:
            parts.append(Sql(f"{num} IN ({_marks(numbers)})", numbers))
        return Sql(" OR ".join(p.text for p in parts), [a for p in parts for a in p.args])
    if isinstance(asked, RangeFilter):
        bounds = [(">=", asked.ge), ("<=", asked.le)]
        return all_of([Sql(f"{num} {sign} ?", [seconds(bound)]) for sign, bound in bounds if bound is not None])
    raise ValueError(f"Cannot process request for filter {asked}")


def _marks(values: list[Any]) -> str:
    return ",".join("?" * len(values))


_RECORD = ("id", "external_id", "status", "inserted_at", "updated_at")


def _of_record(asked: Any, name: str) -> Sql:
    if name not in _RECORD:
        raise ValueError(f"Cannot process request for record property {name}")
    if isinstance(asked, TermsFilter) and name.endswith("_at"):
        moments = [seconds(value) for value in asked.values]
        return Sql(f"d.{name} IN ({_marks(moments)})", moments)
    if isinstance(asked, TermsFilter):
        wanted = [keyword(plain(value)) for value in asked.values]
        return Sql(f"d.{name} IN ({_marks(wanted)})", wanted)
    return _compare(asked, f"d.{name}", f"d.{name}")


def _of_responses(h: str, asked: Any, scope: Any) -> Sql:
    user = [str(scope.user.id)] if scope.user else []
    of_user = " AND user=?" if user else ""
    if scope.question:
        inside = _compare(asked)
        return Sql(
            f"d.rid IN (SELECT rid FROM ans_{h} WHERE question=?{of_user} AND ({inside.text}))",
            [scope.question, *user, *inside.args],
        )
    if scope.property != "status" or not isinstance(asked, TermsFilter):
        raise ValueError(f"Cannot process filter scope {scope}")
    wanted = [keyword(plain(value)) for value in asked.values]
    answered = [value for value in wanted if value != ResponseStatusFilter.pending.value]
    parts = []
    if len(answered) < len(wanted):  # pending: nothing by this person, or by anybody
        parts.append(Sql(f"d.rid NOT IN (SELECT rid FROM resp_{h} WHERE 1{of_user})", user))
    if answered or (not wanted and user):
        of_status = f" AND status IN ({_marks(answered)})" if answered else ""
        parts.append(Sql(f"d.rid IN (SELECT rid FROM resp_{h} WHERE 1{of_user}{of_status})", [*user, *answered]))
    return Sql(" OR ".join(p.text for p in parts) or "1", [a for p in parts for a in p.args])


def order(connection: Connection, dataset_id: Any, asked: Any) -> Sql:
    """An entry of ORDER BY; records without the value come last, either way."""
    h, scope = suffix(dataset_id), asked.scope
    ascending = plain(asked.order) == SortOrder.asc.value
    direction = "ASC NULLS LAST" if ascending else "DESC NULLS LAST"
    if isinstance(scope, RecordFilterScope):
        name = str(plain(scope.property))
        if name not in _RECORD:
            raise ValueError(f"Cannot process request for record property {name}")
        return Sql(f"d.{name} {direction}")
    if isinstance(scope, ResponseFilterScope):
        user = [str(scope.user.id)] if scope.user else []
        of_user = " AND user=?" if user else ""
        if scope.question:
            inside = f"SELECT avg(num) FROM ans_{h} WHERE question=?{of_user} AND rid=d.rid"
            return Sql(f"({inside}) {direction}", [scope.question, *user])
        return Sql(f"(SELECT min(status) FROM resp_{h} WHERE rid=d.rid{of_user}) {direction}", user)
    # Of several values the one that comes first in the order counts, as in Elasticsearch.
    first = "min" if ascending else "max"
    key = key_of(connection, dataset_id, _name(scope))
    one = f"SELECT coalesce({first}(num), {first}(txt)) FROM val_{h} WHERE key=? AND rid=d.rid"
    return Sql(f"({one}) {direction}", [key])
