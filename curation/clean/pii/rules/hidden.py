"""Addresses, user names and telephone numbers with characters inside that nobody sees."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.helplines import is_helpline
from curation.clean.pii.rules.rule import Rule

_HIDDEN = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_PLAIN_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d(?:[ ().-]{0,2}\d){8,14}(?![\w.])")
_PLAIN_MAIL = re.compile(r"(?<![\w.+-])\w[\w.+-]{0,64}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){1,4}")
_PLAIN_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_][\w.]{2,30}")
_PLAIN_LINK = re.compile(
    r"(?i)(?<!\w)(?:https?://|www\.)[^\s<>\"]+[\w/]|(?<![\w@.-])[a-z0-9-]{2,60}\.(?:com|org|net|co\.uk|io)\b(?:/[^\s<>\"]*[\w/])?"
)


def _hidden(text: str) -> Iterator[Finding]:
    """Look again without the characters that nobody sees, and report what lies over one of them."""
    places = [i for i, c in enumerate(text) if not _HIDDEN.match(c)]
    plain = "".join(text[i] for i in places)
    searches = ((_PLAIN_MAIL, "EMAIL"), (_PLAIN_LINK, "URL"), (_PLAIN_HANDLE, "HANDLE"), (_PLAIN_PHONE, "PHONE"))
    for pattern, label in searches:
        for match in pattern.finditer(plain):
            start, end = places[match.start()], places[match.end() - 1] + 1
            if end - start > match.end() - match.start() and not (label == "PHONE" and is_helpline(match[0])):
                yield Finding(start, end, label, 0.7, "identifiers")


RULES = (
    Rule(
        "hidden characters",
        frozenset({"EMAIL", "HANDLE", "PHONE", "URL"}),
        r"[\x{AD}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}]",
        _hidden,
    ),
)
"""What looks behind hidden characters."""
