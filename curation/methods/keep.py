"""Of near-duplicates keep the best: greedily by rank, with a witness for every one left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.methods.components import components
from curation.methods.pairs import SAME, Pairs
from curation.methods.tokens import I64, kernel


@dataclass(frozen=True)
class Kept:
    """What is left.

    Attributes:
        kept: for each text, whether it stays.
        witness: for each that does not, the place of a text that stays, ranks better and is a near-duplicate; else -1.
        similarity: how similar the two are; 0 for those that stay.
    """

    kept: npt.NDArray[np.bool_]
    witness: I64
    similarity: npt.NDArray[np.float32]


def keep_best(pairs: Pairs, rank: I64, eligible: npt.NDArray[np.bool_] | None = None) -> Kept:
    """Go through the texts from the best rank on; keep each that is no near-duplicate of one already kept.

    Texts of the same words count as one: what is near to one of them is near to all. So it is enough if `pairs` links
    each of them to one of the others, and only that one to texts outside.

    Args:
        pairs: near-duplicates among the texts; those that do not count are not eligible rather than left out, for
            they may link others of the same set.
        rank: for each text its place in the order of preference, the smallest first; no two alike.
        eligible: for each text, whether it may be kept or be a witness; all by default.
    """
    size = len(rank)
    usable = np.ones(size, np.bool_) if eligible is None else eligible
    same = pairs.kind == SAME
    group = components(pairs.left[same], pairs.right[same], size)
    left, right = group[pairs.left[~same]], group[pairs.right[~same]]
    ends = np.concatenate([left, right])
    order = np.argsort(ends, kind="stable")
    others = np.concatenate([right, left])[order]
    weights = np.tile(pairs.similarity[~same], 2)[order]
    starts = np.searchsorted(ends[order], np.arange(size + 1))
    places = np.argsort(rank, kind="stable")
    witness = np.full(size, -1)
    similarity = np.zeros(size, np.float32)
    _greedy(places[usable[places]], group, starts, others, weights, rank, witness, similarity)
    return Kept(usable & (witness < 0), witness, similarity)


@kernel
def _greedy(
    places: Any, group: Any, starts: Any, others: Any, weights: Any, rank: Any, witness: Any, similarity: Any
) -> None:
    standing = np.full(len(group), -1)  # per group the text that stays, or the witness of all of it
    near = np.zeros(len(group), np.float32)
    stays = np.zeros(len(group), np.bool_)
    for text in places:
        g = group[text]
        if standing[g] < 0:
            for k in range(starts[g], starts[g + 1]):
                other = others[k]
                if stays[other] and (standing[g] < 0 or rank[standing[other]] < rank[standing[g]]):
                    standing[g], near[g] = standing[other], weights[k]
            if standing[g] < 0:
                standing[g], near[g], stays[g] = text, 1.0, True
                continue
        witness[text], similarity[text] = standing[g], near[g]
