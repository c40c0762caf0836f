"""A training recipe in the words of other trainers: accelerate with TRL, axolotl, LLaMA-Factory, NeMo AutoModel, Ray.

Pure functions from a recipe to what stands in a file. Rows are packed where a trainer keeps packed rows apart, which
they do with flash attention only; a step has as many tokens as here, as nearly as whole GPUs allow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curation.train.encode import Frame, Template
from curation.train.lora import target_pattern
from curation.train.recipe import TrainRecipe

LAYER = "MistralDecoderLayer"
"""What FSDP shards by, in the text class and in the Mistral3 wrapper."""
TEMPLATE = "chat_template.jinja"
_LLAMAFACTORY = {"mistral-v7-tekken": "mistral_small", "chatml": "chatml"}
_ATTENTION = "flash_attention_2"
_SEEING = {"q_proj", "k_proj", "v_proj", "o_proj"}


@dataclass(frozen=True)
class Handed:
    """A run to be handed over.

    Attributes:
        recipe: the run, with its base where it lies.
        template: the base's template.
        gpus: how many there will be.
        validated: whether there are held-out rows.
        rows_per_bin: how many rows fill a bin, for trainers that count in rows.
        steps: optimiser steps of the run here.
    """

    recipe: TrainRecipe
    template: Template
    gpus: int
    validated: bool
    rows_per_bin: float
    steps: int

    @property
    def accumulated(self) -> int:
        """Bins that each GPU takes in a step."""
        return math.ceil(self.recipe.bins_per_step / self.gpus)


def jinja(template: Template) -> str:
    """The template as Jinja text; what is learned stands between marks, a turn with `train: false` is only read.

    Whitespace outside of the quoted texts would be tokens, so there is none.
    """

    def said(text: str) -> str:
        return "{{ '" + text.replace("\n", "\\n") + "' }}" if text else ""

    def turn(frame: Frame) -> str:
        return said(frame.opening + frame.header) + "{{ message['content'] }}" + said(frame.closing + frame.trailer)

    ours = template.assistant
    learned = (
        "{% generation %}{{ message['content'] }}" + said(ours.closing) + "{% endgeneration %}" + said(ours.trailer)
    )
    read = "{{ message['content'] }}" + said(ours.closing + ours.trailer)
    begins = said(ours.opening + ours.header)
    return (
        said(template.bos)
        + "{% for message in messages %}"
        + "{% if message['role'] == 'system' %}" + turn(template.system)
        + "{% elif message['role'] == 'user' %}" + turn(template.user)
        + "{% else %}" + begins
        + "{% if message['train'] is not defined or message['train'] is none or message['train'] %}" + learned
        + "{% else %}" + read + "{% endif %}{% endif %}{% endfor %}"
        + (f"{{% if add_generation_prompt %}}{begins}{{% endif %}}" if begins else "")
    )  # fmt: skip


def accelerate(handed: Handed) -> dict[str, Any]:
    """FSDP2 for `accelerate launch`."""
    return {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "FSDP",
        "mixed_precision": "bf16" if handed.recipe.dtype == "bfloat16" else "no",
        "num_machines": 1,
        "num_processes": handed.gpus,
        "fsdp_config": {
            "fsdp_version": 2,
            "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "fsdp_transformer_layer_cls_to_wrap": LAYER,
            "fsdp_reshard_after_forward": True,
            "fsdp_cpu_ram_efficient_loading": True,
            "fsdp_activation_checkpointing": handed.recipe.recompute,
            "fsdp_state_dict_type": "FULL_STATE_DICT",
        },
    }


def trl(handed: Handed) -> dict[str, Any]:
    """TRL's settings, SFT or DPO."""
    recipe, optim = handed.recipe, handed.recipe.optim
    columns = ["prompt", "chosen", "rejected"] if recipe.dpo else ["messages"]
    files = {"train": "data/train.jsonl"} | ({"validation": "data/validation.jsonl"} if handed.validated else {})
    config: dict[str, Any] = {
        "model_name_or_path": recipe.base.path,
        "dtype": recipe.dtype,
        "datasets": [{"path": "json", "data_files": files["train"], "columns": columns}],
        "max_length": recipe.max_tokens,
        "use_peft": True,
        "lora_r": recipe.lora.r,
        "lora_alpha": _whole(recipe.lora.alpha),
        "lora_dropout": recipe.lora.dropout,
        "lora_target_modules": [target_pattern(recipe.lora.targets)],
        "learning_rate": optim.lr,
        "lr_scheduler_type": "cosine",
        "warmup_steps": optim.warmup_steps,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
        "per_device_train_batch_size": 1,
        "bf16": recipe.dtype == "bfloat16",
        "gradient_checkpointing": False,
        "seed": recipe.seed,
        "logging_steps": 1,
        "report_to": "none",
        "output_dir": recipe.name,
    }
    config |= {"num_train_epochs": optim.epochs} if optim.epochs else {"max_steps": optim.steps}
    if recipe.base.revision:
        config["model_revision"] = recipe.base.revision
    if recipe.dpo:
        # It packs no pairs: a step has as many as a step here.
        pairs = math.ceil(recipe.bins_per_step * handed.rows_per_bin / handed.gpus)
        return {**config, "beta": recipe.dpo.beta, "gradient_accumulation_steps": pairs}
    return {
        **config,
        "assistant_only_loss": True,
        "packing": True,
        "packing_strategy": "bfd",
        "attn_implementation": _ATTENTION,
        "gradient_accumulation_steps": handed.accumulated,
    }


def axolotl(handed: Handed) -> dict[str, Any]:
    """Axolotl's one file."""
    recipe, optim = handed.recipe, handed.recipe.optim

    def data(side: str) -> dict[str, Any]:
        entry = {
            "path": f"data/{side}.jsonl", "ds_type": "json", "split": "train",
            "message_property_mappings": {"role": "role", "content": "content"},
        }  # fmt: skip
        if recipe.dpo:
            fields = {"field_messages": "prompt", "field_chosen": "chosen", "field_rejected": "rejected"}
            return {**entry, "type": "chat_template.default", **fields}
        return {
            **entry, "type": "chat_template", "field_messages": "messages", "message_field_training": "train",
            "roles_to_train": [], "train_on_eos": "turn",
        }  # fmt: skip

    config: dict[str, Any] = {
        "base_model": recipe.base.path,
        "bf16": recipe.dtype == "bfloat16",
        "chat_template": "jinja",
        "chat_template_jinja": TEMPLATE,
        "eot_tokens": [handed.template.assistant.closing],
        "datasets": [data("train")],
        "dataset_prepared_path": "prepared",
        "sequence_len": recipe.max_tokens,
        "excess_length_strategy": "raise",
        "attn_implementation": _ATTENTION,
        "adapter": "lora",
        "lora_r": recipe.lora.r,
        "lora_alpha": _whole(recipe.lora.alpha),
        "lora_dropout": recipe.lora.dropout,
        "lora_target_modules": target_pattern(recipe.lora.targets),
        "micro_batch_size": 1,
        "gradient_accumulation_steps": handed.accumulated,
        "optimizer": "adamw_torch",
        "learning_rate": optim.lr,
        "lr_scheduler": "cosine",
        "warmup_steps": optim.warmup_steps,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
        "seed": recipe.seed,
        "fsdp_version": 2,
        "fsdp_config": {
            "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "transformer_layer_cls_to_wrap": LAYER,
            "reshard_after_forward": True,
            "cpu_ram_efficient_loading": True,
            "activation_checkpointing": recipe.recompute,
            "state_dict_type": "FULL_STATE_DICT",
        },
        "output_dir": recipe.name,
    }
    config |= {"num_epochs": optim.epochs} if optim.epochs else {"max_steps": optim.steps}
    if recipe.base.revision:
        config["revision_of_model"] = recipe.base.revision
    if recipe.dpo:
        return {**config, "rl": "dpo", "rl_beta": recipe.dpo.beta}
    if handed.validated:
        config["test_datasets"] = [data("validation")]
    return {**config, "sample_packing": True, "pad_to_sequence_len": True}


def llamafactory(handed: Handed) -> dict[str, Any]:
    """LLaMA-Factory's training file; its data are named in `dataset_info.json`."""
    recipe, optim = handed.recipe, handed.recipe.optim
    config: dict[str, Any] = {
        "model_name_or_path": recipe.base.path,
        "stage": "dpo" if recipe.dpo else "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": recipe.lora.r,
        "lora_alpha": _whole(recipe.lora.alpha),
        "lora_dropout": recipe.lora.dropout,
        "lora_target": ",".join(recipe.lora.targets),
        "freeze_vision_tower": True,
        "dataset_dir": ".",
        "dataset": f"{recipe.mix}-train",
        "template": _LLAMAFACTORY[recipe.base.template],
        "cutoff_len": recipe.max_tokens,
        "flash_attn": "fa2",
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": handed.accumulated,
        "learning_rate": optim.lr,
        "lr_scheduler_type": "cosine",
        "warmup_steps": optim.warmup_steps,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
        "bf16": recipe.dtype == "bfloat16",
        "disable_gradient_checkpointing": True,
        "seed": recipe.seed,
        "report_to": "none",
        "output_dir": recipe.name,
    }
    config |= {"num_train_epochs": optim.epochs} if optim.epochs else {"max_steps": optim.steps}
    if recipe.base.revision:
        config["model_revision"] = recipe.base.revision
    if handed.validated:
        config["eval_dataset"] = f"{recipe.mix}-validation"
    if recipe.dpo:
        return {**config, "pref_beta": recipe.dpo.beta, "pref_loss": "sigmoid"}
    return {**config, "packing": True, "neat_packing": True}


def dataset_info(handed: Handed) -> dict[str, Any]:
    """How LLaMA-Factory reads the data."""
    recipe = handed.recipe
    tags = {
        "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
        "system_tag": "system",
    }  # fmt: skip
    columns = {"messages": "messages"} | ({"chosen": "chosen", "rejected": "rejected"} if recipe.dpo else {})
    sides = ("train", "validation") if handed.validated else ("train",)
    return {
        f"{recipe.mix}-{side}": {
            "file_name": f"data/llamafactory_{side}.jsonl", "formatting": "sharegpt", "tags": tags, "columns": columns,
            **({"ranking": True} if recipe.dpo else {}),
        }
        for side in sides
    }  # fmt: skip


def nemo(handed: Handed) -> dict[str, Any]:
    """NeMo AutoModel's recipe for conversations; it counts a step in rows."""
    recipe, optim = handed.recipe, handed.recipe.optim

    def data(side: str) -> dict[str, Any]:
        return {
            "_target_": "nemo_automodel.components.datasets.llm.chat_dataset.ChatDataset",
            "path_or_dataset_id": f"data/{side}.jsonl",
            "chat_template": jinja(handed.template),
            "seq_length": recipe.max_tokens,
        }

    loader = {
        "_target_": "torchdata.stateful_dataloader.StatefulDataLoader",
        "collate_fn": "nemo_automodel.components.datasets.utils.default_collater",
    }
    rows = max(1, round(recipe.bins_per_step * handed.rows_per_bin / handed.gpus)) * handed.gpus
    steps = {"num_epochs": optim.epochs} if optim.epochs else {"max_steps": optim.steps}
    model = {"pretrained_model_name_or_path": recipe.base.path, "torch_dtype": _bf16(recipe)}
    config: dict[str, Any] = {
        "recipe": "TrainFinetuneRecipeForNextTokenPrediction",
        "step_scheduler": {"global_batch_size": rows, "local_batch_size": 1, **steps},
        "dist_env": {"backend": "nccl", "timeout_minutes": 10},
        "rng": {"_target_": "nemo_automodel.components.training.rng.StatefulRNG", "seed": recipe.seed, "ranked": True},
        "model": {"_target_": "nemo_automodel.NeMoAutoModelForCausalLM.from_pretrained", **model},
        "peft": {
            "_target_": "nemo_automodel.components._peft.lora.PeftConfig",
            # The vision tower's layers are called attention and feed_forward.
            "target_modules": [f"*.{'self_attn' if name in _SEEING else 'mlp'}.{name}" for name in recipe.lora.targets],
            "dim": recipe.lora.r,
            "alpha": _whole(recipe.lora.alpha),
            "dropout": recipe.lora.dropout,
        },
        "distributed": {"strategy": "fsdp2", "tp_size": 1, "cp_size": 1, "activation_checkpointing": recipe.recompute},
        "loss_fn": {"_target_": "nemo_automodel.components.loss.masked_ce.MaskedCrossEntropy"},
        "dataset": data("train"),
        "dataloader": {**loader, "shuffle": True},
        "optimizer": {"_target_": "torch.optim.AdamW", "lr": optim.lr, "weight_decay": optim.weight_decay},
        "lr_scheduler": {"lr_decay_style": "cosine", "lr_warmup_steps": optim.warmup_steps, "min_lr": 0.0},
        "max_grad_norm": optim.max_grad_norm,
        "checkpoint": {
            "enabled": True, "checkpoint_dir": recipe.name, "model_save_format": "safetensors",
        },
    }  # fmt: skip
    if recipe.base.revision:
        config["model"]["revision"] = recipe.base.revision
    if handed.validated:
        config |= {"validation_dataset": data("validation"), "validation_dataloader": loader}
    return config


TRL = '''\
"""TRL's trainer: accelerate launch --config_file fsdp2.yaml trl_train.py [--more settings than trl.yaml has]"""

import os
import sys

from transformers import AutoTokenizer
from trl import DatasetMixtureConfig, ModelConfig, ScriptArguments, TrlParser, get_dataset, get_peft_config
from trl import {kind}Config, {kind}Trainer

HERE = os.path.dirname(os.path.abspath(__file__))


def train(more, prepare=lambda trainer: trainer, fsdp=None):
    os.chdir(HERE)
    parser = TrlParser((ScriptArguments, {kind}Config, ModelConfig, DatasetMixtureConfig))
    _, args, model, data = parser.parse_args_and_config(["--config", "trl.yaml", *more], fail_with_unknown_args=True)
    if fsdp:
        args.fsdp, args.fsdp_config = True, fsdp
        args.__post_init__()
    args.model_init_kwargs = {{
        "revision": model.model_revision, "attn_implementation": model.attn_implementation, "dtype": model.dtype
    }}
    tokenizer = AutoTokenizer.from_pretrained(model.model_name_or_path, revision=model.model_revision)
    # Not the base's own template: it may add a system prompt of today.
    with open("{template}", encoding="utf-8") as text:
        tokenizer.chat_template = text.read()
    trainer = prepare({kind}Trainer(
        model=model.model_name_or_path, args=args, train_dataset=get_dataset(data)["train"],
        processing_class=tokenizer, peft_config=get_peft_config(model),
    ))
    trainer.train()
    trainer.save_model(args.output_dir)


if __name__ == "__main__":
    train(sys.argv[1:])
'''

RAY = '''\
"""The same on Ray Train: python ray_train.py [--cpu] [--more settings]"""

import os
import sys

from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

HERE = os.path.dirname(os.path.abspath(__file__))
FSDP = {fsdp}


def work(config):
    sys.path.insert(0, HERE)
    from ray.train.huggingface.transformers import RayTrainReportCallback, prepare_trainer
    from trl_train import train

    def prepare(trainer):
        trainer.add_callback(RayTrainReportCallback())
        return prepare_trainer(trainer)

    more = [word for word in config["more"] if word != "--cpu"]
    cpu = len(more) < len(config["more"])
    train([*more, "--use_cpu"] if cpu else more, prepare, None if cpu else dict(FSDP))


if __name__ == "__main__":
    TorchTrainer(
        work,
        train_loop_config={{"more": sys.argv[1:]}},
        scaling_config=ScalingConfig(num_workers={gpus}, use_gpu="--cpu" not in sys.argv),
        run_config=RunConfig(storage_path=os.path.join(HERE, "ray")),
    ).fit()
'''


def trl_script(handed: Handed) -> str:
    """A short script, for TRL's own command line takes the base's template where pairs are learned."""
    return TRL.format(kind="DPO" if handed.recipe.dpo else "SFT", template=TEMPLATE)


def ray(handed: Handed) -> str:
    """A short script, for Ray Train is configured in Python."""
    fsdp = {
        "version": 2,
        "transformer_layer_cls_to_wrap": LAYER,
        "reshard_after_forward": True,
        "cpu_ram_efficient_loading": True,
        "activation_checkpointing": handed.recipe.recompute,
    }
    return RAY.format(fsdp=repr(fsdp), gpus=handed.gpus)


def commands(handed: Handed) -> Mapping[str, str]:
    """By trainer the command that starts it, in the folder."""
    found = {
        "accelerate with TRL": "accelerate launch --config_file fsdp2.yaml trl_train.py",
        "axolotl": "axolotl train axolotl.yaml",
        "LLaMA-Factory": "accelerate launch --config_file fsdp2.yaml -m llamafactory.launcher llamafactory.yaml",
        "Ray Train with TRL": "python ray_train.py",
    }
    if not handed.recipe.dpo:
        found["NeMo AutoModel"] = f"automodel nemo.yaml --nproc-per-node {handed.gpus}"
    return found


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number


def _bf16(recipe: TrainRecipe) -> str:
    return "bf16" if recipe.dtype == "bfloat16" else "float32"
