"""Of near-duplicates that a mix could take, the best stays: from what the cleaning published about pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.duplicate import pairs_of
from curation.methods.keep import keep_best

if TYPE_CHECKING:
    from curation.export.mix import Index, Ints


def fold(index: Index, preference: Ints) -> None:
    """Leave out every selected row that is a near-duplicate of a preferred one that stays, in the same voice.

    Rows that are left out for another reason are no witnesses: a mix never loses a text because its near-duplicate
    stands in a source, or is of a kind, that the mix does not take. Yet they may link two rows that it does take, for
    of rows of the same words only the first one names others.

    Args:
        index: the rows of the mix.
        preference: for each row its place in the order of preference.
    """
    size = len(index.id)
    pairs, outside = pairs_of(pc.struct_field(index.near, "near"), index.id)
    if not len(pairs.left):
        return
    rank = np.concatenate([preference, size + np.arange(len(outside))])
    voices = index.persona.dictionary_encode()
    for voice in range(len(voices.dictionary)):
        mine = index.selected & (voices.indices.to_numpy() == voice)
        found = keep_best(pairs, rank, np.concatenate([mine, np.zeros(len(outside), np.bool_)]))
        gone = np.flatnonzero(found.witness >= 0)
        index.leave_out(gone, "near_duplicate")
        witness = index.id.take(pa.array(found.witness[gone])).to_pylist()
        index.witness.update(zip(gone.tolist(), witness, strict=True))
        index.similarity.update(zip(gone.tolist(), found.similarity[gone].tolist(), strict=True))
    _pass_on(index)


def _pass_on(index: Index) -> None:
    """Twins of a row that has just been left out name what stays in its place."""
    ids = index.id.take(pa.array(sorted(index.similarity), pa.int64())).to_pylist()
    gone = dict(zip(ids, sorted(index.similarity), strict=True))
    for twin, name in list(index.witness.items()):
        if twin not in index.similarity and name in gone:
            index.witness[twin], index.similarity[twin] = index.witness[gone[name]], index.similarity[gone[name]]
            index.leave_out(np.array([twin]), "near_duplicate")
