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

BYTES_PER_TOKEN = 4.0
"""An estimate under a tokenizer of about 130,000 tokens: English has a byte a letter, Chinese three. A mix counts
exactly, with the base's own."""


@dataclass(frozen=True)
class Said:
    """Some turns of a batch, flat: their texts, and the row of the record that each stands in."""

    texts: pa.StringArray
    rows: npt.NDArray[np.int64]

    def where(self, which: npt.NDArray[np.bool_]) -> Said:
        """Those of the turns that are marked."""
        return Said(self.texts.filter(pa.array(which)), self.rows[which])


@dataclass(frozen=True)
class Conversation:
    """The turns of a batch as the filters read them."""

    batch: pa.RecordBatch

    @property
    def size(self) -> int:
        """How many records."""
        return int(self.batch.num_rows)

    @cached_property
    def messages(self) -> Turns:
        """The conversation, or the prompt of a preference or of an unpaired answer."""
        return Turns.of(self.batch.column("messages"))

    @cached_property
    def chosen(self) -> Turns:
        """The better answer, or the only one."""
        return Turns.of(self.batch.column("chosen"))

    @cached_property
    def client(self) -> npt.NDArray[np.bool_]:
        """Say for each record: does it teach the client's voice?"""
        return _true(pc.equal(self.batch.column("persona"), "client"))

    @cached_property
    def answers(self) -> Said:
        """The turns that would be learned.

        Of a chat what its voice says: the assistant's turns, or for a client the user's. Of a preference `chosen`. Of
        an unpaired answer `chosen`, too, unless people found it bad: that one may be as bad as it likes.
        """
        chat = _true(pc.equal(self.batch.column("kind"), "chat"))
        bad = _true(pc.invert(pc.fill_null(self.batch.column("label"), True)))
        rows = self.messages.rows
        voice = np.where(self.client[rows], _true(pc.equal(self.messages.role, "user")), self.spoken("assistant"))
        spoken = Said(_texts(self.messages), rows).where(voice & chat[rows])
        rows = self.chosen.rows
        given = Said(_texts(self.chosen), rows).where(
            _true(pc.equal(self.chosen.role, "assistant")) & ~(chat | bad)[rows]
        )
        return Said(pa.concat_arrays([spoken.texts, given.texts]), np.concatenate([spoken.rows, given.rows]))

    @cached_property
    def counsel(self) -> Said:
        """The answers but for a client's, who may evade, repeat themselves and break off as they like."""
        return self.answers.where(~self.client[self.answers.rows])

    @cached_property
    def all(self) -> Said:
        """Every turn that a model would see while it learns."""
        parts = (self.messages, self.chosen)
        return Said(pa.concat_arrays([_texts(t) for t in parts]), np.concatenate([t.rows for t in parts]))

    def spoken(self, role: str) -> npt.NDArray[np.bool_]:
        """Which of the messages a role says."""
        return _true(pc.equal(self.messages.role, role))

    def asked(self, pattern: str) -> npt.NDArray[np.bool_]:
        """Say for each record: does a turn of its user match?"""
        turns = Said(_texts(self.messages), self.messages.rows).where(self.spoken("user"))
        return self.count(turns, pattern) > 0

    def count(self, said: Said, pattern: str) -> Scores:
        """For each record the number of its turns that match."""
        return self.total(said.rows, matches(said.texts, pattern))

    def share(self, said: Said, marked: npt.NDArray[np.bool_]) -> Scores:
        """For each record the part of its turns that are marked."""
        return _ratio(self.total(said.rows, marked), self.total(said.rows, np.ones(len(said.rows))))

    def total(self, rows: npt.NDArray[np.int64], weights: npt.NDArray[np.generic]) -> Scores:
        """Sums by record."""
        return np.asarray(np.bincount(rows, weights=weights.astype(float), minlength=self.size), np.float64)


def _texts(turns: Turns) -> pa.StringArray:
    return pc.fill_null(turns.content, "")


def _true(flags: pa.BooleanArray) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.fill_null(flags, False).to_numpy(zero_copy_only=False)
    return found


def _ratio(part: Scores, whole: Scores) -> Scores:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def matches(texts: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    """Which texts hold a match; null does not."""
    found: npt.NDArray[np.bool_] = pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(
        zero_copy_only=False
    )
    return found


def tokens(talk: Conversation) -> Scores:
    """Tokens of all turns, estimated."""
    total = np.zeros(talk.size)
    for turns in (talk.messages, talk.chosen):
        for text in (turns.content, turns.reasoning):
            sizes = pc.fill_null(pc.binary_length(text), 0).to_numpy(zero_copy_only=False)
            total += talk.total(turns.rows, sizes)
    return total / BYTES_PER_TOKEN


def identity(talk: Conversation) -> Scores:
    """Answers that claim to be a certain model, or a certain maker's."""
    return talk.count(talk.answers, p.IDENTITY)


def disclaimers(talk: Conversation) -> Scores:
    """The share of answers that talk of themselves as a language model without need.

    Who is asked whether they are one, and who sends a person in danger to help, has reason to say it.
    """
    said = talk.answers
    found = matches(said.texts, p.DISCLAIMER) & ~matches(said.texts, p.CRISIS)
    if found.any():
        found &= ~(talk.asked(p.WORRYING) | talk.asked(p.ASKED_IDENTITY))[said.rows]
    return talk.share(said, found)


def cutoff_date(talk: Conversation) -> Scores:
    """Answers that tell how far a model's knowledge reaches."""
    return talk.count(talk.answers, p.CUTOFF)


def refusals(talk: Conversation) -> Scores:
    """The share of answers that decline.

    A reply about safety, or to a person in danger, does not count, nor does one that asks for what it lacks.
    """
    said = talk.counsel
    declined = matches(said.texts, p.REFUSAL) & ~matches(said.texts, p.SAFETY) & ~matches(said.texts, p.ASKS_MORE)
    if declined.any():
        declined &= ~talk.asked(p.WORRYING)[said.rows]
    return talk.share(said, declined)


def empty_answer(talk: Conversation) -> Scores:
    """The share of answers that say nothing: no letter, digit or emoji, or only that there is no answer."""
    return talk.share(talk.counsel, matches(talk.counsel.texts, p.EMPTY))


def special_tokens(talk: Conversation) -> Scores:
    """Turns with a chat format's control tokens in them."""
    return talk.count(talk.all, p.SPECIAL)


def template(talk: Conversation) -> Scores:
    """Answers with what is left of a prompt template."""
    return talk.count(talk.answers, p.TEMPLATE)


def mojibake(talk: Conversation) -> Scores:
    """Damaged characters in a thousand, over all turns."""
    said = talk.all
    if not matches(said.texts, p.MOJIBAKE).any():
        return np.zeros(talk.size)
    hits = pc.count_substring_regex(said.texts, p.MOJIBAKE).to_numpy(zero_copy_only=False)
    sizes = pc.utf8_length(said.texts).to_numpy(zero_copy_only=False)
    return 1000 * _ratio(talk.total(said.rows, hits), talk.total(said.rows, sizes))


def repetition(talk: Conversation) -> Scores:
    """The largest share of an answer's 5-grams that it said before; answers under 50 words do not count."""
    found = np.zeros(talk.size)
    np.maximum.at(found, talk.counsel.rows, repeated(talk.counsel.texts, 5, 50))
    return found


def links_only(talk: Conversation) -> Scores:
    """Answers that hold nothing but links."""
    texts = talk.answers.texts
    return talk.total(talk.answers.rows, matches(texts, p.LINK) & matches(texts, p.ONLY_LINKS))


def mixed_personas(talk: Conversation) -> Scores:
    """Answers in which two speakers talk."""
    texts, rows = talk.answers.texts, talk.answers.rows
    speakers = np.sum([matches(texts, pattern) for pattern in p.SPEAKERS], axis=0)
    return talk.total(rows, speakers > 1)


def cut_off(talk: Conversation) -> Scores:
    """The length in characters of the last answer where it ends in the middle of a sentence, else 0."""
    texts, rows = talk.counsel.texts, talk.counsel.rows
    last = np.full(talk.size, -1)
    last[rows] = np.arange(len(rows))
    there = last >= 0
    ends = texts.take(pa.array(last[there]))
    sizes = pc.utf8_length(ends).to_numpy(zero_copy_only=False)
    found = np.zeros(talk.size)
    broken = matches(ends, p.UNFINISHED) | (matches(ends, p.HALF) & matches(ends, p.PUNCTUATED))
    broken |= matches(ends, p.OPEN)
    found[there] = np.where(broken, sizes, 0)
    return found


def role_order(talk: Conversation) -> Scores:
    """1 where a tool speaks before any answer could have asked for it."""
    rows = talk.messages.rows
    spots = np.arange(len(rows))
    first = {}
    for role in ("tool", "assistant"):
        first[role] = np.full(talk.size, len(spots) + 1)
        np.minimum.at(first[role], rows[talk.spoken(role)], spots[talk.spoken(role)])
    return (first["tool"] < first["assistant"]).astype(float)


def same_answer(talk: Conversation) -> Scores:
    """1 where a preference has the same chosen and rejected answer."""
    chosen, rejected = (_written(Turns.of(talk.batch.column(name))) for name in ("chosen", "rejected"))
    return _true(pc.and_(pc.equal(chosen, rejected), pc.equal(talk.batch.column("kind"), "preference"))).astype(float)


def _written(turns: Turns) -> pa.StringArray:
    bounds = np.concatenate([[0], np.cumsum(turns.lengths)]).astype(np.int32)
    lines = pc.binary_join_element_wise(pc.fill_null(turns.role, ""), pc.fill_null(turns.content, ""), "\x1f")
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), lines), "\x1e")


MEASURES: Mapping[str, Callable[[Conversation], Scores]] = {
    "role_order": role_order,
    "same_answer": same_answer,
    "empty_answer": empty_answer,
    "special_tokens": special_tokens,
    "template": template,
    "mojibake": mojibake,
    "mixed_personas": mixed_personas,
    "identity": identity,
    "disclaimers": disclaimers,
    "cutoff_date": cutoff_date,
    "refusals": refusals,
    "links_only": links_only,
    "repetition": repetition,
    "cut_off": cut_off,
    "tokens": tokens,
}
"""By reason, in the order in which a record is asked; the first that goes over its threshold is named."""
