"""`curate config show`: every setting, and where it comes from."""

from __future__ import annotations

import json

import click

from curation.core import project as projects
from curation.core.app import App, pass_app


@click.group()
def config() -> None:
    """Show the settings and where each comes from."""


@config.command()
@click.option("--origin", is_flag=True, help="Also say where each value comes from.")
@pass_app
def show(app: App, origin: bool) -> None:
    """List every setting with its value.

    A flag wins over a CURATE_* variable, that over the project's curate.toml,
    that over your own config.toml, that over the default.
    """
    rows = projects.origins(app.project.document)
    if app.ui.json:
        app.ui.emit({name: {"value": value, "origin": place} for name, value, place in rows})
        return
    for name, value, place in rows:
        app.ui.out(f"{name} = {json.dumps(value)}" + (f"   # {place}" if origin else ""))
