"""Fit the model of the risk screen: `python -m curation.tag.train_risk --blind FILE… --out FILE`.

Logistic regressions over hashed n-grams and what the patterns found. Marked texts come in files: `--blind` ones, which
no pattern was written for, are scored out of fold, a whole file left out at a time, for a file is one writer's hand;
from those scores come the bars and the table that is printed. `--seen` ones, which patterns were developed on, are
learned from without what the patterns found in them. Texts of ordinary life (`--calm`, `--scenarios`) teach what nobody
needs to see. Needs scikit-learn. Two minutes on one core; the same seed and library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import yaml

from curation.core import files
from curation.core.errors import require
from curation.tag.features import BITS, Kind, occurrences
from curation.tag.fitting import read_split, read_text
from curation.tag.risk import model as risk_model
from curation.tag.risk import score as risk_score
from curation.tag.risk.find import find
from curation.tag.risk.model import HEADS, RiskModel
from curation.tag.risk.rules import FLAGS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_C = 7.0
_CALM, _LINE = 0.07, 0.2
"""What a comment and a scenario's line count: they are only presumed to be harmless, so none must teach much."""
_CALM_TEXTS = 6000
_IDF_UNIT = 8
RECALLS = (0.99, 0.98, 0.97, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4, 0.3)

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Texts with what is known of them.

    Attributes:
        texts: n texts.
        truth: bool (n, heads).
        part: which file each is from; -1 for those that are not scored out of fold.
        weight: what each counts.
        signal: what the patterns found.
    """

    texts: pa.StringArray
    truth: Flags
    part: npt.NDArray[np.int64]
    weight: Floats
    signal: Floats


def lesson(blind: Sequence[Path], seen: Sequence[Path], calm: Path | None, scenarios: Path | None, seed: int) -> Lesson:
    """Read everything that is learned from.

    Raises:
        CurateError: a file is missing or has another form.
    """
    texts: list[str] = []
    truth: list[list[bool]] = []
    part: list[int] = []
    for number, path in enumerate([*blind, *seen]):
        for one in risk_score.read(path):
            texts.append(one.row["text"])
            truth.append([one.level >= level for level in range(2, 6)] + [flag in one.flags for flag in FLAGS])
            part.append(number if number < len(blind) else -1)
    comments, lines = _calm(calm, seed), _lines(scenarios)
    ordinary = [*comments, *lines]
    texts += ordinary
    truth += [[False] * len(HEADS)] * len(ordinary)
    part += [-1] * len(ordinary)
    array = pa.array(texts, pa.string())
    signal = risk_model.signals(find(array, np.zeros(len(array), bool)))
    marked = len(texts) - len(ordinary)
    signal[:marked][np.array(part[:marked]) < 0] = 0
    weight = np.repeat([1.0, _CALM, _LINE], [marked, len(comments), len(lines)])
    return Lesson(array, np.array(truth), np.array(part), weight, signal)


def _calm(folder: Path | None, seed: int) -> list[str]:
    """Comments of GoEmotions in which the patterns find nothing."""
    if folder is None:
        return []
    texts, _ = read_split(folder, "train", read_text(folder / "emotions.txt").split())
    some = texts.take(np.sort(np.random.default_rng(seed).permutation(len(texts))[:_CALM_TEXTS]))
    found = find(some, np.zeros(len(some), bool))
    return [text for text, findings in zip(some.to_pylist(), found, strict=True) if not findings]


def _lines(folder: Path | None) -> list[str]:
    """What is said in the scenarios that state no risk."""
    lines: dict[str, None] = {}
    for path in sorted(folder.glob("*.yaml")) if folder else ():
        with files.os_errors(path):
            scenario = yaml.safe_load(path.read_text("utf-8"))
        if scenario["safety"]["risk"] == 0:
            said = [scenario[key] for key in ("opening", "begins", "steps", "ends") if key in scenario]
            lines.update(dict.fromkeys(re.sub(r"\{\w+\}", "it", line) for line in _strings(said)))
    return list(lines)


def _strings(node: Any) -> Iterator[str]:
    """Every sentence in a document, in order; words that are settings are shorter."""
    if isinstance(node, str) and " " in node:
        yield node
    elif isinstance(node, list | dict):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _strings(value)


def fit(given: Lesson, seed: int) -> tuple[RiskModel, Floats]:
    """Fit the model, and score each blind text by one that has not seen its file.

    Returns:
        The model, its bars and thresholds from the scores out of fold; and those, float64 (n, heads).
    """
    from scipy.sparse import csr_matrix, hstack

    idf = np.stack([_idf(given.texts, kind) for kind in risk_model.KINDS])
    grams = [_matrix(given.texts, kind, one) for kind, one in zip(risk_model.KINDS, idf, strict=True)]
    features = hstack([*grams, csr_matrix(given.signal)]).tocsr()
    apart = np.zeros((len(given.texts), len(HEADS)))
    for part in np.unique(given.part[given.part >= 0]):
        out = given.part == part
        for head in range(len(HEADS)):
            weights, bias = _fit_head(features, given, ~out, head, seed)
            apart[out, head] = features[out] @ weights + bias
    fitted = [_fit_head(features, given, np.ones(len(given.texts), bool), head, seed) for head in range(len(HEADS))]
    weights = np.stack([one for one, _ in fitted], axis=1)
    large, signal = np.split(weights[: len(idf) << BITS], len(idf)), weights[len(idf) << BITS :]
    units = np.stack([np.abs(one).max(axis=0) / 127 for one in large])
    blind = given.part >= 0
    reached = np.sort(apart[blind & given.truth[:, 0], 0])
    model = RiskModel(
        weights=np.rint(np.stack(large) / units[:, None]).astype(np.int8),
        idf=idf,
        units=units,
        signal=signal,
        bias=np.array([bias for _, bias in fitted]),
        given=np.array([_best(apart[blind, head], given.truth[blind, head]) for head in range(len(HEADS))]),
        bars={f"{share:.2f}": float(reached[int((1 - share) * len(reached))]) for share in RECALLS},
    )
    return model, apart


def _idf(texts: pa.StringArray, kind: Kind) -> npt.NDArray[np.uint8]:
    """How telling each bucket is, 0 where fewer than two texts have it."""
    seen = np.zeros(1 << BITS, np.int64)
    for row, bucket in occurrences(texts, kind, risk_model.classes()):
        once = np.unique(row << BITS | bucket)
        seen += np.bincount(once & ((1 << BITS) - 1), minlength=1 << BITS)
    idf = np.rint(_IDF_UNIT * (1 + np.log((1 + len(texts)) / (1 + seen)))).astype(np.uint8)
    idf[seen < 2] = 0
    return idf


def _matrix(texts: pa.StringArray, kind: Kind, idf: npt.NDArray[np.uint8]) -> csr_matrix:
    """Features of one kind, as `RiskModel.score` weighs them."""
    from scipy.sparse import csr_matrix

    found = list(occurrences(texts, kind, risk_model.classes()))
    row, bucket = (np.concatenate(part) for part in zip(*found, strict=True))
    value = idf.take(bucket).astype(np.float64)
    squares = np.bincount(row, value * value, len(texts))
    return csr_matrix((value / np.sqrt(np.maximum(squares, 1))[row], (row, bucket)), (len(texts), 1 << BITS))


def _fit_head(
    features: csr_matrix, given: Lesson, rows: Flags, head: int, seed: int
) -> tuple[npt.NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(C=_C, solver="liblinear", dual=True, tol=1e-2, max_iter=300, random_state=seed)
    solver.fit(features[rows], given.truth[rows, head], sample_weight=given.weight[rows])
    return solver.coef_[0], float(solver.intercept_[0])


def _best(score: Floats, truth: Flags) -> float:
    """The score from which to give a label for the best F1."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(score) + 1) + max(truth.sum(), 1))
    return float(score[order[int(f1.argmax())]])


def table(given: Lesson, model: RiskModel, apart: Floats, names: Sequence[str]) -> str:
    """What the model alone does on the blind texts, out of fold: at each bar precision, and recall file by file."""
    blind = given.part >= 0
    lines = ["bar   precision  " + "  ".join(f"{name:>6}" for name in names)]
    for share, bar in model.bars.items():
        held = apart[:, 0] >= bar
        hits = held & given.truth[:, 0] & blind
        cells = [
            (hits & (given.part == n)).sum() / (given.truth[:, 0] & (given.part == n)).sum() for n in range(len(names))
        ]
        lines.append(f"{share}  {hits.sum() / (held & blind).sum():9.3f}  " + "  ".join(f"{x:6.3f}" for x in cells))
    for head, name in enumerate(HEADS):
        truth, held = given.truth[blind, head], apart[blind, head] >= model.given[head]
        hit = (truth & held).sum()
        lines.append(f"{name}: recall {hit / truth.sum():.3f}, precision {hit / held.sum():.3f}")
    return "\n".join(lines)


def main() -> None:
    """Train from the command line and write the table of the blind files to stdout."""
    parser = argparse.ArgumentParser(prog="python -m curation.tag.train_risk", description="Fit the risk model.")
    parser.add_argument(
        "--blind", type=Path, nargs="+", required=True, help="marked texts that no pattern was written for"
    )
    parser.add_argument("--seen", type=Path, nargs="*", default=[], help="marked texts that patterns were developed on")
    parser.add_argument("--calm", type=Path, help="folder of GoEmotions: comments that nobody needs to see")
    parser.add_argument("--scenarios", type=Path, help="folder of scenarios: lines of those without risk")
    parser.add_argument("--out", type=Path, required=True, help="npz file to write")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    require("dev", "sklearn", "scipy")
    given = lesson(asked.blind, asked.seen, asked.calm, asked.scenarios, asked.seed)
    model, apart = fit(given, asked.seed)
    model.save(asked.out, {"seed": asked.seed, "attribution": "Fitted in part on GoEmotions, Google, CC BY 4.0"})
    sys.stdout.write(table(given, model, apart, [path.stem for path in asked.blind]) + "\n")


if __name__ == "__main__":
    main()
