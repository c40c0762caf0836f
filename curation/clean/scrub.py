"""Replace personal data in every string of a record by placeholders such as [EMAIL_1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean.pii.entries import Entry, Matcher, narrow
from curation.clean.pii.entries_file import prepare
from curation.clean.pii.find import Span, find
from curation.clean.pii.finding import LABELS, PLACEHOLDER
from curation.core.declare import doc
from curation.core.records import TEXT_COLUMNS
from curation.core.stage import Context, Output, stage
from curation.methods.texts import Ints, Texts

PII = pa.list_(pa.field("item", pa.struct([("label", pa.string()), ("count", pa.int32())])))


@dataclass(frozen=True)
class ScrubSpec:
    """How personal data is found and replaced."""

    min_score: float = doc("findings that the recognisers score lower, from 0 to 1, are left in the text", default=0.35)
    entries: tuple[Entry, ...] = doc("what stands in scrub.yaml; not set here", default=())

    def __post_init__(self) -> None:
        """Refuse a score that no finding has."""
        if not 0 < self.min_score <= 1:
            raise ValueError("'min_score' must be above 0 and at most 1")


@stage(
    "scrub",
    version=1,
    spec=ScrubSpec,
    reads=TEXT_COLUMNS,
    writes=(*TEXT_COLUMNS, "pii"),
    types={"pii": PII},
    libraries=("presidio-analyzer", "phonenumbers", "regex"),
    extra="pii",
    modules=("presidio_analyzer",),
    prepare=prepare,
    narrow=narrow,
)
def scrub(batch: pa.RecordBatch, spec: ScrubSpec, context: Context) -> Output:
    """Scrub messages, chosen, rejected (reasoning, too) and meta; drop nothing.

    Within a record, values are numbered by label in reading order and the same value has the same number. Numbers
    that placeholders of the source already use are not given again. `pii` counts the placeholders that stand in
    the scrubbed record; the notes count what was replaced. Scrubbing scrubbed records changes nothing.

    Raises:
        MissingError: the recognisers fail their self-test.
    """
    texts = Texts.of(batch)
    matcher = Matcher(spec.entries, context.key)
    codes, values, records = _distinct(texts, batch.column("id"), matcher.records, f"{context.source}:")
    spans = find(values, spec.min_score, entries=matcher if spec.entries else None, records=records)
    scrubbed, notes = _replace(texts, codes, spans)
    columns = texts.put(scrubbed)
    return Output(
        pa.table({"id": batch.column("id"), **columns, "pii": _count(scrubbed, texts.rows, batch.num_rows)}),
        notes=notes,
    )


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


def _replace(texts: Texts, codes: Ints, spans: Sequence[tuple[Span, ...]]) -> tuple[pa.StringArray, dict[str, int]]:
    marked = np.isin(codes, [code for code, found in enumerate(spans) if found])
    if not marked.any():
        return texts.values, {}
    numbers = _Numbers(texts, np.unique(texts.rows[marked]))
    spots = np.flatnonzero(marked)
    scrubbed: dict[int, str] = {}
    notes: dict[str, int] = {}
    for spot in spots[np.lexsort((texts.places[spots], texts.rows[spots]))]:
        text, parts, last = texts.values[spot].as_py(), [], 0
        for span in spans[codes[spot]]:
            number = numbers.of(int(texts.rows[spot]), span.label, text[span.start : span.end])
            parts += [text[last : span.start], f"[{span.label}_{number}]"]
            last = span.end
            notes[span.label] = notes.get(span.label, 0) + 1
        scrubbed[int(spot)] = "".join([*parts, text[last:]])
    changed = pa.array([scrubbed[int(spot)] for spot in spots], pa.string())
    return pc.replace_with_mask(texts.values, pa.array(marked), changed), dict(sorted(notes.items()))


class _Numbers:
    """The numbers given so far, record by record."""

    def __init__(self, texts: Texts, rows: Ints) -> None:
        self._given: dict[tuple[int, str, str], int] = {}
        self._last: dict[tuple[int, str], int] = {}
        held = pc.fill_null(pc.match_substring_regex(texts.values, PLACEHOLDER.pattern), False)
        there = np.flatnonzero(held.to_numpy(zero_copy_only=False) & np.isin(texts.rows, rows))
        for spot in there:
            for label, number in PLACEHOLDER.findall(texts.values[spot].as_py()):
                key = int(texts.rows[spot]), label
                self._last[key] = max(self._last.get(key, 0), int(number))

    def of(self, row: int, label: str, value: str) -> int:
        """The number of a value in a row; written another way, a value stays the same."""
        same = value.casefold() if label in ("EMAIL", "URL", "HANDLE") else "".join(filter(str.isalnum, value)).upper()
        if (row, label, same) not in self._given:
            self._last[row, label] = self._last.get((row, label), 0) + 1
            self._given[row, label, same] = self._last[row, label]
        return self._given[row, label, same]


def _count(values: pa.StringArray, rows: Ints, size: int) -> pa.ListArray:
    """Per row, the placeholders by label, in label order; no entry where there is none."""
    counts = np.zeros((size, len(LABELS)), np.int32)
    for number, label in enumerate(LABELS):
        found = pc.fill_null(pc.count_substring_regex(values, rf"\[{label}_[0-9]{{1,6}}\]"), 0)
        counts[:, number] = np.bincount(rows, weights=found.to_numpy(zero_copy_only=False), minlength=size)
    held, labels = np.nonzero(counts)
    entries = pa.StructArray.from_arrays(
        [pa.array(LABELS).take(pa.array(labels)), pa.array(counts[held, labels])], fields=list(PII.value_type)
    )
    bounds = np.concatenate([[0], np.cumsum(np.bincount(held, minlength=size))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(bounds), entries, type=PII)
