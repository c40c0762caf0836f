"""The rows of a mix without their text: everything that selection needs to know, read part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import RECORD_SCHEMA, keyed
from curation.core.store import View
from curation.export.asked import Where
from curation.export.count import Counter, recount
from curation.export.pairs import as_pairs
from curation.export.people import UNFIT, People, corrected
from curation.export.prompt import prompts
from curation.export.recipe import MixRecipe
from curation.export.split import Sides, sides
from curation.export.tags import has_emotion
from curation.export.views import COLUMNS, REASONS, measure, shape
from curation.export.where import columns_of, holds
from curation.methods import hold
from curation.methods.duplicate import DUPLICATE

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SELECTED = ""
EARLY = (
    "kind", "forgotten", "held", "risk_unreleased", "rejected", "disputed", "edit_missing", "no_preference",
    "not_approved", "persona", "language", "emotion", "tag",
)  # fmt: skip
"""Why a row is left out before its view is looked at, in the order in which it is asked."""
LATE = (
    "too_few_turns", "too_many_turns", "portion", "contaminated", "twin", "near_duplicate", "per_group", "quota",
    "screen",
)  # fmt: skip
ALL_REASONS = (SELECTED, *EARLY, *REASONS, *LATE)
CODE = {name: code for code, name in enumerate(ALL_REASONS)}


@dataclass
class Index:
    """The rows of a mix without their text: arrays of one length, by source name, then id.

    Attributes:
        names: the sources, in order.
        id, group, prompt, text, cluster: strings; what rows may share is null where a row has nothing of the kind.
        near: what the cleaning says of near-duplicates.
        source, portion: int64, places in `names` and among the recipe's portions.
        persona: strings.
        approved, reasoned: did a person approve it; has a trained turn reasoning?
        rank: uint64, the keyed hash by which rows are taken, lowest first.
        chance: float64 from 0 to 1, of another half of it: says which phase a row is at home in.
        total, trained: int64, tokens of the row as it is shown, and of these the ones that are learned.
        sides: on which side of the split each row is.
        reason: int64, place in `ALL_REASONS`; 0 as long as the row is selected.
        witness: by position, the id of the row that stays in the place of a twin or a near-duplicate, or the test item
            that a row gives away.
        similarity: by position, how similar to its witness a near-duplicate is.
    """

    names: tuple[str, ...]
    id: pa.Array
    group: pa.Array
    prompt: pa.Array
    text: pa.Array
    cluster: pa.Array
    near: pa.Array
    source: Ints
    portion: Ints
    persona: pa.Array
    approved: Flags
    reasoned: Flags
    rank: npt.NDArray[np.uint64]
    chance: npt.NDArray[np.float64]
    total: Ints
    trained: Ints
    sides: Sides
    reason: Ints
    witness: dict[int, str] = field(default_factory=dict)
    similarity: dict[int, float] = field(default_factory=dict)

    @property
    def selected(self) -> Flags:
        """Which rows are taken."""
        return np.equal(self.reason, CODE[SELECTED])

    @property
    def shared(self) -> dict[str, pa.Array]:
        """What rows may share and no split may cut through."""
        return {"group": self.group, "prompt": self.prompt, "text": self.text, "cluster": self.cluster}

    def leave_out(self, which: Flags | Ints, reason: str) -> None:
        """Leave rows out, given as a mask or as positions."""
        self.reason[which] = CODE[reason]

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
    key: bytes,
    recipe: MixRecipe,
    views: Mapping[str, View],
    people: People,
    counter: Counter,
    say: Callable[[str], None],
) -> Index:
    """First pass: read every row of the sources part by part, and keep what selection needs to know of it."""
    names = tuple(sorted(views))
    look = _Look(key, recipe, people, counter)
    found = [look.part(RECORD_SCHEMA.empty_table(), {}, "", 0)]
    for number, name in enumerate(names):
        view = views[name]
        for part in sorted(view.parts):
            table = view.read(part, look.columns(view))
            found.append(look.part(table, counter.part(view, name, part, table), name, number))
        say(f"{recipe.mix}: {name}: {view.rows:,} rows looked at")
    whole = pa.concat_tables(found)
    arrays = {c: _array(whole.column(c)) for c in whole.column_names}
    numbers = {
        c: arrays[c].to_numpy(zero_copy_only=False)
        for c in ("source", "portion", "approved", "reasoned", "rank", "chance", "total", "trained")
    }
    cluster = pc.struct_field(arrays["near"], "cluster")
    shared = [arrays["group"], arrays["prompt"], arrays["text"], cluster]
    return Index(
        names=names,
        cluster=cluster,
        **{c: arrays[c] for c in ("id", "group", "prompt", "text", "near", "persona")},
        **numbers,
        sides=sides(key, arrays["id"], shared, recipe.splits),
        reason=arrays["reason"].to_numpy(zero_copy_only=False).copy(),
    )


@dataclass(frozen=True)
class _Look:
    """What is asked of every row."""

    key: bytes
    recipe: MixRecipe
    people: People
    counter: Counter

    def columns(self, view: View) -> list[str]:
        """The columns that are read of a source: the emotion tag only where something asks for it."""
        wheres = self._wheres()
        tags = columns_of(tag for where in wheres for tag in where.tags)
        names = dict.fromkeys((*COLUMNS, *hold.COLUMNS, "group", "text_digest", "duplicate", *sorted(tags)))
        emotion = any(w.emotions is not None for w in wheres) or "emotion" in tags or self.recipe.tells("emotions")
        return [c for c in names if c in view.columns and (c != "emotion" or emotion)]

    def _wheres(self) -> list[Where]:
        return [self.recipe.where, *(portion.where for portion in self.recipe.resolved.values())]

    def part(self, table: pa.Table, counts: Mapping[str, Ints], name: str, source: int) -> pa.Table:
        """The rows of one part."""
        recipe, people, size = self.recipe, self.people, len(table)
        ids = table.column("id")
        stored, (table, unedited) = table, corrected(table, people)
        counts = recount(self.counter, stored, table, counts)
        if recipe.pairs:
            table, counts = as_pairs(table, counts)
        decided = [people.decisions.get(i) for i in ids.to_pylist()] if people.decisions else [None] * size
        approved = np.array([d in ("approve", "edit") for d in decided], np.bool_)
        found = shape(table, recipe)
        kinds = (
            ("chat", "preference") if recipe.chosen_as_sft else ("chat",) if recipe.task == "sft" else ("preference",)
        )
        unfit = UNFIT if recipe.task == "dpo" else UNFIT[1:]
        never = np.zeros(size, np.bool_)
        asked = _asked(table, recipe.where, approved, found.turns)
        portion = self._portion(table, name, approved, found.turns)
        masks = {
            "kind": ~_is_in(table, "kind", kinds),
            "forgotten": _is_in(table, "id", tuple(people.forgotten)) if people.forgotten else never,
            "held": _is_in(table, "id", tuple(people.held)) if people.held else never,
            "risk_unreleased": hold.waiting(table, people.settings, people.released),
            "rejected": np.array([d == "reject" for d in decided], np.bool_),
            "disputed": _is_in(table, "id", tuple(people.disputed)) if people.disputed else never,
            "edit_missing": unedited,
            "no_preference": _is_in(table, "id", people.with_preference(*unfit)) if people.preferences else never,
            **asked,
            "persona": asked["persona"] | ~_is_in(table, "persona", tuple(recipe.personas)),
            **{reason: found.reason == code for code, reason in enumerate(REASONS)},
            "portion": portion < 0,
        }
        order = [reason for reason in ALL_REASONS if reason in masks]
        reason = np.select([masks[r] for r in order], [CODE[r] for r in order], CODE[SELECTED])
        drawn = [keyed(self.key, "rank", f"{recipe.seed}|{recipe.mix}|{i}") for i in ids.to_pylist()]
        total, trained = measure(table, recipe, found, counts, self.counter)
        missing = pa.nulls(size, pa.string())
        near = table.column("duplicate") if "duplicate" in table.column_names else pa.nulls(size, DUPLICATE)
        texts = table.column("text_digest").cast(pa.string()) if "text_digest" in table.column_names else missing
        return pa.table(
            {
                "id": ids,
                "source": pa.array(np.full(size, source)),
                "portion": pa.array(portion),
                "persona": table.column("persona"),
                "group": table.column("group") if "group" in table.column_names else missing,
                "prompt": prompts(table),
                "text": texts,
                "near": near,
                "approved": pa.array(approved),
                "reasoned": pa.array(found.reasoned),
                "rank": pa.array([int(d[:16], 16) for d in drawn], pa.uint64()),
                "chance": pa.array([int(d[16:], 16) / 2**64 for d in drawn], pa.float64()),
                "total": pa.array(total),
                "trained": pa.array(trained),
                "reason": pa.array(reason.astype(np.int64)),
            }
        )

    def _portion(self, table: pa.Table, source: str, approved: Flags, turns: Ints) -> Ints:
        """The first portion that takes each row, -1 where none does."""
        found = np.full(len(table), -1)
        for number, portion in enumerate(self.recipe.resolved.values()):
            if portion.wanted is None or source in portion.wanted:
                refused = _asked(table, portion.where, approved, turns).values()
                found[(found < 0) & ~np.logical_or.reduce(list(refused))] = number
        return found


def _asked(table: pa.Table, where: Where, approved: Flags, turns: Ints) -> dict[str, Flags]:
    """Which rows do not meet what a recipe asks for, by reason."""
    never = np.zeros(len(table), np.bool_)
    high = where.max_turns
    tags = never
    for tag, condition in where.tags.items():
        tags = tags | ~holds(table, tag, condition)
    return {
        "not_approved": ~approved if where.approved else never,
        "persona": ~_is_in(table, "persona", where.personas) if where.personas is not None else never,
        "language": ~_is_in(table, "language", where.languages) if where.languages is not None else never,
        "emotion": ~has_emotion(table, where.labels) if where.emotions is not None else never,
        "tag": tags,
        "too_few_turns": turns < (where.min_turns or 0),
        "too_many_turns": turns > high if high is not None else never,
    }


def _is_in(table: pa.Table, column: str, values: Sequence[str]) -> Flags:
    if column not in table.column_names:
        return np.zeros(len(table), np.bool_)
    return np.asarray(pc.is_in(table.column(column), value_set=pa.array(values, pa.string())).to_numpy(), np.bool_)


def _array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)
