"""Bring a mix up to date: its tables, then its export."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from curation.core.app import App
from curation.core.errors import ProjectError
from curation.core.store import View


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
    if recipe.on_missing == "refuse":
        views = app.bring("tagged", recipe.wanted or ())
    else:
        views = _at_hand(app, recipe.enabled(app.project.enabled()))
    with app.project.writing():
        return export(app.project, recipe, views, say=app.ui.say, residual=lambda of: _residual(app, of)).folder


def _residual(app: App, views: Mapping[str, View]) -> dict[str, float]:
    """For each source the share of its rows in which a second search finds something."""
    from curation.clean.residual import collect

    with app.ui.timed("residual"), app.ui.progress("second search"):
        found = collect(app.project, views).sources
    return {name: len(risk.left) / max(risk.records, 1) for name, risk in found.items()}


def _at_hand(app: App, names: tuple[str, ...]) -> Mapping[str, View]:
    """The tables of those sources that can be brought; one that stays shut is a shortage, and was said."""
    from curation.commands.pipeline import bring_each, gravest

    if not names:
        return {}
    views, errors = bring_each(app, "tagged", names)
    if errors and not views:
        raise gravest(errors)
    return views
