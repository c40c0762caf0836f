"""Every byte the project keeps is written here: aside, fsynced, renamed, and readable by its owner only."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from curation.core.errors import CurateError, IntegrityError, ProjectError, RetryError

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700
TEMP_PREFIX = ".aside-"

Operation = Literal["write", "fsync", "rename"]


def checkpoint(operation: Operation, path: Path) -> None:
    """Mark the moment before a write, an fsync or a rename. Tests replace it to fail or die right there."""


@contextlib.contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says about `path` into an error with a mend and a true exit code."""
    try:
        yield
    except OSError as error:
        raise _explain(error, path) from None


def refused(error: BaseException) -> CurateError | None:
    """What to say of an error that nobody explained: that of a place whose owner or disk refuses us; else None."""
    ours = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
    if isinstance(error, OSError) and error.errno in ours and isinstance(error.filename, (str, os.PathLike)):
        return _explain(error, Path(error.filename))
    return None


def _explain(error: OSError, path: Path) -> CurateError:
    where = str(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RetryError(
            "the disk is full; nothing half-written was kept",
            where=where,
            fix="free some space (curate gc helps) and run the same command again",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ProjectError(
            "this place cannot be written or read",
            where=where,
            fix="check its owner and mode, or use a project folder of your own",
        )
    if error.errno == errno.ENOENT:
        return ProjectError("no such file or folder", where=where, fix="check the path")
    if error.errno == errno.EIO:
        return IntegrityError(
            "the disk failed while it was read or written", where=where, fix="check the disk, then run: curate verify"
        )
    return ProjectError(f"the system refused: {error.strerror or type(error).__name__}", where=where)


def yaml_in(folder: Path) -> list[Path]:
    """The YAML files of a folder in the order of their names; none where there is no such folder.

    Raises:
        CurateError: the folder cannot be read, which a pattern would pass over in silence.
    """
    with os_errors(folder):
        return sorted(path for path in folder.iterdir() if path.suffix == ".yaml") if folder.exists() else []


def make_dir(path: Path) -> Path:
    """Create a folder and its missing parents with mode 0700, whatever the umask."""
    with os_errors(path):
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=PRIVATE_DIR)
                folder.chmod(PRIVATE_DIR)
    return path


@contextlib.contextmanager
def replacing(target: Path, *, mode: int = PRIVATE_FILE) -> Iterator[Path]:
    """Yield a path beside `target` to write to; when the block ends well, it takes the target's place.

    The new bytes are on disk before the name changes hands, so a crash at any moment leaves either the old
    file or the new one, never a part of one.
    """
    make_dir(target.parent)
    with os_errors(target):
        handle, name = tempfile.mkstemp(prefix=TEMP_PREFIX, dir=target.parent)
        os.close(handle)
        aside = Path(name)
        try:
            checkpoint("write", target)
            yield aside
            aside.chmod(mode)
            _fsync(aside)
            checkpoint("rename", target)
            aside.replace(target)
            _fsync(target.parent)
        finally:
            aside.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_dir(target: Path) -> Iterator[Path]:
    """Yield a folder beside `target` to fill; when the block ends well, it becomes `target`.

    An older folder of that name is moved aside first and removed afterwards.
    """
    make_dir(target.parent)
    with os_errors(target):
        aside = Path(tempfile.mkdtemp(prefix=TEMP_PREFIX, dir=target.parent))
        try:
            checkpoint("write", target)
            yield aside
            for path in sorted(aside.rglob("*")):
                path.chmod(PRIVATE_DIR if path.is_dir() else PRIVATE_FILE)
                _fsync(path)
            _fsync(aside)
            checkpoint("rename", target)
            if target.exists():
                old = Path(tempfile.mkdtemp(prefix=TEMP_PREFIX, dir=target.parent))
                target.replace(old / "old")
                aside.replace(target)
                shutil.rmtree(old, ignore_errors=True)
            else:
                aside.replace(target)
            _fsync(target.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _fsync(path: Path) -> None:
    checkpoint("fsync", path)
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(target: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Replace the file `target` by `data`, whole or not at all."""
    with replacing(target, mode=mode) as aside:
        aside.write_bytes(data)


def append_lines(target: Path, lines: Sequence[bytes]) -> None:
    """Add lines to an append-only file and wait until they are on disk; of a crash the first so many may be left."""
    make_dir(target.parent)
    with os_errors(target):
        checkpoint("write", target)
        handle = os.open(target, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        try:
            _cut_unfinished_line(handle)
            data = b"".join(line.rstrip(b"\n") + b"\n" for line in lines)
            while data:
                data = data[os.write(handle, data) :]
            checkpoint("fsync", target)
            os.fsync(handle)
        finally:
            os.close(handle)


def _cut_unfinished_line(handle: int) -> None:
    """Remove a last line without its end: its writer died before it was acknowledged."""
    size = os.fstat(handle).st_size
    end = size
    while end and os.pread(handle, 1, end - 1) != b"\n":
        end -= 1
    if end < size:
        os.ftruncate(handle, end)


def remove_asides(root: Path) -> int:
    """Remove what killed processes left beside their targets; returns how many. Call it under the lock."""
    count = 0
    for path in list(root.rglob(TEMP_PREFIX + "*")) if root.is_dir() else []:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        count += 1
    return count


@contextlib.contextmanager
def locked(path: Path, *, holding: str) -> Iterator[None]:
    """Hold an exclusive lock; a second writer is told so at once instead of waiting.

    Raises:
        RetryError: another process holds the lock.
    """
    make_dir(path.parent)
    with os_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RetryError(
                f"another curate command is writing {holding}",
                where=str(path),
                fix="wait until it has finished, then run this again",
            ) from None
        yield
    finally:
        os.close(handle)


def files_below(root: Path) -> list[Path]:
    """Every file below a folder, sorted; none if there is no such folder.

    Raises:
        ProjectError: a folder on the way cannot be read; it is not taken for an empty one.
    """

    def refuse(error: OSError) -> None:
        raise error

    found: list[Path] = []
    if root.exists():
        with os_errors(root):
            for folder, _, names in os.walk(root, onerror=refuse):
                found += [Path(folder) / name for name in names]
    return sorted(found)


def safe_join(root: Path, name: str) -> Path:
    """Join a name that came from outside to `root`, refusing every way out of it.

    Raises:
        ProjectError: the name is absolute (or begins with a drive), climbs out, is longer than 1000 bytes, holds a
            control character, half a surrogate pair or a backslash, or leads through a symbolic link to another place.
    """
    parts = name.split("/")
    hostile = (
        not name
        or name.startswith(("/", "~"))
        or "\\" in name
        or any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
        or any(p in ("", ".", "..") or len(p.encode("utf-8", "surrogatepass")) > 200 for p in parts)
        or len(name.encode("utf-8", "surrogatepass")) > 1000
        or parts[0][1:2] == ":"
    )
    joined = root.joinpath(*parts) if not hostile else root
    if hostile or not joined.resolve().is_relative_to(root.resolve()):
        raise ProjectError(
            f"a file name leads outside its folder: {ascii(name)[:80]}",
            where=str(root),
            fix="rename the file, or leave it out of the source",
        )
    return joined


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    with os_errors(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one JSON spelling that digests are taken of: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """Hex SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def write_sealed(target: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document that carries the digest of itself, so that a flipped bit is found."""
    sealed = dict(document, seal=digest(dict(document)))
    write_bytes(target, json.dumps(sealed, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n")


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Raises:
        IntegrityError: the bytes are not those that were written.
    """
    with os_errors(path):
        data = path.read_bytes()
    with contextlib.suppress(ValueError):
        document = json.loads(data)
        if isinstance(document, dict):
            seal = document.pop("seal", None)
            expected = json.dumps(dict(document, seal=seal), sort_keys=True, indent=1, ensure_ascii=False)
            if seal == digest(document) and data == expected.encode() + b"\n":
                return document
    raise IntegrityError(
        "a stored document has changed since it was written", where=str(path), fix="run: curate verify --repair"
    )
