"""The column `duplicate`: which records say nearly the same as one, as the cleaning publishes it and others read it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.pairs import Pairs

KINDS = ("same words", "similar", "part")
"""What two near-duplicates are to each other, in the order of `methods.pairs`."""

NEAR = pa.struct([("id", pa.string()), ("similarity", pa.float32()), ("kind", pa.string())])

DUPLICATE = pa.struct(
    [
        ("words", pa.int32()),
        ("cluster", pa.string()),
        ("near", pa.list_(pa.field("item", NEAR))),
        ("answers", pa.float32()),
    ]
)
"""`words`: how many were compared. `cluster`: the first record, by source and id, of those that pairs connect; null
where this one has no near-duplicate. `near`: the near-duplicates; of records of the same words all name the first, and
only that one names others. `answers`: how similar the two answers of a preference record are."""


def pairs_of(near: pa.ListArray, ids: pa.StringArray) -> tuple[Pairs, pa.StringArray]:
    """What the field `near` of some records says.

    Args:
        near: one list a record, null where nobody looked.
        ids: the ids of these records.

    Returns:
        A pair for every item: on the left the place of the record, on the right that of the one it names; and the ids
        that are named but not among the records. These have the places after the records.
    """
    items = near.flatten()
    lengths = pc.fill_null(pc.list_value_length(near), 0).to_numpy(zero_copy_only=False)
    names = pc.struct_field(items, "id")
    found = pc.index_in(names, value_set=ids)
    outside = pc.unique(names.filter(found.is_null()))
    places = pc.coalesce(found, pc.add(pc.index_in(names, value_set=outside), len(ids)))
    kind = pc.index_in(pc.struct_field(items, "kind"), value_set=pa.array(KINDS))
    pairs = Pairs(
        np.repeat(np.arange(len(ids)), lengths),
        places.to_numpy(zero_copy_only=False).astype(np.int64),
        pc.struct_field(items, "similarity").to_numpy(zero_copy_only=False),
        kind.to_numpy(zero_copy_only=False).astype(np.uint8),
    )
    return pairs, outside
