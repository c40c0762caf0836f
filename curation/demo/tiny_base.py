"""A random-weight Mistral of under a megabyte with a Mistral-like tokenizer: the base of the demo and of tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from curation.core.errors import require

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

VOCABULARY = 864
# The ids of Mistral's V7-Tekken control tokens. The two of ChatML lie among the fillers, where finetunes
# put theirs, so that one tiny base serves both templates.
_CONTROL = {
    0: "<unk>",
    1: "<s>",
    2: "</s>",
    3: "[INST]",
    4: "[/INST]",
    11: "<pad>",
    17: "[SYSTEM_PROMPT]",
    18: "[/SYSTEM_PROMPT]",
    20: "<|im_start|>",
    21: "<|im_end|>",
}
_CONTROLS = 32
_CONFIG = {
    "architectures": ["MistralForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "dtype": "float32",
    "eos_token_id": 2,
    "head_dim": 16,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 128,
    "max_position_embeddings": 4096,
    "model_type": "mistral",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-05,
    "rope_theta": 1000000000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "vocab_size": VOCABULARY,
}
# What the byte pairs are learned from: the register of the demo's conversations.
_TEXT = """
I have been feeling anxious about work for several weeks, and I cannot sleep before an important meeting. That
sounds exhausting. What goes through your mind when you lie awake at night? Mostly that everyone will notice how
little I know. When you imagine them noticing, what happens next in the picture? They would stop trusting me, and my
manager would ask somebody else. Have there been moments lately when people showed that they do trust you? My
colleague thanked me on Tuesday after the presentation. It seems that you are carrying a heavy burden alone. Could
we look at one small step together? My partner says that I never listen, and we argue about money almost every
evening. Thank you for telling me; it takes courage. How do you usually respond when the voices become louder? I
leave the room, then I regret it for hours. Leaving may have protected you once. Perhaps there is another way to
take a break and still stay connected. Since my mother died, the house feels empty and the weekends are endless. I
am so sorry for your loss. Grief has no timetable, and you do not need to hurry through it. Would you like to share
a memory of her with me? She used to sing in the kitchen while the bread was rising. I can almost hear it as you
describe it. Sometimes I become angry with my children without any reason, and afterwards I am ashamed. Let us slow
down and notice what happened in your body just before the anger arrived. My chest was tight, my hands were shaking,
and I had not eaten since breakfast. Those are valuable signals. We could write a short plan: breathe slowly, drink
some water, name the feeling, then decide. My friends moved away and I have been lonely since the summer ended.
Which connection do you miss the most, and what would a first message look like? I do not know whether therapy
helps, honestly. It is completely fine to doubt it. We can check after each session if something has changed for the
better.
"""


def build_tiny_base(folder: Path) -> None:
    """Write config, tokenizer and safetensors of the tiny base into `folder`; always the same bytes.

    Two layers, width 64, 864 tokens, 0.8 MB. The weights are random and seeded: it can learn, but it knows nothing.
    """
    require("train", "torch", "tokenizers", "safetensors")
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "config.json", _CONFIG)
    (folder / "tokenizer.json").write_text(_tokenizer().to_str(pretty=True) + "\n", encoding="utf-8")
    _write_json(
        folder / "tokenizer_config.json",
        {
            "bos_token": "<s>",
            "eos_token": "</s>",
            "pad_token": "<pad>",
            "tokenizer_class": "PreTrainedTokenizerFast",
            "unk_token": "<unk>",
        },
    )
    save_file(_weights(), folder / "model.safetensors", metadata={"format": "pt"})


def _tokenizer() -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    control = [_CONTROL.get(index, f"<SPECIAL_{index}>") for index in range(_CONTROLS)]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=0,
        show_progress=False,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in control],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator([" ".join(_TEXT.split())], trainer)
    return tokenizer


def _weights() -> dict[str, Tensor]:
    import torch

    generator = torch.Generator().manual_seed(20240501)

    def matrix(rows: int, columns: int, spread: float) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * spread

    width, inner, kv = 64, 128, 32
    # Wider than the usual 0.02: at this size it lets an adapter on a frozen random model still lower the loss.
    weights = {"model.embed_tokens.weight": matrix(VOCABULARY, width, 1.0)}
    for layer in range(2):
        at = f"model.layers.{layer}"
        weights[f"{at}.input_layernorm.weight"] = torch.ones(width)
        weights[f"{at}.post_attention_layernorm.weight"] = torch.ones(width)
        for name, rows, columns in (
            ("self_attn.q_proj", width, width),
            ("self_attn.k_proj", kv, width),
            ("self_attn.v_proj", kv, width),
            ("self_attn.o_proj", width, width),
            ("mlp.gate_proj", inner, width),
            ("mlp.up_proj", inner, width),
            ("mlp.down_proj", width, inner),
        ):
            weights[f"{at}.{name}.weight"] = matrix(rows, columns, columns**-0.5)
    weights["model.norm.weight"] = torch.ones(width)
    weights["lm_head.weight"] = matrix(VOCABULARY, width, 0.5 * width**-0.5)
    return weights


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
