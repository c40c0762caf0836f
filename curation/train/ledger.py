"""The ledger of a run: which row was learned from in which step, and how well the model knew it just then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
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
        pa.field("loss", pa.float32(), nullable=False),  # nats per trained token, before the step
    ]
)
_GROUP = 1 << 16


class LedgerWriter:
    """Writes a ledger as it grows; a context manager. Memory is bounded by one row group."""

    def __init__(self, folder: Path) -> None:
        """Begin `ledger.parquet` in `folder`."""
        self._writer = pq.ParquetWriter(folder / FILE, SCHEMA, compression="zstd")
        self._entries: list[tuple[int, int, str, int, int, int, float]] = []

    def add(self, step: int, number: int, held: Sequence[Document], losses: Sequence[float]) -> None:
        """Enter one bin: `losses` are the summed losses of its documents, in nats."""
        for document, loss in zip(held, losses, strict=True):
            trained = sum(document.trained)
            self._entries.append((step, number, document.row, document.piece, len(document), trained, loss / trained))
        if len(self._entries) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._entries:
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*self._entries, strict=True), SCHEMA, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
            self._entries.clear()

    def __enter__(self) -> LedgerWriter:
        """Enter."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; after an error it is only a fragment that the caller throws away."""
        if kind is None:
            self._flush()
        self._writer.close()


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
