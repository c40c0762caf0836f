"""The ledger of a run: which row was learned from in which step, and how well the model knew it just then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from curation.core.errors import IntegrityError, MissingError

if TYPE_CHECKING:
    from curation.train.encode import Document

FILE = "ledger.parquet"
SCHEMA = pa.schema(
    [
        pa.field("step", pa.int32(), nullable=False),  # from 1
        pa.field("bin", pa.int32(), nullable=False),  # from 0, over the whole run
        pa.field("row", pa.string(), nullable=False),
        pa.field("piece", pa.int32(), nullable=False),  # of a row that was split, from 0
        pa.field("tokens", pa.int32(), nullable=False),
        pa.field("trained_tokens", pa.int32(), nullable=False),
        pa.field("loss", pa.float32(), nullable=False),  # before the step: nats per trained token; DPO's loss of a pair
    ]
)
_GROUP = 1 << 16


class Ledger:
    """The entries of a run as it goes; `taken` hands over those that were not handed over before."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, str, int, int, int, float]] = []

    def add(self, step: int, number: int, held: Sequence[Document], losses: Sequence[float]) -> None:
        """Enter one bin; `losses` are the losses of its documents as the ledger shows them."""
        for document, loss in zip(held, losses, strict=True):
            trained = sum(document.trained)
            self._entries.append((step, number, document.row, document.piece, len(document), trained, loss))

    def __len__(self) -> int:
        return len(self._entries)

    def taken(self) -> pa.Table:
        """What was entered since the last time."""
        columns = zip(*self._entries, strict=True) if self._entries else [()] * len(SCHEMA)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
        self._entries.clear()
        return pa.Table.from_arrays(arrays, schema=SCHEMA)


def write(folder: Path, tables: Iterable[pa.Table]) -> None:
    """Write `ledger.parquet`; its bytes do not depend on how the entries are cut into tables."""
    waiting: list[pa.Table] = []
    with pq.ParquetWriter(folder / FILE, SCHEMA, compression="zstd") as writer:
        for table in tables:
            waiting.append(table)
            while sum(map(len, waiting)) >= _GROUP:
                whole = pa.concat_tables(waiting)
                writer.write_table(whole.slice(0, _GROUP).combine_chunks(), row_group_size=_GROUP)
                waiting = [whole.slice(_GROUP)]
        rest = pa.concat_tables(waiting) if waiting else SCHEMA.empty_table()
        if len(rest):
            writer.write_table(rest.combine_chunks(), row_group_size=_GROUP)


def trace(adapter_dir: Path, row_id: str) -> pa.Table:
    """Every entry of one row in an adapter's ledger, in the order of the run; empty if the adapter never had it.

    Raises:
        MissingError: the folder has no ledger.
        IntegrityError: the ledger cannot be read.
    """
    path = adapter_dir / FILE
    if not path.is_file():
        raise MissingError("there is no ledger here", where=str(adapter_dir), fix="give the folder of an adapter")
    try:
        return pq.read_table(path, filters=[("row", "==", row_id)], schema=SCHEMA)
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError("the ledger cannot be read", where=str(path)) from error
