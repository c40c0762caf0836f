"""Every recipe of docs/training.md is one, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curation.cli import cli
from curation.core import declare
from curation.train.recipe import TrainRecipe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text()
RECIPES = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)


def whole(texts: list[str]) -> list[str]:
    """The recipes; a piece of one, without a name, is added to the one before it."""
    found: list[str] = []
    for text in texts:
        found.append(text if text.startswith("name:") else found[-1] + text)
    return found


@pytest.mark.parametrize("text", whole(RECIPES))
def test_a_recipe(text: str) -> None:
    # A block without a name goes on with the recipe before it.
    whole = text if text.startswith("name:") else RECIPES[RECIPES.index(text) - 1] + text
    declare.bind(TrainRecipe, declare.parse_yaml(whole, "page"))


def test_the_commands_exist() -> None:
    import click

    context = click.Context(cli)
    group = cli.get_command(context, "train")
    assert isinstance(group, click.Group)
    for name, rest in re.findall(r"^curate train (\w+)(.*?)(?:#|$)", PAGE, re.M):
        command = group.get_command(context, name)
        assert command is not None, name
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= options


def test_the_shipped_recipes_are_valid() -> None:
    for path in (ROOT / "exports" / "training").glob("*.yaml"):
        declare.bind(TrainRecipe, declare.load(path))
