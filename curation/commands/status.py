"""`curate status`: what is up to date, and what a run would cost, before it starts."""

from __future__ import annotations

import click

from curation.commands import runs
from curation.commands.pipeline import nodes
from curation.core.app import App, pass_app
from curation.core.ui import count


@click.command()
@click.argument("sources", nargs=-1)
@pass_app
def status(app: App, sources: tuple[str, ...]) -> None:
    """What is up to date, what would run, why, and about how long it would take."""
    from curation.export.export import latest
    from curation.export.recipe import load

    planned = nodes(app.project, sources)
    rates = runs.rates(app.project)
    document: dict[str, object] = {"sources": {}, "mixes": {}}
    seconds = 0.0
    todo = 0
    for name, found in planned.items():
        if found is None:
            document["sources"][name] = "not pulled"  # type: ignore[index]
            app.ui.json or app.ui.out(f"{name:<16} not pulled, or changed since: curate pull {name}")
            continue
        listed = []
        for node in found:
            cost = node.rows / rates[node.step.name] if node.step.name in rates else None
            seconds += cost or 0.0
            todo += node.state != "fresh"
            listed.append(
                {"step": node.step.name, "state": node.state, "why": list(node.why), "rows": node.rows, "seconds": cost}
            )
            if not app.ui.json:
                note = "" if node.state == "fresh" else f"  up to {count(node.rows, 'row')}; " + "; ".join(node.why)
                app.ui.out(f"{name:<16} {node.step.name:<10} {node.state}{note}")
        document["sources"][name] = listed  # type: ignore[index]
    for mix in load(app.project):
        folder = latest(app.project, mix)
        document["mixes"][mix] = folder.name if folder else None  # type: ignore[index]
        app.ui.json or app.ui.out(f"mix {mix:<12} {'exported: ' + folder.name if folder else 'not exported yet'}")
    document["seconds"] = seconds
    if app.ui.json:
        app.ui.emit(document)
    elif todo:
        app.ui.say(f"curate run would take up to about {seconds:.0f} s" if seconds else "next: curate run")
    elif all(planned.values()):
        app.ui.say("all tables are up to date")
