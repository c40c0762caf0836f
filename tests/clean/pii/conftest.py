from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small spaCy pipeline with NER and lemmas, trained here."""
    from tests.clean.pii.pipelines import train

    return train(tmp_path_factory.mktemp("spacy") / "small")
