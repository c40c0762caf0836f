"""Write `schemas/*.json` anew from the dataclasses: `python -m curation.commands.schemas schemas`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from curation.core import declare, records
from curation.core.project import Settings
from curation.core.sources import Sources


def generate() -> dict[str, dict[str, object]]:
    """Every published JSON Schema by file name."""
    return {
        "record.schema.json": records.json_schema(),
        "sources.schema.json": declare.json_schema(Sources, "sources.yaml"),
        "curate.schema.json": declare.json_schema(Settings, "curate.toml"),
    }


if __name__ == "__main__":
    for name, schema in generate().items():
        (Path(sys.argv[1]) / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
