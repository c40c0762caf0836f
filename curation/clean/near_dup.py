"""The stage `near_dup`: which records say nearly the same, over all sources. It removes nothing."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curation.clean import compared
from curation.clean.near_table import SKETCH, Found, known_of, outputs
from curation.core.across import Rows
from curation.core.declare import doc
from curation.core.pool import Pool
from curation.core.stage import Output, stage
from curation.core.store import View
from curation.methods.candidates import candidates, spread_candidates
from curation.methods.duplicate import DUPLICATE
from curation.methods.known import Known, contents, sketch_known
from curation.methods.near import MAX_BUCKET, Rules, Sketched, exact_pairs, near_duplicates, salts
from curation.methods.texts import one_array
from curation.methods.tokens import I64, LONG, SHORT, SHORT_WORDS, U64


@dataclass(frozen=True)
class NearDupSpec:
    """When two records are near-duplicates."""

    threshold: float = doc("Jaccard index of their sets of n-grams, above 0 and at most 1", default=0.8)
    long_grams: int = doc("words in an n-gram", default=LONG)
    short_grams: int = doc("words in an n-gram where one of the two is short", default=SHORT)
    short_words: int = doc("a record with fewer words is short", default=SHORT_WORDS)
    containment: float = doc(
        "a chat of several turns that begins as a longer one does counts as cut off from it if the longer one has this "
        "share of its n-grams; 0: cut-off chats are not looked for",
        default=0.98,
    )
    boilerplate: tuple[str, ...] = doc("passages that are left out of the comparison, as they stand", default=())
    exact: bool = doc("compare all with all (slower, more memory) instead of those whose sketches agree", default=False)
    max_bucket: int = doc("records of one pattern with which each is compared; others are counted", default=MAX_BUCKET)

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if not 0 < self.threshold <= 1:
            raise ValueError("'threshold' must be above 0 and at most 1")
        if not 0 <= self.containment <= 1:
            raise ValueError("'containment' must be from 0 to 1")
        if not 1 <= self.short_grams <= self.long_grams <= 20:
            raise ValueError("'short_grams' must be at least 1, 'long_grams' not below it and at most 20")
        if not self.long_grams <= self.short_words <= 100_000:
            raise ValueError("'short_words' must be from 'long_grams' to 100000")
        if not 1 <= self.max_bucket <= 1_000_000:
            raise ValueError("'max_bucket' must be from 1 to 1000000")

    @property
    def rules(self) -> Rules:
        """The same for the kernels."""
        grams = (self.long_grams, self.short_grams, self.short_words)
        return Rules(self.threshold, *grams, self.containment, self.max_bucket)


@stage(
    "near_dup",
    version=1,
    spec=NearDupSpec,
    reads=compared.READS,
    writes=("duplicate", "_sketch"),
    types={"duplicate": DUPLICATE, "_sketch": SKETCH},
    # What is a letter, and which letters differ only in case, grows with Unicode.
    models=lambda spec: {"unicode": unicodedata.unidata_version},
    shape="project",
)
def near_dup(
    sources: Mapping[str, Rows],
    previous: Mapping[str, Rows],
    spec: NearDupSpec,
    workers: int,
    pool: Pool | None = None,
) -> Mapping[str, Output]:
    """Publish for every record the near-duplicates it has and the cluster it belongs to.

    Records are compared within their kind, across all sources; see `compared.texts` for what is compared. Sketches
    stand beside the result, so that the next run sketches new texts only and checks only pairs with new ones.

    A pool sketches the parts, all of them, and finds the candidates by band; what they amount to is settled here.
    """
    known = known_of(previous)
    corpus = Corpus(sources, spec, known, workers, pool)
    if spec.exact:
        pairs = exact_pairs(corpus.sketched, corpus.take(np.arange(len(corpus.ids))), spec.rules, workers)
    else:
        find = functools.partial(spread_candidates, shuffle=pool.shuffle) if pool else candidates
        settled = known.settled(corpus.known) if known else None
        pairs = near_duplicates(corpus.sketched, corpus.take, spec.rules, settled=settled, threads=workers, find=find)
    pairs = pairs.take(corpus.kinds[pairs.left] == corpus.kinds[pairs.right])
    found = Found(corpus.ids, corpus.content, corpus.sketched, pairs, corpus.answers)
    return outputs(found, corpus.places, spec.threshold)


@dataclass(frozen=True)
class Piece:
    """What is kept in memory of some records; see `Corpus`."""

    ids: pa.Array
    kinds: I64
    content: U64
    sketched: Sketched
    known: I64
    answers: pa.Array


def look_at(batch: pa.Table, spec: NearDupSpec, known: Known | None, workers: int) -> Piece:
    """Sketch some records."""
    texts = compared.texts(batch, spec.boilerplate)
    kind = compared.kinds(batch)
    whole = (kind > 0) | (compared.turns(batch) < 2)
    content = contents(texts, workers) ^ salts(2 * kind + whole)[:, None]
    sketched, there = sketch_known(texts, content, spec.rules, known, workers, kinds=kind, whole=whole)
    return Piece(one_array(batch.column("id")), kind, content, sketched, there, compared.answers(batch))


def _look_at_part(spec: NearDupSpec, view: View) -> Piece:
    """The same for the one part of a view, by a worker of a pool."""
    (batch,) = view.batches(compared.READS)
    return look_at(batch, spec, None, 1)


class Corpus:
    """All records, sketched part by part; their texts stay in the store.

    Attributes:
        places: for each source its first place and the one after its last.
        ids: record ids by place: by source, then id.
        kinds: what each may be compared with.
        content, sketched: see `methods.known` and `methods.near`; they tell records of different kinds apart.
        known: for each the place of an equal text in the earlier run, or -1.
        answers: see `compared.answers`.
    """

    def __init__(
        self, sources: Mapping[str, Rows], spec: NearDupSpec, known: Known | None, workers: int, pool: Pool | None
    ) -> None:
        self._sources, self._boilerplate = sources, spec.boilerplate
        if pool is None:
            pieces = {
                name: [look_at(batch, spec, known, workers) for batch in rows.batches(compared.READS)]
                for name, rows in sources.items()
            }
        else:
            pieces = _spread(sources, spec, pool)
        self.places: dict[str, tuple[int, int]] = {}
        size = 0
        for name, mine in pieces.items():
            start, size = size, size + sum(len(piece.ids) for piece in mine)
            self.places[name] = start, size
        found = [piece for mine in pieces.values() for piece in mine]
        self.ids = pa.concat_arrays([pa.array([], pa.string()), *(piece.ids for piece in found)])
        self.kinds = np.concatenate([np.zeros(0, np.int64), *(piece.kinds for piece in found)])
        self.content = np.concatenate([np.zeros((0, 2), np.uint64), *(piece.content for piece in found)])
        self.sketched = Sketched.together([piece.sketched for piece in found])
        self.known = np.concatenate([np.zeros(0, np.int64), *(piece.known for piece in found)])
        if pool and known:
            # Workers elsewhere know nothing of an earlier run.
            self.known = known.places(self.content)
        self.answers = pa.concat_arrays([pa.array([], pa.float32()), *(piece.answers for piece in found)])

    def take(self, places: I64) -> pa.LargeStringArray:
        """The texts at some places, which must be sorted."""
        found = [pa.array([], pa.large_string())]
        for name, (start, end) in self.places.items():
            mine = places[np.searchsorted(places, start) : np.searchsorted(places, end)]
            if len(mine):
                for rows in self._sources[name].take(self.ids.take(pa.array(mine)), compared.READS):
                    found.append(compared.texts(rows, self._boilerplate).cast(pa.large_string()))
        return pa.concat_arrays(found)


def _spread(sources: Mapping[str, Rows], spec: NearDupSpec, pool: Pool) -> dict[str, list[Piece]]:
    """For each source its pieces in order, made by the workers of a pool."""
    parts = [(name, rows.view.only(part)) for name, rows in sources.items() for part in rows.view.parts]
    made = dict(pool.each(functools.partial(_look_at_part, spec), [view for _, view in parts]))
    pieces: dict[str, list[Piece]] = {name: [] for name in sources}
    for place, (name, _) in enumerate(parts):
        pieces[name].append(made[place])
    return pieces
