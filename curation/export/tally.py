"""What was asked for and what it came to, in tokens or rows: by portion, source, phase and voice, shortages first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.errors import ProjectError
from curation.export.amounts import phase_names
from curation.export.index import Index
from curation.export.mix import Selection, sizes
from curation.export.recipe import MixRecipe
from curation.export.split import TRAIN
from curation.export.take import Taken

SLACK = 0.005
"""Less than this part missing is no shortage: rows are not cut to fit."""


def tally(recipe: MixRecipe, index: Index, found: Selection, taken: Taken) -> dict[str, Any]:
    """Amounts asked and got of what is trained, repeats included, and how much there is to take once.

    Args:
        recipe: what is asked for.
        index: the rows.
        found: what was decided.
        taken: the rows that left.
    """
    rows = taken.row[index.sides.of[taken.row] == TRAIN]
    phase = taken.phase[index.sides.of[taken.row] == TRAIN]
    size = sizes(index, recipe)[rows]
    portions, phases = list(recipe.resolved), phase_names(recipe)
    got = _sums((index.portion[rows], index.source[rows]), size, (len(portions), len(found.sources)))
    by_phase = _sums((phase, index.portion[rows]), size, (len(phases), len(portions)))
    asked, there = found.amounts.asked.sum(axis=1), found.there.sum(axis=1)
    asked_by_portion = found.amounts.portion_asked.sum(axis=0)
    goal, whole = max(float(asked_by_portion.sum()), 1.0), max(int(got.sum()), 1)
    free = found.amounts.asked is found.there
    described = {}
    for n, name in enumerate(portions):
        mine = [s for s in range(len(found.sources)) if asked[n, s] > 0 or got[n, s] > 0]
        described[name] = {
            "asked": None if free else round(float(asked_by_portion[n])),
            "got": int(got[n].sum()),
            "share_asked": None if free else round(float(asked_by_portion[n]) / goal, 6),
            "share_got": round(float(got[n].sum()) / whole, 6),
            "sources": {
                found.sources[s]: {
                    "asked": None if free else round(float(asked[n, s])),
                    "got": int(got[n, s]),
                    "there": int(there[n, s]),
                }
                for s in mine
            },
        }
    return {
        "unit": "rows" if recipe.counts_rows else "tokens",
        "counted": "supervised" if recipe.budget is not None and recipe.budget.count == "supervised" else "total",
        "asked": None if free else round(float(asked_by_portion.sum())),
        "got": int(got.sum()),
        "portions": described,
        "phases": {
            name: {
                "asked": None if free else round(float(found.amounts.portion_asked[f].sum())),
                "got": int(by_phase[f].sum()),
                "portions": {
                    portion: {
                        "asked": None if free else round(float(found.amounts.portion_asked[f, n])),
                        "got": int(by_phase[f, n]),
                    }
                    for n, portion in enumerate(portions)
                },
            }
            for f, name in enumerate(phases)
        },
        "voices": _voices(recipe, index, rows, size, goal),
    }


def _voices(recipe: MixRecipe, index: Index, rows: Any, size: Any, goal: float) -> dict[str, Any]:
    persona = pc.index_in(index.persona.take(pa.array(rows)), value_set=pa.array(list(recipe.personas), pa.string()))
    got = _sums((persona.to_numpy(zero_copy_only=False),), size, (len(recipe.personas),))
    whole = max(int(got.sum()), 1)
    return {
        name: {
            "asked": round(recipe.balance.get(name, 0.0) * goal) if recipe.balance is not None else None,
            "got": int(got[n]),
            "share_got": round(float(got[n]) / whole, 6),
        }
        for n, name in enumerate(recipe.personas)
    }


def _sums(keys: tuple[Any, ...], size: Any, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    flat = np.ravel_multi_index(tuple(np.asarray(k, np.int64) for k in keys), shape) if len(size) else np.zeros(0, int)
    return np.bincount(flat, weights=size, minlength=int(np.prod(shape))).astype(np.int64).reshape(shape)


def rows_asked(recipe: MixRecipe, found: Selection) -> dict[str, int]:
    """Rows asked for by source, where the recipe counts rows."""
    if not recipe.counts_rows:
        return {}
    return {name: round(float(found.amounts.asked[:, :, n].sum())) for n, name in enumerate(found.sources)}


def check(recipe: MixRecipe, found: Selection) -> None:
    """Refuse a mix that is short where its recipe says so.

    Raises:
        ProjectError: `on_short: fail`, and a portion has less than was asked for.
    """
    if recipe.on_short != "fail":
        return
    unit = "rows" if recipe.counts_rows else "tokens"
    asked, given = found.amounts.portion_asked.sum(axis=0), found.amounts.given.sum(axis=(1, 2))
    short = [
        f"{name} has {int(given[n]):,} of the {round(float(asked[n])):,} {unit} asked for"
        for n, name in enumerate(recipe.resolved)
        if given[n] < asked[n] * (1 - SLACK)
    ]
    if short:
        raise ProjectError(
            f"the mix '{recipe.mix}' is short: {'; '.join(short)}",
            where="exports/mixes",
            fix="pull more, raise max_epochs, lower the budget, or take less: on_short: less | redistribute",
        )


def shortages(amounts: Mapping[str, Any]) -> Iterator[str]:
    """A line for each portion, source and voice that got less than was asked for."""
    unit = amounts["unit"]
    for name, portion in amounts["portions"].items():
        if short(portion):
            yield f"{name} has {portion['got']:,} of the {portion['asked']:,} {unit} asked for"
        alone = list(portion["sources"]) == [name]
        for source, facts in {} if alone else portion["sources"].items():
            if short(facts):
                yield (
                    f"{name}: {source} has {facts['got']:,} of the {facts['asked']:,} {unit} asked for"
                    f" ({facts['there']:,} there)"
                )
    for name, voice in amounts["voices"].items():
        if short(voice):
            yield f"the voice {name} has {voice['got']:,} of the {voice['asked']:,} {unit} of the balance"


def short(facts: Mapping[str, Any]) -> bool:
    """Whether less was got than was asked for, by more than rows that are not cut explain."""
    return facts["asked"] is not None and facts["got"] < facts["asked"] * (1 - SLACK)
