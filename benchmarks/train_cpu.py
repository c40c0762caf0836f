"""The trainer beside TRL's, on one core of a CPU, the same rows in one run: processor seconds, so read the ratios.

    python benchmarks/train_cpu.py [--steps N] [--write]

Three claims: preference pairs with a shared prompt (800 tokens, answers of 120) against TRL's DPOTrainer; the loop
around a step against a bare one, with TRL's SFTTrainer beside it; tokens encoded and packed in a second. The base has
random weights, four layers, width 256. Needs the dev extra (trl, peft, datasets).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from curation.core.files import sha256_file
from curation.core.model_files import load_tokenizer, resolve
from curation.core.models import load_causal_lm
from curation.demo.tiny_base import build_tiny_base
from curation.train import attention, lora
from curation.train.encode import TEMPLATES, Encoder, Row, Turn
from curation.train.loop import train
from curation.train.pack import Span, pack
from curation.train.recipe import Base, Dpo, Lora, Optim, TrainRecipe

RESULTS = Path(__file__).parent / "results" / "train_cpu.txt"
V7 = """{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}\
{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% endif %}{% endfor %}"""
# The first steps pay for what is loaded late.
WARM = 3
ROUNDS = 5


def base(folder: Path) -> Path:
    """A base of four layers of width 256, with the tiny base's tokenizer."""
    from transformers import MistralConfig, MistralForCausalLM

    build_tiny_base(folder / "tiny")
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=864, hidden_size=256, intermediate_size=1024, num_hidden_layers=4, num_attention_heads=8,
        num_key_value_heads=2, head_dim=32, sliding_window=None, tie_word_embeddings=False,
        max_position_embeddings=4096, rope_parameters={"rope_type": "default", "rope_theta": 1e9},
    )  # fmt: skip
    MistralForCausalLM(config).save_pretrained(folder / "base")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(folder / "tiny" / name, folder / "base" / name)
    return folder / "base"


def text(encoder: Encoder, tokens: int, salt: int) -> str:
    """So many tokens of text."""
    words = ["anxious", "meeting", "sleep", "listen", "kitchen", "burden", "together", "courage", "session", "breathe"]
    said = " ".join(words[(salt * 7 + n * n) % len(words)] for n in range(tokens))
    ids = encoder.tokenizer.encode(said, add_special_tokens=False).ids[:tokens]
    return str(encoder.tokenizer.decode(ids))


def export(folder: Path, table: dict[str, Any]) -> Path:
    """An export of these columns."""
    folder.mkdir()
    pq.write_table(pa.table(table), folder / "train.parquet")
    described = {"files": {"train.parquet": {"sha256": sha256_file(folder / "train.parquet")}}}
    (folder / "manifest.json").write_text(json.dumps(described))
    return folder


def ours(recipe: TrainRecipe, data: Path, out: Path) -> float:
    """Processor seconds of a step."""
    stamps: list[float] = []
    train(recipe, data, out, lambda *_: stamps.append(time.process_time()))
    return between(stamps)


def between(stamps: list[float]) -> float:
    """The median of what lies between the stamps, the first ones left out."""
    return statistics.median(b - a for a, b in zip(stamps[WARM:], stamps[WARM + 1 :], strict=False))


def theirs(kind: str, recipe: TrainRecipe, rows: list[Any], work: Path, **settings: Any) -> float:
    """Processor seconds of a step of TRL's trainer on the same base under PEFT, one row in a step."""
    import trl
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import PreTrainedTokenizerFast, TrainerCallback

    tokenizer = PreTrainedTokenizerFast.from_pretrained(recipe.base.path)
    tokenizer.chat_template = V7
    shape = LoraConfig(r=recipe.lora.r, lora_alpha=recipe.lora.alpha, target_modules=list(recipe.lora.targets))
    stamps: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            stamps.append(time.process_time())

    config = getattr(trl, f"{kind}Config")(
        output_dir=str(work), per_device_train_batch_size=1, num_train_epochs=1, max_length=None, bf16=False,
        use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True, gradient_checkpointing=False,
        logging_steps=10_000, **settings,
    )  # fmt: skip
    trainer = getattr(trl, f"{kind}Trainer")(
        model=get_peft_model(load_causal_lm(resolve(recipe.base.path), "float32"), shape),
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        callbacks=[Clock()],
    )
    trainer.train()
    return between(stamps)


def preferences(recipe: TrainRecipe, encoder: Encoder, steps: int, work: Path) -> list[str]:
    """Pairs: ours, TRL's way, TRL with the reference computed beforehand."""
    said: Callable[[int, int], str] = lambda tokens, salt: text(encoder, tokens, salt)  # noqa: E731
    rows = [
        {
            "prompt": [{"role": "user", "content": said(797, n)}],
            "chosen": [{"role": "assistant", "content": said(119, n + 1)}],
            "rejected": [{"role": "assistant", "content": said(119, n + 2)}],
        }
        for n in range(steps)
    ]
    table = {"id": [f"p:{n}" for n in range(steps)], "persona": ["assistant"] * steps}
    data = export(
        work / "pairs", table | {name: [row[name] for row in rows] for name in ("prompt", "chosen", "rejected")}
    )
    mine = ours(replace(recipe, dpo=Dpo(), max_tokens=1100), data, work / "dpo")
    live = theirs("DPO", recipe, rows, work / "trl")
    known = theirs("DPO", recipe, rows, work / "trl", precompute_ref_log_probs=True)
    return [
        "preference pairs, prompt 800, answers 120: seconds a pair",
        f"  {mine:8.3f}  ours",
        f"  {live:8.3f}  TRL, its defaults                      x {live / mine:.2f}",
        f"  {known:8.3f}  TRL, reference computed beforehand     x {known / mine:.2f}",
    ]


def overhead(recipe: TrainRecipe, encoder: Encoder, steps: int, work: Path) -> list[str]:
    """Conversations of 512 tokens, one in a step: ours and TRL's trainer beside a bare loop of each."""
    rows = [
        {
            "messages": [
                {"role": "user", "content": text(encoder, 255, n)},
                {"role": "assistant", "content": text(encoder, 250, n + 1)},
            ]
        }
        for n in range(steps)
    ]
    messages = [[{**m, "reasoning": None, "train": m["role"] == "assistant"} for m in row["messages"]] for row in rows]
    kind = pa.list_(
        pa.struct([("role", pa.string()), ("content", pa.string()), ("reasoning", pa.string()), ("train", pa.bool_())])
    )
    table = {"id": [f"s:{n}" for n in range(steps)], "persona": ["assistant"] * steps}
    data = export(work / "talks", {**table, "messages": pa.array(messages, kind)})
    trl = theirs("SFT", recipe, rows, work / "trl", assistant_only_loss=True)
    talks = [Row("r", "", tuple(Turn(m["role"], m["content"], m["train"]) for m in row)) for row in messages]
    documents, _ = encoder.encode(talks, 512, "drop")
    # In turn, and the best of each: whatever else the machine does, it adds.
    found: list[tuple[float, float, float]] = []
    for number in range(ROUNDS):
        bare = bare_loop(recipe, documents, all_logits=False)
        mine = ours(replace(recipe, max_tokens=512), data, work / f"sft-{number}")
        found.append((bare, mine, bare_loop(recipe, documents, all_logits=True)))
    bare, mine, full = (min(times) for times in zip(*found, strict=True))
    return [
        "the loop around a step of 512 tokens: seconds a step",
        f"  {bare:8.3f}  a bare loop, logits of trained tokens only",
        f"  {mine:8.3f}  ours                                   {mine / bare - 1:+.1%}",
        f"  {full:8.3f}  a bare loop, logits of all tokens",
        f"  {trl:8.3f}  TRL's SFTTrainer, with PEFT             {trl / full - 1:+.1%} of the bare loop with all logits",
    ]


def bare_loop(recipe: TrainRecipe, documents: list[Any], *, all_logits: bool) -> float:
    """Processor seconds of a step of the least that learns: no ledger, no packing, no checks.

    Ours makes logits of trained tokens only, so what stands around a step shows beside a loop that does so, too.
    """
    model = load_causal_lm(resolve(recipe.base.path), "float32")
    attention.use(model)
    layers = lora.inject(model, recipe.lora, 0)
    weights = [weight for layer in layers.values() for weight in (layer.lora_A, layer.lora_B)]
    optimizer = torch.optim.AdamW(weights, lr=1e-4)
    model.train()
    stamps = []
    for document in documents:
        ids = torch.tensor(document.ids)[None]
        trained = torch.tensor(list(document.trained), dtype=torch.bool)
        spans = (Span(0, len(document)),)
        if all_logits:
            labels = ids.masked_fill(~trained[None], -100)
            loss = model(input_ids=ids, labels=labels, use_cache=False, spans=spans).loss
        else:
            hidden = model.model(input_ids=ids, use_cache=False, spans=spans).last_hidden_state[0]
            places = trained.nonzero()[:, 0]
            loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[places - 1]).float(), ids[0, places])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        stamps.append(time.process_time())
    return between(stamps)


def encoding(encoder: Encoder) -> list[str]:
    """Tokens encoded and packed in a second of one core."""
    rows = [
        Row(
            f"r:{n}",
            "",
            (Turn("user", text(encoder, 150, n), False), Turn("assistant", text(encoder, 150, n + 1), True)),
        )
        for n in range(3000)
    ]
    began = time.process_time()
    documents, counts = encoder.encode(rows, 8192, "drop")
    pack(documents, 8192, 0, 0)
    rate = counts.tokens / (time.process_time() - began)
    return [f"tokens encoded and packed: {rate / 1e6:.2f} million a second of one core"]


def main() -> None:
    """Measure everything and print it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, default=20)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        path = base(work)
        recipe = TrainRecipe(
            "bench", "bench", Base(str(path), "mistral-v7-tekken"), Lora(16, 16.0), Optim(1e-4, epochs=1), 512,
            dtype="float32",
        )  # fmt: skip
        encoder = Encoder(load_tokenizer(resolve(path)), TEMPLATES["mistral-v7-tekken"])
        lines = [
            *preferences(recipe, encoder, chosen.steps, work),
            *overhead(recipe, encoder, chosen.steps, work),
            *encoding(encoder),
        ]
    print("\n".join(lines))
    if chosen.write:
        RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
