"""What people said: an append-only table that nothing recomputes, with backup, restore and merge.

One JSON line per answer in `annotations/answers.jsonl`, each carrying the digest of the line before it, so that a
lost or altered line is found. An answer is keyed by (dataset, record, annotator, question); the last one counts.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.core import files
from curation.core.errors import CurateError, IntegrityError
from curation.core.records import prefix_of, source_of

SCHEMA = pa.schema(
    [
        pa.field("record", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("at", pa.string(), nullable=False),
        pa.field("about", pa.string()),
    ]
)
"""`value` and `about` are JSON text, `annotator` a pseudonym, `status` submitted, draft or discarded, `at` UTC in
ISO 8601."""


HASH_DIGITS = 16
"""How much of an id names the row; what follows only counts rows that share it."""


@dataclass(frozen=True)
class Answer:
    """One answer of one person to one question about one record.

    `about` is what else is known of it: which version of the text was seen, whether a suggestion was shown.
    """

    record: str
    question: str
    value: Any
    annotator: str
    dataset: str = "project"
    status: str = "submitted"
    at: str = ""
    about: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a later answer replaces."""
        return (self.dataset, self.record, self.annotator, self.question)


@dataclass(frozen=True)
class Tombstones:
    """What was withdrawn. An id is `in` it if its hash is, whatever its source and its occurrence number.

    Attributes:
        records: ids that may not come back.
        identity: for each source every list of columns that the ids of its withdrawn rows were made of.
        key: fingerprint of the project key that they were made with; None where it is not known.
    """

    records: frozenset[str] = frozenset()
    identity: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    key: str | None = None

    @cached_property
    def hashes(self) -> frozenset[str]:
        """The hashes of the ids."""
        return frozenset(prefix_of(r, HASH_DIGITS) for r in self.records)

    @cached_property
    def sources(self) -> frozenset[str]:
        """The sources they came from."""
        return frozenset(map(source_of, self.records))

    def __contains__(self, record: str) -> bool:
        """Was this row withdrawn?"""
        return prefix_of(record, HASH_DIGITS) in self.hashes


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
        lines = []
        for answer in answers:
            old = known.get(answer.key)
            if old and (old.value, old.status, old.about) == (answer.value, answer.status, answer.about):
                continue
            at = answer.at or datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            line = files.canonical_json(vars(answer) | {"at": at, "previous": last})
            lines.append(line)
            last = hashlib.sha256(line).hexdigest()
            known[answer.key] = answer
        if lines:
            files.append_lines(self.path, lines)
        return len(lines)

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
        rows = [
            vars(a) | {"value": _json(a.value), "about": None if a.about is None else _json(a.about)}
            for a in self.current()
        ]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def values(self, question: str) -> dict[str, Any]:
        """For one question, the last submitted value of each record, whoever gave it."""
        return {
            a.record: a.value
            for a in self.standing()
            if a.question == question and a.status == "submitted" and a.value is not None
        }

    def standing(self) -> list[Answer]:
        """The last answer for each key, in the order in which they were written: a clock may have been set back."""
        found: dict[tuple[str, str, str, str], Answer] = {}
        for answer in self.history():
            found.pop(answer.key, None)
            found[answer.key] = answer
        return list(found.values())

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
        gone = self.tombstones()
        self._rewrite(self.path, [a for a in answers if a.record not in gone])
        return len(answers)

    def merge(self, other: Path) -> int:
        """Take over what another person's copy has and this one lacks; the later answer to a key counts."""
        mine = {(a.key, a.at) for a in self.history()}
        latest = {a.key: a.at for a in self.current()}
        gone = self.tombstones()
        theirs = [a for a in _at(other).history() if (a.key, a.at) not in mine and a.record not in gone]
        return self.add(sorted((a for a in theirs if a.at >= latest.get(a.key, "")), key=lambda a: a.at))

    def tombstones(self) -> Tombstones:
        """What was withdrawn.

        Raises:
            IntegrityError: the list of it is damaged.
        """
        if not self._tombstones.exists():
            return Tombstones()
        try:
            stored = files.read_sealed(self._tombstones)
        except IntegrityError:
            raise IntegrityError(
                "the list of withdrawn records is damaged",
                where=f"{self._tombstones.parent.name}/{self._tombstones.name}",
                fix="put your copy of it back: without it withdrawn rows would come back",
            ) from None
        return Tombstones(frozenset(stored["records"]), stored.get("identity", {}), stored.get("key"))

    def forgotten(self) -> set[str]:
        """Ids of withdrawn records, which may not come back."""
        return set(self.tombstones().records)

    def forget(self, records: set[str]) -> int:
        """Leave tombstones, and remove every answer about the records; returns how many answers that were."""
        self.bury(records)
        return self.erase(records)[0]

    def bury(
        self,
        records: set[str],
        *,
        identity: Mapping[str, Iterable[Sequence[str]]] | None = None,
        key: str | None = None,
    ) -> int:
        """Leave tombstones; returns how many are new.

        Args:
            records: ids that may not come back.
            identity: for each source the lists of columns that its ids were made of.
            key: fingerprint of the project key.
        """
        old = self.tombstones()
        known = {source: set(map(tuple, lists)) for source, lists in old.identity.items()}
        for source, lists in (identity or {}).items():
            known.setdefault(source, set()).update(map(tuple, lists))
        document = {
            "records": sorted(old.records | records),
            "identity": {source: sorted(map(list, lists)) for source, lists in known.items()},
            "key": old.key or key,
        }
        files.write_sealed(self._tombstones, document)
        return len(records - old.records)

    def erase(self, records: set[str]) -> tuple[int, list[str]]:
        """Remove every answer about these rows, here and in all known backups, each on its own.

        Returns:
            How many answers were removed, and the files that could not be looked into or written.
        """
        gone = Tombstones(frozenset(records))
        count = 0
        unreached = []
        for path in (self.path, *map(Path, self.backups())):
            try:
                if path != self.path and not path.exists():
                    raise IntegrityError("a known backup is not there")
                answers = list(_at(path).history())
                kept = [a for a in answers if a.record not in gone]
                if len(kept) < len(answers):
                    self._rewrite(path, kept)
                    count += len(answers) - len(kept)
            except CurateError:
                unreached.append(str(path))
        return count, unreached

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


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


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
