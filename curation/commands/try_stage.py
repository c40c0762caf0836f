"""`curate try`: one stage on ad-hoc input, JSON lines out. For tuning a spec, and for measuring on your own text."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import click
import orjson
import pyarrow as pa

from curation.commands.pipeline import call
from curation.core import files
from curation.core.app import App, pass_app
from curation.core.engine import run_batches
from curation.core.errors import ProjectError, UsageError
from curation.core.project import Project
from curation.core.records import RECORD_SCHEMA
from curation.core.stage import REGISTRY, Context, Step, require_step


@click.command("try")
@click.argument("stage")
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="JSON lines: text or messages.")
@click.option("--text", help="One text.")
@pass_app
def try_stage(app: App, stage: str, path: Path | None, text: str | None) -> None:
    """Run STAGE on the rows of a file ({"text": …} or {"messages": […]}) or on
    one text, and print what it makes of each row, one JSON line a row.

    Inside a project the stage has the project's parameters.
    """  # noqa: D205
    if stage not in REGISTRY or REGISTRY[stage].shape != "row":
        known = ", ".join(sorted(name for name, s in REGISTRY.items() if s.shape == "row"))
        raise UsageError(f"no stage to try is called '{stage}'", fix=f"stages: {known}")
    if (path is None) == (text is None):
        raise UsageError("give either --file or --text")
    rows = [{"text": text}] if path is None else _read(path)
    for line in run_stage(_project(app), stage, rows):
        app.ui.out(json.dumps(line, ensure_ascii=False, sort_keys=False))


def run_stage(project: Project | None, stage: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a row stage makes of rows: per row the columns it writes, or the reason it drops it."""
    step = Step("try", (call(project, stage),))
    require_step((step,))
    ids = [f"try:{number:016x}" for number in range(len(rows))]
    table = pa.Table.from_pylist([_record(i, row) for i, row in zip(ids, rows, strict=True)], schema=RECORD_SCHEMA)
    key = project.key if project else secrets.token_bytes(32)
    kept, dropped, _ = run_batches(step, table, Context(key, "try"), 1000)
    made = {row.pop("id"): row for row in kept.to_pylist()}
    reasons = {row["id"]: {"dropped": row["reason"]} for row in dropped.to_pylist()}
    return [{**_echo(row), **_flat(row, made.get(i, reasons.get(i, {})))} for i, row in zip(ids, rows, strict=True)]


def _record(record: str, row: dict[str, Any]) -> dict[str, Any]:
    messages = row.get("messages") or [{"role": "user", "content": row.get("text")}]
    base: dict[str, Any] = {"id": record, "kind": "chat", "persona": "neutral"}
    try:
        turns = [
            {"role": str(t["role"]), "content": str(t["content"]), "reasoning": t.get("reasoning")} for t in messages
        ]
    except (KeyError, TypeError, AttributeError):
        raise ProjectError("a row's messages need role and content each", where=record) from None
    return {**base, "messages": turns}


def _echo(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k in ("id", "text")}


def _flat(row: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """For a row that was one text, its messages as one text again."""
    if "text" in row and made.get("messages"):
        made = {**made, "output": made["messages"][0]["content"]}
        del made["messages"]
    return {k: v for k, v in made.items() if v is not None}


def _read(path: Path) -> list[dict[str, Any]]:
    with files.os_errors(path):
        lines = path.read_bytes().splitlines()
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict) or not (isinstance(row.get("text"), str) or isinstance(row.get("messages"), list)):
            raise ProjectError("not a JSON object with 'text' or 'messages'", where=f"{path.name}:{number}")
        rows.append(row)
    return rows


def _project(app: App) -> Project | None:
    try:
        return app.project
    except ProjectError as error:
        if "no curate project" in error.what:
            return None
        raise
