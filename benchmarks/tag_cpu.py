"""Emotion tagging on one CPU thread: CPU seconds against a pipeline of transformers; turns a second of the embedded.

    python benchmarks/tag_cpu.py [SHORT] [LONG]

The same texts, the same RoBERTa-base shape with random weights, tokenisation included, side by side in one run.
Texts longer than the model can read are cut by the pipeline, and so here are those for both.

Beside each ratio stands what bounds it: how many tokens the pipeline computes for each real one, and the CPU seconds
that the layers' products alone take at the rate of this thread, measured in the same run.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import torch  # noqa: E402
from tag_texts import ROBERTA_BASE, ROOM, checkpoint, difference, long, short, sigmoid  # noqa: E402
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline  # noqa: E402

from curation.core.model_files import resolve  # noqa: E402
from curation.methods.encoder import Encoder, computes_bf16  # noqa: E402
from curation.methods.packing import Windows  # noqa: E402
from curation.methods.tokenise import Tokeniser  # noqa: E402
from curation.tag.cnn import CnnTagger  # noqa: E402
from curation.tag.tiny import TinyTagger  # noqa: E402

Run = Callable[[list[str]], np.ndarray]
WANTED = {"float32": 3.5, "bfloat16": 10.0}


def peer(folder: Path) -> Run:
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    order = list(model.config.id2label.values())
    tag = pipeline(
        "text-classification",
        model=model,
        tokenizer=AutoTokenizer.from_pretrained(folder),
        top_k=None,
        function_to_apply="sigmoid",
        device=-1,
    )

    def run(texts: list[str]) -> np.ndarray:
        rows = tag(texts, batch_size=32, truncation=True, max_length=512)
        return np.array([[{x["label"]: x["score"] for x in row}[label] for label in order] for row in rows])

    return run


def ours(folder: Path, precision: str) -> Run:
    files = resolve(folder)
    encoder, tokeniser = Encoder.load(files, precision), Tokeniser.load(files)

    def run(texts: list[str]) -> np.ndarray:
        tokens = tokeniser.tokens(pa.array(texts))
        cut = pa.array([ids[:ROOM] for ids in tokens.to_pylist()], tokens.type)
        return sigmoid(encoder.logits(Windows.of(cut, ROOM), tokeniser.around))

    return run


def measure(run: Run, texts: list[str]) -> tuple[float, np.ndarray]:
    run(texts[:4])
    started = time.process_time()
    found = run(texts)
    return time.process_time() - started, found


def computed(lengths: np.ndarray, batch: int = 32) -> float:
    """Tokens that batches in the order of the texts compute for each real one, padded to their longest."""
    parts = [lengths[i : i + batch] for i in range(0, len(lengths), batch)]
    return sum(int(part.max()) * len(part) for part in parts) / int(lengths.sum())


def products(tokens: int, dtype: torch.dtype) -> float:
    """CPU seconds of the layers' matrix products for so many tokens, at the best of five of a 2,048-token batch."""
    width, inner = ROBERTA_BASE["hidden_size"], ROBERTA_BASE["intermediate_size"]
    spent = 0.0
    for wide, narrow, times in ((width, width, 4), (width, inner, 1), (inner, width, 1)):
        layer, rows = torch.nn.Linear(wide, narrow).to(dtype), torch.randn(2048, wide).to(dtype)
        with torch.inference_mode():
            spent += times * min(_once(layer, rows) for _ in range(5))
    return spent * ROBERTA_BASE["num_hidden_layers"] * tokens / 2048


def _once(layer: torch.nn.Linear, rows: torch.Tensor) -> float:
    started = time.process_time()
    layer(rows)
    return time.process_time() - started


def embedded() -> None:
    texts = pa.array(short(5_427))
    for name, tagger, wanted in (
        ("embedded", CnnTagger.load(), 10_000),
        ("embedded-linear", TinyTagger.load(), 50_000),
    ):
        tagger.score(texts.slice(0, 200))
        spent = min(_spent(tagger, texts) for _ in range(3))
        print(f"{name:16} {len(texts) / spent:9,.0f} turns per CPU second (wanted {wanted:,})", flush=True)


def _spent(tagger: CnnTagger | TinyTagger, texts: pa.StringArray) -> float:
    started = time.process_time()
    tagger.score(texts)
    return time.process_time() - started


def main(shorts: int = 128, longs: int = 32) -> None:
    torch.set_num_threads(1)
    print("embedded taggers, GoEmotions' test split, evidence not included")
    embedded()
    with tempfile.TemporaryDirectory() as place:
        folder = checkpoint(Path(place) / "model", short(3000) + long(200))
        runs = {"float32": ours(folder, "float32")}
        if computes_bf16(torch.device("cpu")):
            runs["bfloat16"] = ours(folder, "auto")
        other = peer(folder)
        mixed = [text for pair in zip(short(longs), long(longs), strict=True) for text in pair]
        for kind, texts in (("short", short(shorts)), ("long", long(longs)), ("mixed", mixed)):
            lengths = Tokeniser.load(resolve(folder)).tokens(pa.array(texts)).value_lengths().to_numpy() + 2
            print(f"{kind} turns: {len(texts)}, {lengths.mean():.0f} tokens on average, {lengths.max()} at most")
            spent, wanted = measure(other, texts)
            print(f"  pipeline(batch_size=32) {spent:7.1f} CPU s, {computed(lengths):.2f} tokens for each real one")
            for precision, run in runs.items():
                mine, found = measure(run, texts)
                bound = products(int(lengths.sum()), getattr(torch, precision))
                print(
                    f"  packed, {precision:8} {mine:13.1f} CPU s  ratio {spent / mine:5.2f} "
                    f"(wanted {WANTED[precision]}, products alone {spent / bound:.2f})  {difference(found, wanted)}",
                    flush=True,
                )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
