"""Every shipped scenario, through the whole tool: the harmless ones leave, those in danger wait for a person."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.generate.conftest import SCENARIOS, curate, project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_recipe_of_all_scenarios_exports_the_harmless_ones_and_no_crisis(tmp_path):
    names = tuple(path.stem for path in sorted(SCENARIOS.glob("*.yaml")))
    root = project(tmp_path / "p", only=names)
    assert curate(root, "run") == 0
    (pointer,) = (root / "data" / "exports" / "sft").glob("latest.json")
    folder = pointer.parent / json.loads(pointer.read_text())["folder"]
    left = Counter(pq.read_table(folder / "left_out.parquet", columns=["reason"])["reason"].to_pylist())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert left == {"risk_unreleased": 48}
    assert manifest["rows"]["selected"] == 80
