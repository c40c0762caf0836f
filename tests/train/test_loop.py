"""The whole run: equal bytes from equal inputs, a ledger that adds up, nothing published when something is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from curation.core.errors import CurateError, IntegrityError, MissingError, ProjectError, UsageError
from curation.core.model_files import load_tokenizer, resolve
from curation.demo.tiny_base import build_tiny_base
from curation.train.encode import TEMPLATES, Document, Encoder, Row, Turn
from curation.train.export import open_export, read_rows
from curation.train.learn import learning_rate
from curation.train.loop import TrainResult, train
from curation.train.pack import pack
from curation.train.recipe import Base, Lora, Optim, TrainRecipe


def run(recipe: TrainRecipe, export: Path, out: Path) -> TrainResult:
    return train(recipe, export, out, lambda *_: None)


def encode_export(recipe: TrainRecipe, export: Path) -> list[Document]:
    encoder = Encoder(load_tokenizer(resolve(recipe.base.path)), TEMPLATES[recipe.base.template])
    return encoder.encode(read_rows(open_export(export), "train.parquet"), recipe.max_tokens, "drop")[0]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_equal_inputs_give_equal_bytes(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    recipe = replace(recipe, lora=replace(recipe.lora, dropout=0.1))
    run(recipe, export, tmp_path / "one")
    torch.manual_seed(99)
    run(recipe, export, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    run(replace(recipe, seed=6), export, tmp_path / "three")
    name = "adapter_model.safetensors"
    assert contents(tmp_path / "one")[name] != contents(tmp_path / "three")[name]


def test_it_learns_and_the_ledger_adds_up(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    recipe = replace(recipe, optim=Optim(lr=1e-2, epochs=3))
    calls: list[tuple[int, int, dict[str, float]]] = []
    result = train(recipe, export, tmp_path / "out", lambda *call: calls.append(call))

    assert result.last_loss < result.first_loss - 0.2
    assert result.before.keys() == result.after.keys() == {"all", "assistant", "client"}
    assert all(result.after[name] < result.before[name] for name in result.after)
    assert [step for step, _, _ in calls] == list(range(1, result.steps + 1))
    assert all(total == result.steps and numbers["tokens_per_second"] > 0 for _, total, numbers in calls)

    ledger = pq.read_table(tmp_path / "out" / "ledger.parquet").to_pylist()
    assert len(ledger) == 3 * result.counts.documents
    assert {entry["row"] for entry in ledger} == {f"row-{n:03}" for n in range(30)}
    assert sum(entry["tokens"] for entry in ledger) == 3 * result.counts.tokens
    assert sum(entry["trained_tokens"] for entry in ledger) == 3 * result.counts.trained_tokens
    assert [e["bin"] for e in ledger] == sorted(e["bin"] for e in ledger)
    for line in map(json.loads, (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()):
        mine = [entry for entry in ledger if entry["step"] == line["step"]]
        assert sum(entry["trained_tokens"] for entry in mine) == line["trained_tokens"]
        summed = sum(entry["loss"] * entry["trained_tokens"] for entry in mine)
        assert summed / line["trained_tokens"] == pytest.approx(line["loss"], rel=1e-5)


def test_a_step_is_the_same_however_its_rows_are_packed(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    optim = Optim(lr=1e-2, epochs=3)
    whole = replace(recipe, max_tokens=4096, bins_per_step=1, optim=optim)
    bins = len(pack(encode_export(recipe, export), recipe.max_tokens, 0, 0))
    assert bins > 5
    run(whole, export, tmp_path / "whole")
    run(replace(recipe, bins_per_step=bins, optim=optim), export, tmp_path / "parts")
    one, other = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "parts")
    )
    assert len(one) == 3
    for mine, theirs in zip(one, other, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


def test_a_tokenizer_with_more_tokens_than_the_base_is_refused(
    recipe: TrainRecipe, export: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    build_tiny_base(base)
    tokenizer = json.loads((base / "tokenizer.json").read_text().replace("<|im_end|>", "<SPECIAL_21>"))
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][3], "id": 864, "content": "<|im_end|>"})
    (base / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ProjectError, match="more tokens than the base: 865 and 864"):
        run(replace(recipe, base=Base(str(base), "chatml")), export, tmp_path / "out")


def test_the_manifest_seals_every_file_and_tells_no_path(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    result = run(recipe, export, tmp_path / "out")
    files = contents(tmp_path / "out")
    manifest = json.loads(files["manifest.json"])
    named = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    assert named == {n: hashlib.sha256(data).hexdigest() for n, data in files.items() if n != "manifest.json"}
    assert manifest.pop("seal") == result.digest
    assert manifest["export"] == hashlib.sha256((export / "manifest.json").read_bytes()).hexdigest()
    assert manifest["recipe"]["base"]["path"] == "tiny-base"
    everything = b"".join(files.values())
    assert str(tmp_path).encode() not in everything
    assert str(Path(recipe.base.path).parent).encode() not in everything
    assert b"breathe" not in everything, "no text of a row"


def test_bfloat16_runs_and_its_loss_is_near(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    exact = run(recipe, export, tmp_path / "exact")
    coarse = run(replace(recipe, dtype="bfloat16"), export, tmp_path / "coarse")
    assert coarse.first_loss == pytest.approx(exact.first_loss, rel=1e-2)
    assert coarse.last_loss == pytest.approx(exact.last_loss, rel=2e-2)


def test_chatml_and_no_held_out_rows(
    recipe: TrainRecipe,
    tmp_path: Path,
    make_rows: Callable[..., list[Row]],
    write_export: Callable[..., Path],
) -> None:
    export = write_export(tmp_path / "export", make_rows(10))
    recipe = replace(recipe, base=replace(recipe.base, template="chatml"))
    result = run(recipe, export, tmp_path / "out")
    assert (result.before, result.after) == ({}, {})
    assert "held out" not in (tmp_path / "out" / "README.md").read_text()


def test_a_loss_that_is_no_number_publishes_nothing(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    wild = replace(recipe, optim=Optim(lr=1e30, steps=6))
    (tmp_path / "adapters").mkdir()
    with pytest.raises(CurateError, match=r"in step [2-6] of 6"):
        run(wild, export, tmp_path / "adapters" / "out")
    assert list((tmp_path / "adapters").iterdir()) == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_publishes_nothing(
    recipe: TrainRecipe, export: Path, tmp_path: Path, stop: type[BaseException]
) -> None:
    def interrupt(step: int, _: int, __: dict[str, float]) -> None:
        if step == 3:
            raise stop

    (tmp_path / "adapters").mkdir()
    with pytest.raises(stop):
        train(recipe, export, tmp_path / "adapters" / "out", interrupt)
    assert list((tmp_path / "adapters").iterdir()) == []
    assert not torch.are_deterministic_algorithms_enabled()


def test_an_adapter_is_never_overwritten(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="already"):
        run(recipe, export, tmp_path / "out")


@pytest.mark.parametrize("name", ["train.parquet", "validation.parquet"])
def test_a_changed_export_is_refused(recipe: TrainRecipe, export: Path, tmp_path: Path, name: str) -> None:
    data = bytearray((export / name).read_bytes())
    data[len(data) // 2] ^= 1
    (export / name).write_bytes(data)
    with pytest.raises(IntegrityError, match=name):
        run(recipe, export, tmp_path / "out")
    (export / name).unlink()
    with pytest.raises(IntegrityError, match=name):
        run(recipe, export, tmp_path / "out")


def test_what_cannot_be_trained_is_refused_before_work(
    recipe: TrainRecipe, export: Path, tmp_path: Path, write_export: Callable[..., Path]
) -> None:
    mute = write_export(tmp_path / "mute", [Row("a", "client", (Turn("user", "hello", False),))])
    with pytest.raises(ProjectError, match="1 have no turn to learn"):
        run(recipe, mute, tmp_path / "out")
    with pytest.raises(ProjectError, match="longer than 8 tokens"):
        run(replace(recipe, max_tokens=8), export, tmp_path / "out")
    with pytest.raises(ProjectError, match="warmup"):
        run(replace(recipe, optim=Optim(lr=1.0, steps=2, warmup_steps=2)), export, tmp_path / "out")
    with pytest.raises(MissingError, match="no exported mix"):
        run(recipe, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(MissingError, match="no such model folder"):
        run(replace(recipe, base=Base(str(tmp_path / "none"), "chatml")), export, tmp_path / "out")


def test_the_learning_rate_rises_to_its_peak_and_never_is_zero(recipe: TrainRecipe) -> None:
    rates = [learning_rate(recipe, step, 6) for step in range(1, 7)]
    assert rates[:3] == [5e-3, 1e-2, 1e-2]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert rates[-1] > 0
    plain = replace(recipe, optim=Optim(lr=1.0, steps=4))
    assert [learning_rate(plain, step, 4) for step in (1, 3)] == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Lora(r=0, alpha=1),
        lambda: Lora(r=1, alpha=1, targets=("lm_head",)),
        lambda: Lora(r=1, alpha=1, dropout=1.0),
        lambda: Optim(lr=1e-4),
        lambda: Optim(lr=1e-4, epochs=1, steps=1),
        lambda: TrainRecipe("../x", "m", Base("b", "chatml"), Lora(1, 1), Optim(1e-4, 1), 128),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(wrong: Callable[[], object]) -> None:
    # A ValueError: read from a file, it becomes an error with the file and the line.
    with pytest.raises(ValueError, match="must"):
        wrong()


def test_the_base_is_named_by_its_content(recipe: TrainRecipe, export: Path, tmp_path: Path, tiny_folder: Path) -> None:
    build_tiny_base(tmp_path / "elsewhere" / tiny_folder.name)
    moved = replace(recipe, base=replace(recipe.base, path=str(tmp_path / "elsewhere" / tiny_folder.name)))
    assert run(recipe, export, tmp_path / "one").digest == run(moved, export, tmp_path / "two").digest
