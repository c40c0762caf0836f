"""The groups that 28 emotions fall into: Ekman's seven, valence and intensity, from probabilities."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import numpy.typing as npt

from curation.core import taxonomies

EMOTIONS = "goemotions28"
"""The taxonomy whose labels, in its order, are the columns of every tagger."""

Floats = npt.NDArray[np.float32]


@functools.cache
def labels() -> tuple[str, ...]:
    """The 28 labels."""
    return taxonomies.load(EMOTIONS).ids


@functools.cache
def ekman_labels() -> tuple[str, ...]:
    """Ekman's six emotions, and neutral."""
    return taxonomies.load("ekman7").ids


def _members(group: str) -> list[int]:
    chosen = taxonomies.families(EMOTIONS)[group]
    return [place for place, label in enumerate(labels()) if label in chosen]


def ekman(probabilities: Floats) -> Floats:
    """The largest probability in each of Ekman's groups, float32 (n, 7); NaN where the model has no label of it."""
    columns = [probabilities[:, _members(f"ekman7.{label}")] for label in ekman_labels()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row of NaN alone, whose largest is NaN as it should be
        return np.stack([np.nanmax(column, axis=1) for column in columns], axis=1)


def valence(probabilities: Floats) -> Floats:
    """(positive - negative) / (positive + negative + neutral) of summed probabilities, float32 (n,) in [-1, 1].

    The groups are those of GoEmotions; its ambiguous emotions (surprise, confusion) count on no side.
    """
    # One label after the other: numpy's own sum over columns rounds by how many rows there are.
    good, bad = (
        sum(np.nan_to_num(probabilities[:, place]) for place in _members(f"sentiment3.{side}")) for side in _SIDES
    )
    neutral = np.nan_to_num(probabilities[:, labels().index("neutral")])
    whole = good + bad + neutral
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(np.isnan(probabilities).all(axis=1), np.nan, (good - bad) / whole).astype(np.float32)
    return found


_SIDES = ("positive", "negative")


def intensity(probabilities: Floats, most_neutral: float) -> Floats:
    """How far a turn is from neutral, float32 (n,) in [0, 1]: 1 - p(neutral), stretched over the range p(neutral) has.

    A proxy: it says how sure the model is that an emotion shows, not how strong that emotion is.

    Args:
        probabilities: float32 (n, 28).
        most_neutral: the p(neutral) of the most neutral texts, at which intensity is 0.
    """
    neutral = probabilities[:, labels().index("neutral")]
    found: Floats = np.clip(1 - neutral / np.float32(most_neutral), 0, 1).astype(np.float32)
    return found
