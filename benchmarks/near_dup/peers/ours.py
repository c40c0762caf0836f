"""Ours, as the stage `near_dup` and `curate try near_dup` do it: sketches, pairs, the exact check, the best kept.

The first row of a pair stays. Chats that are cut off (rule `containment`) are not looked for, for the truth knows none.
`again` is the CPU time of a second run as a part of the first one's, where a tenth of the rows is new: every text is
looked up by its content, and only pairs with a new text are checked.
"""

import os

import numpy as np
import pyarrow as pa
from measure import cpu_seconds, main

from curation.methods.keep import keep_best
from curation.methods.known import Known, contents
from curation.methods.near import Rules, near_duplicates, sketch_known

THREADS = int(os.environ.get("NEAR_DUP_CORES", "1"))
RULES = Rules()


def prepare(texts):
    """One Arrow array."""
    return texts.combine_chunks()


def find(texts, known=None):
    """What a run finds, and the places of the rows it keeps."""
    content = contents(texts, THREADS)
    sketched = sketch_known(texts, content, RULES, known, THREADS)
    pairs = near_duplicates(
        sketched, lambda places: texts.take(pa.array(places)), RULES, known=known, threads=THREADS
    )
    return Known(content, sketched, pairs), np.flatnonzero(keep_best(pairs, np.arange(len(texts))).kept)


def work(texts, folder):
    """The rows kept and the pairs found; how much of its time a run with a tenth of new rows takes."""
    start = cpu_seconds()
    found, kept = find(texts)
    full = cpu_seconds() - start
    pairs = _all(found.pairs, len(texts))
    if len(texts) < 1000 or THREADS > 1:
        return {"kept": kept, "pairs": pairs}
