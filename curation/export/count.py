"""Tokens of a record as a model will see it: counted with the tokenizer of the recipe, or estimated and so declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.errors import MissingError, ProjectError
from curation.core.model_files import tokenizer_files
from curation.core.project import Project
from curation.core.records import ROLES, empty_dropped
from curation.core.store import Store, View
from curation.export.asked import TokenizerAt
from curation.methods.texts import one_array
from curation.methods.tokenise import Tokeniser

Ints = npt.NDArray[np.int64]

VERSION = 1
"""Raise it when the same text can count another number of tokens."""

STEP = "tokens"
COLUMNS = ("messages", "chosen", "rejected")

PER_WORD = 1.35
BYTES = 6
"""An estimate has at least one token for so many bytes: not every language puts spaces between words."""


class Counter(Protocol):
    """Counts the tokens of texts."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What of it decides a mix."""

    @property
    def frame(self) -> Frame:
        """What a template adds."""

    def texts(self, texts: pa.Array) -> Ints:
        """The tokens of each text; of a null, none."""

    def part(self, view: View, source: str, part: str, table: pa.Table) -> dict[str, Ints]:
        """The tokens of every turn of a part, by column of `COLUMNS`, one after another."""


@dataclass(frozen=True)
class Frame:
    """The tokens that a chat template adds.

    Attributes:
        begin: before everything.
        around: by role of `ROLES`, around a turn.
        stop: how many of an assistant's belong to what is learned.
    """

    begin: int
    around: tuple[int, int, int, int]
    stop: int = 1


BARE = Frame(0, (0, 0, 1, 0))
"""Without a template: the end of an answer is all that is sure to be there."""
MISTRAL = Frame(1, (2, 2, 1, 2))


@dataclass(frozen=True)
class Estimate:
    """Where no tokenizer is at hand."""

    wanted: str | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What of it decides a mix."""
        return {"version": VERSION, "estimate": PER_WORD, "wanted": self.wanted}

    @property
    def frame(self) -> Frame:
        """Of one template or the other: these are the numbers of Mistral's."""
        return MISTRAL

    def texts(self, texts: pa.Array) -> Ints:
        """About so many tokens."""
        filled = pc.fill_null(texts, "")
        size = pc.binary_length(filled).to_numpy(zero_copy_only=False)
        # Counted are spaces, for that costs a hundredth of looking for words.
        words = pc.count_substring(filled, " ").to_numpy(zero_copy_only=False) + (size > 0)
        return np.maximum(np.ceil(words * PER_WORD), -(-size // BYTES)).astype(np.int64)

    def part(self, view: View, source: str, part: str, table: pa.Table) -> dict[str, Ints]:
        """Of the turns of a part, by column."""
        return {name: self.texts(_contents(table, name)) for name in COLUMNS if name in table.column_names}


@dataclass(frozen=True)
class Counted:
    """With a tokenizer; the numbers of a part are kept beside the tables, so that only what is new is counted again."""

    tokeniser: Tokeniser
    fingerprint: str
    template: str | None
    frame: Frame
    store: Store

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What of it decides a mix."""
        found = self.tokeniser.files
        return {
            "version": VERSION,
            "tokenizer": found.name,
            "revision": found.revision,
            "sha256": self.fingerprint,
            "template": self.template,
        }

    def texts(self, texts: pa.Array) -> Ints:
        """Exactly so many tokens."""
        lengths = pc.list_value_length(self.tokeniser.tokens(texts)) if len(texts) else pa.array([], pa.int32())
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)

    def part(self, view: View, source: str, part: str, table: pa.Table) -> dict[str, Ints]:
        """Of the turns of a part, by column, from an earlier run where there was one."""
        columns = [name for name in COLUMNS if name in table.column_names]
        key = files.digest([VERSION, self.fingerprint, view.digest(part, columns)])
        folder = self.store.folder(source, STEP)
        if not self.store.has_part(folder, key):
            made: dict[str, Any] = {"id": table.column("id")}
            for name in columns:
                lists = one_array(table.column(name))
                counts = pa.array(self.texts(_contents(table, name)), pa.int32())
                made[name] = pa.ListArray.from_arrays(_offsets(lists), counts, mask=lists.is_null())
            self.store.write_part(source, STEP, key, pa.table(made), empty_dropped(), {})
        stored = self.store.read_part(source, STEP, key, columns)
        return {n: np.asarray(one_array(stored.column(n)).flatten().to_numpy(), np.int64) for n in columns}


def recount(counter: Counter, stored: pa.Table, table: pa.Table, counts: Mapping[str, Ints]) -> Mapping[str, Ints]:
    """The counts of a part some of whose texts people changed: only what differs from the stored rows is counted anew.

    Args:
        counter: counts.
        stored: the part as it is stored.
        table: the same rows as they are to leave.
        counts: of the stored rows.
    """
    if table is stored:
        return counts
    changed = [c for c in COLUMNS if c in table.column_names and not table.column(c).equals(stored.column(c))]
    return {**counts, **{c: counter.texts(_contents(table, c)) for c in changed}}


def counter(project: Project, asked: TokenizerAt | None) -> Counter:
    """What a recipe's tokens are counted with.

    Raises:
        MissingError: the tokenizer is not on this machine, and the recipe does not allow an estimate.
        ProjectError: it lacks a control token of the template that the recipe names.
    """
    if asked is None:
        return Estimate()
    at = project.root / asked.path
    try:
        if not at.is_dir() and asked.revision is None:
            fix = "put it there, or pin a hub id with revision, or allow an estimate: or_estimate: true"
            raise MissingError("the tokenizer of the recipe is not on this machine", where=asked.path, fix=fix)
        found = tokenizer_files(at if at.is_dir() else asked.path, asked.revision)
        tokeniser = Tokeniser.load(found).plain()
    except MissingError:
        if not asked.or_estimate:
            raise
        return Estimate(asked.path)
    return Counted(
        tokeniser,
        files.sha256_file(found.folder / "tokenizer.json"),
        asked.template,
        _frame(tokeniser, asked.template),
        Store(project.data / "tables"),
    )


def _frame(tokeniser: Tokeniser, template: str | None) -> Frame:
    if template is None:
        return BARE
    control = {
        "mistral-v7-tekken": ("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        "chatml": ("<|im_start|>", "<|im_end|>"),
    }[template]
    missing = [token for token in control if not tokeniser.has(token)]
    if missing:
        raise ProjectError(
            f"the tokenizer has no token {missing[0]}, which the template {template} needs",
            where=tokeniser.files.name,
            fix="name the template that this model was made with, or none: then only texts are counted",
        )
    if template != "chatml":
        return MISTRAL
    heads = pa.array([f"{role}\n" for role in ROLES] + ["\n"], pa.string())
    *head, tail = pc.list_value_length(tokeniser.tokens(heads)).to_pylist()
    around = tuple(2 + size + tail for size in head)
    return Frame(0, (around[0], around[1], around[2], around[3]))


def _contents(table: pa.Table, name: str) -> pa.Array:
    return pc.struct_field(one_array(table.column(name)).flatten(), "content")


def _offsets(lists: pa.ListArray) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32))
