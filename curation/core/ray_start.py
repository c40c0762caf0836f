"""A private Ray on this machine, or the cluster that RAY_ADDRESS names.

What Ray does by default would not do here: it listens on every interface, makes its folder writable for everyone and
prints to stdout. A private one listens on the loopback interface only, asks every client for a token that nobody
else has, and keeps its files in a folder of mode 0700 that goes when it stops.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
import shutil
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curation.core.errors import CurateError, MissingError, ProjectError

OBJECT_STORE = 512 << 20
"""Bytes of shared memory for what workers hand each other; more goes to files in Ray's own folder."""

_PREFIX = "curate-ray-"
_LONGEST_FOLDER = 40
"""Ray puts sockets some 65 characters below its folder, and the address of a socket has at most 107."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Under `uv run` Ray would pack the working folder, data and all, and send it to its workers.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}


@contextlib.contextmanager
def started(workers: int) -> Iterator[int]:
    """Start or join Ray for the length of a block; yields how many CPUs it has.

    Args:
        workers: CPUs of a private Ray; 0: all of this machine.

    Raises:
        MissingError: RAY_ADDRESS names a cluster that cannot be reached.
        ProjectError: it names one in a way that Ray Data does not work with.
    """
    address = os.environ.get("RAY_ADDRESS", "")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(_QUIET))
        if address in ("", "local"):
            stack.enter_context(_environment(_private()))
            folder = stack.enter_context(_folder())
            ray = _imported()
            with _muted():
                context = ray.init(
                    address="local",
                    num_cpus=workers or os.cpu_count(),
                    include_dashboard=False,
                    object_store_memory=OBJECT_STORE,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                    _temp_dir=str(folder / "r"),
                )
            stack.callback(ray.shutdown)
            if context.address_info["node_ip_address"] != "127.0.0.1":
                raise CurateError("Ray does not keep to the loopback interface", fix="this is a bug of curate")
        else:
            ray = _imported()
            stack.enter_context(_joined(ray, address))
        yield max(1, int(ray.cluster_resources().get("CPU", 0)))


@functools.cache
def _private() -> dict[str, str]:
    """What makes a Ray private. Ray reads it once a process, so it has to be there when Ray is imported."""
    if "ray" in sys.modules:
        raise ProjectError(
            "Ray was imported before curate could keep it on the loopback interface",
            fix="use a fresh process, or start a Ray of your own and name it in RAY_ADDRESS",
        )
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        # The name is Ray's; what it does on every system is to let the node be known as 127.0.0.1.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }


@contextlib.contextmanager
def _joined(ray: Any, address: str) -> Iterator[None]:
    if address.startswith("ray://"):
        raise ProjectError(
            "RAY_ADDRESS names a Ray Client server, through which Ray Data does not work",
            where=address,
            fix="run curate on a node of the cluster, with RAY_ADDRESS=HOST:6379",
        )
    host, _, port = address.rpartition(":")
    try:
        if port.isdigit():
            # Ray itself would try for minutes.
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        with _muted():
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (RuntimeError, ValueError, OSError) as error:
        raise MissingError(
            f"the Ray cluster that RAY_ADDRESS names cannot be joined: {type(error).__name__}",
            where=address,
            fix="run curate on a node of it (ray start --address=…); without RAY_ADDRESS it starts a Ray here",
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    """Nothing from Ray's compiled half, which says on file descriptor 2 how much it will say."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _imported() -> Any:
    """Ray, silent: it would print among our data, and what goes wrong is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
        import ray._private.worker
        import ray.data

        context = ray.data.DataContext.get_current()
    ray._private.worker._worker_logs_enabled = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL + 1)
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Never cut a block: rows of one key have to stay together.
    context.target_max_block_size = None
    return ray


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for our eyes only; what killed runs left of theirs is swept first."""
    place = Path(tempfile.gettempdir())
    if len(str(place)) > _LONGEST_FOLDER - len(_PREFIX) - 16:
        place = Path("/tmp")
    for left in place.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)  # of another user it stays
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
