"""Rows that are made of other material: what decides them, and where they lie until they are pulled.

Like a download they lie in `data/raw/downloads/SOURCE`, in a folder named by everything that decides them, with a
sealed note beside it. So `verify`, `gc` and `forget` treat them as they treat downloads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.core import files, transcripts
from curation.core.brought import documents
from curation.core.declare import plain
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.sources import KnowledgeSource, MadeSource, YoutubeSource

VERSION = 2
"""Raise it whenever the same material can become other rows; what an endpoint is told counts, too."""

REPLIES = "replies"
"""Folder, beside the others, of what endpoints replied; it outlives a changed declaration."""

_ABOUT_THE_SOURCE = ("licence", "persona", "priority", "enabled", "accept", "note")

Make = Callable[[Project, str, MadeSource, Callable[[str], None]], None]
"""(project, source's name, declaration, say): make the rows and publish them with `publish`."""


@dataclass(frozen=True)
class MadeFile:
    """A file of made rows: its name, where it lies, its SHA-256, and what it was made of."""

    name: str
    path: Path
    sha256: str
    uri: str


def material(project: Project, name: str, source: MadeSource) -> dict[str, Path]:
    """The files that a source is made of, by name, in the order of their names.

    Raises:
        ProjectError: there is none, or one that is asked for is missing; or as `brought.documents`.
    """
    if isinstance(source, KnowledgeSource):
        return documents(project, name, source)
    if isinstance(source, YoutubeSource):
        places = {f"{which}.parquet": transcripts.table(project, name, which) for which in transcripts.TABLES}
        return {shown: path for shown, path in places.items() if path.is_file()}
    folder = project.root / source.path
    found = {path.stem: path for path in files.yaml_in(folder)}
    missing = [wanted for wanted in source.only if wanted not in found]
    if missing or not found:
        raise ProjectError(
            f"no scenario is called '{missing[0]}'" if found else f"there is no scenario in '{source.path}'",
            where=f"source '{name}'",
            fix="ids are the files' names without .yaml; the shipped ones come with a new project: curate init DIR",
        )
    return {path.name: path for stem, path in found.items() if not source.only or stem in source.only}


def revision(project: Project, name: str, source: MadeSource) -> str:
    """Digest of everything that decides the rows: declaration, files, endpoint, version; 64 hex digits.

    Raises:
        ProjectError: a file is missing, the project allows no such endpoint, or recordings are not transcribed yet.
    """
    if isinstance(source, YoutubeSource):
        return transcripts.revision(project, name, source, VERSION)
    about = {key: value for key, value in plain(source).items() if key not in _ABOUT_THE_SOURCE}
    decided: dict[str, Any] = {
        "version": VERSION,
        "declaration": about,
        "files": {shown: files.sha256_file(path) for shown, path in material(project, name, source).items()},
    }
    if source.endpoint:
        spec = project.settings.endpoints.get(source.endpoint)
        if spec is None:
            raise ProjectError(
                f"this project allows no endpoint called '{source.endpoint}'",
                where=f"source '{name}'",
                fix=f"add [endpoints.{source.endpoint}] with url and model to curate.toml",
            )
        decided["endpoint"] = [spec.model, spec.temperature, spec.max_tokens]
    return files.digest(decided)


def folder(project: Project, name: str) -> Path:
    """Where the made rows of a source lie."""
    return files.safe_join(project.raw / "downloads", name)


def publish(
    project: Project,
    name: str,
    decided: str,
    rows: Mapping[str, bytes],
    about: Mapping[str, Any],
    beside: Mapping[str, bytes] | None = None,
) -> None:
    """Write made files, whole or not at all.

    Args:
        project: the project.
        name: the source's name.
        decided: its `revision`.
        rows: JSON lines by the name of the file they were made of.
        about: what else the note holds; ids and counts, never text.
        beside: other files to keep with them, by name; they are no rows.
    """
    target = folder(project, name) / decided
    written = {**{f"{made}.jsonl": data for made, data in rows.items()}, **(beside or {})}
    files.make_dir(target.parent)
    with files.replacing_dir(target) as aside:
        for made, data in written.items():
            (aside / made).parent.mkdir(parents=True, exist_ok=True)
            (aside / made).write_bytes(data)
    described = {
        made: {"verified": files.sha256_file(target / made), "rows": made not in (beside or {})}
        for made in sorted(written)
    }
    files.write_sealed(target.parent / f"{decided}.json", {"files": described, **about})


def note(project: Project, name: str, decided: str) -> dict[str, Any] | None:
    """What is known of made files, or None where they are not made."""
    path = folder(project, name) / f"{decided}.json"
    return files.read_sealed(path) if path.exists() and path.with_suffix("").is_dir() else None


def located(project: Project, name: str, source: MadeSource) -> tuple[MadeFile, ...]:
    """The made files of a source as it is declared now.

    Raises:
        ProjectError: they are not made yet, or what they are made of is missing.
    """
    decided = revision(project, name, source)
    known = note(project, name, decided)
    if known is None:
        raise ProjectError(
            f"the rows of '{name}' are not made yet",
            where=f"source '{name}'",
            fix=f"curate generate {source.kind} {name}",
        )
    where = folder(project, name) / decided
    found: list[MadeFile] = []
    for file, facts in sorted(known["files"].items()):
        of = file.removesuffix(".jsonl")
        if isinstance(source, KnowledgeSource | YoutubeSource):
            shown, uri = of, f"{source.kind}:{of}"
        else:
            # Tables and lock files name no place of this machine.
            place = Path(source.path).name if Path(source.path).is_absolute() else source.path
            shown, uri = f"{place}/{of}", f"{source.kind}:{of.partition('.')[0]}"
        if facts["rows"]:
            found.append(MadeFile(shown, where / file, facts["verified"], uri))
    return tuple(found)
