"""Made-up chats with planted duplicates, as Parquet (id, text): the same rows for the same count and seed.

    python benchmarks/near_dup/corpus.py ROWS OUT.parquet [--seed 17]

Nothing here is taken from a person or a data set. A fresh chat is a walk over made-up words (each word has followers of
its own, as in a language), cut into sentences and turns; 35 % begin with one of 40 system prompts, half with a shared
opener, half end with a shared closer. 28 % of the rows are copies of a fresh chat: exact ones, cosmetic ones (case,
blanks, punctuation; the words stay), ones with .2 to 8 % of the words edited, and truncated ones. 15 % of the copies
are of the same 200 chats. A copy may stand before its original.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SEED = 17
BLOCK = 10_000  # rows a row group
WORDS = 40_000
FOLLOWERS = 32
FRESH = 0.72
SYSTEM, PROMPTS = 0.35, 40
OPENING = CLOSING = 0.5
PHRASES = 30  # shared openers, and as many closers
HEAVY, HEAVY_SHARE = 200, 0.15
SHORT = 0.01  # of the fresh chats have 1 to 20 words
PLAIN = 0.7  # of the fresh chats are ASCII throughout, as most English is
COPIES = {"exact": 0.3, "cosmetic": 0.25, "edited": 0.3, "truncated": 0.15}
EDITED = (0.002, 0.08)  # part of the words that an edited copy has changed
TRUNCATED = (0.5, 0.98)  # part of the words that a truncated copy has kept

# A word is written with one of these before it, in this case, and one of those after it: style = 8 * start + end.
STARTS = [("", str.capitalize), (" ", str), (" ", str.capitalize), ("\n\n", str.capitalize)]
STARTS += [("  ", str), (" ", str.upper), ("\n", str), (" “", str.capitalize)]
FIRST, INSIDE, CAPITAL, TURN, WIDE, UPPER, LINE, QUOTED = range(8)
ENDS = ["", ",", ".", "?", "!", "…", " —", ". 🙂"]


@dataclass(frozen=True)
class Chats:
    """Words of many chats end to end: word numbers, styles, and where each chat begins (one more than there are)."""

    words: np.ndarray  # uint16
    styles: np.ndarray  # uint8
    starts: np.ndarray  # int64

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        place = slice(self.starts[number], self.starts[number + 1])
        return self.words[place], self.styles[place]


def join(chats: list[tuple[np.ndarray, np.ndarray]]) -> Chats:
    """Put chats end to end."""
    starts = np.concatenate([[0], np.cumsum([len(words) for words, _ in chats])])
    return Chats(np.concatenate([c[0] for c in chats]), np.concatenate([c[1] for c in chats]), starts)


class Language:
    """Made-up words as frequent as in a language (Zipf), who follows whom, and the phrases that chats share."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 0])
        spelled = spell(rng)
        self.pieces = pieces(spelled)
        plain = np.flatnonzero([word.isascii() for word in spelled])
        self.plain = plain[np.searchsorted(plain, np.arange(WORDS)).clip(max=len(plain) - 1)].astype(np.uint16)
        self.edges = np.cumsum(1 / (np.arange(WORDS) + 3.0))
        self.edges /= self.edges[-1]
        self.followers = self.draw(rng, WORDS * FOLLOWERS).reshape(WORDS, FOLLOWERS)
        liked = np.cumsum(1 / np.arange(1, FOLLOWERS + 1))
        self.liked = liked / liked[-1]
        self.prompts = self.write(rng, rng.integers(15, 70, PROMPTS))
        self.openers, self.closers = (self.write(rng, rng.integers(4, 16, PHRASES)) for _ in range(2))
        for phrases in (self.prompts, self.openers, self.closers):
            for number in range(len(phrases.starts) - 1):
                self.simplify(*phrases[number])

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Words by frequency alone."""
        return np.searchsorted(self.edges, rng.random(count)).clip(max=WORDS - 1).astype(np.uint16)

    def write(self, rng: np.random.Generator, lengths: np.ndarray) -> Chats:
        """Chats of so many words each: three of four words follow from the one before."""
        starts = np.concatenate([[0], np.cumsum(lengths)])
        words = self.draw(rng, starts[-1])
        order = np.argsort(-lengths, kind="stable")
        ends = np.searchsorted(-lengths[order], -np.arange(1, lengths.max()), side="left")
        for step, alive in enumerate(ends, 1):  # the chats longer than `step` are the first `alive` ones
            place = starts[order[:alive]] + step
            follower = np.searchsorted(self.liked, rng.random(alive)).clip(max=FOLLOWERS - 1)
            follows = rng.random(alive) < 0.75
            words[place] = np.where(follows, self.followers[words[place - 1], follower], words[place])
        return Chats(words, punctuate(rng, starts), starts)

    def simplify(self, words: np.ndarray, styles: np.ndarray) -> None:
        """Make a chat one of ASCII alone: the next word without accents, a full stop for every other sign."""
        words[:] = self.plain[words]
        styles[styles % 8 > 4] -= styles[styles % 8 > 4] % 8 - 2

    def render(self, chats: Chats) -> pa.StringArray:
        """The texts of the chats."""
        number = chats.words.astype(np.int32) * 64 + chats.styles
        lists = pa.ListArray.from_arrays(pa.array(chats.starts.astype(np.int32)), self.pieces.take(pa.array(number)))
        return pc.binary_join(lists, "")


def spell(rng: np.random.Generator) -> list[str]:
    """Words, short ones first; 4 of 100 with accents, one Cyrillic, two of two parts (don't, well-known)."""
    plain, accents, cyrillic = list("etaoinshrdlucmfwypvbgkqjxz"), list("éèüöñçåø"), list("оеаинтсрвлкмдпу")
    weights = 1 / (np.arange(26) + 4.0)
    words = []
    for rank in range(WORDS):
        size = max(1, round(rng.normal(1.7 + 0.46 * np.log(rank + 1), 1.2)))
        letters = rng.choice(plain, size, p=weights / weights.sum())
        kind = rng.random()
        if kind < 0.04:
            letters[rng.integers(size)] = rng.choice(accents)
        elif kind < 0.05:
            letters = rng.choice(cyrillic, size)
        elif kind < 0.07 and size > 3:
            letters[-2] = rng.choice(["'", "’", "-"])
        words.append("".join(letters))
    return words


def pieces(words: list[str]) -> pa.StringArray:
    """Every word in every style, the eight ends of the eight starts of the first word first."""
    return pa.array([before + case(word) + end for word in words for before, case in STARTS for end in ENDS])


def punctuate(rng: np.random.Generator, starts: np.ndarray) -> np.ndarray:
    """Styles of chats that begin at `starts`: sentences of about twelve words, turns of about three sentences."""
    count = starts[-1]
    ends = np.searchsorted([0.8, 0.9, 0.97, 0.985, 0.99, 0.993, 0.999], rng.random(count), side="right").astype(
        np.uint8
    )
    stops = np.isin(ends, [2, 3, 4, 5, 7])
    begins = np.full(count, INSIDE, np.uint8)
    after = np.flatnonzero(stops[:-1]) + 1
    begins[after] = np.where(rng.random(len(after)) < 0.3, TURN, CAPITAL)
    begins[starts[:-1]] = FIRST
    return 8 * begins + ends


def fresh(language: Language, seed: int, block: int, count: int) -> Chats:
    """A block of chats that are copies of nothing, about 250 words on average."""
    rng = np.random.default_rng([seed, 1, block])
    lengths = np.exp(rng.normal(5.33, 0.6, count)).astype(np.int64).clip(3, 2500)
    lengths = np.where(rng.random(count) < SHORT, rng.integers(1, 21, count), lengths)
    body = language.write(rng, lengths)
    shared = [(language.prompts, SYSTEM), (language.openers, OPENING), (language.closers, CLOSING)]
    which = [np.where(rng.random(count) < p, rng.integers(0, len(s.starts) - 1, count), -1) for s, p in shared]
    plain = rng.random(count) < PLAIN
    chats = []
    for number in range(count):
        parts = [
            s[w[number]] for (s, _), w in zip(shared, which, strict=True) if w[number] >= 0 and lengths[number] > 20
        ]
        parts.insert(len(parts) - (which[2][number] >= 0 and bool(parts)), body[number])
        words, styles = (np.concatenate(side) for side in zip(*parts, strict=True))
        turns = np.cumsum([len(part[0]) for part in parts])[:-1]
        styles[turns] = 8 * TURN + styles[turns] % 8
        if plain[number]:
            language.simplify(words, styles)
        chats.append((words, styles))
    return join(chats)


def copied(language: Language, rng: np.random.Generator, words: np.ndarray, styles: np.ndarray) -> tuple:
    """A copy of one of the four kinds."""
    kind = list(COPIES)[np.searchsorted(np.cumsum(list(COPIES.values())), rng.random(), side="right")]
    if kind == "cosmetic":
        return words, restyled(rng, styles)
    if kind == "edited":
        return edited(language, rng, words, styles)
    if kind == "truncated":
        left = max(1, int(len(words) * rng.uniform(*TRUNCATED)))
        return words[:left], styles[:left]
    return words, styles


def restyled(rng: np.random.Generator, styles: np.ndarray) -> np.ndarray:
    """The same words in lower case without punctuation, shouted, in more lines, or with other blanks or signs."""
    begins, ends = styles // 8, styles % 8
    inside = begins != FIRST
    way = rng.integers(5)
    if way == 0:
        begins, ends = np.where(inside, INSIDE, FIRST), np.zeros_like(ends)
    elif way == 1:
        begins = np.where(inside, UPPER, FIRST)
    elif way == 2:
        begins = np.where(begins == CAPITAL, LINE, begins)
    elif way == 3:
        begins = np.where(inside & (rng.random(len(begins)) < 0.2), WIDE, begins)
    else:
        ends = np.where(ends == 2, rng.choice([4, 5, 7], len(ends)), ends)
        begins = np.where(inside & (rng.random(len(begins)) < 0.02), QUOTED, begins)
    return (8 * begins + ends).astype(np.uint8)


def edited(language: Language, rng: np.random.Generator, words: np.ndarray, styles: np.ndarray) -> tuple:
    """Replace, drop or add words: of ten edits six, two and two; small edits are more frequent than big ones."""
    rate = np.exp(rng.uniform(*np.log(EDITED)))
    what = np.searchsorted(rate * np.array([0.6, 0.8, 1.0]), rng.random(len(words)), side="right")  # 3: left as it is
    words = np.where(what == 0, language.draw(rng, len(words)), words)
    count = np.array([1, 0, 2, 1])[what]
    count[0] = max(count[0], 1)
    taken = np.repeat(np.arange(len(words)), count)
    added = np.concatenate([[False], taken[1:] == taken[:-1]])
    return np.where(added, language.draw(rng, len(taken)), words[taken]), styles[taken]


def write(path: Path, rows: int, seed: int = SEED) -> tuple[str, int]:
    """Write the corpus.

    Returns:
        The SHA-256 of all texts in order, each ended by a zero byte, and the bytes of all texts.
    """
    language = Language(seed)
    rng = np.random.default_rng([seed, 2])
    is_fresh = rng.random(rows) < FRESH
    is_fresh[0] = True
    many = int(is_fresh.sum())
    heavy = rng.choice(many, min(HEAVY, max(1, many // 20)), replace=False)
    source = np.where(rng.random(rows) < HEAVY_SHARE, rng.choice(heavy, rows), rng.integers(0, many, rows))
    source[is_fresh] = np.arange(many)
    blocks = [fresh(language, seed, b, min(BLOCK, many - b * BLOCK)) for b in range(-(-many // BLOCK))]
    digest, size = hashlib.sha256(), 0
    with pq.ParquetWriter(path, pa.schema([("id", pa.int64()), ("text", pa.string())]), compression="zstd") as out:
        for first in range(0, rows, BLOCK):
            rng = np.random.default_rng([seed, 3, first // BLOCK])
            chats = []
            for row in range(first, min(first + BLOCK, rows)):
                chat = blocks[source[row] // BLOCK][source[row] % BLOCK]
                chats.append(chat if is_fresh[row] else copied(language, rng, *chat))
            text = language.render(join(chats))
            for one in text:
                data = one.as_py().encode()
                digest.update(data + b"\0")
                size += len(data)
            out.write_table(pa.table({"id": np.arange(first, first + len(text)), "text": text}))
    return digest.hexdigest(), size


def main() -> None:
    """Write one corpus and print what it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    digest, size = write(given.out, given.rows, given.seed)
    sys.stdout.write(f"{given.rows} rows, {size / 1e6:.1f} MB of text, sha256 {digest}\n")


if __name__ == "__main__":
    main()
