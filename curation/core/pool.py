"""How work is spread over workers. Nothing here may change a result."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pyarrow as pa

from curation.core.errors import RetryError
from curation.core.redact import install

Item = TypeVar("Item")
T = TypeVar("T")


class Pool(Protocol):
    """Workers. What they are given, a function of a module and its items, has to be picklable."""

    def each(self, work: Callable[[Item], T], items: Sequence[Item]) -> Iterator[tuple[int, T]]:
        """Do the work on every item; yields the item's place and the result, in whatever order they are done.

        Raises:
            CurateError: the work failed on an item, or its worker died of it.
        """

    def shuffle(self, tables: Iterable[pa.Table], key: str, work: Callable[[pa.Table], T]) -> Iterator[T]:
        """Bring the rows of equal key together and do the work on each heap; yields what it gives.

        Args:
            tables: of one schema.
            key: a column of integers.
            work: its result for a key may not depend on which other keys share the heap, nor on the order of rows.
        """


@dataclass(frozen=True)
class Processes:
    """Processes of this machine.

    Attributes:
        workers: how many; 1 works in this process.
    """

    workers: int

    def each(self, work: Callable[[Item], T], items: Sequence[Item]) -> Iterator[tuple[int, T]]:
        """Do the work on every item, in order."""
        if self.workers == 1 or len(items) < 2:
            yield from enumerate(map(work, items))
            return
        # Fresh interpreters: a forked one inherits Arrow's threads in an unknown state and can hang.
        pool = concurrent.futures.ProcessPoolExecutor(
            min(self.workers, len(items)), multiprocessing.get_context("spawn"), initializer=_start_worker
        )
        try:
            yield from enumerate(pool.map(work, items))
        except BrokenProcessPool:
            raise RetryError(
                "a worker process died (out of memory?)",
                fix="run the same command again, perhaps with --workers 1; finished parts are kept",
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def shuffle(self, tables: Iterable[pa.Table], key: str, work: Callable[[pa.Table], T]) -> Iterator[T]:
        """One heap, in this process."""
        heap = list(tables)
        if sum(len(table) for table in heap):
            yield work(pa.concat_tables(heap))


def _start_worker() -> None:
    """Make a worker speak without data, and end when its parent does, however that ends."""
    install()
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
