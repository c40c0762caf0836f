"""What can be counted of somebody's way of speaking, for people to read. None of it decides the likeness of a text."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curation.methods.style import words as lists
from curation.methods.style.tokens import spoken

_END = re.compile(r"[.?!…]+[\"'”’)]*(?:\s+|$|(?=[A-Z]))")
_PUNCTUATED = 1 / 60
"""Marks per word from which on somebody punctuated. Else a sentence's length would be that of a caption."""
_MTLD = 0.72
_MTLD_LEAST = 100


@dataclass(frozen=True)
class Measures:
    """A profile. Rates are per hundred words; None: there is too little to tell.

    Attributes:
        words: that were said.
        mtld: lexical diversity: how many words it takes until so many are repeated.
        function_words: words that tell nothing of a topic.
        discourse_markers: so, well, you know.
        fillers: um, uh; what a captioner may leave out.
        hedges: maybe, kind of.
        intensifiers: really, very.
        negations: not, never.
        contractions: don't, it's.
        first_person: I, my.
        second_person: you, your.
        together: we, our.
        emotion_words: words that name a feeling.
        validation: phrases that say a feeling has its reasons.
        questions: share of the sentences that ask, of what is punctuated.
        sentence_words: mean length of a sentence, likewise.
        sentence_spread: its standard deviation.
        punctuated: share of the words that stand in punctuated passages.
    """

    words: int
    mtld: float | None
    function_words: float | None
    discourse_markers: float | None
    fillers: float | None
    hedges: float | None
    intensifiers: float | None
    negations: float | None
    contractions: float | None
    first_person: float | None
    second_person: float | None
    together: float | None
    emotion_words: float | None
    validation: float | None
    questions: float | None
    sentence_words: float | None
    sentence_spread: float | None
    punctuated: float


_FUNCTION = frozenset(word for word in lists.VOCABULARY if " " not in word)
_KINDS = {
    "discourse_markers": lists.DISCOURSE,
    "fillers": lists.FILLERS,
    "hedges": lists.HEDGES,
    "intensifiers": lists.INTENSIFIERS,
    "negations": lists.NEGATIONS,
    "first_person": lists.FIRST,
    "second_person": lists.SECOND,
    "together": lists.TOGETHER,
    "emotion_words": lists.EMOTION,
}


def measures(texts: Iterable[str]) -> Measures:
    """Of everything that somebody said."""
    said: list[str] = []
    counts: Counter[str] = Counter()
    lengths: list[int] = []
    asked = punctuated = 0
    for text in texts:
        words = spoken(text)
        said += words
        _count(words, counts)
        counts["validation"] += _validating(words)
        if len(_END.findall(text)) >= max(len(words) * _PUNCTUATED, 1):
            punctuated += len(words)
            for sentence, asks in _sentences(text):
                if length := len(spoken(sentence)):
                    lengths.append(length)
                    asked += asks
    whole = len(said)

    def rate(name: str) -> float | None:
        return round(100 * counts[name] / whole, 3) if whole else None

    return Measures(
        words=whole,
        mtld=mtld(said),
        function_words=rate("function_words"),
        contractions=rate("contractions"),
        validation=rate("validation"),
        **{name: rate(name) for name in _KINDS},
        questions=round(asked / len(lengths), 3) if lengths else None,
        sentence_words=round(statistics.fmean(lengths), 2) if lengths else None,
        sentence_spread=round(statistics.pstdev(lengths), 2) if lengths else None,
        punctuated=round(punctuated / whole, 3) if whole else 0.0,
    )


def _count(words: Sequence[str], counts: Counter[str]) -> None:
    before = ""
    for word in words:
        counts["function_words"] += word in _FUNCTION
        counts["contractions"] += "'" in word and not word.endswith("s'")
        counts["negations"] += word.endswith("n't")
        for name, known in _KINDS.items():
            counts[name] += (word in known) + (f"{before} {word}" in known)
        before = word


_VALIDATION = re.compile(r"\b(?:" + "|".join(map(re.escape, lists.VALIDATION)) + r")\b")


def _validating(words: Sequence[str]) -> int:
    return len(_VALIDATION.findall(" ".join(words)))


def _sentences(text: str) -> Iterable[tuple[str, bool]]:
    start = 0
    for end in _END.finditer(text):
        yield text[start : end.start()], "?" in end[0]
        start = end.end()


def mtld(words: Sequence[str]) -> float | None:
    """The measure of textual lexical diversity (P. McCarthy and S. Jarvis, 2010), forwards and backwards.

    How many words a stretch has until its share of different words falls to 0.72, on the mean; None of a short text.
    """
    if len(words) < _MTLD_LEAST:
        return None
    return round((_stretches(words) + _stretches(words[::-1])) / 2, 2)


def _stretches(words: Sequence[str]) -> float:
    factors, seen, length = 0.0, set[str](), 0
    for word in words:
        seen.add(word)
        length += 1
        if len(seen) / length <= _MTLD:
            factors, seen, length = factors + 1, set(), 0
    if length:
        # The rest is that part of a stretch by which its share has already fallen.
        factors += (1 - len(seen) / length) / (1 - _MTLD)
    return len(words) / factors if factors else float(len(words))
