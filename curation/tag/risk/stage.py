"""The stage `risk`: which records a person has to read before they leave, and where in them.

A content screen by written rules and a small model of our own. It is no diagnosis, no clinical scale, and says nothing
of a person: it says what stands in a text. What the levels mean stands in `schemas/taxonomies/risk.yaml` and
docs/risk.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.declare import doc
from curation.core.stage import Context, Output, stage
from curation.methods import hold
from curation.methods.hold import HOLD_AT, RISK
from curation.methods.texts import Texts, Turns
from curation.tag.risk import model
from curation.tag.risk.find import Finding, find, flags_of
from curation.tag.risk.judge import MODEL, Threshold, judge

VERSION = 3
"""Raise it with every change of a rule or of what its context takes back; the model's weights are in the key, too."""

COLUMNS = ("messages", "chosen", "rejected")


@dataclass(frozen=True)
class RiskSpec:
    """What is screened."""

    languages: tuple[str, ...] = doc("languages that the rules are written for", default=("en",))
    unknown: bool = doc("screen rows whose language is not known, as most short ones are", default=True)
    threshold: Threshold = doc(
        "what the model holds besides the patterns: 'recall-first' misses least, 'balanced' gives people less to read "
        "and misses more, 'patterns' leaves the model out; rows whose source states their risk, as scenarios do, "
        "are held by the model at 'balanced' at the most, for somebody has judged them",
        default="recall-first",
    )


def _models(spec: RiskSpec) -> Mapping[str, str]:
    return {} if spec.threshold == "patterns" else {"risk": model.fingerprint()}


def _trial(text: str, made: Mapping[str, Any]) -> dict[str, Any]:
    risk = made["risk"]
    told = {"level": risk["level"], "flags": risk["flags"]}
    if risk["why"] is not None:
        return {**told, "why": risk["why"]}
    spans = [{k: v for k, v in s.items() if k not in ("column", "turn")} for s in risk["spans"]]
    return {**told, "by": risk["by"], "spans": spans}


@stage(
    "risk",
    version=VERSION,
    spec=RiskSpec,
    reads=("language", "meta", *COLUMNS),
    writes=("risk",),
    types={"risk": RISK},
    models=_models,
    trial=_trial,
)
def risk(batch: pa.RecordBatch, spec: RiskSpec, context: Context) -> Output:
    """Screen each record; every row is kept."""
    read = _readable(batch, spec)
    texts = Texts.of(batch, COLUMNS)
    spots = np.flatnonzero(read[texts.rows])
    values, answering = texts.values.take(pa.array(spots)), _answering(batch)[spots]
    stated = hold.states(batch)[texts.rows[spots]]
    found = judge(values, find(values, answering), ~answering, texts.rows[spots], spec.threshold, stated)
    hits = [number for number, findings in enumerate(found) if findings]
    by_row: dict[int, list[tuple[str, int, Finding]]] = {}
    for number, (column, turn) in zip(hits, texts.where(spots[hits]), strict=True):
        row = by_row.setdefault(int(texts.rows[spots[number]]), [])
        row += [(column, turn, one) for one in found[number]]
    lengths = Turns.of(batch.column("messages")).lengths
    languages = batch.column("language").to_pylist()
    rows = [
        _row(by_row.get(row, ()), int(lengths[row])) if read[row] else _unread(language)
        for row, language in enumerate(languages)
    ]
    column = pa.array(rows, RISK)
    return Output(pa.table({"id": batch.column("id"), "risk": column}), notes=_notes(rows))


def _readable(batch: pa.RecordBatch, spec: RiskSpec) -> npt.NDArray[np.bool_]:
    language = batch.column("language")
    known = pc.is_in(language, value_set=pa.array(spec.languages, pa.string()))
    return np.asarray(pc.if_else(pc.is_null(language), spec.unknown, known).to_numpy(zero_copy_only=False), np.bool_)


def _answering(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    """Which strings the one who answers said, in the order of `Texts`: of each column the reasonings, then the turns.

    Who seeks help speaks as `user`, also in sources that teach the client's voice; a role that is not told may be them.
    """
    parts = [np.zeros(0, np.bool_)]
    for name in COLUMNS:
        role = Turns.of(batch.column(name)).role
        others = pc.fill_null(pc.not_equal(role, "user"), False).to_numpy(zero_copy_only=False)
        parts += [others, others]
    return np.concatenate(parts).astype(np.bool_)


def _row(found: Sequence[tuple[str, int, Finding]], turns: int) -> dict[str, Any]:
    said: list[list[Finding]] = [[] for _ in range(turns)]
    for column, turn, one in found:
        if column == "messages":
            said[turn].append(one)
    spans = [{"column": column, "turn": turn, **vars(one)} for column, turn, one in found]
    every = [one for _, _, one in found]
    return {
        "level": _level(every),
        "flags": flags_of(every),
        "why": None,
        "by": _by(every),
        "turns": [{"level": _level(one), "flags": flags_of(one)} for one in said],
        "spans": spans,
    }


def _level(found: Sequence[Finding]) -> int:
    return max((one.level for one in found), default=0)


def _by(found: Sequence[Finding]) -> str | None:
    """Who holds the row: patterns, the model, or both; None where nobody does."""
    rules = {one.rule == MODEL for one in found if one.level >= HOLD_AT}
    return {(False,): "patterns", (True,): "model", (False, True): "both"}.get(tuple(sorted(rules)))


def _unread(language: str | None) -> dict[str, Any]:
    return {
        "level": None,
        "flags": None,
        "why": f"language {language or 'unknown'}",
        "by": None,
        "turns": None,
        "spans": None,
    }


def _notes(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Counts for the report: levels, flags, and rows that were not screened; never text."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[f"level.{row['level']}" if row["why"] is None else "unscreened"] += 1
        counts.update([f"by.{row['by']}"] if row["by"] else ())
        counts.update(f"flag.{flag}" for flag in row["flags"] or ())
    return dict(sorted(counts.items()))
