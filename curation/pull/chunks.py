"""What a reader hands on: some rows of a file as columns, and those that could not be read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import ProjectError
from curation.pull.columns import Column

BATCH_ROWS = 8192
BATCH_BYTES = 16 << 20

_NAME = re.compile(r"[^\W\d][\w.:/-]*(?: [\w.:/-]+)?|")


@dataclass(frozen=True)
class Broken:
    """A row that could not be read: its place, why, and the bytes that name it."""

    row: int
    reason: str
    identity: bytes


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        rows: zero-based place in the file of each row of `columns`; in JSON lines every line counts.
        columns: the columns asked for, of whatever Arrow types the file gives them.
        identity: the bytes that ids are made of.
        rest: bytes that tell rows of equal identity apart: the whole row where that is cheap, else the columns read.
        broken: rows that could not be read.
        schema: column names and types of the file, as far as they are known.
    """

    rows: npt.NDArray[np.int64]
    columns: pa.RecordBatch
    identity: pa.BinaryArray
    rest: pa.BinaryArray
    broken: tuple[Broken, ...]
    schema: Mapping[str, str]


def need(columns: Iterable[Column], have: Iterable[str], where: str) -> None:
    """Check that every column is there.

    Raises:
        ProjectError: with the names that are, unless they look like the text of a row: a file without a header has
            its first row where the names should be.
    """
    known = list(dict.fromkeys(have))
    for column in columns:
        if column.name not in known and not any(name in known for name in column.instead):
            raise ProjectError(
                f"the file has no column '{column.name}'", where=where, fix=_help(column.name, known, where)
            )


def _help(wanted: str, known: Sequence[str], where: str) -> str:
    if not all(len(name) <= 40 and _NAME.fullmatch(name) for name in known):
        count = f"{len(known)} column{'' if len(known) == 1 else 's'}"
        if where.endswith((".csv", ".tsv")):
            return f"it has {count}, and the first line looks like data, not like a header: give the file one"
        return f"it has {count}, whose names look like data: name them, then run this again"
    close = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"columns there: {', '.join(known[:20]) or 'none'}"
