"""What an export looks like where people train: JSON lines in the shape of each trainer, and configs that name them.

    trl           train.jsonl as it is; trl.yaml
    axolotl       the Parquet files, whose turns say which of them are learned; axolotl.yaml
    llamafactory  train.jsonl for conversations, lines of its own for preferences; dataset_info.json
    openai        messages only, with weight 0 on what is not learned; only where the recipe asks for it

Configs name data and how to read it, and leave the rest to whoever trains: model, adapter, length, rate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from curation.export.recipe import MixRecipe
from curation.export.split import SIDES

Shape = Callable[[pa.Table], dict[str, Any]]
"""From rows of an export to the columns of JSON lines."""

CONVERSATIONS = ("messages", "prompt", "chosen", "rejected")


def lines(recipe: MixRecipe, *, reasoning: bool) -> dict[str, Shape]:
    """The JSON lines of each side, by the name of their file, in which {side} stands for the side."""
    found: dict[str, Shape] = {"{side}.jsonl": lambda table: _trl(table, reasoning)}
    if "llamafactory" in recipe.views and recipe.task == "dpo":
        found["llamafactory_{side}.jsonl"] = _llamafactory
    if "openai" in recipe.views:
        found["openai_{side}.jsonl"] = _openai
    return found


def _trl(table: pa.Table, reasoning: bool) -> dict[str, Any]:
    """Roles and texts only: `messages`, or `prompt`, `chosen`, `rejected` as lists."""
    columns: dict[str, Any] = {"id": table.column("id")}
    for name in CONVERSATIONS:
        if name in table.column_names:
            names = {"role": "role", "content": "content"}
            columns[name] = _turns(table, name, names | ({"reasoning": "reasoning_content"} if reasoning else {}))
    return columns


def _llamafactory(table: pa.Table) -> dict[str, Any]:
    """A preference with answers that are turns rather than lists of them."""
    answers = {name: _turns(table, name, {"role": "role", "content": "content"}) for name in ("chosen", "rejected")}
    return {
        "id": table.column("id"),
        "messages": _turns(table, "prompt", {"role": "role", "content": "content"}),
        **{name: turns.flatten() for name, turns in answers.items()},
    }


def _openai(table: pa.Table) -> dict[str, Any]:
    """Conversations for a fine-tuning service, or preferences as it takes them."""
    if "messages" in table.column_names:
        turns = table.column("messages")
        flat = pa.concat_arrays(turns.chunks).flatten()
        # A weight may only stand on the assistant's turns, and null is left out below.
        weight = pc.if_else(pc.equal(flat.field("role"), "assistant"), pc.cast(flat.field("train"), pa.int8()), None)
        return {"messages": _turns(table, "messages", {"role": "role", "content": "content"}, weight=weight)}
    said = {"role": "role", "content": "content"}
    prompt = _turns(table, "prompt", said)
    return {
        "input": pa.StructArray.from_arrays([prompt], names=["messages"]),
        "preferred_output": _turns(table, "chosen", said),
        "non_preferred_output": _turns(table, "rejected", said),
    }


def _turns(table: pa.Table, column: str, names: Mapping[str, str], **more: pa.Array) -> pa.ListArray:
    lists = pa.concat_arrays(table.column(column).chunks)
    turns = lists.flatten()
    struct = pa.StructArray.from_arrays(
        [*(turns.field(name) for name in names if name in {f.name for f in turns.type}), *more.values()],
        names=[*(out for name, out in names.items() if name in {f.name for f in turns.type}), *more],
    )
    offsets = np.concatenate(([0], np.cumsum(lists.value_lengths().to_numpy(zero_copy_only=False))))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), struct)


def write_configs(folder: Path, recipe: MixRecipe, counts: Mapping[str, int]) -> None:
    """Write the configs of the trainers that a recipe names; `counts` are the rows of each side."""
    sides = [side for side in SIDES[:2] if counts.get(side)]
    if "trl" in recipe.views:
        _yaml(folder / "trl.yaml", _TRL.format(task=recipe.task), _trl_config(recipe, sides))
    if "axolotl" in recipe.views:
        _yaml(folder / "axolotl.yaml", _AXOLOTL, _axolotl_config(recipe, sides))
    if "llamafactory" in recipe.views:
        info = {f"{recipe.mix}-{side}": _llamafactory_config(recipe, side) for side in sides}
        (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")


_TRL = """\
# In this folder: trl {task} --config trl.yaml --model_name_or_path MODEL --output_dir OUT
"""
_AXOLOTL = """\
# Data only: add base_model, adapter, sequence_len and the rest, then, in this folder: axolotl train axolotl.yaml
"""


def _trl_config(recipe: MixRecipe, sides: list[str]) -> dict[str, Any]:
    columns = ["messages"] if recipe.task == "sft" else ["prompt", "chosen", "rejected"]
    config: dict[str, Any] = {
        "datasets": [{"path": "json", "data_files": "train.jsonl", "columns": columns}],
        "max_length": 8192,
    }
    if recipe.task == "sft":
        # The chat template has to mark what the assistant says; without this, everything is learned.
        config["assistant_only_loss"] = True
    return config


def _axolotl_config(recipe: MixRecipe, sides: list[str]) -> dict[str, Any]:
    def entry(side: str) -> dict[str, Any]:
        found: dict[str, Any] = {"path": f"{side}.parquet", "ds_type": "parquet", "split": "train"}
        mapping = {"message_property_mappings": {"role": "role", "content": "content"}}
        if recipe.task == "sft":
            return {
                **found,
                "type": "chat_template",
                "field_messages": "messages",
                **mapping,
                "message_field_training": "train",
                "roles_to_train": [],
                "train_on_eos": "turn",
            }
        fields = {"field_messages": "prompt", "field_chosen": "chosen", "field_rejected": "rejected"}
        return {**found, "type": "chat_template.default", **fields, **mapping}

    config: dict[str, Any] = {"datasets": [entry("train")]}
    if "validation" in sides:
        config["test_datasets"] = [entry("validation")]
    return {"rl": "dpo", **config} if recipe.task == "dpo" else config


def _llamafactory_config(recipe: MixRecipe, side: str) -> dict[str, Any]:
    tags = {
        "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
        "system_tag": "system",
    }  # fmt: skip
    base: dict[str, Any] = {"formatting": "sharegpt", "tags": tags}
    if recipe.task == "sft":
        return {"file_name": f"{side}.jsonl", **base, "columns": {"messages": "messages"}}
    columns = {"messages": "messages", "chosen": "chosen", "rejected": "rejected"}
    return {"file_name": f"llamafactory_{side}.jsonl", **base, "ranking": True, "columns": columns}


def _yaml(path: Path, head: str, document: Mapping[str, Any]) -> None:
    path.write_text(head + yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
