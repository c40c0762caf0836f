"""What a finding of personal data is: the words that every file of this folder shares."""

from __future__ import annotations

import re
from typing import NamedTuple

LABELS = (
    "ADDRESS",
    "AGE",
    "DATE",
    "EMAIL",
    "FACILITY",
    "FINANCIAL",
    "HANDLE",
    "ID",
    "IP",
    "LOCATION",
    "ORG",
    "PERSON",
    "PHONE",
    "URL",
)
"""Every kind of personal data, in the order in which counts are listed."""

ROLES = ("client", "clinician", "relative", "public_figure")
"""Who a PERSON is to the conversation, where the text tells it. A public figure is no personal data."""

PLACEHOLDER = re.compile(r"\[([A-Z]{2,12})_([0-9]{1,6})\]")
"""What stands for removed data, ours or another tool's: never searched, never part of a finding."""


class Finding(NamedTuple):
    """Personal data in a text.

    Attributes:
        start: offset of its first character.
        end: offset behind its last character.
        label: one of `LABELS`.
        score: how sure the recogniser is, above 0 and at most 1.
        recogniser: who found it, such as `people` or `CreditCardRecognizer`.
        role: one of `ROLES` for a PERSON where the text tells it.
    """

    start: int
    end: int
    label: str
    score: float
    recogniser: str
    role: str | None = None
