"""Token-classification models: safetensors on this disk, read by transformers, run without its pipelines.

Presidio's `HuggingFaceNerRecognizer` would load by name from the hub, take one text at a time, and say nothing but a
line in the log where a text makes it fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

import yaml

from curation.clean.pii.entities import Entity, label_of
from curation.core import model_files, models
from curation.core.errors import require
from curation.core.model_files import ModelFiles

BATCH = 32
LENGTH = 512
STRIDE = 64
"""Texts of more than `LENGTH` tokens are cut into pieces that overlap by so many."""

_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


def files_of(name: str) -> ModelFiles:
    """The files of a model: a folder, or `owner/name@commit` in the cache of the hub's client.

    Raises:
        MissingError: it is not here; the mend is the command that brings it.
        ProjectError: no commit, pickled weights, or code of its own.
    """
    place, at, commit = name.rpartition("@")
    return model_files.resolve(place, commit) if at and "/" in place else model_files.resolve(name)


def digest(name: str) -> str:
    """What decides what a model finds: its settings, tokenizer and weights, and the languages that its card names."""
    files = files_of(name)
    return f"{model_files.fingerprint(files)} {','.join(sorted(_languages(files)))}".strip()


def load(name: str, level: str) -> Classifier:
    """The model of a level; see `Classifier`."""
    require("ner", "torch", "transformers", "tokenizers", "safetensors")
    return Classifier(files_of(name))


class Classifier:
    """A token-classification model."""

    recogniser = "TokenClassifier"

    def __init__(self, files: ModelFiles) -> None:
        """Load it.

        Raises:
            MissingError: it has no tokenizer.json.
            ProjectError: it is another kind of model.
            IntegrityError: its files cannot be read.
        """
        self._model = models.load_token_classifier(files)
        self._tokenizer = model_files.load_tokenizer(files)
        # RoBERTa numbers positions from two.
        longest = int(files.config.get("max_position_embeddings") or LENGTH + 2) - 2
        self._tokenizer.enable_truncation(min(LENGTH, longest), stride=min(STRIDE, longest // 4))
        self._tokenizer.no_padding()
        self._pad = int(files.config.get("pad_token_id") or 0)
        names = {int(number): name for number, name in self._model.config.id2label.items()}
        self._labels = [label_of(names[number]) for number in range(len(names))]
        self._begins = [names[number][:2] in ("B-", "S-", "U-") for number in range(len(names))]
        self.labels = frozenset(label for label in self._labels if label)
        self.languages = _languages(files)

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """The entities in each text that are personal data."""
        pieces = [
            (place, piece)
            for place, whole in enumerate(self._tokenizer.encode_batch(list(texts)))
            for piece in (whole, *whole.overflowing)
        ]
        pieces.sort(key=lambda one: len(one[1].ids))
        found: list[list[Entity]] = [[] for _ in texts]
        for start in range(0, len(pieces), BATCH):
            batch = pieces[start : start + BATCH]
            for (place, piece), (numbers, scores) in zip(batch, self._predict([p.ids for _, p in batch]), strict=True):
                found[place] += self._spans(texts[place], piece, numbers, scores)
        return [_merged(there) for there in found]

    def _predict(self, ids: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], list[float]]]:
        import torch

        width = max(map(len, ids))
        padded = torch.tensor([[*row, *[self._pad] * (width - len(row))] for row in ids])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
        with torch.inference_mode():
            scores, numbers = self._model(input_ids=padded, attention_mask=mask).logits.softmax(-1).max(-1)
        return zip(numbers.tolist(), scores.tolist(), strict=True)

    def _spans(self, text: str, piece: Any, numbers: Sequence[int], scores: Sequence[float]) -> Iterator[Entity]:
        """Tokens of one label in a row, widened to whole words: of a name no syllable may stay."""
        open_: list[tuple[int, int, str, float]] = []
        for (start, end), number, score in zip(piece.offsets, numbers, scores, strict=False):
            label = self._labels[number] if end > start else None
            # A word that goes on belongs together, whatever the scheme of the labels says.
            if open_ and (label != open_[-1][2] or (self._begins[number] and start > open_[-1][1])):
                yield _widened(text, open_)
                open_ = []
            if label is not None:
                open_.append((start, end, label, score))
        if open_:
            yield _widened(text, open_)


def _widened(text: str, tokens: Sequence[tuple[int, int, str, float]]) -> Entity:
    start, end = tokens[0][0], tokens[-1][1]
    while start < end and text[start].isspace():
        start += 1
    while 0 < start < len(text) and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    # To two digits: the last ones depend on what else was in the batch.
    return Entity(start, end, tokens[0][2], max(0.01, round(sum(t[3] for t in tokens) / len(tokens), 2)))


def _merged(found: list[Entity]) -> list[Entity]:
    """Pieces of a text overlap: what both found is one."""
    made: list[Entity] = []
    for one in sorted(found, key=lambda e: (e.label, e.start, e.end)):
        if made and made[-1].label == one.label and one.start < made[-1].end:
            made[-1] = made[-1]._replace(end=max(one.end, made[-1].end), score=max(one.score, made[-1].score))
        else:
            made.append(one)
    return made


def _languages(files: ModelFiles) -> frozenset[str]:
    """The languages that the model's card names in its head, as two letters."""
    card = files.folder / "README.md"
    front = _FRONT.match(card.read_text(encoding="utf-8", errors="replace")) if card.is_file() else None
    try:
        told = yaml.safe_load(front[1]) if front else None
    except yaml.YAMLError:
        told = None
    named = told.get("language") if isinstance(told, dict) else None
    return frozenset(code for code in (named if isinstance(named, list) else [named]) if _is_code(code))


def _is_code(code: Any) -> TypeGuard[str]:
    return isinstance(code, str) and len(code) == 2 and code.isalpha()
