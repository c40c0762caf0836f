"""Made-up authors who speak of the same things with habits of their own, and how captioners write them down."""

from __future__ import annotations

import random
import re

from curation.methods.style.words import VOCABULARY

SMALL = [word for word in VOCABULARY if " " not in word]
TOPICS = (
    "train morning kitchen sister letter window garden doctor office winter school brother table market river story "
    "weekend dinner phone street holiday neighbour coffee teacher money bridge summer village hospital music"
).split()


def author(seed: int, strength: float = 0.5) -> list[float]:
    """How often somebody says each small word: what everybody does, times a habit."""
    usual, own = random.Random("everybody"), random.Random(f"author {seed}")
    return [usual.lognormvariate(0, 1.2) * own.lognormvariate(0, strength) for _ in SMALL]


def speak(weights: list[float], count: int, seed: int, topics: list[str] | None = None) -> str:
    """So many words, two in five of them about something; sentences with capitals and marks."""
    deal = random.Random(seed)
    words = [
        deal.choice(topics or TOPICS) if deal.random() < 0.4 else word for word in deal.choices(SMALL, weights, k=count)
    ]
    text, start = [], 0
    while start < count:
        length = deal.randint(6, 18)
        sentence = " ".join(words[start : start + length])
        text.append(sentence[:1].upper() + sentence[1:] + deal.choice("...?"))
        start += length
    return " ".join(text)


def by_hand(text: str) -> str:
    """As a careful captioner writes: short forms in print, an "um" where one was heard."""
    text = re.sub(r"\b(do|does|did|is|are|was|would|could|should|have|has) not\b", r"\1n't", text)
    text = text.replace("I am", "I’m").replace(" you are", " you’re").replace(" it is", " it’s")
    return re.sub(r"(\w+ \w+ \w+ \w+ \w+ \w+ \w+ \w+ \w+ \w+)", r"\1, um,", text)


def by_machine(text: str) -> str:
    """As a recogniser writes: small letters, no marks, no "um", and "gonna" where it was said so."""
    text = re.sub(r"[^\w\s']", "", text.lower())
    return text.replace("going to", "gonna").replace("kind of", "kinda").replace("want to", "wanna")
