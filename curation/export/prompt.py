"""What is asked in a record, in a form in which equal questions are equal: the key that no split may cut through."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.methods.texts import Turns

GREETING = 8
"""In a conversation of several exchanges, an opening of fewer words is a greeting, and says nothing of its content."""


def prompts(table: pa.Table) -> pa.Array:
    """A digest of what is asked in each of n records; null where nothing is.

    Of a conversation that is the user's first turn, of a preference or an unpaired answer all that its user says.
    Compared are letters and digits only, in lower case; placeholders of one kind are equal.
    """
    turns = Turns.of(table.column("messages"))
    rows = turns.rows
    user = pc.fill_null(pc.equal(turns.role, "user"), False).to_numpy(zero_copy_only=False)
    chat = pc.equal(table.column("kind"), "chat").to_numpy()
    asked = np.flatnonzero(user)
    first = np.ones(len(asked), np.bool_)
    first[1:] = rows[asked][1:] != rows[asked][:-1]
    asked = asked[first | ~chat[rows[asked]]]
    texts = turns.content.take(pa.array(asked))
    bounds = np.concatenate(([0], np.cumsum(np.bincount(rows[asked], minlength=len(table))))).astype(np.int32)
    said = normal(pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), pc.fill_null(texts, "")), "\n"))
    exchanges = np.bincount(rows[user], minlength=len(table))
    words = pc.add(pc.count_substring(said, " "), 1).to_numpy(zero_copy_only=False)
    silent = pc.equal(pc.binary_length(said), 0).to_numpy(zero_copy_only=False)
    counts = ~silent & (~chat | (exchanges < 2) | (words >= GREETING))
    found = [
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest() if counted else None
        for text, counted in zip(said.to_pylist(), counts.tolist(), strict=True)
    ]
    return pa.array(found, pa.string())


def normal(texts: pa.Array) -> pa.Array:
    """Texts as letters and digits in lower case, words parted by one space."""
    lower = pc.utf8_lower(pc.utf8_normalize(texts, "NFKC"))
    alike = pc.replace_substring_regex(lower, r"_\d+\]", "]")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(alike, r"[^\p{L}\p{N}]+", " "))
