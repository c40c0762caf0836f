"""Records to people and answers back as files of JSON lines: for another tool, or for no tool at all."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curation.core import files
from curation.core.errors import ProjectError
from curation.methods.tasks import Task
from curation.review.seam import Item, Response, Shown, Suggestion

STATES = ("submitted", "draft", "discarded")


class Lines:
    """A file with a line for each item: dataset, id, fields, metadata, suggestions, responses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, task: Task, name: str, guideline: str) -> None:
        """Nothing has to be made: lines name their data set."""

    def names(self) -> list[str]:
        """The data sets that lines name."""
        return sorted({line["dataset"] for _, line in self._lines()})

    def items(self, name: str) -> Iterator[Shown]:
        """The lines of a data set.

        Raises:
            ProjectError: a line is none of ours, with its number.
        """
        for number, line in self._lines():
            if line["dataset"] == name:
                try:
                    yield _shown(line)
                except (KeyError, TypeError, ValueError, AttributeError):
                    raise self._wrong(number) from None

    def put(self, name: str, items: Sequence[Item]) -> None:
        """Write items over those of the same id; lines of other data sets stay as they are."""
        known = {(line["dataset"], line["id"]): line for _, line in self._lines()}
        for item in items:
            old = known.get((name, item.id), {})
            new = {"dataset": name, **asdict(item)}
            known[(name, item.id)] = {**new, "responses": old.get("responses", [])}
        self._write(list(known.values()))

    def remove(self, name: str, records: Iterable[str]) -> int:
        """Take lines out."""
        gone = {(name, record) for record in records}
        lines = [line for _, line in self._lines()]
        kept = [line for line in lines if (line["dataset"], line["id"]) not in gone]
        if len(kept) < len(lines):
            self._write(kept)
        return len(lines) - len(kept)

    def now(self) -> str:
        """This machine's clock."""
        return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with files.os_errors(self.path):
            text = self.path.read_text("utf-8") if self.path.exists() else ""
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                try:
                    found = json.loads(line)
                except ValueError:
                    raise self._wrong(number) from None
                if not isinstance(found, dict) or not all(isinstance(found.get(k), str) for k in ("dataset", "id")):
                    raise self._wrong(number)
                yield number, found

    def _wrong(self, number: int) -> ProjectError:
        return ProjectError(
            "this line is no item with its answers",
            where=f"{self.path.name}:{number}",
            fix="lines look as curate review push --to wrote them, with responses added; see docs/review.md",
        )

    def _write(self, lines: list[dict[str, Any]]) -> None:
        files.write_bytes(self.path, b"".join(files.canonical_json(line) + b"\n" for line in lines))


def _shown(line: dict[str, Any]) -> Shown:
    suggestions = {name: Suggestion(**said) for name, said in line.get("suggestions", {}).items()}
    item = Item(line["id"], dict(line["fields"]), dict(line["metadata"]), suggestions)
    responses = []
    for said in line.get("responses", ()):
        if said["status"] not in STATES or not isinstance(said["values"], dict):
            raise ValueError("no response")
        at = datetime.datetime.fromisoformat(said["at"])
        at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
        stamp = at.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
        user = said["user"]
        key = said.get("key") or f"{line['dataset']}|{line['id']}|{user}"
        responses.append(Response(str(key), user, said["status"], said["values"], stamp))
    return Shown(item, tuple(responses))
