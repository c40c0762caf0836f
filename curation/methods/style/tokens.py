"""The words of a text, in one spelling whoever wrote them down.

Recognisers write small letters without marks, people write marks and now and then what they would say in print. So
letters are made small, marks are left out, and short forms are written out: what is left is what was said.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"})
_ENDINGS = {"n't": "not", "'re": "are", "'ve": "have", "'ll": "will", "'m": "am"}
_WHOLE = {
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
    "kinda": ("kind", "of"),
    "sorta": ("sort", "of"),
    "lotta": ("lot", "of"),
    "'cause": ("because",),
    "cuz": ("because",),
    "cannot": ("can", "not"),
    "can't": ("can", "not"),
    "won't": ("will", "not"),
    "shan't": ("shall", "not"),
    "ain't": ("is", "not"),
    "dont": ("do", "not"),
    "doesnt": ("does", "not"),
    "didnt": ("did", "not"),
    "isnt": ("is", "not"),
    "wasnt": ("was", "not"),
    "cant": ("can", "not"),
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "youre": ("you", "are"),
    "theyre": ("they", "are"),
    "thats": ("that", "is"),
    "let's": ("let", "us"),
    "it's": ("it", "is"),
    "that's": ("that", "is"),
    "there's": ("there", "is"),
    "here's": ("here", "is"),
    "what's": ("what", "is"),
    "who's": ("who", "is"),
    "how's": ("how", "is"),
    "where's": ("where", "is"),
    "he's": ("he", "is"),
    "she's": ("she", "is"),
    "y'all": ("you", "all"),
}
UNHEARD = frozenset("um uh erm er hm hmm mm mhm mmm mm-hmm mm-hm uh-huh ah eh ok okay alright".split())
"""What one captioner writes down and another does not."""


def spoken(text: str) -> list[str]:
    """The words as they stand, in small letters."""
    return _WORD.findall(text.translate(_QUOTES).lower())


def plain(words: list[str]) -> list[str]:
    """The same in one spelling: short forms written out, hyphened words parted, and without what may go unheard."""
    found: list[str] = []
    for word in words:
        if word in UNHEARD:
            continue
        if (whole := _WHOLE.get(word)) is not None:
            found += whole
        elif "'" in word:
            ending = next((e for e in _ENDINGS if word.endswith(e) and len(word) > len(e)), None)
            if ending:
                found += (word[: -len(ending)], _ENDINGS[ending])
            else:
                found.append(word.partition("'")[0])
        elif "-" in word:
            found += word.split("-")
        else:
            found.append(word)
    return found
