"""Thousands of odd inputs: each row a record or a reject, or one CurateError; none slow, none large.

`CURATE_TEST_PROFILE=laws` runs 10,000 inputs for each parser and each kind of adapter, otherwise 500.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from curation.core.adapter import Adapter, Rows
from curation.core.errors import CurateError
from curation.core.records import ROLES
from curation.pull.adapters import CONVERTED_SCHEMA, convert
from curation.pull.chunks import Chunk
from curation.pull.columns import columns_of
from curation.pull.dialogues import gather_chunks
from curation.pull.readers import read
from tests.pull.fuzz import ADAPTERS, Fuzz

INPUTS = 10_000 if os.environ.get("CURATE_TEST_PROFILE") == "laws" else 500
SECONDS = 1.0
BYTES = 200 << 20

pytestmark = [pytest.mark.laws, pytest.mark.timeout(3600)]


def measured(inputs: Iterable[tuple[str, Adapter, object]], run: object) -> None:
    """Run every input and hold it to the limits: seconds of this process, bytes by which the process grew."""
    assert callable(run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, largest = (0.0, ""), (0, "")
    for name, adapter, data in inputs:
        start = time.process_time()
        run(name, adapter, data)
        slowest = max(slowest, (time.process_time() - start, name))
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        largest, peak = max(largest, ((now - peak) << 10, name)), now
    assert slowest[0] < SECONDS, slowest
    assert largest[0] < BYTES, largest


def check_chunk(chunk: Chunk, adapter: Adapter) -> int:
    """Convert a chunk; every row of it must be accounted for, every record must be sound."""
    assert len(chunk.rows) == len(chunk.columns) == len(chunk.identity) == len(chunk.rest)
    assert all(broken.reason and isinstance(broken.identity, bytes) for broken in chunk.broken)
    check_batch(chunk.columns, adapter, len(chunk.rows))
    return len(chunk.rows) + len(chunk.broken)


def check_batch(batch: pa.RecordBatch, adapter: Adapter, rows: int | None) -> None:
    got = convert(batch, adapter, persona="neutral", licence=None, key=b"k" * 32, source="s")
    assert got.records.schema == CONVERTED_SCHEMA
    got.records.validate(full=True)
    assert rows is None or len(got.rejects) == rows
    assert got.rejects.null_count == len(got.records)
    kind = {"preference": "preference", "unpaired": "unpaired"}.get(adapter.kind, "chat")
    for record in got.records.to_pylist():
        assert record["kind"] == kind
        assert (record["label"] is not None) == (kind == "unpaired")
        sides = [record["messages"], *(record[side] for side in ("chosen", "rejected") if record[side] is not None)]
        assert len(sides) == {"chat": 1, "unpaired": 2, "preference": 3}[kind]
        assert all(turn["role"] in ROLES and turn["content"].strip() for side in sides for turn in side)
        assert any(turn["role"] == "user" for turn in sides[0])
        answers = sides[1:] or sides
        assert all(any(turn["role"] == "assistant" for turn in side) for side in answers)


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "tsv", "parquet"])
def test_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.{suffix}"
    kinds = [(kind, adapter) for kind, several in ADAPTERS.items() for adapter in several]
    outcomes = {"rows": 0, "errors": 0}

    def inputs() -> Iterator[tuple[str, Adapter, object]]:
        for number in range(INPUTS):
            fuzz = Fuzz(f"{suffix} {number}")
            kind, adapter = kinds[number % len(kinds)]
            yield f"{suffix} {number} {kind}", adapter, fuzz.file(suffix)

    def run(name: str, adapter: Adapter, data: object) -> None:
        assert isinstance(data, bytes)
        path.write_bytes(data)
        try:
            chunks: Iterator[tuple[int, Chunk]] = (
                (0, chunk) for chunk in read(path, columns_of(adapter), adapter.text_columns())
            )
            if isinstance(adapter, Rows):
                chunks = gather_chunks(chunks, adapter, tmp_path)
            outcomes["rows"] += sum(check_chunk(chunk, adapter) for _, chunk in chunks)
        except CurateError:
            outcomes["errors"] += 1
        except Exception as error:
            error.add_note(f"input: {name}")
            raise

    measured(inputs(), run)
    # The generator must not be so wild that hardly anything is read.
    assert outcomes["errors"] < INPUTS * 0.6
    assert outcomes["rows"] > INPUTS * 0.5


@pytest.mark.parametrize("kind", ADAPTERS)
def test_columns_of_any_type(kind: str) -> None:
    records = 0

    def inputs() -> Iterator[tuple[str, Adapter, object]]:
        for number in range(INPUTS):
            yield f"{kind} {number}", ADAPTERS[kind][number % len(ADAPTERS[kind])], Fuzz(f"{kind} {number}").table()

    def run(name: str, adapter: Adapter, batch: object) -> None:
        nonlocal records
        assert isinstance(batch, pa.RecordBatch)
        try:
            check_batch(batch, adapter, None if isinstance(adapter, Rows) else len(batch))
            records += len(batch)
        except Exception as error:
            error.add_note(f"input: {name}")
            raise

    measured(inputs(), run)
    assert records > INPUTS


def test_the_generator_makes_records_and_rejects_of_every_kind() -> None:
    for kind, several in ADAPTERS.items():
        reasons: set[str | None] = set()
        for number in range(300):
            batch = Fuzz(f"{kind} {number}").table()
            adapter = several[number % len(several)]
            got = convert(batch, adapter, persona="neutral", licence=None, key=b"k" * 32, source="s")
            reasons |= set(pc.unique(got.rejects).to_pylist())
        assert None in reasons, kind
        assert len(reasons) > 2, kind
