"""The curriculum: as planned to within a document, in an order that is a function of the recipe alone."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from curation.core.errors import ProjectError
from curation.train.encode import Document, Row
from curation.train.loop import train
from curation.train.recipe import Optim, Phase, TrainRecipe
from curation.train.schedule import schedule, targets


def documents(count: int, persona: str, source: str, length: int) -> list[Document]:
    made = []
    for number in range(count):
        size = length + number % 7
        trained = bytes([0] + [1] * (size - 1))
        made.append(Document(array("i", range(40, 40 + size)), trained, f"{source}:{persona}{number}", persona, 0))
    return made


@pytest.fixture
def many() -> tuple[list[Document], dict[str, tuple[str, str]]]:
    made = [
        *documents(900, "assistant", "large", 30),
        *documents(100, "assistant", "small", 60),
        *documents(300, "client", "large", 45),
    ]
    about = {d.row: (d.row.partition(":")[0], "late" if d.row.endswith("7") else "early") for d in made}
    return made, about


def shares(bins: list[tuple[Document, ...]], key: Callable[[Document], str]) -> dict[str, float]:
    sums: dict[str, int] = {}
    for held in bins:
        for document in held:
            sums[key(document)] = sums.get(key(document), 0) + len(document)
    return {name: tokens / sum(sums.values()) for name, tokens in sums.items()}


def curriculum(recipe: TrainRecipe, *phases: Phase) -> TrainRecipe:
    return replace(recipe, optim=Optim(lr=1e-2, epochs=2), phases=phases)


def test_the_realised_mix_is_the_planned_one(
    recipe: TrainRecipe, many: tuple[list[Document], dict[str, tuple[str, str]]]
) -> None:
    rows, about = many
    mine = curriculum(
        recipe,
        Phase("foundation", 0.6, personas={"assistant": 0.8, "client": 0.2}, temperature=0.5),
        Phase("both", 0.3, personas={"assistant": 0.8, "client": 0.2}, personas_end={"assistant": 0.2, "client": 0.8}),
        Phase("late", 0.1, takes=("late",)),
    )
    planned = schedule(mine, rows, about)
    bins = list(planned.bins(0))
    assert len(bins) == planned.total
    tokens = sum(len(d) for held in bins for d in held)
    assert tokens == pytest.approx(2 * sum(map(len, rows)), rel=5e-3)
    edges = [*planned.begins.values(), planned.total]
    first, second, third = (bins[a:b] for a, b in pairwise(edges))
    for part, share in ((first, 0.6), (second, 0.3), (third, 0.1)):
        assert sum(len(d) for held in part for d in held) / tokens == pytest.approx(share, abs=5e-3)
    found = shares(first, lambda d: d.persona)
    assert found == {"assistant": pytest.approx(0.8, abs=5e-3), "client": pytest.approx(0.2, abs=5e-3)}
    sizes = {("assistant", s): sum(len(d) for d in rows if d.row.startswith(f"{s}:a")) for s in ("large", "small")}
    wanted = targets(Phase("", 1.0, temperature=0.5), sizes, 0.0)
    voice = [tuple(d for d in held if d.persona == "assistant") for held in first]
    assert shares(voice, lambda d: about[d.row][0])["small"] == pytest.approx(wanted["assistant", "small"], abs=5e-3)
    # Along a ramp from .2 to .8, half of the tokens are the client's: less at first, more at last.
    assert shares(second, lambda d: d.persona)["client"] == pytest.approx(0.5, abs=5e-3)
    third_of = len(second) // 3
    assert shares(second[:third_of], lambda d: d.persona)["client"] == pytest.approx(0.3, abs=0.03)
    assert shares(second[-third_of:], lambda d: d.persona)["client"] == pytest.approx(0.7, abs=0.03)
    assert {about[d.row][1] for held in third for d in held} == {"late"}


def test_it_is_a_function_of_rows_recipe_and_seed(
    recipe: TrainRecipe, many: tuple[list[Document], dict[str, tuple[str, str]]]
) -> None:
    rows, about = many
    mine = curriculum(recipe, Phase("a", 0.5), Phase("b", 0.5, order="short_first"))
    planned = schedule(mine, rows, about)
    bins = list(planned.bins(0))
    assert list(schedule(mine, rows[::-1], about).bins(0)) == bins
    assert list(planned.bins(7)) == bins[7:]
    assert list(schedule(replace(mine, seed=6), rows, about).bins(0)) != bins
    late = bins[planned.begins["b"] :]
    middle = len(late) // 2
    lengths = [[len(d) for held in part for d in held] for part in (late[:middle], late[middle:])]
    assert sum(lengths[0]) / len(lengths[0]) < sum(lengths[1]) / len(lengths[1])


def test_a_phase_that_the_mix_cannot_fill_is_refused(
    recipe: TrainRecipe, many: tuple[list[Document], dict[str, tuple[str, str]]]
) -> None:
    rows, about = many
    with pytest.raises(ProjectError, match="no rows for the phase 'x'"):
        schedule(curriculum(recipe, Phase("x", 1.0, takes=("never",))), rows, about)
    with pytest.raises(ProjectError, match="in the voice 'neutral'"):
        schedule(curriculum(recipe, Phase("x", 1.0, personas={"neutral": 0.5, "client": 0.5})), rows, about)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda r: Phase("x", 0.0),
        lambda r: Phase("x", 1.0, personas={"client": -1.0}),
        lambda r: Phase("x", 1.0, personas_end={"client": 1.0}),
        lambda r: curriculum(r, Phase("x", 0.4), Phase("y", 0.4)),
        lambda r: curriculum(r, Phase("x", 0.5), Phase("x", 0.5)),
        lambda r: replace(r, phases=(Phase("x", 1.0),)),
    ],
)
def test_phases_that_make_no_sense_are_refused(recipe: TrainRecipe, wrong: Callable[[TrainRecipe], object]) -> None:
    with pytest.raises(ValueError, match="must"):
        wrong(recipe)


def test_a_run_with_phases_goes_through(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    mine = curriculum(recipe, Phase("a", 0.5, personas={"client": 1.0}), Phase("b", 0.5))
    result = train(mine, export, tmp_path / "out", lambda *_: None)
    assert result.last_loss < result.first_loss


def test_recomputing_changes_no_number(
    recipe: TrainRecipe, export: Path, tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    mine = replace(recipe, lora=replace(recipe.lora, dropout=0.1))
    train(mine, export, tmp_path / "kept", lambda *_: None)
    train(replace(mine, recompute=True), export, tmp_path / "again", lambda *_: None)
    name = "adapter_model.safetensors"
    assert (tmp_path / "kept" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
