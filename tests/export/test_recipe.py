import re
import shutil
from pathlib import Path

import pytest
from export_stand import make_project

from curation.core import declare
from curation.core.errors import ProjectError
from curation.export.recipe import MixRecipe, load

ROOT = Path(__file__).parents[2]
BUDGET = "mix: m\ntask: sft\nbudget: {rows: 9}\n"


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
    assert set(recipes) == {"sft", "dpo", "pixel-sft", "pixel-dual", "pixel-dpo"}
    for recipe in recipes.values():
        assert set(recipe.personas) == {"assistant", "client", "neutral"}
        assert recipe.personas["client"].opening
        assert recipe.tells("emotions") and recipe.tells("meta.who") and recipe.tells("language")


def test_pixels_shares_and_its_curriculum_are_one(tmp_path):
    project = make_project(tmp_path, {"one": {}})
    shutil.copytree(ROOT / "exports", project.root / "exports", dirs_exist_ok=True)
    recipes = load(project)
    pixel = recipes["pixel-sft"]
    shares = {"knowledge": 0.3, "voice": 0.25, "conversations": 0.2, "reasoning": 0.15, "balance": 0.1}
    assert {name: portion.share for name, portion in pixel.portions.items()} == shares
    for recipe in (pixel, recipes["pixel-dual"]):
        for name, portion in recipe.portions.items():
            of_phases = sum(p.fraction * (p.shares[name] + (p.ramp_to or p.shares)[name]) / 2 for p in recipe.phases)
            assert of_phases == pytest.approx(portion.share)


def test_the_examples_of_the_page_are_recipes():
    text = (ROOT / "docs" / "mixes.md").read_text()
    first, second = re.findall(r"```yaml\n(.*?)```", text, re.S)
    recipe = declare.bind(MixRecipe, declare.parse_yaml(first, "page"))
    assert recipe.budget.tokens == 2_000_000 and recipe.phases[1].ramp_to
    assert declare.bind(MixRecipe, declare.parse_yaml("mix: m\ntask: sft\n" + second, "page")).overrides[0].by


def test_every_source_that_pixels_recipes_name_is_one_of_pixels(tmp_path):
    text = (ROOT / "sources.yaml").read_text()
    project = make_project(tmp_path, {"one": {}})
    shutil.copytree(ROOT / "exports", project.root / "exports", dirs_exist_ok=True)
    for recipe in load(project).values():
        for name in recipe.wanted or ():
            assert f"\n  {name}:\n" in text or f"\n#  {name}:\n" in text or name == "voice"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("mix: m\ntask: sft\nsedd: 3\n", "m.yaml:3", "sedd"),
        ("mix: m\ntask: sft\nsources:\n  - one\n  - tow\n", "m.yaml:5", "tow"),
        (BUDGET + "shares:\n  one: 0.5\n  tow: 0.5\n", "m.yaml:6", "tow"),
        (BUDGET + "shares: {one: 0.5, two: 0.4}\n", "m.yaml:4", "add up to 1"),
        (BUDGET + "shares: {one: 1.5, two: -0.5}\n", "m.yaml:4", "above 0"),
        ("mix: m\ntask: sft\nshares: {one: 1}\n", "m.yaml:3", "need a 'budget'"),
        ("mix: m\ntask: sft\nbudget: {rows: 0}\n", "m.yaml:3", "at least 1"),
        ("mix: m\ntask: sft\nbudget: {rows: 9, tokens: 9}\n", "m.yaml:3", "either"),
        ("mix: m\ntask: sft\nbudget: {rows: 9, count: supervised}\n", "m.yaml:3", "count"),
        ("mix: m\ntask: sft\nbalance: {client: 1}\n", "m.yaml:3", "needs a 'budget'"),
        (BUDGET + "balance: {client: 0.5, assistant: 0.4}\n", "m.yaml:4", "add up to 1"),
        (BUDGET + "portions: {}\n", "m.yaml:4", "none"),
        (BUDGET + "portions: {p: {share: 0.5}}\n", "m.yaml:4", "add up to 1"),
        (BUDGET + "portions: {p: {share: 0.5}, q: {}}\n", "m.yaml:4", "all have a share"),
        (BUDGET + "portions: {p: {share: 0.5, rows: 3}}\n", "m.yaml:4", "both say"),
        (BUDGET + "portions: {p: {rows: 3}}\n", "m.yaml:4", "'budget' must be left out"),
        (BUDGET + "portions: {P: {share: 1}}\n", "m.yaml:4", "lower-case"),
        (BUDGET + "portions:\n  p:\n    share: 1\n    sources:\n      - one\n      - tow\n", "m.yaml:9", "tow"),
        (BUDGET + "portions: {p: {share: 1, weights: {tow: 1}}}\n", "m.yaml:4", "tow"),
        (BUDGET + "portions: {p: {share: 1, max_epochs: 0}}\n", "m.yaml:4", "at least 1"),
        (BUDGET + "shares: {one: 1}\nportions: {p: {share: 1}}\n", "m.yaml:4", "give one"),
        ("mix: m\ntask: sft\nportions: {p: {share: 1}}\n", "m.yaml:3", "no 'budget'"),
        (BUDGET + "phases: [{name: a, fraction: 0.5}]\n", "m.yaml:4", "add up to 1"),
        (BUDGET + "phases: [{name: a, fraction: 0.5}, {name: a, fraction: 0.5}]\n", "m.yaml:4", "one name"),
        (BUDGET + "phases: [{name: a, fraction: 1, shares: {p: 1}}]\n", "m.yaml:4", "portions that there are not"),
        (BUDGET + "phases: [{name: a, fraction: 1, ramp_to: {p: 0.1}}]\n", "m.yaml:4", "add up to 1"),
        (BUDGET + "temperature: 0\n", "m.yaml:4", "above 0"),
        ("mix: m\ntask: sft\nwhere: {tags: {risk.level: {}}}\n", "m.yaml:3", "at least one of"),
        ("mix: m\ntask: sft\nwhere: {personas: [therapist]}\n", "m.yaml:3", "therapist"),
        ("mix: m\ntask: sft\nsplits: {validation: 0.6, test: 0.4}\n", "m.yaml:3", "nothing to train"),
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
