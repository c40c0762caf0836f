"""spaCy pipelines: only those parts of one that find entities, and, for context words, those that find lemmas."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.clean.pii.entities import Entity, labels_of
from curation.core import model_files
from curation.core.errors import IntegrityError, MissingError

if TYPE_CHECKING:
    from spacy.language import Language

BATCH = 128
SCORE = 0.85
"""spaCy tells no score; this is the one that Presidio gives."""

_NAME = re.compile(r"[A-Za-z]\w*")
_FINDS = "doc.ents"
_EMBEDS = ("tok2vec", "transformer", "curated_transformer")
_LEMMATISES = ("lemmatizer", "trainable_lemmatizer")
_FOR_LEMMAS = (*_EMBEDS, *_LEMMATISES, "tagger", "morphologizer", "attribute_ruler")


def folder_of(name: str) -> Path:
    """Where a pipeline lies: a folder as it is, or the data of an installed package, whose code is not run.

    Raises:
        MissingError: it is not here; the mend installs it.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return _checked(path, name)
    if not _NAME.fullmatch(name):
        raise MissingError(
            "there is no such folder with a spaCy pipeline", where=f"spacy:{name}", fix="give a folder or a package"
        )
    found = importlib.util.find_spec(name)
    for place in (found.submodule_search_locations or ()) if found else ():
        # A package holds its pipeline in a folder such as en_core_web_lg-3.8.0.
        for inner in sorted(Path(place).glob(f"{name}-*")):
            return _checked(inner, name)
    raise MissingError(
        f"the spaCy pipeline '{name}' is not installed", where="scrub", fix=f"python -m spacy download {name}"
    )


def _checked(folder: Path, name: str) -> Path:
    if not all((folder / part).is_file() for part in ("config.cfg", "meta.json")):
        raise MissingError(
            "the folder holds no spaCy pipeline (config.cfg, meta.json)",
            where=f"spacy:{name}",
            fix="give the folder that nlp.to_disk wrote",
        )
    return folder


def digest(name: str) -> str:
    """What decides what a pipeline finds: the bytes of its files.

    Raises:
        MissingError: it is not here.
    """
    return model_files.folder_fingerprint(folder_of(name))


def load(name: str, level: str) -> Pipeline:
    """The pipeline of a level; see `Pipeline`."""
    return Pipeline(folder_of(name), level)


class Pipeline:
    """A spaCy pipeline as a model, and as what Presidio asks for lemmas.

    Attributes:
        lemmatises: whether it can tell lemmas.
    """

    recogniser = "SpacyRecognizer"

    def __init__(self, folder: Path, level: str) -> None:
        """Load from a folder what is used of the pipeline.

        The parser is left out. Entities may differ from those of the whole pipeline where its sentence bounds would cut
        them.

        Raises:
            MissingError: it cannot find entities, or a package that it needs is not installed.
            IntegrityError: it cannot be read.
        """
        import spacy
        from spacy.util import load_config

        parts = load_config(folder / "config.cfg").get("components", {})
        order = load_config(folder / "config.cfg")["nlp"]["pipeline"]
        factories = {name: parts.get(name, {}).get("factory", "") for name in order}
        finders = {name for name in order if _finds(factories[name])}
        if not finders:
            raise MissingError(
                f"the pipeline of '{level}' finds no entities: it has no 'ner' among its {len(order)} components",
                where="scrub",
                fix="choose a pipeline with 'ner', for example: python -m spacy download en_core_web_lg",
            )
        # Rulers may ask for whatever the components before them found.
        ruled = any(factories[name].endswith("_ruler") for name in finders)
        lemmas = {name for name in order if factories[name] in _FOR_LEMMAS}
        self.lemmatises = any(factories[name] in _LEMMATISES for name in lemmas)
        embeds = {name for name in order if factories[name] in _EMBEDS}
        used = finders | embeds | (lemmas if self.lemmatises or ruled else set())
        self._nlp = _load(spacy, folder, [name for name in order if name not in used], level)
        _faster(self._nlp, finders)
        needed = finders | (lemmas if ruled else _heard(self._nlp, finders, embeds))
        self._not_for_entities = [name for name in self._nlp.pipe_names if name not in needed]
        self._not_for_lemmas = [name for name in self._nlp.pipe_names if name not in lemmas]
        self._labels = labels_of(label for name in finders for label in getattr(self._nlp.get_pipe(name), "labels", ()))
        self.labels = frozenset(self._labels.values())
        self.languages = frozenset({self._nlp.lang})

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """The entities in each text that are personal data."""
        known = self._labels
        with self._nlp.memory_zone():
            return [
                [
                    Entity(one.start_char, one.end_char, known[one.label_], SCORE)
                    for one in doc.ents
                    if one.label_ in known
                ]
                for doc in self._nlp.pipe(texts, batch_size=BATCH, disable=self._not_for_entities)
            ]

    def artifacts(self, texts: Sequence[str]) -> Iterator[Any]:
        """For each text the tokens and lemmas, as Presidio's search for context words wants them."""
        from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

        engine = SpacyNlpEngine()
        engine.nlp = {self._nlp.lang: self._nlp}
        with self._nlp.memory_zone():
            for doc in self._nlp.pipe(texts, batch_size=BATCH, disable=self._not_for_lemmas):
                places = [token.idx for token in doc]
                yield NlpArtifacts([], doc, places, [token.lemma_ for token in doc], engine, self._nlp.lang)


def _finds(factory: str) -> bool:
    from spacy.language import Language

    if not Language.has_factory(factory):
        return factory in ("ner", "beam_ner", "entity_ruler")
    return _FINDS in Language.get_factory_meta(factory).assigns


def _load(spacy: Any, folder: Path, exclude: Sequence[str], level: str) -> Language:
    try:
        nlp: Language = spacy.util.load_model_from_path(folder, exclude=exclude)
    except (ImportError, ValueError, KeyError, OSError) as error:
        # spaCy raises whatever the reader of the broken part raises.
        if isinstance(error, ImportError) or type(error).__name__ == "RegistryError" or "[E002]" in str(error):
            raise MissingError(
                f"the pipeline of '{level}' needs a package that is not installed",
                where="scrub",
                fix="install with pip what its meta.json names under 'requirements'",
            ) from None
        raise IntegrityError(
            f"the pipeline of '{level}' cannot be read: {type(error).__name__}", where="scrub", fix="install it again"
        ) from None
    return nlp


def _faster(nlp: Language, finders: Iterable[str]) -> None:
    """Multiply matrices with numpy's OpenBLAS, faster than thinc's BLIS, and embed what looks the same once a batch."""
    from thinc.api import Model, NumpyOps

    ops = NumpyOps(use_blis=False)
    for _, part in nlp.pipeline:
        for node in part.model.walk() if isinstance(getattr(part, "model", None), Model) else ():
            if isinstance(node.ops, NumpyOps):
                node.ops = ops
    for name in finders:
        part = nlp.get_pipe(name)
        for node in list(part.model.walk()) if isinstance(getattr(part, "model", None), Model) else ():
            # spaCy's MultiHashEmbed without vectors: features, one ragged array of them, its embedding, lists again.
            if [layer.name.partition("(")[0] for layer in node.layers] == _HASH_EMBED:
                node.layers[2:4] = [Model("unique", _unique, layers=node.layers[2:4], ops=ops)]


_HASH_EMBED = ["extract_features", "list2ragged", "with_array", "with_array", "ragged2list"]


def _unique(model: Any, features: Any, is_train: bool) -> tuple[Any, Any]:
    """Run the layers over each row of features once, and put the results where the rows were."""
    from thinc.types import Ragged

    rows = np.ascontiguousarray(features.dataXd)
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, places = np.unique(keys, return_index=True, return_inverse=True)
    made = Ragged(rows[first], np.array([len(first)], dtype=np.int32))
    for layer in model.layers:
        made = layer.predict(made)
    return Ragged(made.dataXd[places], features.lengths), None


def _heard(nlp: Language, finders: set[str], embeds: set[str]) -> set[str]:
    """The embedding components that those which find entities listen to; many find with an embedding of their own."""
    listening = {
        name
        for name in finders
        if hasattr(part := nlp.get_pipe(name), "model")
        and any(hasattr(node, "upstream_name") for node in part.model.walk())
    }
    return embeds if listening else set()
