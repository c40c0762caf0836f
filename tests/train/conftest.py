"""One tiny base for all tests of the trainer, and exports to train it on."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.model_files import ModelFiles, load_tokenizer, resolve
from curation.core.models import load_causal_lm
from curation.demo.tiny_base import build_tiny_base
from curation.train.encode import TEMPLATES, Encoder, Row, Turn
from curation.train.pairs import PairRow
from curation.train.recipe import Base, Lora, Optim, TrainRecipe

if TYPE_CHECKING:
    from transformers import MistralForCausalLM

if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]

MESSAGE = pa.struct(
    [("role", pa.string()), ("content", pa.string()), ("reasoning", pa.string()), ("train", pa.bool_())]
)
SAID = pa.struct([("role", pa.string()), ("content", pa.string())])
WORDS = [
    "lonely",
    "summer",
    "chest",
    "tight",
    "people",
    "argue",
    "money",
    "breathe",
    "memory",
    "feel",
    "with",
    "anxious",
]
WORDS += ["I", "the", "and", "is", "when", "about", "would you", "slowly", "share", "of her", "that sounds", "gently"]


def _make_rows(count: int, seed: int = 0) -> list[Row]:
    """Conversations of both personas, one to four exchanges each, the assistant's turns trained."""
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


def _make_pairs(count: int, seed: int = 0) -> list[PairRow]:
    """Conversations of `_make_rows` that can go on in two ways."""
    draw = random.Random(seed + 1)
    pairs = []
    for row in _make_rows(count, seed):
        answers = {" ".join(draw.choice(WORDS) for _ in range(size)) for size in (draw.randint(2, 12), 13)}
        pairs.append(PairRow(row.id, row.persona, row.turns[:-1], *sorted(answers)))
    return pairs


def _write_export(folder: Path, rows: Sequence[Row], held_out: Sequence[Row] = ()) -> Path:
    """An SFT export in the trainer's format."""

    def table(part: Sequence[Row]) -> dict[str, Any]:
        messages = [
            [{"role": t.role, "content": t.content, "reasoning": "", "train": t.train} for t in row.turns]
            for row in part
        ]
        return {"messages": pa.array(messages, pa.list_(MESSAGE))}

    return _write(folder, rows, held_out, table)


def _write_pairs(folder: Path, rows: Sequence[PairRow], held_out: Sequence[PairRow] = ()) -> Path:
    """A DPO export in the trainer's format."""

    def table(part: Sequence[PairRow]) -> dict[str, Any]:
        prompts = [[{"role": t.role, "content": t.content} for t in row.prompt] for row in part]
        columns = {"prompt": prompts}
        for name in ("chosen", "rejected"):
            columns[name] = [[{"role": "assistant", "content": getattr(row, name)}] for row in part]
        return {name: pa.array(values, pa.list_(SAID)) for name, values in columns.items()}

    return _write(folder, rows, held_out, table)


def _write(folder: Path, rows: Sequence[Any], held_out: Sequence[Any], table: Callable[[Any], dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, part in (("train.parquet", rows), ("validation.parquet", held_out)):
        if not part:
            continue
        about = {
            "id": [row.id for row in part],
            "persona": [row.persona for row in part],
            "source": ["made"] * len(part),
            "phase": ["foundation"] * len(part),
        }
        pq.write_table(pa.table({**about, **table(part)}), folder / name)
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
        lora=Lora(r=4, alpha=8.0),
        optim=Optim(lr=1e-2, steps=6, warmup_steps=2),
        max_tokens=160,
        bins_per_step=2,
        dtype="float32",
        seed=5,
    )


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., list[Row]]:
    return _make_rows


@pytest.fixture(scope="session")
def make_pairs() -> Callable[..., list[PairRow]]:
    return _make_pairs


@pytest.fixture(scope="session")
def write_export() -> Callable[..., Path]:
    return _write_export


@pytest.fixture(scope="session")
def write_pairs() -> Callable[..., Path]:
    return _write_pairs


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return _write_export(tmp_path / "export", _make_rows(30), _make_rows(6, seed=1))


@pytest.fixture(scope="session")
def encoder(tiny: ModelFiles) -> Encoder:
    return Encoder(load_tokenizer(tiny), TEMPLATES["mistral-v7-tekken"])


@pytest.fixture(scope="session")
def model(tiny: ModelFiles) -> MistralForCausalLM:
    """The tiny base, for tests that leave it as it is."""
    return load_causal_lm(tiny, "float32").requires_grad_(False)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Two threads wait for each other on a busy machine, ten times as long as they work."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Loading and training never reach for the network."""

    def refuse(*_: object) -> None:
        raise AssertionError("something wants to connect")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield
