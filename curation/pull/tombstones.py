"""Withdrawn rows: which rows of a source's files they are, and whether what keeps them away is still whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import records
from curation.core.annotations import Annotations, Tombstones
from curation.core.errors import IntegrityError, ProjectError
from curation.core.project import KEY_FILE, Project
from curation.core.store import StoredTable
from curation.pull.chunks import Chunk

FILE = "annotations/forgotten.json"

Reading = Callable[[tuple[str, ...]], Iterable[tuple[int, Chunk]]]
"""Reads a source's files once more, with ids made of the given columns: chunks, each with the number of its file."""


@dataclass(frozen=True)
class Withdrawn:
    """The withdrawn rows of a source's files.

    Attributes:
        hashes: those that bear a withdrawn id, by its hash.
        places: those whose id was made of other columns when they were withdrawn: rows by number of the file.
    """

    hashes: pa.Array
    places: Mapping[int, pa.Array]

    def among(self, file: int, place: pa.RecordBatch) -> pa.BooleanArray:
        """Which rows of one file, given by `hash` and `row`, are withdrawn."""
        found = pc.is_in(place.column("hash"), value_set=self.hashes)
        if file in self.places:
            found = pc.or_(found, pc.is_in(place.column("row"), value_set=self.places[file]))
        return found


def withdrawn(project: Project, name: str, identity: tuple[str, ...], reading: Reading) -> Withdrawn:
    """The rows of a source that may not become records again.

    A row is known by the hash of its identity columns, whatever the source is called now. Where rows were withdrawn
    under other identity columns than today's, the files are read once more with those.

    Raises:
        ProjectError: columns by which withdrawn rows of this very source are known are no longer there.
    """
    stones = tombstones(project)
    hashes = pa.array(sorted(stones.hashes), pa.string())
    own = {tuple(columns) for columns in stones.identity.get(name, ())}
    every = {tuple(columns) for lists in stones.identity.values() for columns in lists}
    places: dict[int, list[pa.Array]] = {}
    for columns in sorted(every - {identity}):
        try:
            for file, chunk in reading(columns):
                digits = pa.array(records.identity(project.key, chunk.identity.to_pylist()), pa.string())
                places.setdefault(file, []).append(pa.array(chunk.rows).filter(pc.is_in(digits, value_set=hashes)))
        except ProjectError as error:
            if columns in own:
                raise ProjectError(
                    f"the withdrawn rows of this source are known by columns that cannot be read: {', '.join(columns)}",
                    where=f"source '{name}': {error.what}",
                    fix="keep these columns in its files; they need not be in the adapter",
                ) from None
    return Withdrawn(hashes, {file: pa.concat_arrays(found) for file, found in places.items()})


def tombstones(project: Project) -> Tombstones:
    """What was withdrawn from the project."""
    return Annotations(project.root / "annotations").tombstones()


def has_withdrawn(project: Project, name: str, table: StoredTable | None) -> bool:
    """Do a source's files hold, or may they hold, rows that were withdrawn?"""
    left_out = table is not None and "pull/forgotten" in table.totals("reasons")
    return left_out or name in tombstones(project).sources


def fingerprint(project: Project) -> str:
    """A digest of the project key that tells nothing about it."""
    return records.keyed(project.key, "project key", "")


def lost(project: Project) -> int:
    """How many tombstones are missing of those that the lock counts."""
    return max(0, project.lock().forgotten - len(tombstones(project).records))


def check(project: Project) -> Tombstones:
    """What was withdrawn, once it is sure that nothing of it is lost and that the key is the one it was made with.

    Raises:
        IntegrityError: tombstones are missing.
        ProjectError: the project key is another than the one that ids in answers and tombstones were made with.
    """
    stones = tombstones(project)
    if missing := lost(project):
        raise IntegrityError(
            f"the list of withdrawn records lacks {missing}: they would come back",
            where=FILE,
            fix=f"put your copy of {FILE} back",
        )
    answers = project.root / "annotations" / "answers.jsonl"
    said = answers.exists() and answers.stat().st_size > 0
    known = {stones.key, project.lock().key if said or stones.records else None} - {None}
    if known - {fingerprint(project)}:
        raise ProjectError(
            "this is not the project key that ids were made with: answers and withdrawals would no longer hold",
            where=KEY_FILE,
            fix="put your backup of the key back; a new key needs a new project: curate init DIR",
        )
    return stones
