import shutil
from pathlib import Path

import pytest
from export_stand import make_project

from curation.core.errors import ProjectError
from curation.export.recipe import load

ROOT = Path(__file__).parents[2]


def written(tmp_path, text, name="m.yaml"):
    project = make_project(tmp_path, {"one": {}, "two": {}})
    folder = project.root / "exports" / "mixes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return project


def test_the_shipped_recipes_are_whole(tmp_path):
    project = make_project(tmp_path, {"one": {}})
    shutil.copytree(ROOT / "exports", project.root / "exports", dirs_exist_ok=True)
    recipes = load(project)
    assert {r.task for r in recipes.values()} == {"sft", "dpo"}
    for recipe in recipes.values():
        assert set(recipe.personas) == {"assistant", "client", "neutral"}
        assert recipe.personas["client"].opening and "{emotions}" in recipe.personas["client"].details[0]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("mix: m\ntask: sft\nsedd: 3\n", "m.yaml:3", "sedd"),
        ("mix: m\ntask: sft\nsources:\n  - one\n  - tow\n", "m.yaml:5", "tow"),
        ("mix: m\ntask: sft\nrows: 9\nshares:\n  one: 0.5\n  tow: 0.5\n", "m.yaml:6", "tow"),
        ("mix: m\ntask: sft\nrows: 9\nshares: {one: 0.5, two: 0.4}\n", "m.yaml:4", "add up to 1"),
        ("mix: m\ntask: sft\nrows: 9\nshares: {one: 1.5, two: -0.5}\n", "m.yaml:4", "above 0"),
        ("mix: m\ntask: sft\nshares: {one: 1}\n", "m.yaml:3", "need 'rows'"),
        ("mix: m\ntask: sft\nrows: 0\n", "m.yaml:3", "at least 1"),
        ("mix: m\ntask: kto\n", "m.yaml:2", "task"),
        ("mix: ../m\ntask: sft\n", "m.yaml:1", "mix"),
        ("mix: m\ntask: dpo\nchosen_as_sft: true\n", "m.yaml:3", "chosen_as_sft"),
        ("mix: m\ntask: sft\npersonas: {}\n", "m.yaml:3", "no voice"),
        ("mix: m\ntask: sft\npersonas:\n  therapist: {}\n", "m.yaml:1", "therapist"),
        ("mix: m\ntask: sft\npersonas:\n  client:\n    system: x\n    details: ['{mood}']\n", "m.yaml:4", "mood"),
        ("mix: m\ntask: sft\npersonas:\n  client:\n    system: x\n    details: ['{mood']\n", "m.yaml:6", "brace"),
        ("mix: m\ntask: sft\npersonas:\n  client:\n    details: ['x']\n", "m.yaml:5", "system"),
        ("mix: m\ntask: sft\nsplits: {validation: 1.0}\n", "m.yaml:3", "validation"),
        ("mix: m\ntask: sft\nwhere: {min_turns: 4, max_turns: 2}\n", "m.yaml:3", "turns"),
        ("mix: m\ntask: sft\nwhere:\n  emotions:\n    - grief\n    - sadnes\n", "m.yaml:6", "sadnes"),
        ("mix: m\ntask: sft\nwhere: {emotions: [ekman7.grief]}\n", "m.yaml:3", "ekman7.grief"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path, text, where, what):
    with pytest.raises(ProjectError) as caught:
        load(written(tmp_path, text))
    assert caught.value.where.endswith(where) and what in caught.value.what


def test_the_nearest_emotion_is_named(tmp_path):
    with pytest.raises(ProjectError) as caught:
        load(written(tmp_path, "mix: m\ntask: sft\nwhere: {emotions: [sadnes]}\n"))
    assert caught.value.fix == "did you mean 'sadness'?"


def test_two_recipes_for_one_mix(tmp_path):
    written(tmp_path, "mix: m\ntask: sft\n")
    with pytest.raises(ProjectError, match="already"):
        load(written(tmp_path, "mix: m\ntask: dpo\n", "n.yaml"))


def test_a_project_without_recipes_has_no_mixes(tmp_path):
    assert load(make_project(tmp_path, {"one": {}})) == {}
