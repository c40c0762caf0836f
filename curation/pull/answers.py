"""Prompts with their answers: two of which one is better, or one with a label."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.adapter import Names, Preference, Unpaired, names
from curation.pull.columns import turns_columns
from curation.pull.joined import coalesced
from curation.pull.reading import turns_at
from curation.pull.refusals import Refusals
from curation.pull.tidying import tidied
from curation.pull.turns import (
    ASSISTANT,
    UNKNOWN,
    USER,
    TurnLists,
    common_prefix,
    concat,
    equal_turns,
)
from curation.pull.values import numbers

GOOD = ("true", "1", "1.0", "yes", "good", "positive", "desirable", "chosen", "thumbs_up")
BAD = ("false", "0", "0.0", "-1", "-1.0", "no", "bad", "negative", "undesirable", "rejected", "thumbs_down")


def preference(batch: pa.RecordBatch, adapter: Preference, refused: Refusals) -> tuple[TurnLists, TurnLists, TurnLists]:
    """Prompt, better and other answer of each row."""
    chosen = _read(batch, adapter, adapter.chosen, "assistant", refused)
    rejected = _read(batch, adapter, adapter.rejected, "assistant", refused)
    common = common_prefix(chosen, rejected)
    refused.add((common == chosen.counts) & (common == rejected.counts), "chosen_equals_rejected")
    # At least one turn of each stays an answer.
    common = np.minimum(common, np.maximum(np.minimum(chosen.counts, rejected.counts) - 1, 0))
    prompt = _prompt(batch, adapter, chosen.only(chosen.places < np.repeat(common, chosen.counts)), refused)
    chosen = chosen.only(chosen.places >= np.repeat(common, chosen.counts))
    rejected = rejected.only(rejected.places >= np.repeat(common, rejected.counts))
    for answer in (chosen, rejected):
        refused.add(answer.any((answer.places == 0) & (answer.roles != ASSISTANT)), "prompt_mismatch")
    if adapter.score_chosen is not None:
        better, other = (numbers(coalesced(batch, names(n))) for n in (adapter.score_chosen, adapter.score_rejected))
        refused.add(np.isnan(better) | np.isnan(other), "no_score")
        refused.add(better == other, "equal_scores")
        refused.add(better < other, "inverted_scores")
    return prompt, chosen, rejected


def unpaired(
    batch: pa.RecordBatch, adapter: Unpaired, refused: Refusals
) -> tuple[TurnLists, TurnLists, pa.BooleanArray]:
    """Prompt, answer and label of each row. The answer is the last turn; what goes before it belongs to the prompt."""
    whole = _read(batch, adapter, adapter.answer, "assistant", refused)
    before = whole.places < np.repeat(whole.counts - 1, whole.counts)
    prompt = _prompt(batch, adapter, whole.only(before), refused)
    spelled = pc.utf8_lower(pc.utf8_trim_whitespace(coalesced(batch, names(adapter.label))))
    own = [{label.strip().lower() for label in labels} for labels in (adapter.good, adapter.bad)]
    good, bad = (
        pc.is_in(spelled, value_set=pa.array(sorted(mine | (set(usual) - other)), pa.string()))
        for usual, mine, other in ((GOOD, own[0], own[1]), (BAD, own[1], own[0]))
    )
    refused.add(spelled.is_null().to_numpy(zero_copy_only=False), "no_label")
    refused.add(~pc.or_(good, bad).to_numpy(zero_copy_only=False), "unknown_label")
    return prompt, whole.only(~before), good


def _read(
    batch: pa.RecordBatch, adapter: Preference | Unpaired, columns: Names, lone: str, refused: Refusals
) -> TurnLists:
    lists = turns_at(batch, turns_columns(columns, adapter, lone), adapter.roles)
    refused.add(lists.broken, "wrong_type")
    refused.add(lists.any(lists.roles == UNKNOWN), "unknown_role")
    lists = lists.cut_after_last(ASSISTANT) if lone == "assistant" else lists
    refused.add(lists.counts == 0, "no_answer" if lone == "assistant" else "no_prompt")
    return tidied(lists, adapter, refused)


def _prompt(batch: pa.RecordBatch, adapter: Preference | Unpaired, shared: TurnLists, refused: Refusals) -> TurnLists:
    prompt = shared
    if adapter.prompt:
        given = _read(batch, adapter, adapter.prompt, "user", refused)
        prompt = _whole_prompt(given, shared, refused)
    refused.add(prompt.counts == 0, "no_prompt")
    refused.add(~prompt.any(prompt.roles == USER), "no_user")
    return prompt


def _whole_prompt(given: TurnLists, shared: TurnLists, refused: Refusals) -> TurnLists:
    """The prompt when it stands in a column of its own and the answers may repeat it."""
    if not shared.counts.any():
        return given
    starts = shared.any((shared.places == 0) & (shared.roles == ASSISTANT))
    fits = shared.counts >= given.counts
    compared = np.repeat(fits, given.counts)
    at_given = np.flatnonzero(compared)
    rows = given.rows[at_given]
    at_shared = shared.starts[rows] + shared.counts[rows] - given.counts[rows] + given.places[at_given]
    same = np.ones(len(compared), bool)
    same[at_given] = equal_turns(given, at_given, shared, at_shared)
    repeated = fits & ~given.any(~same) & (given.counts > 0)
    refused.add((shared.counts > 0) & ~starts & ~repeated, "prompt_mismatch")
    return concat(given.only(~np.repeat(repeated, given.counts)), shared)
