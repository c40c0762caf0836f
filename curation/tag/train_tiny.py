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

from curation.core.errors import MissingError, ProjectError, require
from curation.tag.features import BITS, Block, blocks, weigh
from curation.tag.tiny import VERSION, Calibration, TinyTagger, scores

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Truth = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_ABOUT = {
    "attribution": "Fitted on GoEmotions, Demszky et al. 2020, Google, CC BY 4.0",
    "licence": "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
    "quality": TinyTagger.quality,
}
_IDF_UNIT = 8  # idf runs from 1 to about 11; eighths leave room for the term frequency below 127
_SVM_C = 0.1  # of .03 and .1, on halves of dev
_NB_PRIOR = 0.05  # in units of a normalised feature, of which a text has about 220
_NB_CAP = 4.0


def read_split(folder: Path, split: str, labels: Sequence[str]) -> tuple[pa.StringArray, Truth]:
    """Read one split of GoEmotions: lines of text, comma-separated label numbers and an id, tabs between.

    Returns:
        The texts (n,) and whether each has each label, (n, len(labels)).

    Raises:
        MissingError: the file is not there.
        ProjectError: a line has another form.
    """
    path = folder / f"{split}.tsv"
    texts: list[str] = []
    given: list[list[int]] = []
    for number, line in enumerate(_read(path).split("\n")[:-1], start=1):
        try:
            text, numbers, _ = line.split("\t")
            given.append([range(len(labels))[int(n)] for n in numbers.split(",")])
        except (ValueError, IndexError):
            raise ProjectError("a line is not text, labels, id", where=f"{path}:{number}") from None
        texts.append(text)
    truth = np.zeros((len(texts), len(labels)), bool)
    for row, numbers_of_row in zip(truth, given, strict=True):
        row[numbers_of_row] = True
    return pa.array(texts, pa.string()), truth


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise MissingError("GoEmotions is not there", where=str(path), fix="name its folder: --data") from None


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


def calibrate(score: Floats, truth: Truth) -> Calibration:
    """Fit each label's curve by maximum likelihood; it bends where as many texts lie above as have the label.

    Args:
        score: (n, labels).
        truth: (n, labels).
    """
    curves = [_curve(score[:, j], truth[:, j]) for j in range(score.shape[1])]
    return Calibration(*np.array(curves).T.copy())


def _curve(score: Floats, truth: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """The knot, the log-odds there, and the slopes below and above it, of one label."""
    from scipy.optimize import minimize

    unit, yes, no = score.std(), truth.sum(), (~truth).sum()
    knot = float(np.quantile(score, 1 - yes / len(truth)))
    beyond = (score - knot) / unit
    inputs = np.stack([np.ones_like(beyond), np.minimum(beyond, 0), np.maximum(beyond, 0)], axis=1)
    # Platt's softened targets keep a label with a dozen examples from certainty.
    target = np.where(truth, (yes + 1) / (yes + 2), 1 / (no + 2))

    def loss(line: Floats) -> tuple[float, Floats]:
        odds = inputs @ line
        likelihood = (np.logaddexp(0, odds) - target * odds).mean()
        return float(likelihood), inputs.T @ (1 / (1 + np.exp(-odds)) - target) / len(odds)

    best = minimize(loss, np.array([0.0, 1.0, 1.0]), jac=True, bounds=[(None, None), (0, None), (0, None)], tol=1e-12)
    return knot, float(best.x[0]), float(best.x[1] / unit), float(best.x[2] / unit)


def best_threshold(probability: npt.NDArray[np.float32], truth: npt.NDArray[np.bool_]) -> np.float32:
    """The cut of best F1 for one label, midway between the last text inside and the first outside.

    Args:
        probability: (n,) of one label.
        truth: (n,).
    """
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    f1 = 2 * np.cumsum(truth[order]) / (np.arange(1, len(order) + 1) + truth.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = 0  # no cut falls between equals
    best = int(f1.argmax())
    return np.float32((ranked[best] + ranked[min(best + 1, len(ranked) - 1)]) / 2)


def f1_scores(given: Truth, truth: Truth) -> tuple[Floats, float]:
    """F1 of each label (labels,), 0 where there is nothing to find, and the micro-F1.

    Args:
        given: (n, labels), what the tagger says.
        truth: (n, labels).
    """
    hits, sizes = (given & truth).sum(axis=0), given.sum(axis=0) + truth.sum(axis=0)
    return 2 * hits / np.maximum(sizes, 1), float(2 * hits.sum() / max(sizes.sum(), 1))


def calibration_error(probability: npt.NDArray[np.float32], truth: Truth) -> float:
    """Expected calibration error where p is at least .1 (M. Naeini et al., AAAI 2015; 15 equal bins).

    All pairs of text and label count together; most are near 0 and would hide the rest, hence the limit.

    Args:
        probability: (n, labels).
        truth: (n, labels).
    """
    chosen = probability >= 0.1
    p, y = probability[chosen].astype(np.float64), truth[chosen]
    bin_of = np.minimum((p * 15).astype(np.int64), 14)
    gaps = np.bincount(bin_of, p, 15) - np.bincount(bin_of, y, 15)
    return float(np.abs(gaps).sum() / max(len(p), 1))


def report(tagger: TinyTagger, texts: pa.StringArray, truth: Truth) -> str:
    """A table of how the tagger does on a split, for people to read."""
    probability = tagger.predict(texts)
    given = probability >= tagger.thresholds
    each, micro = f1_scores(given, truth)
    lines = [f"{'label':16}{'texts':>6}{'given':>7}{'threshold':>11}{'F1':>7}"]
    for j, label in enumerate(tagger.labels):
        counts = f"{truth[:, j].sum():6}{given[:, j].sum():7}"
        lines.append(f"{label:16}{counts}{tagger.thresholds[j]:11.3f}{each[j]:7.3f}")
    half, _ = f1_scores(probability >= 0.5, truth)
    error = calibration_error(probability, truth)
    lines.append(f"macro-F1 {each.mean():.4f}  micro-F1 {micro:.4f}  (all thresholds .5: {half.mean():.4f})")
    lines.append(f"calibration error where p >= .1: {error:.4f}")
    return "\n".join(lines)


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

    labels = _read(data / "emotions.txt").split()
    weights, idf = fit(*read_split(data, "train", labels), seed)
    texts, truth = read_split(data, "dev", labels)
    score = np.concatenate([scores(block, weights, idf) for block in blocks(texts)])
    calibration = calibrate(score, truth)
    probability = calibration.probability(score)
    thresholds = np.array([best_threshold(probability[:, j], truth[:, j]) for j in range(len(labels))])
    about = {**_ABOUT, "version": VERSION, "bits": BITS, "seed": seed, "labels": labels}
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
    sys.stdout.write(report(tagger, *read_split(asked.data, "test", tagger.labels)) + "\n")


if __name__ == "__main__":
    main()
