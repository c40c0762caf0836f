"""The stage `emotion`: what each turn feels like, by the embedded tagger."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.stage import Context, Output, stage
from curation.tag.tiny import TinyTagger

TURN = pa.struct([("labels", pa.list_(pa.string())), ("probabilities", pa.list_(pa.float32()))])
EMOTION = pa.struct([("model", pa.string()), ("quality", pa.string()), ("turns", pa.list_(TURN))])
"""One entry a turn of `messages`, in order; a turn without text has null for both. `probabilities` are in the
order of the tagger's labels, `labels` those at or above their stored thresholds."""


@dataclass(frozen=True)
class EmotionSpec:
    """How turns are tagged."""

    roles: tuple[str, ...] = doc("roles whose turns are tagged", default=("user", "assistant"))


@functools.cache
def tagger() -> TinyTagger:
    """The tagger, loaded once a process."""
    return TinyTagger.load()


def _models(spec: EmotionSpec) -> Mapping[str, str]:
    return {"tiny": tagger().fingerprint}


@stage(
    "emotion",
    version=1,
    spec=EmotionSpec,
    reads=("messages",),
    writes=("emotion",),
    types={"emotion": EMOTION},
    models=_models,
    extra="tag",
    modules=("safetensors",),
)
def emotion(batch: pa.RecordBatch, spec: EmotionSpec, context: Context) -> Output:
    """Tag the turns of each record; every row is kept."""
    model = tagger()
    messages = batch.column("messages")
    turns = messages.flatten()
    wanted = pc.is_in(turns.field("role"), value_set=pa.array(list(spec.roles)))
    texts = pc.if_else(wanted, turns.field("content"), pa.scalar(None, pa.string()))
    # The same sentence stands in many conversations; each distinct one is scored once.
    coded = texts.dictionary_encode()
    scores = model.predict(coded.dictionary)
    column = _turn_array(model, scores, coded.indices)
    lists = pa.ListArray.from_arrays(_offsets(messages), column)
    size = len(batch)
    made = pa.StructArray.from_arrays(
        [pa.array([f"tiny/{model.fingerprint[:12]}"] * size), pa.array([model.quality] * size), lists],
        fields=list(EMOTION),
    )
    return Output(pa.table({"id": batch.column("id"), "emotion": made}), notes=_notes(model, column))


def _offsets(lists: pa.ListArray) -> pa.Array:
    """Offsets into `lists.flatten()`, which start at 0 whatever slice the array is."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _turn_array(model: TinyTagger, scores: np.ndarray, indices: pa.Array) -> pa.StructArray:
    size = len(model.labels)
    scored = ~np.isnan(scores).any(axis=1) if len(scores) else np.zeros(0, bool)
    above = np.zeros(scores.shape, bool)
    above[scored] = scores[scored] >= model.thresholds
    offsets = np.concatenate([[0], np.cumsum(above.sum(axis=1))]).astype(np.int32)
    names = pa.array(model.labels).take(pa.array(np.nonzero(above)[1]))
    mask = pa.array(~scored)
    labels = (
        pa.ListArray.from_arrays(pa.array(offsets), names, mask=mask) if len(scores) else pa.array([], TURN[0].type)
    )
    flat = pa.array(scores.astype(np.float32).ravel())
    bounds = pa.array(np.arange(len(scores) + 1, dtype=np.int32) * size)
    numbers = pa.ListArray.from_arrays(bounds, flat, mask=mask) if len(scores) else pa.array([], TURN[1].type)
    return pa.StructArray.from_arrays([labels.take(indices), numbers.take(indices)], fields=list(TURN))


def _notes(model: TinyTagger, column: pa.StructArray) -> dict[str, int]:
    counts = pc.value_counts(column.field("labels").flatten())
    return {c["values"]: c["counts"] for c in counts.to_pylist()}
