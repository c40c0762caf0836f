"""Stock Presidio with a given set of recognisers and a spaCy pipeline, as its documentation puts it together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Found = tuple[int, int, str, float]
"""Start, end, entity, and the score to four digits."""

LABELS = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "ORG": "ORG", "FAC": "FACILITY"}
"""From the labels of a pipeline to entities, for both sides."""


class Peer:
    """`BatchAnalyzerEngine` over the recognisers of the level `patterns`, and the entities of a pipeline, if any."""

    def __init__(self, pipeline: Path | None = None, only: str = "") -> None:
        """Load; of the pipeline only one component, if it is named."""
        import spacy
        from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
        from presidio_analyzer.predefined_recognizers import SpacyRecognizer

        from curation.clean.pii.patterns import recognisers

        nlp = spacy.load(pipeline, **({"enable": only} if only else {})) if pipeline else spacy.blank("en")
        settings = NerModelConfiguration(model_to_presidio_entity_mapping=LABELS, labels_to_ignore=[])
        engine = SpacyNlpEngine(ner_model_configuration=settings)
        engine.nlp = {"en": nlp}
        known = [one.recogniser for one in recognisers()]
        if pipeline:
            known.append(SpacyRecognizer(supported_entities=sorted(set(LABELS.values()))))
        registry = RecognizerRegistry(recognizers=known, supported_languages=["en"])
        self._analyzer = BatchAnalyzerEngine(
            AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
        )

    def findings(self, texts: Sequence[str], *, batch: int, threshold: float = 0.05) -> list[set[Found]]:
        """For each text its findings, before any overlap between entities is settled."""
        found = self._analyzer.analyze_iterator(texts, "en", batch_size=batch, score_threshold=threshold)
        return [{(one.start, one.end, one.entity_type, round(one.score, 4)) for one in there} for there in found]
