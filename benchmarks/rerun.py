"""`curate run` with nothing changed, after imports. Claim: under 2 seconds, no stage runs, no file is written."""

import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.laws.projects import make_project


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        project = make_project(Path(folder) / "p", chats=20_000, questions=5_000, pairs=5_000, part_rows=2_000)
        start = time.perf_counter()
        project.run("run")
        first = time.perf_counter() - start
        before = project.files()
        start = time.perf_counter()
        project.run("run")
        again = time.perf_counter() - start
        written = sum(before.get(name) != found for name, found in project.files().items())
    print(f"30 000 rows: first run {first:.1f} s, again {again:.2f} s and {written} files written (claim: 2 s, 0)")
    sys.exit(again > 2 or written > 0)


if __name__ == "__main__":
    main()
