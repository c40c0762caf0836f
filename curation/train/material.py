"""What a run learns from: the rows of an export, encoded for the base that the recipe names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curation.core.errors import ProjectError
from curation.core.model_files import ModelFiles, load_tokenizer, resolve
from curation.train.canary import plant
from curation.train.encode import TEMPLATES, Counts, Document, Encoder
from curation.train.export import Export, about, open_export, read_pairs, read_rows
from curation.train.pairs import encode_pairs
from curation.train.recipe import TrainRecipe


@dataclass(frozen=True)
class Material:
    """Rows to learn and rows held out, encoded for one base; without a validation file, none are held out.

    `about` has the source and the phase of every row to learn.
    """

    export: Export
    base: ModelFiles
    documents: Sequence[Document]
    counts: Counts
    held_out: Sequence[Document]
    held_out_counts: Counts
    about: Mapping[str, tuple[str, str]]
    encoder: Encoder

    @property
    def highest(self) -> int:
        """The highest token id."""
        return max(max(document.ids) for document in (*self.documents, *self.held_out))


def encode(recipe: TrainRecipe, export_dir: Path) -> Material:
    """Check an export and encode its rows.

    Raises:
        ProjectError: nothing to train on, or a template and base that do not belong together.
        IntegrityError: the export or the base is not what it says it is.
        MissingError: the base or the export is not here.
    """
    export = open_export(export_dir)
    base = resolve(recipe.base.path, recipe.base.revision)
    encoder = Encoder(load_tokenizer(base), TEMPLATES[recipe.base.template])
    documents, counts = _documents(encoder, recipe, export, "train.parquet")
    held_out: Sequence[Document] = ()
    held_out_counts = Counts()
    if export.validated:
        held_out, held_out_counts = _documents(encoder, recipe, export, "validation.parquet")
    if recipe.canaries:
        documents = [*documents, *plant(recipe.canaries, encoder, recipe.seed)]
    known = about(export, "train.parquet")
    return Material(export, base, documents, counts, held_out, held_out_counts, known, encoder)


def _documents(encoder: Encoder, recipe: TrainRecipe, export: Export, name: str) -> tuple[Sequence[Document], Counts]:
    documents: Sequence[Document]
    if recipe.dpo:
        documents, counts = encode_pairs(encoder, read_pairs(export, name), recipe.max_tokens)
    else:
        documents, counts = encoder.encode(read_rows(export, name), recipe.max_tokens, recipe.overlong)
    if not documents:
        raise ProjectError(
            f"no row can be used: of {counts.rows}, {counts.rows_untrained} have no turn to learn and "
            f"{counts.rows_overlong} are longer than {recipe.max_tokens} tokens",
            where=f"{export.folder.name}/{name}",
            fix="mark turns to be learned in the mix, raise max_tokens, or set overlong: split",
        )
    return documents, counts
