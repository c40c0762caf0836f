"""How varied made dialogues are, and how long their clients hold out."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from curation.generate.mind import RESISTANCE

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """A text's words and marks, in small letters."""
    return _WORD.findall(text.casefold())


def ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each n-gram occurs."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def distinct(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """Share of n-grams that are different from one another, over all texts: 1 where nothing recurs.

    After Li et al. 2016, A Diversity-Promoting Objective Function (arXiv 1510.03055). None where there is no n-gram.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    for tokens in texts:
        counts += ngrams(tokens, n)
    return len(counts) / counts.total() if counts else None


def self_bleu(texts: Sequence[Sequence[str]], order: int = 4) -> float | None:
    """Mean BLEU of each text against all others: 0 where they share nothing, 1 where all are the same.

    After Zhu et al. 2018, Texygen (arXiv 1802.01886), with BLEU as by Papineni et al. 2002 and its reference length
    the nearest one; a precision of 0 counts as 1 / (2 * n-grams of the text), smoothing 3 of NIST's mteval. None for
    fewer than two texts.
    """
    if len(texts) < 2:
        return None
    logs = [0.0] * len(texts)
    for n in range(1, order + 1):
        counts = [ngrams(tokens, n) for tokens in texts]
        # Of every n-gram its two highest counts: a text's references are all others.
        top: dict[tuple[str, ...], tuple[int, int, int]] = {}
        for place, counted in enumerate(counts):
            for gram, number in counted.items():
                best, where, second = top.get(gram, (0, -1, 0))
                top[gram] = (number, place, best) if number > best else (best, where, max(second, number))
        for place, counted in enumerate(counts):
            total = counted.total()
            hit = 0
            for gram, number in counted.items():
                best, where, second = top[gram]
                hit += min(number, second if where == place else best)
            logs[place] += math.log(hit / total if hit else 1 / (2 * max(total, 1))) / order
    lengths = [len(tokens) for tokens in texts]
    scores = []
    for place, log in enumerate(logs):
        own = lengths[place]
        near = min((abs(other - own), other) for i, other in enumerate(lengths) if i != place)[1]
        scores.append(math.exp(log + min(0.0, 1 - near / max(own, 1))))
    return sum(scores) / len(scores)


def held(resistance: Sequence[Sequence[int]]) -> list[float]:
    """Mean share of the first resistance that is left at each client turn, over the dialogues that get so far."""
    longest = max(map(len, resistance), default=0)
    shares = [[r[i] / r[0] for r in resistance if len(r) > i] for i in range(longest)]
    return [sum(values) / len(values) for values in shares]


def measured(rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The measures of made rows (see `make.row`), over what clients say."""
    texts: list[list[str]] = []
    resistance: list[list[int]] = []
    told = turns = 0
    for row in rows:
        messages = row["messages"]
        assert isinstance(messages, list)
        client = [m["content"] for m in messages if m["role"] == "user"]
        texts.append(words(" ".join(client)))
        resistance.append([RESISTANCE.index(r) for r in str(row["resistance"]).split()])
        told += len(str(row["told"] or "").split())
        turns += len(client)
    left = held(resistance)
    return {
        "dialogues": len(rows),
        "client_turns": turns,
        "distinct_1": distinct(texts, 1),
        "distinct_2": distinct(texts, 2),
        "distinct_3": distinct(texts, 3),
        "self_bleu": self_bleu(texts),
        "resistance_first": _mean([r[0] for r in resistance if r]),
        "resistance_last": _mean([r[-1] for r in resistance if r]),
        "resistance_held": [round(share, 4) for share in left],
        "turns_told": round(told / turns, 4) if turns else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
