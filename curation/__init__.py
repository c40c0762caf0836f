"""Turn scattered conversations into training data whose every row can be followed back to its source.

The small Python API for notebooks:

    import curation

    project = curation.open("my-project")
    frame = project.read("tagged", "my-source")      # a polars.DataFrame
    tidy = project.run_stage("normalise", frame)     # one stage on a frame, nothing stored
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.version import __version__

if TYPE_CHECKING:
    import polars

    from curation.core.project import Project

__all__ = ["OpenProject", "__version__", "open"]


class OpenProject:
    """An opened project. It reads what stands; to bring tables up to date use the command line."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def sources(self) -> list[str]:
        """The names of the project's enabled sources."""
        return list(self.project.enabled())

    def read(self, table: str = "tagged", source: str | None = None) -> polars.DataFrame:
        """The rows of a table, of one source or of all, as a polars DataFrame.

        Args:
            table: `raw` (not scrubbed), `dropped`, `origin`, or how far along the pipeline: `records`, `tagged`.
            source: one source's name; None takes every enabled one that is up to date so far.

        Raises:
            ProjectError: no such table or source, or the source is not up to date that far.
        """
        from curation.commands.tables import read

        return read(self.project, table, source)

    def run_stage(self, stage: str, frame: polars.DataFrame, **parameters: Any) -> polars.DataFrame:
        """Run one row stage on a frame of records; parameters override the project's. Nothing is stored.

        Returns:
            The rows that stay, with the columns the stage writes.
        """
        from curation.commands.tables import run_stage

        return run_stage(self.project, stage, frame, parameters)


def open(folder: str | Path = ".") -> OpenProject:
    """Open the project of a folder.

    Raises:
        ProjectError: there is no project.
    """
    from curation.core.project import Project

    return OpenProject(Project.open(Path(folder)))
