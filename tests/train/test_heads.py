"""Heads: they learn what was planted, from labelled rows only, and a probe leaves the adapter as it is."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from curation.core.errors import IntegrityError, ProjectError
from curation.train import heads, labels, marks
from curation.train.encode import Encoder, Row, Turn
from curation.train.export import open_export
from curation.train.labels import Asked
from curation.train.loop import train
from curation.train.losses import hidden_states
from curation.train.pack import collate
from curation.train.plan import plan
from curation.train.recipe import Head, Optim, TrainRecipe
from curation.train.scorecard import Exam, scorecard
from curation.train.state import Keeping

FEELINGS = {"grief": "lonely", "fear": "anxious", "anger": "argue"}


def quiet(*_: object) -> None:
    pass


def planted(count: int, seed: int) -> tuple[list[Row], dict[str, list[Any]]]:
    """Rows whose words tell their labels; every fourth has none."""
    draw = random.Random(seed)
    rows: list[Row] = []
    columns: dict[str, list[Any]] = {"emotion": [], "empathy": [], "eq": []}
    for number in range(count):
        felt = sorted(name for name in FEELINGS if draw.random() < 0.4)
        level, fine = draw.randrange(3), draw.random() < 0.5
        words = [FEELINGS[name] for name in felt] + draw.choices(["summer", "people", "memory"], k=3)
        draw.shuffle(words)
        said = [*words, *["that sounds"] * level, "share" if fine else "money"]
        persona = draw.choice(["assistant", "client"])
        turns = (
            Turn("system", "breathe" if persona == "client" else "gently", False),
            Turn("user", " ".join(draw.choices(["feel", "the", "and"], k=4)), False),
            Turn("assistant", " ".join(said), True),
        )
        rows.append(Row(f"row-{seed}-{number:03}", persona, turns))
        bare = number % 4 == 3
        columns["emotion"].append(None if bare else felt)
        columns["empathy"].append(None if bare else {"reactions": level, "explorations": None if number % 2 else 1})
        columns["eq"].append({"skills": {"value": None if bare else float(fine), "method": "human"}})
    return rows, columns


TYPES = {
    "emotion": pa.list_(pa.string()),
    "empathy": pa.struct([("reactions", pa.int8()), ("explorations", pa.int8())]),
    "eq": pa.struct([("skills", pa.struct([("value", pa.float32()), ("method", pa.string())]))]),
}


def label(folder: Path, name: str, columns: dict[str, list[Any]]) -> None:
    """Put label columns into a table of an export."""
    table = pq.read_table(folder / name)
    for column, values in columns.items():
        table = table.append_column(column, pa.array(values, TYPES[column]))
    pq.write_table(table, folder / name)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def labelled(tmp_path: Path, write_export: Callable[..., Path]) -> Path:
    (learned, one), (held, two) = planted(120, 0), planted(60, 1)
    folder = write_export(tmp_path / "labelled", learned, held)
    label(folder, "train.parquet", one)
    label(folder, "validation.parquet", two)
    return folder


@pytest.fixture
def headed(recipe: TrainRecipe) -> TrainRecipe:
    return replace(
        recipe,
        optim=Optim(lr=5e-3, steps=10),
        max_tokens=400,
        heads={"emotion": Head(mode="joint"), "eq": Head(), "empathy": Head(weight=0.2), "persona": Head()},
    )


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_heads_learn_planted_labels_and_the_scorecard_says_so(
    headed: TrainRecipe, labelled: Path, tmp_path: Path
) -> None:
    recipe = replace(headed, optim=Optim(lr=5e-3, steps=50), heads={n: replace(h, lr=1e-2) for n, h in
                     headed.heads.items()})  # fmt: skip
    train(recipe, labelled, tmp_path / "out", quiet)
    card = scorecard(recipe, tmp_path / "out", [Exam(recipe, labelled)])
    found = card["mixes"]["demo"]["heads"]
    assert found.keys() == {"emotion", "eq", "empathy", "persona"}
    assert all(head["f1"] > 0.85 for head in found.values()), found
    assert all(head["ece"] < 0.15 for head in found.values()), found
    assert found["emotion"]["rows"] == 45, "rows without a label are not judged"
    lines = {name: own for name, _, own in card["lines"]}
    assert lines["demo: emotion, macro-F1"] == found["emotion"]["f1"]
    assert lines["demo: eq, ECE"] == found["eq"]["ece"]
    # What the run measured is what the saved heads do.
    settled = json.loads((tmp_path / "out" / "heads.json").read_text())
    for name, head in found.items():
        assert settled[name]["kept"] == head["kept"]
        assert settled[name]["marks"][head["kept"]]["f1"] == pytest.approx(head["f1"])
    shown = (tmp_path / "out" / "README.md").read_text()
    assert "| emotion | joint |" in shown and "| eq | probe |" in shown


def test_a_probe_leaves_the_adapter_as_it_is_and_a_joint_head_does_not(
    headed: TrainRecipe, labelled: Path, tmp_path: Path
) -> None:
    name = "adapter_model.safetensors"
    made = {}
    for which, mode in (("none", None), ("probe", "probe"), ("joint", "joint")):
        recipe = replace(headed, heads={"emotion": Head(mode=mode)} if mode else {})  # type: ignore[arg-type]
        train(recipe, labelled, tmp_path / which, quiet)
        made[which] = bytes_of(tmp_path / which)
    assert made["probe"][name] == made["none"][name] != made["joint"][name]
    assert made["probe"]["ledger.parquet"] == made["none"]["ledger.parquet"]
    assert "heads.safetensors" not in made["none"]


def test_rows_without_a_label_give_no_loss_and_no_gradient(
    headed: TrainRecipe, labelled: Path, encoder: Encoder, model: Any
) -> None:
    rows, _ = planted(120, 0)
    documents, _ = encoder.encode(rows, 400, "drop")
    export = open_export(labelled)
    asked = labels.ask(export, ["emotion"], "tiny")
    known = labels.read(export, "train.parquet", asked, "tiny")
    made = heads.make({"emotion": Head()}, asked, known, {"": 0}, model.config.hidden_size, 0, "cpu")
    bare = next(d for d in documents if np.isnan(known.of("emotion", [d])).all())
    with_label = next(d for d in documents if not np.isnan(known.of("emotion", [d])).any())

    def grads(held: tuple[Any, ...]) -> tuple[float, torch.Tensor]:
        tensors = collate(held)
        loss = made.losses(hidden_states(model, tensors), held, tensors)["emotion"]
        for weight in made.pairs["emotion"].parameters():
            weight.grad = None
        loss.backward()
        return float(loss.detach()), torch.cat([w.grad.reshape(-1) for w in made.pairs["emotion"].parameters()])

    loss, gradient = grads((bare,))
    assert loss == 0 and not gradient.any()
    # Beside another document a head sees no more than alone: neither of them reaches into the other.
    alone, both = grads((with_label,)), grads((bare, with_label, bare))
    assert both[0] == pytest.approx(alone[0], rel=1e-5)
    assert torch.allclose(both[1], alone[1], atol=1e-6)


def test_an_interrupted_run_with_heads_is_the_same(headed: TrainRecipe, labelled: Path, tmp_path: Path) -> None:
    train(headed, labelled, tmp_path / "whole", quiet)

    def stop(step: int, *_: object) -> None:
        if step in (3, 8):
            raise RuntimeError

    keeping = Keeping(tmp_path / "kept", seconds=0.0)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            train(headed, labelled, tmp_path / "out", stop, keeping=keeping)
    train(headed, labelled, tmp_path / "out", quiet, keeping=keeping)
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_the_weight_of_a_phase_is_that_of_its_bins() -> None:
    asked = {"emotion": Asked("several", ("grief",))}
    settings = {"emotion": Head(weight=0.1, phases={"late": 0.5})}
    made = heads.make(settings, asked, labels.Labels({}, {}), {"early": 0, "late": 4}, 8, 0, "cpu")
    assert [made.weight("emotion", number) for number in (0, 3, 4, 9)] == [0.1, 0.1, 0.5, 0.5]


def test_a_weight_of_nothing_in_a_phase_learns_nothing_there(
    headed: TrainRecipe, labelled: Path, tmp_path: Path
) -> None:
    from curation.train.recipe import Phase

    phases = (Phase("early", 0.5), Phase("late", 0.5))
    recipe = replace(headed, phases=phases, optim=Optim(lr=5e-3, epochs=1))
    off = Head(mode="joint", phases={"early": 0, "late": 0})
    train(replace(recipe, heads={}), labelled, tmp_path / "none", quiet)
    train(replace(recipe, heads={"emotion": off}), labelled, tmp_path / "off", quiet)
    half = replace(off, phases={"early": 0})
    train(replace(recipe, heads={"emotion": half}), labelled, tmp_path / "half", quiet)
    one, two, three = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("none", "off", "half"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], three[name]) for name in one)


def test_a_win_is_more_than_chance() -> None:
    asked = Asked("several", ("grief",))
    draw = np.random.default_rng(0)
    right = (draw.random((200, 1)) < 0.5).astype(np.float16)
    good = np.where(draw.random((200, 1)) < 0.9, right, 1 - right).astype(np.float64)
    poor = np.where(draw.random((200, 1)) < 0.6, right, 1 - right).astype(np.float64)
    assert marks.wins(asked, good, poor, right, 0)
    assert not marks.wins(asked, poor, good, right, 0)
    assert not marks.wins(asked, good, good.copy(), right, 0), "a draw is no win"


def test_the_convolutional_head_wins_where_the_order_of_tokens_tells() -> None:
    torch.manual_seed(0)
    kinds = torch.randn(4, 16)
    # A before B, or B before A, somewhere among others: the mean state is the same.
    first = torch.randint(0, 2, (300,))
    told = [
        torch.cat([kinds[2:][torch.randint(0, 2, (3,))], kinds[[0, 1] if one else [1, 0]], kinds[2:3]]) for one in first
    ]
    states = heads.States(torch.cat(told), torch.arange(300).repeat_interleave(6), 300)
    asked, answers = Asked("several", ("a first",)), first.numpy().astype(np.float16)[:, None]
    sure = {}
    for name, kind in heads.KINDS.items():
        head = kind(16, 1)
        optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2)
        for _ in range(60):
            (heads.loss(asked, head(states), answers) / 300).backward()
            optimizer.step()
            optimizer.zero_grad()
        sure[name] = head(states).sigmoid().double().detach().numpy()
    assert marks.marks(asked, sure["convolutional"], answers).f1 > 0.95
    assert marks.wins(asked, sure["convolutional"], sure["linear"], answers, 0)


def test_marks_are_what_scikit_learn_says() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(1)
    right = (draw.random((80, 4)) < 0.4).astype(np.float16)
    sure = draw.random((80, 4))
    found = marks.marks(Asked("several", ("a", "b", "c", "d")), sure, right)
    assert found.f1 == pytest.approx(metrics.f1_score(right.astype(int), sure >= 0.5, average="macro"))
    one = draw.integers(0, 3, (80, 1)).astype(np.float16)
    chosen = draw.dirichlet(np.ones(3), 80)
    found = marks.marks(Asked("one", ("a", "b", "c")), chosen, one)
    assert found.f1 == pytest.approx(metrics.f1_score(one[:, 0].astype(int), chosen.argmax(axis=1), average="macro"))
    # Nine of ten, said with a probability of .9: as sure as it is right.
    even = np.array([[1.0]] * 9 + [[0.0]], np.float16)
    assert marks.marks(Asked("several", ("a",)), np.full((10, 1), 0.9), even).ece == pytest.approx(0, abs=1e-9)
    assert marks.marks(Asked("several", ("a",)), np.full((10, 1), 0.4), even).ece == pytest.approx(0.5)
    # Levels 0, 1, 2 as steps up; the third row is masked.
    levels = np.array([[2], [0], [np.nan], [1]], np.float16)
    up = np.array([[0.9, 0.8], [0.1, 0.0], [0.9, 0.9], [0.7, 0.6]])
    found = marks.marks(Asked("ordinal", ("x",), (2,)), up, levels)
    assert (found.rows, found.f1) == (3, pytest.approx((2 / 3 + 1 + 0) / 3))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("clinical", "the export has no labels 'clinical'"),
        ("source", "all labelled rows of the mix have the same 'source'"),
        ("id", "the export has no labels 'id'"),
    ],
)
def test_a_label_that_cannot_be_learned_is_refused_before_work(
    headed: TrainRecipe, labelled: Path, tmp_path: Path, name: str, says: str
) -> None:
    recipe = replace(headed, heads={name: Head()})
    for attempt in (
        lambda: train(recipe, labelled, tmp_path / "out", quiet),
        lambda: plan(recipe, labelled, 400.0, None),
    ):
        with pytest.raises(ProjectError, match=says) as error:
            attempt()
        assert f"heads.{name}" in str(error.value.where)
    assert not (tmp_path / "out").exists()


def test_a_recipe_with_heads_that_cannot_be_is_refused(recipe: TrainRecipe) -> None:
    from curation.train.recipe import Dpo

    for wrong, says in (
        ({"heads": {"emotion": Head()}, "dpo": Dpo()}, "'heads' must be in the recipe that 'dpo' starts from"),
        ({"heads": {"emotion": Head(phases={"late": 1.0})}}, "'late' is none"),
        ({"heads": {"a.b": Head()}}, "called as columns"),
    ):
        with pytest.raises(ValueError, match=says):
            replace(recipe, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above 0 somewhere"):
        Head(weight=0)


def test_broken_heads_are_not_judged_by(headed: TrainRecipe, labelled: Path, tmp_path: Path) -> None:
    train(replace(headed, optim=Optim(lr=5e-3, steps=1)), labelled, tmp_path / "out", quiet)
    (tmp_path / "out" / "heads.safetensors").write_bytes(b"nothing")
    with pytest.raises(IntegrityError, match="heads"):
        heads.load(tmp_path / "out", "cpu")


@pytest.mark.slow
def test_two_ranks_learn_the_same_heads(
    headed: TrainRecipe, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.train.worker import Job, launch

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    recipe = replace(headed, bins_per_step=3)
    train(recipe, labelled, tmp_path / "one", quiet)
    launch(Job(recipe, str(labelled), str(tmp_path / "two"), str(tmp_path / "kept"), seconds=3600.0), 2)
    for name in ("adapter_model.safetensors", "heads.safetensors"):
        one, two = (load_file(tmp_path / which / name) for which in ("one", "two"))
        assert max(abs(one[key] - two[key]).max() for key in one) <= 1e-5
