"""What an adapter declares: how the columns of a source become records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from curation.core.declare import doc
from curation.core.records import ROLES

Names = str | tuple[str, ...]
"""One column or key, or several of which the first that is not null counts. A dotted name leads into a struct or into
JSON text, unless a column bears the whole name."""

Parts = str | tuple[str | tuple[str, ...], ...]
"""One column, or several whose texts are joined by a blank line; a list among them is `Names`."""

Condition = str | int | float | bool | None | tuple[str | int | float | bool | None, ...]
"""A value, a list of values of which one must fit, null, or the words `not null`."""

Role = Literal["system", "user", "assistant", "tool"]

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


def parts(value: Parts | None) -> tuple[tuple[str, ...], ...]:
    """The parts of a joined text, each as the names of which the first that is not null counts."""
    return () if value is None else ((value,),) if isinstance(value, str) else tuple(names(part) for part in value)


def _flat(value: Parts | None) -> tuple[str, ...]:
    return tuple(name for part in parts(value) for name in part)


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every adapter can say."""

    system: Parts | None = doc("column or columns of a system prompt", default=None)
    system_text: str | None = doc("a system prompt for every row", default=None)
    where: Mapping[str, Condition] = doc(
        "columns and what must stand in them: a value, a list of values, null, or 'not null'; other rows are refused",
        default_factory=dict,
    )
    merge_consecutive: bool | str = doc(
        "true: neighbouring turns of one role become one; reject: they refuse the row", default=True
    )
    min_turns: int | None = doc("fewer turns (system prompts do not count) refuse the row", default=None)
    max_turns: int | None = doc("more turns refuse the row", default=None)
    keep: tuple[str, ...] = doc("columns kept in meta", default=())
    group: Names | None = doc(
        "column whose rows must fall on one side of a split; by default the first user turn", default=None
    )

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if self.merge_consecutive not in (True, "reject"):
            raise ValueError("merge_consecutive is true or reject")
        if self.min_turns is not None and self.max_turns is not None and self.min_turns > self.max_turns:
            raise ValueError("min_turns is larger than max_turns")
        for role in getattr(self, "roles", ()):
            if role not in ROLES:
                raise ValueError(f"'{role}' is not a role; roles are {', '.join(ROLES)}")


@dataclass(frozen=True)
class Turns(Common):
    """A column holds the whole conversation as a list of turns (ShareGPT, OpenAI messages)."""

    kind: Literal["turns"]
    field: Names = doc("column with the list of turns", default="messages")
    role_key: Names = doc("key of a turn's role; of several, the first that is not null", default="role")
    content_key: Names = doc("key of a turn's text; of several, the first that is not null", default="content")
    reasoning_key: Names | None = doc("key of a turn's reasoning", default=None)
    reasoning: Names | None = doc("column with the last answer's reasoning", default=None)
    roles: Mapping[str, tuple[str, ...]] = doc("role names of this source by the role they mean", default_factory=dict)
    trim_trailing_user: bool = doc("leave out what follows the last answer", default=True)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*_flat(self.system), *names(self.field))


@dataclass(frozen=True)
class Qa(Common):
    """Columns hold a question and its answer."""

    kind: Literal["qa"]
    user: Parts = doc("column or columns of the question, joined by a blank line")
    assistant: Parts = doc("column or columns of the answer, joined by a blank line")
    history: Names | None = doc("column with the [question, answer] pairs that went before", default=None)
    reasoning: Names | None = doc("column with the answer's reasoning", default=None)

    def __post_init__(self) -> None:
        """Check that there is something to read."""
        super().__post_init__()
        _check_named(self, "user", "assistant")

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*_flat(self.system), *names(self.history), *_flat(self.user), *_flat(self.assistant))


@dataclass(frozen=True)
class OwnMarkers:
    """Markers of one's own."""

    turn: str = doc("regular expression with (?P<role>…) and (?P<body>…); without body: the text up to the next match")

    def __post_init__(self) -> None:
        """Check the expression."""
        try:
            groups = re.compile(self.turn).groupindex
        except re.error as error:
            raise ValueError(f"'turn' is no regular expression: {error.msg}") from None
        if "role" not in groups:
            raise ValueError("'turn' lacks a group (?P<role>…)")


@dataclass(frozen=True)
class Text(Common):
    """A column holds the whole conversation as one text with markers."""

    kind: Literal["text"]
    markers: OwnMarkers | Literal["chatml", "llama2", "human_assistant", "alpaca_sections"] = doc(
        "how the text shows who speaks"
    )
    field: Names = doc("column with the text", default="text")
    sections: Mapping[str, Role] = doc("names of speakers or sections, each with its role", default_factory=dict)
    preamble: Literal["reject", "system", "drop"] = doc(
        "what becomes of text before the first marker", default="reject"
    )
    reasoning: Names | None = doc("column with the last answer's reasoning", default=None)
    trim_trailing_user: bool = doc("leave out what follows the last answer", default=True)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*_flat(self.system), *names(self.field))


@dataclass(frozen=True)
class Preference(Common):
    """Columns hold two answers to one prompt, the better one named."""

    kind: Literal["preference"]
    chosen: Names = doc("column of the better answer: text, a turn, or a list of turns", default="chosen")
    rejected: Names = doc("column of the other answer", default="rejected")
    prompt: Names | None = doc(
        "column of the prompt: text or a list of turns; none: the answers' common beginning", default=None
    )
    score_chosen: Names | None = doc("column with the better answer's score; it must be the higher one", default=None)
    score_rejected: Names | None = doc("column with the other answer's score", default=None)
    role_key: Names = doc("key of a turn's role", default=("role", "from"))
    content_key: Names = doc("key of a turn's text", default=("content", "value"))
    roles: Mapping[str, tuple[str, ...]] = doc("role names of this source by the role they mean", default_factory=dict)

    def __post_init__(self) -> None:
        """Check the scores."""
        super().__post_init__()
        if (self.score_chosen is None) != (self.score_rejected is None):
            raise ValueError("score_chosen and score_rejected come together")

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*_flat(self.system), *names(self.prompt), *names(self.chosen), *names(self.rejected))


@dataclass(frozen=True)
class Unpaired(Common):
    """Columns hold a prompt, one answer, and whether it was good."""

    kind: Literal["unpaired"]
    label: Names = doc("column with true or false, 1 or 0, good or bad", default="label")
    answer: Names = doc("column of the answer: text, a turn, or a list of turns", default="completion")
    prompt: Names | None = doc(
        "column of the prompt: text or a list of turns; none: what goes before the last answer", default=None
    )
    good: tuple[str, ...] = doc("more labels that mean good", default=())
    bad: tuple[str, ...] = doc("more labels that mean bad", default=())
    reasoning: Names | None = doc("column with the answer's reasoning", default=None)
    role_key: Names = doc("key of a turn's role", default=("role", "from"))
    content_key: Names = doc("key of a turn's text", default=("content", "value"))
    roles: Mapping[str, tuple[str, ...]] = doc("role names of this source by the role they mean", default_factory=dict)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*_flat(self.system), *names(self.prompt), *names(self.answer))


@dataclass(frozen=True)
class Rows(Common):
    """Every row holds one turn; the rows of a conversation share a value and may lie anywhere in the files."""

    kind: Literal["rows"]
    group_by: str | tuple[str, ...] = doc("column that names the conversation, or several that do so together")
    role: Names = doc("column with the turn's role")
    content: Names = doc("column with the turn's text")
    order_by: str | None = doc(
        "column that orders the turns, as numbers where they are; none: as they lie", default=None
    )
    distinct: tuple[str, ...] = doc("rows of a conversation that agree in these columns are one turn", default=())
    roles: Mapping[str, tuple[str, ...]] = doc("role names of this source by the role they mean", default_factory=dict)
    trim_trailing_user: bool = doc("leave out what follows the last answer", default=True)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return names(self.content)


@dataclass(frozen=True)
class Document(Common):
    """A column holds plain text, which becomes the answer to a request that is the same for every row."""

    kind: Literal["document"]
    user_text: str = doc("the request; without one a document is no conversation")
    field: Names = doc("column with the text", default="text")
    user: Parts | None = doc("column or columns added to the request, such as a title", default=None)
    reasoning: Names | None = doc("column with the text's reasoning", default=None)

    def text_columns(self) -> tuple[str, ...]:
        """The source columns that carry the text."""
        return (*_flat(self.system), *_flat(self.user), *names(self.field))


Adapter = Turns | Qa | Text | Preference | Unpaired | Rows | Document


def _check_named(adapter: Any, *fields: str) -> None:
    for name in fields:
        if not getattr(adapter, name):
            raise ValueError(f"'{name}' must name at least one column")
