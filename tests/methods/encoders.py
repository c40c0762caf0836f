"""Tiny encoders with random weights, one for each architecture, with a tokenizer of whole words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = "i you am so happy sad angry thank feel the a not very and but because it is was my your what why never".split()
BASE = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
PLACES = 66

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "roberta": ("RobertaConfig", {**BASE, "max_position_embeddings": PLACES, "pad_token_id": 1}),
    "xlm-roberta": ("XLMRobertaConfig", {**BASE, "max_position_embeddings": PLACES, "pad_token_id": 1}),
    "bert": ("BertConfig", {**BASE, "max_position_embeddings": PLACES, "pad_token_id": 1}),
    "electra": (
        "ElectraConfig",
        {**BASE, "embedding_size": 16, "max_position_embeddings": PLACES, "pad_token_id": 1},
    ),
    "distilbert": (
        "DistilBertConfig",
        {"vocab_size": 64, "dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48,
         "max_position_embeddings": PLACES, "pad_token_id": 1},
    ),
    "modernbert": (
        "ModernBertConfig",
        {**BASE, "max_position_embeddings": 256, "local_attention": 16, "pad_token_id": 1, "bos_token_id": 0,
         "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2},
    ),
    "deberta-v2": (
        "DebertaV2Config",
        {**BASE, "max_position_embeddings": PLACES, "pad_token_id": 1, "relative_attention": True,
         "pos_att_type": ["p2c", "c2p"], "position_buckets": 16},
    ),
}  # fmt: skip


def build(folder: Path, kind: str, labels: list[str], *, seed: int = 0, loud: float = 8.0, **config: Any) -> Path:
    """Write a checkpoint; `loud` widens its weights, so that a token in a wrong place changes what it says."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    name, values = CONFIGS[kind]
    torch.manual_seed(seed)
    settings = getattr(transformers, name)(
        **values, id2label=dict(enumerate(labels)), problem_type="multi_label_classification", **config
    )
    model = transformers.AutoModelForSequenceClassification.from_config(settings)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight *= loud
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    vocab = {token: place for place, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    # As published tokenizers do: they cut and fill for whoever forgets to.
    tokenizer.enable_truncation(16)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
