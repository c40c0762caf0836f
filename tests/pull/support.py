"""Projects and data files for the tests of pull, and a look into what was pulled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from curation.core.project import Project, make_key
from curation.core.store import StoredTable


class Make:
    """Writes projects and data files, and looks into what was pulled."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.root.mkdir()
        make_key(self.root)
        (self.root / "keys/project.key").write_text("ab" * 32)

    def project(self, sources: Mapping[str, Any], **flags: Any) -> Project:
        (self.root / "sources.yaml").write_text(yaml.safe_dump({"sources": dict(sources)}))
        return Project.open(self.root, flags)

    def file(self, name: str, rows: Sequence[Any] | bytes) -> Path:
        """A data file by its suffix; bytes are written as they are."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        elif path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(list(rows)), path)
        elif path.suffix == ".json":
            path.write_text(json.dumps(list(rows)))
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path


def all_rows(table: StoredTable) -> list[dict[str, Any]]:
    """Every kept row, in id order."""
    return [row for part in table.parts for row in table.read(part).to_pylist()]


def all_dropped(table: StoredTable) -> list[dict[str, Any]]:
    """Every dropped row."""
    return [row for part in table.parts for row in table.read_dropped(part).to_pylist()]


def said(messages: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
    """Turns as (role, content)."""
    return [(m["role"], m["content"]) for m in messages or []]
