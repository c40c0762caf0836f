"""How well findings agree with what people marked: recall, precision and their intervals, in characters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from curation.clean.pii.finding import LABELS
from curation.core import files
from curation.core.errors import ProjectError

COVERED = 0.9
"""A marked span is found when findings cover at least this much of it."""

INSIDE = 0.5
"""A finding is right when at least this much of it lies in marked spans."""

TYPES: Mapping[str, str | None] = {
    **{label: label for label in LABELS},
    "CREDIT_CARD": "FINANCIAL",
    "CRYPTO": "FINANCIAL",
    "DATE_TIME": "DATE",
    "DOMAIN": "URL",
    "DOMAIN_NAME": "URL",
    "EMAIL_ADDRESS": "EMAIL",
    "FAC": "FACILITY",
    "GPE": "LOCATION",
    "IBAN": "FINANCIAL",
    "IBAN_CODE": "FINANCIAL",
    "IP_ADDRESS": "IP",
    "LOC": "LOCATION",
    "MAC_ADDRESS": "ID",
    "MEDICAL_LICENSE": "ID",
    "NRP": None,
    "NORP": None,
    "ORGANIZATION": "ORG",
    "PER": "PERSON",
    "PHONE_NUMBER": "PHONE",
    "STREET_ADDRESS": "ADDRESS",
    "TITLE": None,
    "UK_NHS": "ID",
    "US_BANK_NUMBER": "FINANCIAL",
    "US_DRIVER_LICENSE": "ID",
    "US_ITIN": "ID",
    "US_PASSPORT": "ID",
    "US_SSN": "ID",
    "USERNAME": "HANDLE",
    "ZIP_CODE": "LOCATION",
    "ZIP": "LOCATION",
}
"""What the entity types of presidio-research and Presidio are here. None is no personal data by this project's
terms (titles, nationalities, religions); types that are not listed have no label either, and both are counted."""

Spans = Sequence[tuple[int, int, str]]
"""Places in a text: start, end, and what stands there."""


@dataclass(frozen=True)
class Sample:
    """A text in which people marked what there is; the spans name the file's own types."""

    text: str
    spans: Spans


@dataclass
class Rate:
    """How many of how many."""

    hits: int = 0
    of: int = 0

    def add(self, hit: bool) -> None:
        """Count one more."""
        self.of += 1
        self.hits += hit

    @property
    def share(self) -> float | None:
        """The share, None of nothing."""
        return self.hits / self.of if self.of else None

    def document(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {"hits": self.hits, "of": self.of, "share": self.share, "interval": wilson(self.hits, self.of)}


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927), which keeps within 0 and 1 for small counts; None of nothing."""
    if not of:
        return None
    z = 1.959963984540054
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass
class LabelScore:
    """Of one label: spans found by anything, spans found as what they are, findings that lie in marked spans."""

    recall: Rate = field(default_factory=Rate)
    labelled: Rate = field(default_factory=Rate)
    precision: Rate = field(default_factory=Rate)


@dataclass
class Score:
    """The agreement over a file.

    Attributes:
        labels: by label of this project.
        total: over all spans whose type has a label, and all findings.
        whole: recall over all spans of the file, whether their type has a label or not.
        left_out: recall of the types without a label.
        mapping: type of the file -> label, of those that occur.
        characters: recall and precision counted in characters, over all spans of the file.
        samples: texts in the file.
    """

    labels: dict[str, LabelScore] = field(default_factory=dict)
    total: LabelScore = field(default_factory=LabelScore)
    whole: Rate = field(default_factory=Rate)
    left_out: dict[str, Rate] = field(default_factory=dict)
    mapping: dict[str, str | None] = field(default_factory=dict)
    characters: dict[str, Rate] = field(default_factory=lambda: {"recall": Rate(), "precision": Rate()})
    samples: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "version": 1,
            "samples": self.samples,
            "mapping": dict(sorted(self.mapping.items())),
            "labels": {name: _label_document(self.labels[name]) for name in sorted(self.labels)},
            "total": _label_document(self.total),
            "whole_file_recall": self.whole.document(),
            "left_out": {name: rate.document() for name, rate in sorted(self.left_out.items())},
            "characters": {name: rate.document() for name, rate in self.characters.items()},
        }


def _label_document(score: LabelScore) -> dict[str, Any]:
    return {name: getattr(score, name).document() for name in ("recall", "labelled", "precision")}


def score(samples: Iterable[Sample], found: Iterable[Spans]) -> Score:
    """Compare findings with what is marked.

    Args:
        samples: marked texts.
        found: for each its findings, with labels of this project.
    """
    result = Score()
    for sample, findings in zip(samples, found, strict=True):
        _add(result, sample, findings)
    return result


def _add(result: Score, sample: Sample, findings: Spans) -> None:
    size = len(sample.text)
    marked, covered = _Cover(size, sample.spans), _Cover(size, findings)
    by_label = {label: _Cover(size, [f for f in findings if f[2] == label]) for label in {f[2] for f in findings}}
    result.samples += 1
    for start, end, kind in sample.spans:
        label = result.mapping[kind] = TYPES.get(kind.upper())
        hit = covered.share(start, end) >= COVERED
        result.whole.add(hit)
        if label is None:
            result.left_out.setdefault(kind, Rate()).add(hit)
            continue
        same = label in by_label and by_label[label].share(start, end) >= COVERED
        for one in (result.labels.setdefault(label, LabelScore()), result.total):
            one.recall.add(hit)
            one.labelled.add(same)
    for start, end, label in findings:
        right = marked.share(start, end) >= INSIDE
        for one in (result.labels.setdefault(label, LabelScore()), result.total):
            one.precision.add(right)
    both = int((marked.mask & covered.mask).sum())
    for name, cover in (("recall", marked), ("precision", covered)):
        result.characters[name].hits += both
        result.characters[name].of += int(cover.mask.sum())


class _Cover:
    """Which characters of a text lie in one of some spans."""

    def __init__(self, size: int, spans: Spans) -> None:
        self.mask = np.zeros(size, bool)
        for start, end, _ in spans:
            self.mask[start:end] = True
        self._sums = np.concatenate([[0], np.cumsum(self.mask)])

    def share(self, start: int, end: int) -> float:
        return float(self._sums[end] - self._sums[start]) / (end - start)


def read(path: Path) -> list[Sample]:
    """Read marked texts: a JSON list or JSON lines of presidio-research's rows, or of `{"text", "spans"}`.

    A row is `{full_text, spans: [{entity_type, start_position, end_position}]}` or
    `{text, spans: [{label, start, end}]}`; what else it holds is not looked at. Offsets count characters.

    Raises:
        ProjectError: a row that is neither, or a span that does not lie in its text; the text is not quoted.
    """
    with files.os_errors(path):
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()
    rows = enumerate(_rows(data, path.name), start=1)
    samples = [_sample(row, f"{path.name}: row {number}") for number, row in rows]
    if not any(sample.spans for sample in samples):
        raise ProjectError("no row has a span, so there is nothing to score", where=path.name, fix=_SHAPE)
    return samples


_SHAPE = 'rows: {"full_text", "spans": [{"entity_type", "start_position", "end_position"}]} or {"text", "spans"}'


def _rows(data: bytes, name: str) -> Iterator[Any]:
    if data.startswith(b"["):
        try:
            yield from orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise ProjectError(f"not well-formed JSON at character {error.pos}", where=name, fix=_SHAPE) from None
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                raise ProjectError("not well-formed JSON", where=f"{name}:{number}", fix=_SHAPE) from None


def _sample(row: Any, where: str) -> Sample:
    ours = isinstance(row, dict) and "full_text" not in row
    names = (
        ("text", "label", "start", "end") if ours else ("full_text", "entity_type", "start_position", "end_position")
    )
    text = row.get(names[0]) if isinstance(row, dict) else None
    # presidio-research writes null where there is none; a row without the key is another kind of row.
    spans = row["spans"] if isinstance(row, dict) and "spans" in row else False
    spans = [] if spans is None else spans
    if not isinstance(text, str) or not isinstance(spans, list):
        raise ProjectError("not a text with spans", where=where, fix=_SHAPE)
    found: list[tuple[int, int, str]] = []
    for span in spans:
        kind, start, end = (span.get(n) if isinstance(span, dict) else None for n in names[1:])
        if not isinstance(kind, str) or not isinstance(start, int) or not isinstance(end, int):
            raise ProjectError("a span has no type or no offsets", where=where, fix=_SHAPE)
        if not 0 <= start < end <= len(text):
            raise ProjectError("a span does not lie in its text", where=where, fix=_SHAPE)
        found.append((start, end, kind))
    return Sample(text, found)
