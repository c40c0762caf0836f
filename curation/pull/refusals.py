"""Why a row becomes no record: the first reason against each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curation.pull.turns import Mask

REASONS = (
    "where",
    "no_dialogue",
    "no_order",
    "repeated_turn",
    "wrong_type",
    "empty_conversation",
    "no_markers",
    "text_outside_markers",
    "unknown_role",
    "no_prompt",
    "no_answer",
    "no_assistant",
    "no_user",
    "empty_content",
    "consecutive_turns",
    "prompt_mismatch",
    "chosen_equals_rejected",
    "no_score",
    "equal_scores",
    "inverted_scores",
    "no_label",
    "unknown_label",
    "too_few_turns",
    "too_many_turns",
)
"""Why a row becomes no record; `docs/adapters.md` says what each means."""


class Refusals:
    """The first reason against each row of a batch."""

    def __init__(self, size: int) -> None:
        """Nothing speaks against any row yet."""
        self.codes = np.full(size, len(REASONS), np.int8)

    def add(self, rows: Mask, reason: str) -> None:
        """Refuse rows, unless something was found against them before."""
        self.codes[rows & self.fine] = REASONS.index(reason)

    @property
    def fine(self) -> Mask:
        """Rows that nothing speaks against."""
        return np.asarray(self.codes == len(REASONS))

    def arrow(self) -> pa.StringArray:
        """The reason against each row, null where there is none."""
        return pa.array([*REASONS, None], pa.string()).take(pa.array(self.codes))
