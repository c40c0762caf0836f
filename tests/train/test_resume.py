"""A run that is cut off goes on where it was: the same bytes as if nothing had happened. So do two ranks."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from curation.core import files
from curation.core.declare import plain
from curation.core.errors import RetryError
from curation.train.encode import Row
from curation.train.loop import train
from curation.train.pairs import PairRow
from curation.train.recipe import Dpo, Optim, TrainRecipe
from curation.train.state import Keeping
from curation.train.worker import Job, launch

FULL = os.environ.get("CURATE_TEST_PROFILE") == "laws"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def quiet(*_: object) -> None:
    pass


@pytest.fixture
def dropping(recipe: TrainRecipe) -> TrainRecipe:
    """A recipe whose steps draw random numbers."""
    return replace(recipe, lora=replace(recipe.lora, dropout=0.1), optim=Optim(lr=1e-2, steps=12, warmup_steps=2))


@pytest.fixture
def whole(dropping: TrainRecipe, export: Path, tmp_path: Path) -> dict[str, bytes]:
    """What an undisturbed run leaves behind."""
    train(dropping, export, tmp_path / "whole", quiet)
    return contents(tmp_path / "whole")


def test_a_run_goes_on_after_each_step(
    dropping: TrainRecipe, export: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    keeping = Keeping(tmp_path / "kept", seconds=0.0)
    done: list[int] = []

    def stop(step: int, *_: object) -> None:
        done.append(step)
        if step % 3 == 2:
            raise RuntimeError

    for _ in range(4):
        with pytest.raises(RuntimeError):
            train(dropping, export, tmp_path / "out", stop, keeping=keeping)
    train(dropping, export, tmp_path / "out", stop, keeping=keeping)
    assert done == list(range(1, 13)), "no step was made twice"
    assert contents(tmp_path / "out") == whole
    assert not (tmp_path / "kept").exists()


def test_steps_since_the_last_snapshot_are_made_again_and_entered_once(
    dropping: TrainRecipe, export: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    def stop(step: int, *_: object) -> None:
        if step == 5:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        train(dropping, export, tmp_path / "out", stop, keeping=Keeping(tmp_path / "kept", seconds=3600))
    train(dropping, export, tmp_path / "out", quiet, keeping=Keeping(tmp_path / "kept", seconds=0))
    assert contents(tmp_path / "out") == whole


def test_sigterm_ends_the_step_and_keeps_it(
    dropping: TrainRecipe, export: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    keeping, done = Keeping(tmp_path / "kept", seconds=3600), []

    def ask(step: int, *_: object) -> None:
        done.append(step)
        if step == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        train(dropping, export, tmp_path / "out", ask, keeping=keeping)
    assert signal.getsignal(signal.SIGTERM) == handler
    assert done == [1, 2, 3, 4, 5]
    train(dropping, export, tmp_path / "out", ask, keeping=keeping)
    assert done[5] == 6
    assert contents(tmp_path / "out") == whole


def test_a_crash_while_keeping_loses_at_most_that_step(
    dropping: TrainRecipe, export: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = Keeping(tmp_path / "kept", seconds=0.0)
    short = replace(dropping, optim=replace(dropping.optim, steps=3))
    train(short, export, tmp_path / "short", quiet)
    points: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(files, "checkpoint", lambda what, path: points.append(f"{what} {path.name}"))
        train(short, export, tmp_path / "counted", quiet, keeping=keeping)
    for number in range(0, len(points), 1 if FULL else 9):
        seen = 0

        def die(_: str, __: Path, at: int = number) -> None:
            nonlocal seen
            seen += 1
            if seen > at:
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(files, "checkpoint", die)
            with pytest.raises(RetryError):
                train(short, export, tmp_path / f"out-{number}", quiet, keeping=keeping)
        # After the very last rename there is nothing left to do.
        if not (tmp_path / f"out-{number}").exists():
            train(short, export, tmp_path / f"out-{number}", quiet, keeping=keeping)
        assert contents(tmp_path / f"out-{number}") == contents(tmp_path / "short")


def test_a_damaged_snapshot_or_one_of_another_run_is_not_used(
    dropping: TrainRecipe, export: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    def stop(step: int, *_: object) -> None:
        if step == 3:
            raise RuntimeError

    keeping = Keeping(tmp_path / "kept", seconds=0.0)
    for recipe, damage in ((dropping, True), (replace(dropping, seed=99), False)):
        with pytest.raises(RuntimeError):
            train(recipe, export, tmp_path / "out", stop, keeping=keeping)
        (snapshot,) = keeping.folder.glob("step-*")  # type: ignore[union-attr]
        if damage:
            data = bytearray((snapshot / "tensors.safetensors").read_bytes())
            data[-1] ^= 1
            (snapshot / "tensors.safetensors").write_bytes(data)
    train(dropping, export, tmp_path / "out", quiet, keeping=keeping)
    assert contents(tmp_path / "out") == whole


CHILD = """
import sys, json, time
import torch
torch.set_num_threads(1)
from pathlib import Path
from curation.core.declare import Document, bind
from curation.train.loop import train
from curation.train.state import Keeping
from curation.train.worker import Job
job = bind(Job, Document(json.loads(sys.argv[1])))
def told(step, *_):
    print(step, flush=True)
    time.sleep(0.02)
keeping = Keeping(Path(job.unfinished), 0.0)
train(job.recipe, Path(job.export), Path(job.out), told, keeping=keeping)
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_kill_9_at_random_steps(
    dropping: TrainRecipe, export: Path, tmp_path: Path, kind: str,
    make_pairs: Callable[..., list[PairRow]], write_pairs: Callable[..., Path],
) -> None:  # fmt: skip
    kills = (10 if kind == "dpo" else 20) if FULL else 2
    recipe = replace(dropping, optim=Optim(lr=5e-3, steps=60, warmup_steps=2))
    if kind == "dpo":
        recipe = replace(recipe, dpo=Dpo(), lora=replace(recipe.lora, dropout=0.0), max_tokens=400)
        export = write_pairs(tmp_path / "pairs", make_pairs(30), make_pairs(5, 9))
    train(recipe, export, tmp_path / "whole", quiet)
    draw = random.Random(7)
    steps = sorted(draw.sample(range(1, 60), kills))
    job = Job(recipe, str(export), str(tmp_path / "out"), str(tmp_path / "kept"), seconds=0.0)
    command = [sys.executable, "-c", CHILD, json.dumps(plain(asdict(job)))]
    for wanted in steps:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if int(line) >= wanted:
                    # Anywhere in the next step, or in the keeping of this one.
                    try:
                        child.wait(draw.uniform(0, 0.06))
                    except subprocess.TimeoutExpired:
                        child.send_signal(signal.SIGKILL)
                    break
        assert child.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    subprocess.run(command, check=True, capture_output=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_two_ranks_learn_what_one_learns(
    dropping: TrainRecipe, export: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch,
    make_pairs: Callable[..., list[PairRow]], write_pairs: Callable[..., Path],
) -> None:  # fmt: skip
    # An odd number of bins, so that the last step has one for the first rank only.
    recipe = replace(dropping, bins_per_step=2, optim=Optim(lr=5e-3, epochs=3))
    if kind == "dpo":
        recipe = replace(recipe, dpo=Dpo(), lora=replace(recipe.lora, dropout=0.0), max_tokens=400)
        export = write_pairs(tmp_path / "pairs", make_pairs(30), make_pairs(5, 9))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    train(recipe, export, tmp_path / "one", quiet)
    job = Job(recipe, str(export), str(tmp_path / "two"), str(tmp_path / "kept"), seconds=3600.0)
    launch(job, 2)
    one, two = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two"))
    assert max(abs(one[name] - two[name]).max() for name in one) <= 1e-6
    ledgers = [pq.read_table(tmp_path / name / "ledger.parquet") for name in ("one", "two")]
    exact = ["step", "bin", "row", "piece", "tokens", "trained_tokens"]
    assert ledgers[0].select(exact).equals(ledgers[1].select(exact)), "rows, and their order"
    losses: Any = [ledger["loss"].to_numpy() for ledger in ledgers]
    assert abs(losses[0] - losses[1]).max() <= 1e-6 * max(1.0, abs(losses[0]).max())


def test_a_rank_that_fails_ends_the_others(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    from curation.core.errors import CurateError

    job = Job(recipe, str(tmp_path / "nowhere"), str(tmp_path / "out"), str(tmp_path / "kept"), seconds=3600.0)
    with pytest.raises(CurateError, match="of 2 processes of the run failed"):
        launch(job, 2)
    assert not (tmp_path / "out").exists()


def test_rows_do_not_depend_on_the_number_of_ranks(make_rows: Callable[..., list[Row]]) -> None:
    from curation.train.ranks import Ranks

    bins = list(range(11))
    for size in (1, 2, 3, 12):
        shares = [Ranks(rank, size).mine(bins) for rank in range(size)]
        assert Ranks(0, size).in_order(shares) == bins
