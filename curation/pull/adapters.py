"""A source's columns as records: the declared mapping, carried out on whole batches."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import META, RECORD_SCHEMA, TURNS, keyed
from curation.core.sources import Adapter, Preference, Qa, Turns, names
from curation.pull.columns import columns_of
from curation.pull.turns import (
    ASSISTANT,
    BLANK_LINE,
    SYSTEM,
    UNKNOWN,
    USER,
    Mask,
    TurnLists,
    blank,
    common_prefix,
    concat,
    equal_turns,
    read_turns,
)
from curation.pull.values import json_text, plain_type, scalar_text

VERSION = 1
"""Raise it whenever the same rows can become other records."""

REASONS = (
    "wrong_type",
    "empty_conversation",
    "unknown_role",
    "no_prompt",
    "no_answer",
    "no_assistant",
    "no_user",
    "empty_content",
    "prompt_mismatch",
    "chosen_equals_rejected",
)
"""Why a row becomes no record. `prompt_mismatch`: the two answers do not follow from one prompt."""

CONVERTED_SCHEMA = pa.schema([f for f in RECORD_SCHEMA if f.name != "id"])


@dataclass(frozen=True)
class Converted:
    """What a batch of source rows became.

    Attributes:
        records: the converted rows in their order, with the columns of the contract but `id`.
        rejects: for every source row the reason why it is no record, null for those that are.
    """

    records: pa.RecordBatch
    rejects: pa.StringArray


class _Refusals:
    """The first reason against each row."""

    def __init__(self, size: int) -> None:
        self.codes = np.full(size, len(REASONS), np.int8)

    def add(self, rows: Mask, reason: str) -> None:
        self.codes[rows & self.fine] = REASONS.index(reason)

    @property
    def fine(self) -> Mask:
        return np.asarray(self.codes == len(REASONS))

    def arrow(self) -> pa.StringArray:
        return pa.array([*REASONS, None], pa.string()).take(pa.array(self.codes))


def convert(
    batch: pa.RecordBatch, adapter: Adapter, *, persona: str, licence: str | None, key: bytes, source: str
) -> Converted:
    """Turn a batch of source rows into records.

    Conversations lose the turns after their last assistant turn, which nobody answered, and empty system turns; any
    other empty turn refuses the row. Neighbouring turns of one role become one, joined by a blank line. Texts are
    kept as they are: tidying them is the business of `clean`.

    Args:
        batch: the columns of `columns_of(adapter)`, of whatever Arrow types the file gave them.
        adapter: the declared mapping.
        persona: whose voice the rows teach.
        licence: the licence the source is used under.
        key: the project key, for the group hashes.
        source: name of the source; values of a group column mean something within it only.
    """
    refused = _Refusals(len(batch))
    chosen = rejected = None
    if isinstance(adapter, Preference):
        messages, chosen, rejected = _preference(batch, adapter, refused)
    elif isinstance(adapter, Qa):
        messages = _qa(batch, adapter, refused)
    else:
        messages = _turns(batch, adapter, refused)
    fine = refused.fine
    rows = int(fine.sum())
    messages = messages.only_rows(fine)
    columns: dict[str, pa.Array] = {
        "kind": pa.repeat("preference" if chosen else "chat", rows),
        "messages": messages.arrow(),
        "chosen": chosen.only_rows(fine).arrow() if chosen else pa.nulls(rows, TURNS),
        "rejected": rejected.only_rows(fine).arrow() if rejected else pa.nulls(rows, TURNS),
        "label": pa.nulls(rows, pa.bool_()),
        "persona": pa.repeat(persona, rows),
        "language": pa.nulls(rows, pa.string()),
        "licence": pa.repeat(pa.scalar(licence, pa.string()), rows),
        "group": _groups(batch, adapter, fine, messages, key, source),
        "synthetic": pa.nulls(rows, pa.string()),
        "meta": _meta(batch, adapter.keep, fine),
    }
    records = pa.RecordBatch.from_arrays([columns[f.name] for f in CONVERTED_SCHEMA], schema=CONVERTED_SCHEMA)
    return Converted(records, refused.arrow())


def _turns(batch: pa.RecordBatch, adapter: Turns, refused: _Refusals) -> TurnLists:
    (want, *_) = columns_of(adapter)
    lists = read_turns(batch.column(adapter.field), want, adapter.roles)
    refused.add(lists.broken, "wrong_type")
    refused.add(lists.counts == 0, "empty_conversation")
    refused.add(lists.any(lists.roles == UNKNOWN), "unknown_role")
    lists = lists.cut_after_last(ASSISTANT)
    refused.add(lists.counts == 0, "no_assistant")
    return _tidied(lists, refused, user=True)


def _tidied(lists: TurnLists, refused: _Refusals, *, user: bool) -> TurnLists:
    """Without empty system turns, neighbours merged; rows with another empty turn or no user are refused."""
    empty = blank(lists.content)
    if empty.any():
        lists = lists.only(~(empty & (lists.roles == SYSTEM)))
        refused.add(lists.any(blank(lists.content)), "empty_content")
    if user:
        refused.add(~lists.any(lists.roles == USER), "no_user")
    return lists.merged()


def _qa(batch: pa.RecordBatch, adapter: Qa, refused: _Refusals) -> TurnLists:
    size = len(batch)
    system = _joined(batch, names(adapter.system), refused)
    if adapter.system_text:
        own = pa.repeat(adapter.system_text, size)
        system = own if system is None else _join(own, system)
    user = _joined(batch, names(adapter.user), refused)
    answer = _joined(batch, names(adapter.assistant), refused)
    assert user is not None and answer is not None
    refused.add(user.is_null().to_numpy(zero_copy_only=False), "no_prompt")
    refused.add(answer.is_null().to_numpy(zero_copy_only=False), "no_answer")
    columns = [user, answer] if system is None else [system, user, answer]
    roles = np.array([USER, ASSISTANT] if system is None else [SYSTEM, USER, ASSISTANT], np.int8)
    order = np.arange(size * len(columns)).reshape(len(columns), size).T.ravel()
    reasoning = None
    thoughts = _joined(batch, names(adapter.reasoning), refused)
    if thoughts is not None:
        nothing = pa.nulls(size, pa.string())
        reasoning = pa.concat_arrays([nothing] * (len(columns) - 1) + [thoughts]).take(pa.array(order))
    lists = TurnLists(
        np.full(size, len(columns), np.int64),
        np.tile(roles, size),
        pa.concat_arrays(columns).take(pa.array(order)),
        reasoning,
        np.zeros(size, bool),
    )
    return lists.only(lists.content.is_valid().to_numpy(zero_copy_only=False))


def _joined(batch: pa.RecordBatch, columns: Sequence[str], refused: _Refusals) -> pa.StringArray | None:
    """Text columns joined by blank lines, the empty ones left out; null where all are empty."""
    texts = []
    for name in columns:
        column = plain_type(batch.column(name))
        text = scalar_text(column)
        if text is None:
            refused.add(column.is_valid().to_numpy(zero_copy_only=False), "wrong_type")
            text = pa.nulls(len(column), pa.string())
        empty = blank(text)
        texts.append(pc.if_else(pa.array(empty), None, text) if empty.any() else text)
    return functools.reduce(_join, texts) if texts else None


def _join(first: pa.StringArray, second: pa.StringArray) -> pa.StringArray:
    return pc.coalesce(pc.binary_join_element_wise(first, second, BLANK_LINE), first, second)


def _preference(
    batch: pa.RecordBatch, adapter: Preference, refused: _Refusals
) -> tuple[TurnLists, TurnLists, TurnLists]:
    wants = {c.name: c for c in columns_of(adapter) if c.shape == "turns"}

    def read(name: str, nothing: str) -> TurnLists:
        lists = read_turns(batch.column(name), wants[name], adapter.roles)
        refused.add(lists.broken, "wrong_type")
        refused.add(lists.any(lists.roles == UNKNOWN), "unknown_role")
        lists = lists.cut_after_last(ASSISTANT) if nothing == "no_answer" else lists
        refused.add(lists.counts == 0, nothing)
        return _tidied(lists, refused, user=False)

    chosen, rejected = read(adapter.chosen, "no_answer"), read(adapter.rejected, "no_answer")
    common = common_prefix(chosen, rejected)
    refused.add((common == chosen.counts) & (common == rejected.counts), "chosen_equals_rejected")
    # At least one turn of each stays an answer.
    common = np.minimum(common, np.maximum(np.minimum(chosen.counts, rejected.counts) - 1, 0))
    shared = chosen.only(chosen.places < np.repeat(common, chosen.counts))
    prompt = shared
    if adapter.prompt:
        given = read(adapter.prompt, "no_prompt")
        prompt = _whole_prompt(given, shared, refused)
    refused.add(prompt.counts == 0, "no_prompt")
    refused.add(~prompt.any(prompt.roles == USER), "no_user")
    chosen = chosen.only(chosen.places >= np.repeat(common, chosen.counts))
    rejected = rejected.only(rejected.places >= np.repeat(common, rejected.counts))
    for answer in (chosen, rejected):
        refused.add(answer.any((answer.places == 0) & (answer.roles != ASSISTANT)), "prompt_mismatch")
    return prompt, chosen, rejected


def _whole_prompt(given: TurnLists, shared: TurnLists, refused: _Refusals) -> TurnLists:
    """The prompt when it stands in a column of its own and the answers may repeat it."""
    if not shared.counts.any():
        return given
    starts = shared.any((shared.places == 0) & (shared.roles == ASSISTANT))
    fits = shared.counts >= given.counts
    compared = np.repeat(fits, given.counts)
    at_given = np.flatnonzero(compared)
    rows = given.rows[at_given]
    at_shared = shared.starts[rows] + shared.counts[rows] - given.counts[rows] + given.places[at_given]
    same = np.ones(len(compared), bool)
    same[at_given] = equal_turns(given, at_given, shared, at_shared)
    repeated = fits & ~given.any(~same) & (given.counts > 0)
    refused.add((shared.counts > 0) & ~starts & ~repeated, "prompt_mismatch")
    return concat(given.only(~np.repeat(repeated, given.counts)), shared)


def _groups(
    batch: pa.RecordBatch, adapter: Adapter, fine: Mask, messages: TurnLists, key: bytes, source: str
) -> pa.StringArray:
    """A keyed hash of the group column, or else of the first user turn in small letters and single spaces.

    Group columns count within their source; equal first turns meet across sources.
    """
    if adapter.group:
        values = _as_text(batch.column(adapter.group)).filter(pa.array(fine)).to_pylist()
        return pa.array([None if v is None else keyed(key, "group", f"{source}\x00{v}") for v in values], pa.string())
    first = messages.content.take(pa.array(messages.first_of(messages.roles == USER))).to_pylist()
    return pa.array([keyed(key, "group", " ".join(text.casefold().split())) for text in first], pa.string())


def _meta(batch: pa.RecordBatch, keep: Sequence[str], fine: Mask) -> pa.ListArray:
    """The kept columns as (key, text) pairs in key order; null values are left out."""
    rows = int(fine.sum())
    keys = sorted(set(keep))
    if not keys:
        return pa.nulls(rows, META)
    values = pa.concat_arrays([_as_text(batch.column(name)).filter(pa.array(fine)) for name in keys])
    order = np.arange(rows * len(keys)).reshape(len(keys), rows).T.ravel()
    values = values.take(pa.array(order))
    there = values.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(there.reshape(rows, len(keys)).sum(axis=1), out=offsets[1:])
    names_ = pa.array(keys).take(pa.array(np.tile(np.arange(len(keys)), rows)[there]))
    pairs = pa.StructArray.from_arrays([names_, values.drop_null()], fields=list(META.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), pairs, type=META)


def _as_text(column: pa.Array) -> pa.StringArray:
    """Any column as text; nested values as JSON with sorted keys."""
    column = plain_type(column)
    text = scalar_text(column)
    if text is not None:
        return text
    return pa.array([None if v is None else json_text(v) for v in column.to_pylist()], pa.string())
