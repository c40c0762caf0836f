"""The demo's material: data sets in several shapes, and a list of everything that is hidden in them.

`dialogues.py` makes the rows, `planting.py` hides things in them: personal data, twins, an unsafe row, broken
rows, other languages. Two writes are byte-equal (Parquet: under one version of pyarrow).
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

import yaml

from curation.demo import dialogues
from curation.demo.dialogues import Row, Words
from curation.demo.planting import Draft, plant
from curation.demo.repos import publish

GATED = "demo/gated"
"""A gated repo that no source of the demo names."""
GATED_TOKEN = "hf_demo_reader"
"""The token that opens it."""

TALKS = ("interview.vtt", "monologue.vtt")
"""Captions of recordings that never were."""


@dataclass(frozen=True)
class Spot:
    """One planted thing.

    Attributes:
        source: its name in sources.yaml.
        file: the file inside the repo, or the name of the local file.
        row: the place among the file's rows, from 0; in a jsonl file that is the line.
        field: a dotted path such as "conversations.2.value"; empty where the whole row is meant.
        kind: what it is; for personal data a Presidio entity type.
        value: for personal data the exact text, for languages the code.
        twin: for twins the source and row of the original.
    """

    source: str
    file: str
    row: int
    field: str
    kind: str
    value: str
    twin: tuple[str, int] | None


@dataclass(frozen=True)
class Planted:
    """Everything planted: what must be scrubbed, folded, paired, refused, rejected or told apart."""

    personal: tuple[Spot, ...]
    exact: tuple[Spot, ...]
    near: tuple[Spot, ...]
    unsafe: tuple[Spot, ...]
    broken: tuple[Spot, ...]
    languages: tuple[Spot, ...]


@dataclass(frozen=True)
class Material:
    """Where the material lies.

    Attributes:
        hub: a root for `LoopbackHub`.
        files: the folder of the local file.
        rows: rows of each source, broken ones included.
        commits: the commit of each repo.
        planted: what is hidden where.
    """

    hub: Path
    files: Path
    rows: Mapping[str, int]
    commits: Mapping[str, str]
    planted: Planted

    def sources_yaml(self) -> str:
        """The sources.yaml for this material; its local path begins with the folder `files`."""
        return _package_text("sources.yaml")


def write_material(root: Path) -> Material:
    """Write the hub's repos below `root/hub` and the local files below `root/files`."""
    words = Words(yaml.safe_load(_package_text("fragments.yaml")))
    tables = {name: [Draft(name, row) for row in shape.rows(words)] for name, shape in _SHAPES.items()}
    plant(tables, yaml.safe_load(_package_text("planted.yaml")))
    commits = {}
    (root / "files").mkdir(parents=True, exist_ok=True)
    for name, drafts in tables.items():
        random.Random(f"order of {name}").shuffle(drafts)
        for number, draft in enumerate(drafts):
            draft.number = number
        shape = _SHAPES[name]
        data = shape.encode([draft.row for draft in drafts])
        if shape.repo:
            card = {"license": shape.licence, "language": ["en"], "pretty_name": f"Demo {name}"}
            commits[shape.repo] = publish(root / "hub", shape.repo, {shape.file: data}, card=card)
        else:
            (root / "files" / shape.file).write_bytes(data)
    for talk in TALKS:
        (root / "files" / talk).write_text(_package_text(talk), encoding="utf-8")
    shut = _jsonl(list(dialogues.assistant_rows(words, 4)))
    commits[GATED] = publish(
        root / "hub",
        GATED,
        {"train.jsonl": shut},
        card={"license": "cc-by-4.0"},
        gated="manual",
        tokens=[GATED_TOKEN],
    )
    rows = {name: len(drafts) for name, drafts in tables.items()}
    return Material(root / "hub", root / "files", rows, commits, _spots(tables))


def _package_text(name: str) -> str:
    return (package_files("curation.demo") / name).read_text(encoding="utf-8")


def _jsonl(rows: Sequence[Row | str]) -> bytes:
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _csv(rows: Sequence[Row | str]) -> bytes:
    table = io.StringIO()
    writer = csv.DictWriter(table, ["question_id", "title", "question", "answer", "topic", "reasoning"])
    writer.writeheader()
    writer.writerows(row for row in rows if not isinstance(row, str))
    return table.getvalue().encode()


def _parquet(rows: Sequence[Row | str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink, compression="zstd")
    return sink.getvalue()


@dataclass(frozen=True)
class _Shape:
    """What a source's file looks like; a source without `repo` is a local file."""

    repo: str
    licence: str
    file: str
    rows: Callable[[Words], Iterator[Row]]
    encode: Callable[[Sequence[Row | str]], bytes]


_SHAPES = {
    "therapy": _Shape(
        "demo/sharegpt-therapy",
        "cc-by-4.0",
        "data/train-00000-of-00001.parquet",
        lambda words: dialogues.therapy_rows(words, 120),
        _parquet,
    ),
    "assistant": _Shape(
        "demo/openai-assistant",
        "apache-2.0",
        "train.jsonl",
        lambda words: dialogues.assistant_rows(words, 96),
        _jsonl,
    ),
    "questions": _Shape(
        "demo/questions",
        "mit",
        "questions.csv",
        lambda words: dialogues.question_rows(words, 84),
        _csv,
    ),
    "preferences": _Shape(
        "demo/preferences",
        "cc-by-4.0",
        "preferences.parquet",
        lambda words: dialogues.preference_rows(words, 84),
        _parquet,
    ),
    "sessions": _Shape(
        "",
        "mit",
        "client_sessions.jsonl",
        lambda words: dialogues.session_rows(words, 60),
        _jsonl,
    ),
}


def _spots(tables: Mapping[str, list[Draft]]) -> Planted:
    spots: dict[str, list[Spot]] = {}
    for draft in (draft for drafts in tables.values() for draft in drafts if draft.group):
        twin = (draft.twin.source, draft.twin.number) if draft.twin else None
        file = _SHAPES[draft.source].file
        spot = Spot(draft.source, file, draft.number, draft.field, draft.kind, draft.value, twin)
        spots.setdefault(draft.group, []).append(spot)
    return Planted(**{group: tuple(found) for group, found in spots.items()})
