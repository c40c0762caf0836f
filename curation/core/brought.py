"""Documents that a user brings: found below the project, none of them a thing that runs when it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from curation.core import files
from curation.core.adapter import names
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.sources import KnowledgeSource

KINDS: Mapping[str, str] = {
    ".pdf": "pdf",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "chunks",
}
"""How a file is read, by the end of its name."""

_PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".dill", ".pt", ".pth", ".npy")
_INDEX = (".faiss", ".index", ".ann", ".annoy", ".hnsw")
_EXPORT = "export its texts to JSONL where it was made, and name that file; docs/knowledge.md has the ten lines for it"


def documents(project: Project, name: str, source: KnowledgeSource) -> dict[str, Path]:
    """The documents of a source, by the name that citations call them by, which is that below the project.

    Raises:
        ProjectError: a name that leads out of the project or over a symbolic link; a pickle or a vector store; a file
            of another kind that is named itself; or nothing to read at all.
    """
    found: dict[str, Path] = {}
    for given in names(source.path):
        place = files.safe_join(project.root, given.rstrip("/"))
        _check_no_link(project.root, given.rstrip("/"))
        if place.is_dir():
            found.update(_in_folder(project.root, place))
        elif place.is_file():
            _check_opens(place, given)
            if place.suffix.lower() not in KINDS:
                raise ProjectError(
                    f"'{place.suffix or place.name}' is no kind of document that can be read",
                    where=given,
                    fix=f"bring one of: {', '.join(KINDS)}",
                )
            found[given] = place
        else:
            raise ProjectError(
                f"there is no file or folder '{given}'",
                where=f"source '{name}'",
                fix="put the documents below the project, in a folder that version control ignores (documents/)",
            )
    if not found:
        raise ProjectError(
            "there is no document to read", where=f"source '{name}'", fix=f"put one there: {', '.join(KINDS)}"
        )
    return dict(sorted(found.items()))


def _in_folder(root: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The documents below a folder; files of other kinds are passed over, but never a vector store."""
    for path in files.files_below(folder):
        shown = path.relative_to(root).as_posix()
        if path.is_symlink():
            raise _link(shown)
        _check_opens(path, shown)
        if path.suffix.lower() in KINDS and not path.name.startswith("."):
            yield shown, files.safe_join(root, shown)
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise _link(path.relative_to(root).as_posix())


def _check_no_link(root: Path, given: str) -> None:
    place = root
    for part in given.split("/"):
        place = place / part
        if place.is_symlink():
            raise _link(given)


def _link(shown: str) -> ProjectError:
    return ProjectError("a symbolic link is not followed", where=shown, fix="put the document itself there")


def _check_opens(path: Path, shown: str) -> None:
    """Refuse what runs code when it is opened, by its name and by its first bytes; it is never opened as what it is."""
    suffix = path.suffix.lower()
    pickle = suffix in _PICKLES
    if not pickle and suffix not in _INDEX and path.stat().st_size:
        with files.os_errors(path), path.open("rb") as stream:
            start = stream.read(2)
        # A pickle of protocol 2 to 5 begins so; no document of ours does.
        pickle = start[:1] == b"\x80" and start[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")
    if pickle or suffix in _INDEX:
        what = "a pickle, which can run any code when it is opened" if pickle else "a vector index, which holds no text"
        raise ProjectError(f"this is {what}; it was not opened", where=os.fspath(shown), fix=_EXPORT)
