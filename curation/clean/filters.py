"""Leave out conversations that would teach something wrong, each for one named reason with a threshold of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curation.clean.measures import MEASURES, Conversation
from curation.core.declare import doc
from curation.core.records import as_dropped
from curation.core.stage import Context, Output, stage

MEASURED = pa.struct([pa.field(name, pa.float32()) for name in MEASURES])
_READS = ("kind", "persona", "language", "label", "messages", "chosen", "rejected")


@dataclass(frozen=True)
class FiltersSpec:
    """Above which measure a record is left out. A threshold of -1 switches a filter off."""

    languages: tuple[str, ...] = doc(
        "ISO 639-1 codes of the languages to keep; empty keeps all, and a language that cannot be told is kept",
        default=(),
    )
    role_order: float = doc("tool turns that no answer asked for: 1 where there are any", default=0.0)
    same_answer: float = doc("preferences whose two answers are the same: 1 where they are", default=0.0)
    empty_answer: float = doc("share of answers that say nothing, from 0 to 1; a client's silence counts", default=0.5)
    special_tokens: float = doc("turns with control tokens of a chat format, such as <|im_end|>", default=0.0)
    template: float = doc("answers with places of a prompt template that nobody filled", default=0.0)
    mojibake: float = doc("damaged characters in a thousand", default=1.0)
    mixed_personas: float = doc("answers in which two speakers talk", default=0.0)
    identity: float = doc("answers that claim to be a certain model, or a certain maker's", default=0.0)
    disclaimers: float = doc(
        "share of answers that talk of themselves as a language model, from 0 to 1; those to people who asked, or who "
        "may be in danger, do not count",
        default=0.0,
    )
    cutoff_date: float = doc("answers that tell how far a model's knowledge reaches", default=0.0)
    refusals: float = doc("share of answers that decline, from 0 to 1; replies about safety do not count", default=0.5)
    links_only: float = doc("turns that hold nothing but links", default=0.0)
    repetition: float = doc("share of an answer's 5-grams that it said before, from 0 to 1", default=0.4)
    cut_off: float = doc("characters of a last answer that ends in the middle of a sentence", default=80.0)
    tokens: float = doc("tokens of all turns, estimated at four bytes each", default=32_000.0)
    min_tokens: float = doc("records with fewer tokens than this are dropped as `short`; 0 keeps them all", default=0.0)

    def __post_init__(self) -> None:
        """Refuse thresholds that mean nothing."""
        if self.min_tokens < 0:
            raise ValueError("'min_tokens' must be at least 0")
        for name in MEASURES:
            if getattr(self, name) < 0 and getattr(self, name) != -1:
                raise ValueError(f"'{name}' must be at least 0, or -1 to switch this filter off")


def _open(spec: FiltersSpec) -> FiltersSpec:
    off: dict[str, Any] = dict.fromkeys(MEASURES, -1.0)
    return FiltersSpec(**off)


@stage(
    "filters",
    version=2,
    spec=FiltersSpec,
    reads=_READS,
    writes=("measures",),
    types={"measures": MEASURED},
    libraries=("numba", "pyarrow"),
    open=_open,
    speaker="assistant",
)
def filters(batch: pa.RecordBatch, spec: FiltersSpec, context: Context) -> Output:
    """Measure every record, and drop those that go over a threshold, with the reason and what was measured.

    What a record of a preference *rejected* may be as bad as it likes; only `chosen` counts. Difficult clients are
    wanted: neither silence, nor evasion, nor repetition of the person who seeks help is a reason. The kept records
    carry their measures, so that thresholds can be tuned from what is there.
    """
    talk = Conversation(batch)
    measured = {name: measure(talk) for name, measure in MEASURES.items()}
    reasons = np.full(batch.num_rows, "", object)
    scores = np.full(batch.num_rows, np.nan)
    if spec.languages:
        known = batch.column("language")
        other = [code is not None and code not in spec.languages for code in known.to_pylist()]
        reasons[other] = "language"
    for name, values in measured.items():
        limit = getattr(spec, name)
        over = (values > limit) & (reasons == "") & (limit >= 0)
        reasons[over], scores[over] = name, values[over]
    short = (measured["tokens"] < spec.min_tokens) & (reasons == "")
    reasons[short], scores[short] = "short", measured["tokens"][short]
    gone = reasons != ""
    ids = batch.column("id")
    dropped = as_dropped(
        ids.filter(pa.array(gone)),
        "filters",
        reasons[gone].tolist(),
        score=[None if np.isnan(s) else round(float(s), 6) for s in scores[gone]],
    )
    columns = [pa.array(values, pa.float32()) for values in measured.values()]
    kept = pa.table({"id": ids, "measures": pa.StructArray.from_arrays(columns, fields=list(MEASURED))})
    return Output(kept.filter(pa.array(~gone)), dropped)
