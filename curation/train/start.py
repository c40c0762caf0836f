"""The adapter that a run goes on from, checked to belong to the same base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from curation.core import files
from curation.core.declare import plain
from curation.core.errors import MissingError, ProjectError
from curation.core.model_files import ModelFiles, fingerprint
from curation.train.encode import TEMPLATES
from curation.train.publish import MANIFEST
from curation.train.recipe import TrainRecipe


@dataclass(frozen=True)
class Start:
    """A published adapter: where it lies, its recipe's name, and the digest of its manifest."""

    folder: Path
    name: str
    digest: str


def open_start(recipe: TrainRecipe, folder: Path | None, base: ModelFiles) -> Start | None:
    """The adapter that `recipe.start` names; None where it names none.

    Raises:
        MissingError: it is not here.
        IntegrityError: its manifest is not what was written.
        ProjectError: it belongs to another base or template, or has another shape.
    """
    if recipe.start is None:
        return None
    if folder is None or not (folder / MANIFEST).is_file():
        raise MissingError(
            f"the adapter of '{recipe.start}' is not here",
            where=f"training recipe {recipe.name}: start",
            fix=f"curate train run {recipe.start}",
        )
    manifest = files.read_sealed(folder / MANIFEST)
    shape = ("r", "alpha", "targets")
    theirs, ours = ({key: lora[key] for key in shape} for lora in (manifest["recipe"]["lora"], plain(recipe.lora)))
    for what, same in (
        ("base", manifest["base"]["fingerprint"] == fingerprint(base)),
        ("template", manifest["template"] == TEMPLATES[recipe.base.template].digest()),
        ("shape (r, alpha, targets)", theirs == ours),
    ):
        if not same:
            raise ProjectError(
                f"the adapter to go on from has another {what} than this recipe",
                where=f"training recipe {recipe.name}: start",
                fix=f"give both recipes the same {what.partition(' ')[0]}, or train '{recipe.start}' anew",
            )
    return Start(folder, manifest["recipe"]["name"], files.digest(manifest))
