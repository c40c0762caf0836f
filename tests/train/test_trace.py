"""Which adapters learned from rows that somebody withdrew."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from curation.core.app import App
from curation.core.errors import IntegrityError
from curation.core.ui import Ui
from curation.train.adapters import adapters_with, entries
from curation.train.cli import train
from curation.train.ledger import FILE, SCHEMA, write
from tests.laws.projects import make_project

FULL = os.environ.get("CURATE_TEST_PROFILE") == "laws"


def ledger(folder: Path, rows: list[str]) -> None:
    folder.mkdir(parents=True)
    count = len(rows)
    numbers = {name: pa.array(range(1, count + 1), pa.int32()) for name in ("step", "bin", "tokens")}
    rest = {"row": rows, "piece": [0] * count, "trained_tokens": [1] * count, "loss": [0.5] * count}
    columns = {**numbers, **rest}
    write(folder, [pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)])


def test_rows_are_found_in_every_adapter_or_in_one(tmp_path: Path) -> None:
    ledger(tmp_path / "one" / "aa", ["x:1", "x:2", "x:1"])
    ledger(tmp_path / "two" / "bb", ["x:2", "x:3"])
    assert entries(tmp_path, {"x:1", "x:3"}) == [
        ("one/aa", "x:1", 1, 1), ("one/aa", "x:1", 3, 3), ("two/bb", "x:3", 2, 2),
    ]  # fmt: skip
    assert entries(tmp_path, {"x:2"}, "two") == [("two/bb", "x:2", 1, 1)]
    assert entries(tmp_path, {"x:9"}) == []
    assert adapters_with(tmp_path, "x:1") == ["one/aa, step 1, 3"]
    (tmp_path / "one" / "aa" / FILE).write_bytes(b"PAR1 nonsense")
    with pytest.raises(IntegrityError, match="cannot be read"):
        entries(tmp_path, {"x:1"})


def test_the_command_reads_a_file_of_withdrawn_rows(tmp_path: Path) -> None:
    root = tmp_path / "project"
    make_project(root)
    ledger(root / "data" / "adapters" / "one" / "aa", ["x:1", "x:2"])
    (tmp_path / "gone.txt").write_text("x:2\n\n  x:7 \n")
    app = App(Ui(), root)
    done = CliRunner().invoke(train, ["trace", "--withdrawn", str(tmp_path / "gone.txt")], obj=app)
    assert done.exit_code == 0, done.output
    assert "x:2" in done.output and "x:1" not in done.output
    assert "1 of 2 records learned by 1 adapter" in done.output
    assert CliRunner().invoke(train, ["trace"], obj=app).exit_code != 0


@pytest.mark.slow
def test_ten_million_entries_are_searched_in_two_seconds(tmp_path: Path) -> None:
    count = 10_000_000 if FULL else 1_000_000
    draw = np.random.default_rng(0)
    known = np.array([f"counselling:{number:016x}" for number in draw.integers(0, 2**63, count // 10)])
    planted = known[:200]

    def tables() -> object:
        for epoch in range(10):
            rows = draw.permutation(known)
            numbers = pa.array(np.arange(len(rows)) + epoch * len(rows), pa.int32())
            columns = {name: numbers for name in ("step", "bin", "piece", "tokens", "trained_tokens")}
            loss = pa.array(draw.random(len(rows), np.float32))
            columns |= {"row": pa.array(rows), "loss": loss}
            yield pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)

    folder = tmp_path / "run" / "aa"
    folder.mkdir(parents=True)
    write(folder, tables())  # type: ignore[arg-type]
    began = time.process_time()
    found = entries(tmp_path, set(planted.tolist()))
    spent = time.process_time() - began
    assert len(found) == 2000 and {row for _, row, _, _ in found} == set(planted.tolist())
    # Of the processor's time: other work on the machine is not the search's.
    assert spent < 2.0, spent
