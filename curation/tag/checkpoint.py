"""A checkpoint of transformers as a tagger: its labels in our order, its scores as probabilities."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import IntegrityError, ProjectError
from curation.core.model_files import ModelFiles, fingerprint
from curation.methods.encoder import Encoder, Precision
from curation.methods.packing import Windows
from curation.methods.tokenise import Tokeniser
from curation.tag.calibration import CURVE, Calibration
from curation.tag.groups import labels
from curation.tag.scored import Scored, over_windows

BESIDE = "curate_emotion.json"
"""Calibration and thresholds in the model's folder, as `python -m curation.tag.calibrate` writes them."""

WINDOW = 512
"""Tokens that are read together, where the model could read more."""

Floats = npt.NDArray[np.float32]
Activation = Literal["auto", "sigmoid", "softmax"]


@dataclass(frozen=True, eq=False)
class CheckpointTagger:
    """An encoder that tags.

    Attributes:
        name: the model's name with a digest of its content.
        quality: what is known of its scores.
        thresholds: float32 (28,); infinite for a label the model does not have.
        most_neutral: p(neutral) of the most neutral texts.
        columns: for each of the 28 labels the model's that stand for it.
        activation: sigmoid where labels are independent, softmax where there is one a text.
        calibration: from logits to probabilities, None for a model without `BESIDE`.
    """

    name: str
    quality: str
    thresholds: Floats
    most_neutral: float
    encoder: Encoder
    tokeniser: Tokeniser
    columns: tuple[tuple[int, ...], ...]
    activation: Activation
    calibration: Calibration | None
    languages: tuple[str, ...] | None = None
    labels: tuple[str, ...] = field(default_factory=labels)

    @classmethod
    def load(
        cls,
        files: ModelFiles,
        mapping: Mapping[str, str],
        activation: Activation = "auto",
        precision: Precision = "auto",
    ) -> CheckpointTagger:
        """Load a model.

        Args:
            files: from `core.models.resolve`.
            mapping: from labels of the model to ours; empty for a model that has ours.
            activation: `auto` takes it from the model's `problem_type`.
            precision: see `Encoder.load`.

        Raises:
            ProjectError: other labels than GoEmotions' and no mapping of them; no known activation.
            MissingError: no tokenizer.json, or a library is missing.
            IntegrityError: weights, tokenizer or calibration cannot be read.
        """
        columns = _columns(files, mapping)
        act = _activation(files, activation)
        told = _beside(files)
        has = np.array([bool(found) for found in columns])
        thresholds = np.where(has, told["thresholds"] if told else 0.5, np.inf).astype(np.float32)
        return cls(
            name=f"{files.name}/{identity(files)[:12]}",
            quality=told["quality"] if told else "uncalibrated (thresholds .5)",
            thresholds=thresholds,
            most_neutral=told["most_neutral"] if told else 1.0,
            encoder=Encoder.load(files, precision),
            tokeniser=Tokeniser.load(files),
            columns=columns,
            activation=act,
            calibration=Calibration(**{name: told[name] for name in CURVE}) if told else None,
        )

    def scores(self, texts: pa.StringArray) -> tuple[Floats, npt.NDArray[np.int64]]:
        """The logits of each window by our labels, NaN for one the model does not have, and the text of each."""
        around = self.tokeniser.around
        room = min(WINDOW, self.encoder.longest) - len(around[0]) - len(around[1])
        found = [np.empty((0, self.encoder.labels), np.float32)]
        owner = [np.empty(0, np.int64)]
        # A GPU outruns one tokenizer several times; a CPU is outrun by it.
        processes = max((os.cpu_count() or 2) - 2, 1) if self.encoder.on_gpu else 1
        for at, tokens in self.tokeniser.stream(texts, processes):
            windows = Windows.of(tokens, room)
            found.append(self.encoder.logits(windows, around))
            owner.append(at + windows.text)
        logits = np.concatenate(found)
        if self.activation == "softmax":
            # The log-odds of softmax's probabilities, so that one sigmoid serves both.
            share = np.exp(logits - logits.max(axis=1, keepdims=True))
            logits = np.log(share) - np.log(np.maximum(share.sum(axis=1, keepdims=True) - share, 1e-30))
        ours = [logits[:, list(mine)].max(axis=1) if mine else np.full(len(logits), np.nan) for mine in self.columns]
        return np.stack(ours, axis=1).astype(np.float32), np.concatenate(owner)

    def score(self, texts: pa.StringArray) -> Scored:
        """Score texts; see `scored.Tagger`."""
        found, owner = self.scores(texts)
        if self.calibration is not None:
            probability = self.calibration.probability(found)
        else:
            with np.errstate(over="ignore"):
                probability = (1 / (1 + np.exp(-found))).astype(np.float32)
        # A model of which nothing is a number leaves no column that could tell: ask the scores themselves.
        failed = np.isnan(found[:, [bool(c) for c in self.columns]]).any(axis=1)
        scored = over_windows(probability, owner, len(texts), self.labels)
        broken = np.bincount(owner[failed], minlength=len(texts)) > 0
        scored.probabilities[broken] = np.nan
        return Scored(scored.probabilities, scored.windows, scored.failed | broken, scored.cut)


def identity(files: ModelFiles) -> str:
    """The sha256 that names a tagger by its content: the model's, and its calibration's."""
    beside = files.folder / BESIDE
    extra = beside.read_bytes() if beside.is_file() else b""
    return hashlib.sha256(fingerprint(files).encode() + extra).hexdigest()


def _columns(files: ModelFiles, mapping: Mapping[str, str]) -> tuple[tuple[int, ...], ...]:
    given = files.config.get("id2label")
    names = [str(given[key]).lower() for key in sorted(given, key=int)] if isinstance(given, Mapping) else []
    if not mapping:
        if sorted(names) != sorted(labels()):
            raise ProjectError(
                f"the model has {len(names)} labels that are not the 28 of GoEmotions",
                where=files.name,
                fix="choose another model, or say what its labels are: [stages.emotion.labels] in curate.toml",
            )
        return tuple((names.index(label),) for label in labels())
    wanted = {key.lower(): value for key, value in mapping.items()}
    for key, value in wanted.items():
        if key not in names:
            raise ProjectError(
                f"the model has no label '{key}'", where=files.name, fix=f"its labels: {', '.join(names)[:200]}"
            )
        if value not in labels():
            raise ProjectError(f"'{value}' is no emotion", where="stages.emotion.labels", fix=", ".join(labels()))
    return tuple(tuple(place for place, name in enumerate(names) if wanted.get(name) == label) for label in labels())


def _activation(files: ModelFiles, asked: Activation) -> Activation:
    if asked != "auto":
        return asked
    problem = files.config.get("problem_type")
    if problem not in ("multi_label_classification", "single_label_classification"):
        raise ProjectError(
            "the model does not say whether a text has one label or several (problem_type)",
            where=f"{files.name}: config.json",
            fix="say it: activation = 'sigmoid' (several) or 'softmax' (one) under [stages.emotion]",
        )
    return "sigmoid" if problem == "multi_label_classification" else "softmax"


def _beside(files: ModelFiles) -> dict[str, Any] | None:
    path = files.folder / BESIDE
    if not path.is_file():
        return None
    found: dict[str, Any] = {}
    try:
        told = json.loads(path.read_text("utf-8"))
        found = {name: np.array(told[name], np.float64) for name in (*CURVE, "thresholds")}
        good = told["labels"] == list(labels()) and all(
            row.shape == (len(labels()),) and np.isfinite(row).all() for row in found.values()
        )
        found |= {"quality": str(told["quality"]), "most_neutral": float(told["most_neutral"])}
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise IntegrityError(
            "the model's calibration cannot be read",
            where=f"{files.name}: {BESIDE}",
            fix="fit it anew: python -m curation.tag.calibrate --help, or remove it",
        )
    return found
