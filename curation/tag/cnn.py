"""The embedded emotion tagger: a small residual text CNN, for previews, tests and work offline.

Pieces of words are embedded, pass two residual blocks of dilated convolutions (Y. Kim 2014; K. He et al. 2016), and
are pooled by one attention a label, their maximum and their mean. Fitted on GoEmotions (English Reddit comments, 28
labels) by `curation.tag.train_cnn`. Its figures hold for that domain alone; what it says of a therapy turn is a
preview until someone recalibrates it on such turns.

Every product of matrices is one of whole numbers whose sums stay below 2**24, so float32 adds them exactly in any
order: a text's scores are the same bytes whatever other texts are in the call, on any BLAS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.errors import IntegrityError, MissingError, require
from curation.methods.packing import Batch, Windows, batches
from curation.tag.calibration import CURVE, Calibration
from curation.tag.scored import Scored, over_windows

WEIGHTS = Path(__file__).with_name("cnn.safetensors")
VERSION = 1
"""Version of the network and of the file's layout together; weights of another version are refused."""

WIDTH = 128
DILATIONS = (1, 2)
WINDOW = 128
"""Tokens that are read together; a longer text has several windows. Training saw texts of up to 64."""

LEVELS = 340
"""Activations are whole numbers up to this. 3 * WIDTH of them times weights of at most 127 sum to less than 2**24."""

UNKNOWN, PAD = "<unk>", "<pad>"
_BLOCK_TOKENS = 1024

Array = npt.NDArray[np.float32]
_REFIT = "reinstall the package, or fit anew: python -m curation.tag.train_cnn --help"


@dataclass(frozen=True, eq=False)
class Layer:
    """A product of whole numbers: `inputs @ weight * unit + bias`, the inputs in steps of `step`.

    Attributes:
        weight: float32 (inputs, outputs), whole numbers within 127.
        unit: float32 (outputs,), of weight and input together.
        bias: float32 (outputs,).
        step: of the inputs.
    """

    weight: Array
    unit: Array
    bias: Array
    step: np.float32

    def whole(self, inputs: Array) -> Array:
        """Inputs as whole numbers of steps, in place."""
        inputs /= self.step
        np.rint(inputs, out=inputs)
        return np.clip(inputs, -LEVELS, LEVELS, out=inputs)

    def __call__(self, whole: Array) -> Array:
        """The layer's outputs for inputs that `whole` made."""
        found: Array = whole @ self.weight
        found *= self.unit
        found += self.bias
        return found


@dataclass(frozen=True, eq=False)
class Network:
    """The network's weights, in the order in which they are used."""

    embedding: Array
    blocks: tuple[Layer, ...]
    attention: Layer
    pooled: Layer

    @classmethod
    def of(cls, tensors: Mapping[str, npt.NDArray[Any]]) -> Network:
        """Unpack what the file holds."""

        def layer(name: str) -> Layer:
            step = tensors[f"{name}.step"].astype(np.float32)[0]
            weight = np.ascontiguousarray(tensors[f"{name}.weight"], np.float32)
            return Layer(weight, tensors[f"{name}.scale"] * step, tensors[f"{name}.bias"], step)

        embedding = tensors["embedding.weight"].astype(np.float32) * tensors["embedding.scale"]
        blocks = tuple(layer(f"block{place}") for place in range(len(DILATIONS)))
        return cls(embedding, blocks, layer("attention"), layer("pooled"))

    def scores(self, batch: Batch) -> Array:
        """The score of each label for each window, float32 (n, labels)."""
        x = self.embedding.take(batch.tokens, axis=0)
        bounds, lengths = batch.bounds.astype(np.int64), batch.lengths
        first, last = np.repeat(bounds[:-1], lengths), np.repeat(bounds[1:], lengths)
        here = np.arange(len(x))
        for layer, reach in zip(self.blocks, DILATIONS, strict=True):
            inputs = np.zeros((len(x) + 1, WIDTH), np.float32)  # the last row is what lies outside a window
            inputs[:-1] = layer.whole(_normal(x))
            left = np.where(here - reach >= first, here - reach, len(x))
            right = np.where(here + reach < last, here + reach, len(x))
            seen = inputs.take(np.stack([left, here, right], axis=1).ravel(), axis=0).reshape(len(x), 3 * WIDTH)
            x += np.maximum(layer(seen), 0)
        hidden = _normal(x)
        whole = self.attention.whole(hidden.copy())
        both = self.attention(whole)
        labels = both.shape[1] // 2
        starts = bounds[:-1]
        weight, value = both[:, :labels], both[:, labels:]
        weight -= np.repeat(np.maximum.reduceat(weight, starts, axis=0), lengths, axis=0)
        np.exp(weight, out=weight)
        value *= weight
        attended = np.add.reduceat(value, starts, axis=0) / np.add.reduceat(weight, starts, axis=0)
        average = np.add.reduceat(whole, starts, axis=0) * (self.attention.step / lengths[:, None].astype(np.float32))
        pooled = np.concatenate([np.maximum.reduceat(hidden, starts, axis=0), average], axis=1).astype(np.float32)
        return np.asarray(attended + self.pooled(self.pooled.whole(pooled)), np.float32)


def _normal(x: Array) -> Array:
    """Each row with mean 0 and variance 1; it has no gain and bias of its own."""
    centred = x - x.mean(axis=1, keepdims=True)
    centred /= np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + np.float32(1e-5))
    return centred


@dataclass(frozen=True, eq=False)
class CnnTagger:
    """Calibrated emotion probabilities from numpy, pyarrow and tokenizers.

    Attributes:
        labels: the 28 GoEmotions labels, in the order of the columns.
        thresholds: float32 (28,), the probability from which a label counts as given; best F1 on dev.
        most_neutral: p(neutral) of the most neutral texts of dev.
        fingerprint: sha256 of the weights file, hexadecimal.
        network: the weights.
        tokenizer: cuts a text into pieces of words.
        calibration: how scores become probabilities.
    """

    quality: ClassVar[str] = "preview (English, Reddit-domain)"
    languages: ClassVar[tuple[str, ...]] = ("en",)

    labels: tuple[str, ...]
    thresholds: Array
    most_neutral: float
    fingerprint: str
    network: Network
    tokenizer: Any
    calibration: Calibration

    @property
    def name(self) -> str:
        """Kind and digest."""
        return f"cnn/{self.fingerprint[:12]}"

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> CnnTagger:
        """Read the weights that are shipped beside this module, or others of the same layout.

        Raises:
            MissingError: there is no such file, or a library is not installed.
            IntegrityError: the file is broken or belongs to another version of this module.
        """
        require("tag", "safetensors", "tokenizers")
        from safetensors import SafetensorError, safe_open
        from tokenizers import Tokenizer

        if not path.is_file():
            raise MissingError("the embedded tagger's weights are not there", where=str(path), fix=_REFIT)
        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads((file.metadata() or {}).get("cnn", "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError) as error:
            raise IntegrityError("the weights cannot be read", where=str(path), fix=_REFIT) from error
        if about.get("version") != VERSION:
            raise IntegrityError(
                "the weights belong to another version of the embedded tagger", where=str(path), fix=_REFIT
            )
        return cls(
            tuple(about["labels"]),
            tensors["thresholds"],
            about["most_neutral"],
            hashlib.sha256(path.read_bytes()).hexdigest(),
            Network.of(tensors),
            Tokenizer.from_str(bytes(tensors["tokenizer"]).decode()),
            Calibration(**{name: tensors[name] for name in CURVE}),
        )

    def predict(self, texts: pa.StringArray) -> Array:
        """Give each text the calibrated probability of each label.

        Returns:
            float32 (len(texts), 28) in [0, 1]; a row of NaN where nothing can be said: a null, an empty text, or one
            of which no piece is known.
        """
        return self.score(texts).probabilities

    def score(self, texts: pa.StringArray) -> Scored:
        """Score texts; see `scored.Tagger`."""
        found, windows = window_scores(self.network, self.tokenizer, texts)
        return over_windows(self.calibration.probability(found), windows.text, len(texts), self.labels)


def window_scores(network: Network, tokenizer: Any, texts: pa.StringArray) -> tuple[Array, Windows]:
    """Scores (windows, labels) of texts; a text of which no piece is known has no window."""
    windows = Windows.of(tokens(tokenizer, texts), WINDOW)
    found = np.empty((len(windows), network.pooled.bias.shape[0]), np.float32)
    for batch in batches(windows, _BLOCK_TOKENS):
        found[batch.which] = network.scores(batch)
    return found, windows


def tidy(texts: pa.StringArray) -> pa.StringArray:
    """Texts as the tokenizer learned them: compatible forms of characters as one, lower case, names as GoEmotions
    writes them (our scrub's [PERSON_1] is its [NAME]); null as empty."""  # noqa: D205, D209
    plain = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(texts, ""), "NFKC"))
    return pc.replace_substring(pc.replace_substring_regex(plain, r"\[person(_\d+)?\]", "[name]"), "’", "'")


def tokens(tokenizer: Any, texts: pa.StringArray) -> pa.ListArray:
    """The pieces of each text as numbers, none for a text of which no piece is known.

    Each distinct word is cut once: half of the words of a batch are among its hundred commonest.
    """
    words = pc.utf8_split_whitespace(tidy(texts))
    coded = words.values.dictionary_encode()
    pieces = [encoding.ids for encoding in tokenizer.encode_batch_fast(coded.dictionary.to_pylist())]
    cut = pa.array(pieces, pa.list_(pa.int32())).take(coded.indices)
    ends = np.concatenate([[0], np.cumsum(cut.value_lengths().to_numpy())])
    bounds = ends[words.offsets.to_numpy()]
    values = cut.flatten()
    known = np.concatenate([[0], np.cumsum(values.to_numpy() != tokenizer.token_to_id(UNKNOWN))])
    nothing = pa.array(known[bounds[1:]] == known[bounds[:-1]])
    found = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), values)
    return pc.if_else(nothing, pa.scalar([], found.type), found) if pc.any(nothing).as_py() else found
