"""Small models that a project fits on its own answers: what each of them is asked, and how its file is read.

A head is multinomial logistic regression over hashed n-grams of one turn, 8 bits a weight. Of conversations of therapy
there are no labels that may be shipped, so none comes with the package: `curate tag fit` writes them.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core import taxonomies
from curation.core.errors import IntegrityError, ProjectError, require
from curation.core.project import Project
from curation.tag.features import BITS, blocks
from curation.tag.taggers import ModelFolder
from curation.tag.tiny import scores

FOLDER = "heads"
"""Folder of the project, below the one of `curate.toml`."""

VERSION = 1
"""Of the file's layout and of the features together; a file of another version is refused."""

TENSORS = ("weights", "idf", "unit", "bias", "prior")

LEVELS = ("0", "1", "2")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """What a head is asked of a turn.

    Attributes:
        name: of the head, its file and its taxonomy.
        role: whose turns it reads.
        questions: with the answers each of them may have; a turn has one answer to each.
    """

    name: str
    role: str
    questions: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> int:
        """Answers to all questions together."""
        return sum(map(len, self.questions.values()))

    def slices(self) -> dict[str, slice]:
        """The columns of each question."""
        found, start = {}, 0
        for name, answers in self.questions.items():
            found[name] = slice(start, start + len(answers))
            start += len(answers)
        return found


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Every head there can be, by name."""
    mechanisms = dict.fromkeys(taxonomies.load("epitome").ids, LEVELS)
    return {
        "empathy": Kind("empathy", "assistant", mechanisms),
        **{name: Kind(name, role, {name: taxonomies.load(name).ids}) for name, role in _SINGLE.items()},
    }


_SINGLE = {"esconv8": "assistant", "mi-therapist": "assistant", "mi-client": "user"}


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head.

    Attributes:
        kind: what it is asked.
        fingerprint: sha256 of its file, hexadecimal.
        quality: what its answers are worth, for people to read.
        weights: int8 (2**BITS, columns), each column in its own unit.
        idf: uint8 (2**BITS,), 0 for a bucket that was hardly seen.
        unit: float64 (columns,).
        bias: float64 (columns,).
        prior: float64 (columns,), by which a probability is divided before the greatest is chosen.
    """

    kind: Kind
    fingerprint: str
    quality: str
    weights: npt.NDArray[np.int8]
    idf: npt.NDArray[np.uint8]
    unit: Floats
    bias: Floats
    prior: Floats

    @property
    def name(self) -> str:
        """Kind and digest."""
        return f"{self.kind.name}/{self.fingerprint[:12]}"

    def probabilities(self, texts: pa.StringArray) -> npt.NDArray[np.float32]:
        """For each text the probability of every answer, those to one question adding up to 1.

        Returns:
            float32 (texts, columns); NaN in a whole row where no n-gram of the text is known.
        """
        found = np.full((len(texts), self.kind.columns), np.nan, np.float32)
        for block in blocks(texts):
            score = scores(block, self.weights, self.idf) * self.unit + self.bias
            rows = slice(block.first, block.first + block.size)
            for columns in self.kind.slices().values():
                found[rows, columns] = softmax(score[:, columns])
        return found

    def answers(self, probabilities: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.int64]]:
        """By question the place of the answer of each text; of a text without probabilities 0."""
        known = np.nan_to_num(probabilities)
        return {n: np.argmax(known[:, c] / self.prior[c], axis=1) for n, c in self.kind.slices().items()}


def softmax(score: Floats) -> Floats:
    """Probabilities of the columns of one question; a row does not depend on how many there are."""
    with np.errstate(invalid="ignore"):
        odds = np.exp(score - score.max(axis=1, keepdims=True))
        # One column after the other: numpy's own sum rounds by how many rows there are.
        return odds / sum(odds[:, j] for j in range(odds.shape[1]))[:, None]


def placed(folder: str, project: Project) -> str:
    """The folder of heads as the settings name it, found from the project's."""
    path = project.root / Path(folder).expanduser()
    return ModelFolder.of(path) if path.is_dir() else folder


def path_of(folder: str, name: str) -> Path | None:
    """The file of a head in a folder that `placed` found; None where there is none."""
    path = Path(getattr(folder, "path", "") or folder) / f"{name}.safetensors"
    return path if getattr(folder, "path", "") and path.is_file() else None


def fingerprints(folder: str, names: tuple[str, ...]) -> dict[str, str]:
    """The digest of each head's file that is there."""
    found = {name: path_of(folder, name) for name in names}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items() if path}


def load(folder: str, name: str) -> Head | None:
    """A head of a project, None where it was not fitted.

    Raises:
        MissingError: safetensors is not installed.
        IntegrityError: the file is broken, or of another version.
    """
    path = path_of(folder, name)
    return read(path, kinds()[name]) if path else None


def read(path: Path, kind: Kind) -> Head:
    """Read the file of a head."""
    require("tag", "safetensors")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if (path, digest) not in _read:
        _read[path, digest] = _parse(path, kind, digest)
    return _read[path, digest]


_read: dict[tuple[Path, str], Head] = {}


def _parse(path: Path, kind: Kind, digest: str) -> Head:
    from safetensors import SafetensorError, safe_open

    fix = f"fit it anew: curate tag fit {kind.name}"
    try:
        with safe_open(path, framework="numpy") as file:
            about: dict[str, Any] = json.loads((file.metadata() or {}).get("head", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise IntegrityError("the file of a head cannot be read", where=path.name, fix=fix) from error
    vectors = dict.fromkeys(TENSORS[2:], (kind.columns,))
    shapes = {"weights": (1 << BITS, kind.columns), "idf": (1 << BITS,), **vectors}
    said = {name: list(answers) for name, answers in kind.questions.items()}
    if (about.get("version"), about.get("questions")) != (VERSION, said) or {
        name: tensor.shape for name, tensor in tensors.items()
    } != shapes:
        raise IntegrityError("the file belongs to another version of this head", where=path.name, fix=fix)
    if not all(np.isfinite(tensors[name]).all() for name in ("unit", "bias", "prior")):
        raise IntegrityError("the file of a head holds what is no number", where=path.name, fix=fix)
    return Head(kind, digest, str(about.get("quality")), **tensors)


def known(name: str) -> Kind:
    """A head by its name.

    Raises:
        ProjectError: there is no such head.
    """
    if name not in kinds():
        raise ProjectError(f"no head is called '{name}'", fix=taxonomies.nearest(name, kinds()))
    return kinds()[name]
