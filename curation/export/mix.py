"""Which rows a mix takes: every row seen is selected, or left out for one counted reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import RECORD_SCHEMA, keyed
from curation.core.store import View
from curation.export import near_dup
from curation.export.gates import Right
from curation.export.people import UNFIT, People, corrected
from curation.export.recipe import MixRecipe
from curation.export.tags import has_emotion
from curation.export.views import COLUMNS, REASONS, shape
from curation.methods import hold
from curation.methods.duplicate import DUPLICATE

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SELECTED = ""
EARLY = (
    "kind",
    "forgotten",
    "held",
    "risk_unreleased",
    "rejected",
    "disputed",
    "edit_missing",
    "no_preference",
    "not_approved",
    "persona",
    "language",
    "emotion",
)
"""Why a row is left out before its view is looked at, in the order in which it is asked."""
LATE = ("too_few_turns", "too_many_turns", "contaminated", "twin", "near_duplicate", "quota", "screen")
ALL_REASONS = (SELECTED, *EARLY, *REASONS, *LATE)
_CODE = {name: code for code, name in enumerate(ALL_REASONS)}


@dataclass
class Index:
    """The rows of a mix without their text: arrays of one length, by source name, then id.

    Attributes:
        names: the sources, in order.
        id,         source, persona: int64, places in `names` and in the personas' order of the records.
        approved, reasoned: did a person approve it; has a trained turn reasoning?
        rank: uint64, the keyed hash by which rows are taken, lowest first.
        reason: int64, place in `ALL_REASONS`; 0 as long as the row is selected.
        witness: by position, the id of the row that stays in the place of a twin or a near-duplicate, or the test item
            that a row gives away.
        similarity: by position, how similar to its witness a near-duplicate is.
        asked: rows asked for by source, where the recipe says so.
    """

    names: tuple[str, ...]
    id: pa.Array
    group: pa.Array
    text: pa.Array
    cluster: pa.Array
    near: pa.Array
    source: Ints
    persona: pa.Array
    approved: Flags
    reasoned: Flags
    rank: npt.NDArray[np.uint64]
    reason: Ints
    witness: dict[int, str]
    similarity: dict[int, float]
    asked: dict[str, int]

    @property
    def selected(self) -> Flags:
        """Which rows are taken."""
        return np.equal(self.reason, _CODE[SELECTED])

    def leave_out(self, which: Flags | Ints, reason: str) -> None:
        """Leave rows out, given as a mask or as positions."""
        self.reason[which] = _CODE[reason]

    def counts(self) -> dict[str, dict[str, int]]:
        """By source: rows seen, selected, and left out by reason."""
        table = np.zeros((len(self.names), len(ALL_REASONS)), np.int64)
        np.add.at(table, (self.source, self.reason), 1)
        return {
            name: {
                "seen": int(row.sum()),
                "selected": int(row[0]),
                **{f"left_out/{ALL_REASONS[c]}": int(row[c]) for c in range(1, len(row)) if row[c]},
            }
            for name, row in zip(self.names, table, strict=True)
        }


def build_index(
    key: bytes, recipe: MixRecipe, views: Mapping[str, View], people: People, say: Callable[[str], None]
) -> Index:
    """First pass: read every row of the sources part by part, and keep what selection needs to know of it."""
    names = tuple(sorted(views))
    found: list[pa.Table] = []
    for number, name in enumerate(names):
        for table in batches(views[name], emotion=recipe.where.emotions is not None):
            found.append(_look(table, number, key, recipe, people))
        say(f"{recipe.mix}: {name}: {views[name].rows:,} rows looked at")
    whole = pa.concat_tables([_look(RECORD_SCHEMA.empty_table(), 0, key, recipe, people), *found])
    arrays = {c: _array(whole.column(c)) for c in whole.column_names}
    numbers = {c: arrays[c].to_numpy(zero_copy_only=False) for c in ("source", "approved", "reasoned", "rank")}
    return Index(
        names,
        arrays["id"],
        arrays["group"],
        arrays["text"],
        pc.struct_field(arrays["near"], "cluster"),
        arrays["near"],
        numbers["source"],
        arrays["persona"],
        numbers["approved"],
        numbers["reasoned"],
        numbers["rank"],
        arrays["reason"].to_numpy(zero_copy_only=False).copy(),
        {},
        {},
        {},
    )


def batches(view: View, *, emotion: bool = False) -> Iterator[pa.Table]:
    """A source's parts in id order, with the columns that selection needs; the emotion tag only where it is asked."""
    names = (*COLUMNS, *hold.COLUMNS, "group", "text_digest", "duplicate")
    wanted = [c for c in names if c in view.columns and (c != "emotion" or emotion)]
    for part in sorted(view.parts):
        yield view.read(part, wanted)


def _look(table: pa.Table, source: int, key: bytes, recipe: MixRecipe, people: People) -> pa.Table:
    ids = table.column("id")
    table, unedited = corrected(table, people)
    decided = [people.decisions.get(i) for i in ids.to_pylist()] if people.decisions else [None] * len(table)
    approved = np.array([d in ("approve", "edit") for d in decided], np.bool_)
    found = shape(table, recipe)
    turns, low, high = found.turns, recipe.where.min_turns or 0, recipe.where.max_turns
    kinds = ("chat", "preference") if recipe.chosen_as_sft else ("chat",) if recipe.task == "sft" else ("preference",)
    never = np.zeros(len(table), np.bool_)
    early = (
        ~_is_in(table, "kind", kinds),
        _is_in(table, "id", tuple(people.forgotten)) if people.forgotten else never,
        _is_in(table, "id", tuple(people.held)) if people.held else never,
        hold.waiting(table, people.settings, people.released),
        np.array([d == "reject" for d in decided], np.bool_),
        _is_in(table, "id", tuple(people.disputed)) if people.disputed else never,
        unedited,
        _is_in(table, "id", people.with_preference(*(UNFIT if recipe.task == "dpo" else UNFIT[1:])))
        if people.preferences
        else never,
        ~approved if recipe.where.approved else never,
        ~_is_in(table, "persona", tuple(recipe.personas)),
        ~_is_in(table, "language", recipe.where.languages) if recipe.where.languages is not None else never,
        ~has_emotion(table, recipe.where.labels) if recipe.where.emotions is not None else never,
    )
    views = tuple(found.reason == code for code in range(len(REASONS)))
    late = (turns < low, turns > high if high is not None else never)
    reason = np.select((*early, *views, *late), range(1, 1 + len(EARLY) + len(REASONS) + 2), _CODE[SELECTED])
    rank = [int(keyed(key, "rank", f"{recipe.seed}|{recipe.mix}|{i}")[:16], 16) for i in ids.to_pylist()]
    missing = pa.nulls(len(table), pa.string())
    near = table.column("duplicate") if "duplicate" in table.column_names else pa.nulls(len(table), DUPLICATE)
    return pa.table(
        {
            "id": ids,
            "source": pa.array(np.full(len(table), source)),
            "persona": table.column("persona"),
            "group": table.column("group") if "group" in table.column_names else missing,
            "text": table.column("text_digest").cast(pa.string()) if "text_digest" in table.column_names else missing,
            "near": near,
            "approved": pa.array(approved),
            "reasoned": pa.array(found.reasoned),
            "rank": pa.array(rank, pa.uint64()),
            "reason": pa.array(reason.astype(np.int64)),
        }
    )


def _is_in(table: pa.Table, column: str, values: tuple[str, ...]) -> Flags:
    if column not in table.column_names:
        return np.zeros(len(table), np.bool_)
    return np.asarray(pc.is_in(table.column(column), value_set=pa.array(values, pa.string())).to_numpy(), np.bool_)


def _array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)


def select(index: Index, recipe: MixRecipe, priority: Mapping[str, int], rights: Mapping[str, Right]) -> None:
    """Decide, in the index, which of the rows that can be shown are taken.

    Rows are taken by rank, a keyed hash of seed, mix and id: what is taken of one source depends on no other
    source, except where a text stands in several, or where one budget without shares covers all.
    """
    _fold_twins(index, priority, rights)
    _fold_near(index, priority, rights)
    order = np.lexsort((_id_order(index), index.rank))
    if recipe.max_rows_per_source is not None:
        _cap(index, order, dict.fromkeys(index.names, recipe.max_rows_per_source))
    if recipe.shares is not None and recipe.rows is not None:
        index.asked.update(allot(recipe.rows, recipe.shares))
        _cap(index, order, index.asked)
    elif recipe.rows is not None:
        index.leave_out(order[index.selected[order]][recipe.rows :], "quota")


def _fold_twins(index: Index, priority: Mapping[str, int], rights: Mapping[str, Right]) -> None:
    """Of rows with one text, taught in one voice, the preferred one stays."""
    known = index.selected & index.text.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(known)
    if not len(rows):
        return
    text = index.text.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    voice = index.persona.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    order = np.lexsort((_preference(index, priority, rights)[rows], voice, text))
    same = (np.diff(text[order], prepend=-1) == 0) & (np.diff(voice[order], prepend=-1) == 0)
    keeper = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    gone, stays = rows[order[same]], rows[order[keeper[same]]]
    index.leave_out(gone, "twin")
    names = index.id.take(pa.array(stays)).to_pylist()
    index.witness.update(zip(gone.tolist(), names, strict=True))


def _fold_near(index: Index, priority: Mapping[str, int], rights: Mapping[str, Right]) -> None:
    """Of near-duplicates, taught in one voice, the preferred one stays; twins of one that goes name it, too."""
    preference = _preference(index, priority, rights)
    gone, stays, similarity = near_dup.surplus(index.id, index.near, index.persona, index.selected, preference)
    if not len(gone):
        return
    index.leave_out(gone, "near_duplicate")
    left, names = (index.id.take(pa.array(rows)).to_pylist() for rows in (gone, stays))
    passed = dict(zip(left, zip(names, similarity.tolist(), strict=True), strict=True))
    for twin in np.flatnonzero(index.reason == _CODE["twin"]).tolist():
        if index.witness[twin] in passed:
            index.leave_out(np.array([twin]), "near_duplicate")
            index.witness[twin], index.similarity[twin] = passed[index.witness[twin]]
    index.witness.update(zip(gone.tolist(), names, strict=True))
    index.similarity.update(zip(gone.tolist(), similarity.tolist(), strict=True))


def _preference(index: Index, priority: Mapping[str, int], rights: Mapping[str, Right]) -> Ints:
    """For each row its place in the order in which rows are preferred to others that say the same.

    First what a person approved, then the freer licence, the source's priority, the longer text, the id.
    """
    licence = np.array([rights[name].severity for name in index.names], np.int64)[index.source]
    wish = np.array([-priority[name] for name in index.names], np.int64)[index.source]
    length = pc.fill_null(pc.struct_field(index.near, "words"), 0).to_numpy(zero_copy_only=False)
    place = np.empty(len(index.id), np.int64)
    place[np.lexsort((_id_order(index), -length, wish, licence, ~index.approved))] = np.arange(len(index.id))
    return place


def _cap(index: Index, order: Ints, most: Mapping[str, int]) -> None:
    for number, name in enumerate(index.names):
        of_source = order[(index.source[order] == number) & index.selected[order]]
        index.leave_out(of_source[most[name] :], "quota")


def _id_order(index: Index) -> Ints:
    place = np.empty(len(index.id), np.int64)
    place[pc.sort_indices(index.id).to_numpy()] = np.arange(len(index.id))
    return place


def allot(rows: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Whole rows for each share that add up to `rows`: rounded down, the rest to the largest remainders."""
    exact = {name: rows * share for name, share in shares.items()}
    given = {name: int(value) for name, value in exact.items()}
    most_cut = sorted(exact, key=lambda name: (given[name] - exact[name], name))
    for name in most_cut[: rows - sum(given.values())]:
        given[name] += 1
    return given
