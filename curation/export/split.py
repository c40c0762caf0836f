"""Train, validation or test, for every row: by a keyed hash, and never two sides for what belongs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import keyed_numbers
from curation.export.asked import Splits
from curation.methods.components import components

Ints = npt.NDArray[np.int64]

SIDES = ("train", "validation", "test")
TRAIN = 0


@dataclass(frozen=True)
class Sides:
    """On which side each of n rows is.

    Attributes:
        of: int64 (n,), place in `SIDES`.
        joined: bool (n,), rows whose own group is held out, and that are trained all the same: something they share
            with a group that is not held out joins the two.
    """

    of: Ints
    joined: npt.NDArray[np.bool_]


def sides(key: bytes, ids: pa.Array, shared: Sequence[pa.Array], splits: Splits) -> Sides:
    """The side of every row.

    Rows that share a group, a prompt, a text or a cluster of near-duplicates, directly or over other rows, belong
    together and fall on one side. Every group has a side of its own, a hash under the project key; what is joined is
    held out only where all its groups are on that side, else it is trained. So rows that are added never move a row
    out of training, and move one into training only where they join its group with one of another side. The hash
    depends on no recipe: with equal shares, what one mix of a project holds out, no other mix trains on.

    Args:
        key: the project key.
        ids: string (n,), the record ids.
        shared: strings (n,), what rows may share, null where a row has nothing of the kind; the first that a row has
            gives the group whose hash decides: source group, prompt, text; then cluster.
        splits: the shares to hold out.
    """
    names = [pc.binary_join_element_wise(str(n), values, "\x00") for n, values in enumerate(shared[:-1])]
    own = pc.coalesce(*names, pc.binary_join_element_wise("row", ids, "\x00")).dictionary_encode()
    token = own.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    place = keyed_numbers(key, "split", own.dictionary.to_pylist())[:, 0] / 2**64
    side = np.where(place < splits.validation, 1, np.where(place < splits.validation + splits.test, 2, TRAIN))
    left, right = (np.concatenate(ends) for ends in zip(*(_links(token, s) for s in shared), strict=True))
    cluster = components(left, right, len(side))
    low, high = np.full(len(side), len(SIDES)), np.full(len(side), -1)
    np.minimum.at(low, cluster, side)
    np.maximum.at(high, cluster, side)
    whole = np.where(low == high, low, TRAIN)
    found = whole[cluster[token]] if len(token) else np.zeros(0, np.int64)
    return Sides(found, (found == TRAIN) & (side[token] != TRAIN) if len(token) else np.zeros(0, np.bool_))


def leakage(of: Ints, taken: Ints, shared: Mapping[str, pa.Array]) -> dict[str, int]:
    """How many of the rows taken that are held out share something with a row taken that is trained.

    Args:
        of: int64 (n,), the side of every row.
        taken: places of the rows that are in the mix.
        shared: by name strings (n,), what rows may share, null where a row has nothing of the kind.
    """
    train, held = taken[of[taken] == TRAIN], taken[of[taken] != TRAIN]
    found = {}
    for name, values in shared.items():
        known = values.take(pa.array(train)).drop_null()
        mine = values.take(pa.array(held)).drop_null()
        found[name] = int(pc.sum(pc.is_in(mine, value_set=known)).as_py() or 0)
    return found


def _links(token: Ints, shared: pa.Array) -> tuple[Ints, Ints]:
    """Pairs of tokens that something shared joins."""
    code = pc.fill_null(shared.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    order = np.lexsort((token, code))
    left, right = order[:-1], order[1:]
    joined = (code[left] == code[right]) & (code[left] >= 0) & (token[left] != token[right])
    return token[left[joined]], token[right[joined]]
