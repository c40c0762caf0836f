"""What a process shows after `install()`; each test in a process of its own, for the hooks are global."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import curation

CANARY = "my sister Alma Quist"
TOKEN = "hf_" + "aB3" * 11


def run(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run a script after `install()`; C and T stand for the canary and a token."""
    script = tmp_path / "script.py"
    script.write_text(
        "import logging, sys, threading, warnings\nfrom curation.core.redact import install\n"
        f"install(); install()\nC, T = {CANARY!r}, {TOKEN!r}\n{textwrap.dedent(code)}"
    )
    root = str(Path(curation.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": root},
    )
    for word in (*CANARY.split(), TOKEN, str(tmp_path), "Traceback"):
        assert word not in done.stdout + done.stderr
    return done


def test_an_uncaught_error(tmp_path: Path) -> None:
    done = run(tmp_path, "def work(row):\n    raise ValueError(row)\nwork(C)")
    assert done.returncode == 1
    assert done.stderr.splitlines()[:2] == ["stopped by an error", "ValueError"]
    assert "  script.py:6 in work" in done.stderr


def test_an_error_that_cannot_be_described(tmp_path: Path) -> None:
    code = """
    from curation.core.errors import CurateError
    class Broken(CurateError):
        def lines(self): raise ValueError(C)
    raise Broken(C)
    """
    assert "could not be described" in run(tmp_path, code).stderr


def test_an_error_in_a_thread(tmp_path: Path) -> None:
    code = """
    def work(): raise KeyError(C)
    threads = [threading.Thread(target=work, name=C), threading.Thread(target=sys.exit)]
    for t in threads: t.start()
    for t in threads: t.join()
    """
    done = run(tmp_path, code)
    assert done.stderr.splitlines()[:2] == ["a thread was stopped by an error", "KeyError"]
    assert done.stderr.count("stopped by") == 1


def test_an_unraisable_error(tmp_path: Path) -> None:
    code = """
    class Leaky:
        def __del__(self): raise ValueError(C)
        def __repr__(self): return C
    x = Leaky(); del x
    """
    assert "ValueError" in run(tmp_path, code).stderr


def test_warnings(tmp_path: Path) -> None:
    done = run(tmp_path, "warnings.warn(f'{C} {T}')\nlogging.captureWarnings(True)\nwarnings.warn(C, FutureWarning)")
    first, second = done.stderr.splitlines()
    assert first == "UserWarning: script.py:5"
    assert second.startswith("warning py.warnings: ")


def test_foreign_loggers_are_told_by_place_and_ours_by_message(tmp_path: Path) -> None:
    code = """
    logging.getLogger("httpx").warning(f"got {C}")
    logging.getLogger("httpx").error("got %s", C)
    logging.getLogger("httpx").info(C)
    logging.getLogger("curationist").warning(C)
    logging.warning(C)
    logging.getLogger("curation.pull").warning("3 rows of %s\\x1b[2J, %s", "a", T)
    logging.getLogger("curation").info("not shown")
    logging.getLogger("curation.pull").warning("%d", C)
    try:
        {}[C]
    except KeyError:
        logging.getLogger("curation.pull").exception("row 7 failed")
        logging.getLogger("asyncio").exception(C, stack_info=True)
    """
    assert run(tmp_path, code).stderr.splitlines() == [
        "warning httpx: script.py:6",
        "error httpx: script.py:7",
        "warning curationist: script.py:9",
        "warning root: script.py:10",
        "warning curation.pull: 3 rows of a\\x1b[2J, [secret]",
        "warning curation.pull: script.py:13 (its message could not be put together: TypeError)",
        "error curation.pull: row 7 failed",
        "  KeyError",
        "    script.py:15 in <module>",
        "error asyncio: script.py:18",
        "  KeyError",
        "    script.py:15 in <module>",
    ]


def test_handlers_of_libraries_get_no_words_either(tmp_path: Path) -> None:
    code = """
    lib = logging.getLogger("lib")
    lib.propagate = False
    lib.warning(C)
    lib.addHandler(logging.StreamHandler())
    try:
        int(C)
    except ValueError:
        lib.exception("%s %d", C, C)
    sent = {"name": "far", "msg": C, "levelname": "ERROR", "levelno": 40, "lineno": 3, "pathname": "/x/f.py"}
    logging.getLogger("far").handle(logging.makeLogRecord(sent))
    """
    assert run(tmp_path, code).stderr.splitlines() == [
        "warning lib: script.py:8",
        "script.py:13",
        "  ValueError",
        "    script.py:11 in <module>",
        "error far: f.py:3",
    ]


def test_a_closed_stderr_stops_nothing(tmp_path: Path) -> None:
    code = "sys.stderr.close()\nlogging.warning(C)\nsys.stderr = None\nlogging.warning(C)\nprint('done')"
    assert run(tmp_path, code).stdout == "done\n"
