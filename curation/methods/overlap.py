"""Which training texts give away a test item: the n-gram rule of Tülu 3, exact.

Lambert et al. 2024, "Tülu 3: Pushing Frontiers in Open Language Model Post-Training": a test item is given away by a
training text if more than half of its tokens lie in 8-grams that both have. There a search index answers, which may
stop early; here every n-gram is looked up. A paraphrase escapes this rule, as it escapes every rule about n-grams.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.tokens import I64, U64, Texts, characters, grams, kernel, words

N = 8
SHARE = 0.5


@dataclass(frozen=True)
class Items:
    """Test items as their n-grams.

    Attributes:
        keys: distinct n-grams, sorted.
        starts: n-gram k stands at `places[starts[k]:starts[k + 1]]`.
        places: item in the upper 32 bits, position of the first word in the lower.
        lengths: words of each item. One of fewer than n words is given away by a text of just these words.
        n: words in an n-gram.
    """

    keys: U64
    starts: I64
    places: I64
    lengths: I64
    n: int


@dataclass(frozen=True)
class Overlaps:
    """What training texts give away.

    Attributes:
        item: for each text the item it gives away most of, or -1.
        share: for each text the share of that item's words.
        given: say for each item whether a text gives it away, be it that text's most or not.
    """

    item: I64
    share: npt.NDArray[np.float32]
    given: npt.NDArray[np.bool_]


def split(items: pa.Array, n: int = N) -> tuple[U64, I64]:
    """Take test items apart.

    Args:
        items: strings, one an item.
        n: words in an n-gram.

    Returns:
        The n-grams of all items in reading order, and the words of each item. An item of w words has w - n + 1
        n-grams; one of fewer than n words has a single one, of all its words.
    """
    given = Texts.of(items)
    keys, lengths = _take_apart(given.data, given.bounds, n, *characters())
    return keys, lengths


def index(keys: U64, lengths: I64, n: int = N) -> Items:
    """Make n-grams, as `split` gives them, ready to be looked up."""
    counts = runs(lengths, n)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    places = (np.repeat(np.arange(len(lengths)), counts) << 32) | (np.arange(len(keys)) - first)
    order = np.argsort(keys, kind="stable")
    distinct, starts = np.unique(keys[order], return_index=True)
    return Items(distinct, np.append(starts, len(keys)), places[order], lengths, n)


def runs(lengths: I64, n: int) -> I64:
    """How many n-grams items of so many words have."""
    return np.maximum(lengths - n + 1, np.minimum(lengths, 1))


def overlaps(texts: pa.Array, items: Items, share: float = SHARE) -> Overlaps:
    """Look every n-gram of the training texts up in the test items.

    Args:
        texts: strings: of a conversation what the user says.
        items: from `index`.
        share: an item counts when more than this part of its words is covered by one text.
    """
    given = Texts.of(texts)
    found = Overlaps(np.full(len(given), -1), np.zeros(len(given), np.float32), np.zeros(len(items.lengths), np.bool_))
    if len(items.keys):
        kinds, lower = characters()
        bits = max(10, len(items.keys).bit_length() + 3)
        seen = np.zeros(1 << bits, np.bool_)
        seen[items.keys >> np.uint64(64 - bits)] = True
        _look_up(
            given.data,
            given.bounds,
            kinds,
            lower,
            items.keys,
            items.starts,
            items.places,
            items.lengths,
            items.n,
            seen,
            np.uint64(64 - bits),
            share,
            found.item,
            found.share,
            found.given,
        )
    return found


@kernel
def _take_apart(data: Any, bounds: Any, n: Any, kinds: Any, lower: Any) -> Any:
    keys = np.empty(bounds[-1] - bounds[0] + len(bounds), np.uint64)
    lengths = np.zeros(len(bounds) - 1, np.int64)
    hashes = np.empty(len(keys), np.uint64)
    used = 0
    for i in range(len(bounds) - 1):
        count = words(data, bounds[i], bounds[i + 1], kinds, lower, hashes)
        lengths[i] = count
        used += grams(hashes, count, n, keys[used:])
    return keys[:used], lengths


@kernel
def _look_up(
    data: Any,
    bounds: Any,
    kinds: Any,
    lower: Any,
    keys: Any,
    starts: Any,
    places: Any,
    lengths: Any,
    n: Any,
    seen: Any,
    shift: Any,
    share: Any,
    out_item: Any,
    out_share: Any,
    out_given: Any,
) -> None:
    longest = 0
    for i in range(len(bounds) - 1):
        longest = max(longest, bounds[i + 1] - bounds[i])
    hashes = np.empty(longest + 1, np.uint64)
    shingles = np.empty(longest + 1, np.uint64)
    hits = np.empty(1024, np.int64)
    for i in range(len(bounds) - 1):
        count = words(data, bounds[i], bounds[i + 1], kinds, lower, hashes)
        # An n-gram that the text repeats covers nothing new.
        made = np.unique(shingles[: grams(hashes, count, n, shingles)])
        used = 0
        for gram in made:
            if not seen[gram >> shift]:
                continue
            k = np.searchsorted(keys, gram)
            if k == len(keys) or keys[k] != gram:
                continue
            while used + starts[k + 1] - starts[k] > len(hits):
                grown = np.empty(2 * len(hits), np.int64)
                grown[:used] = hits[:used]
                hits = grown
            hits[used : used + starts[k + 1] - starts[k]] = places[starts[k] : starts[k + 1]]
            used += starts[k + 1] - starts[k]
        hits[:used] = np.sort(hits[:used])
        _cover(hits[:used], lengths, n, share, i, out_item, out_share, out_given)


@kernel
def _cover(
    hits: Any, lengths: Any, n: Any, share: Any, text: Any, out_item: Any, out_share: Any, out_given: Any
) -> None:
    """Of the items that one text touches, note those of which enough is covered, and the one of which most is."""
    k = 0
    while k < len(hits):
        item = hits[k] >> 32
        covered = 0
        reached = np.int64(0)
        while k < len(hits) and hits[k] >> 32 == item:
            first = hits[k] & 0xFFFFFFFF
            last = min(first + n, lengths[item])
            covered += max(np.int64(0), last - max(first, reached))
            reached = max(reached, last)
            k += 1
        part = covered / lengths[item]
        if part > share:
            out_given[item] = True
            # As it is stored: of two items that are covered alike the first is named.
            if np.float32(part) > out_share[text]:
                out_item[text], out_share[text] = item, part
