"""Preference pairs to token ids: the prompt once, then both answers, so that what they share is computed once."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from curation.train.encode import BATCH, Counts, Document, Encoder, Row, Tokens, Turn, unlearned


class PairRow(NamedTuple):
    """One preference row of a mix: the conversation so far, and the better and the worse way to go on."""

    id: str
    persona: str
    prompt: tuple[Turn, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True)
class Pair(Document):
    """A packed pair: `prompt` tokens, then `chosen` tokens of the better answer, then those of the worse one."""

    prompt: int
    chosen: int

    @property
    def content(self) -> bytes:
        """A digest of the prompt and both answers, whatever the row is called."""
        borders = f"{self.prompt} {self.chosen}\n".encode()
        return hashlib.blake2b(borders + self.ids.tobytes(), digest_size=16).digest()


def encode_pairs(encoder: Encoder, rows: Iterable[PairRow], max_tokens: int) -> tuple[list[Pair], Counts]:
    """Encode pairs into documents of at most `max_tokens` tokens.

    A pair that is too long is left out and counted: without its beginning, a conversation may call for another answer.

    Raises:
        ProjectError: an unknown role.
        IntegrityError: the tokenizer makes a control token from plain text.
    """
    counts, pairs = Counts(), []
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        answers = [[Turn("assistant", row.chosen, True), Turn("assistant", row.rejected, True)] for row in batch]
        whole = [Row(row.id, row.persona, (*row.prompt, *two)) for row, two in zip(batch, answers, strict=True)]
        for row, turns in zip(batch, encoder.turns(whole), strict=True):
            counts.rows += 1
            made = _pair(encoder, row, turns)
            if len(made) > max_tokens:
                counts.rows_overlong += 1
                continue
            counts.rows_encoded += 1
            counts.documents += 1
            counts.tokens += len(made)
            counts.trained_tokens += sum(made.trained)
            pairs.append(made)
    return pairs, counts


def _pair(encoder: Encoder, row: PairRow, turns: list[Tokens]) -> Pair:
    *prompt, chosen, rejected = turns
    # What stands before an answer's text is the same before both, so it belongs to the prompt.
    begins = encoder.begins
    head = unlearned(encoder.join([encoder.bos, *prompt, _cut(chosen, 0, begins)]))
    better, worse = _cut(chosen, begins), _cut(rejected, begins)
    whole = encoder.join([head, better, worse])
    return Pair(whole.ids, whole.trained, row.id, row.persona, 0, prompt=len(head), chosen=len(better))


def _cut(tokens: Tokens, start: int, end: int | None = None) -> Tokens:
    return Tokens(array("i", tokens.ids[start:end]), tokens.trained[start:end])
