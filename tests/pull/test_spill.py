"""Rows come back in hash order, all of them, however often they were spilled."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pyarrow as pa
import pytest

from curation.core import files
from curation.pull.spill import Spill


@pytest.mark.parametrize("digits", [0, 1, 2, 3])
@pytest.mark.parametrize("run_bytes", [1, 20_000, 1 << 30])
def test_everything_comes_back_once_and_in_order(tmp_path: Path, digits: int, run_bytes: int) -> None:
    rng = random.Random(5)
    rows = [{"hash": f"{rng.getrandbits(64):016x}", "text": [{"a": "x" * rng.randint(0, 30)}]} for _ in range(600)]
    with Spill(tmp_path / "raw", run_bytes=run_bytes) as spill:
        for start in range(0, 600, 50):
            spill.add(pa.RecordBatch.from_pylist(rows[start : start + 50]))
        assert spill.rows == 600
        found = []
        for number in range(16**digits):
            prefix = f"{number:0{digits}x}" if digits else ""
            part = spill.part(prefix)
            for row in part.to_pylist() if part is not None else []:
                assert row["hash"].startswith(prefix)
                found.append(row)
        runs = list((tmp_path / "raw").rglob("*.arrow")) if (tmp_path / "raw").exists() else []
        assert bool(runs) == (run_bytes < 1 << 30)
        for path in runs:
            assert path.parent.name.startswith(files.TEMP_PREFIX)
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = lambda row: (row["hash"], str(row))  # noqa: E731
    assert sorted(found, key=key) == sorted(rows, key=key)
    assert not list(tmp_path.rglob("*.arrow"))


def test_nothing_is_nothing(tmp_path: Path) -> None:
    with Spill(tmp_path) as spill:
        spill.add(pa.RecordBatch.from_pylist([], pa.schema([("hash", pa.string())])))
        assert spill.part("") is None
