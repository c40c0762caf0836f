"""Train or validation, for every row: by a keyed hash, and never two sides for what belongs together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import keyed


def held_out(
    key: bytes, ids: pa.Array, groups: pa.Array, texts: pa.Array, near: pa.Array, validation: float
) -> npt.NDArray[np.bool_]:
    """Which rows are held out for validation.

    Rows that share a group, a text or a cluster of near-duplicates, directly or over other rows, belong together and
    fall on one side. Every
    group has a side of its own, a hash under the project key; a cluster is held out only where all its groups
    are. So rows that are added never move a row out of training, and move one into training only where they
    join its group with one that is trained. The sides depend on no recipe: what one mix of a project holds out,
    no other mix trains on.

    Args:
        key: the project key.
        ids: string (n,), the record ids.
        groups: string (n,), null where a row has no group.
        texts: string (n,), digests of the rows' texts, null where there is none.
        near: string (n,), names of clusters of near-duplicates, null where a row has none.
        validation: share of the groups to hold out, from 0 to below 1.

    Returns:
        bool (n,), true for validation.
    """
    own = pc.coalesce(
        pc.binary_join_element_wise("group", groups, "\x00"),
        pc.binary_join_element_wise("text", texts, "\x00"),
        pc.binary_join_element_wise("row", ids, "\x00"),
    ).dictionary_encode()
    token = own.indices.to_numpy(zero_copy_only=False)
    limit = int(validation * 2**64)
    out = np.array([int(keyed(key, "split", t)[:16], 16) < limit for t in own.dictionary.to_pylist()], np.bool_)
    links = [_links(token, shared) for shared in (texts, near)]
    cluster = _clusters(len(out), links[0][0] + links[1][0], links[0][1] + links[1][1])
    whole = np.ones(len(out), np.bool_)
    np.logical_and.at(whole, cluster, out)
    return whole[cluster[token]] if len(token) else np.zeros(0, np.bool_)


def _links(token: npt.NDArray[np.int64], texts: pa.Array) -> tuple[list[int], list[int]]:
    """Pairs of tokens that a text, or a cluster, joins."""
    code = pc.fill_null(texts.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    order = np.lexsort((token, code))
    left, right = order[:-1], order[1:]
    joined = (code[left] == code[right]) & (code[left] >= 0) & (token[left] != token[right])
    return token[left[joined]].tolist(), token[right[joined]].tolist()


def _clusters(size: int, left: list[int], right: list[int]) -> npt.NDArray[np.int64]:
    """The cluster of each of `size` tokens, by union-find over pairs."""
    parent = list(range(size))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in zip(left, right, strict=True):
        parent[root(a)] = root(b)
    return np.fromiter((root(node) for node in range(size)), np.int64, size)
