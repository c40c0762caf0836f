"""Weights of models, local and safetensors only: the one home of `from_pretrained`.

A checkpoint whose tensors do not all find their place is refused: transformers would train on random weights in their
stead and say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from curation.core.errors import IntegrityError, ProjectError, require
from curation.core.model_files import ModelFiles, quiet

if TYPE_CHECKING:
    from transformers import MistralForCausalLM, PreTrainedModel

Dtype = Literal["float32", "bfloat16"]

# A Mistral3 checkpoint nests its text model: the first two are the layout of the published 3.1 files, the
# third is the module layout of transformers 5, which some tools save as it is.
_TEXT_KEYS = {
    r"^language_model\.model\.": "model.",
    r"^language_model\.lm_head\.": "lm_head.",
    r"^model\.language_model\.": "model.",
}
_VISION = re.compile(r"^(model\.)?(vision_tower|multi_modal_projector)\.")
# Old checkpoints store this buffer; the model computes it from its configuration.
_COMPUTED = re.compile(r"\.rotary_emb\.inv_freq$")


def load_causal_lm(files: ModelFiles, dtype: Dtype) -> MistralForCausalLM:
    """The text model of a checkpoint, in evaluation mode on the CPU: plain Mistral, or the text part of Mistral3.

    Names and shapes of all tensors are compared with the architecture before a weight is read. Tensors of a
    vision tower and its projector are left on disk.

    Raises:
        ProjectError: another architecture, or quantised weights.
        IntegrityError: a text tensor is missing, unknown, or of another shape.
    """
    require("train", "torch", "transformers", "safetensors")
    import torch
    from transformers import MistralForCausalLM

    found = _text_shapes(files)
    config = text_config(files)
    with torch.device("meta"):
        wanted = {name: tuple(t.shape) for name, t in MistralForCausalLM(config).state_dict().items()}
    if config.tie_word_embeddings:
        del wanted["lm_head.weight"]
    _compare(files, wanted, found)
    with quiet():
        model, info = MistralForCausalLM.from_pretrained(
            files.folder,
            config=config,
            dtype=getattr(torch, dtype),
            key_mapping=_TEXT_KEYS,
            attn_implementation="sdpa",
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    lost = {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])} & wanted.keys()
    if lost:
        raise IntegrityError(
            f"{len(lost)} text tensors were not loaded, the first is {min(lost)}",
            where=files.name,
            fix="this version of transformers reads the checkpoint differently: install the one of the lock file",
        )
    loaded: MistralForCausalLM = model
    return loaded


def text_config(files: ModelFiles) -> Any:
    """The `MistralConfig` of a base's text model.

    Raises:
        ProjectError: another architecture, or quantised weights.
        IntegrityError: the weights cannot be read.
    """
    config = _text_config(files)
    # Whether the head is tied is a fact of the file: transformers 5 ties the Mistral3 wrapper by default.
    config.tie_word_embeddings = "lm_head.weight" not in _text_shapes(files) and _says_tied(files.config)
    return config


def load_sequence_classifier(files: ModelFiles, attention: str | None) -> PreTrainedModel:
    """An encoder with its classification head, in float32 and evaluation mode on the CPU.

    Args:
        files: from `resolve`.
        attention: the attention function to use; None for what transformers chooses.

    Raises:
        ProjectError: quantised weights, or an architecture without a classification head.
        IntegrityError: weights that cannot be read, or that miss a tensor: a head would be random.
    """
    require("train", "torch", "transformers", "safetensors")
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification

    if "quantization_config" in files.config:
        raise ProjectError("the model has quantised weights", where=files.name, fix="use its unquantised checkpoint")
    try:
        with quiet():
            model, info = AutoModelForSequenceClassification.from_pretrained(
                files.folder,
                dtype=torch.float32,
                attn_implementation=attention,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except SafetensorError as error:
        raise IntegrityError(
            "the weights cannot be read", where=f"{files.name}: {', '.join(files.weights)}", fix="fetch the model again"
        ) from error
    except (ValueError, KeyError) as error:
        raise ProjectError(
            f"this is no model that classifies texts: {files.config.get('model_type')}",
            where=files.name,
            fix="use a checkpoint for sequence classification of an architecture that transformers has",
        ) from error
    except RuntimeError as error:
        raise IntegrityError(
            "tensors have other shapes than config.json says", where=files.name, fix="fetch the model again"
        ) from error
    lost = {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])}
    if lost:
        raise IntegrityError(
            f"{len(lost)} tensors are not in the weights, the first is {min(lost)}",
            where=files.name,
            fix="use a checkpoint that was trained for classification, with all of its files",
        )
    loaded: PreTrainedModel = model.eval().requires_grad_(False)
    return loaded


def load_token_classifier(files: ModelFiles) -> PreTrainedModel:
    """A model that gives every token a label, in evaluation mode on the CPU, in 32 bits.

    Raises:
        ProjectError: another kind of model, or quantised weights.
        IntegrityError: a tensor is missing or of another shape.
    """
    require("ner", "torch", "transformers", "safetensors")
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForTokenClassification

    kinds = files.config.get("architectures") or ()
    if "quantization_config" in files.config or not any("TokenClassification" in str(kind) for kind in kinds):
        raise ProjectError(
            "this is no plain model that gives every token a label",
            where=files.name,
            fix="choose a model whose config.json names an architecture such as BertForTokenClassification",
        )
    try:
        with quiet():
            model, info = AutoModelForTokenClassification.from_pretrained(
                files.folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except (SafetensorError, RuntimeError, ValueError, OSError) as error:
        raise IntegrityError("the weights cannot be read", where=files.name, fix="fetch the model again") from error
    lost = sorted({*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])})
    if lost:
        raise IntegrityError(
            f"{len(lost)} tensors of the model are missing, the first is {lost[0]}",
            where=files.name,
            fix="fetch the model again",
        )
    loaded: PreTrainedModel = model.eval()
    return loaded


def _text_config(files: ModelFiles) -> Any:
    from transformers import Mistral3Config, MistralConfig

    kind = files.config.get("model_type")
    if "quantization_config" in files.config:
        raise ProjectError(
            "the base has quantised weights", where=files.name, fix="use its bf16 checkpoint as the base"
        )
    if kind == "mistral":
        return MistralConfig.from_pretrained(files.folder, local_files_only=True)
    if kind == "mistral3":
        text = Mistral3Config.from_pretrained(files.folder, local_files_only=True).text_config
        if text.model_type == "mistral":
            return text
    raise ProjectError(
        f"no way is known to load this architecture: {kind}",
        where=files.name,
        fix="use a base of model type mistral or mistral3",
    )


def _says_tied(config: Mapping[str, Any]) -> bool:
    text = config.get("text_config", {})
    return bool(text.get("tie_word_embeddings", config.get("tie_word_embeddings", False)))


def _text_shapes(files: ModelFiles) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for weight in files.weights:
        try:
            with safe_open(files.folder / weight, framework="pt") as tensors:
                for key in tensors.keys():  # noqa: SIM118 - the handle is no mapping
                    if _VISION.search(key) or _COMPUTED.search(key):
                        continue
                    name = _text_name(key)
                    if name in shapes:
                        raise IntegrityError(f"the tensor {name} is there twice", where=f"{files.name}: {weight}")
                    shapes[name] = tuple(tensors.get_slice(key).get_shape())
        except SafetensorError as error:
            raise IntegrityError("the weights cannot be read", where=f"{files.name}: {weight}") from error
    return shapes


def _text_name(key: str) -> str:
    for pattern, start in _TEXT_KEYS.items():
        name, hits = re.subn(pattern, start, key)
        if hits:
            return name
    return key


def _compare(files: ModelFiles, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    troubles = {
        "missing": wanted.keys() - found.keys(),
        "unknown": found.keys() - wanted.keys(),
        "of another shape": {name for name in wanted.keys() & found.keys() if wanted[name] != found[name]},
    }
    for trouble, names in troubles.items():
        if names:
            raise IntegrityError(
                f"{len(names)} of {len(wanted)} text tensors are {trouble}, the first is {min(names)}",
                where=files.name,
                fix="fetch the checkpoint again, or check that config.json belongs to these weights",
            )
