import json
from pathlib import Path

import pytest

from curation.commands.schemas import generate
from curation.core import declare
from curation.export.recipe import MixRecipe
from curation.train.recipe import TrainRecipe

ROOT = Path(__file__).parents[2]


def test_published_schemas_are_the_generated_ones():
    assert {p.name for p in (ROOT / "schemas").glob("*.json")} == set(generate())
    for name, schema in generate().items():
        assert json.loads((ROOT / "schemas" / name).read_text("utf-8")) == schema, (
            "run: python -m curation.commands.schemas schemas"
        )


@pytest.mark.parametrize("path", sorted((ROOT / "exports").glob("*/*.yaml")), ids=lambda p: p.stem)
def test_shipped_recipes_are_valid_and_named_like_their_files(path):
    made = declare.bind({"mixes": MixRecipe, "training": TrainRecipe}[path.parent.name], declare.load(path))
    assert path.stem == (made.mix if isinstance(made, MixRecipe) else made.name)
