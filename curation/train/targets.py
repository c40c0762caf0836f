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
from curation.train.recipe import Lora, Optim, TrainRecipe

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
        **_scales(recipe.lora),
        "lora_target_modules": [target_pattern(recipe.lora.targets)],
        "lr_scheduler_type": "cosine",
        **_rates(optim),
        "per_device_train_batch_size": 1,
        "bf16": recipe.dtype == "bfloat16",
        "gradient_checkpointing": False,
        "seed": recipe.seed,
        "logging_steps": 1,
        "report_to": "none",
        "output_dir": recipe.name,
    }
    config |= _length(optim, "num_train_epochs")
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
        **_scales(recipe.lora),
        "lora_target_modules": target_pattern(recipe.lora.targets),
        "micro_batch_size": 1,
        "gradient_accumulation_steps": handed.accumulated,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
        **_rates(optim),
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
    config |= _length(optim, "num_epochs")
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
        **_scales(recipe.lora),
        "lora_target": ",".join(recipe.lora.targets),
        "freeze_vision_tower": True,
        "dataset_dir": ".",
        "dataset": f"{recipe.mix}-train",
        "template": _LLAMAFACTORY[recipe.base.template],
        "cutoff_len": recipe.max_tokens,
        "flash_attn": "fa2",
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": handed.accumulated,
        "lr_scheduler_type": "cosine",
        **_rates(optim),
        "bf16": recipe.dtype == "bfloat16",
        "disable_gradient_checkpointing": True,
        "seed": recipe.seed,
        "report_to": "none",
        "output_dir": recipe.name,
    }
    config |= _length(optim, "num_train_epochs")
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
    model = {"pretrained_model_name_or_path": recipe.base.path, "torch_dtype": _bf16(recipe)}
    config: dict[str, Any] = {
        "recipe": "TrainFinetuneRecipeForNextTokenPrediction",
        "step_scheduler": {"global_batch_size": rows, "local_batch_size": 1, **_length(optim, "num_epochs")},
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


def _rates(optim: Optim) -> dict[str, Any]:
    """What TRL, axolotl and LLaMA-Factory call alike."""
    return {
        "learning_rate": optim.lr,
        "warmup_steps": optim.warmup_steps,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
    }


def _scales(lora: Lora) -> dict[str, Any]:
    return {"lora_alpha": _whole(lora.alpha), "lora_dropout": lora.dropout}


def _length(optim: Optim, epochs: str) -> dict[str, Any]:
    return {epochs: optim.epochs} if optim.epochs else {"max_steps": optim.steps}


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number


def _bf16(recipe: TrainRecipe) -> str:
    return "bf16" if recipe.dtype == "bfloat16" else "float32"
