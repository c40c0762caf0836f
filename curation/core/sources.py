"""sources.yaml as frozen dataclasses: where rows come from, under which rights, and how they become records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from curation.core.declare import doc
from curation.core.records import ROLES

Names = str | tuple[str, ...]

DEFAULT_ROLES: Mapping[str, tuple[str, ...]] = {
    "system": ("system",),
    "user": ("user", "human", "client", "patient", "seeker", "prompter"),
    "assistant": ("assistant", "gpt", "bot", "model", "chatgpt", "therapist", "counselor", "supporter"),
    "tool": ("tool", "observation", "function_response"),
}
"""Role names found in public data sets, by the role they mean. A name that is not here and not in the adapter's
`roles` makes the row a counted reject: it is never guessed to be a user."""


def names(value: Names | None) -> tuple[str, ...]:
    """One name, several or none, as a tuple."""
    return () if value is None else (value,) if isinstance(value, str) else value


@dataclass(frozen=True)
class Turns:
    """A column holds the whole conversation as a list of turns (ShareGPT, OpenAI messages)."""

    kind: Literal["turns"]
    field: str = doc("column with the list of turns", default="messages")
    role_key: Names = doc("key of a turn's role; of several, the first that is not null", default="role")
    content_key: Names = doc("key of a turn's text; of several, the first that is not null", default="content")
    reasoning_key: str | None = doc("key of a turn's reasoning", default=None)
    roles: Mapping[str, tuple[str, ...]] = doc("role names of this source by the role they mean", default_factory=dict)
    keep: tuple[str, ...] = doc("columns kept in meta", default=())
    group: str | None = doc("column whose rows must fall on one side of a split", default=None)

    def __post_init__(self) -> None:
        """Check the roles."""
        _check_roles(self.roles)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (self.field,)


@dataclass(frozen=True)
class Qa:
    """Columns hold a question and its answer."""

    kind: Literal["qa"]
    user: Names = doc("column or columns of the question, joined by a blank line")
    assistant: Names = doc("column or columns of the answer, joined by a blank line")
    system: Names | None = doc("column or columns of a system prompt", default=None)
    system_text: str | None = doc("a system prompt for every row", default=None)
    reasoning: str | None = doc("column with the answer's reasoning", default=None)
    keep: tuple[str, ...] = doc("columns kept in meta", default=())
    group: str | None = doc("column whose rows must fall on one side of a split", default=None)

    def __post_init__(self) -> None:
        """Check that there is something to read."""
        _check_named(self, "user", "assistant")

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*names(self.system), *names(self.user), *names(self.assistant))


@dataclass(frozen=True)
class Preference:
    """Columns hold two answers to one prompt, the better one named."""

    kind: Literal["preference"]
    chosen: str = doc("column of the better answer: text, a turn, or a list of turns", default="chosen")
    rejected: str = doc("column of the other answer", default="rejected")
    prompt: str | None = doc(
        "column of the prompt: text or a list of turns; none: the answers' common beginning", default=None
    )
    role_key: Names = doc("key of a turn's role", default=("role", "from"))
    content_key: Names = doc("key of a turn's text", default=("content", "value"))
    roles: Mapping[str, tuple[str, ...]] = doc("role names of this source by the role they mean", default_factory=dict)
    keep: tuple[str, ...] = doc("columns kept in meta", default=())
    group: str | None = doc("column whose rows must fall on one side of a split", default=None)

    def __post_init__(self) -> None:
        """Check the roles."""
        _check_roles(self.roles)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*names(self.prompt), self.chosen, self.rejected)


Adapter = Turns | Qa | Preference


def _check_roles(roles: Mapping[str, Any]) -> None:
    for role in roles:
        if role not in ROLES:
            raise ValueError(f"'{role}' is not a role; roles are {', '.join(ROLES)}")


def _check_named(adapter: Any, *fields: str) -> None:
    for name in fields:
        if not getattr(adapter, name):
            raise ValueError(f"'{name}' must name at least one column")


def _check_max_rows(source: Any) -> None:
    if source.max_rows is not None and source.max_rows < 1:
        raise ValueError("'max_rows' must be at least 1; to leave a source out: enabled: false")


@dataclass(frozen=True)
class Accept:
    """A person's word that a source may be used although its licence is unknown or restricted."""

    licence: str = doc("the licence it is used under")
    by: str = doc("who decided")
    reason: str = doc("why; printed on the data card")


@dataclass(frozen=True)
class HubSource:
    """A Hugging Face data set, pinned to a commit in sources.lock.yaml."""

    kind: Literal["huggingface"]
    id: str = doc("namespace/name on the hub")
    adapter: Adapter = doc("how its columns become records")
    files: tuple[str, ...] = doc("patterns of the files to read", default=("*.parquet", "*.jsonl", "*.json", "*.csv"))
    revision: str | None = doc("branch, tag or commit to pin at the first pull", default=None)
    licence: str | None = doc("SPDX identifier; by default what the data card says", default=None)
    persona: Literal["assistant", "client", "neutral"] = doc("whose voice its rows teach", default="neutral")
    max_rows: int | None = doc("take only the first rows of each file", default=None)
    priority: int = doc("of two near-duplicates the one of the higher priority stays", default=0)
    enabled: bool = doc("false: the source is left out everywhere", default=True)
    accept: Accept | None = doc("needed for an unknown or restricted licence", default=None)
    note: str | None = doc("for people", default=None)

    def __post_init__(self) -> None:
        """Check the range."""
        _check_max_rows(self)


@dataclass(frozen=True)
class FileSource:
    """Files on this machine, or at an address of a host that the project allows."""

    kind: Literal["files"]
    path: Names = doc("jsonl, json, csv, tsv or parquet files; patterns allowed; or an https address")
    adapter: Adapter = doc("how their columns become records")
    licence: str | None = doc("SPDX identifier", default=None)
    persona: Literal["assistant", "client", "neutral"] = doc("whose voice its rows teach", default="neutral")
    max_rows: int | None = doc("take only the first rows of each file", default=None)
    priority: int = doc("of two near-duplicates the one of the higher priority stays", default=0)
    enabled: bool = doc("false: the source is left out everywhere", default=True)
    accept: Accept | None = doc("needed for an unknown or restricted licence", default=None)
    note: str | None = doc("for people", default=None)

    def __post_init__(self) -> None:
        """Check the range."""
        _check_max_rows(self)


Source = HubSource | FileSource


@dataclass(frozen=True)
class Sources:
    """The sources of a project."""

    sources: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names: they stand in ids and folder names."""
        for name in self.sources:
            if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= 60):
                raise ValueError(f"source name {name!r}: use letters, digits, '-' and '_' (at most 60)")
