"""Similar records: exact cosine over all vectors, kept in memory between requests where they are few enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .conditions import condition
from .searching import Rids, matching
from .storage import Connection, Storage, suffix

KEPT_BYTES = 64 * 2**20
"""How much memory all kept vectors of a process may take."""

_ROWS = 4096

Floats = npt.NDArray[np.float32]


@dataclass
class Kept:
    """The vectors of one kind, each of length one.

    Attributes:
        version: the count of changes at which they were read.
    """

    version: int
    rids: Rids
    rows: Floats


def similar(
    storage: Storage,
    connection: Connection,
    dataset_id: Any,
    settings: str,
    value: Sequence[float],
    *,
    query: Any = None,
    filter: Any = None,
    without: str | None = None,
    limit: int = 100,
) -> list[tuple[str, float]]:
    """The most similar records, (id, (1 + cosine) / 2), as the other engines score them."""
    h = suffix(dataset_id)
    wanted = np.asarray(value, np.float32)
    wanted = wanted / max(float(np.linalg.norm(wanted)), 1e-12)
    rids, scores = _scores(storage, connection, dataset_id, settings, wanted)
    allowed = _allowed(connection, dataset_id, query, filter)
    keep = np.isin(rids, allowed) if allowed is not None else np.ones(len(rids), bool)
    if without is not None:
        row = connection.execute(f"SELECT rid FROM doc_{h} WHERE id=?", (without,)).fetchone()
        if row:
            keep &= rids != row[0]
    rids, scores = rids[keep], scores[keep]
    if limit < len(rids):
        best = np.argpartition(-scores, limit)[:limit]
        rids, scores = rids[best], scores[best]
    best = np.lexsort((rids, -scores))[:limit]
    page = rids[best].tolist()
    ids = dict(connection.execute(f"SELECT rid, id FROM doc_{h} WHERE rid IN ({','.join(map(str, page))})").fetchall())
    return [(ids[rid], float(score)) for rid, score in zip(page, scores[best], strict=True)]


def _allowed(connection: Connection, dataset_id: Any, query: Any, filter: Any) -> Rids | None:
    found = matching(connection, dataset_id, query)
    allowed = None if found is None else np.fromiter(found, np.int64, len(found))
    if filter:
        where = condition(connection, dataset_id, filter)
        rows = connection.execute(
            f"SELECT d.rid FROM doc_{suffix(dataset_id)} d WHERE {where.text}", where.args
        ).fetchall()
        passed = np.fromiter((r for (r,) in rows), np.int64, len(rows))
        allowed = passed if allowed is None else np.intersect1d(allowed, passed)
    return allowed


def _scores(
    storage: Storage, connection: Connection, dataset_id: Any, settings: str, wanted: Floats
) -> tuple[Rids, Floats]:
    row = connection.execute("SELECT vectors FROM datasets WHERE id=?", (str(dataset_id),)).fetchone()
    version = row[0] if row else 0
    place = (str(dataset_id), settings)
    kept = storage.vectors.get(place)
    if kept is None or kept.version != version:
        storage.vectors.pop(place, None)
        h = suffix(dataset_id)
        select = f"SELECT count(*) FROM vec_{h} WHERE settings=?"
        total = connection.execute(select, (settings,)).fetchone()[0] if row else 0
        if not total:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        blocks = _read(connection, h, settings, len(wanted))
        if total * len(wanted) * 4 > KEPT_BYTES:  # too much to keep: score it block by block
            scored = [(rids, _half(rows @ wanted)) for rids, rows in blocks]
            return np.concatenate([r for r, _ in scored]), np.concatenate([s for _, s in scored])
        kept = Kept(version, np.empty(total, np.int64), np.empty((total, len(wanted)), np.float32))
        at = 0
        for rids, rows in blocks:
            kept.rids[at : at + len(rids)] = rids
            kept.rows[at : at + len(rids)] = rows
            at += len(rids)
        _keep(storage, place, kept)
    return kept.rids, _half(kept.rows @ wanted)


def _half(cosine: Floats) -> Floats:
    return (np.float32(1) + cosine) / np.float32(2)


def _read(connection: Connection, h: str, settings: str, width: int) -> Iterator[tuple[Rids, Floats]]:
    cursor = connection.execute(f"SELECT rid, v FROM vec_{h} WHERE settings=? ORDER BY id", (settings,))
    while block := cursor.fetchmany(_ROWS):
        rows = np.frombuffer(b"".join(v for _, v in block), np.float32).reshape(len(block), width)
        norms = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        yield np.fromiter((r for r, _ in block), np.int64, len(block)), rows / norms


def _keep(storage: Storage, place: tuple[str, str], kept: Kept) -> None:
    """Keep vectors, and let go of those that were kept longest while all together are too many."""
    while storage.vectors and sum(k.rows.nbytes for k in storage.vectors.values()) + kept.rows.nbytes > KEPT_BYTES:
        storage.vectors.pop(next(iter(storage.vectors)), None)
    storage.vectors[place] = kept
