"""What every engine of this benchmark runs in: one core, the texts in memory, and only the work itself counted.

An engine is a function from the texts, in the form it likes best, to the row numbers it keeps. Imports, reading the
file and bringing the texts into that form are not counted, and neither is a first pass over 200 texts that loads what
is loaded late and compiles what is compiled late. Everything else is: splitting into words, shingles, sketches, the
search, and the decision which rows stay.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

WARM_UP = 200
WORD = re.compile(r"\w+")
ASCII = bytes(ord(chr(c).lower()) if c < 128 and (chr(c).isalnum() or chr(c) == "_") else 32 for c in range(256))
ASCII_TEXT = {c: chr(ASCII[c]) for c in range(128)}


def ngrams(text: str, as_bytes: bool = False, table: bool = True) -> Iterable[str] | Iterable[bytes]:
    """The shingles that the truth compares, joined by blanks, repeated ones repeated: for engines that take any.

    The fastest of the ways to do it in Python that were tried: words of ASCII alone are parted by a table and `split`,
    which takes 60 % of the time of a pattern, and joined tuples are faster than slices, f-strings or joined pairs.
    """
    if not (table and text.isascii()):
        words = WORD.findall(text.lower())
        words = [word.encode() for word in words] if as_bytes else words
    else:
        words = (text.encode().translate(ASCII) if as_bytes else text.translate(ASCII_TEXT)).split()
    blank = b" " if as_bytes else " "
    if len(words) >= 60:
        return list(map(blank.join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)))
    return list(map(blank.join, zip(words, words[1:], words[2:], strict=False))) if len(words) >= 3 else words


def main(
    engine: str,
    package: str,
    work: Callable[[Any, Path], Any],
    prepare: Callable[[Any], Any] | None = None,
    after: Callable[[Any, Any, float], dict[str, Any]] | None = None,
) -> None:
    """Run one engine on one corpus, write the ids it keeps and print one line of JSON.

    Args:
        engine: The name in the table.
        package: The distribution whose version goes with it.
        work: From the prepared texts and a folder for scratch files to the rows kept, or to a dictionary of these
            (`kept`), the pairs of rows found (`pairs`) and other figures for the line.
        prepare: From an Arrow array of texts to what `work` takes; a list of strings if not given.
        after: From the prepared texts, what `work` gave and its CPU seconds to what goes into the line instead; neither
            its time nor its memory is counted.
    """
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, help="Parquet with the columns id and text")
    parser.add_argument("out", type=Path, help="folder for the ids kept and scratch files")
    given = parser.parse_args()
    cores = int(os.environ.get("NEAR_DUP_CORES", "1"))
    if len(os.sched_getaffinity(0)) > cores:  # it has to hold before libraries start their threads
        sys.exit("this runs on one core: start it with run.py, or with taskset -c 0")
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(given.corpus)
    ids = table["id"].to_numpy()
    prepare = prepare or (lambda texts: texts.to_pylist())
    few, texts = (prepare(part) for part in (table["text"][:WARM_UP], table["text"]))
    del table
    given.out.mkdir(parents=True, exist_ok=True)
    work(few, given.out / "warm")
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before, cpu, wall = memory("VmRSS"), cpu_seconds(), time.perf_counter()
    result = work(texts, given.out / "work")
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    peak = memory("VmHWM")
    if after is not None:
        result = after(texts, result, cpu)
    result = result if isinstance(result, dict) else {"kept": result}
    line = {"engine": engine, "version": version(package), "n": len(ids), "cpu_s": round(cpu, 3)}
    line |= {"wall_s": round(wall, 3), "rss_mb": round(peak, 1), "above_mb": round(peak - before, 1)}
    for name, value in result.items():
        if name in ("kept", "pairs"):
            np.save(given.out / name, ids[np.asarray(value)])
            value = str(given.out / f"{name}.npy")
        line[name] = value
    print(json.dumps(line))


def cpu_seconds() -> float:
    """User and system time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def memory(name: str) -> float:
    """A line of the kernel's account of this process, in MB (10^6 bytes)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name + ":"))) * 1024 / 1e6
