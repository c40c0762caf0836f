"""What the tag of a turn holds, as Arrow: probabilities, labels, groups, evidence, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.tag.evidence import Evidence
from curation.tag.groups import ekman, ekman_labels, intensity, labels, valence
from curation.tag.scored import Scored, Tagger

SPAN = pa.struct([("label", pa.string()), ("start", pa.int32()), ("end", pa.int32()), ("drop", pa.float32())])
EKMAN = pa.struct(
    [(name, pa.float32()) for name in ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")]
)
TURN = pa.struct(
    [
        ("labels", pa.list_(pa.string())),
        ("probabilities", pa.list_(pa.float32())),
        ("ekman7", EKMAN),
        ("valence", pa.float32()),
        ("intensity", pa.float32()),
        ("evidence", pa.list_(SPAN)),
        ("windows", pa.int32()),
        ("missing", pa.string()),
    ]
)
"""The tag of one turn; all but `missing` are null where nothing can be said, and `missing` says why.

`labels` are those at or above the model's thresholds: several, one, or none. `probabilities` are in the order of the
taxonomy goemotions28, null for a label that the model does not have. `ekman7` is the largest probability in each of
Ekman's groups, `valence` in [-1, 1], `intensity` in [0, 1] a proxy. `evidence` are the spans that speak most for the
labels, in code points of the turn, with the fall of the label's probability without them. `windows` is into how many
pieces a long turn was cut to be read.

`missing` is one of: role (turns of this role are not tagged), empty (no text), language (the model was not made for
it), unknown (the model knows no piece of the text), not_a_number (what the model gave).
"""


def turn_array(
    tagger: Tagger,
    scored: Scored,
    given: npt.NDArray[np.bool_],
    spans: Sequence[Sequence[Evidence]],
    which: pa.Int32Array,
    why: pa.StringArray,
) -> pa.StructArray:
    """The tags of all turns of a batch.

    Args:
        tagger: what scored.
        scored: of the n distinct texts.
        given: bool (n, 28), labels at or above their thresholds.
        spans: n lists of evidence.
        which: for each turn its text; null where it was not scored.
        why: for each turn why it was not scored; null where it was.
    """
    known = (scored.windows > 0) & ~scored.failed
    of_text = pa.array(np.select([scored.failed, scored.windows == 0], ["not_a_number", "unknown"], ""))
    mask = pa.array(~known)
    names = pa.array(labels()).take(pa.array(np.nonzero(given[known])[1]))
    groups = ekman(scored.probabilities) if len(known) else np.zeros((0, len(EKMAN)), np.float32)
    columns = [
        _lists(given.sum(axis=1) * known, names, mask),
        _lists(np.full(len(known), len(labels())) * known, _numbers(scored.probabilities[known].ravel()), mask),
        pa.StructArray.from_arrays(
            [_numbers(groups[:, ekman_labels().index(field.name)]) for field in EKMAN], fields=list(EKMAN), mask=mask
        ),
        _numbers(valence(scored.probabilities)),
        _numbers(intensity(scored.probabilities, tagger.most_neutral)),
        _spans(spans, mask),
        pa.array(scored.windows, pa.int32(), mask=~known),
        pc.if_else(pc.equal(of_text, ""), pa.scalar(None, pa.string()), of_text),
    ]
    of_turn = [column.take(which) for column in columns]
    of_turn[-1] = pc.coalesce(why, of_turn[-1])
    return pa.StructArray.from_arrays(of_turn, fields=list(TURN))


def _numbers(values: npt.NDArray[np.float32]) -> pa.FloatArray:
    """NaN as null."""
    return pa.array(values, pa.float32(), from_pandas=True)


def _lists(lengths: npt.NDArray[np.int64], values: pa.Array, mask: pa.BooleanArray) -> pa.ListArray:
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    if not len(mask):
        return pa.array([], pa.list_(values.type))
    return pa.ListArray.from_arrays(pa.array(bounds), values, mask=mask)


def _spans(spans: Sequence[Sequence[Evidence]], mask: pa.BooleanArray) -> pa.ListArray:
    flat = [span for of_text in spans for span in of_text]
    values = pa.StructArray.from_arrays(
        [
            pa.array([labels()[span.label] for span in flat], pa.string()),
            pa.array([span.start for span in flat], pa.int32()),
            pa.array([span.end for span in flat], pa.int32()),
            pa.array([span.drop for span in flat], pa.float32()),
        ],
        fields=list(SPAN),
    )
    return _lists(np.array([len(of_text) for of_text in spans], np.int64), values, mask)
