"""The tiny base: small, quick, always the same bytes, and with Mistral's control tokens at their ids."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from curation.core.model_files import load_tokenizer, resolve
from curation.demo.tiny_base import VOCABULARY, build_tiny_base


def test_it_is_small_and_always_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_tiny_base(tmp_path / name)
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert sum(map(len, one.values())) < 1_000_000


def test_control_tokens_stand_at_mistrals_ids_and_text_survives(tmp_path: Path) -> None:
    build_tiny_base(tmp_path)
    tokenizer = load_tokenizer(resolve(tmp_path))
    assert tokenizer.get_vocab_size() == VOCABULARY
    names = {0: "<unk>", 1: "<s>", 2: "</s>", 3: "[INST]", 4: "[/INST]", 11: "<pad>"}
    names |= {17: "[SYSTEM_PROMPT]", 18: "[/SYSTEM_PROMPT]"}
    assert {number: tokenizer.id_to_token(number) for number in names} == names
    text = "I feel 😀 naïve\n\tand  tired."
    ids = tokenizer.encode(text).ids
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text.encode()), "it has learned pairs"
