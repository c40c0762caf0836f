"""What becomes of a finding: the actions, the presets, and what each label may become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from curation.clean.pii.finding import LABELS

Action = Literal["placeholder", "surrogate", "generalise", "shift", "hash", "drop"]
"""placeholder: `[PERSON_1]`, numbered in reading order; surrogate: something made up of the same kind; generalise: of
a date the year, of an age above 89 `90+`; shift: a date moved by as many days as all others of its conversation;
hash: `[PERSON:…]`, the same for the same value everywhere under one key; drop: the whole record goes."""

MADE_UP: tuple[Action, ...] = ("surrogate", "shift")
"""Actions that leave something a second search may find."""

Preset = Literal["safe-harbor", "training", "strict"]

ACTIONS: Mapping[str, tuple[Action, ...]] = {
    **dict.fromkeys(LABELS, ("placeholder", "surrogate", "hash", "drop")),
    "DATE": ("placeholder", "generalise", "shift", "hash", "drop"),
    "AGE": ("placeholder", "generalise", "hash", "drop"),
}
"""What each label may become."""

_PLACEHOLDERS: Mapping[str, Action] = dict.fromkeys(LABELS, "placeholder")

PRESETS: Mapping[Preset, Mapping[str, Action]] = {
    # 45 CFR 164.514(b)(2): of dates the year may stay, of ages above 89 that they are.
    "safe-harbor": {**_PLACEHOLDERS, "DATE": "generalise", "AGE": "generalise"},
    "training": {**dict.fromkeys(LABELS, "surrogate"), "DATE": "shift", "AGE": "generalise"},
    "strict": _PLACEHOLDERS,
}
"""safe-harbor: placeholders, years and `90+`. training: reads naturally. strict: placeholders for all, and public
figures count as persons."""


def actions(preset: Preset, own: Mapping[str, Action]) -> dict[str, Action]:
    """For every label its action: the preset's, where nothing else is set."""
    return {**PRESETS[preset], **own}


def check(own: Mapping[str, str]) -> None:
    """Refuse labels that do not exist and actions that make no sense for theirs.

    Raises:
        ValueError: names the label and what it may become.
    """
    for label, action in own.items():
        if label not in ACTIONS:
            raise ValueError(f"'actions' has no label '{label}'; labels: {', '.join(LABELS)}")
        if action not in ACTIONS[label]:
            raise ValueError(f"'actions' of {label} may be: {', '.join(ACTIONS[label])}")
