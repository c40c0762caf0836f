"""The commands on a project: two recipes in a row, plan, eval, trace, release; interrupted and done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from curation.core.app import App
from curation.core.errors import GateError, ProjectError
from curation.core.project import Project
from curation.core.ui import Ui
from curation.demo.tiny_base import build_tiny_base
from curation.train.adapters import bring, recipes, verify_adapters
from curation.train.cli import train
from curation.train.encode import Row
from curation.train.pairs import PairRow
from tests.laws.projects import make_project

COMMON = """
base: {path: models/tiny, template: mistral-v7-tekken}
lora: {r: 4, alpha: 8}
max_tokens: 400
dtype: float32
"""
RECIPES = {
    "first": "name: first\nmix: talks\noptim: {lr: 0.01, steps: 4}\n" + COMMON,
    "second": "name: second\nmix: pairs\nstart: first\ndpo: {}\noptim: {lr: 0.01, epochs: 1}\n" + COMMON,
}


@pytest.fixture
def app(
    tmp_path: Path, make_rows: Callable[..., list[Row]], make_pairs: Callable[..., list[PairRow]],
    write_export: Callable[..., Path], write_pairs: Callable[..., Path],
) -> App:  # fmt: skip
    root = tmp_path / "project"
    make_project(root)
    build_tiny_base(root / "models" / "tiny")
    for name, text in RECIPES.items():
        (root / "exports" / "training").mkdir(parents=True, exist_ok=True)
        (root / "exports" / "training" / f"{name}.yaml").write_text(text)
    exports = {
        "talks": write_export(tmp_path / "talks", make_rows(20), make_rows(6, 1)),
        "pairs": write_pairs(tmp_path / "pairs", make_pairs(12), make_pairs(5, 3)),
    }
    return App(Ui(json=True), root, bring_export=lambda _, mix: exports[mix])


def run(app: App, *arguments: str) -> Any:
    done: Result = CliRunner().invoke(train, arguments, obj=app)
    if done.exception:
        raise done.exception
    return json.loads(done.stdout)


def test_from_the_plan_to_the_gate(app: App, tmp_path: Path) -> None:
    planned = run(app, "plan", "second", "--memory", "4")
    made = run(app, "run", "second")
    assert made["trained"] and made["steps"] == planned["steps"]
    data = app.project.data
    assert {p.name for p in (data / "adapters").iterdir()} == {"first", "second"}
    assert not run(app, "run", "second")["trained"]
    card = run(app, "eval", "second")
    assert set(card["mixes"]) == {"talks", "pairs"}
    traced = run(app, "trace", "--row", "row-001")
    assert {entry["adapter"].partition("/")[0] for entry in traced} == {"first", "second"}
    assert run(app, "trace", "second", "--row", "row-001")[0]["row"] == "row-001"
    with pytest.raises(GateError, match="no canaries"):
        run(app, "release", "second", str(tmp_path / "away"))
    assert list(verify_adapters(app.project)) == []
    (path,) = (data / "scorecards" / "second").iterdir()
    path.write_text(path.read_text().replace("pairs", "peers"))
    assert list(verify_adapters(app.project)) == [str(path.relative_to(app.project.root))]


def test_an_interrupted_run_goes_on_and_one_of_another_recipe_is_removed(app: App) -> None:
    project: Project = app.project
    found = recipes(project)
    folders = {mix: app.bring_mix(mix) for mix in ("talks", "pairs")}

    def stop(step: int, *_: object) -> None:
        if step == 2:
            raise KeyboardInterrupt

    steps: list[int] = []
    stale = project.data / "unfinished" / "first" / "0123456789abcdef"
    stale.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        bring(project, found, "first", folders.__getitem__, stop)
    assert not stale.exists()
    bring(project, found, "first", folders.__getitem__, lambda step, *_: steps.append(step))
    assert steps[-1] == 4


def test_recipes_that_lead_nowhere_or_round_are_refused(app: App) -> None:
    folder = app.project.root / "exports" / "training"
    (folder / "first.yaml").write_text(RECIPES["first"] + "start: second\n")
    with pytest.raises(ProjectError, match="starts from itself"):
        run(app, "run", "second")
    (folder / "first.yaml").write_text(RECIPES["first"] + "start: third\n")
    with pytest.raises(ProjectError, match="no training recipe is called 'third'"):
        run(app, "run", "first")
    with pytest.raises(ProjectError, match="which training recipe"):
        run(app, "run")


def test_a_run_is_handed_over(app: App, tmp_path: Path) -> None:
    told = run(app, "handoff", "first", str(tmp_path / "out"), "--gpus", "4")
    assert told["train"] == {"rows": 20, "written": 20, "control": 0, "unusable": 0, "partly": 0}
    document = yaml.safe_load((tmp_path / "out" / "axolotl.yaml").read_text())
    assert document["base_model"] == str(app.project.root / "models" / "tiny")
    assert "for 4 GPUs" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(ProjectError, match="goes on from the adapter of 'first'"):
        run(app, "handoff", "second", str(tmp_path / "other"))
