"""Replace what was found in records by values of which a second search finds nothing but themselves.

A made-up value is another neighbour to a word than the one it stands for: beside it a recogniser may see a name where
it saw none. Then others are made up. A placeholder is no neighbour at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curation.clean.pii.audit import Replaced
from curation.clean.pii.find import Search, Told
from curation.clean.pii.policy import MADE_UP, Action
from curation.clean.pii.replace import Policy, Spot, replace

DRAWS = 8
"""Where so many made-up values each show something, the record gets placeholders."""

Place = tuple[str, int]
"""Column and turn of a string."""

Made = tuple[list[str], list[Replaced]]
"""The new strings of a record, and its audit."""

_INSTEAD: Mapping[Action, Action] = {"surrogate": "placeholder", "shift": "generalise"}


def replaced(
    search: Search, told: Sequence[Told], places: Sequence[Sequence[Place]], policy: Policy
) -> list[Made | str]:
    """Replace the findings of records.

    Args:
        search: what found them.
        told: the records.
        places: for every string of every record where it stands.
        policy: what becomes of findings.

    Returns:
        For each record its new strings and audit, or the label for which it is to be dropped.
    """
    plain = policy._replace(actions={label: _INSTEAD.get(act, act) for label, act in policy.actions.items()})
    made: dict[int, Made | str] = {}
    open_ = list(range(len(told)))
    for draw in range(DRAWS + 1):
        policy = policy._replace(draw=draw) if draw < DRAWS else plain
        made |= {n: _replaced(told[n], places[n], policy) for n in open_}
        looked = {n: new for n in open_ if not isinstance(new := made[n], str) and _makes_up(new[1])}
        if not looked:
            break
        open_ = _doubted(search, told, places, looked)
    return [made[n] for n in range(len(told))]


def _replaced(one: Told, places: Sequence[Place], policy: Policy) -> Made | str:
    return replace([Spot(*p, t, f) for p, t, f in zip(places, one.texts, one.found, strict=True)], one.record, policy)


def _makes_up(audit: Sequence[Replaced]) -> bool:
    return any(one.action in MADE_UP for one in audit)


def _doubted(
    search: Search, told: Sequence[Told], places: Sequence[Sequence[Place]], made: Mapping[int, Made]
) -> list[int]:
    """The records in whose new strings a search finds something that touches no made-up value."""
    seen = [Told(told[n].record, texts, [[] for _ in texts]) for n, (texts, _) in made.items()]
    changed = [
        (found, text, one.record)
        for n, one in zip(made, seen, strict=True)
        for found, text, before in zip(one.found, one.texts, told[n].found, strict=True)
        if before
    ]
    hits = search.find([text for _, text, _ in changed], [record for _, _, record in changed])
    for (found, _, _), there in zip(changed, hits, strict=True):
        found += there
    search.spread(seen)
    return [n for (n, (_, audit)), one in zip(made.items(), seen, strict=True) if _more(one, places[n], audit)]


def _more(seen: Told, places: Sequence[Place], audit: Sequence[Replaced]) -> bool:
    taken: dict[Place, list[tuple[int, int]]] = {}
    for one in audit:
        if one.action in MADE_UP:
            taken.setdefault((one.column, one.turn), []).append((one.new_start, one.new_end))
    return any(
        not any(start < one.end and one.start < end for start, end in taken.get(place, ()))
        for place, found in zip(places, seen.found, strict=True)
        for one in found
    )
