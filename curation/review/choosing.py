"""Which records people see first: by doubt, dispute, danger, variety or lot; one of a near-duplicate cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.project import RiskSettings
from curation.core.records import keyed, source_of
from curation.core.store import View
from curation.methods import hold
from curation.methods.tasks import Task
from curation.methods.texts import one_array
from curation.methods.tokens import Texts, characters, words

POOL = 20_000
"""Of more candidates, variety is looked for among so many that are drawn by lot."""

DIMENSIONS = 64

Floats = npt.NDArray[np.float64]
COLUMNS = ("kind", "persona", "messages", "emotion", "meta", "risk", "duplicate")


@dataclass(frozen=True)
class Candidate:
    """A record that could be shown.

    Attributes:
        id, persona: of the record.
        cluster: that of its near-duplicates; None where it has none.
        score: how much it is wanted; the highest comes first.
    """

    id: str
    persona: str
    cluster: str | None
    score: float


@dataclass(frozen=True)
class Known:
    """What is known besides the rows.

    Attributes:
        key: the project's.
        settings: what the project holds back.
        released: rows at risk that a person has let go.
        shown: ids that are shown already.
        disputed: by id, how much answers about a record differ, from 0 to 1.
        forgotten: is an id withdrawn?
    """

    key: bytes
    settings: RiskSettings
    released: frozenset[str]
    shown: frozenset[str]
    disputed: Mapping[str, float]
    forgotten: Callable[[str], bool]


def choose(views: Mapping[str, View], task: Task, known: Known) -> list[Candidate]:
    """The records to show beside those that are shown already, as many as the task still wants, best first."""
    wanted = task.rows - len(known.shown)
    if wanted <= 0:
        return []
    found: list[tuple[Candidate, pa.Table, int]] = []
    shown: list[tuple[Candidate, pa.Table, int]] = []
    for view in views.values():
        for table in _parts(view):
            for place, one in enumerate(_look(table, task, known)):
                if one is None:
                    continue
                (shown if one.id in known.shown else found).append((one, table, place))
    rank = {one.id: keyed(known.key, "review-rank", f"{task.task}|{one.id}") for one, _, _ in found}
    order = sorted((one for one, _, _ in found), key=lambda one: (-one.score, rank[one.id]))
    if task.by == "diversity":
        order = _spread(order, rank, {one.id: (table, place) for one, table, place in found}, wanted)
    return list(_within(order, [one for one, _, _ in shown], task, wanted))


def _parts(view: View) -> Iterator[pa.Table]:
    for part in sorted(view.parts):
        yield view.read(part, [c for c in COLUMNS if c in view.columns])


def _look(table: pa.Table, task: Task, known: Known) -> Iterator[Candidate | None]:
    """For each row the candidate that it is, or None where the task does not ask about it."""
    waiting = hold.waiting(table, known.settings, known.released)
    if task.only == "held":
        fits = waiting
    elif task.only == "free":
        fits = ~waiting
    else:
        fits = np.ones(len(table), np.bool_)
    fits = fits & _is_in(table.column("kind"), task.kinds) & _is_in(table.column("persona"), task.personas)
    score = _scores(table, task, known)
    clusters: Any = [None] * len(table)
    if "duplicate" in table.column_names:
        clusters = pc.struct_field(one_array(table.column("duplicate")), "cluster").to_pylist()
    ids, personas = table.column("id").to_pylist(), table.column("persona").to_pylist()
    for place, record in enumerate(ids):
        taken = record in known.shown or (fits[place] and not known.forgotten(record))
        yield Candidate(record, personas[place], clusters[place], float(score[place])) if taken else None


def _is_in(column: pa.ChunkedArray, values: Iterable[str]) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(column, value_set=pa.array(list(values), pa.string())).to_numpy(), np.bool_)


def _scores(table: pa.Table, task: Task, known: Known) -> Floats:
    if task.by == "uncertainty":
        return doubt(table)
    if task.by == "risk":
        return hold.look(table, known.settings).level.astype(np.float64)
    if task.by == "disagreement":
        return np.array([known.disputed.get(record, 0.0) for record in table.column("id").to_pylist()], np.float64)
    return np.zeros(len(table))


def doubt(table: pa.Table) -> Floats:
    """How near the most doubtful emotion of the person who seeks help is to even: 1 at p = .5, 0 at 0 and 1."""
    found = np.zeros(len(table))
    if "emotion" not in table.column_names or not len(table):
        return found
    turns = pc.struct_field(one_array(table.column("emotion")), "turns")
    said = one_array(table.column("messages"))
    row = pc.list_parent_indices(turns).to_numpy()
    lengths = [pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False) for lists in (turns, said)]
    roles = np.array(pc.struct_field(said.flatten(), "role").to_pylist(), object)
    matched = lengths[0] == lengths[1]
    own = np.zeros(len(row), np.bool_)
    own[matched[row]] = (roles == "user")[np.repeat(matched, lengths[1])]
    lists = pc.struct_field(turns.flatten(), "probabilities")
    turn = pc.list_parent_indices(lists).to_numpy()
    p = pc.fill_null(lists.flatten(), 0.0).to_numpy(zero_copy_only=False).astype(np.float64)
    use = own[turn]
    np.maximum.at(found, row[turn[use]], 1 - np.abs(2 * p[use] - 1))
    return found


def _spread(
    order: list[Candidate], rank: Mapping[str, str], places: Mapping[str, tuple[pa.Table, int]], wanted: int
) -> list[Candidate]:
    """The candidates so that each next one is as unlike all before it as there is one (farthest first)."""
    pool = sorted(order, key=lambda one: rank[one.id])[:POOL]
    if not pool:
        return []
    vectors = np.stack([_vector(*places[one.id]) for one in pool])
    nearest = np.full(len(pool), -2.0)
    chosen: list[int] = [0]
    # Quotas and clusters turn some away, so that more are put in order than are wanted.
    for _ in range(min(len(pool) - 1, 4 * wanted)):
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
        nearest[chosen[-1]] = np.inf
        chosen.append(int(nearest.argmin()))
    left = set(range(len(pool))) - set(chosen)
    return [pool[place] for place in (*chosen, *sorted(left))]


def _vector(table: pa.Table, place: int) -> Floats:
    """Words of a record, thrown with a sign into a few places, at length 1."""
    turns = table.column("messages")[place].as_py() or ()
    text = Texts.of(pa.array(["\n".join(turn["content"] or "" for turn in turns)]))
    out = np.empty(int(text.bounds[1] - text.bounds[0]) + 1, np.uint64)
    hashes = out[: words(text.data, text.bounds[0], text.bounds[1], *characters(), out)]
    found = np.bincount(
        (hashes & np.uint64(DIMENSIONS - 1)).astype(np.int64),
        np.where((hashes >> np.uint64(40)) & np.uint64(1), 1.0, -1.0),
        DIMENSIONS,
    )
    length = float(np.linalg.norm(found))
    return np.asarray(found / length if length else found, np.float64)


def _within(order: Iterable[Candidate], shown: Iterable[Candidate], task: Task, wanted: int) -> Iterator[Candidate]:
    """Of candidates in order those that quotas and clusters allow."""
    sources, personas, clusters = Counter[str](), Counter[str](), set[str]()

    def take(one: Candidate) -> None:
        sources[source_of(one.id)] += 1
        personas[one.persona] += 1
        if one.cluster is not None:
            clusters.add(one.cluster)

    for one in shown:
        take(one)
    for one in order:
        if not wanted:
            return
        full = (task.most.source is not None and sources[source_of(one.id)] >= task.most.source) or (
            task.most.persona is not None and personas[one.persona] >= task.most.persona
        )
        if not full and one.cluster not in clusters:
            take(one)
            wanted -= 1
            yield one
