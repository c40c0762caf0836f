"""The JSON Schemas that editors complete from. `python -m curation.commands.schemas schemas` writes them anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from curation.clean.pii.entries_file import ScrubFile
from curation.core import declare, records, transcripts
from curation.core.project import Settings
from curation.core.sources import Sources
from curation.core.taxonomies import Taxonomy
from curation.export.recipe import MixRecipe
from curation.generate.scenario import Scenario
from curation.methods.tasks import Task
from curation.tag.judge import Rubric
from curation.train.recipe import TrainRecipe


def generate() -> dict[str, dict[str, Any]]:
    """Every published JSON Schema, by file name."""
    return {
        "record.schema.json": records.json_schema(),
        "sources.schema.json": declare.json_schema(Sources, "sources.yaml"),
        "curate.schema.json": declare.json_schema(Settings, "curate.toml"),
        "scrub.schema.json": declare.json_schema(ScrubFile, "scrub.yaml"),
        "mix.schema.json": declare.json_schema(MixRecipe, "mix"),
        "rubric.schema.json": declare.json_schema(Rubric, "rubric"),
        "scenario.schema.json": declare.json_schema(Scenario, "scenario"),
        "taxonomy.schema.json": declare.json_schema(Taxonomy, "taxonomy"),
        "task.schema.json": declare.json_schema(Task, "task"),
        "transcripts.schema.json": transcripts.json_schema(),
        "training.schema.json": declare.json_schema(TrainRecipe, "training"),
    }


if __name__ == "__main__":
    for name, schema in generate().items():
        (Path(sys.argv[1]) / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
