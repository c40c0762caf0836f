"""Lists of turns as flat columns: read from any nested Arrow shape, tidied, compared and put together again.

Everything here works on whole batches; a row is a run of turns, and `counts` says how long each run is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import ROLES, TURN, TURNS
from curation.core.sources import DEFAULT_ROLES
from curation.pull.columns import Column
from curation.pull.values import plain_type, scalar_text

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
    """The turns of each row of `first`, then those of the same row of `second`. Reasoning is not kept."""
    order = pa.array(np.argsort(np.concatenate([first.rows, second.rows]), kind="stable"))
    return TurnLists(
        first.counts + second.counts,
        np.concatenate([first.roles, second.roles])[order.to_numpy()],
        pa.concat_arrays([first.content, second.content]).take(order),
        None,
        first.broken | second.broken,
    )


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


def read_turns(column: pa.Array, want: Column, roles: Mapping[str, Sequence[str]]) -> TurnLists:
    """The turns of a source column, whatever Arrow type it has.

    A column of text or of single structs counts as one turn a row where `want.lone` allows it.
    """
    column = plain_type(column)
    kind, size = column.type, len(column)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    if want.lone and not pa.types.is_nested(kind) and (texts := scalar_text(column)) is not None:
        there = ~blank(texts)
        role = np.full(int(there.sum()), ROLES.index(want.lone), np.int8)
        return TurnLists(there.astype(np.int64), role, texts.filter(pa.array(there)), None, np.zeros(size, bool))
    if want.lone and pa.types.is_struct(kind):
        flat, counts = column.drop_null(), valid.astype(np.int64)
    elif pa.types.is_list(kind):
        flat, counts = plain_type(column.flatten()), np.asarray(pc.fill_null(column.value_lengths(), 0), np.int64)
    else:
        return _no_turns(valid)
    if not pa.types.is_struct(flat.type):
        return _no_turns(counts > 0)
    content, odd = _coalesced(flat, want.content_keys)
    role_names, odd_roles = _coalesced(flat, want.role_keys)
    reasoning = None
    if want.reasoning_key:
        reasoning, odd_reasoning = _coalesced(flat, (want.reasoning_key,))
        reasoning = pc.if_else(pa.array(blank(reasoning)), None, reasoning)
        odd |= odd_reasoning
        reasoning = reasoning if reasoning.null_count < len(reasoning) else None
    lists = TurnLists(counts, role_indices(role_names, roles), content, reasoning, np.zeros(size, bool))
    return replace(lists, broken=lists.any(odd | odd_roles))


def _no_turns(broken: Mask) -> TurnLists:
    return TurnLists(np.zeros(len(broken), np.int64), np.zeros(0, np.int8), pa.nulls(0, pa.string()), None, broken)


def role_indices(values: pa.StringArray, roles: Mapping[str, Sequence[str]]) -> npt.NDArray[np.int8]:
    """Role names as indices in ROLES; the source's own names win over the usual ones, case does not matter."""
    aliases = {alias.lower(): role for role, known in DEFAULT_ROLES.items() for alias in known}
    aliases |= {alias.strip().lower(): role for role, own in roles.items() for alias in own}
    value_set = pa.array(list(aliases), pa.string())
    found = pc.index_in(values, value_set=value_set)
    if found.null_count:
        found = found.fill_null(pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(values)), value_set=value_set))
    meaning = np.array([*(ROLES.index(role) for role in aliases.values()), UNKNOWN], np.int8)
    return np.asarray(meaning[np.asarray(found.fill_null(len(aliases)))], np.int8)


def blank(texts: pa.StringArray) -> Mask:
    """Texts that are null, empty or nothing but white space."""
    empty = pc.or_(pc.equal(pc.binary_length(texts), 0), pc.utf8_is_space(texts))
    return np.asarray(pc.fill_null(empty, True).to_numpy(zero_copy_only=False), bool)


def _coalesced(turns: pa.StructArray, keys: Sequence[str]) -> tuple[pa.StringArray, Mask]:
    """The first key of each turn that is not null, as text; and the turns where it is no text."""
    odd = np.zeros(len(turns), bool)
    have = set(turns.type.names)
    result: pa.StringArray | None = None
    for key in keys:
        if key not in have:
            continue
        values, wrong = _content(plain_type(pc.struct_field(turns, key)))
        if wrong is not None:
            odd |= wrong if result is None else wrong & ~np.asarray(result.is_valid())
        result = values if result is None else result.fill_null(values)
        if not result.null_count:
            break
    return (result if result is not None else pa.nulls(len(turns), pa.string())), odd


def _content(values: pa.Array) -> tuple[pa.StringArray, Mask | None]:
    """The text of a turn: a scalar, or a list of text parts, which are joined as they stand."""
    text = scalar_text(values)
    if text is not None:
        return text, None
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    if not pa.types.is_list(values.type):
        return pa.nulls(len(values), pa.string()), valid
    parts = plain_type(values.flatten())
    if pa.types.is_struct(parts.type):
        parts, _ = _coalesced(parts, ("text", "value"))
    elif (as_text := scalar_text(parts)) is not None:
        parts = as_text
    else:
        return pa.nulls(len(values), pa.string()), valid
    # A part without text (an image, say) cannot be kept, and leaving it out would change what was said.
    lengths = np.asarray(pc.fill_null(values.value_lengths(), 0), np.int64)
    owner = np.repeat(np.arange(len(values)), lengths)
    missing = parts.is_null().to_numpy(zero_copy_only=False)
    wrong = np.bincount(owner[missing], minlength=len(values)) > 0
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), parts), "")
    return pc.if_else(pa.array(valid & ~wrong), joined, None), wrong
