"""Which rows a mix takes: every row seen is selected, perhaps several times, or left out for one counted reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.export import near_dup
from curation.export.amounts import Amounts, amounts, phase_names
from curation.export.gates import Right
from curation.export.index import CODE, Index
from curation.export.recipe import MixRecipe
from curation.export.split import SIDES, TRAIN
from curation.export.take import Taken, homes, spread, take

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ANY = "any"
"""The only voice of a mix that asks for no balance of them."""


@dataclass(frozen=True)
class Selection:
    """What a mix takes.

    Attributes:
        taken: the rows.
        amounts: what was asked and what is given, by [portion, voice, source].
        there: float, the same for what can be trained on once.
        voices, sources: the names along the axes; a source that is not here has its place, too.
    """

    taken: Taken
    amounts: Amounts
    there: Floats
    voices: tuple[str, ...]
    sources: tuple[str, ...]


def select(
    index: Index,
    recipe: MixRecipe,
    priority: Mapping[str, int],
    rights: Mapping[str, Right],
    missing: tuple[str, ...] = (),
) -> Selection:
    """Decide, in the index, which of the rows that can be shown are taken.

    Rows are taken by rank, a keyed hash of seed, mix and id, from each stratum of portion, voice and source by
    itself: what is taken of one source depends on no other source, except where a text stands in several, where a
    portion is short, or where the recipe asks for amounts by size.

    Args:
        index: the rows; those that are not taken are marked.
        recipe: what is asked for.
        priority: of each source.
        rights: of each source.
        missing: sources that the recipe names and that are not here.
    """
    _fold_twins(index, priority, rights)
    _fold_near(index, priority, rights)
    order = np.lexsort((_id_order(index), index.rank))
    _cap(index, recipe, order)
    voices = tuple(recipe.personas) if recipe.balance is not None else (ANY,)
    sources = (*index.names, *missing)
    size = sizes(index, recipe)
    stratum = _strata(index, voices, len(sources))
    shape = (len(recipe.resolved), len(voices), len(sources))
    train = index.selected & (index.sides.of == TRAIN)
    counted = np.bincount(stratum[train], weights=size[train], minlength=int(np.prod(shape)))
    there = counted.astype(np.float64).reshape(shape)
    found = amounts(recipe, there, voices, sources)
    taken = _take(index, recipe, found, there, order, stratum, size)
    spare = index.selected
    spare[taken.row] = False
    index.leave_out(spare, "quota")
    return Selection(taken, found, there, voices, sources)


def sizes(index: Index, recipe: MixRecipe) -> Ints:
    """What each row counts against an amount: 1, or its tokens, all of them or the learned ones."""
    if recipe.counts_rows:
        return np.ones(len(index.id), np.int64)
    return index.trained if recipe.budget is not None and recipe.budget.count == "supervised" else index.total


def _strata(index: Index, voices: tuple[str, ...], sources: int) -> Ints:
    """For each row the place of its portion, voice and source among all of these; -1 where it has no portion."""
    voice = np.zeros(len(index.id), np.int64)
    if voices != (ANY,):
        found = pc.index_in(index.persona, value_set=pa.array(voices, pa.string()))
        voice = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    place = (index.portion * len(voices) + voice) * sources + index.source
    return np.where((index.portion >= 0) & (voice >= 0), place, -1)


def _take(
    index: Index, recipe: MixRecipe, found: Amounts, there: Floats, order: Ints, stratum: Ints, size: Ints
) -> Taken:
    """The rows of every stratum and side."""
    held = recipe.splits.validation + recipe.splits.test
    passes = [portion.passes for portion in recipe.resolved.values()]
    fractions = (0.0, recipe.splits.validation, recipe.splits.test)
    everything = found.given is there
    able = order[index.selected[order] & (stratum[order] >= 0)]
    key = stratum[able] * len(SIDES) + index.sides.of[able]
    by_key = np.argsort(key, kind="stable")
    able, key = able[by_key], key[by_key]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    chosen = []
    for start, end in zip(starts, np.append(starts[1:], len(key))[: len(starts)], strict=True):
        rows = able[start:end]
        which, side = divmod(int(key[start]), len(SIDES))
        portion, voice, source = map(int, np.unravel_index(which, there.shape))
        parts = found.phases[:, portion]
        home = homes(index.chance[rows], parts)
        if everything:
            places, phases, epochs = np.arange(len(rows)), home, np.ones(len(rows), np.int64)
        else:
            given = found.given[portion, voice, source]
            if side == TRAIN:
                amount, most = given, passes[portion]
            else:
                # What is held out is in proportion to what is trained, and comes once.
                amount, most = min(given, there[portion, voice, source]) * fractions[side] / (1 - held), 1
            places, phases, epochs = take(rows, size[rows], home, whole(amount * parts), most)
        chosen.append(_placed(recipe, found, portion, rows[places], phases, epochs, size))
    return Taken.join(chosen)


def _placed(
    recipe: MixRecipe, found: Amounts, portion: int, rows: Ints, phases: Ints, epochs: Ints, size: Ints
) -> Taken:
    """Rows of one stratum and side with their place in their phase; they come in order of epoch, then of rank."""
    at = np.zeros(len(rows))
    names = list(recipe.resolved)
    for number in range(len(phase_names(recipe))):
        mine = np.flatnonzero(phases == number)
        phase = recipe.phases[number] if recipe.phases else None
        start = end = 1.0
        if phase is not None and phase.ramp_to is not None:
            shares = phase.shares or {n: p.share or 0.0 for n, p in recipe.resolved.items()}
            start, end = shares.get(names[portion], 0.0), phase.ramp_to.get(names[portion], 0.0)
        at[mine] = spread(np.argsort(epochs[mine], kind="stable"), size[rows[mine]], start, end)
    return Taken(rows, phases, epochs, at)


def whole(values: Floats) -> Floats:
    """Whole numbers that add up to the whole of all: rounded down, the rest to the largest remainders."""
    found = np.floor(values + 1e-9)
    rest = int(np.floor(values.sum() + 0.5) - found.sum())
    found[np.argsort(found - values, kind="stable")[: max(rest, 0)]] += 1
    return found


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
    for twin in np.flatnonzero(index.reason == CODE["twin"]).tolist():
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


def _cap(index: Index, recipe: MixRecipe, order: Ints) -> None:
    """Leave out what is above the limits for groups and sources, lowest rank last."""
    group = pc.coalesce(index.group, index.prompt).dictionary_encode().indices
    grouped = pc.fill_null(group, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    for number, portion in enumerate(recipe.resolved.values()):
        most = portion.per_group if portion.per_group is not None else recipe.per_group
        mine = order[(index.portion[order] == number) & index.selected[order]]
        if most is not None:
            known = mine[grouped[mine] >= 0]
            index.leave_out(known[_nth(grouped[known]) >= most], "per_group")
            mine = mine[index.selected[mine]]
        if portion.max_rows_per_source is not None:
            index.leave_out(mine[_nth(index.source[mine]) >= portion.max_rows_per_source], "quota")
    if recipe.max_rows_per_source is not None:
        mine = order[index.selected[order]]
        index.leave_out(mine[_nth(index.source[mine]) >= recipe.max_rows_per_source], "quota")


def _nth(values: Ints) -> Ints:
    """How many equal values stand before each."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.maximum.accumulate(np.where(np.diff(ordered, prepend=-2) != 0, np.arange(len(values)), 0))
    found = np.empty(len(values), np.int64)
    found[order] = np.arange(len(values)) - first
    return found


def _id_order(index: Index) -> Ints:
    place = np.empty(len(index.id), np.int64)
    place[pc.sort_indices(index.id).to_numpy()] = np.arange(len(index.id))
    return place
