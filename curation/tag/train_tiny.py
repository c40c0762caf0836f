"""Fit the embedded emotion tagger on GoEmotions: `python -m curation.tag.train_tiny --data DIR --out FILE`.

For each label: an NB-SVM (S. Wang and C. Manning, "Baselines and Bigrams", ACL 2012: a linear SVM whose
features are scaled by naive-Bayes log-count ratios), cut to 8 bits, then a calibration and the threshold of
best F1, both from the dev split. The test split is looked at once, for the table at the end. Needs
scikit-learn. Half a minute on one core; the same seed and library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import require
from curation.tag.features import BITS, Block, blocks, weigh
from curation.tag.fitting import (
    ABOUT,
    Floats,
    Truth,
    best_threshold,
    calibrate,
    most_neutral,
    read_split,
    read_text,
    report,
)
from curation.tag.tiny import VERSION, TinyTagger, scores

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_IDF_UNIT = 8  # idf runs from 1 to about 11; eighths leave room for the term frequency below 127
_SVM_C = 0.1  # of .03 and .1, on halves of dev
_NB_PRIOR = 0.05  # in units of a normalised feature, of which a text has about 220
_NB_CAP = 4.0


def fit(texts: pa.StringArray, truth: Truth, seed: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
    """Fit the linear models on the train split.

    Returns:
        weights: int8 (2**BITS, labels), each label in its own unit.
        idf: uint8 (2**BITS,).
    """
    counted = list(blocks(texts))
    buckets = np.concatenate([block.buckets for block in counted])
    seen = np.bincount(buckets, minlength=1 << BITS)
    idf = np.rint(_IDF_UNIT * (1 + np.log((1 + len(texts)) / (1 + seen)))).astype(np.uint8)
    idf[seen < 2] = 0
    features = _matrix(counted, idf)
    columns = [_fit_label(features, truth[:, j], seed) for j in range(truth.shape[1])]
    weights = np.stack(columns, axis=1)
    return np.rint(weights / np.abs(weights).max(axis=0) * 127).astype(np.int8), idf


def _matrix(counted: Sequence[Block], idf: npt.NDArray[np.uint8]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    values, ends = [], [np.zeros(1, np.int64)]
    for block in counted:
        whole, squares = weigh(block, idf)
        values.append(whole / np.sqrt(np.maximum(squares, 1))[block.rows])
        ends.append(ends[-1][-1] + np.searchsorted(block.rows, np.arange(1, block.size + 1)))
    buckets = np.concatenate([block.buckets for block in counted])
    texts = sum(block.size for block in counted)
    return csr_matrix((np.concatenate(values), buckets, np.concatenate(ends)), shape=(texts, 1 << BITS))


def _fit_label(features: csr_matrix, truth: npt.NDArray[np.bool_], seed: int) -> Floats:
    from scipy.sparse import diags
    from sklearn.svm import LinearSVC

    inside = np.asarray(features[truth].sum(axis=0))[0] + _NB_PRIOR
    outside = np.asarray(features[~truth].sum(axis=0))[0] + _NB_PRIOR
    ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    strength = np.minimum(np.abs(ratio), _NB_CAP)
    # The sum is well settled at this tolerance; a finer one costs minutes and moves no figure.
    svm = LinearSVC(C=_SVM_C, tol=1e-2, random_state=seed).fit(features @ diags(strength), truth)
    return np.asarray(svm.coef_[0] * strength, np.float64)


def train(data: Path, out: Path, seed: int = 0) -> TinyTagger:
    """Fit on train, calibrate and set thresholds on dev, write the weights.

    Args:
        data: folder with emotions.txt, train.tsv and dev.tsv of GoEmotions.
        out: the safetensors file to write.
        seed: of the solver.

    Raises:
        MissingError: a file or scikit-learn is missing.
        ProjectError: a line of the data has another form.
    """
    require("dev", "sklearn", "safetensors")
    from safetensors.numpy import save

    labels = read_text(data / "emotions.txt").split()
    weights, idf = fit(*read_split(data, "train", labels), seed)
    texts, truth = read_split(data, "dev", labels)
    score = np.concatenate([scores(block, weights, idf) for block in blocks(texts)])
    calibration = calibrate(score, truth)
    probability = calibration.probability(score)
    thresholds = np.array([best_threshold(probability[:, j]) for j in range(len(labels))])
    about = {
        **ABOUT,
        "quality": TinyTagger.quality,
        "version": VERSION,
        "bits": BITS,
        "seed": seed,
        "labels": labels,
        "most_neutral": most_neutral(probability, labels),
    }
    tensors = {"weights": weights, "idf": idf, "thresholds": thresholds, **vars(calibration)}
    out.write_bytes(save(tensors, {"tiny": json.dumps(about, sort_keys=True)}))
    return TinyTagger.load(out)


def main() -> None:
    """Train from the command line and write the table of the test split to stdout."""
    parser = argparse.ArgumentParser(prog="python -m curation.tag.train_tiny", description="Fit the embedded tagger.")
    parser.add_argument("--data", type=Path, required=True, help="folder with emotions.txt and the three .tsv")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    tagger = train(asked.data, asked.out, asked.seed)
    texts, truth = read_split(asked.data, "test", tagger.labels)
    sys.stdout.write(report(tagger.predict(texts), tagger.thresholds, tagger.labels, truth) + "\n")


if __name__ == "__main__":
    main()
