"""Fit the embedded emotion tagger on GoEmotions: `python -m curation.tag.train_cnn --data DIR --out FILE`.

The network is trained on the train split, cut to 8 bits, and calibrated on dev, which also gives the thresholds.
The test split is looked at once, for the table at the end. Needs torch and scikit-learn. Two to three minutes on one
core, of which it uses one; the same seed and library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import require
from curation.tag.cnn import DILATIONS, LEVELS, PAD, UNKNOWN, VERSION, CnnTagger, Network, tidy, tokens, window_scores
from curation.tag.fitting import (
    ABOUT,
    Truth,
    best_threshold,
    calibrate,
    measures,
    most_neutral,
    read_split,
    read_text,
    report,
)
from curation.tag.net import Net

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES = 16_000
EPOCHS = 7  # of 3 to 7, on halves of dev
BATCH = 128
RATE = 2e-3
CUT = 64  # tokens; of the train split 1 in 5,000 texts is longer

Tensors = dict[str, npt.NDArray[Any]]


def fit_tokenizer(texts: pa.StringArray) -> Tokenizer:
    """Learn pieces of words from the train split (byte-pair encoding, R. Sennrich et al. 2016)."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    plain = tidy(texts).to_pylist()
    # The trainer numbers inner letters in the order of a hash table, and equal counts go by number: give them first.
    letters = sorted({letter for word, _ in made.pre_tokenizer.pre_tokenize_str(" ".join(plain)) for letter in word})
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES,
        special_tokens=[PAD, UNKNOWN, *(f"##{letter}" for letter in letters)],
        continuing_subword_prefix="##",
        min_frequency=3,
        show_progress=False,
    )
    made.train_from_iterator(plain, trainer)
    # A text that happens to say <unk> says four characters.
    return Tokenizer.from_str(json.dumps({**json.loads(made.to_str()), "added_tokens": []}))


def fit(tokenizer: Tokenizer, texts: pa.StringArray, truth: Truth, seed: int) -> Net:
    """Train the network on the train split."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    torch.set_num_threads(1)  # sums then have one order
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    ids = [found[:CUT] or [0] for found in tokens(tokenizer, texts).to_pylist()]
    wanted = torch.from_numpy(truth.astype(np.float32))
    net = Net(tokenizer.get_vocab_size(), truth.shape[1])
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.02)
    steps = EPOCHS * -(-len(ids) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.15)
    net.train()
    for _ in range(EPOCHS):
        for which, padded in _batches(ids, rng):
            loss = binary_cross_entropy_with_logits(net(padded), wanted[which]) * truth.shape[1]
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            schedule.step()
    return net.eval()


def _batches(ids: list[list[int]], rng: np.random.Generator) -> Iterator[tuple[npt.NDArray[np.int64], Any]]:
    """Texts in random batches of similar length, padded with -1."""
    import torch

    mixed = rng.permutation(len(ids))
    lengths = np.array([len(one) for one in ids])
    pools = [mixed[i : i + 50 * BATCH] for i in range(0, len(mixed), 50 * BATCH)]
    near = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    cut = [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
    for number in rng.permutation(len(cut)):
        which = cut[number]
        padded = np.full((len(which), lengths[which].max()), -1, np.int64)
        for row, text in zip(padded, which, strict=True):
            row[: lengths[text]] = ids[text]
        yield which, torch.from_numpy(padded)


def quantise(net: Net, tokenizer: Tokenizer, texts: pa.StringArray) -> Tensors:
    """The network in 8 bits, with the steps of its activations as `texts` drive them."""
    state = {name: tensor.detach().numpy() for name, tensor in net.state_dict().items()}
    embedding = state["embed.weight"]
    scale = np.abs(embedding).max() / 127
    made: Tensors = {
        "embedding.weight": np.rint(embedding / scale).astype(np.int8),
        "embedding.scale": np.array([scale], np.float32),
    }
    layers = {f"block{i}": f"blocks.{i}" for i in range(len(DILATIONS))} | {"attention": "attend", "pooled": "pooled"}
    largest = net.largest_inputs([found[:CUT] or [0] for found in tokens(tokenizer, texts).to_pylist()])
    for name, place in layers.items():
        weight = state[f"{place}.weight"]
        # A convolution is (outputs, inputs, places); the product wants places before inputs.
        flat = weight.transpose(2, 1, 0).reshape(-1, len(weight)) if weight.ndim == 3 else weight.T
        unit = np.abs(flat).max(axis=0) / 127
        # In C order: safetensors writes the buffer of another order as it lies, and says nothing.
        made[f"{name}.weight"] = np.ascontiguousarray(np.rint(flat / unit), np.int8)
        made[f"{name}.scale"] = unit.astype(np.float32)
        made[f"{name}.bias"] = state[f"{place}.bias"].astype(np.float32)
        made[f"{name}.step"] = np.array([largest[name] / LEVELS], np.float32)
    return made


def train(data: Path, out: Path, seed: int = 0) -> CnnTagger:
    """Fit on train, calibrate and set thresholds on dev, write the weights.

    Args:
        data: folder with emotions.txt, train.tsv and dev.tsv of GoEmotions.
        out: the safetensors file to write.
        seed: of initial weights, order and dropout.

    Raises:
        MissingError: a file, torch or scikit-learn is missing.
        ProjectError: a line of the data has another form.
    """
    require("dev", "sklearn", "safetensors", "tokenizers", "torch")
    from safetensors.numpy import save

    labels = read_text(data / "emotions.txt").split()
    texts, truth = read_split(data, "train", labels)
    tokenizer = fit_tokenizer(texts)
    tensors = quantise(fit(tokenizer, texts, truth, seed), tokenizer, texts.slice(0, 2000))
    texts, truth = read_split(data, "dev", labels)
    # Dev texts have one window each, so that a score is a text's.
    score, windows = window_scores(Network.of(tensors), tokenizer, texts)
    truth = truth[windows.text]
    calibration = calibrate(score.astype(np.float64), truth)
    probability = calibration.probability(score)
    tensors["thresholds"] = np.array([best_threshold(probability[:, j]) for j in range(len(labels))])
    tensors |= vars(calibration)
    tensors["tokenizer"] = np.frombuffer(tokenizer.to_str().encode(), np.uint8)
    about = {
        **ABOUT,
        "quality": CnnTagger.quality,
        "version": VERSION,
        "seed": seed,
        "labels": labels,
        "most_neutral": most_neutral(probability, labels),
    }
    out.write_bytes(save(tensors, {"cnn": json.dumps(about, sort_keys=True)}))
    return CnnTagger.load(out)


def main() -> None:
    """Train from the command line and write the table of the test split to stdout."""
    parser = argparse.ArgumentParser(prog="python -m curation.tag.train_cnn", description="Fit the embedded tagger.")
    parser.add_argument("--data", type=Path, required=True, help="folder with emotions.txt and the three .tsv")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--more", type=int, default=0, help="fit so many more seeds, for the spread of the figures")
    asked = parser.parse_args()
    tagger, spent = _timed(asked.data, asked.out, asked.seed)
    texts, truth = read_split(asked.data, "test", tagger.labels)
    sys.stdout.write(report(tagger.predict(texts), tagger.thresholds, tagger.labels, truth) + "\n")
    sys.stdout.write(f"seed {asked.seed}: {spent:.0f} CPU seconds, {asked.out.stat().st_size:,} bytes\n")
    figures = [measures(tagger.predict(texts), tagger.thresholds, truth)]
    for seed in range(asked.seed + 1, asked.seed + 1 + asked.more):
        with tempfile.TemporaryDirectory() as folder:
            other, spent = _timed(asked.data, Path(folder) / "other.safetensors", seed)
        figures.append(measures(other.predict(texts), other.thresholds, truth))
        sys.stdout.write(f"seed {seed}: macro-F1 {figures[-1][0]:.4f}, {spent:.0f} CPU seconds\n")
    macro, half, error = np.mean(figures, axis=0)
    sys.stdout.write(
        f"mean of {len(figures)} seeds: macro-F1 {macro:.4f}, with all thresholds .5 {half:.4f}, "
        f"calibration error {error:.4f}\n"
    )


def _timed(data: Path, out: Path, seed: int) -> tuple[CnnTagger, float]:
    started = time.process_time()
    tagger = train(data, out, seed)
    return tagger, time.process_time() - started


if __name__ == "__main__":
    main()
