"""Bring every record into one shape: tidy text, known roles, turns that alternate, an answer at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.tidy import tidy
from curation.core.declare import doc
from curation.core.records import ROLES, TEXT_COLUMNS, as_dropped
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Ints, Texts, Turns

Mask = npt.NDArray[np.bool_]

REASONS = ("empty", "bad_role", "no_user", "no_assistant", "too_long")
"""Why a record is refused, in the order in which the reasons are looked for."""

_MERGED = ("system", "user", "assistant")


@dataclass(frozen=True)
class NormaliseSpec:
    """What a record has to look like."""

    max_chars: int = doc(
        "drop records whose turns hold more characters than this, all columns together", default=200_000
    )

    def __post_init__(self) -> None:
        """Refuse a limit that no record could keep."""
        if self.max_chars < 1:
            raise ValueError("'max_chars' must be at least 1")


@stage("normalise", version=2, spec=NormaliseSpec, reads=("kind", "persona", *TEXT_COLUMNS), writes=TEXT_COLUMNS)
def normalise(batch: pa.RecordBatch, spec: NormaliseSpec, context: Context) -> Output:
    """Tidy all strings, remove empty turns, merge turns of the same speaker, cut what follows the last answer.

    A chat must have a user and an assistant turn; it loses the turns after its last assistant turn, for nothing
    there can be learned, except where a client's voice is taught: those are last words of a client. A prompt must
    have a user turn; an answer (`chosen`, and `rejected` of preferences) an assistant turn. A system turn stands
    first or nowhere.
    """
    texts = Texts.of(batch)
    columns = texts.put(tidy(texts.values))
    kind = batch.column("kind")
    chat, preference = (pc.equal(kind, k).to_numpy(zero_copy_only=False) for k in ("chat", "preference"))
    turns = {name: _joined(Turns.of(columns[name])) for name in ("messages", "chosen", "rejected")}

    messages = turns["messages"]
    empty = messages.lengths == 0
    bad_role = _bad_system(messages)
    for name, part in turns.items():
        bad_role |= _rows_with(part, pc.invert(pc.is_in(part.role, value_set=pa.array(ROLES))))
        if name != "messages":
            bad_role |= _rows_with(part, _is(part, "system"))
    no_assistant = chat & ~_rows_with(messages, _is(messages, "assistant"))
    no_assistant |= ~chat & ~_rows_with(turns["chosen"], _is(turns["chosen"], "assistant"))
    no_assistant |= preference & ~_rows_with(turns["rejected"], _is(turns["rejected"], "assistant"))
    client = pc.fill_null(pc.equal(batch.column("persona"), "client"), False).to_numpy(zero_copy_only=False)
    turns["messages"] = _cut(messages, chat & ~no_assistant & ~client)
    no_user = ~_rows_with(turns["messages"], _is(turns["messages"], "user"))
    too_long = sum(_characters(part) for part in turns.values()) > spec.max_chars

    columns |= {name: part.column() for name, part in turns.items()}
    reasons = np.full(batch.num_rows, "", object)
    for reason, rows in reversed(
        list(zip(REASONS, (empty, bad_role, no_user & ~no_assistant, no_assistant, too_long), strict=True))
    ):
        reasons[rows] = reason
    refused = reasons != ""
    kept = pa.table({"id": batch.column("id"), **{name: columns[name] for name in TEXT_COLUMNS}})
    dropped = as_dropped(batch.column("id").filter(pa.array(refused)), "normalise", reasons[refused].tolist())
    return Output(kept.filter(pa.array(~refused)), dropped)


def _is(turns: Turns, role: str) -> pa.BooleanArray:
    return pc.fill_null(pc.equal(turns.role, role), False)


def _rows_with(turns: Turns, marks: pa.BooleanArray) -> Mask:
    rows = turns.rows[marks.to_numpy(zero_copy_only=False)]
    found: Mask = np.bincount(rows, minlength=len(turns.lengths)) > 0
    return found


def _bad_system(messages: Turns) -> Mask:
    starts = np.cumsum(messages.lengths) - messages.lengths
    late = np.arange(len(messages.role)) > np.repeat(starts, messages.lengths)
    return _rows_with(messages, pc.and_(_is(messages, "system"), pa.array(late)))


def _characters(turns: Turns) -> Ints:
    sizes = sum(
        pc.fill_null(pc.utf8_length(text), 0).to_numpy(zero_copy_only=False)
        for text in (turns.content, turns.reasoning)
    )
    total: Ints = np.bincount(turns.rows, weights=sizes, minlength=len(turns.lengths)).astype(np.int64)
    return total


def _filter(turns: Turns, keep: Mask) -> Turns:
    lengths = np.bincount(turns.rows[keep], minlength=len(turns.lengths)).astype(np.int64)
    mask = pa.array(keep)
    return Turns(lengths, turns.null, turns.role.filter(mask), turns.content.filter(mask), turns.reasoning.filter(mask))


def _cut(messages: Turns, which: Mask) -> Turns:
    """Without the turns after the last assistant turn, in the rows that `which` marks."""
    spots = np.arange(len(messages.role))
    answers = _is(messages, "assistant").to_numpy(zero_copy_only=False)
    last = np.full(len(messages.lengths), -1)
    np.maximum.at(last, messages.rows[answers], spots[answers])
    return _filter(messages, ~which[messages.rows] | (spots <= last[messages.rows]))


def _joined(turns: Turns) -> Turns:
    """Without empty turns, and with neighbouring turns of one speaker made one (tool results stay apart)."""
    full = pc.fill_null(pc.not_equal(turns.content, ""), False).to_numpy(zero_copy_only=False)
    reasoning = pc.if_else(pc.equal(turns.reasoning, ""), pa.scalar(None, pa.string()), turns.reasoning)
    turns = _filter(replace(turns, reasoning=reasoning), full)
    rows, role = turns.rows, turns.role.dictionary_encode()
    codes = pc.fill_null(role.indices, -1).to_numpy(zero_copy_only=False)
    merges = pc.fill_null(pc.is_in(turns.role, value_set=pa.array(_MERGED)), False).to_numpy(zero_copy_only=False)
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1]) | ~merges[1:]
    if first.all():
        return turns
    starts = np.flatnonzero(first)
    lengths = np.bincount(rows[starts], minlength=len(turns.lengths)).astype(np.int64)
    return Turns(
        lengths,
        turns.null,
        turns.role.take(pa.array(starts)),
        _glue(turns.content, starts),
        _glue(turns.reasoning, starts),
    )


def _glue(texts: pa.StringArray, starts: Ints) -> pa.StringArray:
    """Runs of strings joined by a blank line; nulls are passed over, a run of nulls only is null."""
    there = texts.is_valid().to_numpy(zero_copy_only=False)
    bounds = np.concatenate([[0], np.cumsum(there)])[np.append(starts, len(texts))]
    runs = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), texts.drop_null())
    glued = pc.binary_join(runs, "\n\n")
    return pc.if_else(pa.array(bounds[1:] > bounds[:-1]), glued, pa.scalar(None, pa.string()))
