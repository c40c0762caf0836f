"""Bring a mix up to date: its tables, then its export."""

from __future__ import annotations

from pathlib import Path

from curation.core.app import App
from curation.core.errors import ProjectError


def bring_mix(app: App, name: str) -> Path:
    """The folder of a mix's current export, written if it is not there yet.

    Raises:
        ProjectError: there is no such recipe.
        GateError: what would leave may not.
    """
    from curation.export.export import export
    from curation.export.recipe import load

    recipes = load(app.project)
    if name not in recipes:
        raise ProjectError(
            f"no mix is called '{name}'", where="exports/mixes", fix=f"mixes here: {', '.join(recipes) or 'none'}"
        )
    recipe = recipes[name]
    views = app.bring("tagged", tuple(recipe.sources or ()))
    with app.project.writing():
        return export(app.project, recipe, views, say=app.ui.say).folder
