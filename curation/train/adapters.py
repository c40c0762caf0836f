"""The adapters of a project: `data/adapters/<recipe>/<key>`, named by everything that decided them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curation.core import declare, files
from curation.core.errors import CurateError, IntegrityError, ProjectError, UsageError
from curation.core.model_files import fingerprint, resolve
from curation.core.project import Project
from curation.train.agreement import local
from curation.train.canary import gate
from curation.train.ledger import FILE as LEDGER
from curation.train.loop import train
from curation.train.publish import MANIFEST
from curation.train.recipe import TrainRecipe
from curation.train.scorecard import FOLDER as SCORECARDS
from curation.train.scorecard import Exam, scorecard
from curation.train.start import open_start
from curation.train.state import FOLDER as UNFINISHED
from curation.train.state import Keeping, Progress
from curation.train.worker import Job, launch

_SCORECARD = 2
"""Raise it whenever the same adapter and mixes can give another scorecard."""


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


def bring(
    project: Project,
    recipes: Mapping[str, TrainRecipe],
    name: str,
    export_of: Callable[[str], Path],
    progress: Progress,
    *,
    ranks: int = 1,
) -> Adapter:
    """The adapter of a recipe, and before it that of the recipe it starts from; each trained only if it is not there.

    A run that was cut off goes on where it was.

    Args:
        project: the project.
        recipes: its training recipes.
        name: the recipe that is wanted.
        export_of: gives the folder of the export of a mix.
        progress: called after every step of every run.
        ranks: processes to train on.

    Raises:
        ProjectError: a recipe starts from one that does not exist, or from itself in the end.
        CurateError: whatever `train` raises; nothing is published then.
    """
    made: Adapter | None = None
    for recipe in _chain(recipes, name):
        made = _bring(project, recipe, export_of(recipe.mix), made, progress, ranks)
    assert made is not None
    return made


def mixes(recipes: Mapping[str, TrainRecipe], name: str) -> list[str]:
    """The mixes that are needed for a recipe and for those it starts from.

    Raises:
        ProjectError: a recipe starts from one that does not exist, or from itself in the end.
    """
    return list(dict.fromkeys(recipe.mix for recipe in _chain(recipes, name)))


def _chain(recipes: Mapping[str, TrainRecipe], name: str) -> list[TrainRecipe]:
    """The recipe with those it starts from, the first to be trained first."""
    chain = [recipes[name]]
    while (start := chain[0].start) is not None:
        where = f"training recipe {chain[0].name}: start"
        if start not in recipes:
            raise ProjectError(
                f"no training recipe is called '{start}'", where=where, fix=f"recipes here: {', '.join(recipes)}"
            )
        if recipes[start] in chain:
            raise ProjectError("the recipe starts from itself in the end", where=where, fix="let one start at the base")
        chain.insert(0, recipes[start])
    return chain


def _bring(
    project: Project, recipe: TrainRecipe, export: Path, start: Adapter | None, progress: Progress, ranks: int
) -> Adapter:
    here = replace(recipe, base=local(recipe.base, project.root))
    base = resolve(here.base.path, here.base.revision)
    begun = open_start(here, start.folder if start else None, base)
    decided_by = {
        "recipe": declare.plain(recipe),
        "export": files.sha256_file(export / MANIFEST),
        "base": fingerprint(base),
        "start": begun.digest if begun else None,
    }
    key = files.digest(decided_by)[:16]
    folder = project.data / "adapters" / recipe.name / key
    unfinished = project.data / UNFINISHED / recipe.name
    trained = not folder.exists()
    # What was begun under another recipe, mix or base is never gone on with.
    for path in unfinished.iterdir() if unfinished.is_dir() else ():
        if path.name != key or not trained:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if trained and ranks > 1:
        job = Job(here, str(export), str(folder), str(unfinished / key), str(begun.folder) if begun else None)
        launch(job, ranks)
    elif trained:
        keeping = Keeping(unfinished / key)
        train(here, export, folder, progress, start_dir=begun.folder if begun else None, keeping=keeping)
    manifest = files.read_sealed(folder / MANIFEST)
    losses = manifest["losses"]
    return Adapter(folder, manifest["steps"], losses["first_step"], losses["last_step"], trained)


def evaluate(
    project: Project, recipes: Mapping[str, TrainRecipe], name: str, adapter: Path, export_of: Callable[[str], Path]
) -> dict[str, Any]:
    """The scorecard of an adapter of a recipe over the mixes that it, and what it starts from, learned from.

    It is kept in `data/scorecards/<recipe>/<adapter>.json`; what is there already for the same mixes is not judged
    again.

    Raises:
        CurateError: whatever `scorecard` raises.
    """
    chain = _chain(recipes, name)
    exams = [Exam(recipe, export_of(recipe.mix)) for recipe in {recipe.mix: recipe for recipe in chain}.values()]
    decided_by = {
        "version": _SCORECARD,
        "adapter": files.read_sealed(adapter / MANIFEST)["files"],
        "exams": {exam.recipe.mix: files.sha256_file(exam.export / MANIFEST) for exam in exams},
    }
    path = project.data / SCORECARDS / name / f"{adapter.name}.json"
    if path.exists():
        known = files.read_sealed(path)
        if known["decided_by"] == files.digest(decided_by):
            return known
    recipe = replace(chain[-1], base=local(chain[-1].base, project.root))
    made = {**scorecard(recipe, adapter, exams), "decided_by": files.digest(decided_by)}
    files.write_sealed(path, made)
    return made


def release(recipes: Mapping[str, TrainRecipe], name: str, made: Adapter, out: Path, root: Path) -> None:
    """Copy an adapter to where it can be given away: without its ledger, for that names rows.

    Raises:
        GateError: it, or one that it starts from, has learned rows by heart, or nobody knows.
        IntegrityError: a file of it is not what was written.
        UsageError: there is something at `out` already.
    """
    folder = made.folder
    if wrong := verify_folder(folder):
        raise IntegrityError("a file of the adapter is not what was written", where=min(wrong), fix="curate verify")
    for recipe in reversed(_chain(recipes, name)):
        manifest = files.read_sealed(folder / MANIFEST)
        # Preferences are learned from where conversations have led: the canaries are in these.
        if recipe.dpo is None:
            gate(recipe.name, manifest.get("canaries"))
        if recipe.start is not None:
            folder = _of_digest(root / recipe.start, manifest["start"]["digest"])
    if out.exists():
        raise UsageError("there is something here already", where=str(out), fix="name a folder that does not exist")
    with files.replacing_dir(out) as aside:
        shutil.copytree(made.folder, aside, dirs_exist_ok=True, ignore=shutil.ignore_patterns(LEDGER))


def _of_digest(folder: Path, digest: str) -> Path:
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        if files.digest(files.read_sealed(path)) == digest:
            return path.parent
    raise IntegrityError("the adapter that this one started from is gone", where=folder.name, fix="train it again")


def scorecards(project: Project, name: str) -> dict[str, dict[str, Any]]:
    """The scorecards of a recipe's adapters by the adapter's key, the oldest adapter first."""
    found = {}
    for path in sorted((project.data / SCORECARDS / name).glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        found[path.stem] = files.read_sealed(path)
    return found


def entries(root: Path, rows: Collection[str], adapter: str = "") -> list[tuple[str, str, int, int]]:
    """(adapter, row, step, tokens) for every time an adapter below `root` learned from one of these rows.

    Args:
        root: the adapters' folder.
        rows: ids of records.
        adapter: only adapters whose `recipe/key` begins so.

    Raises:
        IntegrityError: a ledger cannot be read.
    """
    import polars as pl

    found: list[tuple[str, str, int, int]] = []
    wanted = pl.Series(sorted(rows), dtype=pl.String).implode()
    for path in sorted(root.glob(f"*/*/{LEDGER}")):
        name = f"{path.parent.parent.name}/{path.parent.name}"
        if not name.startswith(adapter):
            continue
        try:
            with path.open("rb"):
                pass
            hits = pl.scan_parquet(path).filter(pl.col("row").is_in(wanted)).select("row", "step", "tokens").collect()
        except PermissionError:
            with files.os_errors(path):
                raise
        except (pl.exceptions.PolarsError, OSError):
            raise IntegrityError(
                "the ledger of an adapter cannot be read",
                where=f"data/adapters/{name}/{LEDGER}",
                fix="curate verify --repair removes the adapter; then train it anew: curate train run",
            ) from None
        found += [(name, *row) for row in hits.iter_rows()]
    return found


def adapters_with(root: Path, record: str) -> list[str]:
    """The adapters below `root` that learned from a record, with the steps."""
    found: dict[str, list[str]] = {}
    for name, _, step, _ in entries(root, {record}):
        found.setdefault(name, []).append(str(step))
    return [f"{name}, step {', '.join(steps)}" for name, steps in found.items()]


def verify_adapters(project: Project) -> Iterator[str]:
    """The path, relative to the project, of every file of an adapter or scorecard that is not what was written."""
    for path in sorted((project.data / SCORECARDS).glob("*/*.json")):
        try:
            files.read_sealed(path)
        except IntegrityError:
            yield str(path.relative_to(project.root))
    for folder in sorted(p for p in (project.data / "adapters").glob("*/*") if p.is_dir()):
        yield from (str((folder / name).relative_to(project.root)) for name in sorted(verify_folder(folder)))


def verify_folder(folder: Path) -> set[str]:
    """The files of one adapter that are missing, unknown, or not what was written."""
    try:
        known = {name: info["sha256"] for name, info in files.read_sealed(folder / MANIFEST)["files"].items()}
    except CurateError:
        return {MANIFEST}
    here = {path.relative_to(folder).as_posix() for path in files.files_below(folder)} - {MANIFEST}
    changed = {name for name in here & set(known) if files.sha256_file(folder / name) != known[name]}
    return (here ^ set(known)) | changed
