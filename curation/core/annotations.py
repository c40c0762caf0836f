"""What people said: an append-only table that nothing recomputes, with backup, restore and merge.

One JSON line per answer in `annotations/answers.jsonl`, each carrying the digest of the line before it, so that a
lost or altered line is found. An answer is keyed by (dataset, record, annotator, question); the last one counts.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.core import files
from curation.core.errors import IntegrityError

SCHEMA = pa.schema(
    [
        pa.field("record", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("at", pa.string(), nullable=False),
    ]
)
"""`value` is JSON text, `annotator` a pseudonym, `status` submitted, draft or discarded, `at` UTC in ISO 8601."""


@dataclass(frozen=True)
class Answer:
    """One answer of one person to one question about one record."""

    record: str
    question: str
    value: Any
    annotator: str
    dataset: str = "project"
    status: str = "submitted"
    at: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a later answer replaces."""
        return (self.dataset, self.record, self.annotator, self.question)


class Annotations:
    """The answers of a project, or of a backup of one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "answers.jsonl"
        self._backups = folder / "backups.json"
        self._tombstones = folder / "forgotten.json"

    def add(self, answers: Iterable[Answer]) -> int:
        """Append answers; one that changes nothing is left out. Returns how many were written."""
        known = {a.key: a for a in self.current()}
        last = self._last_digest()
        count = 0
        for answer in answers:
            old = known.get(answer.key)
            if old and (old.value, old.status) == (answer.value, answer.status):
                continue
            at = answer.at or datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            line = files.canonical_json(vars(answer) | {"at": at, "previous": last})
            files.append_line(self.path, line)
            last = hashlib.sha256(line).hexdigest()
            known[answer.key] = answer
            count += 1
        return count

    def history(self) -> Iterator[Answer]:
        """Every answer in the order it was given.

        Raises:
            IntegrityError: a line is damaged or missing.
        """
        previous = ""
        for number, line in enumerate(self._lines(), start=1):
            answer = _parse(line, previous)
            if answer is None:
                raise IntegrityError(
                    "an annotation is damaged or missing",
                    where=f"{self.path.name}:{number}",
                    fix="restore your backup: curate review restore FILE",
                )
            previous = hashlib.sha256(line).hexdigest()
            yield answer

    def current(self) -> list[Answer]:
        """The last answer for each key, in key order."""
        return [a for _, a in sorted({a.key: a for a in self.history()}.items())]

    def table(self) -> pa.Table:
        """The current answers as an Arrow table of `SCHEMA`."""
        rows = [vars(a) | {"value": json.dumps(a.value, sort_keys=True, ensure_ascii=False)} for a in self.current()]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def values(self, question: str) -> dict[str, Any]:
        """For one question, the latest submitted value of each record, whoever gave it."""
        latest: dict[str, Answer] = {}
        for answer in self.current():
            if answer.question == question and answer.status == "submitted":
                old = latest.get(answer.record)
                if old is None or answer.at >= old.at:
                    latest[answer.record] = answer
        return {record: answer.value for record, answer in latest.items()}

    def backup(self, target: Path) -> int:
        """Write all answers to a file of their own, and remember where, so that `forget` reaches it."""
        count = sum(1 for _ in self.history())
        files.write_bytes(target, b"".join(line + b"\n" for line in self._lines()))
        known = sorted({*self.backups(), str(target.resolve())})
        files.write_sealed(self._backups, {"backups": known})
        return count

    def backups(self) -> list[str]:
        """Where backups were written."""
        return list(files.read_sealed(self._backups)["backups"]) if self._backups.exists() else []

    def restore(self, backup: Path) -> int:
        """Replace the answers by a backup's, after checking it. Forgotten records stay forgotten."""
        answers = list(_at(backup).history())
        self._rewrite(self.path, [a for a in answers if a.record not in self.forgotten()])
        return len(answers)

    def merge(self, other: Path) -> int:
        """Take over what another person's copy has and this one lacks; the later answer to a key counts."""
        mine = {(a.key, a.at) for a in self.history()}
        latest = {a.key: a.at for a in self.current()}
        gone = self.forgotten()
        theirs = [a for a in _at(other).history() if (a.key, a.at) not in mine and a.record not in gone]
        return self.add(sorted((a for a in theirs if a.at >= latest.get(a.key, "")), key=lambda a: a.at))

    def forgotten(self) -> set[str]:
        """Tombstones: ids that may not come back."""
        return set(files.read_sealed(self._tombstones)["records"]) if self._tombstones.exists() else set()

    def forget(self, records: set[str]) -> int:
        """Leave tombstones, and remove every answer about the records, here and in all known backups."""
        files.write_sealed(self._tombstones, {"records": sorted(self.forgotten() | records)})
        count = 0
        for path in (self.path, *(Path(b) for b in self.backups())):
            if path.exists():
                answers = list(_at(path).history())
                kept = [a for a in answers if a.record not in records]
                if len(kept) < len(answers):
                    self._rewrite(path, kept)
                    count += len(answers) - len(kept)
        return count

    def _rewrite(self, path: Path, answers: list[Answer]) -> None:
        lines, previous = [], ""
        for answer in answers:
            line = files.canonical_json(vars(answer) | {"previous": previous})
            previous = hashlib.sha256(line).hexdigest()
            lines.append(line + b"\n")
        files.write_bytes(path, b"".join(lines))

    def _lines(self) -> list[bytes]:
        with files.os_errors(self.path):
            data = self.path.read_bytes() if self.path.exists() else b""
        # A line without its end was never acknowledged: the process died while it wrote it.
        return data.split(b"\n")[:-1]

    def _last_digest(self) -> str:
        lines = self._lines()
        return hashlib.sha256(lines[-1]).hexdigest() if lines else ""


def _parse(line: bytes, previous: str) -> Answer | None:
    """The answer of a line whose predecessor has that digest; None if the line is not what was written."""
    try:
        item = json.loads(line)
        return Answer(**item) if item.pop("previous") == previous else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _at(path: Path) -> Annotations:
    found = Annotations(path.parent)
    found.path = path
    return found
