"""Finding records: which match, in which order."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from .conditions import all_of, condition, order
from .language import Both, Either, Node, Not, Term, distance_at_most, parse, to_match
from .storage import Connection, fields_of, suffix

Rids = npt.NDArray[np.int64]
_MOST_SIMILAR_WORDS = 10
_MOST_RANKED = 5_000
"""A query that finds more than so many records is too common for an order by relevance, which would cost most of it."""


def matching(connection: Connection, dataset_id: Any, query: Any) -> dict[int, float] | None:
    """The rows that a text query finds, with a score (larger is better); None where there is no query.

    Raises:
        ValueError: the query names a field that the data set does not have.
    """
    if query is None:
        return None
    text, field = (query, None) if isinstance(query, str) else (query.q, query.field)
    column = ""
    if field:
        known = fields_of(connection, dataset_id) or []
        if field not in known:
            raise ValueError(f"Field {field} not found in dataset {dataset_id}")
        column = f"c{known.index(field)} : "
    node = parse(text)
    return _found(connection, suffix(dataset_id), node, column) if node else {}


def _found(connection: Connection, h: str, node: Node, column: str) -> dict[int, float]:
    expression = to_match(node, lambda word, away: _similar(connection, h, word, away))
    if expression is not None:
        where, args = f"FROM fts_{h} WHERE fts_{h} MATCH ?", (f"{column}({expression})",)
        rows = connection.execute(f"SELECT rowid {where}", args).fetchall()
        if len(rows) > _MOST_RANKED:
            return dict.fromkeys((rid for (rid,) in rows), 1.0)
        return dict(connection.execute(f"SELECT rowid, -bm25(fts_{h}) {where}", args).fetchall())
    # What is asked for is absence somewhere: put sets together.
    everything = dict.fromkeys((r for (r,) in connection.execute(f"SELECT rid FROM doc_{h}")), 0.0)
    if isinstance(node, Not):
        without = _found(connection, h, node.part, column)
        return {rid: score for rid, score in everything.items() if rid not in without}
    assert isinstance(node, (Both, Either)) and not isinstance(node, Term)
    parts = [_found(connection, h, part, column) for part in node.parts]
    found: dict[int, float] = {}
    for part in parts:
        for rid, score in part.items():
            found[rid] = found.get(rid, 0.0) + score
    if isinstance(node, Both):
        found = {rid: score for rid, score in found.items() if all(rid in part for part in parts)}
    return found


def _similar(connection: Connection, h: str, word: str, away: int) -> list[str]:
    near: list[str] = []
    lengths = (len(word) - away, len(word) + away)
    for (term,) in connection.execute(f"SELECT term FROM words_{h} WHERE length(term) BETWEEN ? AND ?", lengths):
        if distance_at_most(term, word, away):
            near.append(term)
    return sorted(near, key=lambda term: (term != word, term))[:_MOST_SIMILAR_WORDS]


def search(
    connection: Connection,
    dataset_id: Any,
    *,
    query: Any = None,
    filter: Any = None,
    sort: Any = None,
    offset: int = 0,
    limit: int = 100,
    user_id: Any = None,
) -> tuple[list[tuple[str, float]], int]:
    """A page of (record id, score), and how many there are in all."""
    h = suffix(dataset_id)
    if fields_of(connection, dataset_id) is None:
        return [], 0
    found = matching(connection, dataset_id, query)
    where = condition(connection, dataset_id, filter) if filter else all_of([])
    orders = [order(connection, dataset_id, each) for each in sort or ()]
    order_by = ", ".join([o.text for o in orders] + ["d.rid"])
    args = [*where.args, *(a for o in orders for a in o.args)]
    rows = connection.execute(f"SELECT d.rid FROM doc_{h} d WHERE {where.text} ORDER BY {order_by}", args).fetchall()
    rids: Rids = np.fromiter((r for (r,) in rows), np.int64, len(rows))
    if found is not None:
        rids = rids[np.isin(rids, np.fromiter(found, np.int64, len(found)))]
    if not orders:
        if found is not None:
            scores = np.fromiter((found[r] for r in rids.tolist()), np.float64, len(rids))
            rids = rids[np.argsort(-scores, kind="stable")]
        elif user_id is not None:
            rids = rids[np.argsort(_shuffled(rids, user_id), kind="stable")]
    page = rids[offset : offset + limit].tolist()
    ids = dict(connection.execute(f"SELECT rid, id FROM doc_{h} WHERE rid IN ({','.join(map(str, page))})").fetchall())
    return [(ids[r], max(found[r], 1e-6) if found is not None else 1.0) for r in page], len(rids)


def _shuffled(rids: Rids, user_id: Any) -> npt.NDArray[np.uint64]:
    """A key for each row that orders them at random, always alike for one person and differently for another."""
    seed = int.from_bytes(hashlib.blake2b(str(user_id).encode(), digest_size=8).digest(), "big")
    x = rids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
