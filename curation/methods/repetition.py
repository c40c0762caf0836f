"""How much of a text says again what it said before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.methods.pairs import sets


def repeated(texts: pa.Array, n: int, least: int) -> npt.NDArray[np.float64]:
    """The share of each text's n-grams that stood in it before.

    Args:
        texts: strings.
        n: words in an n-gram.
        least: texts of fewer words get 0: a short one repeats itself by chance.
    """
    found = sets(texts, n)
    total = np.diff(np.append(found.starts, len(found.grams)))
    long = total + n - 1 >= max(least, n)
    return np.where(long, 1 - found.sizes / np.maximum(total, 1), 0.0)
