"""The model of the risk screen: what no written pattern foresees, by a linear model over hashed n-grams.

Fitted by `curation.tag.train_risk` on invented texts. It reads n-grams of words, of the classes that words belong to
(`classes.txt`) and of letters, and what the patterns found. It says how much a text is like those that a person
had to see: no diagnosis, and no probability that anything is so.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.core.errors import IntegrityError, MissingError
from curation.tag.features import BITS, Classes, Kind, occurrences
from curation.tag.risk.find import Finding
from curation.tag.risk.rules import FLAGS

WEIGHTS = Path(__file__).with_name("model.npz")
CLASSES = Path(__file__).with_name("classes.txt")
VERSION = 1
"""Version of the features and of the file's layout together; weights of another version are refused."""

HEADS = ("2", "3", "4", "5", *FLAGS)
"""What is scored of a text: is its level at least so high, does it have the flag."""

KINDS: tuple[Kind, ...] = ("bytes", "words", "classes")
"""Grams of each kind are one long together, so that the many of letters do not drown those of words."""

LOWERED = ("question", "assistant", "taught", "fiction", "negated", "bereaved", "past", "past of another")
SIGNALS = (*(f"found {flag}" for flag in FLAGS), "found", "mentioned", *LOWERED)
_SIGNAL_UNIT = 0.15
"""How much a signal counts beside a text's n-grams, which are one long together."""

Floats = npt.NDArray[np.float64]


def signals(found: Sequence[Sequence[Finding]]) -> Floats:
    """What the patterns found in each text, float64 (n, signals)."""
    made = np.zeros((len(found), len(SIGNALS)))
    for row, findings in enumerate(found):
        for one in findings:
            if one.level > 1:
                made[row, FLAGS.index(one.flag)] = made[row, SIGNALS.index("found")] = _SIGNAL_UNIT
            else:
                made[row, SIGNALS.index("mentioned")] = _SIGNAL_UNIT
            if one.lowered in LOWERED:
                made[row, SIGNALS.index(one.lowered)] = _SIGNAL_UNIT
    return made


@functools.cache
def classes() -> Classes:
    """The classes of words, read once a process."""
    lines = [x for x in CLASSES.read_text("utf-8").splitlines() if x and not x.startswith("#")]
    return Classes.of({name: words.split() for name, _, words in (x.partition(": ") for x in lines)})


@dataclass(frozen=True, eq=False)
class RiskModel:
    """Scores from numpy and pyarrow alone. A text's row is the same bytes whatever other texts are in the call.

    Attributes:
        weights: int8 (kinds, 2**BITS, heads), in units of its own for each kind and head.
        idf: uint8 (kinds, 2**BITS), 0 for a bucket that training saw less than twice.
        units: float64 (kinds, heads), what a weight of one is worth.
        signal: float64 (signals, heads), what the patterns' findings are worth.
        bias: float64 (heads,).
        given: float64 (heads,), from which score on a head is given, level 2 aside; best F1 out of fold.
        bars: for each share of dangerous texts, out of fold, the score of level 2 that so many reach.
    """

    weights: npt.NDArray[np.int8]
    idf: npt.NDArray[np.uint8]
    units: Floats
    signal: Floats
    bias: Floats
    given: Floats
    bars: dict[str, float]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> RiskModel:
        """Read the weights that are shipped beside this module, or others of the same layout.

        Raises:
            MissingError: there is no such file.
            IntegrityError: the file is broken or belongs to another version of this module.
        """
        if not path.is_file():
            raise MissingError("the weights of the risk screen are not there", where=str(path), fix=_REFIT)
        try:
            with np.load(path, allow_pickle=False) as file:
                tensors = {name: file[name] for name in file.files}
            about = json.loads(bytes(tensors.pop("about")))
            made = cls(bars=about["bars"], **tensors)
        except Exception as error:
            raise IntegrityError(
                "the weights of the risk screen cannot be read", where=str(path), fix=_REFIT
            ) from error
        shapes = (made.weights.shape, made.idf.shape, made.units.shape, made.signal.shape)
        kinds, heads, size = len(KINDS), len(HEADS), 1 << BITS
        wanted = ((kinds, size, heads), (kinds, size), (kinds, heads), (len(SIGNALS), heads))
        if about["version"] != VERSION or about["signals"] != list(SIGNALS) or shapes != wanted:
            raise IntegrityError(
                "the weights belong to another version of the risk screen", where=str(path), fix=_REFIT
            )
        return made

    def save(self, path: Path, about: dict[str, object]) -> None:
        """Write the weights; equal weights are equal bytes."""
        told = {**about, "version": VERSION, "signals": list(SIGNALS), "bars": self.bars}
        tensors = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "bars"}
        text = np.frombuffer(json.dumps(told, sort_keys=True).encode(), np.uint8)
        np.savez_compressed(path, about=text, **tensors)

    def score(
        self, texts: pa.StringArray, signal: Floats, heads: int = len(HEADS), kinds: Sequence[Kind] = KINDS
    ) -> Floats:
        """Score texts.

        Args:
            texts: n texts of a few sentences; longer ones are read in pieces by whoever asks.
            signal: what the patterns found in each, see `signals`.
            heads: for the first so many heads; few are faster.
            kinds: by the grams of these kinds; by all for a score that may be held against a bar.

        Returns:
            float64 (n, heads); of a text of which nothing is known, what is to be expected of any.
        """
        # Summed elementwise: a matrix product's last digits depend on how many rows it has.
        made = self.bias[:heads] + (signal[:, :, None] * self.signal[:, :heads]).sum(axis=1)
        for kind in kinds:
            number = KINDS.index(kind)
            weights, idf, size = self._columns[number], self._wide[number], len(texts)
            sums, squares = np.zeros((heads, size)), np.zeros(size)
            for row, bucket in occurrences(texts, kind, classes()):
                value = idf.take(bucket)
                squares += np.bincount(row, value * value, size)
                for head in range(heads):
                    sums[head] += np.bincount(row, value * weights[head].take(bucket), size)
            # Whole numbers up to here: whatever the order, their sums are the same.
            made += (sums / np.sqrt(np.maximum(squares, 1))).T * self.units[number, :heads]
        return made

    @functools.cached_property
    def _columns(self) -> Floats:
        return np.ascontiguousarray(self.weights.transpose(0, 2, 1), np.float64)

    @functools.cached_property
    def _wide(self) -> Floats:
        return self.idf.astype(np.float64)


_REFIT = "reinstall the package, or fit anew: python -m curation.tag.train_risk --help"


@functools.cache
def fingerprint() -> str:
    """The digest of the shipped weights and classes."""
    if not WEIGHTS.is_file():
        raise MissingError("the weights of the risk screen are not there", where=str(WEIGHTS), fix=_REFIT)
    return hashlib.sha256(WEIGHTS.read_bytes() + CLASSES.read_bytes()).hexdigest()


@functools.cache
def shipped() -> RiskModel:
    """The shipped model, loaded once a process."""
    return RiskModel.load()
