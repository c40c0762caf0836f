"""argilla-server's own tests of search engines, fetched and run against ours. None of their text is kept here."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from curation.review.server import environment, process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SUITE = "tests/unit/search_engine/test_commons.py"
CLASS = "TestBaseElasticAndOpenSearchEngine"
NEEDS = ("pytest<8", "pytest-asyncio~=0.21.1", "factory-boy~=3.2.1", "pytest-mock", "respx")

BEHAVIOUR = 94
"""How many tests of behaviour there are in the suite."""

LOOK_INSIDE = {
    # They compare the mappings of an index, field by field.
    "test_create_index_for_dataset": 1,
    "test_create_index_for_dataset_with_fields": 1,
    "test_create_index_for_dataset_with_metadata_properties": 1,
    "test_create_index_for_dataset_with_questions": 4,
    "test_create_metadata_property": 1,
    "test_configure_metadata_property": 1,
    # The answer is compared first, which holds; then the mapping.
    "test_update_record_response": 1,
    # They compare documents as Elasticsearch stores them.
    "test_index_records": 1,
    "test_index_records_with_metadata": 1,
    "test_index_records_with_none_field_values": 1,
    "test_index_records_with_suggestions": 1,
    "test_index_records_with_vectors": 1,
}

LIMITS = ("test_annotators_limits", "test_annotator_limits_increasing_default_fields_limit")
"""Not run: whether hundreds of annotators exceed Elasticsearch's limit of fields, minutes of it."""


def _fetch(folder: Path) -> Path:
    """The source distribution, the bytes of which the lock knows."""
    name = "argilla_server-2.8.0"
    archive = folder / f"{name}.tar.gz"
    if not archive.exists():
        line = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", str(folder), "argilla-server==2.8.0"]
        done = subprocess.run([sys.executable, "-m", "pip", *line], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"the source distribution cannot be fetched: {done.stderr.strip().splitlines()[-1:]}")
    assert f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}" in environment.LOCK.read_text()
    with tarfile.open(archive) as inside:
        inside.extractall(folder, filter="data")
    return folder / name


def _python(folder: Path) -> Path:
    """The server's environment once more, with what its tests need."""
    python = folder / "venv" / "bin" / "python"
    uv = environment._uv()
    base = str(environment.find_python())
    lock = ["--constraint", str(folder / "pins.txt"), "-r", str(folder / "pins.txt"), *NEEDS]
    pins = re.findall(r"^([a-z0-9._-]+==[^\\\n]+)", environment.LOCK.read_text(), re.M)
    (folder / "pins.txt").write_text("\n".join(pins))
    made = [uv, "venv", "--quiet", "--python", base, str(folder / "venv")] if uv else [base, "-m", "venv", "venv"]
    subprocess.run(made, cwd=folder, check=True)
    install = (
        [uv, "pip", "install", "--quiet", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    )
    given = {**os.environ, "UV_FIND_LINKS": ",".join(os.environ.get("PIP_FIND_LINKS", "").split())}
    done = subprocess.run([*install, *lock], env=given, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"what the tests need cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return python


def test_every_behaviour_that_upstream_tests_holds_for_our_engine(tmp_path):
    suite, python = _fetch(tmp_path), _python(tmp_path)
    (tmp_path / "home").mkdir()
    paths = (process.INSIDE, Path(__file__).parent, suite)
    deselected = [word for name in LIMITS for word in ("--deselect", f"{SUITE}::{CLASS}::{name}")]
    done = subprocess.run(
        [str(python), "-m", "pytest", "-p", "conformance", "-p", "no:cacheprovider", "-v", SUITE, *deselected],
        cwd=suite,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "ARGILLA_HOME_PATH": str(tmp_path / "home"),
            "ARGILLA_SEARCH_ENGINE": "opensearch",  # else the suite skips itself
            "HF_HUB_OFFLINE": "1",
        },
        capture_output=True,
        text=True,
    )
    found = re.findall(rf"^{SUITE}::{CLASS}::(\w+).* (PASSED|FAILED|ERROR|SKIPPED)\b", done.stdout, re.M)
    by = {outcome: [name for name, said in found if said == outcome] for _, outcome in found}
    assert not by.keys() - {"PASSED", "SKIPPED"}, json.dumps(by, indent=1) + done.stdout[-3000:]
    assert len(by["PASSED"]) == BEHAVIOUR, done.stdout[-3000:]
    assert {name: by["SKIPPED"].count(name) for name in by["SKIPPED"]} == LOOK_INSIDE
