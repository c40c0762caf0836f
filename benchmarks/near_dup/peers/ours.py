"""Ours, as the stage `near_dup` and `curate try near_dup` do it: sketches, pairs, the exact check, the best kept.

The first row of a pair stays. Chats that are cut off (rule `containment`) are not looked for: the truth knows none.
`again` is the CPU time of a run in which a tenth of the rows is new, as a part of that of a run from nothing: every
text is looked up by its content, what is known is not sketched again, and only pairs with a new text are checked.
"""

import itertools
import os

import numpy as np
import pyarrow as pa
from measure import cpu_seconds, main

from curation.methods.components import components
from curation.methods.keep import keep_best
from curation.methods.known import Known, contents, sketch_known
from curation.methods.near import Rules, near_duplicates
from curation.methods.pairs import SAME

THREADS = int(os.environ.get("NEAR_DUP_CORES", "1"))
RULES = Rules()
NEW = 0.1


def prepare(texts):
    """One Arrow array."""
    return texts.combine_chunks()


def find(texts, known=None):
    """What a run finds, and the rows it keeps."""
    content = contents(texts, THREADS)
    sketched, places = sketch_known(texts, content, RULES, known, THREADS)
    settled = known.settled(places) if known else None
    pairs = near_duplicates(sketched, lambda p: texts.take(pa.array(p)), RULES, settled=settled, threads=THREADS)
    return Known(content, sketched, pairs), np.flatnonzero(keep_best(pairs, np.arange(len(texts))).kept)


def work(texts, folder):
    """A run from nothing; the first texts of the warm-up are known in a second one."""
    if len(texts) < 1000:
        find(texts, find(texts[: len(texts) // 2])[0])
    return find(texts)


def after(texts, result, full):
    """Every pair, and the time of the run with a tenth of new rows; that it finds the same is checked, too."""
    found, kept = result
    known, _ = find(texts[: round(len(texts) * (1 - NEW))])
    start = cpu_seconds()
    again, stay = find(texts, known)
    again_s = cpu_seconds() - start
    same = all((getattr(again.pairs, c) == getattr(found.pairs, c)).all() for c in ("left", "right", "similarity"))
    assert same and (stay == kept).all()
    return {"kept": kept, "pairs": every(found.pairs, len(texts)), "again": round(again_s / full, 4)}


def every(pairs, size):
    """All pairs of rows that the stars of equal texts stand for."""
    stars = pairs.kind == SAME
    group = components(pairs.left[stars], pairs.right[stars], size)
    order = np.argsort(group, kind="stable")
    heads, starts = np.unique(group[order], return_index=True)
    members = dict(zip(heads.tolist(), np.split(order, starts[1:]), strict=True))
    out = [list(itertools.combinations(m.tolist(), 2)) for m in members.values() if len(m) > 1]
    near = zip(group[pairs.left[~stars]].tolist(), group[pairs.right[~stars]].tolist(), strict=True)
    out += [list(itertools.product(members[a].tolist(), members[b].tolist())) for a, b in near]
    return np.array([pair for some in out for pair in some], np.int64).reshape(-1, 2)


if __name__ == "__main__":
    main("ours", "curation", work, prepare, after)
