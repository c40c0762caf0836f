"""The server's own environment: made once for a lock and a Python, outside any project."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from curation.core import files
from curation.core.errors import MissingError, RetryError

LOCK = Path(__file__).with_name("requirements.lock")

PYTHONS = ((3, 11), (3, 12), (3, 13))
"""The server's pinned pydantic has no wheels for others."""

_DONE = ".complete"
_INSTALL_SECONDS = 1800

_FOR_UV = {
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
}
"""uv does not read pip's settings: where packages come from is handed over."""


def place() -> Path:
    """Where environments are kept: the user's cache, for every project alike."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "curate" / "review-server"


def find_python() -> Path:
    """A Python that the server can run on: ours, or one of those on the PATH.

    Raises:
        MissingError: there is none.
    """
    if sys.version_info[:2] in PYTHONS:
        return Path(sys.executable)
    for version in reversed(PYTHONS):
        found = shutil.which(f"python{version[0]}.{version[1]}")
        if found:
            return Path(found)
    raise MissingError(
        "the review server runs on Python 3.11 to 3.13, and there is none of them here",
        where=f"this is Python {sys.version_info[0]}.{sys.version_info[1]}",
        fix="install one of them so that python3.13, python3.12 or python3.11 is on the PATH",
    )


def bring(say: Callable[[str], None], *, offline: bool = False) -> Path:
    """The Python of the server's environment; the environment is made if it is not there.

    Raises:
        MissingError: it is not there and may not or cannot be made.
        RetryError: another command is making it.
    """
    base = find_python()
    identity = hashlib.sha256(LOCK.read_bytes() + str(base).encode()).hexdigest()[:12]
    folder = place() / identity
    python = folder / "bin" / "python"
    if (folder / _DONE).exists() and python.exists():
        return python
    if offline:
        raise MissingError(
            "the review server is not installed, and --offline forbids to install it",
            where=str(folder),
            fix="run once without --offline: curate review serve",
        )
    with files.locked(place() / f"{identity}.lock", holding="the review server's environment"):
        if not ((folder / _DONE).exists() and python.exists()):
            say("installing the review server in an environment of its own (about 450 MB, once) …")
            shutil.rmtree(folder, ignore_errors=True)
            _make(base, folder)
            files.write_bytes(folder / _DONE, b"")
    return python


def _make(base: Path, folder: Path) -> None:
    python = str(folder / "bin" / "python")
    uv = _uv()
    environment = {**os.environ, **{to: os.environ[of] for of, to in _FOR_UV.items() if of in os.environ}}
    environment.pop("VIRTUAL_ENV", None)
    if "PIP_FIND_LINKS" in os.environ:
        environment["UV_FIND_LINKS"] = ",".join(os.environ["PIP_FIND_LINKS"].split())
    said = ""
    for commands in _ways(uv, str(base), str(folder), python):
        failed = next((done for done in (_run(c, environment) for c in commands) if done.returncode), None)
        if failed is None:
            return
        said = failed.stderr
    shutil.rmtree(folder, ignore_errors=True)
    lines = [line for line in said.splitlines() if line.strip()]
    raise RetryError(
        f"the review server could not be installed: {lines[-1][:200] if lines else 'no reason was given'}",
        where=str(LOCK.name),
        fix="check the network and the package index, then run the same command again",
    )


def _ways(uv: str | None, base: str, folder: str, python: str) -> Iterator[list[list[str]]]:
    """Uv where it is at hand, which takes seconds; else, or where it fails, pip, which takes minutes."""
    if uv:
        yield [
            [uv, "venv", "--quiet", "--no-python-downloads", "--python", base, folder],
            [uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", str(LOCK)],
        ]
    yield [
        [base, "-m", "venv", "--clear", folder],
        [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)],
    ]


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    return subprocess.CompletedProcess(command, 1, "", "it took too long")
