"""Small stores for the tests of export: records put straight into tables, as the cleaning would leave them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import settings

from curation.core.files import digest
from curation.core.project import Project, make_key
from curation.core.records import RECORD_SCHEMA, digests, empty_dropped, prefix_of
from curation.core.store import Store, View
from curation.methods.hold import RISK

SCHEMA = RECORD_SCHEMA.append(pa.field("text_digest", pa.string())).append(pa.field("risk", RISK))


quick_law = settings(max_examples=settings.default.max_examples if settings.default.max_examples > 60 else 30)
"""For laws that build an index per case: thirty of them in a moment, and all of them where there is time."""


def risk(level: int | None = 0, *flags: str) -> dict[str, Any]:
    """What the screen for risk found in a record; None where it could not look."""
    why = "language de" if level is None else None
    return {"level": level, "flags": [*flags], "why": why, "by": None, "turns": [], "spans": []}


def turns(*said: str) -> list[dict[str, Any]]:
    """Turns from 'role: text' lines; u, a, s, t stand for the roles."""
    names = {"u": "user", "a": "assistant", "s": "system", "t": "tool"}
    return [{"role": names[line[0]], "content": line[3:], "reasoning": None} for line in said]


def record(source: str, number: int | str, **more: Any) -> dict[str, Any]:
    """A chat record; its id is a hash of source and number."""
    digits = hashlib.sha256(f"{source}{number}".encode()).hexdigest()[:16]
    row = (
        dict.fromkeys(SCHEMA.names)
        | {
            "id": f"{source}:{digits}",
            "kind": "chat",
            "persona": "assistant",
            "language": "en",
            "risk": risk(),
            "messages": turns(f"u: {source} question {number}", f"a: {source} answer {number}"),
        }
        | more
    )
    shown = json.dumps([row[c] for c in ("kind", "messages", "chosen", "rejected")])
    return {**row, "text_digest": row["text_digest"] or hashlib.sha256(shown.encode()).hexdigest()[:32]}


def pair(source: str, number: int | str, **more: Any) -> dict[str, Any]:
    """A preference record."""
    return record(
        source,
        number,
        **{
            "kind": "preference",
            "messages": turns(f"u: {source} question {number}"),
            "chosen": turns(f"a: good {number}"),
            "rejected": turns(f"a: bad {number}"),
            **more,
        },
    )


def make_project(root: Path, sources: Mapping[str, Mapping[str, Any]]) -> Project:
    """A project whose sources are files; licence MIT where a test says nothing else."""
    root.mkdir(parents=True, exist_ok=True)
    declared = {
        name: {"kind": "files", "path": "x.jsonl", "adapter": {"kind": "turns"}, "licence": "MIT", **facts}
        for name, facts in sources.items()
    }
    (root / "sources.yaml").write_text(json.dumps({"sources": declared}))
    if not (root / "keys" / "project.key").exists():
        make_key(root)
        (root / "keys" / "project.key").write_text("ab" * 32)
    return Project.open(root)


def publish(
    project: Project,
    source: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    digits: int = 0,
    overlay: Mapping[str, pa.Array] | None = None,
    types: Mapping[str, pa.DataType] | None = None,
    scrub: str | None = "rules",
) -> View:
    """Rows as the published table of a source, in parts by `digits` of the id; `types` name further columns."""
    schema = SCHEMA
    for name, kind in (types or {}).items():
        schema = schema.append(pa.field(name, kind))
    store = Store(project.data / "tables")
    names = [f"{n:0{digits}x}" for n in range(16**digits)] if digits else ["all"]
    parts = {}
    for name in names:
        of_part = sorted((r for r in rows if not digits or prefix_of(r["id"], digits) == name), key=lambda r: r["id"])
        table = pa.Table.from_pylist([{c: r.get(c) for c in schema.names} for r in of_part], schema=schema)
        key = digest([source, name, digits, digests(table), str(schema)])
        parts[name] = store.write_part(source, "records", key, table, empty_dropped(), {})
    key = digest([scrub, *(p.key for p in parts.values())])
    made = [{"stage": "scrub", "models": {"level": scrub}}] if scrub else []
    return View(
        (store.publish(source, "records", key, parts, columns=schema.names, ingredients=made, rows_in=len(rows)),)
    )


class Memory:
    """A view of rows that are in no file, whole or cut into two parts at a random place."""

    def __init__(
        self, rows: Sequence[Mapping[str, Any]], chance: random.Random | None = None, schema: pa.Schema = SCHEMA
    ) -> None:
        table = pa.Table.from_pylist(sorted(rows, key=lambda r: r["id"]), schema=schema)
        cut = chance.randint(0, len(rows)) if chance else len(rows)
        self.pieces = {"0": table.slice(0, cut), "1": table.slice(cut)} if chance else {"0": table}
        self.parts = chance.sample(list(self.pieces), 2) if chance else list(self.pieces)
        self.columns, self.tables, self.rows = tuple(schema.names), (), len(rows)

    def read(self, part: str, columns: Sequence[str]) -> pa.Table:
        """Some columns of a part."""
        return self.pieces[part].select(["id", *columns])
