"""Of near-duplicates that a mix could take, the best stays: from what the cleaning published about pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.keep import keep_best
from curation.methods.pairs import NEAR, SAME, Pairs

if TYPE_CHECKING:
    from curation.export.mix import Index, Ints

_SAME_WORDS = "same words"

DUPLICATE = pa.struct(
    [
        ("words", pa.int32()),
        ("cluster", pa.string()),
        (
            "near",
            pa.list_(
                pa.field(
                    "item", pa.struct([("id", pa.string()), ("similarity", pa.float32()), ("kind", pa.string())])
                )
            ),
        ),
        ("answers", pa.float32()),
    ]
)
"""Column `duplicate`, as the stage `near_dup` publishes it."""


def fold(index: Index, preference: Ints) -> None:
    """Leave out every selected row that is a near-duplicate of a preferred one that stays, in the same voice.

    Rows that are left out for another reason are no witnesses: a mix never loses a text because its near-duplicate
    stands in a source, or is of a kind, that the mix does not take.

    Args:
        index: the rows of the mix.
        preference: for each row its place in the order of preference.
    """
    near = pc.struct_field(index.near, "near")
    items = near.flatten()
    if not len(items):
        return
    lengths = pc.fill_null(pc.list_value_length(near), 0).to_numpy(zero_copy_only=False)
    # What stands in no source of the mix may still link two rows that do: those of the same words name the first one.
    names = pc.struct_field(items, "id")
    others = pc.index_in(names, value_set=index.id)
    outside = pc.unique(names.filter(others.is_null()))
    places = np.where(
        others.is_null().to_numpy(zero_copy_only=False),
        len(index.id) + pc.fill_null(pc.index_in(names, value_set=outside), 0).to_numpy(zero_copy_only=False),
        pc.fill_null(others, 0).to_numpy(zero_copy_only=False),
    )
    kind = np.where(pc.equal(pc.struct_field(items, "kind"), _SAME_WORDS).to_numpy(zero_copy_only=False), SAME, NEAR)
    pairs = Pairs(
        np.repeat(np.arange(len(index.id)), lengths),
        places.astype(np.int64),
        pc.struct_field(items, "similarity").to_numpy(zero_copy_only=False),
        kind.astype(np.uint8),
    )
    rank = np.concatenate([preference, len(index.id) + np.arange(len(outside))])
    voices = index.persona.dictionary_encode()
    for voice in range(len(voices.dictionary)):
        mine = index.selected & (voices.indices.to_numpy() == voice)
        found = keep_best(pairs, rank, np.concatenate([mine, np.zeros(len(outside), np.bool_)]))
        gone = np.flatnonzero(found.witness[: len(index.id)] >= 0)
        index.leave_out(gone, "near_duplicate")
        witness = index.id.take(pa.array(found.witness[gone])).to_pylist()
        index.witness.update(zip(gone.tolist(), witness, strict=True))
        index.similarity.update(zip(gone.tolist(), found.similarity[gone].tolist(), strict=True))
