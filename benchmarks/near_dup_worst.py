"""The worst that can be given to `curate try near_dup`: time and memory stay bounded.

    python benchmarks/near_dup_worst.py

A million equal rows, and 20,000 and 100,000 rows that all begin with the same long form and end each in a way of its
own, so that every one is a near-duplicate of every other. CPU seconds and peak memory of the whole command, reading
the file and printing a line a row included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FORM = " ".join(f"question {n} of the form that everybody was given" for n in range(20))


def equal(rows: int) -> Iterator[str]:
    return ("I hear you, and I am glad that you told me." for _ in range(rows))


def forms(rows: int) -> Iterator[str]:
    return (f"{FORM} answered by number {n}" for n in range(rows))


def run(path: Path, folder: str) -> tuple[int, float, float]:
    """Rows kept, CPU seconds, peak memory in MB."""
    command = [sys.executable, "-m", "curation", "--set", "workers=1", "try", "near_dup", "--file", str(path)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, env=env) as started:
        assert started.stdout is not None
        kept = sum(b'"kept": true' in line for line in started.stdout)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        sys.exit(f"it failed on {path.name}")
    return kept, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def main() -> None:
    print("rows                     kept   CPU s   peak MB")
    with tempfile.TemporaryDirectory() as folder:
        for name, made in (
            ("2 rows (warm-up)", equal(2)),
            ("1,000,000 equal", equal(1_000_000)),
            ("20,000 forms", forms(20_000)),
            ("100,000 forms", forms(100_000)),
        ):
            path = Path(folder) / "rows.jsonl"
            with path.open("w") as out:
                out.writelines(json.dumps({"text": text}) + "\n" for text in made)
            kept, cpu, peak = run(path, folder)
            print(f"{name:20}{kept:9}{cpu:8.1f}{peak:10.0f}", flush=True)


if __name__ == "__main__":
    main()
