"""What finds personal data by a cue or a disguise: numbers, user names, addresses of mail and web, telephone numbers."""

from __future__ import annotations

from curation.clean.pii.rules import called, handles, hidden, numbers, online, phones

RULES = (*numbers.RULES, *handles.RULES, *called.RULES, *online.RULES, *phones.RULES, *hidden.RULES)
"""In the order in which the audit lists them."""
