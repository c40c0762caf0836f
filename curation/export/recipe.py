"""A mix recipe: what is asked for, bound from one file in `exports/mixes/`."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from curation.core import declare, files, taxonomies
from curation.core.declare import Document, doc
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.records import PERSONAS
from curation.export.asked import EMOTIONS, NAME, NEAR, Budget, Phase, Portion, Splits, TokenizerAt, Where
from curation.export.conditions import Gates, Override

__all__ = [
    "Budget",
    "Gates",
    "MixRecipe",
    "Override",
    "Persona",
    "Phase",
    "Portion",
    "Splits",
    "TokenizerAt",
    "Where",
    "load",
]

FOLDER = "exports/mixes"
PLACEHOLDERS = ("emotions", "language")
META = "meta."
"""What begins the name of a placeholder for something that the record's adapter keeps."""

EVERYTHING = "all"
"""The only portion, and the only phase, of a mix that names none."""


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
        "sentences added to `system`; one with {language}, {emotions} or {meta.NAME} (what the adapter keeps) only "
        "where the record has it",
        default=(),
    )

    def __post_init__(self) -> None:
        """Check the placeholders."""
        for sentence in self.details:
            try:
                names = [name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None]
            except ValueError as error:
                raise ValueError(f"a sentence in 'details' has a stray brace: {error}") from None
            for name in names:
                if name not in PLACEHOLDERS and (not name.startswith(META) or name == META):
                    known = ", ".join((*PLACEHOLDERS, f"{META}NAME"))
                    raise ValueError(f"'{{{name}}}' in 'details' is unknown; known: {known}")
        if self.details and self.system is None:
            raise ValueError("'details' are added to 'system', but there is none")


def _every_voice() -> dict[str, Persona]:
    return {name: Persona() for name in PERSONAS}


@dataclass(frozen=True)
class MixRecipe:
    """One mix: which rows of which sources, in which voice, how many, split how."""

    mix: str = doc("the mix's name, also its folder")
    task: Literal["sft", "dpo"] = doc("sft: conversations; dpo: prompts with a better and a worse answer")
    seed: int = doc("another seed selects other rows where not all are taken", default=17)
    sources: tuple[str, ...] | None = doc("names in sources.yaml; by default all that are enabled", default=None)
    on_missing: Literal["refuse", "short"] = doc(
        "a source that is unknown here, switched off or not pulled: refuse, or count it as a shortage",
        default="refuse",
    )
    personas: Mapping[str, Persona] = doc(
        "the voices taught; rows of a voice that is not here are left out", default_factory=_every_voice
    )
    balance: Mapping[str, float] | None = doc(
        "share by voice; they add up to 1. Portions keep their shares, each with the voices that it has", default=None
    )
    pairs: tuple[Literal["persona"], ...] = doc(
        "dpo: rules that make pairs of conversations. persona: in one context what the voice says is better than what "
        "the other side says next",
        default=(),
    )
    chosen_as_sft: bool = doc("sft: take the better answers of preference records, too", default=False)
    max_rows_per_source: int | None = doc("at most this many rows of a source", default=None)
    per_group: int | None = doc("at most so many rows of a group, or with one prompt", default=None)
    tokenizer: TokenizerAt | None = doc(
        "what tokens are counted with; by default an estimate of 1.35 tokens a word, which the card says", default=None
    )
    budget: Budget | None = doc("how much is trained on; by default everything, once", default=None)
    shares: Mapping[str, float] | None = doc("share of the budget by source; they add up to 1", default=None)
    portions: Mapping[str, Portion] | None = doc(
        "parts of the mix by name, each with an amount of its own; instead of `shares`", default=None
    )
    temperature: float | None = doc(
        "portions without a share, and sources of a portion without a weight, get amounts in proportion to what they "
        "have, to the power of 1 / temperature: 1 keeps their sizes; by default all get the same",
        default=None,
    )
    on_short: Literal["less", "redistribute", "fail"] = doc(
        "where a portion has too little: have less, give its rest to the other portions, or refuse", default="less"
    )
    phases: tuple[Phase, ...] = doc("the curriculum, in order; by default one phase, `all`", default=())
    views: tuple[Literal["trl", "llamafactory", "axolotl", "openai"], ...] = doc(
        "the trainers that the export is made ready for", default=("trl", "llamafactory", "axolotl")
    )
    splits: Splits = field(default_factory=Splits, metadata={"doc": "what is held out"})
    where: Where = field(default_factory=Where, metadata={"doc": "which records are taken"})
    gates: Gates = field(default_factory=Gates, metadata={"doc": "what must hold before it leaves"})
    overrides: tuple[Override, ...] = doc(
        "what leaves although a gate refuses it, by whom and why; the card prints them", default=()
    )
    decontaminate: tuple[str, ...] = doc(
        "hash files of benchmarks (curate benchmark makes them), as paths in the project; rows whose user says what "
        "they ask are left out",
        default=(),
    )

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not NAME.fullmatch(self.mix):
            raise ValueError("'mix' must be made of lower-case letters, digits, '-' and '_' (at most 60)")
        for name in self.personas:
            if name not in PERSONAS:
                raise ValueError(f"'{name}' is no persona; personas are {', '.join(PERSONAS)}")
        if not self.personas:
            raise ValueError("'personas' names no voice, so no row could be taken")
        for name in ("max_rows_per_source", "per_group"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"'{name}' must be at least 1")
        if self.chosen_as_sft and self.task != "sft":
            raise ValueError("'chosen_as_sft' belongs to the task sft")
        if self.pairs and self.task != "dpo":
            raise ValueError("'pairs' belong to the task dpo")
        if self.temperature is not None and not self.temperature > 0:
            raise ValueError("'temperature' must be above 0")
        if len({PurePosixPath(name).stem for name in self.decontaminate}) < len(self.decontaminate):
            raise ValueError("two files in 'decontaminate' have one name")
        self._check_shares()
        self._check_portions()
        self._check_phases()

    def _check_shares(self) -> None:
        if self.balance is not None:
            if self.budget is None:
                raise ValueError("'balance' needs a 'budget': without one, everything is taken")
            if not set(self.balance) <= set(self.personas):
                raise ValueError("'balance' names a voice that is not among 'personas'")
            _add_up("balance", self.balance)
        if self.shares is None:
            return
        if self.portions is not None:
            raise ValueError("'shares' and 'portions' both divide the mix: give one")
        if self.budget is None:
            raise ValueError("'shares' need a 'budget': tokens or rows that they are shares of")
        _add_up("shares", self.shares)
        if self.sources is not None and set(self.sources) != set(self.shares):
            raise ValueError("'sources' and 'shares' must name the same sources; leave 'sources' out")

    def _check_portions(self) -> None:
        given = {n: p for n, p in (self.portions or {}).items() if p.share is not None}
        fixed = [n for n, p in (self.portions or {}).items() if (p.tokens, p.rows, p.epochs) != (None, None, None)]
        if self.portions is not None and not self.portions:
            raise ValueError("'portions' names none")
        for name in self.portions or ():
            if not NAME.fullmatch(name):
                raise ValueError("names in 'portions' are made of lower-case letters, digits, '-' and '_' (at most 60)")
        if given and self.budget is None:
            raise ValueError("'portions' have shares, but there is no 'budget' that they are shares of")
        if given and len(given) < len(self.portions or {}):
            raise ValueError("'portions' must all have a share, or none")
        if fixed and (self.budget is not None or len(fixed) < len(self.portions or {})):
            raise ValueError("'portions' have amounts of their own: all of them must, and 'budget' must be left out")
        if len({p.rows is not None for p in (self.portions or {}).values()}) > 1:
            raise ValueError("'portions' must all be counted in rows, or none")
        if given:
            _add_up("portions", {n: p.share or 0.0 for n, p in given.items()})
        if self.sources is not None:
            for name, portion in (self.portions or {}).items():
                if not set(portion.wanted or ()) <= set(self.sources):
                    raise ValueError(f"'{name}' has a source that is not among 'sources'; leave 'sources' out")

    def _check_phases(self) -> None:
        if not self.phases:
            return
        if len({phase.name for phase in self.phases}) < len(self.phases):
            raise ValueError("two of the 'phases' have one name")
        if abs(sum(phase.fraction for phase in self.phases) - 1) > NEAR:
            raise ValueError("the fractions of the 'phases' must add up to 1")
        known = set(self.portions or self.shares or ())
        for phase in self.phases:
            for shares in (phase.shares, phase.ramp_to):
                if shares is not None and self.budget is None:
                    raise ValueError("the 'phases' have shares, but there is no 'budget' that they are shares of")
                if shares is not None and not set(shares) <= known:
                    names = ", ".join(sorted(set(shares) - known))
                    raise ValueError(f"the 'phases' name portions that there are not: {names}")

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """The sources the recipe names, or None for all that are enabled."""
        if self.sources is not None:
            return self.sources
        if self.shares:
            return tuple(self.shares)
        named = [portion.wanted for portion in (self.portions or {}).values()]
        if not named or None in named:
            return None
        return tuple(dict.fromkeys(name for names in named for name in names or ()))

    def enabled(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the sources that are switched on which the recipe takes."""
        return tuple(name for name in names if self.wanted is None or name in self.wanted)

    @property
    def resolved(self) -> dict[str, Portion]:
        """The portions, whichever way the recipe names them: one of each source that has a share, or a single one."""
        if self.portions is not None:
            return dict(self.portions)
        if self.shares is not None:
            return {name: Portion(sources=(name,), share=share) for name, share in self.shares.items()}
        return {EVERYTHING: Portion()}

    def tells(self, placeholder: str) -> bool:
        """Whether a persona's details mention something of the record."""
        return any(f"{{{placeholder}" in sentence for p in self.personas.values() for sentence in p.details)

    @property
    def counts_rows(self) -> bool:
        """Whether amounts are rows; tokens otherwise."""
        if self.budget is not None:
            return self.budget.rows is not None
        return any(portion.rows is not None for portion in (self.portions or {}).values())


def _add_up(name: str, shares: Mapping[str, float]) -> None:
    if min(shares.values(), default=0.0) <= 0 or abs(sum(shares.values()) - 1) > NEAR:
        raise ValueError(f"'{name}' must be above 0 and add up to 1, not {sum(shares.values()):g}")


def load(project: Project) -> dict[str, MixRecipe]:
    """The recipes of a project by mix name.

    Raises:
        ProjectError: an unknown key, value or source, or two recipes for one mix; with file and line.
    """
    recipes: dict[str, MixRecipe] = {}
    for path in files.yaml_in(project.root / FOLDER):
        document = declare.load(path)
        recipe = declare.bind(MixRecipe, document)
        if recipe.on_missing == "refuse":
            _check_sources(recipe, document, project)
        _check_emotions(recipe.where, ("where",), document)
        for name, portion in (recipe.portions or {}).items():
            _check_emotions(portion.where, ("portions", name, "where"), document)
        for position, name in enumerate(recipe.decontaminate):
            if not files.safe_join(project.root, name).exists():
                fix = f"make it with: curate benchmark FILE --field NAME --out {name}; or take it out"
                raise document.error(("decontaminate", position), f"there is no hash file '{name}'", fix)
        if recipe.mix in recipes:
            raise document.error(("mix",), f"another recipe is already called '{recipe.mix}'", "rename this one")
        recipes[recipe.mix] = recipe
    return recipes


def _check_sources(recipe: MixRecipe, document: Document, project: Project) -> None:
    named: list[tuple[declare.Path_, str]] = [(("sources", n), name) for n, name in enumerate(recipe.sources or ())]
    named += [(("shares", name), name) for name in recipe.shares or ()]
    for portion, asked in (recipe.portions or {}).items():
        named += [(("portions", portion, "sources", n), name) for n, name in enumerate(asked.sources or ())]
        named += [(("portions", portion, "weights", name), name) for name in asked.weights or ()]
    for path, name in named:
        if name not in project.sources:
            raise _no_source(name, document.place(path), project)


def _check_emotions(where: Where, path: declare.Path_, document: Document) -> None:
    known = taxonomies.families(EMOTIONS) if where.emotions is not None else {}
    for position, name in enumerate(where.emotions or ()):
        if name not in known:
            raise document.error(
                (*path, "emotions", position), f"no emotion is called '{name}'", taxonomies.nearest(name, known)
            )


def _no_source(name: str, where: str, project: Project) -> ProjectError:
    return ProjectError(
        f"no source is called '{name}'", where=where, fix=f"sources here: {', '.join(project.sources) or 'none yet'}"
    )
