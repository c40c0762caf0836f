"""Files on this machine, and files at an https address: found, hashed, and left where they are."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from curation.core import files
from curation.core.adapter import names
from curation.core.errors import MissingError, ProjectError
from curation.core.project import Project
from curation.core.sources import FileSource
from curation.pull.hashes import sha256_files
from curation.pull.ingest import DataFile

Say = Callable[[str], None]

_MOST_BYTES = 16 << 30
_TIMEOUT_S = 3600.0


def locate(
    project: Project,
    name: str,
    source: FileSource,
    *,
    update: bool = False,
    fetch: bool = True,
    say: Say = lambda text: None,
) -> tuple[DataFile, ...]:
    """The files of a source, in the order of their names.

    Patterns are relative to the project. What an address names is downloaded once, and again only for `update`.

    Args:
        project: the project.
        name: the source's name.
        source: its declaration.
        update: download addresses again.
        fetch: False: never use the network.
        say: told what is downloaded.

    Raises:
        ProjectError: a pattern matches no file.
        MissingError: a download is needed and the project is offline.
    """
    found: dict[str, tuple[Path, str]] = {}
    for place in names(source.path):
        if "://" in place:
            path = _downloaded(project, name, place, update=update, fetch=fetch, say=say)
            uri = urlsplit(place)._replace(query="", fragment="").geturl()
            found[f"{path.parent.name}/{path.name}"] = (path, uri)
            continue
        matches = [
            p for p in sorted(glob.glob(place, root_dir=project.root, recursive=True)) if (project.root / p).is_file()
        ]
        if not matches:
            raise ProjectError(
                f"no file matches '{place}'",
                where=f"source '{name}'",
                fix="paths are relative to the folder of sources.yaml",
            )
        for match in matches:
            # Tables and lock files name no place of this machine.
            shown = Path(match).name if Path(match).is_absolute() else Path(match).as_posix()
            if shown in found:
                raise ProjectError(
                    f"two files of the source are called '{shown}'",
                    where=f"source '{name}'",
                    fix="write their paths relative to the project",
                )
            found[shown] = (project.root / match, f"file:{shown}")
    hashes = sha256_files(project.raw / "hashes.json", [path for path, _ in found.values()])
    return tuple(DataFile(shown, path, hashes[path], uri) for shown, (path, uri) in sorted(found.items()))


def _downloaded(project: Project, name: str, url: str, *, update: bool, fetch: bool, say: Say) -> Path:
    folder = files.safe_join(project.raw / "downloads" / name, hashlib.sha256(url.encode()).hexdigest()[:16])
    target = files.safe_join(folder, urlsplit(url).path.rpartition("/")[2] or "data")
    if target.exists() and not update:
        return target
    if project.settings.offline or not fetch:
        raise MissingError(
            "a file at an address has not been downloaded yet, and the project is offline",
            where=f"source '{name}'",
            fix=f"go online, then: curate pull {name}",
        )
    from curation.core import net

    say(f"{name}: downloading {target.name}")
    files.make_dir(folder)
    net.download(url, target, allow_hosts=project.settings.allow_hosts, max_bytes=_MOST_BYTES, timeout_s=_TIMEOUT_S)
    return target
