"""The recognisers: Presidio's own where they are sound, ours (as Presidio recognisers, too) where they are not.

Importing this file imports Presidio, which takes seconds; `curation.clean.scrub` does so when it starts to work.
Presidio would import transformers for recognisers that nobody here asks for, which takes twice as long as all the rest.
`AnalyzerEngine` is never made: without a language model it reaches for the network, and it adds nothing to patterns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from curation.clean.pii.hushed import listen
from curation.clean.pii.unloaded import unloaded

with unloaded("transformers"):
    from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        CryptoRecognizer,
        EmailRecognizer,
        IbanRecognizer,
        IpRecognizer,
        MacAddressRecognizer,
        PhoneRecognizer,
        UkNinoRecognizer,
        UsItinRecognizer,
        UsSsnRecognizer,
        UuidRecognizer,
    )

_END = r"""[^\s<>"'.,;:!?)\]}*_。，、！？）】》]"""
_REST = rf"(?:[/?#:](?:[^\s<>\"]*{_END})?)?"
_LABELS = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5}"

# Endings that no sentence has after a missing blank ("so sad.my mother …"). The rest counts only before a path.
_PLAIN_ENDINGS = "com|org|net|edu|gov|mil|info|biz|io|dev|app|uk|de|fr|nl|eu|ca|au|ch|se|dk|pl|cz|br|jp|cn|ru|ie|nz|kr"
_PATH_ENDINGS = (
    "ai|be|blog|cc|club|co|es|gg|in|is|it|la|link|live|ly|me|online|page|pm|sh|shop|site|store|tech|to|tv|us|xyz"
)

# After an @, these are no one's name: places, mass mentions, and what code decorates with.
_NO_HANDLES = frozenset(
    {
        "all",
        "author",
        "channel",
        "charset",
        "classmethod",
        "component",
        "dataclass",
        "deprecated",
        "everybody",
        "everyone",
        "example",
        "export",
        "font-face",
        "here",
        "home",
        "import",
        "include",
        "keyframes",
        "media",
        "nobody",
        "override",
        "page",
        "param",
        "property",
        "pytest.fixture",
        "return",
        "returns",
        "school",
        "see",
        "since",
        "staticmethod",
        "supports",
        "test",
        "throws",
        "todo",
        "type",
        "version",
        "work",
    }
)


class Email(EmailRecognizer):  # type: ignore[misc]
    """E-mail addresses, in time linear in the text, without asking the network for the list of public suffixes.

    Presidio's pattern takes quadratic time before it gives up on a text such as "a-a-a-…", and its validation
    downloads a list on first use and refuses addresses under endings the list does not know.
    """

    PATTERNS: ClassVar = [Pattern("Email", r"\b\w(?:[\w.%+'-]{0,254}[\w+-])?@\w+(?:-+\w+)*(?:\.\w+(?:-+\w+)*)+\b", 0.5)]

    def validate_result(self, pattern_text: str) -> None:
        """Leave the score as it is: whatever has the shape of an address is one."""


class Links(PatternRecognizer):  # type: ignore[misc]
    """Web addresses with everything that follows the host.

    Presidio's own recogniser cuts hosts after the first ending that fits ("example.com" of "example.community"),
    leaves query strings, and takes a sentence that follows without a blank for a host.
    """

    PATTERNS: ClassVar = [
        Pattern("scheme", rf"\b(?:https?|ftp)://[^\s<>\"]*{_END}", 0.6),
        Pattern("www", rf"\bwww\d{{0,3}}\.[^\s<>\"]*{_END}", 0.6),
        Pattern("host", rf"(?<![\w@.-]){_LABELS}(?:{_PLAIN_ENDINGS})(?![\w-]){_REST}", 0.5),
        Pattern("host with path", rf"(?<![\w@.-]){_LABELS}(?:{_PATH_ENDINGS})/[^\s<>\"]*{_END}", 0.5),
    ]

    GATE: ClassVar = rf"(?i)://|www|\.(?:{_PLAIN_ENDINGS})(?:[^0-9a-z_-]|$)|\.(?:{_PATH_ENDINGS})/"  # in RE2

    def __init__(self) -> None:
        """Recognise the entity URL in English text (and any other: nothing here depends on the language)."""
        super().__init__(supported_entity="URL", patterns=self.PATTERNS, name="Links")


class Handle(PatternRecognizer):  # type: ignore[misc]
    """Names on social networks: @name, u/name and name#1234 (of @name@host.example, the rest is an e-mail address)."""

    PATTERNS: ClassVar = [
        Pattern("at", r"(?<![\w@./])@(?>(?:_*+[^\W\d_]|\d{1,4}[^\W\d_]{4})\w*+(?:[.-]\w++)*+)(?!\()", 0.5),
        Pattern("reddit", r"(?<![\w/])/?u/[\w-]{3,20}(?![\w-])", 0.5),
        Pattern("number", r"(?<![\w#.])[^\W\d_][\w.]{1,31}#\d{4}(?!\d)", 0.4),
    ]

    def __init__(self) -> None:
        """Recognise the entity HANDLE."""
        super().__init__(supported_entity="HANDLE", patterns=self.PATTERNS, name="Handle")

    def invalidate_result(self, pattern_text: str) -> bool:
        """Refuse single letters and the words that follow an @ but name nobody."""
        name = pattern_text.lstrip("@").casefold()
        return pattern_text.startswith("@") and (len(name) < 2 or name in _NO_HANDLES)


_SEVEN_DIGITS = re.compile(r"(?s)(?:\d\D{0,20}){6}\d")
_DATE = re.compile(r"\d{1,2}([-/. ])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([-/. ])\d{1,2}\2\d{1,2}")
_CALCULATION = re.compile(r"^\(?[-+]?\d+\.\d+\)?$|\d\)? [-/] \(?\d")


class Phone(PhoneRecognizer):  # type: ignore[misc]
    """Presidio's phone numbers without prices, sums, decimal fractions and dates.

    Its regions include some where four digits are a valid number; fewer than seven are not taken here.
    """

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Find phone numbers; `entities` and `nlp_artifacts` are not used."""
        found = []
        for result in super().analyze(text, entities, nlp_artifacts):
            number = text[result.start : result.end]
            if number[0] == "(" and ")" not in number:
                result.start += 1
            if _SEVEN_DIGITS.search(number) and not _CALCULATION.search(number) and not _DATE.fullmatch(number):
                found.append(result)
        return EntityRecognizer.remove_duplicates(found)


@dataclass(frozen=True)
class Guarded:
    """A recogniser, the label for what it finds, and the RE2 pattern that every text it can find something in matches.

    A gate only has to be wide enough. Where the recogniser ignores case, U+017F and U+212A stand for s and k.
    """

    recogniser: EntityRecognizer
    label: str
    gate: str


def recognisers() -> tuple[Guarded, ...]:
    """All recognisers of the level `patterns`.

    Left out are those that misfire in conversation without context words: US driving licence, passport and bank
    number (any run of digits), NHS number (one in eleven US phone numbers).
    """
    listen()
    return (
        Guarded(Email(), "EMAIL", "@"),
        Guarded(Links(), "URL", Links.GATE),
        Guarded(Handle(), "HANDLE", r"@|#\p{Nd}|(?i:u)/"),
        Guarded(CreditCardRecognizer(), "FINANCIAL", r"(?:\p{Nd}[- ]?){13}"),
        Guarded(IbanRecognizer(), "FINANCIAL", r"\p{L}{2}[0-9]{2}"),
        Guarded(CryptoRecognizer(), "FINANCIAL", r"[13][A-Za-z0-9\x{17F}\x{212A}]{25}"),
        Guarded(UsSsnRecognizer(), "ID", r"(?:[0-9][- .]?){9}"),
        Guarded(UsItinRecognizer(), "ID", r"(?:\p{Nd}[- ]?){9}"),
        Guarded(UkNinoRecognizer(), "ID", r"\p{L} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?\p{L}"),
        Guarded(MacAddressRecognizer(), "ID", r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\."),
        Guarded(UuidRecognizer(), "ID", r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-"),
        Guarded(IpRecognizer(), "IP", r"[0-9]\.[0-9]+\.[0-9]+\.[0-9]|:[0-9A-Fa-f]{0,4}:"),
        Guarded(Phone(), "PHONE", r"(?s)(?:\p{Nd}.{0,20}){6}\p{Nd}"),
    )
