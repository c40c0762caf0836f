"""Loading models: what is refused, what is missing, and that every text tensor really arrives."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402 - after the check that the extra is there

from curation.core.errors import CurateError, IntegrityError, MissingError, ProjectError  # noqa: E402
from curation.core.model_files import fingerprint, load_tokenizer, resolve  # noqa: E402
from curation.core.models import load_causal_lm  # noqa: E402
from curation.demo.tiny_base import build_tiny_base  # noqa: E402

SHA = "0123456789abcdef0123456789abcdef01234567"
IDS = [[1, 3, 300, 400, 500, 4, 600, 2]]


@pytest.fixture(scope="module", autouse=True)
def no_network() -> Iterator[None]:
    def refuse(*_: object) -> None:
        raise AssertionError("something wants to connect")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture
def base(tmp_path: Path) -> Path:
    build_tiny_base(tmp_path / "base")
    return tmp_path / "base"


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def logits(folder: Path) -> Any:
    with torch.no_grad():
        return load_causal_lm(resolve(folder), "float32")(torch.tensor(IDS), use_cache=False).logits


def shard(folder: Path, parts: int = 2) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = [f"model-0000{part + 1}-of-0000{parts}.safetensors" for part in range(parts)]
    where = {key: names[number % parts] for number, key in enumerate(sorted(tensors))}
    for name in names:
        save_file(
            {key: tensors[key] for key in tensors if where[key] == name}, folder / name, metadata={"format": "pt"}
        )
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def wrap(folder: Path, rename: Callable[[str], str], **config: Any) -> None:
    """Turn the tiny text model into a Mistral3 checkpoint with a (tiny, partial) vision tower."""
    tensors = {rename(key): value for key, value in load_file(folder / "model.safetensors").items()}
    prefix = "model." if "model.language_model.norm.weight" in tensors else ""
    tensors[f"{prefix}vision_tower.transformer.layers.0.attention.q_proj.weight"] = torch.ones(4, 4)
    tensors[f"{prefix}multi_modal_projector.linear_1.weight"] = torch.ones(4, 4)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    text = json.loads((folder / "config.json").read_text())
    whole = {"architectures": ["Mistral3ForConditionalGeneration"], "model_type": "mistral3", "text_config": text}
    (folder / "config.json").write_text(json.dumps({**whole, **config}))


LAYOUTS = {
    "published": lambda key: f"language_model.{key}",
    "saved by transformers 5": lambda key: key.replace("model.", "model.language_model.", 1),
}


def test_a_local_folder_works_and_is_named_without_its_path(base: Path) -> None:
    files = resolve(base)
    assert (files.name, files.revision, files.weights) == ("base", None, ("model.safetensors",))
    assert logits(base).std() > 0.1
    assert load_tokenizer(files).token_to_id("[/INST]") == 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_text_part_of_the_wrapper_is_loaded_whole(base: Path, layout: str) -> None:
    plain = logits(base)
    wrap(base, LAYOUTS[layout], tie_word_embeddings=True)
    assert torch.equal(logits(base), plain)


def test_shards_are_loaded_whole(base: Path) -> None:
    plain = logits(base)
    shard(base)
    assert torch.equal(logits(base), plain)


def test_a_tied_head_is_tied_only_where_the_file_has_none(base: Path) -> None:
    tensors = load_file(base / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError, match=r"1 of 21 text tensors are missing, the first is lm_head\.weight"):
        logits(base)
    edit(base / "config.json", tie_word_embeddings=True)
    model = load_causal_lm(resolve(base), "float32")
    assert torch.equal(model.lm_head.weight, tensors["model.embed_tokens.weight"])


@pytest.mark.parametrize("layout", [None, *LAYOUTS])
def test_any_missing_tensor_is_refused(base: Path, layout: str | None) -> None:
    if layout:
        wrap(base, LAYOUTS[layout])
    whole = load_file(base / "model.safetensors")
    text = [key for key in whole if "vision" not in key and "projector" not in key]
    assert len(text) == 21
    for lost in text:
        save_file({k: v for k, v in whole.items() if k != lost}, base / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(IntegrityError, match="1 of 21 text tensors are missing"):
            load_causal_lm(resolve(base), "float32")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.update({"model.layers.2.mlp.up_proj.weight": torch.ones(128, 64)}), "1 of 21 .* unknown"),
        (lambda t: t.update({"model.norm.weight": torch.ones(32)}), "1 of 21 .* another shape"),
        (lambda t: t.update({"language_model.model.norm.weight": torch.ones(64)}), "there twice"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    base: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    tensors = load_file(base / "model.safetensors")
    change(tensors)
    save_file(tensors, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError, match=message):
        load_causal_lm(resolve(base), "float32")


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (pickled, ProjectError, "pickles"),
        (lambda f: edit(f / "config.json", auto_map={"AutoModel": "x.Y"}), ProjectError, "code of its own"),
        (lambda f: edit(f / "tokenizer_config.json", auto_map={"AutoTokenizer": "x.Y"}), ProjectError, "code of its"),
        (lambda f: (f / "adapter_config.json").write_text("{}"), ProjectError, "holds an adapter"),
        (lambda f: (f / "config.json").unlink(), MissingError, "config.json"),
        (lambda f: (f / "model.safetensors").unlink(), MissingError, "weights"),
        (lambda f: (f / "config.json").write_text("[1"), IntegrityError, "not a JSON object"),
        (lambda f: (shard(f), next(f.glob("model-*")).unlink()), MissingError, "weights"),
        (
            lambda f: (shard(f), edit(f / "model.safetensors.index.json", weight_map={"a": "../x.safetensors"})),
            IntegrityError,
            "outside its folder",
        ),
    ],
)
def test_folders_that_are_refused(
    base: Path, spoil: Callable[[Path], object], error: type[CurateError], message: str
) -> None:
    spoil(base)
    with pytest.raises(error, match=message):
        resolve(base)


@pytest.mark.parametrize("change", [{"model_type": "llama"}, {"quantization_config": {"quant_method": "fp8"}}])
def test_bases_that_cannot_be_trained_are_refused(base: Path, change: dict[str, Any]) -> None:
    edit(base / "config.json", **change)
    with pytest.raises(ProjectError):
        load_causal_lm(resolve(base), "float32")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_torn_files_are_refused(base: Path, name: str) -> None:
    (base / name).write_bytes((base / name).read_bytes()[:1000])
    load = load_tokenizer if name == "tokenizer.json" else lambda files: load_causal_lm(files, "float32")
    with pytest.raises(IntegrityError, match="cannot be read"):
        load(resolve(base))


def test_a_hub_model_is_found_in_the_cache_by_its_commit_only(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for revision in (None, "main", SHA[:7]):
        with pytest.raises(ProjectError, match="pinned"):
            resolve("owner/name", revision)
    with pytest.raises(MissingError) as caught:
        resolve("owner/name", SHA)
    assert caught.value.fix == f"hf download owner/name --revision {SHA}"

    snapshot = tmp_path / "home" / "hub" / "models--owner--name" / "snapshots" / SHA
    shutil.copytree(base, snapshot)
    files = resolve("owner/name", SHA)
    assert (files.folder, files.name, files.revision) == (snapshot, "owner/name", SHA)
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(MissingError) as caught:
        resolve("owner/name", SHA)
    assert caught.value.fix == f"hf download owner/name --revision {SHA}"


def test_the_fingerprint_sees_content_and_not_place(base: Path, tmp_path: Path) -> None:
    first = fingerprint(resolve(base))
    shutil.copytree(base, tmp_path / "other")
    (tmp_path / "other" / "README.md").write_text("not part of the model")
    assert fingerprint(resolve(tmp_path / "other")) == first
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
        data = (base / name).read_bytes()
        (base / name).write_bytes(data.replace(b"}", b" }", 1))
        assert fingerprint(resolve(base)) != first
        (base / name).write_bytes(data)
