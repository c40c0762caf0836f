"""A Whisper of random weights with two megabytes, converted as real ones are; what it hears is nonsense."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path


def build(folder: Path) -> Path:
    """The converted model, made once however many processes ask for it."""
    made = folder / "tiny-whisper"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _build(folder / "hf", folder / "aside")
            (folder / "aside").rename(made)
            shutil.rmtree(folder / "hf")
    return made


def _build(hf: Path, out: Path, seed: int = 3) -> None:
    import torch
    from ctranslate2.converters import TransformersConverter
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        GenerationConfig,
        PreTrainedTokenizerFast,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    end, begin = "<|endoftext|>", "<|startoftranscript|>"
    languages = [f"<|{code}|>" for code in LANGUAGES]
    tasks = [f"<|{t}|>" for t in ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")]
    tokenizer.add_special_tokens([end, begin, *languages, *tasks])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>", normalized=False) for step in range(1501)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=end, eos_token=end, unk_token=end, pad_token=end
    )
    number = tokenizer.token_to_id
    shared = {
        "bos_token_id": number(end),
        "eos_token_id": number(end),
        "pad_token_id": number(end),
        "decoder_start_token_id": number(begin),
    }
    width = 32
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(), num_mel_bins=80, d_model=width, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=2 * width, decoder_ffn_dim=2 * width,
        max_source_positions=1500, max_target_positions=448, suppress_tokens=[], begin_suppress_tokens=[number(end)],
        **shared,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = WhisperForConditionalGeneration(config).eval()
    model.generation_config = GenerationConfig(
        suppress_tokens=[], begin_suppress_tokens=[number(end)], alignment_heads=[[0, 0]],
        lang_to_id={code: number(code) for code in languages}, **shared,
    )  # fmt: skip
    model.save_pretrained(hf)
    fast.save_pretrained(hf)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(hf)
    converter = TransformersConverter(str(hf), copy_files=["tokenizer.json", "preprocessor_config.json"])
    converter.convert(str(out), quantization="float32", force=True)
