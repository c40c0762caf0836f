"""What a recipe asks for in amounts: budget, portions, phases, and the tokenizer that they are counted with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from curation.core import taxonomies
from curation.core.declare import doc
from curation.core.records import PERSONAS

EMOTIONS = "goemotions28"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
NEAR = 1e-6
"""How far shares may be from adding up to 1."""


@dataclass(frozen=True)
class TokenizerAt:
    """The tokenizer that tokens are counted with."""

    path: str = doc("a folder of the project that holds tokenizer.json, or a hub id that is on this machine")
    revision: str | None = doc("the commit of a hub id", default=None)
    template: Literal["mistral-v7-tekken", "chatml"] | None = doc(
        "the chat template whose own tokens are counted, too; without one only texts are, and the end of each answer",
        default=None,
    )
    or_estimate: bool = doc(
        "where it is not on this machine, estimate (1.35 tokens a word) and say so, instead of refusing", default=False
    )


@dataclass(frozen=True)
class Budget:
    """How much is trained on. What is held out comes on top, in proportion."""

    tokens: int | None = doc("tokens in all", default=None)
    rows: int | None = doc("rows in all", default=None)
    count: Literal["total", "supervised"] = doc(
        "which tokens: every token of a row, or those that are learned", default="total"
    )

    def __post_init__(self) -> None:
        """Check that it says one thing."""
        if (self.tokens is None) == (self.rows is None):
            raise ValueError("a budget is either 'tokens' or 'rows'")
        for name in ("tokens", "rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"'{name}' must be at least 1")
        if self.rows is not None and self.count != "total":
            raise ValueError("'count' says which tokens are counted, but the budget is in rows")


@dataclass(frozen=True)
class Condition:
    """What a tag must be; of a list of values one is enough."""

    is_in: tuple[Any, ...] | None = doc("one of these", default=None)
    not_in: tuple[Any, ...] | None = doc("none of these; a row without the tag passes", default=None)
    min: float | None = doc("at least", default=None)
    max: float | None = doc("at most", default=None)
    exists: bool | None = doc("whether the row has the tag at all", default=None)

    def __post_init__(self) -> None:
        """Check that it asks for something."""
        if all(getattr(self, name) is None for name in ("is_in", "not_in", "min", "max", "exists")):
            raise ValueError("a condition asks for at least one of: is_in, not_in, min, max, exists")


@dataclass(frozen=True)
class Where:
    """Which records are taken at all; what is not given is not asked for."""

    languages: tuple[str, ...] | None = doc("ISO 639-1 codes", default=None)
    personas: tuple[str, ...] | None = doc("assistant, client, neutral", default=None)
    min_turns: int | None = doc("fewest turns after the view is made, system turn not counted", default=None)
    max_turns: int | None = doc("most turns after the view is made, system turn not counted", default=None)
    approved: bool = doc("only records that a person approved", default=False)
    emotions: tuple[str, ...] | None = doc(
        "only records in which a turn is tagged with one of these: a label of goemotions28, or a coarser one that "
        "stands for several, such as ekman7.sadness or sentiment3.negative",
        default=None,
    )
    tags: Mapping[str, Condition] = doc(
        "any other tag, as a column and the names inside it, such as risk.level, meta.topic or synthetic",
        default_factory=dict,
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        low, high = self.min_turns or 1, self.max_turns
        if low < 1 or (high is not None and high < low):
            raise ValueError("'min_turns' must be at least 1 and 'max_turns' not below it")
        for name in self.personas or ():
            if name not in PERSONAS:
                raise ValueError(f"'{name}' is no persona; personas are {', '.join(PERSONAS)}")

    @property
    def labels(self) -> frozenset[str]:
        """The labels that `emotions` stands for."""
        known = taxonomies.families(EMOTIONS)
        return frozenset().union(*(known[name] for name in self.emotions or ()))


@dataclass(frozen=True)
class Portion:
    """A part of a mix that gets an amount of its own: by share of the budget, or by one of `tokens`, `rows`, `epochs`.

    A row belongs to the first portion, in the order of the recipe, that its source and `where` let it into.
    """

    sources: tuple[str, ...] | None = doc("names in sources.yaml; by default all of the mix", default=None)
    share: float | None = doc("share of the budget; all shares add up to 1", default=None)
    tokens: int | None = doc("so many tokens", default=None)
    rows: int | None = doc("so many rows", default=None)
    epochs: float | None = doc("everything that is there, so many times", default=None)
    weights: Mapping[str, float] | None = doc(
        "how the amount is divided among the sources; by default `temperature` decides", default=None
    )
    max_epochs: int = doc("how often a row may come at most, before the portion is short", default=1)
    per_group: int | None = doc("at most so many rows of a group, or with one prompt", default=None)
    max_rows_per_source: int | None = doc("at most so many rows of a source, before they are repeated", default=None)
    where: Where = field(default_factory=Where, metadata={"doc": "which records it is made of"})

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        given = [name for name in ("share", "tokens", "rows", "epochs") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"'{given[0]}' and '{given[1]}' both say how much it is: give one")
        for name in ("tokens", "rows", "epochs", "max_epochs", "per_group", "max_rows_per_source"):
            value = getattr(self, name)
            if value is not None and (value <= 0 or (name != "epochs" and value < 1)):
                raise ValueError(f"'{name}' must be {'above 0' if name == 'epochs' else 'at least 1'}")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError("'share' must be above 0 and at most 1")
        if self.weights is not None and (not self.weights or min(self.weights.values()) <= 0):
            raise ValueError("'weights' must be above 0")
        if self.weights is not None and self.sources is not None and set(self.weights) != set(self.sources):
            raise ValueError("'weights' must name the same sources as 'sources'; leave 'sources' out")

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """The sources it names, or None for all of the mix."""
        return self.sources if self.sources is not None else tuple(self.weights) if self.weights else None

    @property
    def passes(self) -> int:
        """How often a row may come at most."""
        return self.max_epochs if self.epochs is None else max(self.max_epochs, -int(-self.epochs // 1))


@dataclass(frozen=True)
class Phase:
    """A part of the curriculum."""

    name: str = doc("its name, which the rows bear")
    fraction: float = doc("its share of the budget; all fractions add up to 1")
    shares: Mapping[str, float] | None = doc("share by portion, instead of the portions' own", default=None)
    ramp_to: Mapping[str, float] | None = doc(
        "shares at its end: from `shares` to these they change evenly; the column `at` says where in the phase a row "
        "belongs",
        default=None,
    )

    def __post_init__(self) -> None:
        """Check the name and the numbers."""
        if not NAME.fullmatch(self.name):
            raise ValueError("'name' must be made of lower-case letters, digits, '-' and '_' (at most 60)")
        if not 0 < self.fraction <= 1:
            raise ValueError("'fraction' must be above 0 and at most 1")
        for name in ("shares", "ramp_to"):
            value = getattr(self, name)
            if value is not None and (min(value.values(), default=-1) < 0 or abs(sum(value.values()) - 1) > NEAR):
                raise ValueError(f"'{name}' must be 0 or more and add up to 1, not {sum(value.values()):g}")


@dataclass(frozen=True)
class Splits:
    """Which share of the rows is held out. Rows that share a group, a prompt or a text stay together."""

    validation: float = doc("share held out for validation, from 0 to below 1", default=0.05)
    test: float = doc("share held out for a last test, from 0 to below 1", default=0.0)

    def __post_init__(self) -> None:
        """Check the range."""
        for name in ("validation", "test"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"'{name}' must be from 0 to below 1")
        if self.validation + self.test >= 1:
            raise ValueError("'validation' and 'test' leave nothing to train on")
