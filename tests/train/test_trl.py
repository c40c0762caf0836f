"""TRL's trainers as oracles: fifty steps on the same rows have the same losses."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curation.core.model_files import ModelFiles
from curation.core.models import load_causal_lm
from curation.train import lora
from curation.train.encode import Row
from curation.train.loop import train
from curation.train.pairs import PairRow
from curation.train.recipe import Dpo, Optim, TrainRecipe

pytestmark = pytest.mark.filterwarnings("ignore")

# The same as the base's template, with the marks by which TRL knows what an assistant said.
TEMPLATE = """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}[SYSTEM_PROMPT]{{ m.content }}\
[/SYSTEM_PROMPT]{% elif m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}{% generation %}{{ m.content }}\
{{ eos_token }}{% endgeneration %}{% endif %}{% endfor %}"""
STEPS, ROWS_PER_STEP = 50, 4


def alike(rows: Sequence[Any], length: Callable[[Any], int], count: int) -> tuple[list[Any], int]:
    """Rows of which two, but not three, fit into a bin; and the bin's length."""
    largest = max(map(length, rows))
    chosen = [row for row in rows if 3 * length(row) > 2 * largest]
    assert len(chosen) >= count
    return chosen[:count], 2 * largest


def order(adapter: Path) -> list[str]:
    """The rows in the order in which they were learned."""
    return list(pq.read_table(adapter / "ledger.parquet")["row"].to_pylist())


def ours(adapter: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (adapter / "metrics.jsonl").read_text().splitlines()]


def fresh(recipe: TrainRecipe, tiny: ModelFiles, folder: Path) -> Any:
    """The base under PEFT with the very adapter that a run of the recipe begins with."""
    peft = pytest.importorskip("peft")
    model = load_causal_lm(tiny, "float32")
    folder.mkdir()
    lora.save(folder, lora.inject(model, recipe.lora, recipe.seed), recipe.lora, recipe.base, tiny)
    return peft.PeftModel.from_pretrained(load_causal_lm(tiny, "float32"), folder, is_trainable=True)


def losses_of(
    trainer_class: Any, config_class: Any, model: Any, tiny: ModelFiles, rows: list[Any], out: Path, **more: Any
) -> list[float]:
    from datasets import Dataset
    from torch.utils.data import SequentialSampler
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(tiny.folder, local_files_only=True)
    tokenizer.chat_template = TEMPLATE
    seen: list[float] = []

    class Sequential(trainer_class):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return SequentialSampler(self.train_dataset)

        def training_step(self, *args: Any, **kwargs: Any) -> Any:
            loss = super().training_step(*args, **kwargs)
            seen.append(float(loss))
            return loss

    config = config_class(
        output_dir=str(out),
        per_device_train_batch_size=ROWS_PER_STEP,
        num_train_epochs=1,
        learning_rate=5e-3,
        lr_scheduler_type="cosine",
        max_length=None,
        bf16=False,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        **more,
    )
    trainer = Sequential(model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    trainer.train()
    return seen


def said(turns: Sequence[Any]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]


@pytest.mark.slow
def test_fifty_steps_of_sft(
    recipe: TrainRecipe, tiny: ModelFiles, encoder: Any, tmp_path: Path,
    make_rows: Callable[..., list[Row]], write_export: Callable[..., Path],
) -> None:  # fmt: skip
    trl = pytest.importorskip("trl")
    rows, bin_tokens = alike(
        make_rows(2000), lambda row: len(encoder.encode([row], 10**6, "drop")[0][0]), STEPS * ROWS_PER_STEP
    )
    optim = Optim(lr=5e-3, epochs=1)
    recipe = replace(recipe, max_tokens=bin_tokens, bins_per_step=ROWS_PER_STEP // 2, optim=optim)
    result = train(recipe, write_export(tmp_path / "export", rows), tmp_path / "out", lambda *_: None)
    assert result.steps == STEPS
    known = {row.id: row for row in rows}
    theirs = losses_of(
        trl.SFTTrainer, trl.SFTConfig, fresh(recipe, tiny, tmp_path / "fresh"), tiny,
        [{"messages": said(known[name].turns)} for name in order(tmp_path / "out")], tmp_path / "trl",
        assistant_only_loss=True,
    )  # fmt: skip
    assert len(theirs) == STEPS
    assert theirs[-1] < theirs[0] - 0.3
    assert max(abs(a - b) for a, b in zip(ours(tmp_path / "out"), theirs, strict=True)) <= 1e-4


@pytest.mark.slow
def test_fifty_steps_of_dpo(
    recipe: TrainRecipe, tiny: ModelFiles, encoder: Any, tmp_path: Path,
    make_pairs: Callable[..., list[PairRow]], write_pairs: Callable[..., Path],
) -> None:  # fmt: skip
    trl = pytest.importorskip("trl")
    from curation.train.pairs import encode_pairs

    rows, bin_tokens = alike(
        make_pairs(2000), lambda row: len(encode_pairs(encoder, [row], 10**6)[0][0]), STEPS * ROWS_PER_STEP
    )
    optim = Optim(lr=5e-3, epochs=1)
    recipe = replace(recipe, max_tokens=bin_tokens, bins_per_step=ROWS_PER_STEP // 2, optim=optim, dpo=Dpo(beta=0.2))
    result = train(recipe, write_pairs(tmp_path / "export", rows), tmp_path / "out", lambda *_: None)
    assert result.steps == STEPS
    known = {row.id: row for row in rows}
    chosen = [known[name] for name in order(tmp_path / "out")]
    theirs = losses_of(
        trl.DPOTrainer, trl.DPOConfig, fresh(recipe, tiny, tmp_path / "fresh"), tiny,
        [
            {
                "prompt": said(row.prompt),
                "chosen": [{"role": "assistant", "content": row.chosen}],
                "rejected": [{"role": "assistant", "content": row.rejected}],
            }
            for row in chosen
        ],
        tmp_path / "trl", beta=0.2,
    )  # fmt: skip
    assert len(theirs) == STEPS
    assert theirs[-1] < theirs[0] - 0.05
    assert max(abs(a - b) for a, b in zip(ours(tmp_path / "out"), theirs, strict=True)) <= 1e-4
