"""Which sources of one kind a command is about."""

from __future__ import annotations

from typing import TypeVar

from curation.core.errors import ProjectError
from curation.core.project import Project

T = TypeVar("T")


def of_kind(project: Project, names: tuple[str, ...], kind: type[T], what: str, fix: str) -> dict[str, T]:
    """The sources of a kind that were named, or all that are enabled.

    Args:
        project: where they are declared.
        names: as typed; none: all.
        kind: the kind.
        what: its name in a message: "recordings".
        fix: how one is added.

    Raises:
        ProjectError: one that was named is no such source, or there is none.
    """
    found: dict[str, T] = {n: s for n, s in project.enabled(names).items() if isinstance(s, kind)}
    for name in names:
        if name not in found:
            raise ProjectError(f"'{name}' is no source of {what}", fix="see: curate sources list")
    if not found:
        raise ProjectError(f"this project has no enabled source of {what}", where="sources.yaml", fix=fix)
    return found
