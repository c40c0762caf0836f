"""Turns out of source columns, whatever Arrow type these have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import DEFAULT_ROLES
from curation.core.records import ROLES
from curation.pull.columns import Column, column_at
from curation.pull.turns import ASSISTANT, UNKNOWN, USER, Mask, TurnLists, concat, no_turns
from curation.pull.values import at_path, blank, parsed, plain_type, scalar_text, text_value

PAIRS = pa.list_(pa.list_(pa.string()))


def turns_at(batch: pa.RecordBatch, wants: Sequence[Column], roles: Mapping[str, Sequence[str]]) -> TurnLists:
    """The turns of the first of several columns that has any, for each row."""
    return _first_lists([read_turns(column_at(batch, want.name), want, roles) for want in wants], len(batch))


def pairs_at(batch: pa.RecordBatch, columns: Sequence[str]) -> TurnLists:
    """The [question, answer] pairs of the first of several columns that has any, as turns."""
    return _first_lists([read_pairs(column_at(batch, name)) for name in columns], len(batch))


def _first_lists(several: Sequence[TurnLists], size: int) -> TurnLists:
    found = several[0] if several else no_turns(np.zeros(size, bool))
    for lists in several[1:]:
        there = (found.counts > 0) | found.broken
        rest = lists.only(np.repeat(~there, lists.counts))
        found = concat(found, replace(rest, broken=lists.broken & ~there))
    return found


def read_turns(column: pa.Array, want: Column, roles: Mapping[str, Sequence[str]]) -> TurnLists:
    """The turns of a source column, whatever Arrow type it has.

    A column of text or of single structs counts as one turn a row where `want.lone` allows it. JSON text of a list
    of turns counts as that list.
    """
    column = plain_type(column)
    kind, size = column.type, len(column)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_string(kind):
        opened, as_json = _opened(column, want)
        if opened is not None:
            listed = read_turns(opened, want, roles)
            plain = read_turns(pc.if_else(pa.array(as_json), None, column), want, roles)
            return concat(listed, plain)
    if want.lone and not pa.types.is_nested(kind) and (texts := scalar_text(column)) is not None:
        there = ~blank(texts)
        role = np.full(int(there.sum()), ROLES.index(want.lone), np.int8)
        return TurnLists(there.astype(np.int64), role, texts.filter(pa.array(there)), None, np.zeros(size, bool))
    if want.lone and pa.types.is_struct(kind):
        flat, counts = column.drop_null(), valid.astype(np.int64)
    elif pa.types.is_list(kind):
        flat, counts = plain_type(column.flatten()), np.asarray(pc.fill_null(column.value_lengths(), 0), np.int64)
    elif pa.types.is_string(kind):
        return no_turns(~blank(column))
    else:
        return no_turns(valid)
    if not pa.types.is_struct(flat.type):
        return no_turns(counts > 0)
    content, odd = _coalesced(flat, want.content_keys)
    role_names, odd_roles = _coalesced(flat, want.role_keys)
    reasoning = None
    if want.reasoning_keys:
        reasoning, odd_reasoning = _coalesced(flat, want.reasoning_keys)
        reasoning = pc.if_else(pa.array(blank(reasoning)), None, reasoning)
        odd |= odd_reasoning
        reasoning = reasoning if reasoning.null_count < len(reasoning) else None
    lists = TurnLists(counts, role_indices(role_names, roles), content, reasoning, np.zeros(size, bool))
    return replace(lists, broken=lists.any(odd | odd_roles))


def turn_type(want: Column) -> pa.DataType:
    """What turns of odd rows are read as: a list of structs of text."""
    return pa.list_(pa.struct([(k, pa.string()) for k in dict.fromkeys(want.keys)]))


def _opened(texts: pa.StringArray, want: Column) -> tuple[pa.ListArray | None, Mask]:
    """The lists of turns that stand in a column as JSON text, and where they do."""
    likely = pc.fill_null(pc.match_substring_regex(texts, r"^\s*\[\s*\{"), False).to_numpy(zero_copy_only=False)
    values: list[Any] = [None] * len(texts)
    for row in np.flatnonzero(likely):
        values[row] = turns_of_json(texts[int(row)].as_py(), want)
    found = np.array([v is not None for v in values], bool)
    return (pa.array(values, turn_type(want)) if found.any() else None), found


def turns_of_json(text: str, want: Column) -> list[dict[str, str | None] | None] | None:
    """A list of turns that stands as JSON text; None where the text is anything else."""
    value = parsed(text)
    if not isinstance(value, list) or not value or not all(isinstance(turn, dict) for turn in value):
        return None
    if not all(any(k in turn for k in want.role_keys) and any(k in turn for k in want.content_keys) for turn in value):
        return None
    try:
        return plain_turns(value, want)
    except TypeError:
        return None


def plain_turns(turns: Sequence[dict[str, Any] | None], want: Column) -> list[dict[str, str | None] | None]:
    """Turns of Python values as turns of text.

    Raises:
        TypeError: a role or a text is neither text nor a list of text parts.
    """
    return [{k: _plain_content(_key(turn, k)) for k in want.keys} if turn else turn for turn in turns]


def _key(turn: Mapping[str, Any], path: str) -> Any:
    if path in turn or "." not in path:
        return turn.get(path)
    first, _, rest = path.partition(".")
    inner = turn.get(first)
    return _key(inner, rest) if isinstance(inner, Mapping) else None


def _plain_content(value: Any) -> str | None:
    if isinstance(value, list):
        pieces = [part.get("text", part.get("value")) if isinstance(part, dict) else part for part in value]
        texts = [piece for piece in pieces if isinstance(piece, str)]
        if len(texts) < len(pieces):
            raise TypeError
        return "".join(texts)
    if isinstance(value, dict):
        raise TypeError
    return text_value(value)


def read_pairs(column: pa.Array) -> TurnLists:
    """Turns out of lists of [question, answer] pairs; broken where a pair is none."""
    column = plain_type(column)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_string(column.type):
        values = [None if empty else plain_pairs(t.as_py()) for t, empty in zip(column, blank(column), strict=True)]
        odd = np.array([v is False for v in values], bool)
        column = pa.array([v or None for v in values], PAIRS)
    elif pa.types.is_null(column.type):
        return no_turns(~valid)
    else:
        odd = np.zeros(len(column), bool)
    pairs = plain_type(column.flatten()) if pa.types.is_list(column.type) else None
    if pairs is None or not pa.types.is_list(pairs.type):
        return no_turns(valid if pairs is None else pc.fill_null(column.value_lengths(), 0).to_numpy() > 0)
    texts = scalar_text(plain_type(pairs.flatten()))
    rows = np.repeat(np.arange(len(column)), np.asarray(pc.fill_null(column.value_lengths(), 0), np.int64))
    odd |= np.bincount(rows[pc.fill_null(pairs.value_lengths(), 0).to_numpy() != 2], minlength=len(column)) > 0
    if texts is None:
        return no_turns(odd | (np.bincount(rows, minlength=len(column)) > 0))
    per_row = np.bincount(rows, np.asarray(pc.fill_null(pairs.value_lengths(), 0), np.int64), len(column))
    counts = per_row.astype(np.int64)
    lists = TurnLists(counts, np.zeros(len(texts), np.int8), texts, None, odd)
    roles = np.where(lists.places % 2 == 0, USER, ASSISTANT).astype(np.int8)
    return replace(lists, roles=roles).only(np.repeat(~odd, counts))


def plain_pairs(value: Any) -> Any:
    """[question, answer] pairs of Python values or JSON text as lists of text; False where they are none."""
    value = parsed(value) if isinstance(value, str) else value
    if not isinstance(value, list):
        return False
    if not all(isinstance(p, list) and all(t is None or isinstance(t, (str, int, float)) for t in p) for p in value):
        return False
    return [[text_value(t) for t in pair] for pair in value]


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


def _coalesced(turns: pa.StructArray, keys: Sequence[str]) -> tuple[pa.StringArray, Mask]:
    """The first key of each turn that is not null, as text; and the turns where it is no text."""
    odd = np.zeros(len(turns), bool)
    have = set(turns.type.names)
    result: pa.StringArray | None = None
    for key in keys:
        if key in have:
            found = pc.struct_field(turns, turns.type.names.index(key))
        elif key.partition(".")[0] in have:
            found = at_path(turns, key)
        else:
            continue
        values, wrong = _content(plain_type(found))
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
    pieces = plain_type(values.flatten())
    if pa.types.is_struct(pieces.type):
        pieces, _ = _coalesced(pieces, ("text", "value"))
    elif (as_text := scalar_text(pieces)) is not None:
        pieces = as_text
    else:
        return pa.nulls(len(values), pa.string()), valid
    # A part without text (an image, say) cannot be kept, and leaving it out would change what was said.
    lengths = np.asarray(pc.fill_null(values.value_lengths(), 0), np.int64)
    owner = np.repeat(np.arange(len(values)), lengths)
    missing = pieces.is_null().to_numpy(zero_copy_only=False)
    wrong = np.bincount(owner[missing], minlength=len(values)) > 0
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), pieces), "")
    return pc.if_else(pa.array(valid & ~wrong), joined, None), wrong
