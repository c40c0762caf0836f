"""The plan says what will be, and what will not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from curation.core.errors import ProjectError
from curation.core.model_files import ModelFiles
from curation.core.models import load_causal_lm, text_config
from curation.train import attention, lora
from curation.train.encode import Encoder
from curation.train.estimate import fitting, need, recompute
from curation.train.export import open_export, read_rows
from curation.train.loop import train
from curation.train.losses import hidden_states
from curation.train.pack import collate
from curation.train.plan import plan
from curation.train.recipe import Lora, Optim, Phase, TrainRecipe


def mistral_small() -> Any:
    from transformers import Mistral3Config

    config = Mistral3Config().text_config
    config.tie_word_embeddings = False
    return config


@pytest.fixture
def large(recipe: TrainRecipe) -> TrainRecipe:
    return replace(recipe, lora=Lora(32, 32.0), max_tokens=4096, dtype="bfloat16")


def test_the_24b_needs_what_was_counted_by_hand(large: TrainRecipe) -> None:
    found = need(large, mistral_small(), trained=1.0)
    assert found.base == pytest.approx(47.14e9, rel=1e-3)
    assert found.parameters == 184_811_520 or found.parameters == pytest.approx(184.8e6, rel=1e-3)
    # 4 operations for each of 22.9 billion weights, and attention over half of 4096 tokens; see the facts of the base.
    assert found.flops == pytest.approx(95.6e9, rel=0.03)
    assert need(replace(large, recompute=True), mistral_small(), 1.0).flops == pytest.approx(141.4e9, rel=0.03)
    # Measured for layers of this shape with adapters in bfloat16: 13.9 MB a token.
    assert found.activations / 4096 == pytest.approx(13.9e6, rel=0.07)
    assert need(replace(large, recompute=True), mistral_small(), 1.0).activations < found.activations / 10


def test_the_24b_in_four_bits_is_what_was_counted_by_hand(large: TrainRecipe) -> None:
    found = need(replace(large, dtype="nf4", recompute=True), mistral_small(), trained=1.0)
    # 22.23 billion weights at 0.516 bytes, embedding and head in 16 bits.
    assert found.base == pytest.approx(14.15e9, rel=1e-3)
    plain = need(replace(large, recompute=True), mistral_small(), 1.0)
    assert found.flops == plain.flops and found.logits == plain.logits
    # The cards it is for: 4k with a small adapter on 24 GB, 8k on 48.
    four = replace(large, dtype="nf4", recompute=True, lora=Lora(16, 16.0))
    longer = replace(four, max_tokens=8192)
    assert need(four, mistral_small(), 0.5).memory < 24e9 < need(longer, mistral_small(), 0.5).memory
    assert need(replace(longer, lora=large.lora), mistral_small(), 1.0).memory < 48e9
    # A weight of 5120 by 32768, unpacked.
    assert found.activations - plain.activations == 2 * 5120 * 32768


@contextmanager
def held_by_autograd(model: Any) -> Iterator[dict[int, int]]:
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    sizes: dict[int, int] = {}
    alive = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield sizes


@pytest.mark.parametrize("again", [False, True])
def test_the_rehearsal_is_within_a_tenth_of_what_a_real_step_keeps(
    recipe: TrainRecipe, tiny: ModelFiles, encoder: Encoder, export: Path, again: bool
) -> None:
    documents, _ = encoder.encode(read_rows(open_export(export), "train.parquet"), 4096, "drop")
    long = max(documents, key=len)
    model = load_causal_lm(tiny, "float32")
    attention.use(model)
    lora.inject(model, recipe.lora, 0)
    if again:
        recompute(model)
    model.train()
    with held_by_autograd(model) as sizes:
        hidden_states(model, collate((long,)))
    mine = replace(recipe, max_tokens=len(long), recompute=again)
    estimated = need(mine, text_config(tiny), 1.0).activations
    if again:
        # What one layer needs when it is computed again is no part of what is kept.
        estimated -= need(replace(mine, recompute=False), text_config(tiny), 1.0).activations / 2
    assert estimated == pytest.approx(sum(sizes.values()), rel=0.25 if again else 0.1)


def test_what_does_not_fit_is_refused_with_what_does(recipe: TrainRecipe, large: TrainRecipe, export: Path) -> None:
    with pytest.raises(ProjectError, match="the run needs") as caught:
        plan(recipe, export, 1.0, 1e9)
    assert "no bins of 256 tokens or more fit" in str(caught.value)
    # An 80 GB card: 8192 tokens fit only when activations are computed again.
    wide = replace(large, max_tokens=8192)
    assert fitting(wide, mistral_small(), 0.5, 80e9) == "set recompute: true"
    # Cards of 48 and 24 GB take the base in four bits.
    assert fitting(wide, mistral_small(), 0.5, 48e9) == "set recompute: true, dtype: nf4"
    assert fitting(wide, mistral_small(), 0.5, 24e9) == (
        "set max_tokens: 2048, bins_per_step: 8, recompute: true, dtype: nf4"
    )
    assert fitting(large, mistral_small(), 0.5, 141e9) == "these settings fit"


def test_the_plan_is_what_the_run_becomes(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    mine = replace(recipe, optim=Optim(1e-2, epochs=3), phases=(Phase("a", 0.5), Phase("b", 0.5)))
    made = plan(mine, export, 1.0, None)
    result = train(mine, export, tmp_path / "out", lambda *_: None)
    assert made.steps == result.steps
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    ledger = pq.read_table(tmp_path / "out" / "ledger.parquet")
    assert pc.sum(ledger["tokens"]).as_py() == made.tokens
    assert pc.sum(ledger["trained_tokens"]).as_py() == made.trained_tokens
    assert [s.realised for s in made.stretches] == pytest.approx([0.5, 0.5], abs=0.05)
    assert sum(s.tokens for s in made.stretches) == made.tokens
    assert made.stretches[0].repeats >= 1
