"""Presidio's recognisers over many texts: what its `AnalyzerEngine` finds with them, at a fraction of the cost.

The engine runs a language model over one text after the other, every recogniser over all of them, and copies what it
finds. Here a text meets only those recognisers whose gate it passes, a model gets batches and runs only the components
that find entities, and lemmas are made only where a context word can raise a score.

Equal to the engine is what `Driver.search` returns: after context words, threshold and the removal of duplicates within
an entity; before labels, helplines, roles, and overlaps between entities, which are no business of Presidio's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.entities import Entity, Model
from curation.clean.pii.pipeline import Pipeline

if TYPE_CHECKING:
    from curation.clean.pii.patterns import Guarded

_FEW = 12
"""So many texts are searched sooner than a gate is compiled, which happens at every call."""


class Hit(NamedTuple):
    """A finding in the terms of Presidio: offsets in characters, its entity, its score, and who found it."""

    start: int
    end: int
    entity: str
    score: float
    recogniser: str


class Driver:
    """A set of recognisers and perhaps a model.

    Attributes:
        labels: what they can find.
    """

    def __init__(self, recognisers: Sequence[Guarded], model: Model | None = None) -> None:
        from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer

        self._guarded = recognisers
        self._labels = {one.recogniser.name: one.label for one in recognisers}
        self.labels = frozenset(self._labels.values()) | (model.labels if model is not None else frozenset())
        self._model = model
        self._recognisers = [one.recogniser for one in recognisers]
        self._contextual = {one.id for one in self._recognisers if one.context}
        self._lemmas = model if isinstance(model, Pipeline) and model.lemmatises else None
        self._enhancer = LemmaContextAwareEnhancer()

    def search(self, texts: Sequence[str], threshold: float) -> list[list[Hit]]:
        """What the recognisers and the model find in each text.

        Args:
            texts: any strings; give each once.
            threshold: findings below this score (0 to 1) do not count.
        """
        found = self._patterns(texts)
        if self._lemmas is not None:
            self._enhance(texts, found, self._lemmas)
        entities = self._model.entities(texts) if self._model is not None else None
        return [
            self._hits(found.get(place, ()), entities[place] if entities else (), threshold)
            for place in range(len(texts))
        ]

    def label_of(self, hit: Hit) -> str:
        """Our label for what was found."""
        return self._labels.get(hit.recogniser, hit.entity)

    def _patterns(self, texts: Sequence[str]) -> dict[int, list[Any]]:
        array = pa.array(texts, pa.string())
        found: dict[int, list[Any]] = defaultdict(list)
        for one in self._guarded:
            for place in passing(array, one.gate if len(texts) > _FEW else ""):
                if results := one.recogniser.analyze(texts[place], [], None):
                    for result in results:
                        result.recognition_metadata = {
                            "recognizer_name": one.recogniser.name,
                            "recognizer_identifier": one.recogniser.id,
                        }
                    found[place] += results
        return found

    def _enhance(self, texts: Sequence[str], found: dict[int, list[Any]], pipeline: Pipeline) -> None:
        places = [place for place, results in found.items() if any(map(self._can_rise, results))]
        for place, made in zip(places, pipeline.artifacts([texts[place] for place in places]), strict=True):
            found[place] = self._enhancer.enhance_using_context(texts[place], found[place], made, self._recognisers)

    def _can_rise(self, result: Any) -> bool:
        return result.score < 1 and result.recognition_metadata["recognizer_identifier"] in self._contextual

    def _hits(self, results: Sequence[Any], entities: Sequence[Entity], threshold: float) -> list[Hit]:
        if not results and not entities:
            return []
        hits = [Hit(r.start, r.end, r.entity_type, r.score, r.recognition_metadata["recognizer_name"]) for r in results]
        if self._model is not None:
            hits += [Hit(*one, self._model.recogniser) for one in entities]
        return _unique([one for one in hits if one.score >= threshold])


def passing(texts: pa.StringArray, gate: str) -> list[int]:
    """The places of the texts that match an RE2 pattern; all for an empty one."""
    if not gate:
        return list(range(len(texts)))
    places: list[int] = np.flatnonzero(pc.match_substring_regex(texts, gate).to_numpy(zero_copy_only=False)).tolist()
    return places


def _unique(hits: list[Hit]) -> list[Hit]:
    """Without what another finding of the same entity holds and is no less sure of, as Presidio drops it."""
    if len(hits) < 2:
        return hits
    kept: list[Hit] = []
    near: list[Hit] = []  # of the same entity, and reaching as far as the next one
    for one in sorted(set(hits), key=lambda h: (h.entity, h.start, h.start - h.end, -h.score, h.recogniser)):
        near = [o for o in near if o.entity == one.entity and o.end >= one.start]
        if not any(one.end <= o.end and one.score <= o.score for o in near):
            kept.append(one)
            near.append(one)
    return kept
