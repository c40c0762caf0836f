"""`curate try near_dup`: which rows of a file stay if near-duplicates go and the first one of them is the best."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from curation.clean import compared
from curation.clean.near_dup import NearDupSpec
from curation.core.records import TURNS
from curation.methods.keep import keep_best
from curation.methods.near import Sketched, exact_pairs, near_duplicates, sketch_all

_ROWS = 5000


def keep_first(rows: Iterable[Mapping[str, Any]], spec: NearDupSpec, workers: int) -> Iterator[dict[str, Any]]:
    """For every row whether it stays and, if not, which row before it stays in its place and how similar it is.

    Texts are held in memory as bytes, and 240 bytes more a row.

    Args:
        rows: with `id` (else the number of the row, from 1) and `text` or `messages`.
        spec: what makes two near-duplicates.
        workers: threads; the result does not depend on it.
    """
    ids: list[Any] = []
    sketched: list[Sketched] = []
    chunks = [pa.array([], pa.large_string())]
    remaining = iter(rows)
    while batch := list(itertools.islice(remaining, _ROWS)):
        ids += [row.get("id", len(ids) + number) for number, row in enumerate(batch, start=1)]
        table = _records(batch)
        texts = compared.texts(table, spec.boilerplate)
        sketched.append(sketch_all(texts, spec.rules, workers, whole=compared.turns(table) < 2))
        chunks.append(texts.cast(pa.large_string()))
    held, found = pa.chunked_array(chunks), Sketched.together(sketched)

    def take(places: np.ndarray) -> pa.LargeStringArray:
        return held.take(pa.array(places)).combine_chunks()

    if spec.exact:
        pairs = exact_pairs(found, take(np.arange(len(ids))), spec.rules, workers)
    else:
        pairs = near_duplicates(found, take, spec.rules, threads=workers)
    best = keep_best(pairs, np.arange(len(ids)))
    witnesses, similarities = best.witness.tolist(), best.similarity.tolist()
    for name, stays, witness, similarity in zip(ids, best.kept.tolist(), witnesses, similarities, strict=True):
        told = (None, None) if stays else (ids[witness], round(similarity, 6))
        yield {"id": name, "kept": stays, "witness": told[0], "similarity": told[1]}


def _records(rows: list[Mapping[str, Any]]) -> pa.Table:
    said = [row.get("messages") or [{"role": "user", "content": row["text"]}] for row in rows]
    turns = [[{"role": t["role"], "content": t["content"], "reasoning": None} for t in turns] for turns in said]
    return pa.table({"kind": ["chat"] * len(rows), "messages": pa.array(turns, TURNS)})
