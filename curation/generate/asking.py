"""Questions and answers that an endpoint words, each held to the words of its card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from curation.generate.cards import Card
from curation.methods.endpoint import Reply, Request

_MOST_QUESTION, _MOST_ANSWER = 300, 1500
LEAST_QUOTE = 6
"""Words of the card that an answer holds letter by letter."""

_SYSTEM = (
    "You prepare one question and one answer for the training of a counselling assistant. You are given a statement "
    "from a text. Say nothing that the statement does not say: no other knowledge, no advice of your own, and no "
    "diagnosis of a person. Reply with one JSON object with three keys. question: what somebody could ask who has not "
    "read the statement, so that it answers them; one sentence that ends in a question mark. answer: one to four "
    f"sentences. quote: at least {LEAST_QUOTE} words of the statement, letter by letter, that stand in the answer, too."
)


@dataclass(frozen=True)
class Worded:
    """What an endpoint made of a card, or why it is of no use."""

    question: str = ""
    answer: str = ""
    model: str | None = None
    prompt: str | None = None
    reject: str | None = None


def requests(cards: Sequence[Card]) -> list[Request]:
    """What is asked about each card."""
    made = []
    for card in cards:
        about = f"\nTopic: {card.topic.label}" if card.topic else ""
        messages = (
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": f"Statement: {card.claim}{about}"},
        )
        made.append(Request(messages, want_json=True))
    return made


def understood(card: Card, reply: Reply) -> Worded:
    """A reply, if it quotes its card and adds no figure to it."""
    if reply.trouble:
        return Worded(reject=f"reply_{reply.trouble}")
    said = orjson.loads(reply.text)
    question, answer, quote = (_plain(said.get(key)) for key in ("question", "answer", "quote"))
    claim = _plain(card.claim)
    if not question.endswith("?") or len(question) > _MOST_QUESTION or claim in question:
        return Worded(reject="reply_without_question")
    least = min(LEAST_QUOTE, len(claim.split()))
    if len(quote.split()) < least or quote not in claim or quote not in answer:
        return Worded(reject="reply_without_quote")
    if len(answer) > _MOST_ANSWER or set(re.findall(r"\d+", answer)) - set(re.findall(r"\d+", claim)):
        return Worded(reject="reply_beyond_the_card")
    return Worded(question, answer, reply.model, reply.prompt)


def _plain(value: object) -> str:
    """Text on one line, with the quotation marks that keyboards have: models do not keep the curly ones."""
    text = value if isinstance(value, str) else ""
    return " ".join(text.translate(_QUOTES).split())


_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
