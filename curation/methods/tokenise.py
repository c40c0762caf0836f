"""Texts to the token numbers of a model's own tokenizer, as Arrow lists; in other processes where that pays."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curation.core.model_files import ModelFiles, load_tokenizer

TOKENS = pa.list_(pa.int32())
CHUNK = 2048
"""Texts that one process takes at a time: about 60,000 tokens, a tenth of a second of work and a batch of a GPU."""


@dataclass(frozen=True)
class Tokeniser:
    """A model's tokenizer.

    Attributes:
        files: the model's.
        around: the special tokens before and after every text.
    """

    files: ModelFiles
    around: tuple[tuple[int, ...], tuple[int, ...]]
    _tokenizer: Any

    @classmethod
    def load(cls, files: ModelFiles) -> Tokeniser:
        """Read tokenizer.json.

        Raises:
            MissingError: the model has no tokenizer.json.
            IntegrityError: it cannot be read.
        """
        tokenizer = _load(files)
        bare = tokenizer.encode("a", add_special_tokens=False).ids
        whole = tokenizer.encode("a", add_special_tokens=True).ids
        at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
        return cls(files, (tuple(whole[:at]), tuple(whole[at + len(bare) :])), tokenizer)

    def plain(self) -> Tokeniser:
        """The same, but what is written like a special token is text: no text becomes a control token."""
        self._tokenizer.encode_special_tokens = True
        return self

    def has(self, token: str) -> bool:
        """Whether it has a token of its own that is written so."""
        return self._tokenizer.token_to_id(token) is not None

    def tokens(self, texts: pa.StringArray) -> pa.ListArray:
        """The tokens of each text, without the special ones around it; of a null, none."""
        return _encode(self._tokenizer, texts)

    def stream(self, texts: pa.StringArray, processes: int) -> Iterator[tuple[int, pa.ListArray]]:
        """Yield the tokens chunk by chunk, each with the place of its first text.

        With more than one process, chunks are made ahead in fresh processes while the caller works on what it has.
        """
        chunks = [(at, texts.slice(at, CHUNK)) for at in range(0, len(texts), CHUNK)]
        if processes < 2 or len(chunks) < 2:
            yield from ((at, self.tokens(chunk)) for at, chunk in chunks)
            return
        pool = _pool(self.files, processes)
        ahead: deque[tuple[int, concurrent.futures.Future[pa.ListArray]]] = deque()
        for at, chunk in chunks:
            ahead.append((at, pool.submit(_work, chunk)))
            if len(ahead) > 2 * processes:
                first, future = ahead.popleft()
                yield first, future.result()
        for first, future in ahead:
            yield first, future.result()


_pools: dict[tuple[str, int], concurrent.futures.ProcessPoolExecutor] = {}


def _pool(files: ModelFiles, processes: int) -> concurrent.futures.ProcessPoolExecutor:
    """Processes that have the tokenizer, kept until this one ends: to start them takes seconds."""
    key = (str(files.folder), processes)
    if key not in _pools:
        context = multiprocessing.get_context("spawn")
        _pools[key] = concurrent.futures.ProcessPoolExecutor(processes, context, _start, (files,))
    return _pools[key]


def _load(files: ModelFiles) -> Any:
    tokenizer = load_tokenizer(files)
    # What the file says of cutting and filling is for other programs: windows are cut here, and nothing is filled.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _encode(tokenizer: Any, texts: pa.StringArray) -> pa.ListArray:
    found = tokenizer.encode_batch_fast(texts.fill_null("").to_pylist(), add_special_tokens=False)
    return pa.array([encoding.ids for encoding in found], TOKENS)


_of_this_process: list[Any] = []


def _start(files: ModelFiles) -> None:
    # Threads of the tokenizer share one interpreter's lock for a third of the work: processes do not.
    os.environ["RAYON_NUM_THREADS"] = "1"
    _of_this_process.append(_load(files))


def _work(texts: pa.StringArray) -> pa.ListArray:
    return _encode(_of_this_process[0], texts)
