"""The two scripts of a run that is handed over: TRL's trainer, and the same on Ray Train."""

from __future__ import annotations

from curation.train.targets import LAYER, TEMPLATE, Handed

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
