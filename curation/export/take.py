"""Rows of a stratum for the amounts that its phases ask for: by rank, in whole passes, first fit at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Taken:
    """Rows of a mix; a row that comes again is there again.

    Attributes:
        row: int64 (t,), its place in the index.
        phase: int64 (t,), the place of its phase.
        epoch: int64 (t,), 1 where it comes for the first time, in whichever phase.
        at: float64 (t,), where in its phase it belongs, from 0 to 1.
    """

    row: Ints
    phase: Ints
    epoch: Ints
    at: Floats

    @classmethod
    def join(cls, many: Sequence[Taken]) -> Taken:
        """All of them, in the order of the index, then of phase and epoch."""
        row, phase, epoch = (
            np.concatenate([np.zeros(0, np.int64), *(getattr(t, name) for t in many)])
            for name in ("row", "phase", "epoch")
        )
        at = np.concatenate([np.zeros(0), *(t.at for t in many)])
        order = np.lexsort((epoch, phase, row))
        return cls(row[order], phase[order], epoch[order], at[order])

    def at_places(self, many: Sequence[Ints]) -> Taken:
        """Those at these places."""
        which = np.concatenate([np.zeros(0, np.int64), *many])
        return Taken(self.row[which], self.phase[which], self.epoch[which], self.at[which])


def homes(chance: Floats, parts: Floats) -> Ints:
    """The phase that each row is at home in: by its chance, and by which part of the stratum each phase takes."""
    return np.minimum(np.searchsorted(np.cumsum(parts)[:-1], chance, side="right"), len(parts) - 1).astype(np.int64)


def take(rows: Ints, size: Ints, home: Ints, wanted: Floats, passes: int) -> tuple[Ints, Ints, Ints]:
    """Rows for every phase of a stratum.

    A phase takes the rows that are at home in it, so a row more or less moves no row of another phase, unless one
    runs out: then it takes what the others left.

    Args:
        rows: int64 (n,), the rows of the stratum, best rank first.
        size: int64 (n,), what each counts.
        home: int64 (n,), the phase that each is at home in.
        wanted: float (phases,), the amounts, whole numbers.
        passes: how often a row may be taken.

    Returns:
        Places in `rows`, their phases and their epochs.
    """
    left = wanted.copy()
    found: list[tuple[Ints, Ints, Ints]] = []
    for epoch in range(1, passes + 1):
        free = np.ones(len(rows), np.bool_)
        empty = np.zeros(len(wanted), np.bool_)
        for own in (True, False):
            for phase in range(len(wanted)):
                if left[phase] <= 0 or not (own or empty[phase]):
                    continue
                mine = np.flatnonzero(free & (home == phase) if own else free)
                chosen = mine[first_fit(size[mine], left[phase])]
                empty[phase] = len(chosen) == len(mine)
                free[chosen] = False
                left[phase] -= size[chosen].sum()
                found.append((chosen, np.full(len(chosen), phase), np.full(len(chosen), epoch)))
    nothing = np.zeros(0, np.int64)
    places, phases, epochs = (np.concatenate([nothing, *(f[n] for f in found)]) for n in range(3))
    return places, phases, epochs


def first_fit(size: Ints, most: float) -> Ints:
    """Places of what fits into an amount, in order: as many as fit from the front, then whatever fits what is left.

    If something is left then, one of them makes way for the one that comes nearest to filling it up.
    """
    found = []
    start = 0
    while start < len(size) and most > 0:
        total = np.cumsum(size[start:])
        end = start + int(np.searchsorted(total, most, side="right"))
        if end > start:
            found.append(np.arange(start, end))
            most -= int(total[end - start - 1])
        fits = np.flatnonzero(size[end:] <= most)
        if not len(fits):
            break
        start = end + int(fits[0])
    places = np.concatenate([np.zeros(0, np.int64), *found])
    return np.sort(_swapped(places, size, most)) if most > 0 and len(places) else places


def _swapped(places: Ints, size: Ints, room: float) -> Ints:
    """The places with one of them changed for another that fills the room best, if any does."""
    free = np.ones(len(size), np.bool_)
    free[places] = False
    others = np.flatnonzero(free)
    if not len(others):
        return places
    others = others[np.argsort(size[others], kind="stable")]
    largest = np.searchsorted(size[others], size[places] + room, side="right") - 1
    gain = np.where(largest >= 0, size[others[largest]] - size[places], 0)
    # Of equal gains the last place makes way: it has the lowest rank.
    best = len(gain) - 1 - int(np.argmax(gain[::-1]))
    if gain[best] > 0:
        places = places.copy()
        places[best] = others[largest[best]]
    return places


def spread(order: Ints, size: Ints, start: float, end: float) -> Floats:
    """Where in a phase the rows of a portion belong, from 0 to 1, if its share changes evenly from start to end.

    Args:
        order: places of the rows, in the order in which they shall come.
        size: int64 (n,), what each counts.
        start: the portion's share when the phase begins.
        end: its share when the phase ends.
    """
    weight = size[order].astype(np.float64)
    done = (np.cumsum(weight) - weight / 2) / max(weight.sum(), 1.0)
    slope = end - start
    if abs(slope) > 1e-12:
        # The part of the portion that has come up to x is (start x + slope x² / 2) / ((start + end) / 2).
        done = (np.sqrt(start**2 + slope * (start + end) * done) - start) / slope
    at = np.empty(len(order))
    at[order] = np.clip(done, 0.0, 1.0)
    return at
