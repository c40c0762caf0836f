"""The stage `emotion`: what each turn feels like, by the model that the project chooses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.project import Project
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Turns
from curation.tag import evidence, taggers
from curation.tag.groups import labels
from curation.tag.scored import Scored, Tagger
from curation.tag.turns import TURN, turn_array

EMOTION = pa.struct([("model", pa.string()), ("quality", pa.string()), ("turns", pa.list_(TURN))])
"""`turns` has one entry for each of `messages`, in order; see `turns.TURN`."""


@dataclass(frozen=True)
class EmotionSpec:
    """How turns are tagged."""

    model: str = doc(
        "'embedded', 'embedded-linear' (five times as fast, a little less able), a folder with a checkpoint, or "
        "'owner/name@revision' of one in the local cache",
        default=taggers.EMBEDDED,
    )
    roles: tuple[str, ...] = doc("roles whose turns are tagged", default=("user", "assistant"))
    evidence: int = doc("spans a turn that show why it has its labels; 0: none, and several times as fast", default=2)
    precision: Literal["auto", "float32"] = doc(
        "of a checkpoint: 'auto' computes in bf16 where the device does so natively; scores then differ by up to .02",
        default="auto",
    )
    labels: Mapping[str, str] = doc(
        "of a checkpoint with other labels than GoEmotions': which emotion each of them stands for",
        default_factory=dict,
    )
    activation: Literal["auto", "sigmoid", "softmax"] = doc(
        "of a checkpoint that does not say whether a text has several labels (sigmoid) or one (softmax)", default="auto"
    )

    def __post_init__(self) -> None:
        """Check the range."""
        if self.evidence < 0:
            raise ValueError("'evidence' must be at least 0")


def _load(spec: EmotionSpec) -> Tagger:
    return taggers.load(spec.model, spec.labels, spec.activation, spec.precision)


def _models(spec: EmotionSpec) -> Mapping[str, str]:
    return {spec.model: taggers.identity(spec.model)}


def _prepare(spec: EmotionSpec, project: Project) -> EmotionSpec:
    return replace(spec, model=taggers.placed(spec.model, project))


def _trial(text: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tag of one text, with the words of its evidence and the names of its probabilities."""
    tag = made["emotion"]
    told = {key: value for key, value in tag["turns"][0].items() if value is not None}
    if told.get("probabilities"):
        pairs = zip(labels(), told["probabilities"], strict=True)
        told["probabilities"] = {label: round(p, 4) for label, p in pairs if p is not None}
    if "evidence" in told:
        told["evidence"] = [{**span, "text": text[span["start"] : span["end"]]} for span in told["evidence"]]
    return {**told, "model": tag["model"], "quality": tag["quality"]}


@stage(
    "emotion",
    version=2,
    spec=EmotionSpec,
    reads=("messages", "language"),
    writes=("emotion",),
    types={"emotion": EMOTION},
    libraries=("tokenizers",),
    models=_models,
    extra="tag",
    modules=("safetensors", "tokenizers"),
    prepare=_prepare,
    trial=_trial,
)
def emotion(batch: pa.RecordBatch, spec: EmotionSpec, context: Context) -> Output:
    """Tag the turns of each record; every row is kept."""
    tagger = _load(spec)
    turns = Turns.of(batch.column("messages"))
    why = _not_asked(turns, batch.column("language"), spec, tagger)
    # The same sentence stands in many conversations; each distinct one is scored once.
    coded = pc.if_else(pc.is_null(why), turns.content, pa.scalar(None, pa.string())).dictionary_encode()
    texts = coded.dictionary
    scored = tagger.score(texts)
    given = scored.probabilities >= tagger.thresholds
    spans = _evidence(texts, scored, given, tagger, spec.evidence)
    column = turn_array(tagger, scored, given, spans, coded.indices, why)
    bounds = np.concatenate([[0], np.cumsum(turns.lengths)]).astype(np.int32)
    size = len(batch)
    made = pa.StructArray.from_arrays(
        [
            pa.array([tagger.name] * size, pa.string()),
            pa.array([tagger.quality] * size, pa.string()),
            pa.ListArray.from_arrays(pa.array(bounds), column),
        ],
        fields=list(EMOTION),
    )
    kept = pa.table({"id": batch.column("id"), "emotion": made})
    return Output(kept, notes=_notes(column, scored, coded.indices))


def _not_asked(turns: Turns, language: pa.Array, spec: EmotionSpec, tagger: Tagger) -> pa.StringArray:
    """For each turn why it is not scored, null where it is."""
    empty = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(turns.content, "")), "")
    wanted = pc.fill_null(pc.is_in(turns.role, value_set=pa.array(list(spec.roles), pa.string())), False)
    spoken = language.take(pa.array(turns.rows))
    # A language that could not be told is no reason to say nothing; `quality` says what the model was made for.
    foreign = (
        pa.array(np.zeros(len(spoken), bool))
        if tagger.languages is None
        else pc.invert(pc.fill_null(pc.is_in(spoken, value_set=pa.array([*tagger.languages, None])), True))
    )
    cases = pc.make_struct(pc.invert(wanted), empty, foreign)
    return pc.case_when(cases, *(pa.scalar(reason) for reason in ("role", "empty", "language")))


def _evidence(
    texts: pa.StringArray, scored: Scored, given: npt.NDArray[np.bool_], tagger: Tagger, most: int
) -> list[list[evidence.Evidence]]:
    """Spans for each text that has an emotion; being neutral shows in no word."""
    shown = given.copy()
    shown[:, tagger.labels.index("neutral")] = False
    if not most or not shown.any():
        return [[] for _ in range(len(texts))]

    def score(variants: list[str]) -> npt.NDArray[np.float32]:
        return tagger.score(pa.array(variants, pa.string())).probabilities

    return evidence.find(texts.to_pylist(), scored.probabilities, shown, score, most)


def _notes(column: pa.StructArray, scored: Scored, which: pa.Int32Array) -> dict[str, int]:
    """Turns by label, by reason without a tag, and those that were read in windows or not to their end."""
    notes: Counter[str] = Counter()
    for counts in (pc.value_counts(column.field("labels").flatten()), pc.value_counts(column.field("missing"))):
        for count in counts.to_pylist():
            if count["values"] is not None:
                notes[count["values"]] += count["counts"]
    rows = which.drop_null().to_numpy()
    notes["read_in_windows"] = int((scored.windows > 1)[rows].sum())
    notes["not_read_to_the_end"] = int(scored.cut[rows].sum())
    return dict(notes)
