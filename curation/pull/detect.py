"""What adapter fits a data set: proposals, ranked, each tried on the first rows of its files.

Nothing here is believed because of a file's name, and nothing is proposed that does not make records of most of the
rows. Where the columns leave two readings, both are shown and neither can be accepted unseen.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curation.core.adapter import Qa
from curation.core.errors import ProjectError, UsageError
from curation.core.project import Project
from curation.core.sources import HubSource
from curation.methods.licences import classify
from curation.pull import leftovers
from curation.pull.candidates import candidates
from curation.pull.columns import columns_of, with_identity
from curation.pull.look import Declared
from curation.pull.readers import SUFFIXES, read
from curation.pull.sample import Profile, Sample, sample
from curation.pull.schema import schema_digest
from curation.pull.trial import Trial, adapter_of, attempt

Say = Callable[[str], None]

MOST_FILES = 20
"""Files that are looked at; the names of the others are only counted."""

_LEAST_SHARE = 0.6
"""Less of the sampled rows as records, and an adapter is not proposed."""

_TIE = 0.02
_ID = re.compile(r"[\w.-]+/[\w.-]+")
_MOST_SECOND_BYTES = 50 << 20
"""Of a hub's folders the first one's smallest file is fetched, whatever its size, those of others below this."""

_NEVER_DATA = ("dataset_infos.json", "meta.json", "package.json", "config.json")


@dataclass(frozen=True)
class Proposal:
    """An adapter that fits.

    Attributes:
        declared: the adapter, as it would stand in sources.yaml.
        score: from 0 to 1.
        why: what told it.
        warnings: what to look at before it is accepted.
        unread: columns that it does not read.
        rows: rows that were looked at.
        trial: what became of them.
        files: the files that it fits.
        schema: digest of the columns it would be confirmed for.
    """

    declared: Declared
    score: float
    why: str
    warnings: tuple[str, ...]
    unread: tuple[str, ...]
    rows: int
    trial: Trial
    files: tuple[str, ...]
    schema: str


@dataclass(frozen=True)
class Detection:
    """What was found out about a data set.

    Attributes:
        place: its id or path.
        source: what would stand in sources.yaml besides the adapter.
        proposals: the best one first; none where nothing fits.
        notes: what was seen and led to no proposal.
        rights: licence, its class, gating and commit; empty for local files.
        looked_at: the files that were read.
        tied: do the first two proposals leave it open which one is right?
    """

    place: str
    source: Mapping[str, Any]
    proposals: tuple[Proposal, ...]
    notes: tuple[str, ...]
    rights: Mapping[str, Any]
    looked_at: tuple[str, ...]
    tied: bool


def detect(
    place: str, project: Callable[[], Project], name: str | None = None, say: Say = lambda text: None
) -> Detection:
    """Look at local files or at a data set of the hub.

    Args:
        place: a file, a folder, a pattern, or the id of a data set.
        project: the project, asked for only where it is needed: to keep what comes from the hub.
        name: the name that the source would have.
        say: told what is downloaded.

    Raises:
        UsageError: no such file, and no id.
        ProjectError: a file cannot be read.
        CurateError: as `huggingface.fetch`.
    """
    found = local_files(place)
    if found:
        left = len(found) - MOST_FILES
        notes = [f"{left} more files were not looked at"] if left > 0 else []
        paths = {_shown(path, place): path for path in found[:MOST_FILES]}
        return _conclude(place, {"kind": "files", "path": place}, paths, {}, notes)
    if not _ID.fullmatch(place) or Path(place).suffix.lower() in SUFFIXES:
        raise UsageError(
            "there is no such file, and this is no id of a data set",
            where=place,
            fix="name a file, a folder, a pattern, or a data set as namespace/name",
        )
    return _of_hub(place, project(), name or source_name(place), say)


def local_files(place: str) -> list[Path]:
    """The data files that a path, a folder or a pattern names, sorted."""
    path = Path(place)
    if path.is_file():
        return [path]
    inside = path.rglob("*") if path.is_dir() else map(Path, glob.glob(place, recursive=True))
    return sorted(
        p for p in inside if p.is_file() and p.suffix.lower() in SUFFIXES and p.name.lower() not in _NEVER_DATA
    )


def source_name(place: str) -> str:
    """A name for a source, from the last part of its id or path."""
    stem = re.sub(r"[^a-z0-9_-]+", "-", Path(place.rstrip("/")).stem.lower() if "*" not in place else "files").strip(
        "-"
    )
    return stem[:60] or "source"


def _shown(path: Path, place: str) -> str:
    if Path(place).is_dir():
        return path.relative_to(place).as_posix()
    return path.name if Path(place).is_file() else path.as_posix()


def _of_hub(place: str, project: Project, name: str, say: Say) -> Detection:
    from curation.pull import huggingface

    # What is declared of the adapter plays no part in what is fetched.
    asked = HubSource(kind="huggingface", id=place, adapter=Qa(kind="qa", user="user", assistant="assistant"))
    listing = huggingface.resolve(project, asked)
    names = listing.chosen(asked)
    chosen, left = smallest({n: listing.files[n]["size"] or 0 for n in names})
    with project.writing():
        _, data = huggingface.fetch(project, name, replace(asked, files=tuple(map(_literal, chosen))), listing.sha, say)
    notes = [f"{left} more files were not fetched; pull refuses them if their columns differ"] if left else []
    folders = {n.rpartition("/")[0] for n in names}
    if len(folders) > 1:
        notes.append(
            f"the files lie in {len(folders)} folders ({', '.join(sorted(folders)[:6])}): the same rows twice?"
        )
    rights = {
        "id": listing.id,
        "revision": listing.sha,
        "licence": listing.licence,
        "licence_class": classify(listing.licence),
        "gated": listing.gated,
    }
    source = {"kind": "huggingface", "id": place}
    return _conclude(place, source, {f.name: f.path for f in data}, rights, notes)


def _literal(name: str) -> str:
    """A pattern that only this name fits."""
    return name.translate({ord(c): f"[{c}]" for c in "*?["})


def smallest(sizes: Mapping[str, int]) -> tuple[list[str], int]:
    """The smallest file of each folder and format, and how many files that leaves out."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name in sorted(sizes):
        groups.setdefault((name.rpartition("/")[0], Path(name).suffix), []).append(name)
    least = sorted((min(names, key=lambda n: (sizes[n], n)) for names in groups.values()), key=lambda n: (sizes[n], n))
    chosen = [n for i, n in enumerate(least) if not i or sizes[n] <= _MOST_SECOND_BYTES][:MOST_FILES]
    return chosen, len(sizes) - len(chosen)


def _conclude(
    place: str, source: Mapping[str, Any], paths: Mapping[str, Path], rights: Mapping[str, Any], notes: Sequence[str]
) -> Detection:
    told = list(notes)
    samples = {name: sample(path, name) for name, path in paths.items()}
    proposals: list[Proposal] = []
    shapes = _by_shape(samples)
    for names in shapes:
        merged = _merged([samples[n] for n in names])
        found, said = _proposals(merged, {n: paths[n] for n in names})
        where = f"{names[0]}: " if len(shapes) > 1 else ""
        told += [where + note for note in said]
        proposals += found
    proposals.sort(key=lambda p: -p.score)
    others = [n for n in paths if proposals and n not in proposals[0].files]
    if others:
        told.append(f"{len(others)} files hold something else than the first proposal reads: {', '.join(others[:6])}")
    if not proposals and not told:
        told.append("no columns of a question and its answer, of turns, pairs or texts with markers")
    tied = len(proposals) > 1 and (
        proposals[0].score - proposals[1].score < _TIE or proposals[0].files != proposals[1].files
    )
    return Detection(place, source, tuple(proposals), tuple(told), rights, tuple(paths), tied)


def _by_shape(samples: Mapping[str, Sample]) -> list[list[str]]:
    """Files by their columns; one that lacks some of another's optional ones belongs to it."""
    shapes: list[tuple[set[str], list[str]]] = []
    for name in sorted(samples, key=lambda n: (-len(samples[n].top), n)):
        columns = set(samples[name].top)
        fitting = next((names for known, names in shapes if columns <= known and len(columns) > len(known) / 2), None)
        if fitting is None:
            shapes.append((columns, [name]))
        else:
            fitting.append(name)
    return [sorted(names) for _, names in shapes]


def _merged(samples: Sequence[Sample]) -> Sample:
    """The samples of several files as one."""
    if len(samples) == 1:
        return samples[0]
    columns = {}
    for name in dict.fromkeys(n for s in samples for n in s.columns):
        profiles = [(s, s.columns.get(name)) for s in samples]
        values = tuple(v for s, p in profiles for v in (p.values if p else (None,) * s.rows))
        columns[name] = Profile(name, values, any(p.json_text for _, p in profiles if p))
    top = tuple(dict.fromkeys(n for s in samples for n in s.top))
    doubled = tuple(dict.fromkeys(n for s in samples for n in s.doubled))
    rows, broken = sum(s.rows for s in samples), sum(s.broken for s in samples)
    return Sample(samples[0].file, rows, broken, columns, top, doubled)


def _proposals(merged: Sample, paths: Mapping[str, Path]) -> tuple[list[Proposal], list[str]]:
    found, notes = candidates(merged)
    proposals = []
    for candidate in found:
        declared = leftovers.with_keep(merged, candidate.declared)
        trial = attempt(list(paths.values()), declared)
        if trial is None or trial.share < _LEAST_SHARE:
            notes.append(f"{candidate.why}; yet {_outcome(trial)}")
            continue
        proposals.append(
            Proposal(
                declared,
                round(candidate.score * trial.share, 3),
                candidate.why,
                (*candidate.warnings, *leftovers.warnings(merged, declared)),
                leftovers.unread(merged, declared),
                merged.rows + merged.broken,
                trial,
                tuple(paths),
                schema_of(paths.values(), declared),
            )
        )
    if not proposals and _headless(merged, paths):
        # Any other note would call the texts of that line the names of columns.
        notes = ["the first line looks like data: the file seems to have no line of column names"]
    return proposals, notes


def _outcome(trial: Trial | None) -> str:
    if trial is None:
        return "a file lacks one of the columns"
    rejected = ", ".join(f"{count} {reason}" for reason, count in trial.rejects.items())
    return f"only {trial.records} records come of it ({rejected or 'no rows'})"


def _headless(merged: Sample, paths: Iterable[str]) -> bool:
    tables = any(fnmatch.fnmatch(p.lower(), "*.[ct]sv") for p in paths)
    return tables and any(len(n) > 60 or n.strip().isdigit() or n.endswith((".", "?", "!")) for n in merged.top)


def schema_of(paths: Iterable[Path], declared: Declared) -> str:
    """The digest that a pull of these files with this adapter finds."""
    adapter = adapter_of(declared)
    identity = tuple(dict.fromkeys(adapter.text_columns()))
    columns = with_identity(columns_of(adapter), identity)
    return schema_digest(chunk.schema for path in paths if (chunk := next(read(path, columns, identity), None)))


def entry_for(project: Project, found: Detection) -> dict[str, Any]:
    """What `--accept` writes for the first proposal.

    Raises:
        ProjectError: there is none, or it is open which of two is right.
    """
    if not found.proposals:
        raise ProjectError(
            "there is no proposal to accept",
            where=found.place,
            fix="write the adapter by hand: curate sources add; its kinds are in schemas/sources.schema.json",
        )
    if found.tied:
        raise ProjectError(
            "the first two proposals fit equally well; which one is right only a person can tell",
            where=found.place,
            fix="write the right one's declaration to a file, then: curate sources add NAME FILE",
        )
    best = found.proposals[0]
    entry = dict(found.source)
    if entry["kind"] == "files":
        paths = _paths_of(project, found, best)
        entry["path"] = paths[0] if len(paths) == 1 else paths
    elif len(best.files) < len(found.looked_at):
        entry["files"] = sorted(
            {
                f"{_literal(p.parent.as_posix())}/*{p.suffix}" if "/" in n else _literal(n)
                for n in best.files
                for p in [Path(n)]
            }
        )
    return {**entry, "adapter": best.declared, "confirmed": best.schema}


def _paths_of(project: Project, found: Detection, best: Proposal) -> list[str]:
    """The files of a proposal, relative to the project where they lie in it; all, where all that were looked at fit."""
    here = Path(found.place)
    if not here.is_dir() and len(best.files) == len(found.looked_at):
        return [_relative(project, here)]
    if len(best.files) == len(found.looked_at):
        return [_relative(project, p) for p in local_files(found.place)]
    return [_relative(project, here / n if here.is_dir() else Path(n)) for n in best.files]


def _relative(project: Project, path: Path) -> str:
    whole = Path(os.path.abspath(path))
    return whole.relative_to(project.root).as_posix() if whole.is_relative_to(project.root) else str(whole)
