"""Models on this machine: found by folder or pinned hub id, named by their content, and never foreign code.

Nothing here downloads, unpickles or runs code that comes with a model.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.core.errors import IntegrityError, MissingError, ProjectError, require

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHARD = re.compile(r"[\w][\w.-]*\.safetensors")
_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SETTINGS = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tekken.json",
    _INDEX,
)


@dataclass(frozen=True)
class ModelFiles:
    """A model on this disk, checked to be loadable without running foreign code.

    Attributes:
        folder: where its files are.
        name: the hub id, or the folder's own name: never a path, so it may stand in a manifest.
        revision: the commit of a hub model, None for a local folder.
        config: `config.json` as it was read.
        weights: names of the safetensors files that belong to the model, sorted.
    """

    folder: Path
    name: str
    revision: str | None
    config: Mapping[str, Any]
    weights: tuple[str, ...]


def resolve(path_or_id: str | Path, revision: str | None = None) -> ModelFiles:
    """Find a model on this machine: a local folder, or a hub id pinned to a commit and already in the local cache.

    Args:
        path_or_id: a folder (always taken as it is), or a hub id such as `owner/name`.
        revision: the 40 hex digits of the commit; needed for a hub id.

    Raises:
        MissingError: no such folder, or not in the local cache; the mend is the download command.
        ProjectError: a hub id without a pinned commit; pickled weights only; remote code.
        IntegrityError: a broken configuration or index.
    """
    folder, name, fix = _find(path_or_id, revision)
    return _checked(folder, name, revision if fix else None, fix=fix or "choose a folder that holds a whole model")


def tokenizer_files(path_or_id: str | Path, revision: str | None = None) -> ModelFiles:
    """Find a model of which only the tokenizer is wanted: its weights need not be there.

    Raises:
        MissingError: no such folder, not in the local cache, or without a tokenizer.json.
        ProjectError: a hub id without a pinned commit.
    """
    folder, name, fix = _find(path_or_id, revision)
    if not (folder / "tokenizer.json").is_file():
        raise MissingError("the model has no tokenizer.json", where=name, fix=fix or "choose a folder that has one")
    return ModelFiles(folder, name, revision if fix else None, {}, ())


def _find(path_or_id: str | Path, revision: str | None) -> tuple[Path, str, str | None]:
    """The folder and the name of a model; for a hub id also the command that fetches it."""
    folder = Path(path_or_id).expanduser()
    if folder.is_dir():
        # Resolved for the name only: "." is a folder, too.
        return folder, folder.resolve().name, None
    name = str(path_or_id)
    if not _HUB_ID.fullmatch(name):
        raise MissingError("there is no such model folder", where=name, fix="give a folder or a hub id")
    if revision is None or not _COMMIT.fullmatch(revision):
        raise ProjectError(
            "there is no such model folder here, and a model from the hub must be pinned to a commit",
            where=name,
            fix="put the model into this folder, or set its revision to the 40 hex digits of a commit",
        )
    fix = f"hf download {name} --revision {revision}"
    snapshot = _hub_cache() / f"models--{name.replace('/', '--')}" / "snapshots" / revision
    if not snapshot.is_dir():
        raise MissingError("this model is not on this machine", where=name, fix=fix)
    return snapshot, name, fix


def _hub_cache() -> Path:
    # The places and their order are those that the hub client documents.
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def _checked(folder: Path, name: str, revision: str | None, *, fix: str) -> ModelFiles:
    if (folder / "adapter_config.json").exists():
        # transformers would quietly put that adapter on the base where peft is installed.
        raise ProjectError("this folder holds an adapter, not a base model", where=name)
    if not (folder / "config.json").is_file():
        raise MissingError("the model has no config.json here", where=name, fix=fix)
    config = _read_json(folder / "config.json", name)
    for settings in folder.glob("*.json"):
        if settings.name.endswith("config.json") and "auto_map" in _read_json(settings, name):
            raise ProjectError(
                f"the model wants to run code of its own (auto_map in {settings.name})",
                where=name,
                fix="choose a model of an architecture that transformers itself has",
            )
    weights = _weights(folder, name)
    if not weights and any(path.suffix in _PICKLES for path in folder.iterdir()):
        raise ProjectError(
            "the model's weights are pickles, which can run code when they are read",
            where=name,
            fix="choose a revision with .safetensors files, or convert it",
        )
    if not weights or any(not (folder / weight).is_file() for weight in weights):
        raise MissingError("weights of the model are missing here", where=name, fix=fix)
    return ModelFiles(folder, name, revision, config, weights)


def _weights(folder: Path, name: str) -> tuple[str, ...]:
    if (folder / _SINGLE).is_file():
        return (_SINGLE,)
    if not (folder / _INDEX).is_file():
        return ()
    shards = sorted(set(_read_json(folder / _INDEX, name).get("weight_map", {}).values()))
    if not all(isinstance(shard, str) and _SHARD.fullmatch(shard) for shard in shards):
        raise IntegrityError("the index of the weights names files outside its folder", where=f"{name}: {_INDEX}")
    return tuple(shards)


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise IntegrityError("a file of the model is not a JSON object", where=f"{name}: {path.name}")
    return value


def fingerprint(files: ModelFiles) -> str:
    """The sha256 that names a model by its content: settings, tokenizer and weights, nothing of where they lie.

    Reads every byte of the model (about a minute for 47 GB on a fast disk), once in a process, and again when the size
    of a file or the time of its last change differs.
    """
    return _digest(files.folder, {*files.weights, *(name for name in _SETTINGS if (files.folder / name).is_file())})


def folder_fingerprint(folder: Path) -> str:
    """As `fingerprint`, of every file in a folder: for a model whose layout this file does not know."""
    return _digest(folder, {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()})


def _digest(folder: Path, names: set[str]) -> str:
    seen = ((name, (folder / name).stat()) for name in sorted(names))
    return _digest_of(folder, tuple((name, found.st_size, found.st_mtime_ns) for name, found in seen))


@functools.lru_cache(maxsize=16)
def _digest_of(folder: Path, seen: tuple[tuple[str, int, int], ...]) -> str:
    with ThreadPoolExecutor() as pool:
        digests = pool.map(lambda one: _sha256(folder / one[0]), seen)
        lines = [f"{name} {digest}\n" for (name, _, _), digest in zip(seen, digests, strict=True)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_tokenizer(files: ModelFiles) -> Tokenizer:
    """The tokenizer of `tokenizer.json`, as it stands in the file.

    The tokenizers library reads it directly: transformers' AutoTokenizer returns another class where
    mistral_common is installed, and asks the hub whether a large vocabulary is Mistral's.

    Raises:
        MissingError: the model has no tokenizer.json.
        IntegrityError: it cannot be read.
    """
    require("train", "tokenizers")
    from tokenizers import Tokenizer

    path = files.folder / "tokenizer.json"
    if not path.is_file():
        raise MissingError("the model has no tokenizer.json", where=files.name)
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:
        # The library raises bare Exception for every kind of broken file.
        raise IntegrityError("the tokenizer cannot be read", where=f"{files.name}: tokenizer.json") from error


def render_chats(files: ModelFiles, chats: Sequence[Sequence[Mapping[str, str]]]) -> list[list[int]] | None:
    """Token ids of conversations by the template that the model itself brings; None where it brings none.

    For comparing only: a rendered template takes a `</s>` that somebody wrote for the real one. The template runs in
    the sandbox that transformers gives it.

    Raises:
        IntegrityError: the template fails.
    """
    require("train", "transformers", "tokenizers")
    from transformers import PreTrainedTokenizerFast

    template = _own_template(files)
    if template is None:
        return None
    try:
        with quiet():
            tokenizer = PreTrainedTokenizerFast.from_pretrained(files.folder, local_files_only=True)
            made = [
                tokenizer.apply_chat_template(list(chat), chat_template=template, tokenize=True, return_dict=False)
                for chat in chats
            ]
    except Exception as error:
        # A template raises what it likes.
        raise IntegrityError("the chat template of the model fails", where=files.name) from error
    return [[int(i) for i in ids] for ids in made]


def _own_template(files: ModelFiles) -> str | None:
    if (path := files.folder / "chat_template.jinja").is_file():
        return path.read_text(encoding="utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        if (path := files.folder / name).is_file():
            found = _read_json(path, files.name).get("chat_template")
            if isinstance(found, str):
                return found
    return None


@contextmanager
def quiet() -> Iterator[None]:
    """Within it transformers logs errors only, and draws no progress bar."""
    # The left-out vision tower is no news, and the only progress bars are those of core/ui.
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
