"""Numbers and codes that a cue or a shape of their own tells: record and case numbers, plates, accounts, cards, wallets.

Presidio's recognisers know numbers by their own shape; most of these are known by what stands before them ("MRN
00482913").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.clean.pii.finding import Finding
from curation.clean.pii.rules.rule import Rule
from curation.clean.pii.rules.shapes import around, low

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
)
"""What finds numbers."""
