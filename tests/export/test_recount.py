"""Card, manifest and Croissant against an independent recount, and against mlcroissant."""

import json

import pyarrow.parquet as pq
import pytest
from export_stand import make_project, pair, publish, record
from recount import differences

from curation.export.export import export
from curation.export.recipe import Budget, MixRecipe, Persona, Phase, Portion, Splits

VOICES = {"assistant": Persona(), "client": Persona(system="Client.", opening="Hello."), "neutral": Persona()}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("p")
    rows = {
        "one": [record("one", n, group=f"g{n}") for n in range(60)],
        "two": [record("two", n, persona="client" if n % 2 else "assistant") for n in range(60)]
        + [pair("two", f"p{n}") for n in range(30)],
    }
    project = make_project(folder, {"one": {"licence": "cc-by-4.0"}, "two": {}})
    views = {name: publish(project, name, of) for name, of in rows.items()}
    portions = {"few": Portion(sources=("one",), share=0.7, max_epochs=3), "rest": Portion(share=0.3)}
    phases = (Phase("foundation", 0.5), Phase("enhancement", 0.5, {"few": 0.4, "rest": 0.6}))
    recipes = [
        MixRecipe(mix="sft", task="sft", personas=VOICES, splits=Splits(0.2, 0.1)),
        MixRecipe(
            mix="big", task="sft", personas=VOICES, budget=Budget(tokens=2_000), portions=portions, phases=phases,
            splits=Splits(0.1),
        ),
        MixRecipe(mix="dpo", task="dpo", splits=Splits(0.2)),
    ]  # fmt: skip
    return {recipe.mix: export(project, recipe, views) for recipe in recipes}


def test_manifest_card_and_croissant_agree_with_a_recount(exports):
    for made in exports.values():
        assert differences(made.folder) == []
    assert exports["big"].manifest["rows"]["repeats"] > 0


def test_the_recount_finds_what_is_wrong(exports, tmp_path):
    import shutil

    folder = shutil.copytree(exports["big"].folder, tmp_path / "copy")
    table = pq.read_table(folder / "train.parquet")
    pq.write_table(table.slice(1), folder / "train.parquet")
    assert any("rows train" in line for line in differences(folder))


def test_licences_are_rolled_up_with_their_origins(exports):
    text = (exports["sft"].folder / "LICENSES").read_text()
    assert "most restrictive class is attribution" in text and "one: cc-by-4.0 (attribution)" in text


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_croissant_validates_and_its_records_are_the_rows(exports, monkeypatch):
    import mlcroissant as mlc

    for made in exports.values():
        monkeypatch.chdir(made.folder)
        found = mlc.Dataset(jsonld="croissant.json")
        assert not found.metadata.ctx.issues.errors
        assert not [w for w in found.metadata.ctx.issues.warnings if "citeAs" not in w and "datePublished" not in w]
        rows = pq.read_table(made.folder / "train.parquet").to_pylist()
        for n, seen in enumerate(found.records("train")):
            value = seen["train/id"]
            assert (value.decode() if isinstance(value, bytes) else value) == rows[n]["id"]
            if n == 20:
                break
        assert json.loads((made.folder / "croissant.json").read_text())["conformsTo"].endswith("/1.1")
