"""A source's columns as records: the declared mapping, carried out on whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curation.core.adapter import Adapter, Document, Preference, Qa, Rows, Text, Turns, Unpaired, names
from curation.core.records import META, RECORD_SCHEMA, TURNS, keyed
from curation.pull import answers, conditions, dialogues, markers
from curation.pull.columns import column_at, turns_columns
from curation.pull.joined import coalesced, first_text, join, joined
from curation.pull.reading import pairs_at, turns_at
from curation.pull.refusals import REASONS, Refusals
from curation.pull.tidying import conversation, limit_turns
from curation.pull.turns import ASSISTANT, SYSTEM, USER, Mask, TurnLists, concat, one_each
from curation.pull.values import as_text

__all__ = ["CONVERTED_SCHEMA", "REASONS", "VERSION", "Converted", "convert"]

VERSION = 2
"""Raise it whenever the same rows can become other records. 2: JSON text of a list of turns is read as that list."""

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


@dataclass(frozen=True)
class _Said:
    """The turns of a batch: for pairs and labelled answers `messages` is the prompt."""

    messages: TurnLists
    chosen: TurnLists | None = None
    rejected: TurnLists | None = None
    label: pa.BooleanArray | None = None


def convert(
    batch: pa.RecordBatch,
    adapter: Adapter,
    *,
    persona: str,
    licence: str | None,
    key: bytes,
    source: str,
    synthetic: str | None = None,
) -> Converted:
    """Turn a batch of source rows into records.

    Conversations lose the turns after their last assistant turn, which nobody answered (unless the adapter keeps
    them), and empty system turns; any other empty turn refuses the row. Neighbouring turns of one role become one,
    joined by a blank line. Texts are kept as they are: tidying them is the business of `clean`.

    Args:
        batch: the columns of `columns_of(adapter)`, of whatever Arrow types the file gave them. For `rows` adapters
            the conversations that `dialogues.gather` made; a batch of single turns is gathered here, and then the
            result has a row for each conversation.
        adapter: the declared mapping.
        persona: whose voice the rows teach.
        licence: the licence the source is used under.
        key: the project key, for the group hashes.
        source: name of the source; values of a group column mean something within it only.
        synthetic: the method that made the rows; None for what people wrote.
    """
    if isinstance(adapter, Rows) and not dialogues.is_gathered(batch):
        batch = dialogues.gather(batch, adapter)
    refused = Refusals(len(batch))
    if adapter.where and not isinstance(adapter, Rows):
        refused.add(~conditions.fits(batch, adapter.where), "where")
    said = _said(batch, adapter, refused)
    limit_turns(said.messages, said.chosen, adapter, refused)
    fine = refused.fine
    rows, taken = int(fine.sum()), pa.array(fine)
    messages = said.messages.only_rows(fine)
    kind = "chat" if said.chosen is None else "preference" if said.label is None else "unpaired"
    columns: dict[str, pa.Array] = {
        "kind": pa.repeat(kind, rows),
        "messages": messages.arrow(),
        "chosen": said.chosen.only_rows(fine).arrow() if said.chosen else pa.nulls(rows, TURNS),
        "rejected": said.rejected.only_rows(fine).arrow() if said.rejected else pa.nulls(rows, TURNS),
        "label": pa.nulls(rows, pa.bool_()) if said.label is None else said.label.filter(taken),
        "persona": pa.repeat(persona, rows),
        "language": pa.nulls(rows, pa.string()),
        "licence": pa.repeat(pa.scalar(licence, pa.string()), rows),
        "group": _groups(batch, adapter, fine, messages, key, source),
        "synthetic": pa.repeat(pa.scalar(synthetic, pa.string()), rows),
        "meta": _meta(batch, adapter.keep, fine),
    }
    records = pa.RecordBatch.from_arrays([columns[f.name] for f in CONVERTED_SCHEMA], schema=CONVERTED_SCHEMA)
    return Converted(records, refused.arrow())


def _said(batch: pa.RecordBatch, adapter: Adapter, refused: Refusals) -> _Said:
    system = _system(batch, adapter, refused)
    if isinstance(adapter, (Preference, Unpaired)):
        chosen, rejected, label = None, None, None
        if isinstance(adapter, Preference):
            prompt, chosen, rejected = answers.preference(batch, adapter, refused)
        else:
            prompt, chosen, label = answers.unpaired(batch, adapter, refused)
            chosen = _reasoned(batch, chosen, names(adapter.reasoning), refused)
        return _Said(prompt if system is None else concat(system, prompt).merged(), chosen, rejected, label)
    trim = False
    if isinstance(adapter, Turns):
        lists = turns_at(batch, turns_columns(adapter.field, adapter), adapter.roles)
        trim = adapter.trim_trailing_user
    elif isinstance(adapter, Text):
        lists = _text(batch, adapter, refused)
        trim = adapter.trim_trailing_user
    elif isinstance(adapter, Rows):
        lists = dialogues.turns(batch, adapter, refused)
        trim = adapter.trim_trailing_user
    elif isinstance(adapter, Document):
        lists = _document(batch, adapter, refused)
    else:
        lists = _qa(batch, adapter, refused)
    lists = conversation(lists, system, adapter, refused, trim=trim)
    if not isinstance(adapter, Rows):
        lists = _reasoned(batch, lists, names(adapter.reasoning), refused)
    return _Said(lists)


def _system(batch: pa.RecordBatch, adapter: Adapter, refused: Refusals) -> TurnLists | None:
    """The system prompt of each row: the adapter's own before that of the columns."""
    texts = joined(batch, adapter.system, refused)
    if adapter.system_text:
        own = pa.repeat(adapter.system_text, len(batch))
        texts = own if texts is None else join(own, texts)
    return None if texts is None else one_each(texts, SYSTEM)


def _reasoned(batch: pa.RecordBatch, lists: TurnLists, columns: Sequence[str], refused: Refusals) -> TurnLists:
    return lists.with_reasoning(first_text(batch, columns, refused)) if columns else lists


def _qa(batch: pa.RecordBatch, adapter: Qa, refused: Refusals) -> TurnLists:
    user, answer = joined(batch, adapter.user, refused), joined(batch, adapter.assistant, refused)
    assert user is not None and answer is not None
    refused.add(user.is_null().to_numpy(zero_copy_only=False), "no_prompt")
    refused.add(answer.is_null().to_numpy(zero_copy_only=False), "no_answer")
    asked = concat(one_each(user, USER), one_each(answer, ASSISTANT))
    return concat(pairs_at(batch, names(adapter.history)), asked) if adapter.history else asked


def _document(batch: pa.RecordBatch, adapter: Document, refused: Refusals) -> TurnLists:
    texts = first_text(batch, names(adapter.field), refused)
    refused.add(texts.is_null().to_numpy(zero_copy_only=False), "no_answer")
    request = pa.repeat(adapter.user_text, len(batch))
    more = joined(batch, adapter.user, refused)
    return concat(one_each(request if more is None else join(request, more), USER), one_each(texts, ASSISTANT))


def _text(batch: pa.RecordBatch, adapter: Text, refused: Refusals) -> TurnLists:
    texts = first_text(batch, names(adapter.field), refused)
    refused.add(texts.is_null().to_numpy(zero_copy_only=False), "empty_conversation")
    parsed = markers.parse(texts, adapter)
    refused.add(parsed.unmarked, "no_markers")
    refused.add(parsed.outside, "text_outside_markers")
    return parsed.turns


def _groups(
    batch: pa.RecordBatch, adapter: Adapter, fine: Mask, messages: TurnLists, key: bytes, source: str
) -> pa.StringArray:
    """A keyed hash of the group column, or else of the first user turn in small letters and single spaces.

    Group columns count within their source; equal first turns meet across sources.
    """
    if adapter.group:
        values = coalesced(batch, names(adapter.group)).filter(pa.array(fine)).to_pylist()
        return pa.array([None if v is None else keyed(key, "group", f"{source}\x00{v}") for v in values], pa.string())
    first = messages.content.take(pa.array(messages.first_of(messages.roles == USER))).to_pylist()
    return pa.array([keyed(key, "group", " ".join(text.casefold().split())) for text in first], pa.string())


def _meta(batch: pa.RecordBatch, keep: Sequence[str], fine: Mask) -> pa.ListArray:
    """The kept columns as (key, text) pairs in key order; null values are left out."""
    rows = int(fine.sum())
    keys = sorted(set(keep))
    if not keys:
        return pa.nulls(rows, META)
    values = pa.concat_arrays([as_text(column_at(batch, name)).filter(pa.array(fine)) for name in keys])
    order = np.arange(rows * len(keys)).reshape(len(keys), rows).T.ravel()
    values = values.take(pa.array(order))
    there = values.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(there.reshape(rows, len(keys)).sum(axis=1), out=offsets[1:])
    names_ = pa.array(keys).take(pa.array(np.tile(np.arange(len(keys)), rows)[there]))
    pairs = pa.StructArray.from_arrays([names_, values.drop_null()], fields=list(META.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), pairs, type=META)
