"""A mix recipe: what is asked for, bound from one file in `exports/mixes/`."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from curation.core import declare, files, taxonomies
from curation.core.declare import Document, doc
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.records import PERSONAS

FOLDER = "exports/mixes"
EMOTIONS = "goemotions28"
PLACEHOLDERS = ("emotions", "language")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True)
class Persona:
    """How rows of one voice are shown to the model that learns it."""

    system: str | None = doc("system prompt; assistant and neutral rows keep one of their own", default=None)
    opening: str | None = doc(
        "what the other side says first where the trained voice speaks first; none: that turn is "
        "left out, for a model can only learn to answer",
        default=None,
    )
    details: tuple[str, ...] = doc(
        "sentences added to `system`; one with {language} or {emotions} only where the record has that tag", default=()
    )

    def __post_init__(self) -> None:
        """Check the placeholders."""
        for sentence in self.details:
            try:
                names = [name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None]
            except ValueError as error:
                raise ValueError(f"a sentence in 'details' has a stray brace: {error}") from None
            for name in names:
                if name not in PLACEHOLDERS:
                    raise ValueError(f"'{{{name}}}' in 'details' is unknown; known: {', '.join(PLACEHOLDERS)}")
        if self.details and self.system is None:
            raise ValueError("'details' are added to 'system', but there is none")


@dataclass(frozen=True)
class Splits:
    """Which share of the rows is held out. Rows that share a group or a text stay together."""

    validation: float = doc("share held out for validation, from 0 to below 1", default=0.05)

    def __post_init__(self) -> None:
        """Check the range."""
        if not 0 <= self.validation < 1:
            raise ValueError("'validation' must be from 0 to below 1")


@dataclass(frozen=True)
class Where:
    """Which records are taken at all; what is not given is not asked for."""

    languages: tuple[str, ...] | None = doc("ISO 639-1 codes", default=None)
    min_turns: int | None = doc("fewest turns after the view is made, system turn not counted", default=None)
    max_turns: int | None = doc("most turns after the view is made, system turn not counted", default=None)
    approved: bool = doc("only records that a person approved", default=False)
    emotions: tuple[str, ...] | None = doc(
        "only records in which a turn is tagged with one of these: a label of goemotions28, or a coarser one that "
        "stands for several, such as ekman7.sadness or sentiment3.negative",
        default=None,
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        low, high = self.min_turns or 1, self.max_turns
        if low < 1 or (high is not None and high < low):
            raise ValueError("'min_turns' must be at least 1 and 'max_turns' not below it")

    @property
    def labels(self) -> frozenset[str]:
        """The labels that `emotions` stands for."""
        known = taxonomies.families(EMOTIONS)
        return frozenset().union(*(known[name] for name in self.emotions or ()))


def _every_voice() -> dict[str, Persona]:
    return {name: Persona() for name in PERSONAS}


@dataclass(frozen=True)
class MixRecipe:
    """One mix: which rows of which sources, in which voice, how many, split how."""

    mix: str = doc("the mix's name, also its folder")
    task: Literal["sft", "dpo"] = doc("sft: conversations; dpo: prompts with a better and a worse answer")
    seed: int = doc("another seed selects other rows where not all are taken", default=17)
    sources: tuple[str, ...] | None = doc("names in sources.yaml; by default all that are enabled", default=None)
    personas: Mapping[str, Persona] = doc(
        "the voices taught; rows of a voice that is not here are left out", default_factory=_every_voice
    )
    chosen_as_sft: bool = doc("sft: take the better answers of preference records, too", default=False)
    max_rows_per_source: int | None = doc("at most this many rows of a source", default=None)
    rows: int | None = doc("how many rows the mix has", default=None)
    shares: Mapping[str, float] | None = doc("share of `rows` by source; they add up to 1", default=None)
    splits: Splits = field(default_factory=Splits, metadata={"doc": "what is held out"})
    where: Where = field(default_factory=Where, metadata={"doc": "which records are taken"})
    decontaminate: tuple[str, ...] = doc(
        "hash files of benchmarks (curate benchmark makes them), as paths in the project; rows whose user says what "
        "they ask are left out",
        default=(),
    )

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not _NAME.fullmatch(self.mix):
            raise ValueError("'mix' must be made of lower-case letters, digits, '-' and '_' (at most 60)")
        for name in self.personas:
            if name not in PERSONAS:
                raise ValueError(f"'{name}' is no persona; personas are {', '.join(PERSONAS)}")
        if not self.personas:
            raise ValueError("'personas' names no voice, so no row could be taken")
        for name in ("rows", "max_rows_per_source"):
            if (getattr(self, name) or 1) < 1 or getattr(self, name) == 0:
                raise ValueError(f"'{name}' must be at least 1")
        if self.chosen_as_sft and self.task != "sft":
            raise ValueError("'chosen_as_sft' belongs to the task sft")
        if len({PurePosixPath(name).stem for name in self.decontaminate}) < len(self.decontaminate):
            raise ValueError("two files in 'decontaminate' have one name")
        self._check_shares()

    def _check_shares(self) -> None:
        if self.shares is None:
            return
        if self.rows is None:
            raise ValueError("'shares' need 'rows': the number of rows that they are shares of")
        if min(self.shares.values(), default=0.0) <= 0 or abs(sum(self.shares.values()) - 1) > 1e-6:
            raise ValueError(f"'shares' must be above 0 and add up to 1, not {sum(self.shares.values()):g}")
        if self.sources is not None and set(self.sources) != set(self.shares):
            raise ValueError("'sources' and 'shares' must name the same sources; leave 'sources' out")

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """The sources the recipe names, or None for all that are enabled."""
        return self.sources if self.sources is not None else tuple(self.shares) if self.shares else None


def load(project: Project) -> dict[str, MixRecipe]:
    """The recipes of a project by mix name.

    Raises:
        ProjectError: an unknown key, value or source, or two recipes for one mix; with file and line.
    """
    recipes: dict[str, MixRecipe] = {}
    for path in files.yaml_in(project.root / FOLDER):
        document = declare.load(path)
        recipe = declare.bind(MixRecipe, document)
        _check_sources(recipe, document, project)
        _check_emotions(recipe, document)
        for position, name in enumerate(recipe.decontaminate):
            if not files.safe_join(project.root, name).exists():
                fix = f"make it with: curate benchmark FILE --field NAME --out {name}; or take it out"
                raise document.error(("decontaminate", position), f"there is no hash file '{name}'", fix)
        if recipe.mix in recipes:
            raise document.error(("mix",), f"another recipe is already called '{recipe.mix}'", "rename this one")
        recipes[recipe.mix] = recipe
    return recipes


def _check_sources(recipe: MixRecipe, document: Document, project: Project) -> None:
    for key, names in (("sources", recipe.sources), ("shares", tuple(recipe.shares or ()))):
        for position, name in enumerate(names or ()):
            if name not in project.sources:
                raise _no_source(name, document.place((key, position if key == "sources" else name)), project)


def _check_emotions(recipe: MixRecipe, document: Document) -> None:
    known = taxonomies.families(EMOTIONS) if recipe.where.emotions is not None else {}
    for position, name in enumerate(recipe.where.emotions or ()):
        if name not in known:
            raise document.error(
                ("where", "emotions", position), f"no emotion is called '{name}'", taxonomies.nearest(name, known)
            )


def _no_source(name: str, where: str, project: Project) -> ProjectError:
    return ProjectError(
        f"no source is called '{name}'", where=where, fix=f"sources here: {', '.join(project.sources) or 'none yet'}"
    )
