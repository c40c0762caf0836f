"""Starting and stopping the server's process."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from curation.core.errors import IntegrityError, ProjectError, RetryError

INSIDE = Path(__file__).with_name("inside")
LOG = "server.log"

_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "ARGILLA_REDIS_URL", "SSL_CERT_FILE")
_START_SECONDS = 180.0
_STOP_SECONDS = 15.0


def command(python: Path, what: str, home: Path, *arguments: str) -> list[str]:
    """The command line of a command inside the environment; it holds no secret."""
    return [str(python), "-m", "curate_server", what, "--home", str(home), *arguments]


def surroundings() -> dict[str, str]:
    """The environment of the server's process: nothing of ours that it does not need."""
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {**passed, "PYTHONPATH": str(INSIDE), "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def check_port(host: str, port: int) -> None:
    """See that the address is free.

    Raises:
        ProjectError: it is taken, or is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        raise ProjectError(
            f"the server cannot listen at {host}:{port}: {getattr(error, 'strerror', None) or error}",
            fix="choose another one: curate review serve --port 6901",
        ) from None


def run_once(python: Path, what: str, home: Path) -> None:
    """Run a command inside the environment to its end.

    Raises:
        IntegrityError: it failed.
    """
    with _log(home) as log:
        done = subprocess.run(
            command(python, what, home),
            env=surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    if done.returncode:
        raise _failed(home, done.returncode)


@contextlib.contextmanager
def running(
    python: Path, home: Path, host: str, port: int, names: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers; it is stopped when the block ends, and stops by itself when we die.

    Raises:
        IntegrityError: it stopped before it answered.
        RetryError: it did not answer in time.
    """
    named = [word for name in names for word in ("--name", name)]
    line = command(python, "serve", home, "--host", host, "--port", str(port), *named)
    with _log(home) as log:
        process = subprocess.Popen(
            line,
            env=surroundings(),
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us: we stop it
        )
    try:
        _wait_until_ready(process, home)
        yield process
    finally:
        stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path) -> None:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
    while ready and (line := process.stdout.readline()):
        if line.strip() == b"ready":
            return
    if ready:
        raise _failed(home, process.wait())
    raise RetryError("the review server did not start in time", where=f"data/review/{LOG}", fix="run the command again")


def _failed(home: Path, code: int) -> IntegrityError:
    return IntegrityError(
        f"the review server stopped by itself (code {code}); answers that were acknowledged are kept",
        where=str(home / LOG),
        fix="the end of that log says why; run: curate review serve",
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, and end it if it does not."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def died(home: Path, process: subprocess.Popen[bytes]) -> IntegrityError:
    """What to say of a server that ended while it should serve."""
    return _failed(home, process.returncode)


@contextlib.contextmanager
def _log(home: Path) -> Iterator[int]:
    handle = os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
