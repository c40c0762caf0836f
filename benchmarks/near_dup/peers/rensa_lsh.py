# /// script
# requires-python = ">=3.11"
# dependencies = ["rensa==0.5.0", "numpy==2.4.6", "pyarrow==26.0.1"]
# ///
"""rensa: R-MinHash of 128 permutations, LSH of 16 bands of 8, and a check of the signatures at .8.

The search is the one of rensa's own example; the first row of a pair stays. What was tried for speed: rensa may be
given lists instead of sets, for a repeated shingle changes no minimum (a quarter faster); signatures in one call are
faster than one by one; shingles hashed by Python instead of joined gained nothing, and shingles hashed in numpy and
handed over as one buffer were 15 % faster to sign, which reading the signatures back for the check used up again.
`--pattern` finds all words by a pattern, as one would at first; see `measure.ngrams`.
"""

import sys

from measure import main, ngrams
from rensa import RMinHash, RMinHashLSH

THRESHOLD = 0.8
PATTERN = "--pattern" in sys.argv


def work(texts, folder):
    """The rows that no earlier kept row is similar to."""
    shingles = (ngrams(text, table=not PATTERN) for text in texts)
    signatures = RMinHash.from_token_sets(shingles, num_perm=128, seed=42)
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=16)
    index.insert_pairs(enumerate(signatures))
    removed = set()
    for row, signature in enumerate(signatures):
        if row not in removed:
            for other in index.query(signature):
                if other > row and other not in removed and signature.jaccard(signatures[other]) >= THRESHOLD:
                    removed.add(other)
    return [row for row in range(len(texts)) if row not in removed]


if __name__ == "__main__":
    if PATTERN:
        sys.argv.remove("--pattern")
    main("rensa, pattern" if PATTERN else "rensa", "rensa", work)
