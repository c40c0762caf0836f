"""The stage `empathy`: how far an answer reacts, interprets and explores, where the project has a head for it.

After EPITOME (A. Sharma and others, 2020): three mechanisms, each 0, 1 or 2. Without a head every row says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.project import Project
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Turns
from curation.tag import evidence, heads
from curation.tag.heads import Head

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
MECHANISM = pa.struct(
    [("level", pa.int8()), ("probabilities", pa.list_(pa.float32())), ("start", pa.int32()), ("end", pa.int32())]
)
TURN = pa.struct([*((name, MECHANISM) for name in MECHANISMS), ("missing", pa.string())])
EMPATHY = pa.struct([("model", pa.string()), ("quality", pa.string()), ("turns", pa.list_(TURN))])
"""The column `empathy`: for each of `messages` the level of each mechanism, 0, 1 or 2, with the probability of each
level and, from level 1 on, the span (characters `start` up to `end` of the turn) without which it falls most; or why
there is none: role, empty, unknown (the head knows no piece of the text). Without a head the whole tag is null."""


@dataclass(frozen=True)
class EmpathySpec:
    """Where heads lie."""

    heads: str = doc("folder of the project with the heads that curate tag fit wrote", default=heads.FOLDER)
    spans: bool = doc("find the words that show it; costs several times as much", default=True)


def _models(spec: EmpathySpec) -> Mapping[str, str]:
    return heads.fingerprints(spec.heads, ("empathy",))


def _prepare(spec: EmpathySpec, project: Project) -> EmpathySpec:
    return replace(spec, heads=heads.placed(spec.heads, project))


def _trial(text: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    tag = made["empathy"]
    if tag is None:
        return {"missing": "no head; fit one: curate tag fit empathy"}
    told = dict(tag["turns"][0])
    for name in MECHANISMS:
        if told[name] and told[name]["start"] is not None:
            told[name] = {**told[name], "text": text[told[name]["start"] : told[name]["end"]]}
    return {**{key: value for key, value in told.items() if value is not None}, "model": tag["model"]}


@stage(
    "empathy",
    version=1,
    spec=EmpathySpec,
    reads=("messages",),
    writes=("empathy",),
    types={"empathy": EMPATHY},
    models=_models,
    prepare=_prepare,
    trial=_trial,
    speaker="assistant",
)
def empathy(batch: pa.RecordBatch, spec: EmpathySpec, context: Context) -> Output:
    """Rate the answering side's turns; every row is kept."""
    head = heads.load(spec.heads, "empathy")
    size = len(batch)
    if head is None:
        column = pa.nulls(size, EMPATHY)
        return Output(pa.table({"id": batch.column("id"), "empathy": column}), notes={"no_head": size})
    turns = Turns.of(batch.column("messages"))
    why, which, texts = asked(turns, head.kind.role)
    found = head.probabilities(texts)
    levels = head.answers(found)
    unknown = np.asarray(np.isnan(found).any(axis=1))
    spans = _spans(head, texts, found, levels) if spec.spans else {}
    columns = [_mechanism(name, head, found, levels[name], spans, unknown).take(which) for name in MECHANISMS]
    reason = pc.if_else(pa.array(unknown), pa.scalar("unknown"), pa.scalar(None, pa.string())).take(which)
    flat = pa.StructArray.from_arrays([*columns, pc.coalesce(why, reason)], fields=list(TURN))
    bounds = np.concatenate([[0], np.cumsum(turns.lengths)]).astype(np.int32)
    made = pa.StructArray.from_arrays(
        [
            pa.array([head.name] * size, pa.string()),
            pa.array([head.quality] * size, pa.string()),
            pa.ListArray.from_arrays(pa.array(bounds), flat),
        ],
        fields=list(EMPATHY),
    )
    notes = Counter({
        f"{name}.{level}": int((pc.struct_field(column, "level").drop_null().to_numpy() == level).sum())
        for name, column in zip(MECHANISMS, columns, strict=True) for level in range(3)
    })  # fmt: skip
    return Output(pa.table({"id": batch.column("id"), "empathy": made}), notes=+notes)


def asked(turns: Turns, role: str) -> tuple[pa.StringArray, pa.Int32Array, pa.StringArray]:
    """For each turn why it is not read (null where it is) and its text's place; and the distinct texts."""
    empty = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(turns.content, "")), "")
    others = pc.fill_null(pc.not_equal(turns.role, role), True)
    why = pc.case_when(pc.make_struct(others, empty), pa.scalar("role"), pa.scalar("empty"))
    coded = pc.if_else(pc.is_null(why), turns.content, pa.scalar(None, pa.string())).dictionary_encode()
    return why, coded.indices, coded.dictionary


def _mechanism(
    name: str,
    head: Head,
    found: npt.NDArray[np.float32],
    level: npt.NDArray[np.int64],
    spans: Mapping[tuple[int, str], tuple[int, int]],
    unknown: npt.NDArray[np.bool_],
) -> pa.StructArray:
    """One mechanism of the distinct texts."""
    mask = pa.array(unknown)
    columns = head.kind.slices()[name]
    width = columns.stop - columns.start
    bounds = np.arange(len(found) + 1, dtype=np.int32) * width
    numbers = pa.array(found[:, columns].ravel(), pa.float32(), from_pandas=True)
    places = [spans.get((row, name), (None, None)) for row in range(len(found))]
    return pa.StructArray.from_arrays(
        [
            pa.array(level, pa.int8(), mask=unknown),
            pa.ListArray.from_arrays(pa.array(bounds), numbers, mask=mask) if len(found) else _NO_LIST,
            pa.array([start for start, _ in places], pa.int32()),
            pa.array([end for _, end in places], pa.int32()),
        ],
        fields=list(MECHANISM),
        mask=mask,
    )


_NO_LIST = pa.array([], pa.list_(pa.float32()))


def _spans(
    head: Head, texts: pa.StringArray, found: npt.NDArray[np.float32], levels: Mapping[str, npt.NDArray[np.int64]]
) -> dict[tuple[int, str], tuple[int, int]]:
    """By text and mechanism the words without which the chance that it is there falls most."""

    def there(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        absent = [head.kind.slices()[name].start for name in MECHANISMS]
        return (1 - probabilities[:, absent]).astype(np.float32)

    given = np.stack([levels[name] > 0 for name in MECHANISMS], axis=1)
    given &= ~np.isnan(found[:, :1])
    if not given.any():
        return {}
    spans = evidence.find(
        texts.to_pylist(),
        there(found),
        given,
        lambda variants: there(head.probabilities(pa.array(variants, pa.string()))),
        len(MECHANISMS),
    )
    return {(row, MECHANISMS[s.label]): (s.start, s.end) for row, of_text in enumerate(spans) for s in of_text}
