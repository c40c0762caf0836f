"""User names made of plain words, where a platform or an account is spoken of: "on tumblr i was saltlick".

Nothing in such a name is odd but that English has no such word: it is several in one (`teethandtulips`), has a capital
inside (`OffsideOma`), or is several words where only a name can follow ("my gamertag is Quiet Otter 9").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.english import compound
from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.handles import PLATFORMS
from curation.clean.pii.rules.known import APPS, NO_NAME, PUBLIC
from curation.clean.pii.rules.rule import Rule

_ABOUT = (
    rf"(?:{PLATFORMS})|handles?|user ?-?names?|accounts?|log-?ins?|logged|user|gamer ?tags?|screen ?names?|display names?|in-game|online|"
    r"forums?|servers?|sub-?reddits?|guild|clan|chat ?rooms?|dms?|follow(?:s|ed|ing|ers?)?|unfollow(?:ed)?|profile|posts?|posted|streams?|"
    r"stream(?:ed|er|ing)|comment(?:s|ed)?|banned|blog|usernames|add me|nick|nickname|alias|psn|ea|id|mods?|moderator|members?|"
    r"stories|cash ?app|cashtags?"
)
_CONTEXT = re.compile(rf"(?i)(?<![\w@-])(?:{_ABOUT})(?![\w-])")
_NEAR = 120
"""A name stands within so many characters of what is said of accounts."""

# Before a name, behind a name: one of them has to stand there.
_LEFT = re.compile(
    r"(?i)(?:(?<![\w])(?:as|by|is|are|was|were|am|i['’]?m|im|it['’]?s|she['’]s|he['’]s|they['’]re|name|names|both|handle|username|user|account|called|named|member|"
    rf"follow|add|dm|find|search|searched|message|from|me|him|her|mod|id['’]?s?|to|on there|(?:{PLATFORMS})(?:['’]s)?)[ :,]{{1,2}}|"
    r"\b(?:account|alias|spare|user|username|handle|name|me|him|her|them|ones?|and)[ :,]{0,2}\(?)[\"“'‘(]{0,2}$"
)
_RIGHT = re.compile(
    rf"(?i)[\"”’)]{{0,2}}(?:,? (?:over )?on (?:the )?(?:{PLATFORMS})\b|['’]s (?:\w+ )?(?:posts?|story|stories|account|videos?|streams?|comments?|page|profile|channel|blog|feed)\b| (?:here again|reporting in|checking in)\b)"
)
_WORDS = re.compile(r"(?<![\w.@/#&=:$%+’'-])[a-z]{7,30}(?![\w@/(-]|\.\w)")
_CAMEL = re.compile(r"(?<![\w.@/#&=:$%+’'-])(?!Ma?c[A-Z])[A-Z][a-z]{2,}(?:[A-Z][a-z]{2,}){1,3}\d{0,4}(?![\w@/-]|\.\w)")
_PIECES = re.compile(
    r"(?<![\w.@/#&=:$%+’'-])(?=[a-z0-9]*[.-])[a-z0-9]{2,20}(?:[.-][a-z0-9]{1,20}){1,4}(?![\w@/(-]|\.\w)"
)
_SURE = re.compile(
    rf"(?i:(?<![\w-])(?:user ?-?name|handle|gamer ?tag|screen ?name|display name|in-game name|account name|friend name|player name|channel name|"
    rf"(?:{PLATFORMS}) (?:name|handle|user|username|tag|id)|psn|ea id)(?:['’]s| is| was|,|:| (?:on|in) \w+ (?:is|was))? )[\"“'‘(]?"
    r"(?P<name>[A-Z][\w'’]*(?: (?:[A-Z][\w'’]*|of|the|and|a|\d{1,4})){0,3})(?=[\"”’)]?(?:[ ]*$|[.,;!?)\n]| (?:and|on|but|because|since)\b))"
)
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Za-z][\w-]{2,19}(?![\w(])")
_SAME = re.compile(r"[a-z]+-[a-z]+(?:-[a-z]+)?$|[a-z]{1,2}\.[a-z]{1,2}$|\d+(?:[.-]\d+)+$|\d")


def _called(text: str) -> Iterator[Finding]:
    places = [match.start() for match in _CONTEXT.finditer(text)]
    if not places:
        return
    for match in _SURE.finditer(text):
        words = match["name"].lower().split()
        if not all(word in NO_NAME or word in APPS or word in PUBLIC for word in words):
            yield Finding(*match.span("name"), "HANDLE", 0.65, "identifiers")
    for match in _CASHTAG.finditer(text):
        yield Finding(*match.span(), "HANDLE", 0.65, "identifiers")
    for pattern in (_WORDS, _CAMEL, _PIECES):
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(abs(start - place) < _NEAR for place in places):
                continue
            left = _LEFT.search(text, max(0, start - 24), start)
            if (left or _RIGHT.match(text, end)) and _may_be(match[0], pattern):
                yield Finding(start, end, "HANDLE", 0.6, "identifiers")


def _may_be(word: str, pattern: re.Pattern[str]) -> bool:
    low = word.lower()
    if low in APPS or low in NO_NAME or low in PUBLIC:
        return False
    if pattern is _WORDS:
        return compound(word)
    if pattern is _PIECES:
        # Words with hyphens are compounds of English, sums and times are none of ours.
        return not _SAME.match(low) or bool(re.search(r"[a-z]{3,}(?:[.-][a-z]+)*[.-]\d{1,4}$", low))
    return True


RULES = (
    Rule(
        "called",
        frozenset({"HANDLE"}),
        rf"(?i)\b(?:{_ABOUT})\b",
        _called,
    ),
)
"""What finds user names of plain words."""
