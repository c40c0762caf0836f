"""The stage `strategies`: what each turn does, by the heads that the project has: ESConv's eight, and MI's codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.project import Project
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Turns
from curation.tag import heads
from curation.tag.empathy import asked
from curation.tag.heads import Head

SETS = {"esconv8": "support", "mi-therapist": "counsellor", "mi-client": "client"}
"""The heads, each with the field of the column that holds what it says."""

SAID = pa.struct([("label", pa.string()), ("probability", pa.float32())])
TURN = pa.struct([(name, SAID) for name in SETS.values()])
STRATEGIES = pa.struct([("models", pa.list_(pa.string())), ("turns", pa.list_(TURN))])
"""The column `strategies`: for each of `messages` a label of the taxonomy and its probability: `support` of esconv8,
`counsellor` of mi-therapist, `client` of mi-client. Null where the turn is another side's, empty or unknown to the
head, or where there is no head; without any head the whole tag is null."""


@dataclass(frozen=True)
class StrategiesSpec:
    """Where heads lie."""

    heads: str = doc("folder of the project with the heads that curate tag fit wrote", default=heads.FOLDER)


def _models(spec: StrategiesSpec) -> Mapping[str, str]:
    return heads.fingerprints(spec.heads, tuple(SETS))


def _prepare(spec: StrategiesSpec, project: Project) -> StrategiesSpec:
    return replace(spec, heads=heads.placed(spec.heads, project))


def _trial(text: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    tag = made["strategies"]
    if tag is None:
        return {"missing": f"no head; fit one: curate tag fit {next(iter(SETS))}"}
    return {name: said for name, said in tag["turns"][0].items() if said is not None}


@stage(
    "strategies",
    version=1,
    spec=StrategiesSpec,
    reads=("messages",),
    writes=("strategies",),
    types={"strategies": STRATEGIES},
    models=_models,
    prepare=_prepare,
    trial=_trial,
    speaker="assistant",
)
def strategies(batch: pa.RecordBatch, spec: StrategiesSpec, context: Context) -> Output:
    """Label the turns; every row is kept."""
    found = {name: heads.load(spec.heads, name) for name in SETS}
    size = len(batch)
    if not any(found.values()):
        column = pa.nulls(size, STRATEGIES)
        return Output(pa.table({"id": batch.column("id"), "strategies": column}), notes={"no_head": size})
    turns = Turns.of(batch.column("messages"))
    columns = [_said(head, turns) if head else pa.nulls(len(turns.content), SAID) for head in found.values()]
    notes: Counter[str] = Counter()
    for name, column in zip(SETS.values(), columns, strict=True):
        for counted in pc.value_counts(pc.struct_field(column, "label").drop_null()).to_pylist():
            notes[f"{name}.{counted['values']}"] += counted["counts"]
    bounds = np.concatenate([[0], np.cumsum(turns.lengths)]).astype(np.int32)
    flat = pa.StructArray.from_arrays(columns, fields=list(TURN))
    made = pa.StructArray.from_arrays(
        [
            pa.array([[head.name for head in found.values() if head]] * size, pa.list_(pa.string())),
            pa.ListArray.from_arrays(pa.array(bounds), flat),
        ],
        fields=list(STRATEGIES),
    )
    return Output(pa.table({"id": batch.column("id"), "strategies": made}), notes=dict(notes))


def _said(head: Head, turns: Turns) -> pa.StructArray:
    """The label of each turn that the head reads."""
    _, which, texts = asked(turns, head.kind.role)
    found = head.probabilities(texts)
    ((name, place),) = head.answers(found).items()
    unknown = np.isnan(found).any(axis=1)
    sure = found[np.arange(len(found)), place]
    column = pa.StructArray.from_arrays(
        [
            pa.array(np.array(head.kind.questions[name])[place].tolist(), pa.string()),
            pa.array(sure, pa.float32(), from_pandas=True),
        ],
        fields=list(SAID),
        mask=pa.array(unknown),
    )
    return column.take(which)
