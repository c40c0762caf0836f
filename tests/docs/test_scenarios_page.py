"""docs/scenarios.md: its commands exist, its snippets run, its figures are those of the shipped scenarios."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import click
import orjson
import yaml

from curation.cli import cli
from curation.core.declare import Document, bind
from curation.core.sources import Sources
from curation.generate.diversity import measured
from curation.generate.make import row
from curation.generate.moves import MOVES
from curation.generate.scenario import Kind, load
from curation.generate.template import MANNERS, dialogue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_the_snippet_runs():
    (code,) = blocks("python")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "annoyance False" in done.stdout


def test_the_source_binds():
    (text,) = blocks("yaml")
    assert "scenarios" in bind(Sources, Document(yaml.safe_load(text))).sources


def test_the_commands_exist():
    group = cli.get_command(click.Context(cli), "generate")
    assert isinstance(group, click.Group)
    named = re.findall(r"^curate generate (\w+)", PAGE, re.M)
    assert named and set(named) <= set(group.commands)


def test_moves_manners_and_kinds_are_told_in_full():
    assert not [word for word in (*MOVES, *MANNERS) if word not in PAGE]
    said = " ".join(PAGE.split())
    assert not [kind for kind in get_args(Kind) if kind != "other" and kind.replace("_", " ") not in said]


def test_the_figures_are_those_of_the_shipped_scenarios():
    shipped = load(ROOT / "scenarios")
    rows = {
        s.id: [orjson.loads(row(s, v, 17, dialogue(s, seed=17, variation=v))) for v in range(1, 5)]
        for s in shipped.values()
    }
    whole, one = measured([r for found in rows.values() for r in found]), measured([f[0] for f in rows.values()])
    said = " ".join(PAGE.split())
    assert f"{len(shipped)} people" in said and f"{whole['dialogues']} dialogues" in said
    assert f"distinct-2 {whole['distinct_2']:.2f}" in said and f"self-BLEU {whole['self_bleu']:.2f}" in said
    assert f"one dialogue of each scenario: {one['distinct_2']:.2f} and {one['self_bleu']:.2f}" in said
