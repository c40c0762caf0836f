"""Rows on their way from file order to id order, in bounded memory: sorted runs on disk, read back part by part."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files

RUN_BYTES = 384 << 20
_BUCKET_DIGITS = 2


class Spill:
    """Collects batches that have a column `hash` (hexadecimal digits) and gives them back by its first digits.

    What does not fit in about `run_bytes` of memory goes to a private folder below `parent`, cut into buckets by the
    first digits, so that reading a part touches its own bytes only. The folder's name is one that
    `files.remove_asides` sweeps up when the process was killed.
    """

    def __init__(self, parent: Path, *, run_bytes: int = RUN_BYTES) -> None:
        self._parent = parent
        self._run_bytes = run_bytes
        self._folder: Path | None = None
        self._waiting: list[pa.Table] = []
        self._size = 0
        self._runs: list[tuple[pa.ipc.RecordBatchFileReader, list[str]]] = []
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._waiting, self._runs = [], []
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch; all batches have one schema."""
        if not len(batch):
            return
        self.rows += len(batch)
        # Sorted while it is small and in the processor's cache: from now on every part of it is a slice.
        self._waiting.append(pa.Table.from_batches([batch.take(pc.sort_indices(batch.column("hash")))]))
        self._size += batch.nbytes
        if self._size >= self._run_bytes:
            self._write_run()

    def part(self, prefix: str) -> pa.Table | None:
        """The rows whose hash begins with the prefix, None where there are none; call it after the last `add`."""
        pieces = list(self._waiting)
        for reader, buckets in self._runs:
            pieces += [
                pa.Table.from_batches([reader.get_batch(i)])
                for i, bucket in enumerate(buckets)
                if bucket.startswith(prefix) or prefix.startswith(bucket)
            ]
        found = [piece for piece in (_slice(piece, prefix) for piece in pieces) if len(piece)]
        return pa.concat_tables(found) if found else None

    def _write_run(self) -> None:
        if self._folder is None:
            files.make_dir(self._parent)
            with files.os_errors(self._parent):
                self._folder = Path(tempfile.mkdtemp(prefix=files.TEMP_PREFIX, dir=self._parent))
        path = self._folder / f"{len(self._runs)}.arrow"
        buckets = []
        with files.os_errors(path):
            with pa.ipc.new_file(path, self._waiting[0].schema) as writer:
                for number in range(16**_BUCKET_DIGITS):
                    bucket = f"{number:0{_BUCKET_DIGITS}x}"
                    rows = pa.concat_tables([_slice(piece, bucket) for piece in self._waiting])
                    if len(rows):
                        writer.write_table(_sorted(rows.combine_chunks()))
                        buckets.append(bucket)
            path.chmod(files.PRIVATE_FILE)
            self._runs.append((pa.ipc.open_file(path), buckets))
        self._waiting, self._size = [], 0


def _sorted(table: pa.Table) -> pa.Table:
    return table.take(pc.sort_indices(table.column("hash")))


def _slice(table: pa.Table, prefix: str) -> pa.Table:
    """The rows of a sorted table whose hash begins with the prefix."""
    hashes = table.column("hash").chunk(0)
    low, high = _search(hashes, prefix), _search(hashes, prefix + "g")
    return table.slice(low, high - low)


def _search(hashes: pa.StringArray, text: str) -> int:
    """Where `text` would stand among sorted hashes ('g' sorts after every hexadecimal digit)."""
    low, high = 0, len(hashes)
    while low < high:
        middle = (low + high) // 2
        if hashes[middle].as_py() < text:
            low = middle + 1
        else:
            high = middle
    return low
