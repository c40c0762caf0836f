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

RUN_BYTES = 128 << 20
_BUCKET_DIGITS = 2


class Spill:
    """Collects batches that have a column `hash` (hexadecimal digits) and gives them back in its order.

    What does not fit in one run of about `run_bytes` goes to a private folder below `parent`, sorted and cut into
    buckets by the first digits, so that reading a part touches its own bytes only. The folder's name is one that
    `files.remove_asides` sweeps up when the process was killed.
    """

    def __init__(self, parent: Path, *, run_bytes: int = RUN_BYTES) -> None:
        self._parent = parent
        self._run_bytes = run_bytes
        self._folder: Path | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._size = 0
        self._runs: list[tuple[pa.ipc.RecordBatchFileReader, list[str]]] = []
        self._last: pa.Table | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._waiting, self._last, self._runs = [], None, []
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch; all batches have one schema."""
        if not len(batch):
            return
        self.rows += len(batch)
        self._waiting.append(batch)
        self._size += batch.nbytes
        if self._size >= self._run_bytes:
            self._write_run()

    def _take_waiting(self) -> pa.Table | None:
        if not self._waiting:
            return None
        table = pa.Table.from_batches(self._waiting).combine_chunks()
        self._waiting, self._size = [], 0
        return table.take(pc.sort_indices(table.column("hash")))

    def _write_run(self) -> None:
        run = self._take_waiting()
        if run is None:
            return
        if self._folder is None:
            files.make_dir(self._parent)
            with files.os_errors(self._parent):
                self._folder = Path(tempfile.mkdtemp(prefix=files.TEMP_PREFIX, dir=self._parent))
        path = self._folder / f"{len(self._runs)}.arrow"
        prefixes = pc.utf8_slice_codeunits(run.column("hash"), 0, _BUCKET_DIGITS)
        ends = pc.run_end_encode(prefixes.combine_chunks())
        start = 0
        with files.os_errors(path):
            with pa.ipc.new_file(path, run.schema) as writer:
                for end in ends.run_ends.to_pylist():
                    writer.write_table(run.slice(start, end - start))
                    start = end
            path.chmod(files.PRIVATE_FILE)
            self._runs.append((pa.ipc.open_file(path), ends.values.to_pylist()))

    def part(self, prefix: str) -> pa.Table | None:
        """The rows whose hash begins with the prefix, None where there are none; call it after the last `add`."""
        if self._waiting:
            # What is left over after the last full run stays in memory.
            self._last = self._take_waiting()
        pieces = [] if self._last is None else [self._last]
        for reader, buckets in self._runs:
            pieces += [
                pa.Table.from_batches([reader.get_batch(i)])
                for i, bucket in enumerate(buckets)
                if bucket.startswith(prefix) or prefix.startswith(bucket)
            ]
        found = [piece for piece in (_slice(piece, prefix) for piece in pieces) if len(piece)]
        return pa.concat_tables(found) if found else None


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
