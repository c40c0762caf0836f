"""The adapters of a project: `data/adapters/<recipe>/<key>`, named by everything that decided them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curation.core import declare, files
from curation.core.errors import CurateError, IntegrityError, ProjectError
from curation.core.models import fingerprint, resolve
from curation.core.project import Project
from curation.train.agreement import local
from curation.train.ledger import FILE as LEDGER
from curation.train.loop import Progress, train
from curation.train.publish import MANIFEST
from curation.train.recipe import TrainRecipe


@dataclass(frozen=True)
class Adapter:
    """A trained adapter. `loss` and `first_loss` are means per trained token, in nats, of the last and first step."""

    folder: Path
    steps: int
    first_loss: float
    loss: float
    trained: bool


def recipes(project: Project) -> dict[str, TrainRecipe]:
    """The training recipes of a project by name; a base's path is relative to the project.

    Raises:
        ProjectError: a recipe that is wrong, with its line; or two of one name.
    """
    found: dict[str, TrainRecipe] = {}
    for path in files.yaml_in(project.root / "exports" / "training"):
        recipe = declare.bind(TrainRecipe, declare.load(path))
        if recipe.name in found:
            raise ProjectError(f"two training recipes are called '{recipe.name}'", where=path.name, fix="rename one")
        found[recipe.name] = recipe
    return found


def bring(project: Project, recipe: TrainRecipe, export: Path, progress: Progress) -> Adapter:
    """The adapter of a recipe over an export; trained only if it is not there yet.

    Raises:
        CurateError: whatever `train` raises; nothing is published then.
    """
    here = local(recipe.base, project.root)
    base = resolve(here.path, here.revision)
    decided_by = {
        "recipe": declare.plain(recipe),
        "export": files.sha256_file(export / MANIFEST),
        "base": fingerprint(base),
    }
    folder = project.data / "adapters" / recipe.name / files.digest(decided_by)[:16]
    trained = not folder.exists()
    if trained:
        train(replace(recipe, base=here), export, folder, progress)
    manifest = files.read_sealed(folder / MANIFEST)
    losses = manifest["losses"]
    return Adapter(folder, manifest["steps"], losses["first_step"], losses["last_step"], trained)


def steps_of(root: Path, record: str) -> list[tuple[str, int, int]]:
    """(adapter, step, tokens) for every time an adapter below `root` learned from a record.

    Raises:
        IntegrityError: a ledger cannot be read.
    """
    rows: list[tuple[str, int, int]] = []
    for ledger in sorted(root.glob(f"*/*/{LEDGER}")):
        name = f"{ledger.parent.parent.name}/{ledger.parent.name}"
        try:
            table = pq.read_table(ledger, filters=[("row", "==", record)], columns=["step", "tokens"])
        except PermissionError:
            with files.os_errors(ledger):
                raise
        except (pa.ArrowException, OSError):
            raise IntegrityError(
                "the ledger of an adapter cannot be read",
                where=f"data/adapters/{name}/{LEDGER}",
                fix="curate verify --repair removes the adapter; then train it anew: curate train run",
            ) from None
        rows += [(name, row["step"], row["tokens"]) for row in table.to_pylist()]
    return rows


def adapters_with(root: Path, record: str) -> list[str]:
    """The adapters below `root` that learned from a record, with the steps."""
    found: dict[str, list[str]] = {}
    for name, step, _ in steps_of(root, record):
        found.setdefault(name, []).append(str(step))
    return [f"{name}, step {', '.join(steps)}" for name, steps in found.items()]


def verify_adapters(project: Project) -> Iterator[str]:
    """The path, relative to the project, of every file of an adapter that is not what was written."""
    for folder in sorted(p for p in (project.data / "adapters").glob("*/*") if p.is_dir()):
        yield from (str((folder / name).relative_to(project.root)) for name in sorted(_wrong(folder)))


def _wrong(folder: Path) -> set[str]:
    try:
        known = {name: info["sha256"] for name, info in files.read_sealed(folder / MANIFEST)["files"].items()}
    except CurateError:
        return {MANIFEST}
    here = {path.relative_to(folder).as_posix() for path in files.files_below(folder)} - {MANIFEST}
    changed = {name for name in here & set(known) if files.sha256_file(folder / name) != known[name]}
    return (here ^ set(known)) | changed
