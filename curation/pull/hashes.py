"""SHA-256 of files that rarely change, remembered by size and time so that a re-run need not read them again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path

from curation.core import files
from curation.core.errors import IntegrityError

_SETTLED_NS = 2_000_000_000
"""A file younger than this may change again within the clock's grain; it is hashed anew next time."""

_SMALL = 64 << 20
"""Below this many bytes reading a file again is cheaper than it is worth to remember."""


def sha256_files(memory: Path, paths: Iterable[Path]) -> dict[Path, str]:
    """Hex SHA-256 of each file.

    Args:
        memory: the sealed file that remembers; what it says is only believed where size and modification time agree.
        paths: the files.

    Raises:
        ProjectError: a file is missing or may not be read.
    """
    known: dict[str, list[object]] = {}
    if memory.exists():
        with contextlib.suppress(IntegrityError):
            known = files.read_sealed(memory)["files"]
    fresh = dict(known)
    result = {}
    for path in paths:
        with files.os_errors(path):
            state = path.stat()
        stamp = [state.st_size, state.st_mtime_ns]
        name = str(path)
        if state.st_size < _SMALL:
            result[path] = files.sha256_file(path)
            continue
        if known.get(name, [])[:2] == stamp:
            result[path] = str(known[name][2])
            continue
        result[path] = files.sha256_file(path)
        if time.time_ns() - state.st_mtime_ns > _SETTLED_NS:
            fresh[name] = [*stamp, result[path]]
    if fresh != known:
        files.write_sealed(memory, {"files": fresh})
    return result
