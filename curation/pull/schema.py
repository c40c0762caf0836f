"""What columns a source has, as one digest, and whether a person has confirmed that its adapter fits them.

A schema counts as confirmed for a source

- when it is the `confirmed` of sources.yaml, which `sources detect --accept` writes, or
- when it is the lock's and the adapter is still the one of the lock: the first pull of a hand-written adapter
  confirms it, and so does `pull --accept-schema`, or
- when nothing is confirmed yet, or the adapter was rewritten by hand since the last pull and there is no `confirmed`,
  or
- when its rows are made here: their columns are ours, and which of them are null in a file says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from curation.core import files
from curation.core.declare import plain
from curation.core.errors import ProjectError
from curation.core.lock import Entry
from curation.core.sources import MadeSource, Source

_JSON_NUMBERS = {"int": "number", "float": "number"}


def schema_digest(schemas: Iterable[Mapping[str, str]]) -> str:
    """Digest of the columns and types of a source's files, the same however many files share them.

    JSON has one kind of number, and whether an optional value is null in the first rows says nothing, so neither
    changes the digest.

    Args:
        schemas: of each file, the types by column; several types of one column are joined by `|`.
    """
    merged: dict[str, set[str]] = {}
    for schema in schemas:
        for column, kinds in schema.items():
            merged.setdefault(column, set()).update(_JSON_NUMBERS.get(k, k) for k in kinds.split("|"))
    return files.digest({column: sorted(kinds - {"null"}) for column, kinds in merged.items()})


def check_confirmed(name: str, source: Source, entry: Entry | None, schema: str) -> None:
    """Refuse a schema for which nobody has confirmed the adapter.

    Args:
        name: the source's name.
        source: its declaration.
        entry: what the lock knows of it.
        schema: digest of the files as they are now.

    Raises:
        ProjectError: with the two ways to mend it.
    """
    if isinstance(source, MadeSource):
        return
    known = entry if entry and entry.adapter == files.digest(plain(source.adapter)) else None
    if schema in (source.confirmed, known and known.schema):
        return
    if source.confirmed is None and known is None:
        return
    confirmed = source.confirmed or (known.schema if known else "")
    raise ProjectError(
        f"the columns of the files changed since the adapter was confirmed ({confirmed[:12]} -> {schema[:12]})",
        where=f"source '{name}'",
        fix="look with curate sources detect what they are now, and correct the adapter; if it still fits: "
        f"curate pull {name} --accept-schema",
    )
