"""Cards: a claim of one or two whole sentences, and the place where its words stand."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curation.generate.page import Page
from curation.generate.sentences import Span, mend, sentences, words
from curation.generate.topics import Topic, topic

LEAST_WORDS, MOST_CHARS = 8, 420

_LEANS = re.compile(
    r"[\"“(]?(?:this|these|those|that|it|its|they|their|them|he|she|his|her|such|both|each of|one of|neither|the (?:former"
    r"|latter|same|other|second|third|first|author|study|participants|results?|findings|researchers|following|above|former)"
    r"|another|others|here|there|however|therefore|thus|hence|consequently|moreover|furthermore|in addition|additionally"
    r"|also|but|and|or|so|yet|nor|instead|in contrast|by contrast|conversely|similarly|likewise|for (?:example|instance)"
    r"|in other words|that is|as a result|nevertheless|nonetheless|on the (?:other|one) hand|then|next|finally|first(?:ly)?"
    r"|second(?:ly)?|third(?:ly)?|again|still|rather|indeed|in fact|of course|not surprisingly|what is more|if so"
    r"|in this|at this|with this|because of this|after this|unlike (?:this|these)|even so|now|today)\b",
    re.I,
)
"""Openings that only stand after another sentence."""
_POINTS_BACK = re.compile(r"\b(?:this|these|those(?! who| with| in| of)|such(?! as))\b", re.I)
_ABOUT_THE_TEXT = re.compile(
    r"\b(?:this|the (?:next|previous|last|following|present)|another|each|our) (?:chapter|section|book|module|text|page|unit"
    r"|figure|table|paragraph|lecture|course)\b|\b(?:see|cf\.?|shown in|as in|refer to|described in|discussed (?:in|above|below))"
    r"\s*\(?(?:also )?(?:chapter|section|figure|fig|table|box|page|pp?\.|above|below)|\b(?:figure|fig\.|table|box|appendix)\s+(?-i:[\dA-Z])\b"
    r"|\b(?:above-mentioned|mentioned (?:above|earlier)|your?|yourself)\b"
    r"|^(?:recall|remember|imagine|consider|suppose|think of|note that|notice|let us|look at)\b",
    re.I,
)
"""What speaks of the book or to its reader."""
_FIRST_PERSON = re.compile(r"\b(?:I|my|me|mine|myself|we|our|us|ours)\b(?!\.)")
_NOT_A_CLAIM = re.compile(
    r"https?://|www\.|\bdoi\b|@|\bISBN\b|©|all rights reserved|creative commons|\bpp?\. ?\d|\(Eds?\.\)|\bet al\.,? \d{4}[a-z]?\.$"
    r"|(?-i:\b[A-Z]\. ?[A-Z]\.,|^\w+, [A-Z]\.|^[A-Z0-9]{1,2}[.)] )|\bUniversity Press\b|\bLTD\b|^(?:figure|table|box|photo|credit)\b|_{3,}|\.{4,}|\[link\]"
    r"|\{|\}|\\\w|\|",
    re.I,
)


@dataclass(frozen=True)
class Card:
    """A claim with its citation.

    Attributes:
        document: name of the work.
        document_sha256: SHA-256 of the file.
        page: number of the page, section or chunk.
        section: heading of the section, where the format has headings.
        place: of the page among those of the file, from 0.
        start, end: span of the quote in the page's stored text.
        quote_sha256: SHA-256 of the UTF-8 bytes of that span.
        claim: the quote on one line, words broken at line ends mended.
        topic: what it is about, by the taxonomies' terms; None where none fits.
        chunk: span of the paragraph it stands in.
    """

    document: str
    document_sha256: str
    page: int
    section: str | None
    place: int
    start: int
    end: int
    quote_sha256: str
    claim: str
    topic: Topic | None
    chunk: Span

    @property
    def id(self) -> str:
        """16 hex digits of the place and the words."""
        place = f"{self.document_sha256}|{self.place}|{self.start}|{self.end}|{self.quote_sha256}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]


def cards(
    pages: Sequence[Page], document: str, sha256: str, topics: tuple[str, ...], seen: set[str], refused: Counter[str]
) -> Iterator[Card]:
    """The cards of a document, in the order of its words.

    Args:
        pages: its pages.
        document: its name.
        sha256: of its file.
        topics: the taxonomies whose labels are topics.
        seen: claims that there are already, squashed; those found here are added.
        refused: counts, by reason, the sentences that make no card.
    """
    known = words("\n".join(page.text for page in pages))
    for page in pages:
        for chunk in page.prose:
            for start, end in _claims(list(sentences(page.text, *chunk)), page.text, known, refused):
                quote = page.text[start:end]
                claim = mend(quote, known)
                same = claim.casefold()
                if same in seen:
                    refused["repeated"] += 1
                    continue
                seen.add(same)
                yield Card(
                    document=page.document or document,
                    document_sha256=sha256,
                    page=page.number,
                    section=page.heading,
                    place=page.place,
                    start=start,
                    end=end,
                    quote_sha256=hashlib.sha256(quote.encode()).hexdigest(),
                    claim=claim,
                    topic=topic(claim, topics) or topic(page.heading or "", topics),
                    chunk=chunk,
                )


def _claims(spans: list[Span], text: str, known: frozenset[str], refused: Counter[str]) -> Iterator[Span]:
    """Sentences that stand alone; one that leans on the sentence before joins it where there is room."""
    place = 0
    while place < len(spans):
        start, end = spans[place]
        place += 1
        if reason := _unfit(mend(text[start:end], known), alone=True):
            refused[reason] += 1
            continue
        if place < len(spans):
            second = mend(text[slice(*spans[place])], known)
            whole = mend(text[start : spans[place][1]], known)
            if _LEANS.match(second) and len(whole) <= MOST_CHARS and not _unfit(second, alone=False):
                end = spans[place][1]
                place += 1
        yield start, end


def _unfit(sentence: str, *, alone: bool) -> str | None:
    """Why a sentence makes no claim, or None."""
    count = len(sentence.split())
    letters = [word for word in re.findall(r"[^\W\d_]+", sentence)]
    tests = (
        ("not_a_claim", _NOT_A_CLAIM.search(sentence) or not sentence.rstrip("\"'”’)]").endswith(".")),
        ("too_short", alone and count < LEAST_WORDS),
        ("too_long", len(sentence) > MOST_CHARS),
        ("about_the_text", _ABOUT_THE_TEXT.search(sentence)),
        ("first_person", _FIRST_PERSON.search(sentence)),
        ("leans_on_another", alone and (_LEANS.match(sentence) or _POINTS_BACK.search(sentence))),
        ("not_prose", not letters or sum(word.islower() for word in letters) < 0.6 * len(letters)),
        ("unbalanced", any(sentence.count(a) != sentence.count(b) for a, b in ("()", "[]", "“”"))),
    )
    return next((reason for reason, holds in tests if holds), None)
