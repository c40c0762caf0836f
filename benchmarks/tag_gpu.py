"""Emotion tagging on one GPU, the whole benchmark in one call under ten minutes.

    python benchmarks/tag_gpu.py [TEXTS]        # on a machine with a CUDA device; 200,000 texts by default

RoBERTa-base shape with random weights, texts of mixed length (half as short as GoEmotions, half as long as turns in
counselling). One run measures, on the same card: the bf16 rate of an 8192-cubed matrix product; packed batches as the
model stage alone and from Arrow text to Arrow probabilities; `pipeline(batch_size=64)` in float32 and bf16; and a loop
in the manner of NeMo Curator (sorted by length, batches of 256, autocast). The peers run on a sample and are given as
texts a second. Wanted: model stage at least 35 % of the matmul rate, end to end 25 %, 20 times the pipeline, 1.5 times
the sorted loop.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from tag_texts import ROBERTA_BASE, ROOM, checkpoint, difference, long, made, short, sigmoid
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from curation.core.model_files import resolve
from curation.methods.encoder import Encoder
from curation.methods.packing import Windows
from curation.methods.tokenise import Tokeniser

TEXTS, PEER_TEXTS, NEMO_TEXTS = 200_000, 4_000, 40_000
NEMO_BATCH = 256


def now() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def matmul_rate(size: int = 8192, times: int = 20) -> float:
    """FLOP a second of bf16 matrix products."""
    one = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    other = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    for _ in range(3):
        torch.mm(one, other)
    started = now()
    for _ in range(times):
        torch.mm(one, other)
    return times * 2 * size**3 / (now() - started)


def flops(lengths: np.ndarray) -> float:
    """Of the encoder over real tokens: two a weight and token, and attention, quadratic in the window."""
    width, layers, inner = (ROBERTA_BASE[k] for k in ("hidden_size", "num_hidden_layers", "intermediate_size"))
    weights = layers * (4 * width**2 + 2 * width * inner)
    return float(2 * weights * lengths.sum() + 4 * layers * width * (lengths.astype(float) ** 2).sum())


def texts_of(count: int) -> list[str]:
    """Half short, half long, mixed; distinct, for every text is scored once."""
    base = short(count // 2) + long(count - count // 2)
    marks = made(count, 2, 1, 3, seed=9)
    mixed = np.random.default_rng(1).permutation(count)
    return [f"{base[i]} {marks[i]} {i}" for i in mixed]


def peer(folder: Path, dtype: torch.dtype) -> Callable[[list[str]], np.ndarray]:
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype).eval()
    order = list(model.config.id2label.values())
    tag = pipeline(
        "text-classification",
        model=model,
        tokenizer=AutoTokenizer.from_pretrained(folder),
        top_k=None,
        function_to_apply="sigmoid",
        device=0,
    )

    def run(texts: list[str]) -> np.ndarray:
        rows = tag(texts, batch_size=64, truncation=True, max_length=512)
        return np.array([[{x["label"]: x["score"] for x in row}[label] for label in order] for row in rows])

    return run


def sorted_loop(folder: Path) -> Callable[[list[str]], np.ndarray]:
    """As NeMo Curator's stages do it: tokenise, sort by length, fixed batches padded to their longest, autocast."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval().cuda()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def run(texts: list[str]) -> np.ndarray:
        ids = tokenizer(texts, truncation=True, max_length=512)["input_ids"]
        near = np.argsort([len(one) for one in ids], kind="stable")
        found = np.empty((len(texts), 28), np.float32)
        with torch.inference_mode(), torch.autocast("cuda", torch.float16):
            for at in range(0, len(near), NEMO_BATCH):
                which = near[at : at + NEMO_BATCH]
                batch = tokenizer.pad({"input_ids": [ids[i] for i in which]}, return_tensors="pt").to("cuda")
                found[which] = model(**batch).logits.float().sigmoid().cpu().numpy()
        return found

    return run


def packed(encoder: Encoder, tokeniser: Tokeniser, texts: pa.StringArray, processes: int) -> pa.ListArray:
    """From Arrow text to Arrow probabilities, tokens made ahead in other processes."""
    found = np.empty((len(texts), 28), np.float32)
    for at, tokens in tokeniser.stream(texts, processes):
        windows = Windows.of(tokens, ROOM)
        first = np.flatnonzero(np.diff(windows.text, prepend=-1))
        found[at + windows.text[first]] = sigmoid(encoder.logits(windows, tokeniser.around)[first])
    return pa.FixedSizeListArray.from_arrays(pa.array(found.ravel()), 28)


def main(count: int = TEXTS) -> int:
    if not torch.cuda.is_available():
        print("no CUDA device: this benchmark measures a GPU and was not run")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {os.cpu_count()} cores")
    rate = matmul_rate()
    print(f"bf16 matrix products of 8192 cubed: {rate / 1e12:.0f} TFLOP/s")
    texts = texts_of(count)
    array = pa.array(texts)
    with tempfile.TemporaryDirectory() as place:
        folder = checkpoint(Path(place) / "model", texts[:5000])
        files = resolve(folder)
        encoder, tokeniser = Encoder.load(files), Tokeniser.load(files)
        if encoder.unpacked:
            print(f"NOT PACKED: {encoder.unpacked}")
        windows = Windows.of(tokeniser.tokens(array.slice(0, 50_000)), ROOM)
        lengths = windows.length + 2
        print(f"{count:,} texts, {lengths.mean():.0f} tokens on average, {lengths.max()} at most")
        encoder.logits(Windows.of(tokeniser.tokens(array.slice(0, 2_000)), ROOM), tokeniser.around)
        started = now()
        encoder.logits(windows, tokeniser.around)
        stage = flops(lengths) / (now() - started) / rate
        print(f"model stage: {stage:.1%} of the matmul rate (wanted 35 %)", flush=True)
        processes = max((os.cpu_count() or 2) - 2, 1)
        started = now()
        ours = packed(encoder, tokeniser, array, processes)
        spent = now() - started
        whole = flops(lengths) * count / len(windows) / spent / rate
        mine = count / spent
        print(f"end to end, {processes} processes: {mine:,.0f} texts/s, {whole:.1%} of the matmul rate (wanted 25 %)")
        sample = texts[:PEER_TEXTS]
        reference = None
        for name, run, size in (
            ("pipeline(batch_size=64), float32", peer(folder, torch.float32), PEER_TEXTS),
            ("pipeline(batch_size=64), bf16", peer(folder, torch.bfloat16), PEER_TEXTS),
            ("sorted, batches of 256, autocast", sorted_loop(folder), min(NEMO_TEXTS, count)),
        ):
            run(texts[:256])
            started = now()
            found = run(texts[:size])
            theirs = size / (now() - started)
            reference = found if reference is None else reference
            print(f"{name}: {theirs:,.0f} texts/s, ratio {mine / theirs:.1f}", flush=True)
        flat = np.asarray(ours.values).reshape(-1, 28)[: len(sample)]
        print(f"packed bf16 against the pipeline in float32: {difference(flat, reference)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
