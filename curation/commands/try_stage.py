"""`curate try`: one stage on ad-hoc input, JSON lines out. For tuning a spec, and for measuring on your own text."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import click
import orjson
import pyarrow as pa

from curation.commands.pipeline import call, with_needs
from curation.commands.try_near import keep_first
from curation.core import files
from curation.core.app import App, pass_app
from curation.core.engine import run_batches
from curation.core.errors import ProjectError, UsageError
from curation.core.project import Project, Settings
from curation.core.records import PERSONAS, RECORD_SCHEMA
from curation.core.stage import REGISTRY, Call, Context, Step, require_step


@click.command("try")
@click.argument("stage")
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="JSON lines: text or messages.")
@click.option("--text", help="One text.")
@pass_app
def try_stage(app: App, stage: str, path: Path | None, text: str | None) -> None:
    """Run STAGE on the rows of a file ({"text": …} or {"messages": […]}) or on
    one text, and print what it makes of each row, one JSON line a row.

    Inside a project the stage has the project's parameters. Rows may name their
    "persona" and "language", for stages that ask. `near_dup` compares the rows:
    of near-duplicates the first one is kept.
    """  # noqa: D205
    if stage not in REGISTRY or REGISTRY[stage].shape == "corpus":
        known = ", ".join(sorted(name for name, s in REGISTRY.items() if s.shape != "corpus"))
        raise UsageError(f"no stage to try is called '{stage}'", fix=f"stages: {known}")
    if (path is None) == (text is None):
        raise UsageError("give either --file or --text", fix="curate try STAGE --text '…'")
    if text is not None and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(
                "the text is not UTF-8", where="--text", fix="put it into a file as JSON, and name that with --file"
            ) from None
    if REGISTRY[stage].shape == "project":
        if path is None:
            raise UsageError(f"'{stage}' compares rows, so it needs several", fix=f"curate try {stage} --file X.jsonl")
        project = app.settings_of
        workers = (project.settings if project else Settings()).processes
        for line in keep_first(_read(path), call(project, stage).spec, workers):
            app.ui.emit(line, sort_keys=False)
        return
    rows = [{"text": text}] if path is None else list(_read(path))
    for line in run_stage(app.settings_of, stage, rows):
        app.ui.emit(line, sort_keys=False)


_AT_ONCE = 1000


def run_stage(project: Project | None, stage: str, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What a row stage makes of rows: per row the columns it writes, or the reason it drops it."""
    step = Step("try", with_needs(project, stage, RECORD_SCHEMA.names))
    require_step((step,))
    context = Context(project.key if project else secrets.token_bytes(32), "try")
    for start in range(0, len(rows), _AT_ONCE):
        yield from _made(step, context, start, rows[start : start + _AT_ONCE])


def _made(step: Step, context: Context, start: int, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    *before, asked = step.calls
    run = asked.stage
    ids = [f"try:{number:016x}" for number in range(start, start + len(rows))]
    records = [_record(i, row, run.speaker) for i, row in zip(ids, rows, strict=True)]
    table = pa.Table.from_pylist(records, schema=RECORD_SCHEMA)
    kept, dropped, _ = run_batches(step, table, context, _AT_ONCE)
    if run.open is not None and len(dropped):
        every = Step("try", (*before, Call(run, run.open(asked.spec))))
        kept, _, _ = run_batches(every, table, context, _AT_ONCE)
    made = {row.pop("id"): row for row in kept.select(["id", *run.writes]).to_pylist()}
    reasons = {row["id"]: {"dropped": row["reason"]} for row in dropped.to_pylist()}
    trial = run.trial or _flat
    for i, row in zip(ids, rows, strict=True):
        told = (trial if "text" in row else _flat)(row.get("text", ""), made[i]) if i in made else {}
        yield {**_echo(row), **reasons.get(i, {}), **told}


def _record(record: str, row: dict[str, Any], speaker: str) -> dict[str, Any]:
    messages = row.get("messages") or [{"role": speaker, "content": row["text"]}]
    turns = [{"role": t["role"], "content": t["content"], "reasoning": t.get("reasoning")} for t in messages]
    persona = row["persona"] if row.get("persona") in PERSONAS else "neutral"
    language = row["language"] if isinstance(row.get("language"), str) else None
    return {"id": record, "kind": "chat", "persona": persona, "language": language, "messages": turns}


def _echo(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k in ("id", "text")}


def _flat(text: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """What a stage wrote, but for nulls; of a row that was one text, its message as one text again."""
    told = {k: v for k, v in made.items() if v is not None}
    if text and "messages" in told:
        told["output"] = told.pop("messages")[0]["content"]
    return told


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with files.os_errors(path), path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                raise ProjectError(
                    "not JSON in UTF-8 (half a surrogate pair is none, either)",
                    where=f"{path.name}:{number}",
                    fix="write one whole JSON object on each line",
                ) from None
            if not isinstance(row, dict) or not (isinstance(row.get("text"), str) or _are_turns(row.get("messages"))):
                raise ProjectError(
                    "not a JSON object with 'text', or with 'messages' that have role and content as text",
                    where=f"{path.name}:{number}",
                    fix='write {"text": "…"} or {"messages": [{"role": "user", "content": "…"}]} on a line',
                )
            yield row


def _are_turns(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(turn, dict)
        and isinstance(turn.get("role"), str)
        and isinstance(turn.get("content"), str)
        and isinstance(turn.get("reasoning"), (str, NoneType))
        for turn in value
    )
