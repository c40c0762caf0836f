"""The rules of the level `rules`: conversational cues and word lists, nothing to download."""

from __future__ import annotations

from curation.clean.pii.rules import addresses, dates, envelopes, identifiers, organisations, people, places, postcodes
from curation.clean.pii.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    *people.RULES,
    *addresses.RULES,
    *envelopes.RULES,
    *dates.RULES,
    *identifiers.RULES,
    *organisations.RULES,
    *places.RULES,
    *postcodes.RULES,
)
"""All rules, in the order in which the audit lists them."""
