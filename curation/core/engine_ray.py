"""Workers on Ray: the same work on the same parts, on one machine or on a cluster.

No row travels through Ray. A worker gets the name of a part, reads it from the project's folder, which every machine
sees at the same path, and writes what it makes of it there, as a process of this machine does; a part it had begun
when it died is done again by another. What passes through Ray are names, counts, and what a project stage shuffles.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import pickle
import platform
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from curation.core import files, redact
from curation.core.errors import CurateError, MissingError, ProjectError, RetryError
from curation.core.pool import Item, T
from curation.core.project import SOURCES_FILE, read_key
from curation.core.ray_start import started
from curation.core.stage import Context, library_version

ATTEMPTS = 3
"""How often a piece of work is given to another worker after one died of it."""

_BLOCKS = 2000
"""Into how many blocks items are put at most: Ray's own bookkeeping is a few milliseconds a block."""

_SHUFFLED = 64 << 20
"""Bytes of shuffled rows that one worker takes at a time, about."""


@dataclass
class RayPool:
    """Workers on Ray, which is started or joined at the first work and let go at the end of the `with` block.

    Attributes:
        root: the project's folder.
        workers: how many; 0: as many as Ray has CPUs.
    """

    root: Path
    workers: int = 0
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)
    _cpus: int = 0

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def each(self, work: Callable[[Item], T], items: Sequence[Item]) -> Iterator[tuple[int, T]]:
        """Do the work on every item, in whatever order; see `core.pool.Pool`."""
        if not items:
            return
        self._start()
        import ray.data

        rows = [{"place": place, "item": _pickled(item)} for place, item in enumerate(items)]
        data = ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS))
        for row in self._outcomes(data, work, len(rows), batch_size=1):
            yield row["place"], pickle.loads(row["result"])

    def shuffle(self, tables: Iterable[pa.Table], key: str, work: Callable[[pa.Table], T]) -> Iterator[T]:
        """Bring rows of equal key together, and do the work on each heap; see `core.pool.Pool`."""
        self._start()
        import ray.data

        references, size = [], 0
        for table in tables:
            if len(table):
                references.append(ray.put(table))
                size += table.nbytes
        if not references:
            return
        heaps = max(self._size, size // _SHUFFLED + 1)
        data = ray.data.from_arrow_refs(references).repartition(heaps, keys=[key])
        for row in self._outcomes(data, work, heaps, batch_size=None):
            yield pickle.loads(row["result"])

    @property
    def _size(self) -> int:
        return self.workers or self._cpus

    def _start(self) -> None:
        if not self._cpus:
            self._cpus = self._stack.enter_context(started(self.workers))

    def _outcomes(self, data: Any, work: Callable[..., Any], pieces: int, batch_size: int | None) -> Iterator[Any]:
        import ray.data
        import ray.exceptions

        with warnings.catch_warnings():
            # How often to try can be said in no other way; this one goes with Ray 2.64, below which we hold it.
            warnings.simplefilter("ignore")
            # Tasks, not actors: their processes, with what they have imported and loaded, serve the next step, too.
            # And actors would hold the CPUs that a shuffle before them waits for.
            made = data.map_batches(
                _at_work,
                fn_args=(_pickled(work), self.root, _made_of()),
                batch_size=batch_size,
                batch_format="pyarrow",
                compute=ray.data.TaskPoolStrategy(min(self._size, pieces)) if self._size < self._cpus else None,
                num_cpus=1,
                max_retries=ATTEMPTS,
            )
        batches = made.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
        try:
            for batch in batches:
                for row in batch.to_pylist():
                    if row["failed"]:
                        raise pickle.loads(row["result"])
                    yield row
        except ray.exceptions.RayError as error:
            raise _explained(error) from None
        except ray.data.exceptions.SystemException as error:
            raise _explained(error) from None


def _explained(error: BaseException) -> CurateError:
    """What to say of an error of Ray itself; its message may hold anything."""
    if "No module named 'curation'" in str(error):
        return MissingError(
            "Ray's workers have no curate", fix="install the same release on every node: pip install curation"
        )
    return RetryError(
        f"Ray lost a worker {ATTEMPTS + 1} times over the same work, or its cluster: {type(error).__name__}",
        fix="run the same command again, with a smaller part_rows if memory ran out; finished parts are kept",
    )


def _at_work(batch: pa.Table, work: bytes, root: Path, made_of: str) -> pa.Table:
    """What a Ray task does with an item, or with a heap of shuffled rows; errors are results, told our way."""
    redact.install()
    place = batch["place"][0].as_py() if "place" in batch.column_names else None
    result = _attempt(batch if place is None else batch["item"][0].as_py(), work, root, made_of)
    return pa.table(
        {
            "place": pa.array([place], pa.int64()),
            "failed": [isinstance(result, CurateError)],
            "result": pa.array([pickle.dumps(result, protocol=5)], pa.large_binary()),
        }
    )


def _attempt(given: bytes | pa.Table, work: bytes, root: Path, made_of: str) -> Any:
    try:
        _check(root, made_of)
        return _unpickled(work, root)(_unpickled(given, root) if isinstance(given, bytes) else given)
    except CurateError as error:
        return error
    except MemoryError:
        return RetryError("a Ray worker ran out of memory", fix="use a smaller part_rows, or larger machines")
    except Exception as error:
        place = [line.strip() for line in redact.describe(error) if "curation/" in line]
        return files.refused(error) or CurateError(
            f"a bug in curate: {type(error).__name__}",
            where=place[-1] if place else None,
            fix="please report it (this holds no row text)",
        )


def _check(root: Path, made_of: str) -> None:
    """Refuse to work where the result would not be what the machine that asks would make."""
    if not (root / SOURCES_FILE).exists():
        raise ProjectError(
            "a Ray worker does not see the project's folder",
            where=f"{root} on {platform.node()}",
            fix="put the project on storage that every node mounts at the same path",
        )
    if made_of != _made_of():
        raise ProjectError(
            "a Ray worker runs another curate, Python or pyarrow than this machine",
            where=platform.node(),
            fix="install the same versions on every node: pip install -c constraints.txt",
        )


@functools.cache
def _made_of() -> str:
    """A digest of what decides bytes beside the keys of parts: our own code, and what reads and writes tables."""
    source = hashlib.sha256()
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        source.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    versions = [library_version(name) for name in ("pyarrow", "numpy", "numba", "ray")]
    return files.digest([source.hexdigest(), platform.python_version(), versions])


class _Pickler(pickle.Pickler):
    """Leaves the project key out: it does not travel, each worker reads it where it lies."""

    def persistent_id(self, value: Any) -> Any:
        return value.source if isinstance(value, Context) else None


class _Unpickler(pickle.Unpickler):
    """Puts the key back in."""

    def __init__(self, data: bytes, root: Path) -> None:
        super().__init__(io.BytesIO(data))
        self.root = root

    def persistent_load(self, source: str) -> Context:
        return Context(read_key(self.root), source)


def _pickled(value: Any) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(value)
    return stream.getvalue()


def _unpickled(data: bytes, root: Path) -> Any:
    return _Unpickler(data, root).load()
