"""Lists of turns as flat columns: tidied, compared and put together again.

Everything here works on whole batches; a row is a run of turns, and `counts` says how long each run is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import ROLES, TURN, TURNS

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SYSTEM, USER, ASSISTANT, TOOL = range(4)
UNKNOWN = -1
BLANK_LINE = "\n\n"


@dataclass(frozen=True)
class TurnLists:
    """The turns of a batch of rows, row after row.

    Attributes:
        counts: turns of each row.
        roles: index in `records.ROLES` of each turn, `UNKNOWN` where the name means nothing.
        content: the text of each turn; null where there is none.
        reasoning: the reasoning of each turn; None when no turn has any.
        broken: rows that hold something else than turns of text.
    """

    counts: Ints
    roles: npt.NDArray[np.int8]
    content: pa.StringArray
    reasoning: pa.StringArray | None
    broken: Mask

    @property
    def rows(self) -> Ints:
        """The row of each turn."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def starts(self) -> Ints:
        """The first turn of each row."""
        return np.cumsum(self.counts) - self.counts

    @property
    def places(self) -> Ints:
        """The place of each turn in its row."""
        return np.arange(len(self.roles)) - np.repeat(self.starts, self.counts)

    def any(self, turns: Mask) -> Mask:
        """Rows that have one of these turns."""
        return np.bincount(self.rows[turns], minlength=len(self.counts)) > 0

    def only(self, turns: Mask) -> TurnLists:
        """Without the other turns; the rows stay, shorter."""
        if turns.all():
            return self
        mask = pa.array(turns)
        return replace(
            self,
            counts=np.bincount(self.rows[turns], minlength=len(self.counts)),
            roles=self.roles[turns],
            content=self.content.filter(mask),
            reasoning=None if self.reasoning is None else self.reasoning.filter(mask),
        )

    def only_rows(self, rows: Mask) -> TurnLists:
        """Without the other rows."""
        if rows.all():
            return self
        kept = self.only(np.repeat(rows, self.counts))
        return replace(kept, counts=kept.counts[rows], broken=kept.broken[rows])

    def first_of(self, turns: Mask) -> Ints:
        """For each row the place in the batch of the first of these turns; `len(turns)` where there is none."""
        return self._reduce(np.minimum, np.where(turns, np.arange(len(turns)), len(turns)), len(turns))

    def cut_after_last(self, role: int) -> TurnLists:
        """Without the turns after the last one of a role; a row without that role becomes empty."""
        index = np.arange(len(self.roles))
        last = self._reduce(np.maximum, np.where(self.roles == role, index, -1), -1)
        return self.only(index <= np.repeat(last, self.counts))

    def with_reasoning(self, thoughts: pa.StringArray) -> TurnLists:
        """The reasoning of each row given to its last assistant turn, unless that has one."""
        index = np.arange(len(self.roles))
        last = self._reduce(np.maximum, np.where(self.roles == ASSISTANT, index, -1), -1)
        rows = np.flatnonzero(last >= 0)
        place = np.full(len(self.roles), -1)
        place[last[rows]] = rows
        given = thoughts.take(pa.array(place, mask=place < 0))
        both = pc.coalesce(_thoughts(self), given)
        return replace(self, reasoning=both if both.null_count < len(both) else None)

    def neighbours(self) -> Mask:
        """Rows in which two turns of the user or two of the assistant stand side by side."""
        rows = self.rows
        same = np.zeros(len(rows), bool)
        same[1:] = (rows[1:] == rows[:-1]) & (self.roles[1:] == self.roles[:-1])
        return self.any(same & ((self.roles == USER) | (self.roles == ASSISTANT)))

    def _reduce(self, how: np.ufunc, values: Ints, default: int) -> Ints:
        result = np.full(len(self.counts), default, np.int64)
        filled = self.counts > 0
        if filled.any():
            result[filled] = how.reduceat(values, self.starts[filled])
        return result

    def merged(self) -> TurnLists:
        """Neighbouring turns of one role as one, joined by a blank line.

        Assistant turns, too: in transcripts a speaker's utterance is often cut in two. Tool turns never: each is the
        answer to a call of its own.
        """
        rows = self.rows
        first = np.ones(len(rows), bool)
        first[1:] = (rows[1:] != rows[:-1]) | (self.roles[1:] != self.roles[:-1]) | (self.roles[1:] == TOOL)
        if first.all():
            return self
        groups = np.cumsum(first) - 1
        return replace(
            self,
            counts=np.bincount(rows[first], minlength=len(self.counts)),
            roles=self.roles[first],
            content=_join_groups(self.content, groups),
            reasoning=None if self.reasoning is None else _join_groups(self.reasoning, groups),
        )

    def arrow(self) -> pa.ListArray:
        """The turns as a column of records."""
        offsets = np.zeros(len(self.counts) + 1, np.int32)
        np.cumsum(self.counts, out=offsets[1:])
        roles = pa.array(ROLES).take(pa.array(self.roles))
        reasoning = self.reasoning if self.reasoning is not None else pa.nulls(len(roles), pa.string())
        items = pa.StructArray.from_arrays([roles, self.content, reasoning], fields=list(TURN))
        return pa.ListArray.from_arrays(pa.array(offsets), items, type=TURNS)


def _join_groups(values: pa.StringArray, groups: Ints) -> pa.StringArray:
    """One text for each run of equal group numbers; nulls are skipped, null where nothing is left."""
    present = values.is_valid().to_numpy(zero_copy_only=False)
    counts = np.bincount(groups[present], minlength=int(groups[-1]) + 1)
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), values.drop_null()), BLANK_LINE)
    return joined if counts.all() else pc.if_else(pa.array(counts > 0), joined, None)


def concat(first: TurnLists, second: TurnLists) -> TurnLists:
    """The turns of each row of `first`, then those of the same row of `second`."""
    order = pa.array(np.argsort(np.concatenate([first.rows, second.rows]), kind="stable"))
    reasoning = None
    if first.reasoning is not None or second.reasoning is not None:
        reasoning = pa.concat_arrays([_thoughts(first), _thoughts(second)]).take(order)
    return TurnLists(
        first.counts + second.counts,
        np.concatenate([first.roles, second.roles])[order.to_numpy()],
        pa.concat_arrays([first.content, second.content]).take(order),
        reasoning,
        first.broken | second.broken,
    )


def _thoughts(lists: TurnLists) -> pa.StringArray:
    return pa.nulls(len(lists.roles), pa.string()) if lists.reasoning is None else lists.reasoning


def one_each(texts: pa.StringArray, role: int) -> TurnLists:
    """A turn of a role for every text; no turn where it is null."""
    there = texts.is_valid().to_numpy(zero_copy_only=False)
    roles = np.full(int(there.sum()), role, np.int8)
    return TurnLists(there.astype(np.int64), roles, texts.drop_null(), None, np.zeros(len(texts), bool))


def no_turns(broken: Mask) -> TurnLists:
    """Rows without a turn, some of them broken."""
    return TurnLists(np.zeros(len(broken), np.int64), np.zeros(0, np.int8), pa.nulls(0, pa.string()), None, broken)


def equal_turns(a: TurnLists, at_a: Ints, b: TurnLists, at_b: Ints) -> Mask:
    """Are these turns of `a` (places in the batch) the same, role and text, as those of `b`?"""
    texts = pc.fill_null(pc.equal(a.content.take(pa.array(at_a)), b.content.take(pa.array(at_b))), False)
    return np.asarray((a.roles[at_a] == b.roles[at_b]) & texts.to_numpy(zero_copy_only=False), bool)


def common_prefix(a: TurnLists, b: TurnLists) -> Ints:
    """How many turns both rows begin with, for each row."""
    shared = np.minimum(a.counts, b.counts)
    pairs = TurnLists(shared, np.zeros(int(shared.sum()), np.int8), pa.nulls(0, pa.string()), None, a.broken)
    rows, places = pairs.rows, pairs.places
    differ = ~equal_turns(a, a.starts[rows] + places, b, b.starts[rows] + places)
    end = pairs.first_of(differ)
    return np.asarray(np.minimum(end - pairs.starts, shared), np.int64)
