"""What the filters measure in a conversation: one number a record for each reason to leave it out.

Arrow matches the patterns over all turns of a batch at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.clean import filter_patterns as p
from curation.methods.repetition import repeated
from curation.methods.texts import Turns

Scores = npt.NDArray[np.float64]

CHARS_PER_TOKEN = 4.0
"""An estimate for English under a tokenizer of about 130,000 tokens; a mix counts exactly, with the base's own."""


@dataclass(frozen=True)
class Conversation:
    """The turns of a batch as the filters read them; `answers` are what would be learned."""

    batch: pa.RecordBatch

    @property
    def rows(self) -> int:
        """How many records."""
        return int(self.batch.num_rows)

    @cached_property
    def messages(self) -> Turns:
        """The conversation, or the prompt of a preference."""
        return Turns.of(self.batch.column("messages"))

    @cached_property
    def answers(self) -> tuple[pa.StringArray, npt.NDArray[np.int64]]:
        """The assistant's turns of chats and of `chosen`, each with its record's row."""
        texts, rows = [], []
        for name in ("messages", "chosen"):
            turns = Turns.of(self.batch.column(name))
            spoken = pc.fill_null(pc.equal(turns.role, "assistant"), False)
            texts.append(pc.fill_null(turns.content.filter(spoken), ""))
            rows.append(turns.rows[spoken.to_numpy(zero_copy_only=False)])
        return pa.concat_arrays(texts), np.concatenate(rows)

    def count(self, texts: pa.StringArray, rows: npt.NDArray[np.int64], pattern: str) -> Scores:
        """For each record the number of its texts that match."""
        return self.total(rows, matches(texts, pattern))

    def total(self, rows: npt.NDArray[np.int64], weights: npt.NDArray[np.generic]) -> Scores:
        """Sums by record."""
        return np.asarray(np.bincount(rows, weights=weights.astype(float), minlength=self.rows), np.float64)


def matches(texts: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    """Which texts hold a match; null does not."""
    found: npt.NDArray[np.bool_] = pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(
        zero_copy_only=False
    )
    return found


def tokens(talk: Conversation) -> Scores:
    """Tokens of all turns, estimated."""
    total = np.zeros(talk.rows)
    for name in ("messages", "chosen"):
        turns = Turns.of(talk.batch.column(name))
        for text in (turns.content, turns.reasoning):
            sizes = pc.fill_null(pc.utf8_length(text), 0).to_numpy(zero_copy_only=False)
            total += talk.total(turns.rows, sizes)
    return total / CHARS_PER_TOKEN


def identity(talk: Conversation) -> Scores:
    """Answers that claim to be a certain model, or a model at all."""
    return talk.count(*talk.answers, p.IDENTITY)


def cutoff_date(talk: Conversation) -> Scores:
    """Answers that tell how far a model's knowledge reaches."""
    return talk.count(*talk.answers, p.CUTOFF)


def refusals(talk: Conversation) -> Scores:
    """The share of answers that decline; a reply about safety, or to a person in danger, does not count."""
    texts, rows = talk.answers
    declined = matches(texts, p.REFUSAL) & ~matches(texts, p.SAFETY)
    if declined.any():
        messages = talk.messages
        spoken = pc.fill_null(pc.equal(messages.role, "user"), False).to_numpy(zero_copy_only=False)
        worrying = matches(
            messages.content,
            p.WORRYING,
        )
        declined &= ~(talk.total(messages.rows, spoken & worrying) > 0)[rows]
    asked = talk.total(rows, np.ones(len(rows)))
    return np.divide(talk.total(rows, declined), asked, out=np.zeros(talk.rows), where=asked > 0)


def special_tokens(talk: Conversation) -> Scores:
    """Turns with a chat format's control tokens in them."""
    texts, rows = talk.answers
    return talk.count(texts, rows, p.SPECIAL) + talk.count(talk.messages.content, talk.messages.rows, p.SPECIAL)


def template(talk: Conversation) -> Scores:
    """Answers with what is left of a prompt template."""
    return talk.count(*talk.answers, p.TEMPLATE)


def mojibake(talk: Conversation) -> Scores:
    """Damaged characters in a thousand, over all turns."""
    texts, rows = talk.messages.content, talk.messages.rows
    answers, own = talk.answers
    both, places = pa.concat_arrays([texts, answers]), np.concatenate([rows, own])
    if not matches(both, p.MOJIBAKE).any():
        return np.zeros(talk.rows)
    hits = pc.fill_null(pc.count_substring_regex(both, p.MOJIBAKE), 0).to_numpy(zero_copy_only=False)
    sizes = talk.total(places, pc.fill_null(pc.utf8_length(both), 0).to_numpy(zero_copy_only=False))
    return np.divide(1000 * talk.total(places, hits), sizes, out=np.zeros(talk.rows), where=sizes > 0)


def repetition(talk: Conversation) -> Scores:
    """The largest share of an answer's 5-grams that it said before; answers under 50 words do not count."""
    texts, rows = talk.answers
    found = np.zeros(talk.rows)
    np.maximum.at(found, rows, repeated(texts, 5, 50))
    return found


def links_only(talk: Conversation) -> Scores:
    """Turns that hold nothing but links."""
    texts, rows = talk.answers
    total = np.zeros(talk.rows)
    for some, places in ((texts, rows), (talk.messages.content, talk.messages.rows)):
        total += talk.total(places, matches(some, p.LINK) & matches(some, p.ONLY_LINKS))
    return total


def mixed_personas(talk: Conversation) -> Scores:
    """Answers in which two speakers talk."""
    texts, rows = talk.answers
    speakers = np.sum([matches(texts, pattern) for pattern in p.SPEAKERS], axis=0)
    return talk.total(rows, speakers > 1)


def cut_off(talk: Conversation) -> Scores:
    """The length in characters of the last answer where it ends in the middle of a sentence, else 0."""
    texts, rows = talk.answers
    last = np.full(talk.rows, -1)
    last[rows] = np.arange(len(rows))
    there = last >= 0
    ends = texts.take(pa.array(last[there]))
    sizes = pc.utf8_length(ends).to_numpy(zero_copy_only=False)
    found = np.zeros(talk.rows)
    found[there] = np.where(matches(ends, p.UNFINISHED), sizes, 0)
    return found


def role_order(talk: Conversation) -> Scores:
    """1 where a tool speaks before any answer could have asked for it."""
    messages = talk.messages
    spots = np.arange(len(messages.role))
    first = {}
    for role in ("tool", "assistant"):
        first[role] = np.full(talk.rows, len(spots) + 1)
        spoken = pc.fill_null(pc.equal(messages.role, role), False).to_numpy(zero_copy_only=False)
        np.minimum.at(first[role], messages.rows[spoken], spots[spoken])
    return (first["tool"] < first["assistant"]).astype(float)


def same_answer(talk: Conversation) -> Scores:
    """1 where a preference has the same chosen and rejected answer."""
    chosen, rejected = (_written(Turns.of(talk.batch.column(name))) for name in ("chosen", "rejected"))
    same = pc.and_(pc.equal(chosen, rejected), pc.equal(talk.batch.column("kind"), "preference"))
    found: Scores = pc.fill_null(same, False).to_numpy(zero_copy_only=False).astype(float)
    return found


def _written(turns: Turns) -> pa.StringArray:
    bounds = np.concatenate([[0], np.cumsum(turns.lengths)]).astype(np.int32)
    lines = pc.binary_join_element_wise(pc.fill_null(turns.role, ""), pc.fill_null(turns.content, ""), "\x1f")
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), lines), "\x1e")


MEASURES: Mapping[str, Callable[[Conversation], Scores]] = {
    "role_order": role_order,
    "same_answer": same_answer,
    "special_tokens": special_tokens,
    "template": template,
    "mojibake": mojibake,
    "mixed_personas": mixed_personas,
    "identity": identity,
    "cutoff_date": cutoff_date,
    "refusals": refusals,
    "links_only": links_only,
    "repetition": repetition,
    "cut_off": cut_off,
    "tokens": tokens,
}
"""By reason, in the order in which a record is asked; the first that goes over its threshold is named."""
