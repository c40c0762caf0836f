"""One tiny base for all tests of the trainer, and exports to train it on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.models import ModelFiles, resolve
from curation.demo.tiny_base import build_tiny_base
from curation.train.encode import Row, Turn
from curation.train.recipe import Base, Lora, Optim, TrainRecipe

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

MESSAGE = pa.struct(
    [("role", pa.string()), ("content", pa.string()), ("reasoning", pa.string()), ("train", pa.bool_())]
)
WORDS = (
    "I feel lonely since the summer ended and my chest is tight when people argue about money "
    "would you like to breathe slowly and share a memory of her with me that sounds exhausting"
).split()


def make_rows(count: int, seed: int = 0) -> list[Row]:
    """Conversations of both personas, one to four exchanges each, the assistant's turns trained."""
    import random

    draw = random.Random(seed)

    def text() -> str:
        return " ".join(draw.choice(WORDS) for _ in range(draw.randint(2, 12)))

    rows = []
    for number in range(count):
        turns = [Turn("system", text(), False)] if draw.random() < 0.5 else []
        for _ in range(draw.randint(1, 4)):
            turns += [Turn("user", text(), False), Turn("assistant", text(), True)]
        rows.append(Row(f"row-{number:03}", draw.choice(["assistant", "client"]), tuple(turns)))
    return rows


def write_export(folder: Path, rows: Sequence[Row], held_out: Sequence[Row] = ()) -> Path:
    """An SFT export in the trainer's format."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, part in (("train.parquet", rows), ("validation.parquet", held_out)):
        if not part:
            continue
        messages = [
            [{"role": t.role, "content": t.content, "reasoning": "", "train": t.train} for t in row.turns] for row in part
        ]
        table = pa.table(
            {
                "id": [row.id for row in part],
                "messages": pa.array(messages, pa.list_(MESSAGE)),
                "persona": [row.persona for row in part],
                "source": ["made"] * len(part),
                "phase": ["foundation"] * len(part),
            }
        )
        pq.write_table(table, folder / name)
        files[name] = {"sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "tiny-base"
    build_tiny_base(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> ModelFiles:
    return resolve(tiny_folder)


@pytest.fixture
def recipe(tiny_folder: Path) -> TrainRecipe:
    return TrainRecipe(
        name="tiny",
        mix="demo",
        base=Base(str(tiny_folder), "mistral-v7-tekken"),
        lora=Lora(r=4, alpha=8),
        optim=Optim(lr=1e-2, steps=6, warmup_steps=2),
        max_tokens=128,
        bins_per_step=2,
        dtype="float32",
        seed=5,
    )


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    def make(count: int = 30, held_out: int = 6) -> Path:
        return write_export(tmp_path / "export", make_rows(count), make_rows(held_out, seed=1))

    return make


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading and training never reach for the network."""
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("something wants to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
