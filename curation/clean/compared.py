"""What of a record is compared with other records: who says what, with bare labels where personal data stood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import KINDS
from curation.methods.pairs import compare, sets
from curation.methods.texts import Turns, one_array
from curation.methods.tokens import SHORT

READS = ("kind", "messages", "chosen", "rejected", "label", "pii")
"""The columns it is made of. Records that differ in reasoning or `meta` alone are the same talk."""

_COLUMNS = ("messages", "chosen", "rejected")
# `[PERSON_1]` and `[PERSON:0123…]`, ours or another tool's; see `clean/pii`.
_LABEL = r"\[([A-Z]{2,12})(?:_[0-9]{1,6}|:[0-9a-f]{16})\]"
_WRITTEN = ("placeholder", "hash")

Ints = npt.NDArray[np.int64]


def texts(table: pa.Table, boilerplate: Sequence[str] = ()) -> pa.StringArray:
    """One text a record: its user and assistant turns; of a preference or unpaired record the answers after the prompt.

    Left out are system and tool turns and what is declared as boilerplate. What stands for personal data, numbered,
    hashed or made up, becomes its bare label: so two scrubbed copies of a text stay copies.

    Args:
        table: holds `READS`, but for those that the table before lacks.
        boilerplate: passages as they stand in turns.
    """
    made = [_said(table, name, boilerplate) for name in _COLUMNS if name in table.column_names]
    return pc.binary_join_element_wise(*made, "\n") if len(made) > 1 else made[0]


def kinds(table: pa.Table) -> Ints:
    """A number for what a record may be compared with: only records of one kind, unpaired ones also of one label."""
    kind = pc.index_in(table.column("kind"), value_set=pa.array(KINDS)).to_numpy().astype(np.int64)
    if "label" not in table.column_names:
        return 3 * kind
    return 3 * kind + np.where(kind == KINDS.index("unpaired"), _label(table), 0)


def _label(table: pa.Table) -> Ints:
    return pc.fill_null(pc.cast(table.column("label"), pa.int64()), -1).to_numpy() + 1


def turns(table: pa.Table) -> Ints:
    """How many turns of each record's messages are compared."""
    found = Turns.of(table.column("messages"))
    return np.bincount(found.rows[_spoken(found)], minlength=len(table))


def answers(table: pa.Table) -> pa.FloatArray:
    """How similar the two answers of a preference record are, by their 3-grams; null for other records."""
    out = np.full(len(table), np.nan, np.float32)
    rows = np.flatnonzero(pc.equal(table.column("kind"), "preference").to_numpy())
    if len(rows) and {"chosen", "rejected"} <= set(table.column_names):
        pair = table.take(pa.array(rows))
        found = sets(pa.concat_arrays([_said(pair, name, ()) for name in ("chosen", "rejected")]), SHORT)
        first = np.arange(len(rows))
        out[rows] = compare(first, first + len(rows), found, 1e-6, False, 1)
    return pa.array(out, pa.float32(), mask=np.isnan(out))


def _spoken(found: Turns) -> npt.NDArray[np.bool_]:
    wanted = pc.is_in(found.role, value_set=pa.array(["user", "assistant"]))
    return np.asarray(wanted.to_numpy(zero_copy_only=False), np.bool_)


def _said(table: pa.Table, name: str, boilerplate: Sequence[str]) -> pa.StringArray:
    """One string a row: the turns of a column that are compared, a line each."""
    found = Turns.of(table.column(name))
    content = pc.fill_null(found.content, "")
    if "pii" in table.column_names:
        content = _without_made_up(content, found, one_array(table.column("pii")), name)
    content = _labels_alone(content)
    # The longest first: one may stand in another.
    for passage in sorted(filter(None, boilerplate), key=lambda p: (-len(p), p)):
        content = pc.replace_substring(content, passage, " ")
    spoken = _spoken(found)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(found.rows[spoken], minlength=len(table)))])
    lists = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), content.filter(pa.array(spoken)))
    return pc.binary_join(lists, "\n")


def _labels_alone(content: pa.StringArray) -> pa.StringArray:
    # A pattern costs ten times as much as a look for its first sign.
    marked = pc.match_substring(content, "[")
    if not pc.any(marked).as_py():
        return content
    return pc.replace_with_mask(content, marked, pc.replace_substring_regex(content.filter(marked), _LABEL, r" \1 "))


def _without_made_up(content: pa.StringArray, found: Turns, audit: pa.Array, column: str) -> pa.StringArray:
    """Texts with the label in place of every surrogate, shifted date and general value, as the audit tells them."""
    entries = audit.flatten()
    row = np.repeat(np.arange(len(audit)), pc.fill_null(pc.list_value_length(audit), 0).to_numpy())
    wanted = pc.and_(
        pc.equal(pc.struct_field(entries, "column"), column),
        pc.invert(pc.is_in(pc.struct_field(entries, "action"), value_set=pa.array(_WRITTEN))),
    )
    which = np.flatnonzero(wanted.to_numpy(zero_copy_only=False))
    if not len(which):
        return content
    turn, start, end = (
        pc.struct_field(entries, name).take(pa.array(which)).to_numpy() for name in ("turn", "new_start", "new_end")
    )
    label = pc.struct_field(entries, "label").take(pa.array(which)).to_pylist()
    spot = (np.cumsum(found.lengths) - found.lengths)[row[which]] + turn
    order = np.lexsort((start, spot))
    spots = np.unique(spot)
    changed = []
    for place, mine in zip(spots.tolist(), np.split(order, np.searchsorted(spot[order], spots)[1:]), strict=True):
        text, last, parts = content[place].as_py(), 0, []
        for k in mine.tolist():
            parts += [text[last : start[k]], f" {label[k]} "]
            last = int(end[k])
        changed.append("".join([*parts, text[last:]]))
    mask = np.zeros(len(content), np.bool_)
    mask[spots] = True
    return pc.replace_with_mask(content, pa.array(mask), pa.array(changed, pa.string()))
