# /// script
# requires-python = ">=3.11"
# dependencies = ["daft==0.7.26", "numpy==2.4.6", "pyarrow==25.0.1"]
# ///
"""Daft: its minhash expression, 128 hashes of word 5-grams; the bands and the check of the signatures in numpy.

Daft has no search, so this one is ours: rows are sorted by each of 16 bands of 8, and a row whose signature agrees in
.8 with the first row of its bucket goes.
"""

import daft
import numpy as np
from daft.functions import lower, minhash, regexp_replace
from measure import main

BANDS, ROWS, THRESHOLD = 16, 8, 0.8


def prepare(texts):
    """A data frame in memory."""
    return daft.from_pydict({"text": texts.combine_chunks()}).collect()


def work(frame, folder):
    """The rows that are similar to no first row of a bucket of theirs."""
    words = regexp_replace(lower(frame["text"]), r"\W+", " ")
    column = frame.select(
        minhash(words, num_hashes=BANDS * ROWS, ngram_size=5, hash_function="xxhash").alias("signature")
    )
    signatures = np.asarray(column.to_arrow()["signature"].combine_chunks().flatten()).reshape(-1, BANDS * ROWS)
    removed = np.zeros(len(signatures), bool)
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        _, first, bucket = np.unique(part.view(f"V{4 * ROWS}").ravel(), return_index=True, return_inverse=True)
        rows = np.flatnonzero(first[bucket] != np.arange(len(bucket)))
        alike = (signatures[rows] == signatures[first[bucket[rows]]]).mean(axis=1) >= THRESHOLD
        removed[rows[alike]] = True
    return np.flatnonzero(~removed)


if __name__ == "__main__":
    main("Daft", "daft", work, prepare)
