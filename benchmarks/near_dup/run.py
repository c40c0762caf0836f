"""Near-duplicates: ours beside rensa, datasketch, Daft, text-dedup and datatrove, one core, the same chats, one run.

    python benchmarks/near_dup/run.py [ROWS ...] [--engines NAME ...] [--rounds N] [--write]
    python benchmarks/near_dup/run.py --check          (the same corpus twice, all pairs found, figures right)

Every engine is a script in peers/ that names what it needs, and gets an environment of its own, made here. It runs in a
process of its own on one core, texts in memory; splitting texts into words counts (see peers/measure.py). What it
keeps is judged by the exact pairs (truth.py, metrics.py). Speeds depend on the machine, ratios hardly: the first column
is the one to read. Environments, corpora and their pairs are kept in ~/.cache/curate-benchmarks, or where --cache says.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import metrics
import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "near_dup.txt"
ROWS = [20_000]
# The script and its arguments, and how many rows it can do in some minutes.
ENGINES = {
    "ours": (["ours.py"], 500_000),
    "rensa": (["rensa_lsh.py"], 500_000),
    "rensa-pattern": (["rensa_lsh.py", "--pattern"], 500_000),
    "datasketch": (["datasketch_lsh.py"], 500_000),
    "datasketch-sha1": (["datasketch_lsh.py", "--sha1"], 500_000),
    "daft": (["daft_minhash.py"], 500_000),
    "text-dedup": (["text_dedup_minhash.py"], 100_000),
    "datatrove": (["datatrove_local.py"], 100_000),
}
FLOORS = {"rensa": 2.5, "datasketch": 10.0, "datatrove": 50.0}  # times as many rows a CPU second
PAIR_RECALL, KB_A_ROW, TWO_CORES, AGAIN = 0.9999, 2.0, 1.4, 0.25
THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"]
THREADS += ["POLARS_MAX_THREADS", "NEAR_DUP_CORES"]
HEAD = "  x rensa  engine                      rows  rows/CPU s  KB/row  recall  strict  trans.   lost  residual"


def environment(script: Path, cache: Path) -> Path:
    """Make the environment that a script names at its head, unless it is there; its Python."""
    block = re.search(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$", script.read_text())
    if block is None:
        return Path(sys.executable)
    wanted = tomllib.loads(re.sub(r"(?m)^# ?", "", block[1]))["dependencies"]
    key = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()[:12]
    folder = cache / "environments" / f"{script.stem}-{key}"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        sys.stderr.write(f"making an environment for {script.name}: {', '.join(wanted)}\n")
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if uv:
            made = [uv, "venv", "-q", "-p", sys.executable, str(folder)]
            filled = [uv, "pip", "install", "-q", "--python", str(python), *wanted]
        else:
            made = [sys.executable, "-m", "venv", str(folder)]
            filled = [str(python), "-m", "pip", "install", "-q", *wanted]
        subprocess.run(made, check=True)
        subprocess.run(filled, check=True)
        (folder / "made").touch()
    return python


def material(rows: int, cache: Path) -> tuple[Path, np.ndarray, str]:
    """The corpus, its exact pairs, and a line on both; made anew when the script that makes them has changed."""
    made_by = (HERE / "corpus.py").read_bytes() + (HERE / "truth.py").read_bytes()
    folder = cache / "corpora" / f"{rows}-{hashlib.sha256(made_by).hexdigest()[:12]}"
    corpus, truth, note = folder / "corpus.parquet", folder / "truth.npz", folder / "note.txt"
    if not note.exists():
        sys.stderr.write(f"making {rows} chats and their pairs\n")
        folder.mkdir(parents=True, exist_ok=True)
        said = call([sys.executable, HERE / "corpus.py", rows, corpus])
        call([environment(HERE / "truth.py", cache), HERE / "truth.py", corpus, truth])
        note.write_text(said)
    pairs = np.load(truth)["pairs"]
    count = metrics.groups(pairs, rows)[0]
    return corpus, pairs, f"{note.read_text().strip()}\n{len(pairs)} pairs, {rows - count} rows too many"


def call(command: list[Any], cores: int | None = None, **more: str) -> str:
    """Run a program, on so many cores, and return what it prints; what else it says is shown only if it fails."""
    given = sorted(os.sched_getaffinity(0))[:cores]
    done = subprocess.run(
        [str(c) for c in command],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, given),
    )
    if done.returncode:
        sys.exit(f"{Path(command[1]).name} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def engine(name: str, corpus: Path, cache: Path, cores: int = 1) -> dict[str, Any]:
    """Run one engine once; its line, with the rows it keeps and the pairs it found (if it says) as arrays."""
    script, *arguments = ENGINES[name][0]
    with tempfile.TemporaryDirectory() as out:
        command = [environment(HERE / "peers" / script, cache), HERE / "peers" / script, *arguments, corpus, out]
        more = {name: str(cores) for name in THREADS} | {"HF_HOME": out, "HF_HUB_OFFLINE": "1"}
        line = json.loads(
            call(command, cores, **more, **({"PYTHONPATH": str(ROOT)} if name == "ours" else {})).splitlines()[-1]
        )
        return line | {key: np.load(line[key]) for key in ("kept", "pairs") if key in line}


def ready(name: str) -> bool:
    """Whether an engine can run: ours only once it is there."""
    if not (HERE / "peers" / ENGINES[name][0][0]).exists():
        return False
    sys.path.insert(0, str(ROOT))
    return name != "ours" or importlib.util.find_spec("curation.clean.near_dup") is not None


def compare(rows: int, names: list[str], rounds: int, cache: Path) -> tuple[list[str], bool]:
    """Run the engines in turn, so many times; the lines of the table, and whether ours keeps its promises."""
    corpus, pairs, note = material(rows, cache)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names if rows <= ENGINES[name][1]}
    for _ in range(rounds):
        for name, done in runs.items():
            sys.stderr.write(f"{name}, {rows} chats\n")
            done.append(engine(name, corpus, cache))
    seconds = {name: statistics.median(run["cpu_s"] for run in done) for name, done in runs.items()}
    lines = [note, HEAD]
    for name, done in runs.items():
        one, cpu = done[-1], seconds[name]
        good, memory = metrics.of_kept(pairs, one["kept"], rows), one["above_mb"] * 1e3 / rows
        ratio = f"{seconds['rensa'] / cpu:9.3f}" if "rensa" in seconds else " " * 9
        lines.append(
            f"{ratio}  {one['engine'] + ' ' + one['version']:24}{rows:8}{rows / cpu:12.0f}{memory:8.2f}"
            f"{good['recall']:8.4f}{good['strict']:8.4f}{good['transitive']:8.4f}{good['lost']:7}{good['residual']:10}"
        )
    if "ours" not in runs:
        return lines, True
    said, kept = promises(rows, pairs, runs["ours"], seconds, engine("ours", corpus, cache, cores=2))
    return lines + said, kept


def promises(
    rows: int, pairs: np.ndarray, runs: list[dict[str, Any]], seconds: dict[str, float], two: dict[str, Any]
) -> tuple[list[str], bool]:
    """What is promised of ours and what was seen, a line each."""
    ours = runs[-1]
    recall, precision = metrics.of_pairs(pairs, ours["pairs"], rows)
    lost = metrics.of_kept(pairs, ours["kept"], rows)["lost"]
    memory = ours["above_mb"] * 1e3 / rows
    wall = statistics.median(run["wall_s"] for run in runs)
    seen = [
        (
            f"{name}: {seconds[name] / seconds['ours']:.2f} times as fast",
            seconds[name] >= floor * seconds["ours"],
            floor,
        )
        for name, floor in FLOORS.items()
        if name in seconds
    ]
    seen += [
        (f"pairs found: {recall:.6f}", recall >= PAIR_RECALL, PAIR_RECALL),
        (f"pairs that are similar: {precision:.6f}", precision == 1, 1),
        (f"groups lost: {lost}", lost == 0, 0),
        (f"KB a row above the input: {memory:.2f}", memory <= KB_A_ROW, KB_A_ROW),
        (f"two cores: {wall / two['wall_s']:.2f} times as fast", wall >= TWO_CORES * two["wall_s"], TWO_CORES),
    ]
    if "again" in ours:  # CPU seconds with a tenth of the rows new, as a part of those from nothing
        seen.append((f"a tenth new: {ours['again']:.3f} of the full time", ours["again"] <= AGAIN, AGAIN))
    said = [f"{'kept  ' if good else 'MISSED'}  {line} (wanted: {wanted})" for line, good, wanted in seen]
    return said, all(good for _, good, _ in seen)


def check(cache: Path) -> None:
    """The corpus has the same bytes twice, under two hash seeds, and the join finds what comparing all pairs finds."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in ("1", "2"):
            call([sys.executable, HERE / "corpus.py", 2_000, f"{folder}/{seed}"], PYTHONHASHSEED=seed)
        if Path(folder, "1").read_bytes() != Path(folder, "2").read_bytes():
            sys.exit("the corpus differs from one run to the next")
    metrics.check()
    sys.stdout.write("the same corpus twice, the figures as by hand\n")
    sys.stdout.write(call([environment(HERE / "truth.py", cache), HERE / "truth.py", "--check"]))


def main() -> None:
    """Run what was asked for and print the table; exit 1 where ours breaks a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="*", default=ROWS, help="sizes of the corpus, %(default)s")
    parser.add_argument(
        "--engines", nargs="+", choices=ENGINES, default=list(ENGINES), metavar="NAME", help="%(choices)s"
    )
    parser.add_argument("--rounds", type=int, default=1, help="runs of every engine; the median counts")
    parser.add_argument("--write", action="store_true", help=f"write the table to {RESULTS.relative_to(ROOT)}, too")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "curate-benchmarks")
    parser.add_argument("--check", action="store_true", help="check the corpus and the truth instead")
    given = parser.parse_args()
    cache = given.cache.resolve()
    if given.check:
        return check(cache)
    names = [name for name in ENGINES if name in given.engines and ready(name)]
    tables = [compare(rows, names, given.rounds, cache) for rows in given.rows]
    text = "\n\n".join("\n".join(lines) for lines, _ in tables) + "\n"
    sys.stdout.write(text)
    if given.write:
        RESULTS.write_text(text)
    sys.exit(0 if all(kept for _, kept in tables) else 1)


if __name__ == "__main__":
    main()
