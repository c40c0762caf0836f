"""What the tagging benchmarks share: texts of two kinds, and an encoder of any shape with random weights."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
ROBERTA_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
ROOM = 510


def short(count: int) -> list[str]:
    """Turns of GoEmotions' length: its test split where it is there, else made-up words in lengths like its own."""
    path = DATA / "goemotions" / "test.tsv"
    if path.is_file():
        found = [line.split("\t")[0] for line in path.read_text("utf-8").split("\n")[:-1]]
        return [found[i % len(found)] for i in range(count)]
    return made(count, 12, 7, 30)


def long(count: int) -> list[str]:
    """Turns as in counselling: answers of CounselChat where they are there, else made-up words of such lengths."""
    path = DATA / "counsel_chat" / "counsel_chat_dev_half.csv"
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as stream:
            found = [" ".join(row["answerText"].split()) for row in csv.DictReader(stream) if row["answerText"].strip()]
        return [found[i % len(found)] for i in range(count)]
    return made(count, 150, 110, 600)


def made(count: int, mean: int, spread: int, most: int, seed: int = 5) -> list[str]:
    """Texts of words drawn as frequently as in a language (Zipf), their numbers log-normal."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlu"))
    words = ["".join(rng.choice(letters, n)) for n in rng.integers(2, 9, 8000)]
    share = 1 / np.arange(1, len(words) + 1)
    sigma = np.sqrt(np.log(1 + (spread / mean) ** 2))
    numbers = np.clip(rng.lognormal(np.log(mean) - sigma**2 / 2, sigma, count), 1, most).astype(int)
    drawn = rng.choice(len(words), numbers.sum(), p=share / share.sum())
    ends = np.cumsum(numbers)
    return [" ".join(words[w] for w in drawn[end - n : end]) for n, end in zip(numbers, ends, strict=True)]


def checkpoint(folder: Path, texts: list[str], shape: dict[str, int] = ROBERTA_BASE) -> Path:
    """A RoBERTa of 28 labels with random weights and a byte-pair tokenizer learned from the texts."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import RobertaProcessing
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForSequenceClassification

    torch.manual_seed(0)
    config = RobertaConfig(
        **shape,
        vocab_size=50_265,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_labels=28,
        problem_type="multi_label_classification",
    )
    RobertaForSequenceClassification(config).save_pretrained(folder)
    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts, vocab_size=30_000, special_tokens=special, show_progress=False)
    tokenizer._tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer._tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=512,
    ).save_pretrained(folder)
    return folder


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def difference(found: np.ndarray, wanted: np.ndarray) -> str:
    """The largest difference of two sets of probabilities, and the share of labels on the other side of .5."""
    flips = ((found >= 0.5) != (wanted >= 0.5)).mean()
    return f"largest difference {np.abs(found - wanted).max():.1e}, labels flipped at .5 {flips:.2%}"
