"""`curate show`: a record at every stage, or the ids of a source."""

from __future__ import annotations

from typing import Any

import click

from curation.commands.pipeline import drop_of, missing, row_of, tables, view
from curation.commands.show_tags import TAGS
from curation.commands.why import near_duplicates, reason, replaced
from curation.core.app import App, pass_app
from curation.core.errors import ProjectError
from curation.core.records import source_of


@click.command()
@click.argument("target", metavar="ID|SOURCE")
@click.option("--raw", is_flag=True, help="Also the text before scrubbing: personal data will be on your screen.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Ids to list of a source.")
@pass_app
def show(app: App, target: str, raw: bool, limit: int) -> None:
    """Print a record as every stage left it, or list ids of a source."""
    if ":" not in target:
        app.project.enabled((target,))
        _list(app, target, limit)
        return
    found = tables(app.project, source_of(target))
    stages: list[tuple[str, dict[str, Any]]] = []
    dropped = None
    for table in found:
        step = table.manifest["step"]
        row = row_of(table, target)
        dropped = drop_of(table, target) or dropped
        if row is not None and (raw or step != "raw"):
            stages.append((step, {name: value for name, value in row.items() if not name.startswith("_")}))
    if not stages and dropped is None and not (found and row_of(found[0], target)):
        raise missing("is called", target)
    if app.ui.json:
        app.ui.emit({"id": target, "stages": dict(stages), "dropped": dropped})
        return
    for step, row in stages:
        app.ui.out(f"== {step}")
        for name, value in row.items():
            if name != "id" and value is not None:
                _print(app, name, value)
    if dropped:
        app.ui.out(f"== dropped by {dropped['stage']}: {reason(dropped)}")


def _print(app: App, name: str, value: Any) -> None:
    if name in ("messages", "chosen", "rejected"):
        app.ui.out(f"{name}:")
        for turn in value:
            app.ui.out(f"  [{turn['role']}] {turn['content']}")
            if turn["reasoning"]:
                app.ui.out(f"  (reasoning) {turn['reasoning']}")
    elif name == "meta":
        for item in value:
            app.ui.out(f"meta.{item['key']}: {item['value']}")
    elif name in TAGS:
        for line in TAGS[name](value):
            app.ui.out(line)
    elif name == "duplicate":
        app.ui.out(near_duplicates(value) if value["cluster"] else "near-duplicates: none")
    elif name == "pii":
        app.ui.out("pii: " + (", ".join(f"{label} {n}" for label, n in replaced(value)) or "none found"))
    elif name == "measures":
        app.ui.out("measures: " + (", ".join(f"{what} {n:.6g}" for what, n in value.items() if n) or "nothing found"))
    else:
        app.ui.out(f"{name}: {value}")


def _list(app: App, source: str, limit: int) -> None:
    found = view(app.project, source)
    if found is None:
        raise ProjectError(f"'{source}' is not cleaned, so it has no records to list", fix=f"curate clean {source}")
    ids: list[str] = []
    for part in found.parts:
        ids += found.read(part, []).column("id").to_pylist()
        if len(ids) >= limit:
            break
    if app.ui.json:
        app.ui.emit(ids[:limit])
    else:
        for record in ids[:limit]:
            app.ui.out(record)
