"""What commands did and how long it took: `data/runs`, the only place with times. Nothing is decided by it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import Any

from curation.core import files
from curation.core.errors import IntegrityError
from curation.core.project import Project


def record(project: Project, done: Sequence[Any]) -> None:
    """Keep what was done; a command that found everything up to date leaves no trace."""
    if done:
        now = datetime.datetime.now(datetime.UTC)
        name = f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}.json"
        files.write_sealed(
            project.data / "runs" / name,
            {
                "at": now.isoformat(timespec="seconds"),
                "done": [{**vars(item), "seconds": round(item.seconds, 3)} for item in done],
            },
        )


def history(project: Project) -> list[dict[str, Any]]:
    """All runs, oldest first; a damaged record is left out here and named by `verify`."""
    runs = []
    for path in sorted((project.data / "runs").glob("*.json")):
        try:
            runs.append(files.read_sealed(path))
        except IntegrityError:
            continue
    return runs


def rates(project: Project) -> dict[str, float]:
    """Rows per second of each step, from its latest run."""
    found: dict[str, float] = {}
    for run in history(project):
        for item in run["done"]:
            if item["seconds"] > 0 and item["rows_in"]:
                found[item["step"]] = item["rows_in"] / item["seconds"]
    return found
