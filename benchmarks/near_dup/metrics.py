"""How good a choice of rows is, measured against the exact pairs of a corpus."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def of_kept(pairs: np.ndarray, kept: np.ndarray, rows: int) -> dict[str, float]:
    """Judge the rows that an engine keeps.

    Args:
        pairs: All similar pairs, shape (pairs, 2), row numbers.
        kept: Row numbers that the engine keeps.
        rows: Rows of the corpus. A group is what pairs connect; a row without a pair is a group of one.

    Returns:
        `recall`: the part of the removals needed for one row a group that were made. `strict`: the part of the removed
        rows that are similar to a kept one. `transitive`: the part of the removed rows whose group keeps one. `lost`:
        groups that keep none. `residual`: similar pairs both of which are kept.
    """
    stays = np.zeros(rows, bool)
    stays[kept] = True
    count, group = groups(pairs, rows)
    left = np.bincount(group[stays], minlength=count)
    near_kept = np.zeros(rows, bool)
    near_kept[pairs[stays[pairs[:, 1]], 0]] = True
    near_kept[pairs[stays[pairs[:, 0]], 1]] = True
    removed = max(int((~stays).sum()), 1)
    return {
        "recall": 1 - float(np.maximum(left - 1, 0).sum()) / max(rows - count, 1),
        "strict": float((near_kept & ~stays).sum()) / removed,
        "transitive": float((left[group[~stays]] > 0).sum()) / removed,
        "lost": int((left == 0).sum()),
        "residual": int(stays[pairs].all(axis=1).sum()),
    }


def of_pairs(pairs: np.ndarray, found: np.ndarray, rows: int) -> tuple[float, float]:
    """Part of all similar pairs that an engine found, and part of its pairs that are similar."""
    wanted, given = (np.unique(np.sort(p, axis=1).astype(np.int64) @ np.array([rows, 1])) for p in (pairs, found))
    both = len(np.intersect1d(wanted, given, assume_unique=True))
    return both / max(len(wanted), 1), both / max(len(given), 1)


def check() -> None:
    """Eight rows judged by hand: a chain of three, two pairs, one row alone."""
    pairs = np.array([[0, 1], [1, 2], [3, 4], [5, 6]])
    good = of_kept(pairs, np.array([0, 2, 3, 4]), 8)  # 1 rightly gone, one of 3 and 4 too many, 5, 6 and 7 lost
    wanted = {"recall": 1 - 2 / 4, "strict": 1 / 4, "transitive": 1 / 4, "lost": 2, "residual": 1}
    chain = of_kept(pairs, np.array([0, 3, 5, 7]), 8)  # 2 is gone for 0, which is like 1 alone
    if good != wanted or (chain["strict"], chain["transitive"], chain["recall"], chain["lost"]) != (3 / 4, 1, 1, 0):
        raise AssertionError(f"{good}, {chain}")
    if of_pairs(pairs, np.array([[1, 0], [1, 2], [0, 2], [0, 1], [5, 6]]), 8) != (3 / 4, 3 / 4):
        raise AssertionError("the judgement of pairs")


def groups(pairs: np.ndarray, rows: int) -> tuple[int, np.ndarray]:
    """How many groups there are, and the group of each row."""
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    return connected_components(links, directed=False)
