"""The frame's promises: a complete wheel, a lock that leaves torch alone, a `make` that explains itself."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_carries_the_declarations_and_licences(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("curation-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    folders = ("schemas", "labeling", "exports", "scenarios")
    declared = [p for d in folders for p in (ROOT / d).rglob("*") if p.is_file()]
    assert declared
    expected = {f"curation/_declarations/{p.relative_to(ROOT).as_posix()}" for p in declared}
    assert expected | {"curation/_declarations/sources.yaml", "curation/py.typed"} <= names
    assert {n.rpartition("/")[2] for n in names if "/licenses/" in n} == {"LICENSE", "NOTICE"}
    server = "curation/review/server"
    assert {f"{server}/requirements.lock", f"{server}/inside/curate_server/main.py"} <= names
    patterns = [p.relative_to(ROOT).as_posix() for p in (ROOT / "curation/tag/risk/patterns").glob("*.txt")]
    assert len(patterns) == 10 and {*patterns, "curation/tag/risk/model.npz"} <= names
    assert {n.partition("/")[0] for n in names if ".dist-info/" not in n} == {"curation"}


def test_the_lock_pins_versions_but_neither_torch_nor_an_index() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.match(r"[a-z0-9._-]+==\S+( ; .+)?$", pin) for pin in pins)
    assert not [pin for pin in pins if re.match(r"(torch|triton|nvidia-.*|cuda-.*)==", pin)]
    assert "://" not in "\n".join(lines)


def test_every_dependency_but_torch_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(r for e in project["optional-dependencies"].values() for r in e)]
    names = {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in wanted}
    locked = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert names - locked == {"curation", "torch"}


def test_extras_name_every_heavy_part_and_all_gathers_them() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {"hf", "knowledge", "voice", "pii", "ner", "tag", "review", "train", "nf4", "ray"}
    assert set(extras) == {*named, "all", "dev"}
    (gathered,) = extras["all"]
    assert set(re.search(r"\[(.*)\]", gathered)[1].split(",")) == set(extras) - {"all", "dev"}


def test_plain_make_lists_every_target_and_starts_nothing() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    declared = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    assert re.findall(r"^  make (\S+) +\S", shown, re.M) == declared
