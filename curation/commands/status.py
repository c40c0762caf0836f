"""`curate status`: what is up to date, and what a run would cost, before it starts."""

from __future__ import annotations

from typing import Any

import click

from curation.commands import runs
from curation.commands.pipeline import nodes, view
from curation.core.annotations import Annotations
from curation.core.app import App, pass_app
from curation.core.errors import CurateError
from curation.core.plan import Node
from curation.core.ui import count
from curation.export.export import made
from curation.export.recipe import MixRecipe, load
from curation.methods import hold


@click.command()
@click.argument("sources", nargs=-1)
@pass_app
def status(app: App, sources: tuple[str, ...]) -> None:
    """What is up to date, what would run, why, and about how long it would take."""
    rates = runs.rates(app.project)
    document: dict[str, Any] = {"sources": {}, "mixes": {}, "seconds": 0.0}
    lines: list[str] = []
    planned = nodes(app.project, sources)
    recipes = load(app.project)
    wide = max(16, *map(len, planned), *(len(f"mix {mix}") for mix in recipes))
    for name, found in planned.items():
        if found is None:
            document["sources"][name] = "not pulled"
            lines.append(f"{name:<{wide}} not pulled, or changed since: curate pull {name}")
            continue
        document["sources"][name] = [_node(node, rates) for node in found]
        document["seconds"] += sum(item["seconds"] or 0.0 for item in document["sources"][name])
        lines += [_line(node, wide) for node in found]
    for mix, recipe in recipes.items():
        state = _mix_state(app, recipe, document["sources"])
        document["mixes"][mix] = state
        lines.append(f"{f'mix {mix}':<{wide}} {state}")
    fresh = [name for name, found in document["sources"].items() if _is_fresh(found)]
    views = {name: rows for name in fresh if (rows := view(app.project, name)) is not None}
    settings = app.project.settings.risk
    document["waiting"] = hold.count_waiting(
        views, settings, hold.released(Annotations(app.project.root / "annotations"))
    )
    document["reviewer_hours"] = round(sum(document["waiting"].values()) * settings.minutes / 60, 2)
    lines += [
        f"{name:<{wide}} {count(number, 'row')} at risk wait for a person to release them"
        for name, number in document["waiting"].items()
    ]
    if document["waiting"]:
        hours = f"{document['reviewer_hours']:.1f} h at {settings.minutes:g} min a row"
        lines.append(f"{'to be read':<{wide}} about {hours}; by sample: curate review stratum")
    if app.ui.json:
        app.ui.emit(document)
        return
    for line in lines:
        app.ui.out(line)
    if document["waiting"]:
        app.ui.say("to release one: curate show ID, then curate review answer ID risk release")
    if all(_is_fresh(found) for found in document["sources"].values()) and document["sources"]:
        app.ui.say("all tables are up to date")
    else:
        about = f" (up to about {document['seconds']:.0f} s)" if document["seconds"] else ""
        app.ui.say(f"next: curate run{about}")


def _is_fresh(found: str | list[dict[str, Any]]) -> bool:
    return not isinstance(found, str) and all(node["state"] == "fresh" for node in found)


def _mix_state(app: App, recipe: MixRecipe, sources: dict[str, Any]) -> str:
    wanted = recipe.wanted if recipe.wanted is not None else tuple(app.project.enabled())
    if not all(_is_fresh(sources.get(name, "not pulled")) for name in wanted if name in app.project.enabled()):
        return "waits for its tables"
    views = {name: found for name in wanted if (found := view(app.project, name)) is not None}
    try:
        folder = made(app.project, recipe, views)
    except CurateError as error:
        return f"blocked: {error.what}"
    return f"exported: {folder.name}" if folder else "to be written"


def _node(node: Node, rates: dict[str, float]) -> dict[str, Any]:
    seconds = node.rows / rates[node.step.name] if node.step.name in rates else None
    return {
        "step": node.step.name,
        "state": node.state,
        "why": list(node.why),
        "rows": node.rows,
        "seconds": seconds,
    }


def _line(node: Node, wide: int) -> str:
    note = "" if node.state == "fresh" else f"  up to {count(node.rows, 'row')}; " + "; ".join(node.why)
    return f"{node.source:<{wide}} {node.step.name:<10} {node.state}{note}"
