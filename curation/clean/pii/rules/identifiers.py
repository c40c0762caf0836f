"""Numbers, codes and names that a cue tells: record and case numbers, accounts, user names, local telephone numbers.

Presidio's recognisers know numbers by their own shape; these are known by what stands before them ("MRN 00482913", "my
insta is jo.rivers91"), or are written to be read aloud ("jane dot roe at gmail dot com", "oh seven seven double oh …").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.helplines import is_helpline
from curation.clean.pii.rules.known import NO_NAME
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import FUNCTION, around, low

_NUMBER_WORD = r"(?:numbers?|no\b\.?|nos\.|num\b|nr\b\.?|#|ids?\b|codes?|ref(?:erence)?)"
_LINK = rf"(?:['’]s)?(?P<word>,?[ -]?{_NUMBER_WORD})*(?: (?:is|was|are|as|it['’]s|i have is|i was given is))?[ :,=#-]{{0,3}}"
_VALUE = r"(?P<value>(?:(?-i:[A-Z]{2,4}) (?=\d{4}))?(?=[A-Z/.-]{0,12}\d)[A-Z0-9]++(?:[-/.][A-Z0-9]++| (?=[A-Z]{0,2}\d{2})[A-Z0-9]++| \d(?=[.,;)\n]|$))*+)(?![@\w])"

# ------------------------------------------------------------------------------------------- ID and FINANCIAL

_ALONE = (
    r"mrn|medical record|nhs|nino|national insurance|ssn|social security|vin|imei|imsi|passport|driver['’]?s? licen[cs]e|"
    r"driving licen[cs]e|docket|plates?|licen[cs]e plates?|number ?plates?|medicare|medicaid|health card|ohip|ein|tin|"
    r"member(?:ship)? id|subscriber id|policy|green card|alien registration|inmate|prisoner|serial|badge|prescription|"
    r"student id|employee id|patient id|case id|client id|chart|my id|id|dea|npi|dl|tracking|medical id|record locator"
)
_WITH_WORD = (
    r"patient|hospital|case|claim|file|confirmation|booking|order|member(?:ship)?|subscriber|insurance|group|employee|"
    r"staff|payroll|student|matriculation|service|licen[cs]e|permit|visa|registration|reg|tag|device|ticket|warrant|"
    r"incident|crime|police report|report|complaint|user|customer|client|reservation|invoice|referral|record|lab|specimen|"
    r"contract|candidate|applicant|application|appeal|court|beneficiary|enrol?lment|social|ref|reference|tax|ni"
)
_ID = re.compile(rf"(?i)(?<![\w-])(?P<cue>(?P<alone>{_ALONE})|{_WITH_WORD}){_LINK}{_VALUE}")
_PLATE = re.compile(
    r"(?i:(?<![\w-])(?:plates?|number ?plate|licen[cs]e plate|registration|reg|vrn)(?: number| no\.?)?(?: is| was| are)?[ :]{1,3})"
    r"(?P<plate>(?=[A-Za-z -]{0,8}\d)[A-Za-z0-9]{1,4}[ -]?[A-Za-z0-9]{2,4})(?!\w)"
)
_BY_SHAPE = re.compile(
    r"(?<![\w-])(?:\d{2,4}-(?:CV|CR|FL|DR|JV|PR|FA|DV|MH|CIV|CRIM|SC|TR)-\d{3,6}|(?:CV|CR|FL|DR|JV|DV|FA)-?\d{2,4}-\d{3,6}"
    r"|[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
    r"|[A-Z]{2}\d{2} [A-Z]{3}|(?=(?:[A-Z]*\d){5})(?=(?:\d*[A-Z]){3})[A-HJ-NPR-Z0-9]{17})(?![\w-])"
)
_MONEY = re.compile(
    r"(?i)(?<![\w-])(?P<cue>(?:(?:bank|checking|savings|current|joint|my|her|his) )?(?:account|acct|acc|a/c)|iban|routing|transit|"
    r"branch(?: code)?|ifsc|clabe|sort[ -]?code|s/c|bsb|aba|swift|bic|(?:debit |credit |bank )?card|visa|mastercard|amex|cvv2?|cvc|security code|pin|loan|"
    rf"mortgage){_LINK}(?:(?P<ending>(?:that )?(?:ending|ends|finishing|finishes)(?: in| with)? ?)?){_VALUE}"
)
_LEAST = {"pin": 4, "cvv": 3, "cvc": 3, "cvv2": 3, "transit": 5}
"""How many digits a number has at least behind such a word."""

_LAST_FOUR = re.compile(
    r"(?i)\blast (?:four|4)(?: digits)?(?P<of> (?:of|on) (?:my|the|her|his) [\w ]{2,24}?)?(?: (?:is|are|were))?[ :]{1,2}(?P<value>\d{4})(?!\w)"
)
_CARD_SHAPE = re.compile(r"(?<![\d-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?![\d-])")
_WALLET = re.compile(
    r"(?<!\w)(?:0x[0-9a-fA-F]{40}|(?:bc1|ltc1)[a-z0-9]{25,60}|(?=\w{0,12}\d)(?=\w{0,12}[a-z])(?=\w{0,12}[A-Z])[13LMDr4][1-9A-HJ-NP-Za-km-z]{25,94})(?!\w)",
    re.ASCII,
)
_SORT_AND_ACCOUNT = re.compile(r"(?<![\d-])\d{2}-\d{2}-\d{2},?[ /]{1,3}\d{8}(?![\d-])")
_ENDS_IN = re.compile(
    r"(?i)\b(?:cards?|accounts?|acct|visa|mastercard|amex|bank|debit|credit)\b[^.\n\d]{0,30}?\b(?:ending|ends|finishing|finishes|last four|last 4)"
    r"(?: in| with| digits| are|:){0,2} ?(?P<value>\d{4})(?!\w)"
)
_CASHTAG = re.compile(r"(?i:\bcash ?(?:app|tag)\b[^.\n$]{0,20})(?P<tag>\$[A-Za-z][\w-]{1,19})")
_YEAR = re.compile(r"(?:19|20)\d\d")
_CARD = re.compile(r"(?:\d[ -]?){13,19}")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")
_DIAGNOSIS = re.compile(r"[A-Z]\d\d(?:\.\d{1,3})?")


_NUMERIC = re.compile(r"\d")


def _numbers(text: str) -> Iterator[Finding]:
    for start, end in around(text, _NUMERIC):
        yield from _numbers_between(text, start, end)
    for pattern in (_CARD_SHAPE, _WALLET, _SORT_AND_ACCOUNT):
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "FINANCIAL", 0.9, "identifiers")
    for match in _ENDS_IN.finditer(text):
        yield Finding(*match.span("value"), "FINANCIAL", 0.7, "identifiers")
    for match in _CASHTAG.finditer(text):
        yield Finding(*match.span("tag"), "HANDLE", 0.7, "identifiers")


def _numbers_between(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _ID.finditer(text, start, end):
        value = match["value"]
        if _CARD.fullmatch(value):
            continue  # the recogniser of cards knows better
        if match["cue"] == "ID" and _ZIP.fullmatch(value) and text[: match.start()].rstrip(" ")[-1:] in (",", "\n"):
            continue  # Idaho
        if _is_code(value, 3 if match["word"] else 4 if match["alone"] else 6 if value.endswith("00") else 5):
            yield Finding(*match.span("value"), "ID", 0.76, "identifiers")
    for match in _PLATE.finditer(text, start, end):
        if any(map(str.isalpha, match["plate"])):
            yield Finding(*match.span("plate"), "ID", 0.7, "identifiers")
    for match in _BY_SHAPE.finditer(text, start, end):
        yield Finding(*match.span(), "ID", 0.7, "identifiers")
    for match in _MONEY.finditer(text, start, end):
        least = _LEAST.get(low(match["cue"]), 4 if match["ending"] or match["word"] else 6)
        if _is_code(match["value"], least):
            yield Finding(*match.span("value"), "FINANCIAL", 0.75, "identifiers")
    for match in _LAST_FOUR.finditer(text, start, end):
        social = "soci" in (match["of"] or "").lower() or "ssn" in (match["of"] or "").lower()
        yield Finding(*match.span("value"), "ID" if social else "FINANCIAL", 0.7, "identifiers")


def _is_code(value: str, least: int) -> bool:
    digits = sum(c.isdigit() for c in value)
    if (_YEAR.fullmatch(value) and least > 3) or _DIAGNOSIS.fullmatch(value):
        return False
    if value.isupper() and len(value) >= 5 and digits:
        return True
    return digits >= least and not re.fullmatch(r"\d{1,3}[a-z]{1,6}", value)


# ------------------------------------------------------------------------------------------------- HANDLE

_PLATFORMS = (
    r"insta(?:gram)?|ig|snap(?:chat)?|discord|tik ?tok|twitter|reddit|skype|telegram|kik|tumblr|twitch|steam|xbox(?: live)?|psn|"
    r"playstation|venmo|facebook|fb|bluesky|mastodon|threads|whatsapp|signal|wechat|line|roblox|minecraft|fortnite|youtube|"
    r"soundcloud|spotify|onlyfans|bumble|hinge|ao3|wattpad|linkedin|github|slack|7cups|messenger"
)
_USER = r"user ?-?names?|handles?|screen ?names?|gamer ?tags?|log-?in(?: name)?|nickname|user ?id|alias|tag|@"
_SURE_USER = r"user ?-?name|screen ?name|gamer ?tag|user ?id|my handle"
_ODD = r"(?=[A-Za-z]*[\d_.-])[A-Za-z0-9_](?:[\w.-]{1,28}\w)(?![\w@]|['’]\w)"
_ANY = r"[A-Za-z0-9_](?:[\w.-]{1,28}\w)(?![\w@]|['’]\w)"
_QUOTE = r"[\"“'‘]?"
_ON_PLATFORM = re.compile(
    rf"(?i)(?<![\w.@-])(?:{_PLATFORMS})(?:['’]s)?(?: (?:account|profile|page|user|name|me|chat|dm|handle|username|tag|id|there|too|also|is|was|as|at|under|"
    rf"it['’]?s|i['’]?m|my|called|named|on|add))*[ :,=-]{{1,3}}{_QUOTE}(?P<value>{_ODD})"
)
_USER_IS = re.compile(
    rf"(?i)(?<![\w.@-])(?:(?:{_SURE_USER}))(?: (?:there|on (?:the |my )?\w+|for (?:it|that)))?(?: (?:is|was)| ?:)[ :]{{0,2}}{_QUOTE}(?P<value>{_ANY})"
)
_OWN_PLATFORM = re.compile(
    rf"(?i)(?<![\w.@-])(?:my (?:{_PLATFORMS})(?: (?:name|handle|user|username|tag|account|id))?(?:['’]s| is|:)|(?:{_PLATFORMS}) (?:handle|username|"
    rf"name|tag|id)(?: is|:)? ?\(?|(?:insta(?:gram)?|ig|snap(?:chat)?|discord|kik|psn|telegram|tik ?tok|tumblr|twitch|skype|venmo|gamertag) ?:) ?"
    rf"{_QUOTE}(?P<value>(?:live:)?[A-Za-z0-9_][\w.-]{{3,28}}\w)(?![\w@]|['’]\w)(?=[”’]?(?:[ ]*$|[.,;!?)\n]| (?:and|if|dm|add|on)\b))"
)
_I_AM = re.compile(
    rf"(?i)(?<![\w-])(?:(?:i['’]?m|i am|me as|known as|go by|called) {_QUOTE}(?P<before>[A-Za-z][\w.-]{{4,28}}\w)[\"”’]? on (?:{_PLATFORMS})\b"
    rf"|on (?:{_PLATFORMS}),? (?:i['’]?m|i am|as|it['’]?s) {_QUOTE}(?P<behind>[A-Za-z][\w.-]{{4,28}}\w)(?=[\"”’]?(?:[ ]*$|[.,;!?)\n])))"
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
_THERE = re.compile(rf"(?i)(?<![\w.@-])(?P<value>{_ODD}){_QUOTE},? (?:over )?on (?:the )?(?:{_PLATFORMS})\b")
_HANDLE_SHAPE = re.compile(r"[A-Za-z]\w*(?:[._]\w+|\d)|[A-Za-z][\w]*_\w*|_\w+", re.ASCII)
_PLAIN_WORDS = FUNCTION | frozenset(
    """taken private public hacked gone full set blocked banned silly stupid embarrassing different personal real name weird
    based something anything fake secret linked called changed still also really quite pretty kind too long already always
    unknown anonymous none required here there email user username password""".split()
)


# Outside code, a word in one piece with two digits or an underscore is hardly anything else.
_BARE = re.compile(
    r"(?<![\w.@/#&=:$%+'’-])(?P<word>[a-z]{4,20})[._]?\d{2,4}(?![\w@(/=:+-]|[.,]\d)"
    r"|(?<![\w.@/#&=:$%+'’-])[A-Za-z]{2,}(?:_[A-Za-z]{2,}){1,3}\d{0,4}(?![\w@(/=:+-])"
    r"|(?<![\w.@/#&=:$%+'’-])[a-z]{3,20}\.[a-z]{3,20}\.?\d{1,4}(?![\w@(/=:+-]|[.,]\d)"
)
# In one piece, with capitals inside: a name that somebody gave themselves, where somebody goes by a name.
_GOES_BY = re.compile(
    r"(?i:(?<![\w-])(?:(?:posts?|posting|posted|tweets?|tweeting|comments?|commenting|writes?|streams?|signed (?:up|in)|logged in|known|plays?)"
    r" (?:\w+ )?(?:as|under)|goes by|go by)[ :,]{1,2})[\"“'‘]?(?P<value>[A-Z][a-z]+(?:[A-Z][a-z]+)+\d{0,4})(?!\w)"
)
_CODE = re.compile(r"[{}=;`\\|<>]|\(\)|__|_[A-Z]{2}|\w_\w[^ ]*\.[a-z]{1,4}\b")
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
            if not (plain in _PLAIN_WORDS | NO_NAME | _STATES or _ADJECTIVE.match(plain) or plain.isdecimal()):
                yield Finding(*match.span(group), "HANDLE", 0.65, "identifiers")
    for match in _GOES_BY.finditer(text):
        yield Finding(*match.span("value"), "HANDLE", 0.6, "identifiers")
    for match in _USER_IS.finditer(text):
        if low(match["value"]) not in _PLAIN_WORDS | NO_NAME and not match["value"].isdecimal():
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


# ------------------------------------------------------------------------------------------- EMAIL and URL

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


# --------------------------------------------------------------------------------------------------- PHONE

_CALL = re.compile(
    r"(?i)(?<![\w-])(?:call(?:s|ed|ing)?|text(?:s|ed|ing)?|phones?|phoned|cell|mobile|mob|number(?:['’]s)?|ring|rang|reach|dial|fax|"
    r"telephone|tel|contact|whatsapp|voicemail|pager|sms|landline|extension|ext|direct line|line|digits)\b[^\d\n]{0,28}?"
    r"(?P<value>\+?\(?\d(?:[ ().\u2010-\u2015-]{0,3}\d){6,18}(?:,? ?(?:ext|x|extension)\.? ?\d{1,5})?)(?![\w%]|[ ().,/:\u2010-\u2015-]{1,3}\d)"
)
_ABROAD = re.compile(
    r"(?<![\w+])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?:[ ,]{1,2}(?:ext|x|extension)\.? ?\d{1,5})?(?![\w%])"
)
_DIGIT = "zero|oh|o|nought|naught|one|two|three|four|five|six|seven|eight|nine"
_ALOUD = re.compile(
    rf"(?i)(?<![\w-])(?:(?:{_DIGIT}|double|triple|treble|\d)[ ,.\t-]{{1,3}}){{5,}}(?:hundred[ ,-]{{1,2}}(?:(?:{_DIGIT})[ ,-]{{1,2}})*)?(?:{_DIGIT}|hundred|\d)(?![\w-])"
)
_SPOKEN_NUMBER = (
    rf"(?:{_DIGIT}|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundred|thousand|double|triple|treble)"
)
_DICTATED = re.compile(
    rf"(?i)\b(?:numbers?|call|text|ring|phone|reach|dial|cell|mobile)\b[^\d\n.!?]{{0,24}}?(?<![\w-])(?P<value>(?:{_SPOKEN_NUMBER}[ ,-]{{1,3}}){{4,16}}{_SPOKEN_NUMBER})(?![\w-])"
)
_EXTENSION = re.compile(
    r"(?i)(?<![\w-])(?:extension|ext\.?)(?: (?:number|no\.?|is|was)){0,2}[ :]{1,2}(?P<value>\d{3,6})(?![\w%]|[.,/:-]\d| (?:words|pages|days|dollars))"
)
_VALUES = {
    word: index
    for index, words in enumerate(
        ("zero oh o nought naught", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
    for word in words.split()
}
_HIDDEN = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_PLAIN_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d(?:[ ().-]{0,2}\d){8,14}(?![\w.])")
_PLAIN_MAIL = re.compile(r"(?<![\w.+-])\w[\w.+-]{0,64}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){1,4}")
_PLAIN_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_][\w.]{2,30}")
_PLAIN_LINK = re.compile(
    r"(?i)(?<!\w)(?:https?://|www\.)[^\s<>\"]+[\w/]|(?<![\w@.-])[a-z0-9-]{2,60}\.(?:com|org|net|co\.uk|io)\b(?:/[^\s<>\"]*[\w/])?"
)


def _phones(text: str) -> Iterator[Finding]:
    for match in _CALL.finditer(text):
        digits = "".join(c for c in match["value"] if c.isdigit())
        if (
            len(set(digits)) > 1
            and not is_helpline(digits)
            and not re.fullmatch(r"(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d", match["value"])
        ):
            yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _ABROAD.finditer(text):
        if 8 <= sum(c.isdigit() for c in match[0]) <= 19 and not is_helpline(match[0]):
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")
    for match in _EXTENSION.finditer(text):
        yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _DICTATED.finditer(text):
        words = re.findall(r"\w+", match["value"].lower())
        if len(set(words)) > 2 and not any(
            len({b - a for a, b in itertools.pairwise(n)}) < 2 for n in [[_VALUES.get(w, 99) for w in words]]
        ):
            yield Finding(*match.span("value"), "PHONE", 0.7, "identifiers")
    for match in _ALOUD.finditer(text):
        if _is_dictated(match[0]):
            yield Finding(*match.span(), "PHONE", 0.7, "identifiers")


def _is_dictated(said: str) -> bool:
    """Whether spoken digits are a number: at least seven, and neither counting up nor down nor one digit over and over."""
    words = re.findall(r"\w+", said.lower())
    digits = [int(w) if w.isdigit() else _VALUES[w] for w in words if w.isdigit() or w in _VALUES]
    extra = sum({"double": 1, "triple": 2, "treble": 2, "hundred": 2}.get(w, 0) for w in words)
    steps = {b - a for a, b in itertools.pairwise(digits)}
    spoken = any(w in _VALUES for w in words)
    return spoken and 7 <= len(digits) + extra <= 15 and len(steps) > 1


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
        "identifiers",
        frozenset({"ID", "FINANCIAL", "HANDLE"}),
        rf"(?i)\b(?:{_ALONE}|{_WITH_WORD}|account|acct|acc|a/c|iban|routing|transit|branch|ifsc|clabe|sort|s/c|bsb|aba|swift|bic|card|visa|mastercard|amex|"
        r"cvv2?|cvc|security code|pin|loan|mortgage|last four|last 4|vrn)(?:['’]s|s)?(?:[^\w\n]+[a-z]+\.?)*[^\w\n]*[a-z.-]*\p{Nd}|-\p{Lu}{2,4}-\p{Nd}|"
        r"(?-i:\p{Lu}{2} ?\p{Nd}{2} ?\p{Nd}|[A-HJ-NPR-Z0-9]{17})|0x[0-9a-fA-F]{40}|\$[A-Za-z]|"
        r"\p{Nd}{4}[ -]\p{Nd}{4}[ -]\p{Nd}{4}|(?-i:\p{Lu}{2}\p{Nd}{2} \p{Lu}{3})|(?:bc1|ltc1|[13lmdr4])[a-z0-9]{25}|"
        r"\p{Nd}{2}-\p{Nd}{2}-\p{Nd}{2},?[ /]|(?:ending|ends|finishing|finishes|last four|last 4)(?: in| with| digits| are|:){0,2} ?\p{Nd}{4}",
        _numbers,
    ),
    Rule(
        "handles",
        frozenset({"HANDLE"}),
        rf"(?i) on (?:{_PLATFORMS})\b|\b(?:{_PLATFORMS})(?: (?:name|handle|user|username|tag|account|id))?(?:['’]s| is| ?:| ?\(| )|\b(?:{_USER})\b(?:['’ :,=\"“]+\w+)*?(?: (?:is|was)|:| \w+[._\p{{Nd}}]\w)|[a-z]\.?\p{{Nd}}|\p{{L}}_|_\p{{L}}|(?-i:\p{{Ll}}\p{{Lu}})|"
        rf"\b(?:{_PLATFORMS})(?:['’ :,=\"“]+\w+)*[._\p{{Nd}}-]\w|\w[._]\w+,? (?:over )?on (?:the )?(?:{_PLATFORMS})\b",
        _handles,
    ),
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
    Rule(
        "phones",
        frozenset({"PHONE"}),
        rf"(?i)(?s)(?:\p{{Nd}}.{{0,3}}){{6}}\p{{Nd}}|(?:(?:{_SPOKEN_NUMBER}|double|triple|treble|\p{{Nd}})[ ,.\t-]{{1,3}}){{4}}|ext",
        _phones,
    ),
    Rule(
        "hidden characters",
        frozenset({"EMAIL", "HANDLE", "PHONE", "URL"}),
        r"[\x{AD}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}]",
        _hidden,
    ),
)
"""What finds personal data by a cue or a disguise."""
