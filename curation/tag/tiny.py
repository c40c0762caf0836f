"""The fast embedded tagger: a linear model over hashed n-grams, for previews of very many turns.

Fitted on GoEmotions (English Reddit comments, 28 labels) by `curation.tag.train_tiny`. Its figures hold for
that domain alone; what it says of a therapy turn is a preview until someone recalibrates it on such turns.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.errors import IntegrityError, MissingError, require
from curation.tag.calibration import CURVE, Calibration
from curation.tag.features import BITS, TEXT_BYTES, Block, blocks, weigh
from curation.tag.scored import Scored

WEIGHTS = Path(__file__).with_name("tiny.safetensors")
VERSION = 2
"""Version of the features and of the file's layout together; weights of another version are refused."""

_SEGMENT = 64


@dataclass(frozen=True, eq=False)
class TinyTagger:
    """Calibrated emotion probabilities from numpy and pyarrow alone.

    A text's row is the same bytes whatever other texts are in the call: features and sums are whole numbers,
    and what follows is elementwise.

    Attributes:
        labels: the 28 GoEmotions labels, in the order of the columns.
        thresholds: float32 (28,), the probability from which a label counts as given; best F1 on dev.
        most_neutral: p(neutral) of the most neutral texts of dev.
        fingerprint: sha256 of the weights file, hexadecimal.
        weights: int8 (2**BITS, 28), in units of its own for each label.
        idf: uint8 (2**BITS,), 0 for a bucket that training saw less than twice.
        calibration: how scores become probabilities.
    """

    quality: ClassVar[str] = "preview (English, Reddit-domain)"
    languages: ClassVar[tuple[str, ...]] = ("en",)

    labels: tuple[str, ...]
    thresholds: npt.NDArray[np.float32]
    most_neutral: float
    fingerprint: str
    weights: npt.NDArray[np.int8]
    idf: npt.NDArray[np.uint8]
    calibration: Calibration

    @property
    def name(self) -> str:
        """Kind and digest."""
        return f"tiny/{self.fingerprint[:12]}"

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> TinyTagger:
        """Read the weights that are shipped beside this module, or others of the same layout.

        Raises:
            MissingError: there is no such file, or safetensors is not installed.
            IntegrityError: the file is broken or belongs to another version of this module.
        """
        require("tag", "safetensors")
        from safetensors import SafetensorError, safe_open

        if not path.is_file():
            raise MissingError("the embedded tagger's weights are not there", where=str(path), fix=_REFIT)
        try:
            with safe_open(path, framework="numpy") as file:
                # One entry, for safetensors writes several in an order that changes from process to process.
                about = json.loads((file.metadata() or {}).get("tiny", "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError) as error:
            raise IntegrityError("the weights cannot be read", where=str(path), fix=_REFIT) from error
        found = (about.get("version"), about.get("bits"), {name: t.shape for name, t in tensors.items()})
        count = len(about.get("labels", ()))
        vectors = dict.fromkeys(("thresholds", *CURVE), (count,))
        if found != (VERSION, BITS, {"weights": (1 << BITS, count), "idf": (1 << BITS,), **vectors}):
            raise IntegrityError(
                "the weights belong to another version of the embedded tagger", where=str(path), fix=_REFIT
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        calibration = Calibration(**{name: tensors.pop(name) for name in CURVE})
        return cls(
            labels=tuple(about["labels"]),
            most_neutral=about["most_neutral"],
            fingerprint=digest,
            calibration=calibration,
            **tensors,
        )

    def predict(self, texts: pa.StringArray | pa.LargeStringArray) -> npt.NDArray[np.float32]:
        """Give each text the calibrated probability of each label.

        Memory beyond the result is bounded (some tens of MB), whatever the number and length of the texts.

        Returns:
            float32 (len(texts), 28) in [0, 1]; a row of NaN where nothing can be said: a null, an empty text,
            or one in which no n-gram is known.
        """
        result = np.empty((len(texts), len(self.labels)), np.float32)
        for block in blocks(texts):
            score = scores(block, self.weights, self.idf)
            result[block.first : block.first + block.size] = self.calibration.probability(score)
        return result

    def score(self, texts: pa.StringArray) -> Scored:
        """Score texts; see `scored.Tagger`. It has no windows: a text is read as one, up to `TEXT_BYTES`."""
        found = self.predict(texts)
        known = ~np.isnan(found).any(axis=1)
        cut = pc.greater(pc.fill_null(pc.binary_length(texts), 0), TEXT_BYTES).to_numpy(zero_copy_only=False)
        return Scored(found, np.asarray(known, np.int64), np.zeros(len(found), bool), cut)


_REFIT = "reinstall the package, or fit anew: python -m curation.tag.train_tiny --help"


def scores(block: Block, weights: npt.NDArray[np.int8], idf: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Score each text for each label: whole-number dot product over the l2 norm of the text's features.

    Returns:
        float64 (block.size, labels); NaN where a text has no known feature.
    """
    values, squares = weigh(block, idf)
    totals = np.zeros((block.size, weights.shape[1]), np.int32)
    if len(values):
        starts = np.flatnonzero(np.concatenate(([True], block.rows[1:] != block.rows[:-1])))
        totals[block.rows[starts]] = _segment_sums(weights, block.buckets, values, starts)
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN that is meant
        return totals / np.sqrt(squares)[:, None]


def _segment_sums(
    weights: npt.NDArray[np.int8],
    buckets: npt.NDArray[np.int64],
    values: npt.NDArray[np.int16],
    starts: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:
    """Sum `weights[bucket] * value` over the features of each text, whose first features are at `starts`.

    Texts are cut into segments of at most 64 features, which are walked in step, the longest first: a few
    wide numpy operations, about three times as fast as `np.add.reduceat` over all features.
    """
    lengths = np.diff(np.concatenate((starts, [len(buckets)])))
    pieces = -(-lengths // _SEGMENT)
    heads = np.concatenate(([0], np.cumsum(pieces)[:-1]))  # the first segment of each text
    place = np.arange(pieces.sum()) - np.repeat(heads, pieces)
    begin = np.repeat(starts, pieces) + _SEGMENT * place
    size = np.minimum(np.repeat(lengths, pieces) - _SEGMENT * place, _SEGMENT)
    order = np.argsort(-size, kind="stable")
    begin, size = begin[order], size[order]
    sums = np.zeros((len(begin), weights.shape[1]), np.int32)
    for step in range(int(size[0])):
        live = int(np.searchsorted(-size, -step))
        at = begin[:live] + step
        sums[:live] += weights.take(buckets.take(at), axis=0) * values.take(at)[:, None]
    back = np.empty_like(sums)
    back[order] = sums
    return np.add.reduceat(back, heads, axis=0)
