"""The stage `eq`: proxies of five domains of emotional ability, from tags and markers of the answering side's turns.

A proxy counts forms of words. What it is worth is what people's ratings say of it (`curation.methods.eq`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.stage import Context, Output, stage
from curation.methods.eq import DOMAIN, DOMAINS, EQ
from curation.methods.texts import Turns, one_array
from curation.tag import markers
from curation.tag.arcs import valences

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOSTILE = ("anger", "annoyance", "disgust")
NEGATIVE = -0.2
"""Valence below which the turn before an answer counts as negative."""


@dataclass(frozen=True)
class EqSpec:
    """Which records the markers can read."""

    languages: tuple[str, ...] = doc("languages that the markers are written for", default=("en",))
    unknown: bool = doc("read rows whose language is not known", default=True)
    least: int = doc("turns that a proxy has to stand on; with fewer it is null", default=2)

    def __post_init__(self) -> None:
        """Check the range."""
        if self.least < 1:
            raise ValueError("'least' must be at least 1")


@dataclass(frozen=True)
class _Said:
    """What is known of every turn of a batch, flat.

    Attributes:
        rows: its row.
        answer: is it of the answering side?
        felt: does it answer a turn of the client that shows a feeling?
        negative: does it answer one whose valence is negative?
        hostile: does it answer a hostile one?
        own_hostile: is it hostile itself?
        content: its text.
    """

    rows: Ints
    answer: Flags
    felt: Flags
    negative: Flags
    hostile: Flags
    own_hostile: Flags
    content: pa.StringArray

    def per_row(self, wanted: Flags, values: Floats | Flags, size: int) -> tuple[Floats, Ints]:
        """The mean of some turns' values in each of `size` rows (NaN without any), and how many turns these are."""
        count = np.bincount(self.rows[wanted], minlength=size)
        total = np.bincount(self.rows[wanted], np.asarray(values, np.float64)[wanted], size)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan), count


def _trial(text: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: domain for name, domain in made["eq"].items() if domain["value"] is not None}


@stage(
    "eq",
    version=markers.VERSION,
    spec=EqSpec,
    reads=("messages", "language", "emotion", "empathy"),
    writes=("eq",),
    types={"eq": EQ},
    trial=_trial,
)
def eq(batch: pa.RecordBatch, spec: EqSpec, context: Context) -> Output:
    """Give each record its proxies; every row is kept."""
    said, size = _said(batch), len(batch)
    language = batch.column("language")
    known = pc.is_in(language, value_set=pa.array(spec.languages, pa.string()))
    readable = pc.if_else(pc.is_null(language), spec.unknown, known).to_numpy(zero_copy_only=False)
    found: dict[str, tuple[str | npt.NDArray[np.str_], Floats, Ints]] = {
        "emotional_awareness": ("feelings named", *_awareness(said, size)),
        "empathy_recognition": _empathy(batch, said, size, spec.least),
        "emotional_regulation": ("steady after hostility", *_regulation(said, size)),
        "social_cognition": ("none", np.full(size, np.nan), np.zeros(size, np.int64)),
        "interpersonal_skills": ("reflections and questions", *_skills(said, size)),
    }
    columns = []
    notes = {}
    for name in DOMAINS:
        instrument, value, count = found[name]
        there = readable & (count >= spec.least) & ~np.isnan(value)
        notes[name] = int(there.sum())
        columns.append(_domain(value, count, instrument, there))
    return Output(pa.table({"id": batch.column("id"), "eq": pa.StructArray.from_arrays(columns, fields=list(EQ))}),
                  notes=notes)  # fmt: skip


def _domain(value: Floats, count: Ints, instrument: str | npt.NDArray[np.str_], there: Flags) -> pa.StructArray:
    """The structs of one domain: all but `n_evidence` null where nothing can be said."""
    mask = pa.array(~there)
    size = len(value)

    def word(words: str | npt.NDArray[np.str_]) -> pa.StringArray:
        made = pa.array(np.broadcast_to(np.asarray(words, np.str_), size).tolist(), pa.string())
        return pc.if_else(mask, pa.scalar(None, pa.string()), made)

    return pa.StructArray.from_arrays(
        [
            pa.array(np.nan_to_num(value).astype(np.float32), mask=~there),
            pa.array(count, pa.int32()),
            word("proxy"),
            word(instrument),
            pa.array(np.full(size, markers.VERSION), pa.int32(), mask=~there),
        ],
        fields=list(DOMAIN),
    )


def _said(batch: pa.RecordBatch) -> _Said:
    turns = Turns.of(batch.column("messages"))
    valence, rows, place = valences(batch)
    answer, client = (_is(turns.role, name) for name in ("assistant", "user"))
    felt, hostile = (_labelled(batch, turns.lengths, labels) for labels in (None, HOSTILE))
    # Only an answer to the client is judged by the turn before it.
    after = np.concatenate([[False], client[:-1]]) & (place > 0) if len(rows) else np.zeros(0, bool)

    def before(marks: Flags) -> Flags:
        return answer & after & np.concatenate([[False], marks[:-1]]) if len(marks) else marks

    negative = np.nan_to_num(valence) < NEGATIVE
    content = pc.fill_null(turns.content, "")
    return _Said(rows, answer, before(felt), before(negative), before(hostile), hostile, content)


def _is(role: pa.StringArray, name: str) -> Flags:
    return np.asarray(pc.fill_null(pc.equal(role, name), False).to_numpy(zero_copy_only=False), np.bool_)


def _labelled(batch: pa.RecordBatch, lengths: Ints, labels: tuple[str, ...] | None) -> Flags:
    """Which turns have one of the labels; without labels, which have any but `neutral`."""
    tags = pc.struct_field(one_array(batch.column("emotion")), "turns")
    tagged = pc.fill_null(pc.list_value_length(tags), 0).to_numpy(zero_copy_only=False) == lengths
    lists = pc.struct_field(tags.filter(pa.array(tagged)).flatten(), "labels")
    wanted = pa.array(labels if labels is not None else ["neutral"])
    hit = pc.is_in(lists.flatten(), value_set=wanted)
    hit = hit if labels is not None else pc.invert(hit)
    marks = np.zeros(len(lists), bool)
    marks[pc.list_parent_indices(lists).filter(hit).to_numpy()] = True
    found = np.zeros(int(lengths.sum()), bool)
    found[np.repeat(tagged, lengths)] = marks
    return found


def _awareness(said: _Said, size: int) -> tuple[Floats, Ints]:
    """Of the answers to a turn that shows a feeling, the share that names one."""
    return said.per_row(said.felt, markers.names_feeling(said.content), size)


def _empathy(batch: pa.RecordBatch, said: _Said, size: int, least: int) -> tuple[npt.NDArray[np.str_], Floats, Ints]:
    """The mean level of the three mechanisms where a head rated them, else how often a heavy turn is reflected."""
    levels = _levels(batch)
    share, after = said.per_row(said.negative, markers.reflects(said.content), size)
    mean, rated = said.per_row(~np.isnan(levels), np.nan_to_num(levels) / 6, size)
    by_head = rated >= least
    instrument = np.where(by_head, "empathy head", "reflections after heavy turns")
    return instrument, np.where(by_head, mean, share), np.where(by_head, rated, after)


def _levels(batch: pa.RecordBatch) -> Floats:
    """For every turn the sum of its three levels, NaN where it was not rated."""
    lengths = Turns.of(batch.column("messages")).lengths
    tags = pc.struct_field(one_array(batch.column("empathy")), "turns")
    tagged = pc.fill_null(pc.list_value_length(tags), 0).to_numpy(zero_copy_only=False) == lengths
    flat = tags.filter(pa.array(tagged)).flatten()
    found = np.full(int(lengths.sum()), np.nan)
    total = sum(
        pc.struct_field(pc.struct_field(flat, name), "level").cast(pa.float64()).to_numpy(zero_copy_only=False)
        for name in ("emotional_reactions", "interpretations", "explorations")
    )
    found[np.repeat(tagged, lengths)] = total
    return found


def _regulation(said: _Said, size: int) -> tuple[Floats, Ints]:
    """Of the answers to a hostile turn, the share that is not hostile itself.

    The tagger hears anger where somebody else's is given back ("I hear how angry you are"): that is no hostility.
    """
    return said.per_row(said.hostile, ~said.own_hostile | markers.reflects(said.content), size)


def _skills(said: _Said, size: int) -> tuple[Floats, Ints]:
    """How far reflections outweigh questions, and how many of these are open; half of it where advice comes first."""
    content = said.content
    reflects, asks, openly = (f(content) for f in (markers.reflects, markers.asks, markers.asks_openly))
    explores = reflects | openly

    def count(marks: Flags) -> Ints:
        return np.bincount(said.rows[said.answer & marks], minlength=size)

    given, asked = count(reflects), count(asks)
    balance = np.minimum(1, given / np.maximum(asked, 1))
    opened = np.where(asked > 0, count(openly) / np.maximum(asked, 1), balance)
    early = _first(said, markers.suggests(content), size) < _first(said, explores, size)
    value = (balance + opened) / 2 * np.where(early, 0.5, 1)
    evidence = count(reflects | asks)
    return np.where(evidence > 0, value, np.nan), evidence


def _first(said: _Said, marks: Flags, size: int) -> Ints:
    """The first answer of each row that is marked, as a place among all turns; one past the last where none is."""
    found = np.full(size, len(said.rows))
    spots = np.flatnonzero(said.answer & marks)[::-1]
    found[said.rows[spots]] = spots
    return found
