"""GLiNER models, through Presidio's recogniser: a folder on this disk, safetensors only.

The package is in no extra: it asks for an older transformers than training does, and wants an environment of its own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.clean.pii.entities import Entity
from curation.core import model_files
from curation.core.errors import IntegrityError, MissingError

# What the model is asked for, in words, and what that is to us.
ASKED = {
    "person": "PERSON",
    "city": "LOCATION",
    "location": "LOCATION",
    "hospital": "FACILITY",
    "school": "FACILITY",
    "organization": "ORG",
    "company": "ORG",
    "address": "ADDRESS",
    "username": "HANDLE",
}
_FILES = ("gliner_config.json", "model.safetensors")


def folder_of(name: str) -> Path:
    """The folder of a model.

    Raises:
        MissingError: the package is not installed, or the model is not here.
    """
    if importlib.util.find_spec("gliner") is None:
        raise MissingError(
            "the package gliner is not installed",
            where=f"gliner:{Path(name).name}",
            fix="pip install 'gliner>=0.2.29,<0.3'",
        )
    folder = Path(name).expanduser()
    missing = [one for one in _FILES if not (folder / one).is_file()]
    if missing:
        raise MissingError(
            f"there is no GLiNER model here: {missing[0]} is missing",
            where=f"gliner:{Path(name).name}",
            fix=f"hf download OWNER/NAME --revision COMMIT --local-dir {name}",
        )
    return folder


def digest(name: str) -> str:
    """What decides what a model finds: the bytes of its files.

    Raises:
        MissingError: it is not here.
    """
    return model_files.folder_fingerprint(folder_of(name))


def load(name: str, level: str) -> Gliner:
    """The model of a level; see `Gliner`."""
    return Gliner(folder_of(name), level)


class Gliner:
    """A GLiNER model."""

    recogniser = "GLiNERRecognizer"
    labels = frozenset(ASKED.values())
    languages: frozenset[str] = frozenset({"en"})

    def __init__(self, folder: Path, level: str) -> None:
        """Load it.

        Raises:
            IntegrityError: its files cannot be read, or name a part that is not among them.
        """
        from presidio_analyzer.predefined_recognizers.ner import gliner_recognizer

        # `patterns` imports Presidio without transformers, and so without this.
        gliner = importlib.import_module("gliner")
        gliner_recognizer.GLiNER, gliner_recognizer.GLiNERConfig = gliner.GLiNER, gliner.GLiNERConfig
        try:
            self._recogniser: Any = gliner_recognizer.GLiNERRecognizer(
                entity_mapping=ASKED, model_name=str(folder), map_location="cpu", local_files_only=True
            )
        except Exception as error:
            # The package raises whatever its parts raise.
            raise IntegrityError(
                f"the model of '{level}' cannot be read: {type(error).__name__}", where="scrub", fix="fetch it again"
            ) from None

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """The entities in each text that are personal data."""
        asked = sorted(self.labels)
        return [
            [
                Entity(one.start, one.end, one.entity_type, round(one.score, 2))
                for one in self._recogniser.analyze(text, asked)
            ]
            for text in texts
        ]
