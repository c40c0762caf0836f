"""How text becomes words: whatever script it is in, and whoever typed the query."""

from __future__ import annotations

import re

# Scripts that put no space between words (and pictures): every character becomes a word of its own, and a query for
# several of them a phrase, so that any part of a sentence is found.
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u2600-\u27bf\U0001f000-\U0001faff"  # pictures
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "]"
)

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Co M* So'"
"""FTS5's: letters, digits, the marks that Indic vowels are, and pictures make words; accents count."""

_WORD = re.compile(r"[^\W_]|[\u2600-\u27bf\U0001f000-\U0001faff]")


def whole(text: str) -> str:
    """The text without what SQLite cannot take: half surrogate pairs, and the character that ends a text in C."""
    text = text.replace("\x00", " ")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def spaced(text: str) -> str:
    """The text with the characters of unspaced scripts set apart."""
    text = whole(text)
    return _UNSPACED.sub(r" \g<0> ", text) if not text.isascii() else text


def has_word(text: str) -> bool:
    """Whether there is anything in the text that the index knows."""
    return _WORD.search(text) is not None
