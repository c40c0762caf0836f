"""`where`: which rows of a source are taken."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import Condition
from curation.pull.columns import column_at
from curation.pull.turns import Mask
from curation.pull.values import as_text, numbers, scalar_value

NOT_NULL = "not null"


def fits(batch: pa.RecordBatch, where: Mapping[str, Condition]) -> Mask:
    """Rows in which every column holds what was asked for.

    Values are compared as text, numbers as numbers; an empty cell counts as null, since CSV knows no other.
    """
    fine = np.ones(len(batch), bool)
    for name, condition in where.items():
        texts = as_text(column_at(batch, name))
        null = pc.equal(pc.fill_null(pc.binary_length(texts), 0), 0).to_numpy(zero_copy_only=False)
        if condition == NOT_NULL:
            fine &= ~null
            continue
        wanted = condition if isinstance(condition, tuple) else (condition,)
        found = np.zeros(len(batch), bool)
        for value in wanted:
            found |= null if value is None else _equal(texts, value)
        fine &= found
    return fine


def _equal(texts: pa.StringArray, value: str | int | float | bool) -> Mask:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return np.asarray(numbers(texts) == value)
    same = pc.equal(texts, value if isinstance(value, str) else scalar_value(value))
    return np.asarray(pc.fill_null(same, False).to_numpy(zero_copy_only=False), bool)
