"""Which rows wait for a person: what their source says, what the screen found, and what could not be screened."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curation.core.project import RiskSettings
from curation.core.records import META
from curation.methods.hold import HOLD_AT, RISK, UNREADABLE, look, stated, told, waiting

SETTINGS = RiskSettings()


def found(level, *flags, why=None):
    return {"level": level, "flags": None if why else [*flags], "why": why, "turns": None, "spans": None}


def table(*metas, risks=None):
    rows = [None if m is None else [{"key": k, "value": v} for k, v in m.items()] for m in metas]
    ids = pa.array([f"a:{i:016x}" for i in range(len(metas))], pa.string())
    return pa.table({"id": ids, "meta": pa.array(rows, META), "risk": pa.array(risks or [found(0)] * len(rows), RISK)})


def test_levels_are_read_and_what_cannot_be_read_counts_as_the_highest():
    rows = table(None, {}, {"other": "4"}, {"risk_level": "3"}, {"a": "1", "risk_level": "high"})
    assert stated(rows).tolist() == [0, 0, 0, 3, UNREADABLE]


@pytest.mark.parametrize(
    ("text", "waits"), [("0", False), ("1", False), ("2", True), ("5", True), ("9", True), ("", True)]
)
def test_from_the_second_level_on_a_row_waits(text, waits):
    assert waiting(table({"risk_level": text}), SETTINGS, frozenset()).tolist() == [waits]
    assert HOLD_AT == 2


def test_the_higher_of_what_the_source_says_and_what_is_found_counts():
    rows = table({"risk_level": "4"}, {"risk_level": "1"}, None, risks=[found(2), found(3), found(1)])
    assert look(rows, SETTINGS).level.tolist() == [4, 3, 1]
    assert look(rows, SETTINGS).held.tolist() == [True, True, False]


def test_a_flag_that_the_project_lists_holds_a_row_at_any_level():
    rows = table(None, None, None, risks=[found(1, "substance"), found(1, "minor", "psychosis"), found(1)])
    assert not look(rows, SETTINGS).held.any()
    assert look(rows, RiskSettings(hold_flags=("psychosis", "substance"))).held.tolist() == [True, True, False]
    assert look(rows.slice(1), RiskSettings(hold_flags=("psychosis",))).held.tolist() == [True, False]


def test_what_was_not_screened_waits_unless_the_project_says_otherwise():
    rows = table(None, {"risk_level": "2"}, risks=[found(None, why="language de")] * 2)
    assert look(rows, SETTINGS).held.tolist() == [True, True]
    assert look(rows, RiskSettings(hold_unscreened=False)).held.tolist() == [False, True]
    assert look(rows.drop_columns(["risk"]), SETTINGS).held.tolist() == [True, True], "a stage that did not run"
    nulls = table(None).set_column(2, "risk", pa.nulls(1, RISK))
    assert look(nulls, SETTINGS).held.tolist() == [True]


def test_a_release_lets_one_row_go_and_no_other():
    rows = table({"risk_level": "4"}, {"risk_level": "4"})
    assert waiting(rows, SETTINGS, frozenset([rows["id"][0].as_py()])).tolist() == [False, True]


def test_sliced_and_chunked_tables_and_tables_without_meta():
    rows = table({"risk_level": "4"}, None, {"risk_level": "2"}, {"risk_level": "1"})
    assert stated(rows.slice(1)).tolist() == [0, 2, 1]
    assert stated(pa.concat_tables([rows.slice(2), rows.slice(0, 1)])).tolist() == [2, 1, 4]
    assert stated(rows.select(["id"])).tolist() == [0] * 4
    assert stated(rows.slice(0, 0)).tolist() == []
    assert look(rows.slice(0, 0), SETTINGS).held.tolist() == []


def test_what_is_told_is_level_and_flags():
    assert told(found(3, "self_harm", "minor")) == "risk 3 self_harm, minor"
    assert told(found(0)) == "risk 0"
    assert told(found(None, why="language de")) == "not screened for risk (language de)"
