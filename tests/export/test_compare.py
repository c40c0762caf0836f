import dataclasses
import json

import pytest
from export_stand import make_project, publish, record, turns

from curation.cli import main
from curation.core.annotations import Annotations, Answer
from curation.core.errors import ProjectError
from curation.export.compare import compare, resolve
from curation.export.export import export
from curation.export.recipe import Budget, MixRecipe, Portion, Splits


@pytest.fixture
def two(tmp_path):
    """An export, and another after a row was rejected, one added, one edited, and one source taken twice."""
    rows = {"one": [record("one", n) for n in range(12)], "two": [record("two", n) for n in range(8)]}
    project = make_project(tmp_path, {"one": {}, "two": {}})
    views = {name: publish(project, name, of) for name, of in rows.items()}
    portions = {"a": Portion(sources=("one",), epochs=1), "b": Portion(sources=("two",), epochs=1)}
    recipe = MixRecipe(mix="m", task="sft", portions=portions, splits=Splits(0.0))
    first = export(project, recipe, views)
    Annotations(project.root / "annotations").add([Answer(rows["one"][0]["id"], "decision", "reject", "ada")])
    edited = {**rows["one"][1], "messages": turns("u: one question 1", "a: another answer")}
    views["one"] = publish(project, "one", [rows["one"][0], edited, *rows["one"][2:], record("one", 99)])
    twice = dataclasses.replace(recipe, portions={**portions, "b": Portion(sources=("two",), epochs=2)})
    return project, rows, first, export(project, twice, views)


def test_rows_in_out_and_changed_with_the_reason(two):
    _, rows, first, second = two
    found = compare(first.folder, second.folder)
    assert found.came == {record("one", 99)["id"]: "new: it was not there"}
    assert found.went == {rows["one"][0]["id"]: "rejected"}
    assert found.changed == {rows["one"][1]["id"]: "text"} | {r["id"]: "repeats" for r in rows["two"]}
    assert ("out", "one", "rejected", 1) in found.counts() and ("changed", "two", "repeats", 8) in found.counts()
    causes = {what: (old, new) for what, old, new in found.causes}
    assert causes["recipe.portions.b.epochs"] == (1, 2) or causes["recipe.portions.b.epochs"] == (1.0, 2.0)
    assert "annotations" in causes and any(name.startswith("sources.one.tables") for name in causes)
    assert not any(name.startswith("sources.two") for name in causes)
    back = compare(second.folder, first.folder)
    assert back.went.keys() == found.came.keys() and back.came.keys() == found.went.keys()
    assert back.came[rows["one"][0]["id"]] == "rejected"


def test_an_export_does_not_differ_from_itself(two):
    _, _, first, _ = two
    found = compare(first.folder, first.folder)
    assert (found.came, found.went, found.changed, found.causes) == ({}, {}, {}, ())


def test_a_smaller_budget_says_quota(two):
    project, rows, first, _ = two
    views = {name: publish(project, name, of) for name, of in rows.items()}
    small = export(project, MixRecipe(mix="s", task="sft", budget=Budget(rows=6), splits=Splits(0.0)), views)
    assert set(compare(first.folder, small.folder).went.values()) == {"quota", "rejected"}


def test_the_command(two, capsys):
    project, rows, first, second = two
    names = [f"m/{made.folder.name}" for made in (first, second)]
    assert main(["--project", str(project.root), "diff", *names, "--rows", "3"]) == 0
    said = capsys.readouterr().out
    assert f"out      {rows['one'][0]['id']}  rejected" in said and "recipe.portions.b.epochs" in said
    assert main(["--project", str(project.root), "diff", names[0], names[0]]) == 0
    assert capsys.readouterr().out == "both have the same rows\n"
    assert main(["--project", str(project.root), "--json", "diff", first.folder.name, "m"]) == 0
    assert json.loads(capsys.readouterr().out)["out"] == {rows["one"][0]["id"]: "rejected"}
    with pytest.raises(ProjectError, match="nope"):
        resolve(project, "nope")
    with pytest.raises(ProjectError):
        resolve(project, "../../etc")
