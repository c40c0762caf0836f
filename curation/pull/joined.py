"""Text columns as one text a row: joined, or the first that holds any."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import Parts, parts
from curation.pull.columns import column_at
from curation.pull.refusals import Refusals
from curation.pull.turns import BLANK_LINE
from curation.pull.values import as_text, blank, plain_type, scalar_text


def joined(batch: pa.RecordBatch, columns: Parts | None, refused: Refusals) -> pa.StringArray | None:
    """Text columns joined by blank lines, the empty ones left out; null where all are empty."""
    texts = [first_text(batch, part, refused) for part in parts(columns)]
    return functools.reduce(join, texts) if texts else None


def join(first: pa.StringArray, second: pa.StringArray) -> pa.StringArray:
    """Two texts joined by a blank line, either alone where the other is null."""
    return pc.coalesce(pc.binary_join_element_wise(first, second, BLANK_LINE), first, second)


def first_text(batch: pa.RecordBatch, columns: Sequence[str], refused: Refusals) -> pa.StringArray:
    """The first of several text columns that holds more than white space; rows that hold no text are refused."""
    texts = []
    for name in columns:
        column = plain_type(column_at(batch, name))
        text = scalar_text(column)
        if text is None:
            refused.add(column.is_valid().to_numpy(zero_copy_only=False), "wrong_type")
            text = pa.nulls(len(column), pa.string())
        texts.append(_without_blank(text))
    return texts[0] if len(texts) == 1 else pc.coalesce(*texts)


def coalesced(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.StringArray:
    """The first of several columns that holds anything, as text, nested values as JSON; null where none does."""
    if not columns:
        return pa.nulls(len(batch), pa.string())
    return pc.coalesce(*(_without_blank(as_text(column_at(batch, name))) for name in columns))


def _without_blank(texts: pa.StringArray) -> pa.StringArray:
    empty = blank(texts)
    return pc.if_else(pa.array(empty), None, texts) if empty.any() else texts
