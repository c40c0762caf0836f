"""Hash files of benchmarks: the n-grams of test items as 64-bit hashes.

With such a file a mix is kept free of the items where their texts are not at hand, and may not be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core import files
from curation.core.errors import ProjectError
from curation.methods import overlap
from curation.methods.texts import one_array

FOLDER = "exports/benchmarks"

_SCHEMA = pa.schema(
    [
        ("item", pa.int64()),
        ("hash", pa.string()),
        ("words", pa.int64()),
        ("grams", pa.list_(pa.field("element", pa.uint64()))),
    ],
    metadata={b"curate.hashes": b"1", b"curate.n": str(overlap.N).encode()},
)
"""`item` counts the benchmark's rows from 1; `hash` names an item whatever its place. The first number in the metadata
is the version: raise it when words are told apart or hashed in another way."""


@dataclass(frozen=True)
class Benchmark:
    """A hash file, read.

    Attributes:
        name: the file's name without its ending.
        numbers: the row of each item in the benchmark's own file, from 1.
        hashes: 16 hex digits of the BLAKE2b digest of each item's n-grams.
        items: ready to be looked up.
    """

    name: str
    numbers: list[int]
    hashes: list[str]
    items: overlap.Items

    def facts(self) -> dict[str, Any]:
        """What of it decides a mix."""
        return {"items": len(self.numbers), "digest": files.digest([self.numbers, self.hashes])}


def write(path: Path, items: Mapping[int, str]) -> int:
    """Write the hash file of test items, given by row; those without a word are left out. Returns how many it holds."""
    keys, words = overlap.split(pa.array(list(items.values()), pa.string()))
    counts = overlap.runs(words, overlap.N)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    rows = [
        {"item": number, "hash": _hash(keys[a:b]), "words": int(size), "grams": keys[a:b]}
        for number, size, a, b in zip(items, words, offsets[:-1], offsets[1:], strict=True)
        if size
    ]
    with files.replacing(path, mode=0o644) as aside:
        # Hashes do not compress, and these bytes are committed: nothing but the items may change them.
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), aside, compression="none", use_dictionary=False)
    return len(rows)


def _hash(grams: overlap.U64) -> str:
    return hashlib.blake2b(grams.astype("<u8").tobytes(), digest_size=8).hexdigest()


def read(path: Path) -> Benchmark:
    """Read a hash file.

    Raises:
        ProjectError: there is none, or it is none of ours.
    """
    fix = f"make it with: curate benchmark FILE --field NAME --out {FOLDER}/{path.name}"
    try:
        with files.os_errors(path):
            table = pq.ParquetFile(path).read()
    except pa.ArrowException:
        raise ProjectError("no hash file of a benchmark", where=path.name, fix=fix) from None
    if not table.schema.equals(_SCHEMA, check_metadata=True):
        raise ProjectError("no hash file of a benchmark, or one of another version", where=path.name, fix=fix)
    words = pc.fill_null(table.column("words"), 0).to_numpy()
    grams = one_array(table.column("grams"))
    sizes = pc.list_value_length(grams).to_numpy(zero_copy_only=False)
    flat = grams.flatten()
    if any(c.null_count for c in (*table.columns, flat)) or not np.array_equal(sizes, overlap.runs(words, overlap.N)):
        raise ProjectError("a hash file whose items lack n-grams", where=path.name, fix=fix)
    keys = flat.to_numpy(zero_copy_only=False)
    numbers, hashes = table.column("item").to_pylist(), table.column("hash").to_pylist()
    return Benchmark(path.stem, numbers, hashes, overlap.index(keys, words))


def items_of(path: Path, field: str) -> dict[int, str]:
    """The test items of a benchmark's file, by row from 1: what the user asks in a column of its JSON lines.

    The column holds a text, a list of texts or a list of turns; of several the item is all of them.

    Raises:
        ProjectError: a row that is no JSON object, or that has no such column.
    """
    found: dict[int, str] = {}
    with files.os_errors(path):
        lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise ProjectError("a line that is no JSON object", where=f"{path.name}:{number}", fix="give JSON lines")
        said = _said(row.get(field))
        if said is None:
            columns = ", ".join(sorted(map(str, row)))[:200]
            raise ProjectError(
                f"no text, list of texts or list of turns in the column '{field}'",
                where=f"{path.name}:{number}",
                fix=f"name the column of the questions with --field; this row has {columns}",
            )
        found[len(found) + 1] = said
    return found


def _said(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return None
    texts = [_turn(each) if isinstance(each, dict) else each for each in value]
    return "\n".join(t for t in texts if t) if all(isinstance(t, str) for t in texts) else None


def _turn(turn: Mapping[str, Any]) -> Any:
    role, text = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    return text if role in ("user", "human") else ""
