"""What all conversations go through, whatever shape they came in."""

from __future__ import annotations

import numpy as np

from curation.core.adapter import Common
from curation.pull.refusals import Refusals
from curation.pull.turns import ASSISTANT, SYSTEM, UNKNOWN, USER, TurnLists, concat
from curation.pull.values import blank


def conversation(
    lists: TurnLists, system: TurnLists | None, adapter: Common, refused: Refusals, *, trim: bool
) -> TurnLists:
    """Whole conversations with their system prompts.

    Args:
        lists: the turns as they were read.
        system: turns that go before them.
        adapter: what it says of neighbouring turns.
        refused: takes the rows that are none.
        trim: leave out the turns after the last assistant turn, which nobody answered.
    """
    refused.add(lists.broken, "wrong_type")
    refused.add(lists.counts == 0, "empty_conversation")
    refused.add(lists.any(lists.roles == UNKNOWN), "unknown_role")
    if trim:
        lists = lists.cut_after_last(ASSISTANT)
    refused.add(~lists.any(lists.roles == ASSISTANT), "no_assistant")
    lists = tidied(lists if system is None else concat(system, lists), adapter, refused)
    refused.add(~lists.any(lists.roles == USER), "no_user")
    return lists


def tidied(lists: TurnLists, adapter: Common, refused: Refusals) -> TurnLists:
    """Without empty system turns, neighbours merged; rows with another empty turn are refused."""
    empty = blank(lists.content)
    if empty.any():
        lists = lists.only(~(empty & (lists.roles == SYSTEM)))
        refused.add(lists.any(blank(lists.content)), "empty_content")
    if adapter.merge_consecutive == "reject":
        refused.add(lists.neighbours(), "consecutive_turns")
    return lists.merged()


def limit_turns(lists: TurnLists, more: TurnLists | None, adapter: Common, refused: Refusals) -> None:
    """Refuse conversations that are too short or too long; `more` goes on where `lists` ends."""
    said = lists.counts - np.bincount(lists.rows[lists.roles == SYSTEM], minlength=len(lists.counts))
    if more is not None:
        said = said + more.counts
    if adapter.min_turns is not None:
        refused.add(said < adapter.min_turns, "too_few_turns")
    if adapter.max_turns is not None:
        refused.add(said > adapter.max_turns, "too_many_turns")
