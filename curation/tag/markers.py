"""What a turn does, as far as its words give it away: names a feeling, gives something back, asks, suggests.

English, by rule, and no more than a marker: it sees forms of words, not what is meant by them.
"""

from __future__ import annotations

import functools
import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core import taxonomies
from curation.tag.groups import EMOTIONS

VERSION = 1
"""Raise it with every change of a pattern, and with the terms of the emotions."""

Flags = npt.NDArray[np.bool_]

REFLECTS = (
    r"\b(?:it|that|this|what you(?:'re| are) (?:saying|describing)) (?:sounds?|seems?|looks?) (?:like|as if|as though)\b"
    r"|\bsounds? (?:like|as if|really|so|incredibly|very|pretty|quite|hard|heavy|exhausting|painful|lonely|tough)\b"
    r"|\byou(?:'re| are|'ve been| have been)? ?(?:feel|feeling|carrying|torn|holding|longing|wishing)\b"
    r"|\b(?:i hear|i'm hearing|i can hear|i sense|i get the sense|i notice|i'm noticing)\b"
    r"|\b(?:so|and) (?:part of you|a part of you|you(?:'re| are)|for you)\b"
    r"|\bpart of you\b|\bin other words\b|\bit(?:'s| is) as (?:if|though)\b"
    r"|\b(?:that|this|it) must (?:be|feel|have (?:been|felt))\b|\bmakes (?:complete |perfect |a lot of )?sense\b"
    r"|\bno wonder\b"
)
OPEN = (
    r"(?:^|[.!?…,;:\n] *|\b(?:and|so|but|if) )(?:i wonder |i'm curious |can you (?:tell|say|help)|could you (?:tell|say)|"
    r"would you (?:tell|say|like to)|tell me|what|"
    r"how (?:do|does|did|is|are|was|were|would|could|can|might|have|has|come|you)|where|when (?:you|it|did)|"
    r"which|why|in what)\b"
)
SUGGESTS = (
    r"\byou (?:could|should|might|may|can) (?:also )?(?:try|want to|consider|start|ask|talk|write|take|set|find|call|make|"
    r"use|think about|practi[cs]e|reach)\b|\b(?:try|consider) (?:to |a |the |this |some |[a-z]+ing\b)|\bhow about\b"
    r"|\bwhy don't you\b|\b(?:i|i'd|i would) (?:suggest|recommend|advise)\b|\bmy advice\b|\bit (?:might|may|can|could) help to\b"
    r"|\bone (?:thing|step|idea) (?:you|that|is|would)\b|\bhave you (?:tried|considered)\b|\byou (?:need|have) to\b"
)


def _has(pattern: str, texts: pa.StringArray) -> Flags:
    found = pc.match_substring_regex(_plain(texts), pattern=f"(?i){pattern}")
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), np.bool_)


def _plain(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring(texts, "’", "'")


def names_feeling(texts: pa.StringArray) -> Flags:
    """Which texts hold a word for a feeling: the terms of the emotions in their taxonomy."""
    return _has(_feelings(), texts)


@functools.cache
def _feelings() -> str:
    terms = [term for label in taxonomies.load(EMOTIONS).labels for term in label.terms]
    return rf"\b(?:{'|'.join(re.escape(t[:-1]) + '[a-z]*' if t.endswith('*') else re.escape(t) for t in terms)})\b"


def reflects(texts: pa.StringArray) -> Flags:
    """Which texts give back what was said or felt."""
    return _has(REFLECTS, texts)


def suggests(texts: pa.StringArray) -> Flags:
    """Which texts say what one could do."""
    return _has(SUGGESTS, texts)


def asks(texts: pa.StringArray) -> Flags:
    """Which texts ask something."""
    return _has(r"\?", texts)


def asks_openly(texts: pa.StringArray) -> Flags:
    """Which texts ask something that a yes or a number does not answer."""
    return asks(texts) & _has(OPEN, texts)
