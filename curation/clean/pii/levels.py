"""The levels of finding personal data: each holds all weaker ones, so a stronger level never finds less.

    patterns                 numbers and addresses with a shape of their own, in any language; an explicit opt-in
    rules                    also cues, word lists and a small model of ours, in English; the default, no download
    spacy:MODEL              also the entities of a spaCy pipeline, by name or folder
    transformers:MODEL       also those of a token-classification model: a folder, or owner/name@commit
    gliner:FOLDER            also those of a GLiNER model

A model that is not here is an error with the command that brings it: never a download, never a weaker level.
"""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

from curation.clean.pii import entities, shipped
from curation.clean.pii.finder import Finder
from curation.core.errors import MissingError, UsageError

LEVELS = "patterns, rules, spacy:MODEL, transformers:MODEL, gliner:FOLDER"
MODELS = {"spacy": "pipeline", "transformers": "classifier", "gliner": "gliner"}
"""Kinds of models, and the file of this folder that knows each."""

RECOGNISERS = "b6a1033be8edafa6"
"""Digest of the recognisers of the level `patterns`, kept equal to them by a test: loading them takes seconds."""

CANARIES = (
    ("write to jane.roe@clinic.example.org today", "EMAIL"),
    ("my page is https://example.com/users/jane?tab=2", "URL"),
    ("I am @jane_roe91 there", "HANDLE"),
    ("call me on 202-555-0143 after six", "PHONE"),
    ("ring +44 20 7946 0958 please", "PHONE"),
    ("the card 4111 1111 1111 1111 was charged", "FINANCIAL"),
    ("transfer it to DE89 3704 0044 0532 0130 00", "FINANCIAL"),
    ("my number is 219-09-4321", "ID"),
    ("logged in from 192.0.2.146", "IP"),
    ("the box 00:1B:44:11:3A:B7 again", "ID"),
    ("Hello, my name is Sarah Lopez and I need to talk.", "PERSON"),
    ("My sister Emily drove me to Springfield yesterday.", "PERSON"),
    ("I moved to Manchester when I was nine.", "LOCATION"),
    ("We live at 14 Maple Street, next to the bakery.", "ADDRESS"),
    ("It happened on March 3, 2019, after school.", "DATE"),
    ("My grandmother is 93 years old and still drives.", "AGE"),
    ("They took him to Mercy General Hospital.", "FACILITY"),
    ("I work at Brightwell Logistics as a packer.", "ORG"),
)
"""Sentences in which a level must find what it promises, before it is let near anybody's text."""


def check_level(level: str) -> None:
    """Refuse what no level is called.

    Raises:
        ValueError: names the levels.
    """
    kind, colon, model = level.partition(":")
    if kind not in (MODELS if colon else ("patterns", "rules")) or (colon and not model):
        raise ValueError(f"'level' is one of: {LEVELS}")


def at(level: str, root: Path) -> str:
    """A level whose model lies in a folder of a project, so that it is found from anywhere."""
    kind, _, name = level.partition(":")
    return f"{kind}:{root / name}" if name and (root / name).is_dir() else level


def fingerprints(level: str) -> dict[str, str]:
    """What of a level decides the findings besides versions: its name without a path, recognisers and model by digest.

    Raises:
        MissingError: the model is not here.
    """
    kind, _, name = level.partition(":")
    told = {"level": _shown(level), "recognisers": RECOGNISERS}
    if kind != "patterns":
        told["learned"] = shipped.digest()
    return {**told, "model": _home(kind).digest(name)} if name else told


def finder(level: str) -> Finder:
    """The finder of a level, after it has shown in this process that it works.

    Raises:
        UsageError: there is no such level.
        MissingError: its model is not here, or it does not find what it must.
    """
    try:
        check_level(level)
    except ValueError:
        raise UsageError(f"there is no level '{level}'", where="scrub", fix=f"one of: {LEVELS}") from None
    return _made(level, fingerprints(level).get("model"))


@functools.cache
def _made(level: str, digest: str | None) -> Finder:
    from curation.clean.pii.driver import Driver
    from curation.clean.pii.learned import tagger
    from curation.clean.pii.patterns import recognisers
    from curation.clean.pii.rules import RULES

    kind, _, name = level.partition(":")
    if kind == "patterns":
        made = Finder(level, Driver(recognisers()))
    else:
        model = _home(kind).load(name, _shown(level)) if name else None
        languages = frozenset({"en"}) | (model.languages if model else frozenset())
        made = Finder(_shown(level), Driver(recognisers(), model), RULES, languages, model, tagger.search)
    check(made)
    return made


def _home(kind: str) -> Any:
    """The file that knows a kind of model: `digest(name)` of its files, and `load(name, level)`."""
    return importlib.import_module(f"curation.clean.pii.{MODELS[kind]}")


def _shown(level: str) -> str:
    """A level as it stands in manifests and the audit: of a folder only the name."""
    kind, _, name = level.partition(":")
    path = Path(name).expanduser()
    return f"{kind}:{path.resolve().name}" if name and path.is_dir() else level


def check(made: Finder) -> None:
    """See that a finder finds what its labels promise, in sentences that are the same for every level.

    Raises:
        MissingError: it does not.
    """
    hits = made.search([text for text, _ in CANARIES], 0.35)
    for index, ((_, label), found) in enumerate(zip(CANARIES, hits, strict=True)):
        if label in made.labels and label not in {hit.label for hit in found}:
            raise MissingError(
                f"'{made.level}' failed its self-test: {label} in sentence {index + 1} was not found",
                where="scrub",
                fix="pip install --upgrade --force-reinstall 'curation[pii]'",
            )
    if made.model is not None:
        entities.check(made.model, made.level)
