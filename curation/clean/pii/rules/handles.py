"""User names: what somebody is called on a platform, told by the platform, by a cue, or by how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.known import NO_NAME
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import FUNCTION, low

PLATFORMS = (
    r"insta(?:gram)?|ig|snap(?:chat)?|discord|tik ?tok|twitter|reddit|skype|telegram|kik|tumblr|twitch|steam|xbox(?: live)?|psn|"
    r"playstation|venmo|facebook|fb|bluesky|mastodon|threads|whatsapp|signal|wechat|line|roblox|minecraft|fortnite|youtube|"
    r"finsta|letterboxd|live ?journal|duolingo|strava|grindr|tinder|matrix|viber|nintendo|switch|etsy|depop|vinted|goodreads|quora|myspace|bebo|"
    r"soundcloud|spotify|onlyfans|bumble|hinge|ao3|wattpad|linkedin|github|slack|7cups|messenger"
)
_USER = r"user ?-?names?|handles?|screen ?names?|gamer ?tags?|log-?in(?: name)?|nickname|user ?id|alias|tag|@"
_SURE_USER = r"user ?-?name|screen ?name|gamer ?tag|user ?id|my handle"
_ODD = r"(?=[A-Za-z]*[\d_.-])[A-Za-z0-9_](?:[\w.-]{1,28}\w)(?![\w@]|['’]\w)"
_ANY = r"[A-Za-z0-9_](?:[\w.-]{1,28}\w)(?![\w@]|['’]\w)"
_QUOTE = r"[\"“'‘]?"
_ON_PLATFORM = re.compile(
    rf"(?i)(?<![\w.@-])(?:{PLATFORMS})(?:['’]s)?(?: (?:account|profile|page|user|name|me|chat|dm|handle|username|tag|id|there|too|also|is|was|as|at|under|"
    rf"it['’]?s|i['’]?m|my|called|named|on|add))*[ :,=-]{{1,3}}{_QUOTE}(?P<value>{_ODD})"
)
_USER_IS = re.compile(
    rf"(?i)(?<![\w.@-])(?:(?:{_SURE_USER}))(?: (?:there|on (?:the |my )?\w+|for (?:it|that)))?(?: (?:is|was)| ?:)[ :]{{0,2}}{_QUOTE}(?P<value>{_ANY})"
)
_OWN_PLATFORM = re.compile(
    rf"(?i)(?<![\w.@-])(?:my (?:{PLATFORMS})(?: (?:name|handle|user|username|tag|account|id))?(?:['’]s| is|:)|(?:{PLATFORMS}) (?:handle|username|"
    rf"name|tag|id)(?: is|:)? ?\(?|(?:insta(?:gram)?|ig|snap(?:chat)?|discord|kik|psn|telegram|tik ?tok|tumblr|twitch|skype|venmo|gamertag) ?:) ?"
    rf"{_QUOTE}(?P<value>(?:live:)?[A-Za-z0-9_][\w.-]{{3,28}}\w)(?![\w@]|['’]\w)(?=[”’]?(?:[ ]*$|[.,;!?)\n]| (?:and|if|dm|add|on)\b))"
)
_I_AM = re.compile(
    rf"(?i)(?<![\w-])(?:(?:i['’]?m|i am|me as|known as|go by|called) {_QUOTE}(?P<before>[A-Za-z][\w.-]{{4,28}}\w)[\"”’]? on (?:{PLATFORMS})\b"
    rf"|on (?:{PLATFORMS}),? (?:i['’]?m|i am|as|it['’]?s) {_QUOTE}(?P<behind>[A-Za-z][\w.-]{{4,28}}\w)(?=[\"”’]?(?:[ ]*$|[.,;!?)\n])))"
)
_STATES = frozenset(
    "popular famous online glued verified nobody somebody someone better invisible there myself mostly alone".split()
)
_ADJECTIVE = re.compile(r"\w+(?:ed|ing|ful|ous|[cstr]ive|able|ible|al|ic|less|ly|ty|en)$", re.IGNORECASE)
_USER_ODD = re.compile(rf"(?i)(?<![\w.@-])(?:{_USER})(?: (?:of|as|like|is|was))?[ :,]{{1,2}}{_QUOTE}(?P<value>{_ODD})")
_AS = re.compile(
    rf"(?i)(?<![\w-])(?:(?:post|comment|stream|play|message|follow|call|add|dm|find|text|known|go|goes|went|log(?:ged)? in|sign(?:ed)? in|writ\w+)"
    rf"\w*(?: \w+){{0,4}}? (?:as|under|by|at|me|him|her|is)|i['’]m|i am|it['’]s|called)[ :,]{{1,2}}{_QUOTE}(?P<value>{_ODD})"
)
_THERE = re.compile(rf"(?i)(?<![\w.@-])(?P<value>{_ODD}){_QUOTE},? (?:over )?on (?:the )?(?:{PLATFORMS})\b")
_HANDLE_SHAPE = re.compile(r"[A-Za-z]\w*(?:[._]\w+|\d)|[A-Za-z][\w]*_\w*|_\w+", re.ASCII)
_PLAIN_WORDS = FUNCTION | frozenset(
    """taken private public hacked gone full set blocked banned silly stupid embarrassing different personal real name weird
    based something anything fake secret linked called changed still also really quite pretty kind too long already always
    unknown anonymous none required here there email user username password""".split()
)
_NO_USER = _PLAIN_WORDS | NO_NAME
_NO_STATE = _NO_USER | _STATES


# Outside code, a word in one piece with two digits or an underscore is hardly anything else.
_BARE = re.compile(
    r"(?<![\w.@/#&=:$%+'’-])(?P<word>[a-z]{4,20})[._]?\d{2,4}(?![\w@(/=:+-]|[.,]\d)"
    r"|(?<![\w.@/#&=:$%+'’-])[A-Za-z]{2,}(?:_[A-Za-z]{2,}){1,3}\d{0,4}(?![\w@(/=:+-])"
    r"|(?<![\w.@/#&=:$%+'’-])[a-z]{3,20}\.[a-z]{3,20}\.?\d{1,4}(?![\w@(/=:+-]|[.,]\d)"
    # Words in a row with nothing but full stops between, and figures that stand for letters.
    r"|(?<![\w.@/#&=:$%+'’-])(?!www\.)[a-z]{3,20}\.[a-z]{2,20}\.[a-z]{3,20}(?:\.[a-z]{2,20})?(?![\w@(/=:+-]|\.\w)"
    r"|(?<![\w.@/#&=:$%+'’-])(?=[a-z0-9]{8})[a-z]{1,12}[013457][a-z]{3,20}\d{0,2}(?![\w@(/=:+-])"
    r"|(?<![\w.@/#&=:$%+'’-])live:[a-z][\w.]{3,30}\w"
)
# In one piece, with capitals inside: a name that somebody gave themselves, where somebody goes by a name.
_GOES_BY = re.compile(
    r"(?i:(?<![\w-])(?:(?:posts?|posting|posted|tweets?|tweeting|comments?|commenting|writes?|streams?|signed (?:up|in)|logged in|known|plays?)"
    r" (?:\w+ )?(?:as|under)|goes by|go by)[ :,]{1,2})[\"“'‘]?(?P<value>[A-Z][a-z]+(?:[A-Z][a-z]+)+\d{0,4})(?!\w)"
)
# A semicolon inside a line is prose.
_CODE = re.compile(
    r"[{}=`\\|<>]|;[ \t]*(?:\n|$)|\(\)|__|[A-Z0-9]_[A-Z]{2}|\b[a-z]{2,}_[a-z_]*\(|\w_\w[^ ]*\.[a-z]{1,4}\b"
)
_WITH_DIGITS = (
    NO_NAME
    | FUNCTION
    | frozenset(
        """covid base python windows utf sha catch formula area channel route highway category class form version model
    agent studio mambo bitcoin ubuntu vitamin omega item issue vol volume section page pages room unit flat phase
    round session weeks days hours minutes years months ages aged approx about around over under""".split()
    )
)


def _bare(text: str) -> Iterator[Finding]:
    if _CODE.search(text):
        return
    for match in _BARE.finditer(text):
        if match["word"] is None or match["word"] not in _WITH_DIGITS:
            yield Finding(*match.span(), "HANDLE", 0.5, "identifiers")


def _handles(text: str) -> Iterator[Finding]:
    yield from _bare(text)
    for pattern in (_ON_PLATFORM, _USER_ODD, _AS, _THERE):
        for match in pattern.finditer(text):
            if _is_handle(match["value"], strict=pattern is _AS):
                yield Finding(*match.span("value"), "HANDLE", 0.7, "identifiers")
    for pattern in (_OWN_PLATFORM, _I_AM):
        for match in pattern.finditer(text):
            group = match.lastgroup or 0
            plain = low(match[group])
            if not (plain in _NO_STATE or _ADJECTIVE.match(plain) or plain.isdecimal()):
                yield Finding(*match.span(group), "HANDLE", 0.65, "identifiers")
    for match in _GOES_BY.finditer(text):
        yield Finding(*match.span("value"), "HANDLE", 0.6, "identifiers")
    for match in _USER_IS.finditer(text):
        if low(match["value"]) not in _NO_USER and not match["value"].isdecimal():
            yield Finding(*match.span("value"), "HANDLE", 0.7, "identifiers")


def _is_handle(value: str, *, strict: bool) -> bool:
    """Whether a word looks like a user name: letters with a digit, a full stop or an underscore inside."""
    if not any(c.isalpha() for c in value) or re.fullmatch(r"\d+[A-Za-z]{1,6}|[A-Za-z]-?\d{1,2}|\d.*", value):
        return False
    if re.fullmatch(r"[A-Za-z]+(?:-[A-Za-z]+)+|[A-Za-z]\.[A-Za-z]|[A-Z]{2,}-?\d{1,2}", value):
        return False
    if strict:
        return "_" in value or bool(re.search(r"[a-z]{3,}[._]?\d{2,}$|[a-z]{2,}\.[a-z]{2,}\d", value.lower()))
    return bool(re.search(r"[\d_]|[a-z]\.[a-z]", value.lower()))


RULES = (
    Rule(
        "handles",
        frozenset({"HANDLE"}),
        rf"(?i) on (?:{PLATFORMS})\b|\b(?:{PLATFORMS})(?: (?:name|handle|user|username|tag|account|id))?(?:['’]s| is| ?:| ?\(| )|\b(?:{_USER})\b(?:['’ :,=\"“]+\w+)*?(?: (?:is|was)|:| \w+[._\p{{Nd}}]\w)|[a-z]\.?\p{{Nd}}|\p{{L}}_|_\p{{L}}|(?-i:\p{{Ll}}\p{{Lu}})|"
        rf"[a-z]{{3}}\.[a-z]{{2,20}}\.[a-z]{{3}}|live:|\b(?:{PLATFORMS})(?:['’ :,=\"“]+\w+)*[._\p{{Nd}}-]\w|\w[._]\w+,? (?:over )?on (?:the )?(?:{PLATFORMS})\b",
        _handles,
    ),
)
"""What finds user names."""
