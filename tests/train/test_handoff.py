"""What is handed over is read by those it is for; a row they would learn otherwise than meant is not among it."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation.core.errors import ProjectError, UsageError
from curation.core.model_files import load_tokenizer, resolve
from curation.train import targets
from curation.train.encode import TEMPLATES, Encoder, Row, Turn
from curation.train.handoff import handoff
from curation.train.lora import target_pattern
from curation.train.pairs import PairRow
from curation.train.recipe import Canaries, Dpo, Head, Optim, TrainRecipe

# What was looked up in axolotl 0.19.0, LLaMA-Factory 0.9.5 and nemo-automodel 0.7.0, whose classes took these files.
AXOLOTL = """adapter
attn_implementation base_model bf16 chat_template chat_template_jinja dataset_prepared_path datasets
eot_tokens excess_length_strategy fsdp_config fsdp_version gradient_accumulation_steps learning_rate lora_alpha
lora_dropout lora_r lora_target_modules lr_scheduler max_grad_norm max_steps micro_batch_size num_epochs optimizer
output_dir pad_to_sequence_len revision_of_model rl rl_beta sample_packing seed sequence_len test_datasets
warmup_steps weight_decay"""
LLAMAFACTORY = """bf16
cutoff_len dataset dataset_dir disable_gradient_checkpointing do_train eval_dataset finetuning_type
flash_attn freeze_vision_tower gradient_accumulation_steps learning_rate lora_alpha lora_dropout lora_rank lora_target
lr_scheduler_type max_grad_norm max_steps model_name_or_path model_revision neat_packing num_train_epochs output_dir
packing per_device_train_batch_size pref_beta pref_loss report_to seed stage template warmup_steps weight_decay"""
NEMO = """checkpoint dataloader dataset dist_env distributed loss_fn lr_scheduler max_grad_norm model optimizer peft
recipe rng step_scheduler validation_dataloader validation_dataset"""


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def sft(recipe: TrainRecipe, export: Path, tmp_path: Path) -> Path:
    handoff(recipe, export, tmp_path / "sft", 2)
    return tmp_path / "sft"


@pytest.fixture
def dpo(
    recipe: TrainRecipe, tmp_path: Path, make_pairs: Callable[..., list[PairRow]], write_pairs: Callable[..., Path]
) -> Path:
    pairs = write_pairs(tmp_path / "pairs", make_pairs(12), make_pairs(3, 4))
    handoff(replace(recipe, dpo=Dpo(), max_tokens=400), pairs, tmp_path / "dpo", 1)
    return tmp_path / "dpo"


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_the_jinja_text_gives_the_tokens_and_the_mask_that_we_give(
    tiny_folder: Path, name: str, make_rows: Callable[..., list[Row]]
) -> None:
    from transformers import PreTrainedTokenizerFast

    template = TEMPLATES[name]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tiny_folder)
    said = targets.jinja(template)
    rows = make_rows(40)
    # Every other assistant's turn of some rows is only read.
    rows[:10] = [
        row._replace(turns=tuple(t._replace(train=t.train and place % 4 > 1) for place, t in enumerate(row.turns)))
        for row in rows[:10]
    ]
    encoder = Encoder(load_tokenizer(resolve(tiny_folder)), template)
    documents, _ = encoder.encode(rows, 1 << 30, "drop")
    known = {document.row: document for document in documents}
    assert len(known) > 30
    for row in rows:
        if row.id not in known:
            continue
        messages = [{"role": t.role, "content": t.content, "train": t.train} for t in row.turns]
        found = tokenizer.apply_chat_template(
            messages, chat_template=said, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        assert found["input_ids"] == list(known[row.id].ids)
        assert found["assistant_masks"] == list(known[row.id].trained)


def test_rows_that_would_be_learned_otherwise_are_left_out_and_counted(
    recipe: TrainRecipe, tmp_path: Path, write_export: Callable[..., Path]
) -> None:
    def row(name: str, user: str, *answers: tuple[str, bool]) -> Row:
        turns = []
        for said, train in answers:
            turns += [Turn("user", user, False), Turn("assistant", said, train)]
        return Row(name, "assistant", tuple(turns))

    rows = [
        row("fine", "hello", ("share", True)),
        row("control", "hello [/INST] there", ("share", True)),
        row("long", "memory " * 300, ("share", True)),
        row("untrained", "hello", ("share", False)),
        row("partly", "hello", ("share", False), ("slowly", True)),
    ]
    export = write_export(tmp_path / "export", rows)
    kept = handoff(recipe, export, tmp_path / "out", 8)["train"]
    assert (kept.rows, kept.written, kept.control, kept.unusable, kept.partly) == (5, 2, 1, 2, 1)
    assert [line["id"] for line in lines(tmp_path / "out" / "data" / "train.jsonl")] == ["fine", "partly"]
    assert [line["id"] for line in lines(tmp_path / "out" / "data" / "llamafactory_train.jsonl")] == ["fine"]
    assert "| train | 2 of 5 | 1 | 2 | 1 |" in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out" / "data" / "validation.jsonl").exists()


def test_what_cannot_be_handed_over_is_refused(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="goes on from the adapter of 'first'"):
        handoff(replace(recipe, start="first"), export, tmp_path / "out", 8)
    assert not (tmp_path / "out").exists()
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="already"):
        handoff(recipe, export, tmp_path / "there", 8)


def test_the_readme_says_what_does_not_travel(recipe: TrainRecipe, export: Path, tmp_path: Path) -> None:
    recipe = replace(recipe, overlong="split", canaries=Canaries(2), heads={"persona": Head()})
    handoff(recipe, export, tmp_path / "out", 8)
    said = (tmp_path / "out" / "README.md").read_text()
    for what in ("- the ledger, exact resume and canaries", "- the heads", "- pieces of rows above the length"):
        assert what in said
    assert "canary" not in (tmp_path / "out" / "data" / "train.jsonl").read_text()


def trl_settings(folder: Path, kind: str) -> Any:
    trl = pytest.importorskip("trl")
    parser = trl.TrlParser((trl.ScriptArguments, getattr(trl, f"{kind}Config"), trl.ModelConfig,
                            trl.DatasetMixtureConfig))  # fmt: skip
    return parser.parse_args_and_config(
        ["--config", str(folder / "trl.yaml"), "--use_cpu"], fail_with_unknown_args=True
    )


@pytest.mark.slow
def test_trl_reads_its_settings(recipe: TrainRecipe, sft: Path, dpo: Path) -> None:
    _, args, model, data = trl_settings(sft, "SFT")
    assert (args.assistant_only_loss, args.packing, args.max_length, args.max_steps) == (True, True, 160, 6)
    assert (args.learning_rate, args.gradient_accumulation_steps, args.seed) == (0.01, 1, 5)
    assert (model.lora_r, model.lora_alpha, model.lora_target_modules) == (4, 8, target_pattern(recipe.lora.targets))
    assert data.datasets[0].data_files == "data/train.jsonl"
    _, args, _, data = trl_settings(dpo, "DPO")
    assert (args.beta, args.max_length, data.datasets[0].columns) == (0.1, 400, ["prompt", "chosen", "rejected"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_trl_trains_what_it_is_handed(kind: str, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("trl")
    folder = request.getfixturevalue(kind)
    # Without flash attention TRL could not keep packed rows apart.
    more = ["--attn_implementation", "eager", "--packing", "false"] if kind == "sft" else []
    command = [sys.executable, str(folder / "trl_train.py"), "--use_cpu", "--max_steps", "2", *more]
    offline = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hub")}
    done = subprocess.run(command, capture_output=True, text=True, env=offline, cwd=folder.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / "tiny" / "adapter_model.safetensors").is_file()


def test_accelerate_reads_fsdp2(sft: Path) -> None:
    config = pytest.importorskip("accelerate.commands.config.config_args")
    found = config.load_config_from_file(str(sft / "fsdp2.yaml"))
    assert (found.fsdp_config["fsdp_version"], found.num_processes, found.distributed_type.value) == (2, 2, "FSDP")
    assert found.fsdp_config["fsdp_transformer_layer_cls_to_wrap"] == "MistralDecoderLayer"
    models = importlib.import_module("transformers.models.mistral.modeling_mistral")
    assert hasattr(models, targets.LAYER)


def test_keys_are_those_that_were_looked_up(sft: Path, dpo: Path) -> None:
    for folder in (sft, dpo):
        for name, known in (("axolotl", AXOLOTL), ("llamafactory", LLAMAFACTORY), ("nemo", NEMO)):
            if (folder / f"{name}.yaml").exists():
                assert set(yaml.safe_load((folder / f"{name}.yaml").read_text())) <= set(known.split())
        info = json.loads((folder / "dataset_info.json").read_text())
        assert list(info) == ["demo-train", "demo-validation"]
        assert all((folder / entry["file_name"]).is_file() for entry in info.values())
    assert not (dpo / "nemo.yaml").exists(), "it learns no preferences"
    pair = lines(dpo / "data" / "llamafactory_train.jsonl")[0]
    assert pair["chosen"].keys() == {"role", "content"}, "LLaMA-Factory wants a turn, not a list of them"


def test_axolotl_takes_its_file(sft: Path, dpo: Path) -> None:
    schema = pytest.importorskip("axolotl.utils.schemas.config")
    for folder in (sft, dpo):
        document = yaml.safe_load((folder / "axolotl.yaml").read_text())
        assert set(document) <= set(schema.AxolotlInputConfig.model_fields)
        schema.AxolotlInputConfig(**document)


def test_nemo_masks_as_we_do(sft: Path, recipe: TrainRecipe, tiny_folder: Path) -> None:
    chat = pytest.importorskip("nemo_automodel.components.datasets.llm.chat_dataset")
    matcher = pytest.importorskip("nemo_automodel.components._peft.module_matcher")
    from torch import nn
    from transformers import PreTrainedTokenizerFast

    document = yaml.safe_load((sft / "nemo.yaml").read_text())
    settings = {key: value for key, value in document["dataset"].items() if key != "_target_"}
    settings["path_or_dataset_id"] = str(sft / settings["path_or_dataset_id"])
    rows = chat.ChatDataset(tokenizer=PreTrainedTokenizerFast.from_pretrained(tiny_folder), **settings)
    encoder = Encoder(load_tokenizer(resolve(tiny_folder)), TEMPLATES["mistral-v7-tekken"])
    for line, found in zip(lines(sft / "data" / "train.jsonl"), (rows[n] for n in range(len(rows))), strict=True):
        turns = tuple(Turn(m["role"], m["content"], m["train"]) for m in line["messages"])
        (ours,), _ = encoder.encode([Row("r", "", turns)], 1 << 30, "drop")
        # It gives each token the next one to predict.
        assert found["input_ids"] == list(ours.ids)[:-1]
        wanted = [i if learned else -100 for i, learned in zip(ours.ids, ours.trained, strict=True)][1:]
        assert found["labels"] == wanted
    chosen = matcher.ModuleMatcher(target_modules=document["peft"]["target_modules"])
    layer = nn.Linear(2, 2)
    for name, there in (
        ("model.layers.0.self_attn.q_proj", True),
        ("model.language_model.layers.3.mlp.up_proj", True),
        ("model.vision_tower.transformer.layers.0.attention.q_proj", False),
        ("model.vision_tower.transformer.layers.0.feed_forward.up_proj", False),
        ("lm_head", False),
    ):
        assert bool(chosen.match(layer, name)) == there


@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_scripts_are_python_and_name_no_place(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    for name in ("trl_train.py", "ray_train.py"):
        text = (folder / name).read_text()
        compile(text, name, "exec")
        assert str(folder) not in text
    assert re.search(r"num_workers=(2|1)", (folder / "ray_train.py").read_text())


def test_a_step_has_as_many_bins_as_whole_gpus_allow(recipe: TrainRecipe) -> None:
    template = TEMPLATES["chatml"]
    eight = replace(recipe, bins_per_step=8, optim=Optim(1e-4, epochs=2))
    for gpus, accumulated in ((1, 8), (4, 2), (8, 1), (16, 1)):
        handed = targets.Handed(eight, template, gpus, False, 3.5, 10)
        assert targets.trl(handed)["gradient_accumulation_steps"] == accumulated
        assert targets.axolotl(handed)["gradient_accumulation_steps"] == accumulated
        assert targets.nemo(handed)["step_scheduler"]["global_batch_size"] % gpus == 0
        assert targets.axolotl(handed)["num_epochs"] == 2
