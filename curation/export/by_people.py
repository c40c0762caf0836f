"""Preference pairs with a person behind them: an answer that somebody mended, and answers that people compared.

Each is made by a rule that the recipe names, and bears its name:

- `edits`: of a conversation that people let go only as they edited it, the answer they wrote is better than the one
  that stood there, in the context of both. Only the first turn that differs counts, for what follows was said in
  another context; and only where the trained voice says it. The text that people replaced leaves with such a pair, so
  none is made where they took out something personal: where the edit has a placeholder that was not there, or somebody
  marked personal data in the record.
- `reviewed`: preference records that people compared, with how far the better answer is ahead and how many say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from curation.export.pairs import RULE
from curation.export.people import People, put

EDITS, REVIEWED = "edits", "reviewed"
COLUMNS = (RULE, pa.field("margin", pa.float64()), pa.field("annotators", pa.int32()))
"""What a row of a mix that names one of these rules says of its pair."""

_PLACEHOLDER = re.compile(r"\[[A-Z]{2,12}_[0-9]{1,6}\]")
_SIDES = ("messages", "chosen", "rejected")


def pairs_by_people(stored: pa.Table, table: pa.Table, people: People, rules: Sequence[str]) -> pa.Table:
    """Rows with the pairs that people's answers make, and the columns of `COLUMNS`, null where no rule applies.

    Args:
        stored: records as they are stored.
        table: the same rows as people corrected them.
        people: what they said.
        rules: the rules that the recipe names.
    """
    said: dict[int, tuple[str, float | None, int]] = {}
    pairs: dict[int, Mapping[str, Any]] = {}
    known = (people.edits if EDITS in rules else {}).keys() | (people.margins if REVIEWED in rules else {}).keys()
    ids = table.column("id").to_pylist() if known else []
    for place, record in enumerate(ids):
        if record not in known:
            continue
        kind = table.column("kind")[place].as_py()
        edit = people.edits.get(record)
        if EDITS in rules and kind == "chat" and edit is not None and record not in people.marked:
            pair = _mended(stored.slice(place, 1), table.slice(place, 1))
            if pair is not None:
                pairs[place], said[place] = pair, (EDITS, None, edit.people)
        elif REVIEWED in rules and kind == "preference" and record in people.margins:
            said[place] = (REVIEWED, *people.margins[record])
    for side in _SIDES:
        table = put(table, side, {place: pair[side] for place, pair in pairs.items()})
    table = put(table, "kind", dict.fromkeys(pairs, "preference"))
    for number, column in enumerate(COLUMNS):
        values = np.full(len(table), None, object)
        for place, one in said.items():
            values[place] = one[number]
        table = table.append_column(column, pa.array(values, column.type))
    return table


def _mended(stored: pa.Table, edited: pa.Table) -> dict[str, list[dict[str, Any]]] | None:
    """The pair that the edit of one record makes, if it makes one."""
    if not set(_SIDES) <= set(stored.column_names):
        return None
    before, after = (table.column("messages")[0].as_py() for table in (stored, edited))
    voice = "user" if edited.column("persona")[0].as_py() == "client" else "assistant"
    for place, (old, new) in enumerate(zip(before, after, strict=False)):
        if (old["role"], old["content"]) == (new["role"], new["content"]):
            continue
        masked = set(_PLACEHOLDER.findall(new["content"])) - set(_PLACEHOLDER.findall(old["content"]))
        if old["role"] != voice or new["role"] != voice or masked:
            return None
        return {"messages": after[:place], "chosen": [new], "rejected": [{**old, "reasoning": None}]}
    return None
