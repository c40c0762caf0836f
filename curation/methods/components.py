"""The connected components of a graph, by union-find over arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from curation.methods.tokens import I64, kernel


def components(left: I64, right: I64, size: int) -> I64:
    """The smallest member of the connected component of each of `size` nodes."""
    parent = np.arange(size)
    _join(parent, left, right)
    return parent


@kernel
def _join(parent: Any, left: Any, right: Any) -> None:
    for k in range(len(left)):
        u, v = _root(parent, left[k]), _root(parent, right[k])
        if u != v:
            parent[max(u, v)] = min(u, v)
    for i in range(len(parent)):
        parent[i] = _root(parent, i)


@kernel
def _root(parent: Any, node: Any) -> Any:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
