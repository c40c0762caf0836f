"""Which model tags: the embedded ones, or a checkpoint that the project names; loaded once a process."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from curation.core.errors import IntegrityError, ProjectError, require
from curation.core.model_files import ModelFiles, resolve
from curation.core.project import Project
from curation.tag.cnn import CnnTagger
from curation.tag.groups import EMOTIONS, labels
from curation.tag.scored import Tagger
from curation.tag.tiny import TinyTagger

EMBEDDED, LINEAR = "embedded", "embedded-linear"


class ModelFolder(str):
    """A model's folder: as text its name, which may stand in keys and manifests; `path` is where it lies."""

    path: str = ""

    @classmethod
    def of(cls, path: Path) -> ModelFolder:
        """The folder at a path."""
        made = cls(path.resolve().name)
        made.path = str(path.resolve())
        return made


def placed(model: str, project: Project) -> str:
    """A model as the settings name it, found from the project's folder if it is a folder."""
    path = project.root / Path(model).expanduser()
    return ModelFolder.of(path) if model not in (EMBEDDED, LINEAR) and path.is_dir() else model


def files_of(model: str) -> ModelFiles:
    """The files of a checkpoint: a folder, or `owner/name@revision` from the local cache.

    Raises:
        CurateError: what `resolve` raises.
    """
    if isinstance(model, ModelFolder) and model.path:
        return resolve(model.path)
    name, at, revision = model.partition("@")
    if not at and not Path(model).is_dir() and "/" not in model:
        raise ProjectError(
            f"no tagger is called '{model}'",
            where="stages.emotion.model",
            fix=f"write {EMBEDDED}, {LINEAR}, a folder of the project, or owner/name@revision",
        )
    return resolve(name if at else model, revision or None)


def identity(model: str) -> str:
    """The digest of everything a tagger is made of."""
    return _identity(str(model), getattr(model, "path", ""))


@functools.cache
def _identity(model: str, path: str) -> str:
    if model in (EMBEDDED, LINEAR):
        return _embedded(model).fingerprint
    from curation.tag.checkpoint import identity

    return identity(resolve(path) if path else files_of(model))


@functools.cache
def _embedded(model: str) -> CnnTagger | TinyTagger:
    found = TinyTagger.load() if model == LINEAR else CnnTagger.load()
    if found.labels != labels():
        raise IntegrityError(
            f"the labels of the tagger '{model}' are not those of {EMOTIONS}", fix="reinstall the package"
        )
    return found


_loaded: dict[str, Tagger] = {}


def load(model: str, mapping: Any, activation: Any, precision: Any) -> Tagger:
    """The tagger of a spec, loaded once a process.

    Raises:
        CurateError: it is missing, not safe to load, broken, or has other labels.
    """
    if model in (EMBEDDED, LINEAR):
        return _embedded(model)
    require("train", "torch", "transformers", "tokenizers")
    key = repr((identity(model), sorted(mapping.items()), activation, precision))
    if key not in _loaded:
        from curation.tag.checkpoint import CheckpointTagger

        _loaded[key] = CheckpointTagger.load(files_of(model), mapping, activation, precision)
    return _loaded[key]
