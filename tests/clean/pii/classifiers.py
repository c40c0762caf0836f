"""A tiny token-classification model, trained here in seconds on made-up talk."""

from __future__ import annotations

from pathlib import Path

from tests.clean.pii.pipelines import examples
from tests.clean.pii.talk import Told

_NAMES = ["O", *(f"{begin}-{label}" for label in ("PER", "LOC", "ORG", "FAC") for begin in "BI")]
_OURS = {"PERSON": "PER", "GPE": "LOC", "ORG": "ORG", "FAC": "FAC"}


def train(folder: Path, *, count: int = 320, epochs: int = 8) -> Path:
    """Train BERT of two small layers on words, to which every name is unknown, and write it as transformers does."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertForTokenClassification

    torch.manual_seed(1)
    told = examples(count)
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(
        map(_without_names, told), trainers.WordLevelTrainer(special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(pad_id=0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=130,
        id2label=dict(enumerate(_NAMES)),
        label2id={name: number for number, name in enumerate(_NAMES)},
    )
    model = BertForTokenClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    encoded = tokenizer.encode_batch([one.text for one in told])
    ids = torch.tensor([one.ids for one in encoded])
    mask = torch.tensor([one.attention_mask for one in encoded])
    goal = torch.tensor([_goal(one.offsets, e.entities) for one, e in zip(encoded, told, strict=True)])
    goal[mask == 0] = -100
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(ids)).split(32):
            loss = model(input_ids=ids[rows], attention_mask=mask[rows], labels=goal[rows]).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "README.md").write_text("---\nlanguage:\n- en\n- ga\n---\n# Tiny\n")
    return folder


def _without_names(one: Told) -> str:
    text = one.text
    for start, end, _ in reversed(one.entities):
        text = text[:start] + text[end:]
    return text


def _goal(offsets: list[tuple[int, int]], entities: tuple[tuple[int, int, str], ...]) -> list[int]:
    goal = [0] * len(offsets)
    for start, end, label in entities:
        inside = [place for place, (a, b) in enumerate(offsets) if a < end and start < b]
        for place in inside:
            goal[place] = _NAMES.index(f"{'B' if place == inside[0] else 'I'}-{_OURS[label]}")
    return goal
