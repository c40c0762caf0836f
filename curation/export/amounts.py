"""How much of what a mix takes: from shares, phases, balance and what there is to an amount for every stratum.

Pure arithmetic, and of the recipe wherever it can be: what there is decides only where something is short, and where
the recipe asks for amounts by size (`temperature`, `epochs`). So a row more or less in one source moves no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.export.recipe import EVERYTHING, MixRecipe

Floats = npt.NDArray[np.float64]

ROUNDS = 500
_CLOSE = 1e-9


@dataclass(frozen=True)
class Amounts:
    """Amounts in tokens or rows by [portion, voice, source], and what of each goes to which phase.

    Attributes:
        asked: as the recipe has it, before anything is short.
        given: what can be given, repeats included.
        phases: float (phase, portion): which part of a portion's amount belongs to each phase; a column adds up to 1.
        portion_asked: float (phase, portion), what the recipe asks for.
    """

    asked: Floats
    given: Floats
    phases: Floats
    portion_asked: Floats


def phase_names(recipe: MixRecipe) -> tuple[str, ...]:
    """The phases, in order."""
    return tuple(phase.name for phase in recipe.phases) or (EVERYTHING,)


def amounts(recipe: MixRecipe, there: Floats, voices: Sequence[str], sources: Sequence[str]) -> Amounts:
    """Decide every amount.

    Args:
        recipe: what is asked for.
        there: float (portion, voice, source), what can be trained on once.
        voices: the names along the second axis; one name for all where the recipe asks for no balance.
        sources: the names along the third axis.
    """
    portions = list(recipe.resolved.items())
    passes = np.array([portion.passes for _, portion in portions], np.float64)
    has = there.sum(axis=(1, 2))
    by_portion = _portions(recipe, has)
    if by_portion is None:
        phases = np.array([[p.fraction for p in recipe.phases] or [1.0]]).T.repeat(len(portions), axis=1)
        return Amounts(there, there, phases, phases * has)
    wanted = by_portion.sum(axis=0)
    phases = np.divide(by_portion, wanted, out=np.zeros_like(by_portion), where=wanted > 0)
    able = there * passes[:, None, None]
    by_voice = _voices(recipe, wanted, there.sum(axis=2) > 0, voices)
    weights = np.stack([_weights(recipe, p.weights, p.wanted, there[n], sources) for n, (_, p) in enumerate(portions)])
    asked = by_voice[:, :, None] * weights
    flat = (-1, len(sources))
    given = _fill(by_voice.reshape(-1), weights.reshape(flat), able.reshape(flat)).reshape(able.shape)
    if recipe.balance is not None:
        given = _refill(wanted, given, able)
    if recipe.on_short == "redistribute":
        given = _redistribute(wanted, given, able)
    return Amounts(asked, _whole(given, recipe.counts_rows), phases, by_portion)


def _whole(given: Floats, rows: bool) -> Floats:
    """Amounts of rows as whole numbers: of each portion the whole amount, and of its strata whole parts of that."""
    if not rows:
        return given
    found = np.floor(given + _CLOSE)
    goal = np.floor(given.sum(axis=(1, 2)) + _CLOSE)
    goal[np.argsort(goal - given.sum(axis=(1, 2)), kind="stable")[: round(given.sum() - goal.sum())]] += 1
    for n in range(len(given)):
        rest = (found[n] - given[n]).reshape(-1)
        found[n].reshape(-1)[np.argsort(rest, kind="stable")[: max(round(goal[n] - found[n].sum()), 0)]] += 1
    return found


def _portions(recipe: MixRecipe, has: Floats) -> Floats | None:
    """What the recipe asks of each portion, by phase; None where it takes everything."""
    portions = list(recipe.resolved.values())
    fractions = np.array([phase.fraction for phase in recipe.phases] or [1.0])
    if recipe.budget is None:
        own = [portion.tokens or portion.rows or (portion.epochs or 0.0) * has[n] for n, portion in enumerate(portions)]
        return np.outer(fractions, own) if any(own) else None
    whole = float(recipe.budget.tokens or recipe.budget.rows or 0)
    if portions[0].share is not None:
        shares = np.array([portion.share or 0.0 for portion in portions])
    else:
        shares = _by_size(has, recipe.temperature)
    names = list(recipe.resolved)
    found = np.zeros((len(fractions), len(portions)))
    for n, fraction in enumerate(fractions):
        phase = recipe.phases[n] if recipe.phases else None
        start = _named(phase.shares, names) if phase and phase.shares else shares
        end = _named(phase.ramp_to, names) if phase and phase.ramp_to else start
        # Shares change evenly, so a phase holds as much of each portion as if it stood in the middle.
        found[n] = whole * fraction * (start + end) / 2
    return found


def _named(shares: Mapping[str, float], names: Sequence[str]) -> Floats:
    return np.array([shares.get(name, 0.0) for name in names])


def _by_size(has: Floats, temperature: float | None) -> Floats:
    """Shares in proportion to size to the power of 1 / temperature; without one, equal for all that have anything."""
    some = has > 0
    raw = np.where(some, has ** (1 / temperature) if temperature else 1.0, 0.0)
    return raw / raw.sum() if raw.sum() else np.full(len(has), 1 / max(len(has), 1))


def _voices(recipe: MixRecipe, wanted: Floats, some: npt.NDArray[np.bool_], voices: Sequence[str]) -> Floats:
    """The amount of each voice in each portion; without a balance there is one column for all of them.

    Rows keep the portions' amounts, and columns come as near to the balance as the voices of the portions allow, by
    proportional fitting: it depends on which voices a portion has at all, not on how much of them.
    """
    if recipe.balance is None:
        return wanted[:, None]
    share = np.array([recipe.balance.get(name, 0.0) for name in voices])
    table = np.where(some & (share > 0)[None, :], wanted[:, None], 0.0)
    columns = share * wanted.sum()
    for _ in range(ROUNDS):
        table *= _divide(columns, table.sum(axis=0))
        table *= _divide(wanted, table.sum(axis=1))[:, None]
    return table


def _weights(
    recipe: MixRecipe,
    weights: Mapping[str, float] | None,
    named: Sequence[str] | None,
    there: Floats,
    sources: Sequence[str],
) -> Floats:
    """How the amount of each voice of a portion is divided among the sources: float (voice, source), rows add up to 1.

    A source that has nothing at all keeps its part, and is short by it.
    """
    if weights is not None:
        raw = np.array([weights.get(source, 0.0) for source in sources])[None, :].repeat(len(there), axis=0)
    elif recipe.temperature is not None:
        raw = there ** (1 / recipe.temperature)
    else:
        mine = [named is None or source in named for source in sources]
        raw = np.array(mine, np.float64)[None, :].repeat(len(there), axis=0)
    raw = np.where((there > 0) | (there.sum(axis=0) == 0), raw, 0.0)
    return raw * _divide(np.ones(len(raw)), raw.sum(axis=1))[:, None]


def _fill(asked: Floats, weights: Floats, able: Floats) -> Floats:
    """Give each member of a group its part of the group's amount; what one cannot give, the others do.

    Args:
        asked: float (group,).
        weights: float (group, member), how the amount is divided.
        able: float (group, member), the most that each can give.
    """
    given = np.zeros_like(able)
    for _ in range(able.shape[1] + 1):
        left = asked - given.sum(axis=1)
        room = able - given
        part = np.where(room > _CLOSE, weights, 0.0)
        more = np.minimum(part * (_divide(left, part.sum(axis=1)))[:, None], room)
        if not (more > _CLOSE).any():
            break
        given += np.maximum(more, 0.0)
    return given


def _refill(wanted: Floats, given: Floats, able: Floats) -> Floats:
    """Where a voice of a portion is short, the portion's other voices fill it up, equally."""
    size = len(wanted)
    rest = (able - given).reshape(size, -1)
    more = _fill(wanted - given.sum(axis=(1, 2)), np.ones_like(rest), rest)
    return given + more.reshape(given.shape)


def _redistribute(wanted: Floats, given: Floats, able: Floats) -> Floats:
    """Give what is short to the portions that have more, in proportion to what they were asked for."""
    size = len(wanted)
    rest = (able - given).reshape(size, -1)
    more = _fill(np.array([wanted.sum() - given.sum()]), wanted[None, :], rest.sum(axis=1)[None, :])[0]
    return given + _fill(more, np.ones_like(rest), rest).reshape(given.shape)


def _divide(left: Floats, right: Floats) -> Floats:
    """`left / right`, and 0 where `right` is."""
    return np.divide(left, right, out=np.zeros(np.broadcast(left, right).shape), where=right > 0)
