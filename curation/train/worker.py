"""One run on several processes of a machine: each is this module, started by `launch`, with a job to read."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curation.core import files
from curation.core.declare import Document, bind, plain
from curation.core.errors import CurateError
from curation.core.ui import Ui
from curation.train.loop import train
from curation.train.ranks import joined
from curation.train.recipe import TrainRecipe
from curation.train.state import Keeping

JOB = "job.json"


@dataclass(frozen=True)
class Job:
    """A run as it is handed to its processes: folders, and the recipe with the base where it lies."""

    recipe: TrainRecipe
    export: str
    out: str
    unfinished: str
    start: str | None = None
    seconds: float = Keeping.seconds


def work(job: Job, ui: Ui) -> None:
    """Do this process's part of a job."""
    with joined() as ranks, (ui if ranks.first else Ui(quiet=True)).progress(f"train {job.recipe.name}") as progress:
        train(
            job.recipe,
            Path(job.export),
            Path(job.out),
            lambda step, steps, _: progress(step, steps),
            start_dir=Path(job.start) if job.start else None,
            keeping=Keeping(Path(job.unfinished), job.seconds),
            ranks=ranks,
        )


def launch(job: Job, ranks: int) -> None:
    """Do a job on so many processes of this machine.

    Raises:
        CurateError: a process failed; it has said why.
        KeyboardInterrupt: they were asked to stop.
    """
    path = files.make_dir(Path(job.unfinished).parent) / f"{Path(job.unfinished).name}.{JOB}"
    files.write_bytes(path, json.dumps(plain(asdict(job))).encode())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks)}
    command = [sys.executable, "-m", "curation.train.worker", str(path)]
    workers = [
        subprocess.Popen(command, env={**os.environ, **where, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(ranks)
    ]
    try:
        while any(worker.poll() is None for worker in workers) and not any(worker.poll() for worker in workers):
            time.sleep(0.1)
    except KeyboardInterrupt:
        _end(workers, signal.SIGTERM)
        raise
    finally:
        failed = [worker.returncode for worker in workers if worker.poll()]
        _end(workers, signal.SIGKILL)
        path.unlink(missing_ok=True)
    if 130 in failed:
        raise KeyboardInterrupt
    if failed:
        raise CurateError(
            f"{len(failed)} of {ranks} processes of the run failed",
            where=f"training run {job.recipe.name}",
            fix="see what they said above; the same command goes on where the run was",
        )


def _end(workers: list[subprocess.Popen[bytes]], how: signal.Signals) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(how)
    for worker in workers:
        worker.wait()


def main() -> int:
    """Read the job that the command line names and do it; returns the exit code."""
    ui = Ui()
    try:
        given: dict[str, Any] = json.loads(Path(sys.argv[1]).read_bytes())
        work(bind(Job, Document(given, name=JOB)), ui)
    except (Exception, KeyboardInterrupt) as error:
        return ui.error(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
