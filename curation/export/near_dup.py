"""Of near-duplicates that a mix could take, the best stays: from what the cleaning published about pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.duplicate import pairs_of
from curation.methods.keep import keep_best

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def surplus(
    ids: pa.Array, duplicate: pa.Array, voice: pa.Array, selected: Flags, preference: Ints
) -> tuple[Ints, Ints, npt.NDArray[np.float32]]:
    """The selected rows that are near-duplicates of a preferred one that stays, in the same voice.

    Rows that are not selected are no witnesses: a mix never loses a text because its near-duplicate stands in a
    source, or is of a kind, that the mix does not take. Yet they may link two rows that it does take, for of rows of
    the same words only the first one names others.

    Args:
        ids: string (n,), the rows of the mix.
        duplicate: struct (n,), what the stage `near_dup` says of them; null where it did not look.
        voice: string (n,), the personas.
        selected: bool (n,), the rows that the mix could take.
        preference: int64 (n,), their places in the order of preference.

    Returns:
        The rows that go, the row that stays in the place of each, and how similar the two are.
    """
    size = len(ids)
    pairs, outside = pairs_of(pc.struct_field(duplicate, "near"), ids)
    rank = np.concatenate([preference, size + np.arange(len(outside))])
    witness, similarity = np.full(size, -1), np.zeros(size, np.float32)
    voices = voice.dictionary_encode()
    for number in range(len(voices.dictionary)) if len(pairs.left) else ():
        mine = selected & (voices.indices.to_numpy() == number)
        found = keep_best(pairs, rank, np.concatenate([mine, np.zeros(len(outside), np.bool_)]))
        gone = np.flatnonzero(found.witness >= 0)
        witness[gone], similarity[gone] = found.witness[gone], found.similarity[gone]
    gone = np.flatnonzero(witness >= 0)
    return gone, witness[gone], similarity[gone]
