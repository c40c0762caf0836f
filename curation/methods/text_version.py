"""Which text of a record somebody saw: a keyed digest of its turns, so that a later text is known to be another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.core.files import canonical_json
from curation.core.records import keyed

COLUMNS = ("messages", "chosen", "rejected")


def version_of(key: bytes, row: Mapping[str, Any]) -> str:
    """The version of a record's text. It tells nothing to someone without the key."""
    said = [[[turn["role"], turn["content"]] for turn in row.get(column) or ()] for column in COLUMNS]
    return keyed(key, "text-version", canonical_json(said).decode("utf-8", "surrogatepass"))[:16]
