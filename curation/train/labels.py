"""What heads learn: label columns of an export, each read as questions with answers, by the type of the column.

    a list of names, or a struct of numbers from 0 to 1    several yes-or-no questions (emotion; domains of ability)
    a name                                                 one question with one of several answers (persona)
    a whole number, or a struct of them                    levels in an order (empathy; a clinical rating)

What stands in a column are people's or a tagger's labels of a row. A head learns to agree with them, nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core.errors import ProjectError
from curation.train.encode import Document
from curation.train.export import Export

Answers = npt.NDArray[np.float16]
"""[rows, questions]: 0 or 1 (or between), the place of a name, or a level; NaN where nobody said."""

HEADS = "heads.json"
"""Beside an adapter: what its heads are asked, and how they do."""

_NEVER = {"id", "messages", "prompt", "chosen", "rejected"}
_MOST = 256
_MOST_LEVELS = 16


@dataclass(frozen=True)
class Asked:
    """What one head is asked.

    Attributes:
        kind: `several` yes-or-no questions, `one` name of several, or levels in an order.
        names: the questions; for `one`, the names it chooses from.
        levels: for `ordinal`, the highest level of each question.
    """

    kind: Literal["several", "one", "ordinal"]
    names: tuple[str, ...]
    levels: tuple[int, ...] = ()

    @property
    def outputs(self) -> int:
        """Numbers that a head gives: for levels one for each step up."""
        return sum(self.levels) if self.kind == "ordinal" else len(self.names)


@dataclass(frozen=True)
class Labels:
    """The answers of one table's rows, by head; `places` are those of its rows, which are a record in a voice."""

    places: Mapping[tuple[str, str], int]
    answers: Mapping[str, Answers]

    def of(self, head: str, documents: Sequence[Document]) -> Answers:
        """The answers for documents, [documents, questions]; a piece of a split row has those of its row."""
        known = self.answers[head]
        found = np.full((len(documents), known.shape[1]), np.nan, np.float16)
        for number, document in enumerate(documents):
            place = self.places.get((document.row, document.persona))
            if place is not None:
                found[number] = known[place]
        return found


def ask(export: Export, heads: Iterable[str], recipe: str) -> dict[str, Asked]:
    """What each head is asked, as the rows to learn say it.

    Raises:
        ProjectError: the export lacks a column, nothing can be learned from it, or it holds no labels.
    """
    found = {}
    for name in heads:
        where = f"training recipe {recipe}: heads.{name}"
        column = _column(export, "train.parquet", name, where)
        asked = _asked(column, name, where)
        answers = _answers(column, asked)
        told = answers[~np.isnan(answers).all(axis=1)]
        if not len(told) or (told == told[0]).all():
            said = "no row of the mix has" if not len(told) else "all labelled rows of the mix have the same"
            raise ProjectError(
                f"{said} '{name}', so there is nothing to learn",
                where=where,
                fix="tag or review more of the sources, or leave this head out",
            )
        found[name] = asked
    return found


def read(export: Export, table: str, asked: Mapping[str, Asked], recipe: str) -> Labels:
    """The answers of the rows of one of the tables.

    Raises:
        ProjectError: the export lacks a column, or it is of another type than the head's.
    """
    with pq.ParquetFile(export.folder / table) as file:
        rows = file.read(columns=["id", "persona"])
    pairs = zip(rows.column("id").to_pylist(), rows.column("persona").to_pylist(), strict=True)
    places = {(row, persona or ""): place for place, (row, persona) in enumerate(pairs)}
    answers = {}
    for name, known in asked.items():
        where = f"training recipe {recipe}: heads.{name}"
        column = _column(export, table, name, where)
        if _kind(column.type, name, where) != known.kind:
            raise ProjectError(
                f"the column '{name}' is of another kind than what the head learned",
                where=where,
                fix=f"curate train run {recipe}",
            )
        answers[name] = _answers(column, known)
    return Labels(places, answers)


def _column(export: Export, table: str, name: str, where: str) -> pa.Array:
    with pq.ParquetFile(export.folder / table) as file:
        columns = [c for c in file.schema_arrow.names if c not in _NEVER]
        if name not in columns:
            raise ProjectError(
                f"the export has no labels '{name}'",
                where=where,
                fix=f"its columns are {', '.join(columns)}; tag the sources and export again, or leave this head out",
            )
        found = file.read(columns=[name]).column(name).combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _kind(type_: pa.DataType, name: str, where: str) -> Literal["several", "one", "ordinal"]:
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return "one"
    if pa.types.is_integer(type_):
        return "ordinal"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        if pa.types.is_string(type_.value_type) or pa.types.is_large_string(type_.value_type):
            return "several"
    elif pa.types.is_struct(type_) and type_.num_fields:
        kinds = [_inner(field.type) for field in type_]
        if all(pa.types.is_integer(kind) for kind in kinds):
            return "ordinal"
        if all(pa.types.is_floating(kind) or pa.types.is_boolean(kind) for kind in kinds):
            return "several"
    raise ProjectError(f"nothing can be learned from a column of type {type_}", where=where, fix="leave this head out")


def _inner(type_: pa.DataType) -> pa.DataType:
    """The type of a question of a struct; a tag that comes with its evidence is a struct with a `value`."""
    if pa.types.is_struct(type_) and type_.get_field_index("value") >= 0:
        return type_.field("value").type
    return type_


def _fields(column: pa.Array) -> dict[str, pa.Array]:
    """The numbers of each question of a column of levels, or of a struct."""
    if not pa.types.is_struct(column.type):
        return {"": column}
    found = {}
    for field in column.type:
        values = pc.struct_field(column, field.name)
        found[field.name] = pc.struct_field(values, "value") if pa.types.is_struct(field.type) else values
    return found


def _asked(column: pa.Array, name: str, where: str) -> Asked:
    kind = _kind(column.type, name, where)
    if kind == "one" or (not pa.types.is_struct(column.type) and kind == "several"):
        texts = column if kind == "one" else column.flatten()
        names = tuple(sorted(text for text in pc.unique(texts).to_pylist() if text is not None))
        if len(names) > _MOST:
            raise ProjectError(
                f"the column '{name}' has {len(names)} names, too many to be labels", where=where, fix="leave it out"
            )
        return Asked(kind, names)
    fields = _fields(column)
    if kind == "several":
        return Asked(kind, tuple(fields))
    ends = {field: pc.min_max(values).as_py() for field, values in fields.items()}
    if any(end["min"] is not None and (end["min"] < 0 or end["max"] > _MOST_LEVELS) for end in ends.values()):
        raise ProjectError(
            f"the levels of '{name}' must be from 0 to at most {_MOST_LEVELS}", where=where, fix="leave this head out"
        )
    return Asked(kind, tuple(fields), tuple(max(1, end["max"] or 0) for end in ends.values()))


def _answers(column: pa.Array, asked: Asked) -> Answers:
    said: Any
    known = pa.array(asked.names, pa.string())
    if asked.kind == "one":
        # A name that no row to learn has cannot be chosen, so it is no label.
        said = pc.index_in(column.cast(pa.string()), known, skip_nulls=True)
        return _numbers(said)[:, None]
    if not pa.types.is_struct(column.type) and asked.kind == "several":
        found = np.zeros((len(column), len(asked.names)), np.float16)
        found[column.is_null().to_numpy(zero_copy_only=False)] = np.nan
        label = _numbers(pc.index_in(column.flatten().cast(pa.string()), known))
        row = pc.list_parent_indices(column).to_numpy()
        there = ~np.isnan(label)
        found[row[there], label[there].astype(np.int64)] = 1
        return found
    fields = _fields(column)
    return np.stack([_numbers(fields[name]) if name in fields else _nobody(len(column)) for name in asked.names], 1)


def _numbers(values: Any) -> Answers:
    found = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, np.float16)


def _nobody(rows: int) -> Answers:
    return np.full(rows, np.nan, np.float16)
