"""What every tagger is fitted and measured with: GoEmotions, calibration and thresholds from dev, the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import MissingError, ProjectError
from curation.tag.calibration import Calibration

Truth = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ABOUT = {
    "attribution": "Fitted on GoEmotions, Demszky et al. 2020, Google, CC BY 4.0",
    "licence": "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
}
"""What a file of weights says of the data it comes from."""


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
    for number, line in enumerate(read_text(path).split("\n")[:-1], start=1):
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


def read_text(path: Path) -> str:
    """A file of GoEmotions; a missing one is said."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise MissingError("GoEmotions is not there", where=str(path), fix="name its folder: --data") from None


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


def best_threshold(probability: npt.NDArray[np.float32]) -> np.float32:
    """The cut of best expected F1 for one label, midway between the last text inside and the first outside.

    Expected by the calibrated probabilities, not counted from the labels (N. Ye et al., ICML 2012): of a label with a
    dozen examples the count is mostly chance. On halves of dev it brings .01 of macro-F1.

    Args:
        probability: (n,) of one label, calibrated.
    """
    ranked = np.sort(probability.astype(np.float64))[::-1]
    f1 = 2 * np.cumsum(ranked) / (np.arange(1, len(ranked) + 1) + ranked.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = 0  # no cut falls between equals
    best = int(f1.argmax())
    return np.float32((ranked[best] + ranked[min(best + 1, len(ranked) - 1)]) / 2)


def most_neutral(probability: npt.NDArray[np.float32], labels: Sequence[str]) -> float:
    """The p(neutral) of the most neutral texts: its 99th percentile; 1 where there is no such label."""
    return float(np.quantile(probability[:, labels.index("neutral")], 0.99)) if "neutral" in labels else 1.0


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


def measures(
    probability: npt.NDArray[np.float32], thresholds: npt.NDArray[np.float32], truth: Truth
) -> tuple[float, float, float]:
    """Macro-F1, macro-F1 with all thresholds at .5, and the calibration error."""
    macro, half = (f1_scores(probability >= cut, truth)[0].mean() for cut in (thresholds, 0.5))
    return float(macro), float(half), calibration_error(probability, truth)


def report(
    probability: npt.NDArray[np.float32], thresholds: npt.NDArray[np.float32], labels: Sequence[str], truth: Truth
) -> str:
    """A table of how a tagger does on a split, for people to read."""
    given = probability >= thresholds
    each, micro = f1_scores(given, truth)
    lines = [f"{'label':16}{'texts':>6}{'given':>7}{'threshold':>11}{'F1':>7}"]
    for j, label in enumerate(labels):
        counts = f"{truth[:, j].sum():6}{given[:, j].sum():7}"
        lines.append(f"{label:16}{counts}{thresholds[j]:11.3f}{each[j]:7.3f}")
    macro, half, error = measures(probability, thresholds, truth)
    lines.append(f"macro-F1 {macro:.4f}  micro-F1 {micro:.4f}  (all thresholds .5: {half:.4f})")
    lines.append(f"calibration error where p >= .1: {error:.4f}")
    return "\n".join(lines)
