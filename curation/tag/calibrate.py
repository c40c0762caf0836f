"""Calibrate a checkpoint on GoEmotions' dev split: `python -m curation.tag.calibrate --data DIR --model FOLDER`.

Writes calibration and thresholds beside the model, where the stage `emotion` finds them. For a model that answers for
another domain, put rated turns of that domain into a dev.tsv of the same form, and say so with --quality.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from curation.core import files
from curation.core.errors import ProjectError, require
from curation.core.model_files import resolve
from curation.tag.calibration import CURVE
from curation.tag.checkpoint import BESIDE, CheckpointTagger
from curation.tag.fitting import best_threshold, calibrate, measures, most_neutral, read_split
from curation.tag.groups import labels


def write(model: Path, data: Path, quality: str) -> str:
    """Fit on dev and write the file beside the model; returns what to tell.

    Raises:
        ProjectError: the model does not have all 28 labels.
        CurateError: what loading the model raises.
    """
    require("dev", "sklearn")
    tagger = CheckpointTagger.load(resolve(model), {}, precision="float32", activation="auto")
    texts, truth = read_split(data, "dev", labels())
    scores, owner = tagger.scores(texts)
    if not np.isfinite(scores).all():
        raise ProjectError("the model gives scores that are no numbers", where=tagger.name)
    truth = truth[owner]
    curve = calibrate(scores.astype(np.float64), truth)
    probability = curve.probability(scores)
    thresholds = np.array([best_threshold(probability[:, j]) for j in range(len(labels()))])
    told = {
        "labels": list(labels()),
        **{name: getattr(curve, name).tolist() for name in CURVE},
        "thresholds": thresholds.tolist(),
        "most_neutral": most_neutral(probability, labels()),
        "quality": quality,
    }
    files.write_bytes(model / BESIDE, json.dumps(told, indent=1).encode())
    macro, half, error = measures(probability, thresholds, truth)
    return f"dev macro-F1 {macro:.4f}, with all thresholds .5 {half:.4f}, calibration error {error:.4f}"


def main() -> None:
    """Calibrate from the command line."""
    parser = argparse.ArgumentParser(prog="python -m curation.tag.calibrate", description="Calibrate a checkpoint.")
    parser.add_argument("--model", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="folder with dev.tsv in the form of GoEmotions")
    parser.add_argument("--quality", default="calibrated on GoEmotions (English, Reddit-domain)")
    asked = parser.parse_args()
    sys.stdout.write(write(asked.model, asked.data, asked.quality) + "\n")


if __name__ == "__main__":
    main()
