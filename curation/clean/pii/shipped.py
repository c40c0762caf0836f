"""The files that come with the package: what was learned, and a list of English words."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

WEIGHTS, ENGLISH = "weights.xz", "english.xz"


def read(name: str) -> bytes:
    """One of the files."""
    return resources.files("curation.clean.pii.learned").joinpath(name).read_bytes()


@functools.cache
def digest() -> str:
    """SHA-256 of both files: other bytes find other things."""
    return hashlib.sha256(read(WEIGHTS) + read(ENGLISH)).hexdigest()
