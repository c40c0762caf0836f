"""Mail and web addresses that are written to be read aloud ("jane dot roe at gmail dot com") or that a cue tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import FUNCTION, low

_DOT = r"(?: ?[\[({<] ?(?:dot|punkt|\.) ?[\])}>] ?| dot |\.)"
_AT = r"(?: ?[\[({<] ?(?:at|@) ?[\])}>] ?| at | @ ?|@ )"
_LOCAL = r"\w[\w+-]*+(?:(?: ?[\[({<] ?(?:dot|\.|underscore|dash) ?[\])}>] ?| (?:dot|underscore|dash|hyphen) |[._%'+-])\w[\w+-]*+){0,6}"
_ENDING = r"(?:com|org|net|edu|gov|co|uk|io|me|info|ca|au|de|fr|ie|nz|us|nhs|ac|mail|email|app|dev|xyz|biz|tv)\b"
_SPOKEN = re.compile(
    rf"(?i)(?<![\w.+-])(?P<local>{_LOCAL}){_AT}(?P<host>\w[\w-]*+(?:{_DOT}\w[\w-]*+){{0,3}}?{_DOT}{_ENDING}(?:{_DOT}(?:uk|au|nz|za|in)\b)?)"
)
_BRACKETED = re.compile(
    rf"(?i)(?<![\w.+-]){_LOCAL}(?: ?[\[({{<] ?(?:at|@) ?[\])}}>] ?| ?@ )\w[\w-]*+(?:{_DOT}\w[\w-]*+){{0,3}}?{_DOT}[a-z]{{2,12}}\b"
)
_HALF = re.compile(
    r"(?i)(?<![\w.+@-])[\w.+-]{2,64}@(?:gmail|googlemail|hotmail|outlook|yahoo|ymail|icloud|aol|proton(?:mail)?|live|msn|gmx|mail|me|"
    r"btinternet|sky|comcast|[a-z]{3,20}(?=[,;!?]? |$))\b(?!\.?\w)"
)
_SITE_CUE = r"(?:site|web ?site|blog|page|homepage|link|profile|url|portfolio|web|domain|newsletter|podcast|store|shop|substack)"
_SITE = re.compile(
    rf"(?i)\b{_SITE_CUE}(?: \w+){{0,2}}?(?: (?:is|at|on|called|it['’]s)|:|=)? (?P<value>[a-z0-9][a-z0-9-]{{2,60}}(?:\.[a-z0-9-]{{2,40}}){{0,2}}\.[a-z]{{2,12}}(?:/[^\s<>\"]*[\w/])?)(?!\w|\.\w)"
)
_SAID = re.compile(
    r"(?i)(?<![\w.-])(?:www dot |www\.)?[a-z0-9][a-z0-9-]{1,60} dot (?:com|org|net|co dot uk|co\.uk|io|me|info|blog|edu)\b"
    r"(?:(?: slash |/)[\w.-]+)*"
)
_LINKS = re.compile(
    r"(?i)(?<![\w.@-])(?:hxxps?(?:://|\[:\]//)[^\s<>\"]*[\w/]|(?:linktr\.ee|ko-fi\.com|t\.co|youtu\.be|wa\.me|forms\.gle|goo\.gl|carrd\.co|[a-z0-9-]{2,40}\.(?:substack|tumblr|wordpress|blogspot|carrd|medium|wixsite|github)\.(?:com|io|co))(?:/[\w./?=&%#-]*[\w/])?)"
)


def _mails(text: str) -> Iterator[Finding]:
    for match in _SPOKEN.finditer(text):
        local = re.split(r"[ ]", match["local"])[-1]
        plain = " at " in match[0].lower() and not re.search(r"[\[({]|dot|@", match[0].lower())
        if (local == match["local"] and low(local) in FUNCTION) or (
            plain and not re.search(r"[\d._]", match["local"]) and "mail" not in match["host"].lower()
        ):
            continue
        yield Finding(*match.span(), "EMAIL", 0.75, "identifiers")
    for pattern in (_BRACKETED, _HALF):
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "EMAIL", 0.6, "identifiers")


def _sites(text: str) -> Iterator[Finding]:
    for match in _SITE.finditer(text):
        if match["value"].islower():
            yield Finding(*match.span("value"), "URL", 0.7, "identifiers")
    for pattern in (_SAID, _LINKS):
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "URL", 0.7, "identifiers")


RULES = (
    Rule(
        "mail addresses",
        frozenset({"EMAIL"}),
        r"(?i)[ \]})]dot[ \[({]|@|[\[({<] ?at ?[\])}>]| at [\w-]+\.\p{L}",
        _mails,
    ),
    Rule(
        "web addresses",
        frozenset({"URL"}),
        rf"(?i) dot (?:com|org|net|co|io|me|info|blog|edu)|\b{_SITE_CUE}(?:[ ,'’:=]+\w+)*\.[a-z]{{2}}|\.(?:substack|tumblr|wordpress|blogspot|carrd|"
        r"medium|wixsite|github)\.|(?:linktr|ko-fi|\bt|youtu|wa|forms|goo|carrd)\.(?:ee|com|co|be|me|gle|gl)/|hxxp",
        _sites,
    ),
)
"""What finds mail and web addresses."""
